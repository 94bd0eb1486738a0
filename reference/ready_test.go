package reference_test

import (
	"context"
	"errors"
	"net/http"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"hookdrill/reference"
)

// ailingStore is one whose pings can be made to fail, or hang, and are counted.
type ailingStore struct {
	reference.Store
	pings atomic.Int64
	fails atomic.Bool
	hangs atomic.Bool
}

func (s *ailingStore) Ping(ctx context.Context) error {
	s.pings.Add(1)
	if s.hangs.Load() {
		<-ctx.Done()
		return context.Cause(ctx)
	}
	if s.fails.Load() {
		return errBroken
	}
	return s.Store.Ping(ctx)
}

// hand is a clock that is turned by hand.
type hand struct{ offset atomic.Int64 }

func (h *hand) now() time.Time          { return noon().Add(time.Duration(h.offset.Load())) }
func (h *hand) turn(d time.Duration)    { h.offset.Add(int64(d)) }
func (h *hand) set(c *reference.Config) { c.Now = h.now }

func TestReadiness(t *testing.T) {
	t.Parallel()
	store, clock := &ailingStore{Store: sqlite(t)}, new(hand)
	r := newReceiver(t, clock.set, func(c *reference.Config) { c.Store = store })
	expect := func(want int, body string, pings int64) {
		t.Helper()
		rec := r.get("/readyz")
		if rec.Code != want || rec.Body.String() != `{"status":"`+body+`"}` {
			t.Errorf("/readyz = %d %s, want %d %s", rec.Code, rec.Body, want, body)
		}
		if got := store.pings.Load(); got != pings {
			t.Errorf("%d pings, want %d", got, pings)
		}
		status(t, r.get("/healthz"), http.StatusOK) // whatever the store does
	}
	expect(http.StatusOK, "ready", 1)
	store.fails.Store(true)
	expect(http.StatusOK, "ready", 1) // believed for a second
	clock.turn(time.Second)
	expect(http.StatusServiceUnavailable, "store_unavailable", 2)
	store.fails.Store(false)
	expect(http.StatusServiceUnavailable, "store_unavailable", 2)
	clock.turn(time.Second)
	expect(http.StatusOK, "ready", 3)
	clock.turn(-time.Hour) // a clock that is set back must not freeze what is believed
	expect(http.StatusOK, "ready", 4)
	status(t, r.get("/readyz/"), http.StatusOK)

	var messages []string
	for _, line := range r.lines() {
		messages = append(messages, line["message"].(string))
	}
	if got := strings.Join(messages, "; "); got != "store does not answer; store answers again" {
		t.Errorf("log = %s", got)
	}
}

// TestProbesCannotLoadTheStore asks from many sides while the store hangs.
func TestProbesCannotLoadTheStore(t *testing.T) {
	t.Parallel()
	store := &ailingStore{Store: sqlite(t)}
	store.hangs.Store(true)
	r := newReceiver(t, func(c *reference.Config) { c.Store = store })
	var probes sync.WaitGroup
	for range 50 {
		probes.Go(func() { status(t, r.get("/readyz"), http.StatusServiceUnavailable) })
	}
	probes.Wait()
	if got := store.pings.Load(); got != 1 {
		t.Errorf("%d pings, want 1", got)
	}
}

func TestReadinessGoesFirst(t *testing.T) {
	t.Parallel()
	store := gated(t, 10)
	store.Store = &ailingStore{Store: store.Store}
	r, stop := running(t, func(c *reference.Config) {
		c.Store, c.DrainDelay, c.AdminAddr = store, 300*time.Millisecond, "127.0.0.1:0"
	})
	c := client(t)
	if got := fetch(t, c, r.AdminURL()+"/readyz"); got.code != http.StatusOK {
		t.Fatalf("/readyz = %+v", got)
	}
	type answer struct {
		code int
		err  error
	}
	answers := make(chan answer, 1)
	go func() {
		code, err := send(t, c, r.URL(), event("evt_1"))
		answers <- answer{code, err}
	}()
	<-store.arrived
	stopped := make(chan error, 1)
	go func() { stopped <- stop() }()
	until(t, func() bool { return fetch(t, c, r.AdminURL()+"/readyz").code == http.StatusServiceUnavailable })
	// It says that it stops, and still takes what comes.
	close(store.gate)
	res := post(t, c, r, event("evt_2"))
	if res.StatusCode != http.StatusOK || !res.Close {
		t.Errorf("a delivery while it drains = %d, Connection: close is %v", res.StatusCode, res.Close)
	}
	if got := fetch(t, c, strings.TrimSuffix(r.URL(), path)+"/readyz"); got.code != http.StatusServiceUnavailable || got.body != `{"status":"stopping"}` {
		t.Errorf("/readyz = %+v", got)
	}
	if a := <-answers; a.code != http.StatusOK || a.err != nil {
		t.Errorf("the accepted delivery = %+v", a)
	}
	if err := <-stopped; err != nil {
		t.Errorf("Run = %v", err)
	}
}

func TestAdminCannotListen(t *testing.T) {
	t.Parallel()
	taken, _ := running(t)
	store := sqlite(t)
	r, err := reference.New(reference.Config{Keys: []string{key}, Store: store, AdminAddr: addressOf(taken)})
	if err != nil {
		t.Fatal(err)
	}
	if err := r.Run(t.Context()); err == nil {
		t.Error("Run returned no error")
	}
	if err := store.Ping(t.Context()); !errors.Is(err, reference.ErrStoreClosed) {
		t.Errorf("the store was left open: %v", err)
	}
}
