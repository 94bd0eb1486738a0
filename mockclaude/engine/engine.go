package engine

import (
	"container/heap"
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"sync"
	"time"

	"hookdrill/contract"
)

// Engine delivers events to endpoints. It is safe for concurrent use.
//
// What changes it waits until Run has loaded the journal, and then, if there is
// a journal, until the change is durable.
type Engine struct {
	cfg    Config
	ready  chan struct{} // closed when the journal is loaded
	closed chan struct{} // closed when Run ends
	wake   chan struct{} // something may be due sooner

	mu        sync.Mutex
	running   bool
	paused    bool
	failed    error
	endpoints map[string]*endpoint
	ordered   []*endpoint // in order of creation
	due       endpointHeap
	items     map[uint64]*item
	history   history
	counters  Counters
	pending   int // pending and in flight
	inFlight  int
	watchers  map[*watcher]struct{}
	unsaved   unsaved

	attempts sync.WaitGroup
}

// New makes an engine that delivers nothing before Run. The error names every
// wrong field of the configuration.
func New(cfg Config) (*Engine, error) {
	if err := cfg.Validate(); err != nil {
		return nil, fmt.Errorf("make delivery engine: %w", err)
	}
	e := &Engine{
		cfg: cfg.filled(), ready: make(chan struct{}), closed: make(chan struct{}), wake: make(chan struct{}, 1),
		endpoints: map[string]*endpoint{}, items: map[uint64]*item{}, watchers: map[*watcher]struct{}{},
	}
	e.counters.Stats.Faults = map[string]uint64{}
	e.history.limit, e.history.bytes = e.cfg.History, e.cfg.HistorySize
	e.unsaved.reset()
	return e, nil
}

// Contract is the contract that the engine delivers by.
func (e *Engine) Contract() *contract.Contract { return e.cfg.Contract }

// Ready is closed once Run has loaded the journal.
func (e *Engine) Ready() <-chan struct{} { return e.ready }

// Run loads the journal and delivers until ctx ends. Then it begins no more
// attempts, gives those under way their time of grace, writes the rest of the
// journal and closes it. It may be called once. An error is one of the
// journal, without which going on would lose events.
func (e *Engine) Run(ctx context.Context) (err error) {
	e.mu.Lock()
	if e.running {
		e.mu.Unlock()
		return fmt.Errorf("run delivery engine: %w: it runs, or has run, already", ErrConflict)
	}
	e.running = true
	e.mu.Unlock()
	defer close(e.closed)
	defer e.hangUp()
	if e.cfg.Journal != nil {
		defer func() { err = errors.Join(err, e.cfg.Journal.Close()) }()
		if err := e.load(ctx); err != nil {
			return fmt.Errorf("load the journal: %w", err)
		}
	}
	close(e.ready)

	running, stop := context.WithCancel(ctx)
	defer stop()
	sending, cut := context.WithCancel(context.WithoutCancel(ctx))
	defer cut()
	saved := make(chan error, 1)
	stopped := make(chan struct{})
	go func() {
		err := e.save(context.WithoutCancel(ctx), stopped)
		if err != nil {
			stop()
		}
		saved <- err
	}()
	e.dispatch(running, sending)
	grace := time.AfterFunc(e.cfg.Grace, cut)
	e.attempts.Wait()
	grace.Stop()
	close(stopped)
	return <-saved
}

// hangUp closes what endpoints hold open, and tells watchers that it is over.
func (e *Engine) hangUp() {
	e.mu.Lock()
	defer e.mu.Unlock()
	for _, ep := range e.ordered {
		ep.transport.Close()
	}
	for w := range e.watchers {
		w.end()
	}
	e.watchers = nil
}

// await waits until the engine can be changed.
func (e *Engine) await(ctx context.Context) error {
	select {
	case <-e.closed:
		return e.ended()
	default:
	}
	select {
	case <-e.ready:
		return nil
	case <-e.closed:
		return e.ended()
	case <-ctx.Done():
		return fmt.Errorf("wait for the delivery engine: %w", ctx.Err())
	}
}

func (e *Engine) ended() error {
	e.mu.Lock()
	defer e.mu.Unlock()
	if e.failed != nil {
		return fmt.Errorf("delivery engine: %w: %w", ErrClosed, e.failed)
	}
	return fmt.Errorf("delivery engine: %w", ErrClosed)
}

// Pause stops, or with paused false resumes, the beginning of attempts: to an
// endpoint, or to all for "". Attempts under way go on.
func (e *Engine) Pause(ctx context.Context, id string, paused bool) error {
	if err := e.await(ctx); err != nil {
		return err
	}
	e.mu.Lock()
	if id == "" {
		e.paused = paused
		e.tell(Update{Paused: &paused})
	} else {
		ep := e.endpoints[id]
		if ep == nil {
			e.mu.Unlock()
			return fmt.Errorf("endpoint %s: %w", id, ErrUnknown)
		}
		ep.paused = paused
		e.changed(ep)
		e.arrange(ep)
	}
	e.rouse()
	durable := e.unsaved.promise()
	e.mu.Unlock()
	return e.settled(ctx, durable)
}

// rng gives the random numbers of one purpose: they depend on the seed and n
// alone, so that what is drawn for one delivery changes nothing for another.
func (e *Engine) rng(purpose string, n uint64) *rand.Rand {
	const golden = 0x9e3779b97f4a7c15
	h := e.cfg.Seed
	for _, b := range []byte(purpose) {
		h = (h ^ uint64(b)) * 0x100000001b3
	}
	return rand.New(rand.NewPCG(h, (n+1)*golden)) //nolint:gosec // repeatable on purpose
}

// rouse makes the dispatcher look again.
func (e *Engine) rouse() {
	select {
	case e.wake <- struct{}{}:
	default:
	}
}

// arrange puts an endpoint where it belongs in the order of due times, or
// takes it out while nothing can be begun.
func (e *Engine) arrange(ep *endpoint) {
	ready := len(ep.queue) > 0 && !ep.paused && ep.disabled == "" && (ep.inFlight < ep.concurrency || ep.queue[0].rush)
	switch {
	case ready && ep.at == none:
		heap.Push(&e.due, ep)
	case ready:
		heap.Fix(&e.due, ep.at)
	case ep.at != none:
		heap.Remove(&e.due, ep.at)
	}
}
