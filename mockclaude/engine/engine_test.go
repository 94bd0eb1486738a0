package engine

import (
	"context"
	"maps"
	"slices"
	"sync"
	"testing"
	"time"

	"go.uber.org/goleak"

	"hookdrill/contract"
	"hookdrill/mockclaude"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

const completed = "agent.task.completed"

func claude(t testing.TB) *contract.Contract {
	t.Helper()
	c, err := contract.Load("claude")
	if err != nil {
		t.Fatal(err)
	}
	return c
}

// target stands in for an endpoint: it notes what comes and when.
type target struct {
	mu     sync.Mutex
	got    []mockclaude.Delivery
	at     []time.Time
	now    int // under way
	most   int // at the same time
	closed bool
	// answer is what the n-th request (from 1) meets; nil for 200 at once.
	answer func(ctx context.Context, n int, d mockclaude.Delivery) mockclaude.Exchange
}

func (g *target) Send(ctx context.Context, d mockclaude.Delivery) mockclaude.Exchange {
	g.mu.Lock()
	g.got, g.at = append(g.got, d), append(g.at, time.Now())
	n := len(g.got)
	g.now++
	g.most = max(g.most, g.now)
	g.mu.Unlock()
	defer func() {
		g.mu.Lock()
		g.now--
		g.mu.Unlock()
	}()
	start := time.Now()
	x := mockclaude.Exchange{Status: 200}
	if g.answer != nil {
		x = g.answer(ctx, n, d)
	}
	if ctx.Err() != nil {
		x = mockclaude.Exchange{Err: mockclaude.ErrCanceled}
	}
	x.EventID, x.Start, x.Duration = d.EventID, start, time.Since(start)
	return x
}

func (g *target) Together(ctx context.Context, ds []mockclaude.Delivery) []mockclaude.Exchange {
	out := make([]mockclaude.Exchange, len(ds))
	var wg sync.WaitGroup
	for i, d := range ds {
		wg.Go(func() { out[i] = g.Send(ctx, d) })
	}
	wg.Wait()
	return out
}

func (g *target) Close() {
	g.mu.Lock()
	defer g.mu.Unlock()
	g.closed = true
}

func (g *target) requests() ([]mockclaude.Delivery, []time.Time) {
	g.mu.Lock()
	defer g.mu.Unlock()
	return slices.Clone(g.got), slices.Clone(g.at)
}

// always answers with a status.
func always(status int) func(context.Context, int, mockclaude.Delivery) mockclaude.Exchange {
	return func(context.Context, int, mockclaude.Delivery) mockclaude.Exchange {
		return mockclaude.Exchange{Status: status}
	}
}

// rig is an engine that runs in a test's bubble.
type rig struct {
	*Engine
	t      *testing.T
	target *target
	cancel context.CancelFunc
	ended  chan error
}

// start runs an engine with one endpoint, unless the journal has some.
func start(t *testing.T, g *target, with ...func(*Config)) *rig {
	t.Helper()
	cfg := Config{Contract: claude(t), Seed: 7, Transport: func(mockclaude.SenderConfig) (Transport, error) { return g, nil }}
	for _, change := range with {
		change(&cfg)
	}
	e, err := New(cfg)
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	r := &rig{Engine: e, t: t, target: g, cancel: cancel, ended: make(chan error, 1)}
	go func() { r.ended <- e.Run(ctx) }()
	<-e.Ready()
	if len(e.Endpoints()) == 0 {
		r.subscribe(Subscription{})
	}
	return r
}

func (r *rig) stop() {
	r.t.Helper()
	r.cancel()
	if err := <-r.ended; err != nil {
		r.t.Fatalf("Run = %v", err)
	}
}

func (r *rig) subscribe(s Subscription) Endpoint {
	r.t.Helper()
	if s.URL == "" {
		s.URL = "http://127.0.0.1:1/hook"
	}
	s.Key = []byte("whsec_test")
	ep, err := r.Subscribe(r.t.Context(), s)
	if err != nil {
		r.t.Fatal(err)
	}
	return ep
}

// publish publishes one drawn event to the only endpoint.
func (r *rig) publish(o Options) uint64 {
	r.t.Helper()
	ev, err := r.Draw(completed)
	if err != nil {
		r.t.Fatal(err)
	}
	ids, err := r.Publish(r.t.Context(), ev, o)
	if err != nil || len(ids) != 1 {
		r.t.Fatalf("Publish = %v, %v", ids, err)
	}
	return ids[0]
}

func (r *rig) state(id uint64) Delivery {
	r.t.Helper()
	d, _, err := r.Delivery(id)
	if err != nil {
		r.t.Fatal(err)
	}
	return d
}

// memory is a journal that a test keeps between two engines.
type memory struct {
	mu        sync.Mutex
	endpoints map[string]SavedEndpoint
	items     map[uint64]SavedDelivery
	attempts  map[uint64]Attempt
	counters  Counters
	saves     int
	fail      error
}

func newMemory() *memory {
	return &memory{endpoints: map[string]SavedEndpoint{}, items: map[uint64]SavedDelivery{}, attempts: map[uint64]Attempt{}}
}

func (j *memory) Load(context.Context) (*Saved, error) {
	j.mu.Lock()
	defer j.mu.Unlock()
	s := &Saved{Counters: j.counters}
	for _, id := range slices.Sorted(maps.Keys(j.endpoints)) {
		s.Endpoints = append(s.Endpoints, j.endpoints[id])
	}
	for _, id := range slices.Sorted(maps.Keys(j.items)) {
		s.Deliveries = append(s.Deliveries, j.items[id])
	}
	for _, id := range slices.Sorted(maps.Keys(j.attempts)) {
		s.Attempts = append(s.Attempts, j.attempts[id])
	}
	return s, nil
}

func (j *memory) Save(_ context.Context, b *Batch) error {
	j.mu.Lock()
	defer j.mu.Unlock()
	if j.fail != nil {
		return j.fail
	}
	j.saves++
	for _, ep := range b.Endpoints {
		j.endpoints[ep.ID] = ep
	}
	for _, id := range b.Removed {
		delete(j.endpoints, id)
	}
	for _, d := range b.Deliveries {
		j.items[d.ID] = d
	}
	for _, a := range b.Attempts {
		j.attempts[a.ID] = a
	}
	for _, id := range b.ForgetDeliveries {
		delete(j.items, id)
	}
	for _, id := range b.ForgetAttempts {
		delete(j.attempts, id)
	}
	j.counters = b.Counters
	return nil
}

func (j *memory) Close() error { return nil }

// copyOf is the journal as a process that is killed now leaves it.
func (j *memory) copyOf() *memory {
	j.mu.Lock()
	defer j.mu.Unlock()
	return &memory{
		endpoints: maps.Clone(j.endpoints), items: maps.Clone(j.items), attempts: maps.Clone(j.attempts), counters: j.counters,
	}
}

// pass lets time pass, as a rule the virtual time of a bubble.
func pass(d time.Duration) { <-time.After(d) }
