package engine

import (
	"fmt"
	"maps"
	"slices"
	"time"
)

const (
	usualLimit = 100
	mostLimit  = 1000
	// mostLooked bounds how many ids one call looks at, so that a filter which
	// selects little does not hold up the deliveries.
	mostLooked = 100_000
)

func (f Filter) limit() int {
	if f.Limit <= 0 {
		return usualLimit
	}
	return min(f.Limit, mostLimit)
}

func (f Filter) begins(last uint64) uint64 {
	if f.Before > 0 && f.Before <= last {
		return f.Before - 1
	}
	return last
}

func (f Filter) between(t time.Time) bool {
	return (f.Since.IsZero() || !t.Before(f.Since)) && (f.Until.IsZero() || t.Before(f.Until))
}

func (f Filter) delivery(it *item) bool {
	return (f.Endpoint == "" || f.Endpoint == it.endpoint.id) && (f.EventID == "" || f.EventID == it.eventID) &&
		(f.Type == "" || f.Type == it.typ) && (f.TaskID == "" || f.TaskID == it.taskID) &&
		(f.State == "" || f.State == it.state.state()) && f.between(moment(it.created))
}

func (f Filter) attempt(a *Attempt) bool {
	return (f.Delivery == 0 || f.Delivery == a.Delivery) && (f.Endpoint == "" || f.Endpoint == a.Endpoint) &&
		(f.EventID == "" || f.EventID == a.EventID) && (f.Type == "" || f.Type == a.Type) &&
		(f.Fault == "" || f.Fault == a.Fault) && (!f.Failed || !a.OK && !a.Extra) && f.between(a.Start)
}

// Deliveries lists those that a filter selects, the newest first and without
// their bodies. next is the Before that continues the list, 0 at its end; the
// list may be shorter than its limit, even empty, although it goes on.
func (e *Engine) Deliveries(f Filter) (list []Delivery, next uint64) {
	e.mu.Lock()
	defer e.mu.Unlock()
	list = []Delivery{}
	looked := 0
	for id := f.begins(e.counters.LastDelivery); id > 0; id-- {
		if looked++; len(list) == f.limit() || looked > mostLooked {
			return list, id + 1
		}
		if it := e.items[id]; it != nil && f.delivery(it) {
			list = append(list, it.view(false))
		}
	}
	return list, 0
}

// Delivery is one delivery with its body, and its attempts, the oldest first,
// as far as the history has them. The error wraps [ErrUnknown].
func (e *Engine) Delivery(id uint64) (Delivery, []Attempt, error) {
	e.mu.Lock()
	defer e.mu.Unlock()
	it := e.items[id]
	if it == nil {
		return Delivery{}, nil, fmt.Errorf("delivery %d: %w", id, ErrUnknown)
	}
	attempts := []Attempt{}
	for _, a := range e.history.made.all() {
		if a.Delivery == id {
			attempts = append(attempts, a)
		}
	}
	return it.view(true), attempts, nil
}

// Attempts lists those that a filter selects, the newest first. next is the
// Before that continues the list, 0 at its end.
func (e *Engine) Attempts(f Filter) (list []Attempt, next uint64) {
	e.mu.Lock()
	defer e.mu.Unlock()
	list = []Attempt{}
	all := e.history.made.all()
	for i := range slices.Backward(all) {
		a := &all[i]
		if f.Before > 0 && a.ID >= f.Before || !f.attempt(a) {
			continue
		}
		if len(list) == f.limit() {
			return list, list[len(list)-1].ID
		}
		list = append(list, *a)
	}
	return list, 0
}

// Stats counts what has been done.
func (e *Engine) Stats() Stats {
	e.mu.Lock()
	defer e.mu.Unlock()
	return e.stats()
}

func (e *Engine) stats() Stats {
	s := e.counters.Stats
	s.Faults = maps.Clone(s.Faults)
	s.Pending, s.InFlight, s.Paused = e.pending-e.inFlight, e.inFlight, e.paused
	for _, ep := range e.ordered {
		if len(ep.queue) > 0 {
			if due := moment(ep.queue[0].due); s.Oldest.IsZero() || due.Before(s.Oldest) {
				s.Oldest = due
			}
		}
	}
	return s
}
