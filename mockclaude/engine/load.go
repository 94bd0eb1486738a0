package engine

import (
	"container/heap"
	"context"
	"fmt"
	"maps"
	"slices"
)

// load takes over what the journal holds.
func (e *Engine) load(ctx context.Context) error {
	saved, err := e.cfg.Journal.Load(ctx)
	if err != nil {
		return err //nolint:wrapcheck // it says what is wrong
	}
	e.mu.Lock()
	defer e.mu.Unlock()
	drawn := e.counters.LastEvent
	e.counters = saved.Counters
	e.counters.LastEvent = max(drawn, e.counters.LastEvent)
	faults := map[string]uint64{}
	maps.Copy(faults, saved.Counters.Stats.Faults)
	e.counters.Stats.Faults = faults
	for _, s := range saved.Endpoints {
		ep, err := Subscription{ID: s.ID, URL: s.URL, Types: s.Types, Concurrency: s.Concurrency, Key: s.Keys.Current}.parse(e.cfg.Concurrency)
		if err != nil {
			return fmt.Errorf("endpoint %s: %w", s.ID, err)
		}
		ep.keys, ep.created, ep.disabled, ep.paused, ep.failures = s.Keys, s.Created, s.Disabled, s.Paused, s.Failures
		if err := e.connect(ep); err != nil {
			return fmt.Errorf("endpoint %s: %w", s.ID, err)
		}
		e.add(ep)
	}
	gone := map[string]*endpoint{}
	for i := range saved.Deliveries {
		it, err := e.restore(&saved.Deliveries[i], gone)
		if err != nil {
			return err
		}
		if it.state.finished() {
			e.keep(it)
		}
	}
	for _, ep := range e.ordered {
		heap.Init(&ep.queue)
		e.arrange(ep)
	}
	for _, a := range saved.Attempts {
		e.enlist(a)
	}
	return nil
}

// restore makes a saved delivery one of the engine's. Endpoints that are gone
// live on in the history of what they were sent.
func (e *Engine) restore(s *SavedDelivery, gone map[string]*endpoint) (*item, error) {
	state := slices.Index(States(), s.State)
	if state < 0 || stateCode(state) == inFlight { //nolint:gosec // an index of five
		return nil, fmt.Errorf("delivery %d: state %q cannot be saved", s.ID, s.State)
	}
	ep := e.endpoints[s.Endpoint]
	if ep == nil {
		if ep = gone[s.Endpoint]; ep == nil {
			ep = &endpoint{id: s.Endpoint, deleted: true, at: none}
			gone[s.Endpoint] = ep
		}
		if stateCode(state) == pending { //nolint:gosec // an index of five
			state = int(canceled)
		}
	}
	it := &item{
		id: s.ID, endpoint: ep, body: s.Body, eventID: within(s.Body, s.EventID), typ: within(s.Body, s.Type), taskID: within(s.Body, s.TaskID),
		due: nanos(s.Due), created: nanos(s.Created), sent: nanos(s.Sent), finished: nanos(s.Finished),
		redelivery: s.Redelivery, err: s.Err, at: none,
		status: uint16(min(s.Status, 999)), attempts: uint8(min(s.Attempts, 255)), state: stateCode(state), //nolint:gosec // bounded
	}
	e.items[it.id] = it
	if it.state == pending {
		e.pending++
		it.at = int32(len(ep.queue)) //nolint:gosec // MaxPending is far below
		ep.queue = append(ep.queue, it)
	}
	return it, nil
}
