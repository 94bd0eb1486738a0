package certify

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"time"

	"hookdrill/contract"
	"hookdrill/loadtest"
	"hookdrill/mockclaude"
	"hookdrill/mockclaude/engine"
)

const (
	// mostRetries bounds the events that wait for a retry.
	mostRetries = 200_000
	// patience bounds the wait for the retries after the load, beyond what the
	// schedule takes.
	patience = 30 * time.Second
	waitStep = 50 * time.Millisecond
)

// retried is what became of the events that were not acknowledged the first time.
type retried struct {
	// Begun counts them, Delivered those that a retry delivered, Abandoned those that none
	// did, and Left those whose retries had not ended when the wait for them did, or
	// that there was no room for.
	Begun, Delivered, Abandoned, Left uint64
}

// retries retries events by the contract's schedule, scaled, with the delivery
// engine: the load's own request counts as the first attempt.
type retries struct {
	ctx    context.Context //nolint:containedctx // begin is called by the load, which has none
	engine *engine.Engine
	load   *loadtest.Load
	first  time.Duration
	bound  time.Duration
	cancel context.CancelFunc
	ended  chan error
	queue  chan uint64
	done   sync.WaitGroup

	mu           sync.Mutex
	begun        uint64
	full         uint64
	acknowledged map[string]bool
}

// transport is a sender that tells of what was acknowledged.
type transport struct {
	*mockclaude.Sender
	r *retries
}

// Send implements [engine.Transport].
func (t transport) Send(ctx context.Context, d mockclaude.Delivery) mockclaude.Exchange {
	x := t.Sender.Send(ctx, d)
	if x.Status >= 200 && x.Status <= 299 {
		t.r.mu.Lock()
		t.r.acknowledged[d.EventID] = true
		t.r.mu.Unlock()
	}
	return x
}

// startRetries starts the engine. It goes on when ctx ends, until stop.
func startRetries(ctx context.Context, cfg *run, load *loadtest.Load) (*retries, error) { //nolint:contextcheck // it outlives an interrupt
	c := *cfg.Contract
	waits := c.Retries.Waits
	r := &retries{
		ctx: context.WithoutCancel(ctx), load: load, queue: make(chan uint64, mostRetries), ended: make(chan error, 1), acknowledged: map[string]bool{},
	}
	clock, err := engine.ScaledClock(cfg.RetrySpeed)
	if err != nil {
		return nil, fmt.Errorf("retries: %w", err)
	}
	if len(waits) > 0 {
		r.first = time.Duration(waits[0])
		c.Retries.Waits = append([]contract.Duration{}, waits[1:]...)
	}
	for _, w := range waits {
		r.bound += clock.Lasts(time.Duration(float64(w) * (1 + c.Retries.Jitter)))
	}
	c.Disable = contract.Disable{} // the load goes on whatever becomes of a delivery
	r.engine, err = engine.New(engine.Config{
		Contract: &c, Clock: clock, Seed: cfg.Seed, Concurrency: 32, MaxPending: mostRetries, History: 100,
		Transport: func(sc mockclaude.SenderConfig) (engine.Transport, error) {
			sc.TLS, sc.Timeout = cfg.TLS, cfg.Timeout
			s, err := mockclaude.NewSender(sc)
			if err != nil {
				return nil, err //nolint:wrapcheck // it says what is wrong
			}
			return transport{s, r}, nil
		},
	})
	if err != nil {
		return nil, fmt.Errorf("retries: %w", err)
	}
	running, cancel := context.WithCancel(r.ctx)
	r.cancel = cancel
	go func() { r.ended <- r.engine.Run(running) }()
	if _, err := r.engine.Subscribe(ctx, engine.Subscription{URL: cfg.Target.String(), Key: cfg.Keys.Current, Header: cfg.Header}); err != nil {
		cancel()
		return nil, errors.Join(<-r.ended, fmt.Errorf("retries: %w", err))
	}
	r.done.Go(func() { r.publish(running) })
	return r, nil
}

// begin takes an event for its retries. It does not wait.
func (r *retries) begin(number uint64) {
	r.mu.Lock()
	r.begun++
	r.mu.Unlock()
	select {
	case r.queue <- number:
	default:
		r.mu.Lock()
		r.full++
		r.mu.Unlock()
	}
}

// publish hands events to the engine, away from the load's goroutines.
func (r *retries) publish(ctx context.Context) {
	for {
		select {
		case <-ctx.Done():
			return
		case n := <-r.queue:
			if _, err := r.engine.Publish(ctx, r.load.Event(n), engine.Options{Delay: r.first}); err != nil {
				r.mu.Lock()
				r.full++
				r.mu.Unlock()
			}
		}
	}
}

// finish waits for the retries, no longer than the schedule lasts and some patience.
func (r *retries) finish(ctx context.Context) retried {
	limit := time.NewTimer(r.bound + patience)
	defer limit.Stop()
	step := time.NewTicker(waitStep)
	defer step.Stop()
	for {
		out := r.count()
		if out.Left == 0 {
			return out
		}
		select {
		case <-step.C:
		case <-limit.C:
			return out
		case <-ctx.Done():
			return out
		}
	}
}

func (r *retries) count() retried {
	s := r.engine.Stats()
	r.mu.Lock()
	defer r.mu.Unlock()
	out := retried{Begun: r.begun, Delivered: s.Delivered, Abandoned: s.Abandoned + r.full}
	if done := out.Delivered + out.Abandoned; done < out.Begun {
		out.Left = out.Begun - done
	}
	return out
}

// delivered reports whether a retry of an event was acknowledged.
func (r *retries) delivered(id string) bool {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.acknowledged[id]
}

// stop ends the engine.
func (r *retries) stop() {
	r.cancel()
	r.done.Wait()
	<-r.ended //nolint:errcheck // what it delivered is counted
}
