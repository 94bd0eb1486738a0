package loadtest

import (
	"context"
	"math/rand/v2"
	"sync/atomic"
	"time"

	vegeta "github.com/tsenart/vegeta/v12/lib"
)

const (
	// coarse is how much of a wait is left to the precise pause: the runtime's timers
	// may be a millisecond late.
	coarse = 2 * time.Millisecond
	// deaf bounds how long a pacer waits without looking whether to stop.
	deaf = 50 * time.Millisecond
)

// pacer is a vegeta pacer that keeps to the moments of a phase, and remembers them:
// what is due when is what latencies count from.
type pacer struct {
	ctx   context.Context //nolint:containedctx // vegeta passes none to a pacer
	phase Phase
	// length is the duration of the phase, limit how many events it may have.
	length time.Duration
	limit  uint64
	next   func() time.Duration
	began  time.Time

	// asked counts the events that the pacer came to.
	asked atomic.Uint64
	// dues is a ring of the moments of the last events, and whether they were held.
	dues []atomic.Int64
	// pulse says for how long the generator got no processor, losses is a ring of what it had said
	// when the pacer was last on time before an event was due.
	pulse  *pulse
	losses []atomic.Int64
	calm   time.Duration
	// busy counts the requests under way, most is how many may be.
	busy atomic.Int64
	most int64
	// held is true since all workers were busy, until the pacer is on time again.
	held bool
	// precise pauses for less than coarse.
	precise func(time.Duration)
}

var _ vegeta.Pacer = (*pacer)(nil)

// heldBit marks, in a moment in the ring, an event that waited for a worker.
const heldBit = 1

func newPacer(ctx context.Context, p Phase, rng *rand.Rand, most int) *pacer {
	size := 1
	for size < 4*most+64 {
		size *= 2
	}
	return &pacer{ctx: ctx, phase: p, length: p.Duration(), limit: capacity(p), next: p.dues(rng), dues: make([]atomic.Int64, size), losses: make([]atomic.Int64, size), pulse: &pulse{next: time.Now()}, most: int64(most), precise: pause}
}

// Pace implements [vegeta.Pacer]: it returns when the next event is due.
func (p *pacer) Pace(elapsed time.Duration, hits uint64) (wait time.Duration, stop bool) {
	if hits == 0 {
		p.began = time.Now().Add(-elapsed)
	}
	due := p.next()
	if due >= p.length || hits >= p.limit {
		return 0, true
	}
	p.asked.Add(1)
	if now := time.Now(); now.Sub(p.began) <= due {
		p.held, p.calm = false, p.pulse.lost(now)
	}
	if !p.wait(due) {
		return 0, true
	}
	if p.busy.Load() >= p.most {
		p.held = true
	}
	mark := int64(due) &^ heldBit
	if p.held {
		mark |= heldBit
	}
	p.losses[hits%uint64(len(p.losses))].Store(int64(p.calm))
	p.dues[hits%uint64(len(p.dues))].Store(mark)
	return 0, false
}

// wait waits until a moment; it returns false when the phase is to stop.
func (p *pacer) wait(due time.Duration) bool {
	for {
		left := due - time.Since(p.began)
		switch {
		case p.ctx.Err() != nil:
			return false
		case left <= 0:
			return true
		case left <= coarse:
			p.precise(left)
		default:
			timer := time.NewTimer(min(deaf, left-coarse))
			select {
			case <-timer.C:
			case <-p.ctx.Done():
				timer.Stop()
			}
		}
	}
}

// Rate implements [vegeta.Pacer].
func (p *pacer) Rate(elapsed time.Duration) float64 { return p.phase.rate(elapsed) }

// due is when the request with a sequence number was due, and whether it waited
// because all workers were busy.
func (p *pacer) due(seq uint64) (at time.Time, held bool) {
	mark := p.dues[seq%uint64(len(p.dues))].Load()
	return p.began.Add(time.Duration(mark)), mark&heldBit != 0
}

// lost is how much of the time until a moment the generator got no processor, since the pacer was
// last on time before the request with a sequence number. Whatever was late since then may be late for that.
func (p *pacer) lost(seq uint64, until time.Time) time.Duration {
	return max(0, p.pulse.lost(until)-time.Duration(p.losses[seq%uint64(len(p.losses))].Load()))
}
