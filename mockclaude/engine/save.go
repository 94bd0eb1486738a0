package engine

import (
	"context"
	"fmt"
	"slices"
)

const (
	// mostSaved is how many deliveries one batch holds.
	mostSaved = 4096
	// mostUnsaved is how much may wait for the journal before no more attempts
	// are begun.
	mostUnsaved = 50_000
)

// unsaved is what the journal does not hold yet.
type unsaved struct {
	endpoints        []*endpoint
	removed          []string
	items            []*item
	attempts         []Attempt
	forgetDeliveries []uint64
	forgetAttempts   []uint64
	// made is kept when all of this is durable; nil when nobody waits for it.
	made *promise
	// any is signaled when there is something to save.
	any chan struct{}
}

// promise is kept when something is durable, or broken with an error.
type promise struct {
	done chan struct{}
	err  error
}

func (u *unsaved) reset() { *u = unsaved{any: make(chan struct{}, 1)} }

func (u *unsaved) heavy() bool { return len(u.items)+len(u.attempts) > mostUnsaved }

func (u *unsaved) call() {
	select {
	case u.any <- struct{}{}:
	default:
	}
}

func (u *unsaved) forget(journal bool, it *item) {
	if journal {
		u.forgetDeliveries = append(u.forgetDeliveries, it.id)
	}
}

// promise is for who waits until all that is unsaved is durable.
func (u *unsaved) promise() *promise {
	if u.made == nil {
		u.made = &promise{done: make(chan struct{})}
	}
	u.call()
	return u.made
}

// touch notes that a delivery has changed.
func (e *Engine) touch(it *item) {
	if e.cfg.Journal != nil && !it.dirty {
		it.dirty = true
		e.unsaved.items = append(e.unsaved.items, it)
		e.unsaved.call()
	}
	if len(e.watchers) > 0 {
		d := it.view(false)
		e.tell(Update{Delivery: &d})
	}
}

// changed notes that an endpoint has changed.
func (e *Engine) changed(ep *endpoint) {
	if e.cfg.Journal != nil && !ep.dirty {
		ep.dirty = true
		e.unsaved.endpoints = append(e.unsaved.endpoints, ep)
		e.unsaved.call()
	}
	if len(e.watchers) > 0 {
		v := ep.view()
		e.tell(Update{Endpoint: &v})
	}
}

// settled waits until a promise is kept.
func (e *Engine) settled(ctx context.Context, p *promise) error {
	if e.cfg.Journal == nil {
		return nil
	}
	select {
	case <-p.done:
		if p.err != nil {
			return fmt.Errorf("delivery engine: %w: %w", ErrClosed, p.err)
		}
		return nil
	case <-e.closed:
		select {
		case <-p.done:
			if p.err == nil {
				return nil
			}
		default:
		}
		return e.ended()
	case <-ctx.Done():
		return fmt.Errorf("wait for the journal: %w", ctx.Err())
	}
}

// save writes what is unsaved to the journal, until stopped is closed and all
// is written, or the journal fails.
func (e *Engine) save(ctx context.Context, stopped <-chan struct{}) error {
	if e.cfg.Journal == nil {
		<-stopped
		return nil
	}
	for last := false; !last; {
		select {
		case <-e.unsaved.any:
		case <-stopped:
			last = true
		}
		if err := e.saveAll(ctx); err != nil {
			return err
		}
	}
	return nil
}

func (e *Engine) saveAll(ctx context.Context) error {
	e.mu.Lock()
	u := e.unsaved
	e.unsaved = unsaved{any: u.any}
	e.mu.Unlock()
	var err error
	for first := true; err == nil && (first || len(u.items) > 0); first = false {
		err = e.cfg.Journal.Save(ctx, e.batch(&u))
	}
	if err != nil {
		err = fmt.Errorf("write the journal: %w", err)
		e.mu.Lock()
		e.failed = err
		if u.made == nil {
			u.made = e.unsaved.made
		} else if e.unsaved.made != nil {
			e.unsaved.made.err = err
			close(e.unsaved.made.done)
		}
		e.unsaved.made = nil
		e.mu.Unlock()
	}
	if u.made != nil {
		u.made.err = err
		close(u.made.done)
	}
	e.rouse() // it may have waited for this
	return err
}

// batch takes the next batch out of what is unsaved.
func (e *Engine) batch(u *unsaved) *Batch {
	e.mu.Lock()
	defer e.mu.Unlock()
	b := &Batch{
		Removed: u.removed, Attempts: u.attempts, ForgetDeliveries: u.forgetDeliveries, ForgetAttempts: u.forgetAttempts,
		Counters: e.counters,
	}
	b.Counters.Stats = e.stats()
	for _, ep := range u.endpoints {
		ep.dirty = false
		if !ep.deleted {
			b.Endpoints = append(b.Endpoints, SavedEndpoint{Endpoint: ep.whole(), Keys: ep.keys})
		}
	}
	n := min(len(u.items), mostSaved)
	for _, it := range u.items[:n] {
		it.dirty = false
		if e.items[it.id] == it { // or it is forgotten already
			b.Deliveries = append(b.Deliveries, it.saved())
		}
	}
	*u = unsaved{items: slices.Clip(u.items[n:]), made: u.made}
	return b
}
