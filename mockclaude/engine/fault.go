package engine

import (
	"math/rand/v2"
	"time"

	"hookdrill/mockclaude"
)

// Injector is asked, before each attempt, what shall go wrong with it.
type Injector interface {
	// Next may change the move. It is called by one goroutine at a time, in the
	// order in which attempts fall due. rng depends on the engine's seed, the
	// delivery and the attempt alone.
	Next(m *Move, rng *rand.Rand)
}

// Move is what the engine is about to do for a delivery that is due. The zero
// changes make one ordinary attempt.
type Move struct {
	// What it is about; not to be changed.
	Delivery uint64
	Endpoint string
	EventID  string
	Type     string
	// Attempt counts the delivery's attempts from 1: the number of this one.
	Attempt int
	// Faulty counts the attempts of this delivery that a fault has shaped.
	Faulty int

	// Fault is the name of the fault that changed the move.
	Fault string
	// Request is the request of the attempt.
	Request mockclaude.Delivery
	// Before and After are requests beside the attempt: made, one after the
	// other, before it and after it.
	Before, After []Extra
	// Together makes the attempt and the requests of After at the same moment, each on a
	// connection of its own.
	Together bool
	// Lose makes the answer count as lost, whatever it was.
	Lose bool
	// GiveUp, when it is not 0, is when the engine stops waiting for the attempt, and takes
	// it for failed, while the request goes on. It is not scaled by the speed.
	GiveUp time.Duration
	// Postpone, when it is not 0, makes no attempt now but that long later, before any
	// speed. The fault is done with then: Next is not asked again for this attempt.
	Postpone time.Duration
	// Behind, when it is not 0, makes no attempt now but when that many attempts of the
	// endpoint that were begun later have ended, or after Postpone at the latest.
	Behind int
	// Gather, when it is not 0, holds the delivery until that many deliveries of the
	// endpoint are held, or Postpone has passed, and then begins all at once,
	// without regard to the concurrency.
	Gather int
}

// Extra is a request beside an attempt.
type Extra struct {
	// Wait is a pause before it, before any speed.
	Wait time.Duration
	// Copy makes the request byte for byte that of the attempt; otherwise
	// Request is made, stamped and signed when it is sent.
	Copy    bool
	Request mockclaude.Delivery
}
