package faults

import (
	"math/rand/v2"
	"time"

	"hookdrill/mockclaude/engine"
)

// reorder lets later deliveries overtake.
type reorder struct {
	behind int
	most   time.Duration
}

func newReorder(o *options) Fault {
	return reorder{
		o.integer("behind", 1, 1, 1000, "how many later attempts to the endpoint must have ended first"),
		o.duration("at_most", 10*time.Second, time.Millisecond, time.Hour, "longest wait for them"),
	}
}

// Change implements [Fault].
func (f reorder) Change(m *engine.Move, _ *rand.Rand) { m.Behind, m.Postpone = f.behind, f.most }

// delay puts the attempt off.
type delay struct{ by time.Duration }

func newDelay(o *options) Fault {
	return delay{o.duration("by", 5*time.Second, time.Millisecond, 24*time.Hour, "how much later the attempt comes")}
}

// Change implements [Fault].
func (f delay) Change(m *engine.Move, _ *rand.Rand) { m.Postpone = f.by }

// burst gathers deliveries.
type burst struct {
	of   int
	most time.Duration
}

func newBurst(o *options) Fault {
	return burst{
		o.integer("of", 10, 2, 256, "how many deliveries come at once, whatever the concurrency"),
		o.duration("at_most", 5*time.Second, time.Millisecond, time.Hour, "longest wait for that many"),
	}
}

// Change implements [Fault].
func (f burst) Change(m *engine.Move, _ *rand.Rand) { m.Gather, m.Postpone = f.of, f.most }
