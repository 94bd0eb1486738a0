package faults

import (
	"math/rand/v2"
	"time"

	"hookdrill/mockclaude/engine"
)

// replay sends the attempt's bytes again.
type replay struct {
	after  time.Duration
	copies int
}

func newReplay(o *options) Fault {
	return replay{
		o.duration("after", 0, 0, 24*time.Hour, "wait before each replay"),
		o.integer("copies", 1, 1, 100, "how often the bytes come again"),
	}
}

// Change implements [Fault].
func (f replay) Change(m *engine.Move, _ *rand.Rand) {
	for range f.copies {
		m.After = append(m.After, engine.Extra{Wait: f.after, Copy: true})
	}
}

// stale sends a request with an old timestamp before the attempt.
type stale struct{ age time.Duration }

func newStale(o *options) Fault {
	return stale{o.duration("age", 10*time.Minute, time.Second, 87600*time.Hour, "how old the timestamp is")}
}

// Change implements [Fault].
func (f stale) Change(m *engine.Move, _ *rand.Rand) {
	old := m.Request
	old.Stamp.Offset = -f.age
	m.Before = append(m.Before, engine.Extra{Request: old})
}
