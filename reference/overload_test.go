package reference_test

import (
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"time"

	"hookdrill/reference"
)

// gated is a store whose gate is shut, for so many callers.
func gated(t *testing.T, callers int) *gatedStore {
	t.Helper()
	return &gatedStore{Store: sqlite(t), arrived: make(chan struct{}, callers), gate: make(chan struct{})}
}

func TestOverloadIsAnsweredAndRecoversByItself(t *testing.T) {
	t.Parallel()
	const places = 3
	store := gated(t, 100)
	r := newReceiver(t, func(c *reference.Config) {
		c.Store, c.MaxInFlight, c.RetryAfter, c.StoreTimeout = store, places, 1500*time.Millisecond, time.Minute
		c.WriteTimeout = 2 * time.Minute
	})
	var waiting sync.WaitGroup
	for i := range places {
		waiting.Go(func() { status(t, r.signed(event(fmt.Sprint("evt_waits_", i))), http.StatusOK) })
	}
	for range places {
		<-store.arrived
	}
	// The store stands still, so each of these answers comes without it.
	for i := range 50 {
		rec := r.signed(event(fmt.Sprint("evt_", i)))
		status(t, rec, http.StatusServiceUnavailable)
		if got := rec.Header().Get("Retry-After"); got != "2" { // rounded up
			t.Fatalf("Retry-After = %q, want 2", got)
		}
		if rec.Body.String() != `{"error":"overloaded"}` || rec.Header().Get("Connection") != "" {
			t.Fatalf("answer = %s, Connection: %q", rec.Body, rec.Header().Get("Connection"))
		}
	}
	if reason := r.lines()[0]["reason"]; reason != "too_many_in_flight" {
		t.Errorf("reason = %v", reason)
	}
	// What needs no place is answered as ever.
	status(t, r.post(event("evt_1"), "forged"), http.StatusUnauthorized)
	status(t, r.signed(`{}`), http.StatusBadRequest)
	status(t, r.get("/healthz"), http.StatusOK)

	close(store.gate)
	waiting.Wait()
	for i := range 50 {
		status(t, r.signed(event(fmt.Sprint("evt_", i))), http.StatusOK)
	}
	if e := r.effect("evt_7"); e.Processed != 1 {
		t.Errorf("refused, then repeated, and processed %d times", e.Processed)
	}
}

func TestForgedEventsTakeNoPlace(t *testing.T) {
	t.Parallel()
	r := newReceiver(t, func(c *reference.Config) { c.MaxInFlight = 1 })
	var flood sync.WaitGroup
	for range 8 {
		flood.Go(func() {
			for range 50 {
				status(t, r.post(event("evt_forged"), strings.Repeat("0", 64)), http.StatusUnauthorized)
			}
		})
	}
	for i := range 50 {
		status(t, r.signed(event(fmt.Sprint("evt_", i))), http.StatusOK)
	}
	flood.Wait()
}

func TestPlaceIsGivenBackWhateverHappens(t *testing.T) {
	t.Parallel()
	for name, store := range map[string]brokenStore{"an error": {err: errBroken}, "a panic": {panic: "oops"}} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			r := newReceiver(t, func(c *reference.Config) { c.Store, c.MaxInFlight, c.MaxLargeBodies = store, 1, 1 })
			big := large("evt_1")
			for range 3 {
				rec := r.signed(big)
				if strings.Contains(rec.Body.String(), "overloaded") {
					t.Fatalf("answer = %s: the place was kept", rec.Body)
				}
				if rec.Code == http.StatusServiceUnavailable && rec.Header().Get("Retry-After") != "1" {
					t.Errorf("Retry-After = %q", rec.Header().Get("Retry-After"))
				}
			}
		})
	}
}

// large is an event above 64 KiB.
func large(id string) string {
	return `{"id":"` + id + `","type":"x","timestamp":"2026-09-01T12:00:00Z","data":"` + strings.Repeat("a", 100_000) + `"}`
}

// stalled is a body that stands still in the middle, until it is let go.
type stalled struct {
	before, after io.Reader
	reached       chan struct{}
	gate          chan struct{}
	once          sync.Once
}

func stall(body string, at int) *stalled {
	return &stalled{
		before: strings.NewReader(body[:at]), after: strings.NewReader(body[at:]),
		reached: make(chan struct{}), gate: make(chan struct{}),
	}
}

func (s *stalled) Read(p []byte) (int, error) {
	if n, err := s.before.Read(p); err == nil {
		return n, nil
	}
	s.once.Do(func() { close(s.reached) })
	<-s.gate
	return s.after.Read(p)
}

func TestLargeBodiesAreBounded(t *testing.T) {
	t.Parallel()
	const places = 2
	r := newReceiver(t, func(c *reference.Config) { c.MaxLargeBodies = places })
	var slow sync.WaitGroup
	var bodies []*stalled
	for i := range places {
		body := large(fmt.Sprint("evt_slow_", i))
		reader := stall(body, 90_000)
		bodies = append(bodies, reader)
		slow.Go(func() {
			req := httptest.NewRequestWithContext(t.Context(), http.MethodPost, path, reader)
			req.ContentLength = int64(len(body))
			req.Header.Set(header, sign(key, body))
			status(t, r.do(req), http.StatusOK)
		})
		<-reader.reached
	}
	rec := r.signed(large("evt_1"))
	status(t, rec, http.StatusServiceUnavailable)
	if rec.Header().Get("Retry-After") != "1" || rec.Header().Get("Connection") != "close" {
		t.Errorf("header = %v", rec.Header())
	}
	// 64 KiB are free, however many large bodies there are.
	small := `{"id":"evt_2","type":"x","timestamp":"2026-09-01T12:00:00Z","data":"`
	small += strings.Repeat("a", 64<<10-len(small)-2) + `"}`
	status(t, r.signed(small), http.StatusOK)

	for _, body := range bodies {
		close(body.gate)
	}
	slow.Wait()
	status(t, r.signed(large("evt_1")), http.StatusOK)
}

// TestAnnouncedBodyCostsNothing announces 1 MiB and sends it slowly: the room
// that is made for it follows what has come.
func TestAnnouncedBodyCostsNothing(t *testing.T) {
	t.Parallel()
	r := newReceiver(t)
	for name, length := range map[string]int64{"announced": 1 << 20, "not announced": -1} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			body := &roomy{t: t, left: 1 << 20}
			req := httptest.NewRequestWithContext(t.Context(), http.MethodPost, path, body)
			req.ContentLength = length
			req.Header.Set(header, "forged")
			status(t, r.do(req), http.StatusUnauthorized)
			if body.came != 1<<20 {
				t.Errorf("%d bytes were read", body.came)
			}
		})
	}
}

// roomy is a body that watches how much room is made for its next bytes.
type roomy struct {
	t          *testing.T
	came, left int
}

func (r *roomy) Read(p []byte) (int, error) {
	if len(p) > max(4<<10, 2*r.came) {
		r.t.Errorf("room for %d bytes after %d", len(p), r.came)
	}
	if r.left == 0 {
		return 0, io.EOF
	}
	n := min(len(p), r.left, 1000)
	r.came, r.left = r.came+n, r.left-n
	return n, nil
}
