package drill

import (
	"slices"
	"time"
)

// pace is how fast the receiver was on this machine before a fault: what counts as quick, and how
// long a receiver needs for what piled up, are measured by it. A receiver that shares its processor
// with others is as slow before as after.
type pace struct {
	// quick is the longest that an answer may take to be a quick one.
	quick time.Duration
	// each is how long one of several events that come at once takes.
	each time.Duration
}

const (
	// times is by how much an answer after the fault may be slower than before, and the work on
	// what piled up, before the fault is to blame.
	times = 3
	// longest bounds the wait for a receiver to be quick again.
	longest = time.Minute
)

// paceOf reckons a pace from how long answers to lone events took, and waves of so many events. limit
// is what the contract calls quick.
func paceOf(limit time.Duration, lone, waves []time.Duration, size int) pace {
	p := pace{quick: limit}
	if len(lone) > 0 {
		p.quick = max(limit, times*slices.Sorted(slices.Values(lone))[len(lone)/2])
	}
	if len(waves) > 0 {
		p.each = slices.Max(waves) / time.Duration(size)
	}
	return p
}

// allows is how long the receiver may take to be quick again, with so many requests that the
// sender gave up and that may still lie before it.
func (p pace) allows(left int) time.Duration {
	return min(max(normal, times*time.Duration(left)*p.each), longest)
}
