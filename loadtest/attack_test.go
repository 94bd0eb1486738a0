package loadtest

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"go.uber.org/goleak"

	"hookdrill/contract"
	"hookdrill/mockclaude"
)

func TestMain(m *testing.M) {
	// It looks for idle connections, sleeps in between, and ends when there are none.
	goleak.VerifyTestMain(m, goleak.IgnoreAnyFunction("github.com/valyala/fasthttp.(*HostClient).connsCleaner"))
}

const testKey = "whsec_load"

// receiver verifies and counts what it gets.
type receiver struct {
	t       testing.TB
	effects sync.Map // by id
	answer  func(w http.ResponseWriter, id string)
	seen    atomic.Int64
}

func (r *receiver) ServeHTTP(w http.ResponseWriter, q *http.Request) {
	r.seen.Add(1)
	body, err := io.ReadAll(q.Body)
	if err != nil {
		return
	}
	mac := hmac.New(sha256.New, []byte(testKey))
	mac.Write(body)
	if hex.EncodeToString(mac.Sum(nil)) != q.Header.Get("X-Claude-Signature") {
		w.WriteHeader(http.StatusUnauthorized)
		return
	}
	var e struct {
		ID        string    `json:"id"`
		Timestamp time.Time `json:"timestamp"`
	}
	if err := json.Unmarshal(body, &e); err != nil {
		r.t.Errorf("%v: %s", err, body)
	}
	if time.Since(e.Timestamp) > 5*time.Minute {
		w.WriteHeader(http.StatusBadRequest)
		return
	}
	n, _ := r.effects.LoadOrStore(e.ID, new(atomic.Int64))
	n.(*atomic.Int64).Add(1)
	if r.answer != nil {
		r.answer(w, e.ID)
	}
}

func start(t testing.TB, h http.Handler) *url.URL {
	t.Helper()
	s := httptest.NewServer(h)
	t.Cleanup(s.Close)
	u, err := url.Parse(s.URL + "/hook")
	if err != nil {
		t.Fatal(err)
	}
	return u
}

func testLoad(t testing.TB, target *url.URL, with ...func(*Config)) *Load {
	t.Helper()
	c, err := contract.Load("claude")
	if err != nil {
		t.Fatal(err)
	}
	cfg := Config{Target: target, Contract: c, Keys: mockclaude.Keys{Current: []byte(testKey)}, Seed: 5}
	for _, change := range with {
		change(&cfg)
	}
	l, err := New(cfg)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(l.Close)
	return l
}

func run(t testing.TB, l *Load, p Phase) *Result {
	t.Helper()
	r, err := l.Run(t.Context(), p)
	if err != nil {
		t.Fatal(err)
	}
	return r
}

