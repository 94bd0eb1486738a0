package engine

import (
	"container/heap"
	"context"
	"fmt"
	"slices"
	"time"

	"hookdrill/mockclaude"
)

// longestDelay bounds the delay of a first attempt.
const longestDelay = 365 * 24 * time.Hour

// Options say how an event is published. The zero value tells every endpoint
// that wants its type, at once.
type Options struct {
	// Delay is a wait before the first attempt, before any speed, up to a year.
	Delay time.Duration
	// Endpoints are the ids of those that are told, whatever types they want; none
	// means all that want the type.
	Endpoints []string
}

// Draw makes a realistic event of a type. The n-th event of a seed is always
// the same; a journal makes n go on where it was.
func (e *Engine) Draw(typ string) (mockclaude.Event, error) {
	e.mu.Lock()
	e.counters.LastEvent++
	n := e.counters.LastEvent
	e.mu.Unlock()
	ev, err := mockclaude.NewEvent(e.cfg.Contract, typ, e.rng("event", n))
	if err != nil {
		return ev, fmt.Errorf("draw an event: %w", err)
	}
	return ev, nil
}

// Publish accepts an event and returns the ids of its deliveries, one for each
// endpoint; none when nobody wants it. When it returns without an error, the
// deliveries survive the end of the process, if there is a journal. The error
// is an *[InvalidError], or wraps [ErrUnknown], [ErrFull] or [ErrClosed].
func (e *Engine) Publish(ctx context.Context, ev mockclaude.Event, o Options) ([]uint64, error) {
	switch {
	case ev.ID == "":
		return nil, &InvalidError{"id", "missing"}
	case ev.Type == "":
		return nil, &InvalidError{"type", "missing"}
	case o.Delay < 0 || o.Delay > longestDelay:
		return nil, &InvalidError{"delay", fmt.Sprintf("want 0s to %s, have %s", longestDelay, o.Delay)}
	}
	if err := e.await(ctx); err != nil {
		return nil, err
	}
	body := ev.Template(e.cfg.Contract)
	at := e.cfg.Clock.Now()
	due := at.Add(e.cfg.Clock.Lasts(o.Delay)).UnixNano()
	e.mu.Lock()
	to, err := e.recipients(ev.Type, o.Endpoints)
	if err == nil && e.pending+len(to) > e.cfg.MaxPending {
		err = fmt.Errorf("publish: %w: %d deliveries are pending", ErrFull, e.pending)
	}
	if err != nil {
		e.mu.Unlock()
		return nil, err
	}
	ids := make([]uint64, 0, len(to))
	for _, ep := range to {
		ids = append(ids, e.accept(&item{
			endpoint: ep, body: body, eventID: within(body, ev.ID), typ: within(body, ev.Type), taskID: within(body, ev.TaskID),
			created: at.UnixNano(), due: due,
		}))
	}
	e.rouse()
	durable := e.unsaved.promise()
	e.mu.Unlock()
	return ids, e.settled(ctx, durable)
}

func (e *Engine) recipients(typ string, ids []string) ([]*endpoint, error) {
	if len(ids) == 0 {
		return slices.Collect(func(yield func(*endpoint) bool) {
			for _, ep := range e.ordered {
				if ep.wants(typ) && !yield(ep) {
					return
				}
			}
		}), nil
	}
	var out []*endpoint
	for _, id := range ids {
		ep := e.endpoints[id]
		if ep == nil {
			return nil, fmt.Errorf("endpoint %s: %w", id, ErrUnknown)
		}
		if !slices.Contains(out, ep) {
			out = append(out, ep)
		}
	}
	return out, nil
}

// accept puts a new delivery into its queue.
func (e *Engine) accept(it *item) uint64 {
	e.counters.LastDelivery++
	it.id = e.counters.LastDelivery
	e.items[it.id] = it
	e.pending++
	e.counters.Stats.Accepted++
	heap.Push(&it.endpoint.queue, it)
	e.arrange(it.endpoint)
	e.touch(it)
	return it.id
}

// Redeliver makes a new delivery of an event whose delivery is finished, to the
// same endpoint. The error wraps [ErrUnknown], [ErrFull], or [ErrConflict] while
// the delivery is not finished or when its endpoint is gone.
func (e *Engine) Redeliver(ctx context.Context, id uint64) (uint64, error) {
	if err := e.await(ctx); err != nil {
		return 0, err
	}
	e.mu.Lock()
	old := e.items[id]
	var err error
	switch {
	case old == nil:
		err = fmt.Errorf("delivery %d: %w", id, ErrUnknown)
	case !old.state.finished():
		err = fmt.Errorf("redeliver %d: %w: it is %s", id, ErrConflict, old.state.state())
	case old.endpoint.deleted:
		err = fmt.Errorf("redeliver %d: %w: its endpoint %s was deleted", id, ErrConflict, old.endpoint.id)
	case e.pending >= e.cfg.MaxPending:
		err = fmt.Errorf("redeliver %d: %w: %d deliveries are pending", id, ErrFull, e.pending)
	}
	if err != nil {
		e.mu.Unlock()
		return 0, err
	}
	now := e.cfg.Clock.Now().UnixNano()
	again := e.accept(&item{
		endpoint: old.endpoint, body: old.body, eventID: old.eventID, typ: old.typ, taskID: old.taskID,
		created: now, due: now, redelivery: id,
	})
	e.rouse()
	durable := e.unsaved.promise()
	e.mu.Unlock()
	return again, e.settled(ctx, durable)
}
