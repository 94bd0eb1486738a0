package reference_test

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"hookdrill/reference"
)

// running starts a receiver and returns it with what stops it and gives Run's
// result.
func running(t *testing.T, set ...func(*reference.Config)) (*reference.Receiver, func() error) {
	t.Helper()
	cfg := reference.Config{Keys: []string{key}, Probe: true, Now: noon}
	for _, s := range set {
		s(&cfg)
	}
	if cfg.Store == nil {
		cfg.Store = sqlite(t)
	}
	r, err := reference.New(cfg)
	if err != nil {
		t.Fatal(err)
	}
	if r.URL() != "" || r.ObserveURL() != "" {
		t.Error("there is an address before there is a listener")
	}
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan error, 1)
	go func() { done <- r.Run(ctx) }()
	stop := sync.OnceValue(func() error {
		cancel()
		return <-done
	})
	t.Cleanup(func() { _ = stop() })
	select {
	case <-r.Ready():
	case err := <-done:
		t.Fatalf("Run: %v", err)
	}
	return r, stop
}

func client(t *testing.T) *http.Client {
	t.Helper()
	transport := &http.Transport{MaxIdleConnsPerHost: 100}
	t.Cleanup(transport.CloseIdleConnections)
	return &http.Client{Transport: transport, CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}
}

// send posts a signed body and returns the status.
func send(t *testing.T, c *http.Client, url, body string) (int, error) {
	t.Helper()
	req, err := http.NewRequestWithContext(context.Background(), http.MethodPost, url, strings.NewReader(body))
	if err != nil {
		return 0, err
	}
	req.Header.Set(header, sign(key, body))
	res, err := c.Do(req)
	if err != nil {
		return 0, err
	}
	defer func() { _ = res.Body.Close() }()
	_, err = io.Copy(io.Discard, res.Body)
	return res.StatusCode, err
}

func TestRun(t *testing.T) {
	t.Parallel()
	r, stop := running(t)
	c := client(t)
	if code, err := send(t, c, r.URL(), event("evt_1")); code != 200 || err != nil {
		t.Fatalf("POST %s = %d, %v", r.URL(), code, err)
	}
	if code, err := send(t, c, r.URL()+"/", event("evt_1")); code != 200 || err != nil {
		t.Errorf("POST %s/ = %d, %v", r.URL(), code, err)
	}
	req, err := http.NewRequestWithContext(t.Context(), http.MethodGet, r.ObserveURL()+"?id=evt_1", http.NoBody)
	if err != nil {
		t.Fatal(err)
	}
	res, err := c.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	text, _ := io.ReadAll(res.Body)
	_ = res.Body.Close()
	if string(text) != `{"events":{"evt_1":{"processed":1,"status":"completed"}}}` {
		t.Errorf("probe = %s", text)
	}
	if err := stop(); err != nil {
		t.Errorf("Run = %v", err)
	}
	if err := r.Run(t.Context()); err == nil {
		t.Error("a second Run returned no error")
	}
}

func TestObserveURLNeedsTheProbe(t *testing.T) {
	t.Parallel()
	r, _ := running(t, func(c *reference.Config) { c.Probe = false })
	if r.ObserveURL() != "" {
		t.Errorf("ObserveURL = %s", r.ObserveURL())
	}
}

