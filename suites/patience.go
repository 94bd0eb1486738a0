package suites

import (
	"context"
	"net/http"
	"strconv"
	"time"

	"hookdrill/internal/plan"
	"hookdrill/mockclaude"
)

// patience is how long to wait before each further try of a delivery that was turned
// away for the moment: a small part of what a sender's own schedule allows.
func patience() []time.Duration {
	return []time.Duration{300 * time.Millisecond, 700 * time.Millisecond, 1500 * time.Millisecond}
}

// longestHeed bounds how much of a Retry-After is heeded.
const longestHeed = 2 * time.Second

// later reports whether an answer turns a delivery away for the moment, so that it says
// nothing about it yet: a rate limiter spoke, which looks at nothing else; or, to a
// valid event, a full house or a copy of it that is still at work.
func later(d plan.Delivery, e mockclaude.Exchange) bool {
	switch e.Status {
	case http.StatusTooManyRequests:
		return expectsAnswer(d)
	case http.StatusServiceUnavailable, http.StatusConflict, http.StatusLocked, http.StatusTooEarly:
		return valid(d)
	}
	return false
}

// heed is how long to wait before the next try: what the target asked for, within a
// bound, and pause where it asked for less.
func heed(e mockclaude.Exchange, pause time.Duration) time.Duration {
	seconds, err := strconv.Atoi(e.RetryAfter)
	if err != nil || seconds < 0 {
		return pause
	}
	return max(pause, min(time.Duration(seconds)*time.Second, longestHeed))
}

// patient makes a delivery by send, and again while it is turned away for the moment.
// Every try is recorded; the last one counts.
func (t *trial) patient(ctx context.Context, at int, d plan.Delivery, send func() mockclaude.Exchange) mockclaude.Exchange {
	e := send()
	t.record(at, d, e, false)
	return t.insist(ctx, at, d, e, send)
}

// insist makes further tries of a delivery that was turned away for the moment.
func (t *trial) insist(ctx context.Context, at int, d plan.Delivery, e mockclaude.Exchange, send func() mockclaude.Exchange) mockclaude.Exchange {
	for _, pause := range patience() {
		if !later(d, e) || t.run.Dead != "" || !wait(ctx, heed(e, pause)) {
			break
		}
		e = send()
		t.record(at, d, e, true)
	}
	return e
}
