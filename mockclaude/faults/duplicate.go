package faults

import (
	"math/rand/v2"
	"time"

	"hookdrill/mockclaude/engine"
)

// duplicate sends the event again, with the same id.
type duplicate struct {
	copies              int
	gap                 time.Duration
	identical, together bool
}

func newDuplicate(o *options) Fault {
	return duplicate{
		o.integer("copies", 1, 1, 100, "how often the event is sent again"),
		o.duration("gap", 0, 0, time.Hour, "wait before each copy"),
		o.boolean("identical", false, "the copies have the attempt's bytes, instead of being stamped and signed anew"),
		o.boolean("together", false, "the attempt and its copies come at the same moment, over as many connections"),
	}
}

// Change implements [Fault].
func (f duplicate) Change(m *engine.Move, _ *rand.Rand) {
	m.Together = f.together
	for range f.copies {
		m.After = append(m.After, engine.Extra{Wait: f.gap, Copy: f.identical, Request: m.Request})
	}
}