// TestLoad sends a mix, with both clients, and compares what the receiver saw with
// what the load says.
func TestLoad(t *testing.T) {
	t.Parallel()
	for name, ordinary := range map[string]bool{"lean": false, "ordinary": true} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			rec := &receiver{t: t, answer: func(w http.ResponseWriter, _ string) { w.Header().Set("Server-Timing", "db;dur=1, process;dur=2.5") }}
			l := testLoad(t, start(t, rec), func(c *Config) {
				c.Mix, c.Ordinary = Mix{80, 10, 6, 4}, ordinary
			})
			first := run(t, l, Steady(400, 500*time.Millisecond))
			r := run(t, l, Steady(500, time.Second))
			if first.Sent != 200 || r.InTime > r.Sent || r.Sent != 500 || r.Asked != 500 || r.First != 200 || int64(first.Sent+r.Sent) != rec.seen.Load() {
				t.Fatalf("sent %d and %d of %d, from %d; the receiver saw %d", first.Sent, r.Sent, r.Asked, r.First, rec.seen.Load())
			}
			total := uint64(0)
			for c, o := range r.Classes {
				if o == nil {
					t.Errorf("no %s", Class(c))
					continue
				}
				total += o.Sent
				if want := map[bool]uint64{true: 0, false: o.Sent}[Class(c).Refused()]; o.Accepted() != want || o.Failed() > 0 {
					t.Errorf("%s: %d of %d accepted, errors %v", Class(c), o.Accepted(), o.Sent, o.Errors)
				}
				if uint64(o.Latency.TotalCount()) != o.Sent || uint64(o.Service.TotalCount()) != o.Sent {
					t.Errorf("%s: %d latencies of %d", Class(c), o.Latency.TotalCount(), o.Sent)
				}
			}
			if total != r.Sent {
				t.Errorf("%d requests in classes, want %d", total, r.Sent)
			}
			if got := r.Processing.ValueAtQuantile(50); got < 2450 || got > 2550 {
				t.Errorf("processing takes %d µs, want 2500", got)
			}
			entries, bad := 0, 0
			for e := range r.Ledger.All() {
				entries++
				n, known := rec.effects.Load(e.ID)
				if e.Bad {
					bad++
				}
				if known == e.Bad || e.Acknowledged == e.Bad {
					t.Errorf("%+v, and the receiver has it: %t", e, known)
				}
				if known && n.(*atomic.Int64).Load() < 1 {
					t.Errorf("%+v had no effect", e)
				}
			}
			if dup := r.Classes[Duplicate].Sent; uint64(entries) != r.Sent-dup || uint64(bad) != r.Classes[Forged].Sent+r.Classes[Stale].Sent {
				t.Errorf("%d events in the ledger, %d of them bad; sent %d requests, %d of them duplicates", entries, bad, r.Sent, dup)
			}
			asked := uint64(0)
			for _, s := range r.Seconds {
				asked += s.Asked
			}
			if asked != r.Asked {
				t.Errorf("the seconds have %d of %d", asked, r.Asked)
			}
		})
	}
}

// TestNoAnswer: what is no answer is told apart, and is in the latencies.
func TestNoAnswer(t *testing.T) {
	t.Parallel()
	dead := httptest.NewServer(http.NotFoundHandler())
	dead.Close()
	u, err := url.Parse(dead.URL)
	if err != nil {
		t.Fatal(err)
	}
	cut := http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		conn, _, err := http.NewResponseController(w).Hijack()
		if err != nil {
			t.Error(err)
			return
		}
		_ = conn.Close()
	})
	for _, ordinary := range []bool{false, true} {
		for want, target := range map[string]*url.URL{
			errRefused: u,
			errTimeout: start(t, http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
				_, _ = io.Copy(io.Discard, r.Body)
				<-r.Context().Done()
			})),
			errSevered: start(t, cut),
		} {
			limit := 10 * time.Second
			if want == errTimeout {
				limit = 150 * time.Millisecond
			}
			l := testLoad(t, target, func(c *Config) { c.Timeout, c.Ordinary = limit, ordinary })
			o := run(t, l, Steady(50, 200*time.Millisecond)).Classes[Valid]
			if o.Errors[want] != 10 || o.Failed() != 10 || o.Latency.TotalCount() != 10 {
				t.Errorf("ordinary %t, %s: %v, %d latencies", ordinary, want, o.Errors, o.Latency.TotalCount())
			}
		}
	}
}

func TestProcessing(t *testing.T) {
	t.Parallel()
	for header, want := range map[string]time.Duration{
		"process;dur=0.782":                 782 * time.Microsecond,
		`db;dur=3, process;desc="x";dur=20`: 20 * time.Millisecond,
		"db;dur=3.5, cache;dur=1":           3500 * time.Microsecond,
		"":                                  -1,
		"process":                           -1,
		"process;dur=NaN":                   -1,
		"process;dur=-1, x;dur=1e99":        -1,
	} {
		d, ok := processing(header)
		if !ok {
			d = -1
		}
		if d != want {
			t.Errorf("processing(%q) = %v, want %v", header, d, want)
		}
	}
}
