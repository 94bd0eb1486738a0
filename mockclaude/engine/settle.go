package engine

import (
	"container/heap"
	"fmt"
	"net/http"
	"strconv"
	"strings"
	"time"

	"hookdrill/mockclaude"
)

// judge says whether an exchange delivers its event: a 2xx does. An answer that
// is longer than what is read of it is an answer all the same.
func judge(x mockclaude.Exchange) (ok bool, why string) {
	switch {
	case x.Err != "" && x.Err != mockclaude.ErrTooLarge:
		return false, strings.TrimSuffix(string(x.Err)+": "+x.ErrText, ": ")
	case x.Status < 200 || x.Status > 299:
		return false, fmt.Sprintf("answered with %d", x.Status)
	default:
		return true, ""
	}
}

// settle decides what an attempt means for its delivery.
func (e *Engine) settle(it *item, m Move, a Attempt) {
	e.mu.Lock()
	defer e.mu.Unlock()
	ep := it.endpoint
	if a.Err == mockclaude.ErrCanceled && !ep.deleted {
		e.undo(it, m)
		return
	}
	a.OK, a.Why = judge(a.Exchange)
	if m.Lose {
		a.OK, a.Why = false, "the answer was dropped on purpose"
	}
	it.status, it.err = uint16(max(0, min(a.Status, 999))), a.Err
	switch {
	case a.OK:
		ep.failures = 0
		e.finish(it, delivered)
	case ep.deleted:
		e.finish(it, canceled)
	case int(it.attempts) > len(e.cfg.Contract.Retries.Waits):
		ep.failures++
		e.finish(it, abandoned)
	default:
		e.retry(it, &a)
	}
	if !a.OK {
		e.counters.Stats.Failed++
		e.disable(ep, a.Status)
	}
	e.remember(a)
}

// undo makes as if an attempt that was cut off, by us, had not begun.
func (e *Engine) undo(it *item, m Move) {
	it.attempts--
	e.counters.Stats.Attempts--
	if m.Fault != "" {
		it.faulty--
		e.counters.Stats.Faults[m.Fault]--
	}
	it.state = pending
	heap.Push(&it.endpoint.queue, it)
	e.arrange(it.endpoint)
	e.rouse()
}

// retry schedules the next attempt.
func (e *Engine) retry(it *item, a *Attempt) {
	wait := e.backoff(it)
	if more := retryAfter(a.Exchange, time.Duration(e.cfg.Contract.Retries.RetryAfter)); more > wait {
		wait = more
	}
	a.NextWait = wait.Seconds()
	it.due = e.cfg.Clock.Now().Add(e.cfg.Clock.Lasts(wait)).UnixNano()
	it.state = pending
	heap.Push(&it.endpoint.queue, it)
	e.arrange(it.endpoint)
	e.touch(it)
	e.rouse()
}

// backoff is the wait after an attempt: the contract's, give or take its
// jitter.
func (e *Engine) backoff(it *item) time.Duration {
	r := e.cfg.Contract.Retries
	wait := float64(r.Waits[it.attempts-1])
	part := 2*e.rng("jitter", it.id<<8|uint64(it.attempts)).Float64() - 1
	return time.Duration(wait * (1 + r.Jitter*part))
}

// retryAfter is how long an answer asks to wait, up to the longest that is
// heeded; 0 when it asks for nothing that can be understood.
func retryAfter(x mockclaude.Exchange, longest time.Duration) time.Duration {
	if longest <= 0 || x.RetryAfter == "" || x.Status != http.StatusTooManyRequests && x.Status != http.StatusServiceUnavailable {
		return 0
	}
	text := strings.TrimSpace(x.RetryAfter)
	if strings.Trim(text, "0123456789") == "" {
		seconds, err := strconv.ParseUint(text, 10, 64)
		if err != nil || seconds > uint64(longest/time.Second) {
			return longest // more digits than a number holds are many seconds
		}
		return time.Duration(seconds) * time.Second //nolint:gosec // at most longest
	}
	at, err := http.ParseTime(text)
	if err != nil {
		return 0
	}
	return max(0, min(at.Sub(x.Start.Add(x.Duration)), longest))
}

// disable stops sending to an endpoint where the contract says so.
func (e *Engine) disable(ep *endpoint, status int) {
	d := e.cfg.Contract.Disable
	why := ""
	switch {
	case ep.deleted || ep.disabled != "":
		return
	case d.Redirect && status >= 300 && status <= 399:
		why = fmt.Sprintf("it answered with the redirect %d", status)
	case d.Gone && status == http.StatusGone:
		why = "it answered with 410 Gone"
	case d.Abandoned > 0 && ep.failures >= d.Abandoned:
		why = fmt.Sprintf("%d deliveries in a row were abandoned", ep.failures)
	default:
		return
	}
	ep.disabled = why
	e.arrange(ep)
	e.changed(ep)
	e.cfg.Logger.Warn("endpoint disabled", "endpoint", ep.id, "why", why)
}

// finish ends a delivery.
func (e *Engine) finish(it *item, as stateCode) {
	it.state, it.finished = as, e.cfg.Clock.Now().UnixNano()
	e.pending--
	switch s := &e.counters.Stats; as {
	case delivered:
		s.Delivered++
	case abandoned:
		s.Abandoned++
	case canceled:
		s.Canceled++
	case pending, inFlight:
	}
	e.touch(it)
	e.keep(it)
}
