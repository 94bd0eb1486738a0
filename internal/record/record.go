// Package record holds what a run saw: the exchanges of every case, and what
// observers said about effects. It must not judge any of it.
package record

import (
	"time"

	"hookdrill/mockclaude"
)

// Run is everything that a run saw.
type Run struct {
	Started  time.Time
	Duration time.Duration
	// Cases are keyed by the id of the planned case.
	Cases map[string]*Case
	// Effects is nil when nobody observed.
	Effects *Effects
	// Server is the target's Server header.
	Server string
	// Skew is how far the target's clock is ahead of ours, by its Date header.
	Skew time.Duration
	// Dead names the case during which the target stopped answering for good.
	Dead string
	// Interrupted is true when the run was stopped before its end.
	Interrupted bool
}

// Case is what was seen of one planned case.
type Case struct {
	ID       string
	Started  time.Time
	Duration time.Duration
	// Attempts are in order of sending.
	Attempts []Attempt
	// Skipped says why the case was not carried out, "" when it was.
	Skipped string
	// Panic is the text of a panic in the suite.
	Panic string
	// Decided is set by suites that look at something other than exchanges:
	// the status, and the sentences of the case.
	Decided *Decision
}

// Attempt is one exchange and the planned delivery it belongs to.
type Attempt struct {
	// Delivery is the index of the planned delivery within the case.
	Delivery int
	// Again is true for a second try of the same delivery, made to tell noise
	// from a defect; the last try counts.
	Again bool
	mockclaude.Exchange
}

// Decision is the outcome of a case that is no exchange of requests. Status is
// one of pass, fail, not_observed, not_applicable and not_exercised.
type Decision struct {
	Status   string
	Expected string
	Actual   string
	Why      string
}

// Effects is what observers said, after it stood still.
type Effects struct {
	// Counts and States are by event id; an absent id had no effect.
	Counts map[string]int
	States map[string]string
	// Trusted is false when an observer contradicted itself or another one.
	Trusted bool
	Why     string
	// Settled is false when effects still moved at the bound.
	Settled bool
	Waited  time.Duration
	// HasStates is true when some observer reports states.
	HasStates bool
	// Uncounted is true when no observer counts effects: Counts says nothing then.
	Uncounted bool
	// Begun says of the events that a partial observer sees whether the receiver was
	// seen at work on them; about an absent id nothing is known.
	Begun map[string]bool
}