func TestRunCannotListen(t *testing.T) {
	t.Parallel()
	listener, err := new(net.ListenConfig).Listen(t.Context(), "tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = listener.Close() }()
	store := sqlite(t)
	r, err := reference.New(reference.Config{Keys: []string{key}, Store: store, Addr: listener.Addr().String()})
	if err != nil {
		t.Fatal(err)
	}
	if err := r.Run(t.Context()); err == nil {
		t.Error("Run returned no error")
	}
	if _, err := store.Effects(t.Context(), nil); !errors.Is(err, reference.ErrStoreClosed) {
		t.Errorf("the store was left open: %v", err)
	}
}

// gatedStore lets every event wait until the gate opens.
type gatedStore struct {
	reference.Store
	arrived chan struct{}
	gate    chan struct{}
	closed  atomic.Bool
	late    atomic.Bool
}

func (s *gatedStore) Record(ctx context.Context, event reference.Event) (reference.Outcome, error) {
	s.arrived <- struct{}{}
	select {
	case <-s.gate:
	case <-ctx.Done():
		return 0, context.Cause(ctx)
	}
	s.late.Store(s.closed.Load())
	return s.Store.Record(ctx, event)
}

func (s *gatedStore) Close() error {
	s.closed.Store(true)
	return s.Store.Close()
}

func TestShutdownFinishesAcceptedWork(t *testing.T) {
	t.Parallel()
	store := &gatedStore{Store: sqlite(t), arrived: make(chan struct{}), gate: make(chan struct{})}
	r, stop := running(t, func(c *reference.Config) { c.Store = store })
	c := client(t)
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
	// No more is accepted once it stops; what was accepted is still open.
	address := strings.TrimPrefix(strings.TrimSuffix(r.URL(), path), "http://")
	for {
		conn, err := new(net.Dialer).DialContext(t.Context(), "tcp", address)
		if err != nil {
			break
		}
		_ = conn.Close()
	}
	close(store.gate)
	if a := <-answers; a.code != 200 || a.err != nil {
		t.Errorf("the accepted delivery got %d, %v", a.code, a.err)
	}
	if err := <-stopped; err != nil {
		t.Errorf("Run = %v", err)
	}
	if store.late.Load() || !store.closed.Load() {
		t.Error("the store was closed too early, or not at all")
	}
}

func TestShutdownIsBounded(t *testing.T) {
	t.Parallel()
	store := &gatedStore{Store: sqlite(t), arrived: make(chan struct{}), gate: make(chan struct{})}
	r, stop := running(t, func(c *reference.Config) { c.Store, c.ShutdownTimeout = store, time.Millisecond })
	c := client(t)
	answered := make(chan error, 1)
	go func() {
		_, err := send(t, c, r.URL(), event("evt_1"))
		answered <- err
	}()
	<-store.arrived
	if err := stop(); !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("Run = %v, want a deadline", err)
	}
	if err := <-answered; err == nil {
		t.Error("an unfinished delivery was answered")
	}
	close(store.gate)
}

func TestHungStoreIsAnswered(t *testing.T) {
	t.Parallel()
	store := &gatedStore{Store: sqlite(t), arrived: make(chan struct{}, 2), gate: make(chan struct{})}
	r := newReceiver(t, func(c *reference.Config) { c.Store, c.StoreTimeout = store, time.Millisecond })
	status(t, r.signed(event("evt_1")), http.StatusServiceUnavailable)
	if e := r.effect("evt_1"); e.Processed != 0 {
		t.Errorf("effect = %+v", e)
	}
	close(store.gate)
	patient := newReceiver(t, func(c *reference.Config) { c.Store = store })
	status(t, patient.signed(event("evt_1")), http.StatusOK)
}

// raw sends bytes as they are and returns the statuses that come back until
// the receiver closes the connection.
func raw(t *testing.T, r *reference.Receiver, request string) []int {
	t.Helper()
	address := strings.TrimPrefix(strings.TrimSuffix(r.URL(), path), "http://")
	conn, err := new(net.Dialer).DialContext(t.Context(), "tcp", address)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = conn.Close() }()
	if _, err := io.WriteString(conn, request); err != nil {
		t.Fatal(err)
	}
	var statuses []int
	for reader := bufio.NewReader(conn); ; {
		res, err := http.ReadResponse(reader, nil)
		if err != nil {
			return statuses
		}
		_, _ = io.Copy(io.Discard, res.Body)
		_ = res.Body.Close()
		statuses = append(statuses, res.StatusCode)
	}
}

func TestSlowClientsAreCut(t *testing.T) {
	t.Parallel()
	body := event("evt_slow")
	head := "POST " + path + " HTTP/1.1\r\nHost: x\r\n" + header + ": " + sign(key, body) + "\r\n"
	for _, test := range []struct {
		name, request string
		head, whole   time.Duration
	}{
		// Without its own bound each would wait for the other's hour.
		{"in the head", head, 50 * time.Millisecond, time.Hour},
		{"in the body", head + fmt.Sprintf("Content-Length: %d\r\n\r\n%s", len(body), body[:20]), time.Hour, 50 * time.Millisecond},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			r, _ := running(t, func(c *reference.Config) {
				c.HeaderTimeout, c.ReadTimeout, c.WriteTimeout = test.head, test.whole, 2*time.Hour
			})
			for _, code := range raw(t, r, test.request) { // returns: the connection was closed
				if code != http.StatusRequestTimeout {
					t.Errorf("status = %d", code)
				}
			}
			if code, err := send(t, client(t), r.URL(), body); code != 200 || err != nil {
				t.Errorf("the whole event = %d, %v", code, err)
			}
		})
	}
}

