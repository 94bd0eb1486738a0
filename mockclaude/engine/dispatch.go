package engine

import (
	"container/heap"
	"context"
	"slices"
	"time"

	"hookdrill/mockclaude"
)

const (
	// atOnce is how many attempts are begun before others get the lock.
	atOnce = 64
	// idle is how long the dispatcher sleeps when nothing is due; whatever
	// changes that wakes it.
	idle = time.Hour
)

// dispatch begins attempts when they are due, until ctx ends. The attempts
// themselves go on until sending ends.
func (e *Engine) dispatch(ctx, sending context.Context) {
	timer := time.NewTimer(0)
	defer timer.Stop()
	for ctx.Err() == nil {
		timer.Reset(e.begin(sending))
		select {
		case <-ctx.Done():
		case <-e.wake:
		case <-timer.C:
		}
	}
}

// begin begins what is due and returns how long it is until more is.
func (e *Engine) begin(sending context.Context) time.Duration {
	e.mu.Lock()
	defer e.mu.Unlock()
	for range atOnce {
		if e.paused || len(e.due) == 0 || e.unsaved.heavy() {
			return idle
		}
		ep := e.due[0]
		it := ep.queue[0]
		now := e.cfg.Clock.Now()
		if wait := it.due - now.UnixNano(); wait > 0 {
			return time.Duration(wait)
		}
		heap.Pop(&ep.queue)
		e.start(sending, it, now)
		e.arrange(ep)
	}
	return 0
}

// start begins an attempt, unless a fault holds the delivery back.
func (e *Engine) start(sending context.Context, it *item, now time.Time) {
	ep := it.endpoint
	m := Move{
		Delivery: it.id, Endpoint: ep.id, EventID: it.eventID, Type: it.typ, Attempt: int(it.attempts) + 1, Faulty: int(it.faulty),
		Request: mockclaude.Delivery{EventID: it.eventID, Type: it.typ, TaskID: it.taskID, Body: it.body},
	}
	if it.sent == 0 {
		it.sent = now.UnixNano()
	}
	if e.cfg.Contract.Retries.Resend == resendIdentical {
		m.Request.Stamp.At = moment(it.sent)
	}
	if h := ep.held[it]; h != nil {
		e.unhold(it, now)
		m.Fault = h.fault
	} else if e.cfg.Faults != nil {
		e.cfg.Faults.Next(&m, e.rng("fault", it.id<<8|uint64(it.attempts)))
		if m.Postpone > 0 || m.Behind > 0 || m.Gather > 0 {
			e.hold(it, m, now)
			return
		}
	}
	if m.Fault != "" {
		it.faulty++
		e.counters.Stats.Faults[m.Fault]++
	}
	it.rush = false
	it.state = inFlight
	it.attempts++
	ep.inFlight++
	ep.begun++
	e.inFlight++
	e.counters.Stats.Attempts++
	if len(e.watchers) > 0 {
		d := it.view(false)
		e.tell(Update{Delivery: &d})
	}
	e.attempts.Add(1)
	go e.attempt(sending, it, m, ep.transport, ep.begun)
}

// hold puts a delivery back, for the time or the company that a fault asks for.
func (e *Engine) hold(it *item, m Move, now time.Time) {
	ep := it.endpoint
	it.due = now.Add(e.cfg.Clock.Lasts(m.Postpone)).UnixNano()
	ep.held[it] = &hold{fault: m.Fault, left: m.Behind, since: ep.begun}
	heap.Push(&ep.queue, it)
	switch {
	case m.Gather > 0:
		ep.gathered = append(ep.gathered, it)
		if len(ep.gathered) >= m.Gather {
			e.release(ep, now)
		}
	case m.Behind > 0:
		ep.behind = append(ep.behind, it)
	}
	e.touch(it)
}

// unhold is called when a delivery that was held is begun. One of those that
// were gathered takes the others along.
func (e *Engine) unhold(it *item, now time.Time) {
	ep := it.endpoint
	delete(ep.held, it)
	ep.behind = slices.DeleteFunc(ep.behind, func(o *item) bool { return o == it })
	if i := slices.Index(ep.gathered, it); i >= 0 {
		ep.gathered = slices.Delete(ep.gathered, i, i+1)
		e.release(ep, now)
	}
}

// release makes everything that an endpoint has gathered due at once.
func (e *Engine) release(ep *endpoint, now time.Time) {
	for _, it := range ep.gathered {
		it.rush, it.due = true, now.UnixNano()
		heap.Fix(&ep.queue, int(it.at))
	}
	ep.gathered = nil
}

// overtake counts an attempt that has ended for those that wait behind others.
func (e *Engine) overtake(ep *endpoint, begun uint64, now time.Time) {
	ep.behind = slices.DeleteFunc(ep.behind, func(it *item) bool {
		h := ep.held[it]
		if begun > h.since {
			h.left--
		}
		if h.left > 0 {
			return false
		}
		it.due = now.UnixNano()
		heap.Fix(&ep.queue, int(it.at))
		return true
	})
}
