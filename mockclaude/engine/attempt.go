package engine

import (
	"context"
	"slices"
	"time"

	"hookdrill/mockclaude"
)

// attempt makes the requests of one move.
func (e *Engine) attempt(ctx context.Context, it *item, m Move, t Transport, begun uint64) {
	defer e.attempts.Done()
	free := e.slot(it.endpoint, begun)
	defer free()
	e.pin(&m)
	about := Attempt{Delivery: it.id, Endpoint: it.endpoint.id, EventID: it.eventID, Type: it.typ, Number: m.Attempt, Fault: m.Fault}
	for _, x := range m.Before {
		e.extra(ctx, about, x.Wait, x.request(m), t)
	}
	switch {
	case m.Together:
		ds := []mockclaude.Delivery{m.Request}
		for _, x := range m.After {
			ds = append(ds, x.request(m))
		}
		all := t.Together(ctx, ds)
		about.Exchange = all[0]
		e.settle(it, m, about)
		for _, x := range all[1:] {
			about.Exchange = x
			e.beside(ctx, about)
		}
		return
	case m.GiveUp > 0:
		e.zombie(ctx, it, m, about, t, free)
	default:
		about.Exchange = t.Send(ctx, m.Request)
		e.settle(it, m, about)
	}
	about.Exchange = mockclaude.Exchange{}
	for _, x := range m.After {
		e.extra(ctx, about, x.Wait, x.request(m), t)
	}
}

// pin fixes the moment of an attempt of which a copy is to be made.
func (e *Engine) pin(m *Move) {
	if !m.Request.Stamp.At.IsZero() {
		return
	}
	for _, x := range slices.Concat(m.Before, m.After) {
		if x.Copy {
			m.Request.Stamp.At = e.cfg.Clock.Now()
			return
		}
	}
}

func (x Extra) request(m Move) mockclaude.Delivery {
	if x.Copy {
		return m.Request
	}
	return x.Request
}

// extra makes a request beside the attempt.
func (e *Engine) extra(ctx context.Context, about Attempt, wait time.Duration, d mockclaude.Delivery, t Transport) {
	if wait > 0 {
		timer := time.NewTimer(e.cfg.Clock.Lasts(wait))
		defer timer.Stop()
		select {
		case <-ctx.Done():
			return
		case <-timer.C:
		}
	}
	about.Exchange = t.Send(ctx, d)
	e.beside(ctx, about)
}

// beside records a request beside the attempt.
func (e *Engine) beside(ctx context.Context, a Attempt) {
	if interrupted(ctx, a.Exchange) {
		return
	}
	a.Extra = true
	a.OK, a.Why = judge(a.Exchange)
	e.mu.Lock()
	defer e.mu.Unlock()
	e.counters.Stats.Extra++
	e.remember(a)
}

// zombie makes a request that the engine gives up on, and takes for failed, while
// it goes on.
func (e *Engine) zombie(ctx context.Context, it *item, m Move, about Attempt, t Transport, free func()) {
	done := make(chan mockclaude.Exchange, 1)
	start := e.cfg.Clock.Now()
	go func() { done <- t.Send(ctx, m.Request) }()
	timer := time.NewTimer(m.GiveUp)
	defer timer.Stop()
	select {
	case about.Exchange = <-done:
		e.settle(it, m, about)
		return
	case <-timer.C:
	}
	given := about
	given.Exchange = mockclaude.Exchange{
		EventID: it.eventID, Start: start, Duration: m.GiveUp,
		Err: mockclaude.ErrTimeout, ErrText: "given up on, on purpose, while the request goes on",
	}
	e.settle(it, m, given)
	free()
	about.Exchange = <-done
	if interrupted(ctx, about.Exchange) {
		return
	}
	about.Late = true
	about.OK, about.Why = judge(about.Exchange)
	e.mu.Lock()
	defer e.mu.Unlock()
	e.remember(about)
}

// slot returns what frees, once, the place that an attempt takes at its
// endpoint.
func (e *Engine) slot(ep *endpoint, begun uint64) func() {
	freed := false
	return func() {
		e.mu.Lock()
		defer e.mu.Unlock()
		if freed {
			return
		}
		freed = true
		ep.inFlight--
		e.inFlight--
		e.overtake(ep, begun, e.cfg.Clock.Now())
		e.arrange(ep)
		e.rouse()
	}
}

// interrupted is true for a request that our own end cut off.
func interrupted(ctx context.Context, x mockclaude.Exchange) bool {
	return x.Err == mockclaude.ErrCanceled && ctx.Err() != nil
}