func TestConnectionSurvivesRefusals(t *testing.T) {
	t.Parallel()
	r, _ := running(t, func(c *reference.Config) { c.IdleTimeout = 100 * time.Millisecond })
	var requests strings.Builder
	for i := range 20 {
		body := event(fmt.Sprint("evt_", i))
		signature := sign(key, body)
		switch i % 4 {
		case 1:
			signature = "forged"
		case 2:
			body = "garbage"
		}
		fmt.Fprintf(&requests, "POST %s HTTP/1.1\r\nHost: x\r\nx-claude-SIGNATURE: %s\r\nContent-Length: %d\r\n\r\n%s", path, signature, len(body), body)
	}
	statuses := raw(t, r, requests.String())
	if len(statuses) != 20 {
		t.Fatalf("%d answers on one connection, want 20", len(statuses))
	}
	for i, code := range statuses {
		want := http.StatusOK
		if i%4 == 1 || i%4 == 2 {
			want = http.StatusUnauthorized
		}
		if code != want {
			t.Errorf("answer %d = %d, want %d", i, code, want)
		}
	}
}

func TestCutBodyHasNoEffect(t *testing.T) {
	t.Parallel()
	store := sqlite(t)
	r, _ := running(t, func(c *reference.Config) { c.Store = store })
	body := event("evt_1")
	address := strings.TrimPrefix(strings.TrimSuffix(r.URL(), path), "http://")
	conn, err := new(net.Dialer).DialContext(t.Context(), "tcp", address)
	if err != nil {
		t.Fatal(err)
	}
	// The part that arrives carries a signature of its own.
	part := body[:len(body)/2]
	_, _ = fmt.Fprintf(conn, "POST %s HTTP/1.1\r\nHost: x\r\n%s: %s\r\nContent-Length: %d\r\n\r\n%s", path, header, sign(key, part), len(body), part)
	_ = conn.Close()
	if code, err := send(t, client(t), r.URL(), body); code != 200 || err != nil {
		t.Errorf("retry = %d, %v", code, err)
	}
	if effects, err := store.Effects(t.Context(), []string{"evt_1"}); err != nil || effects["evt_1"].Processed != 1 {
		t.Errorf("effects = %v, %v", effects, err)
	}
}

func TestPrunesAtStart(t *testing.T) {
	t.Parallel()
	store := &pruned{Store: sqlite(t), before: make(chan time.Time, 1)}
	running(t, func(c *reference.Config) { c.Store = store })
	if got, want := <-store.before, noon().Add(-90*24*time.Hour); !got.Equal(want) {
		t.Errorf("pruned what came before %v, want %v", got, want)
	}
}

type pruned struct {
	reference.Store
	before chan time.Time
}

func (p *pruned) Prune(_ context.Context, before time.Time) (int64, error) {
	p.before <- before
	return 0, nil
}

// BenchmarkDeliver sends signed events over real connections to a receiver on
// SQLite.
func BenchmarkDeliver(b *testing.B) {
	for _, connections := range []int{1, 8, 50} {
		b.Run(strconv.Itoa(connections), func(b *testing.B) {
			r, err := reference.New(reference.Config{Keys: []string{key}, Store: sqlite(b), Now: noon})
			if err != nil {
				b.Fatal(err)
			}
			ctx, cancel := context.WithCancel(context.Background())
			done := make(chan error, 1)
			go func() { done <- r.Run(ctx) }()
			<-r.Ready()
			transport := &http.Transport{MaxIdleConnsPerHost: connections}
			c := &http.Client{Transport: transport}
			var next atomic.Int64
			var wg sync.WaitGroup
			b.ResetTimer()
			for range connections {
				wg.Go(func() {
					for {
						n := next.Add(1)
						if n > int64(b.N) {
							return
						}
						body := event(fmt.Sprint("evt_", n))
						req, err := http.NewRequestWithContext(ctx, http.MethodPost, r.URL(), strings.NewReader(body))
						if err != nil {
							b.Error(err)
							return
						}
						req.Header.Set(header, sign(key, body))
						res, err := c.Do(req)
						if err != nil || res.StatusCode != http.StatusOK {
							b.Errorf("answer = %v, %v", res, err)
							return
						}
						_, _ = io.Copy(io.Discard, res.Body)
						_ = res.Body.Close()
					}
				})
			}
			wg.Wait()
			b.StopTimer()
			b.ReportMetric(float64(b.N)/b.Elapsed().Seconds(), "events/s")
			transport.CloseIdleConnections()
			cancel()
			if err := <-done; err != nil {
				b.Error(err)
			}
		})
	}
}
