package reference_test

import (
	"bytes"
	"context"
	"database/sql"
	"encoding/json"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"net/url"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"hookdrill/reference"
	"hookdrill/reference/sqlitestore"
)

const apiKey = "sk-ant-test-key"

// senderAPI plays the sender's API and notes what it is asked.
type senderAPI struct {
	*httptest.Server
	mu    sync.Mutex
	asked []string                                            // method, key and request URI
	reply func(n int, w http.ResponseWriter, r *http.Request) // n counts from 1; nil for a resource
}

func newSenderAPI(t *testing.T, reply func(n int, w http.ResponseWriter, r *http.Request)) *senderAPI {
	t.Helper()
	a := &senderAPI{reply: reply}
	a.Server = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		a.mu.Lock()
		a.asked = append(a.asked, r.Method+" "+r.Header.Get("X-Api-Key")+" "+r.RequestURI)
		n := len(a.asked)
		a.mu.Unlock()
		if a.reply != nil {
			a.reply(n, w, r)
			return
		}
		_, _ = io.WriteString(w, `{"id":"sesn_1"}`)
	}))
	t.Cleanup(a.Close)
	return a
}

func (a *senderAPI) calls() []string {
	a.mu.Lock()
	defer a.mu.Unlock()
	return slices.Clone(a.asked)
}

// thin is a receiver of thin events that runs beside an API.
type thin struct {
	t    *testing.T
	file string
	url  string
	log  *syncBuffer
	stop func() error
	http *http.Client
}

func newThin(t *testing.T, file, api string) *thin {
	t.Helper()
	store, err := sqlitestore.Open(t.Context(), file)
	if err != nil {
		t.Fatal(err)
	}
	base, err := url.Parse(api)
	if err != nil {
		t.Fatal(err)
	}
	log := new(syncBuffer)
	r, stop := running(t, func(c *reference.Config) {
		c.Contract, c.Keys, c.Store, c.Now = "claude-managed-agents", []string{secretOf('a')}, store, time.Now
		c.API, c.Logger = &reference.API{URL: base, Key: apiKey}, reference.NewLogger(log, slog.LevelDebug)
		c.Metrics = reference.NewMetrics("test")
	})
	return &thin{t: t, file: file, url: r.URL(), log: log, stop: stop, http: client(t)}
}

// send sends an event about a resource and returns the status.
func (r *thin) send(id, kind, resource string, key []byte) int {
	r.t.Helper()
	data, err := json.Marshal(map[string]string{"type": kind, "id": resource})
	if err != nil {
		r.t.Fatal(err)
	}
	body := `{"type":"event","id":"` + id + `","created_at":"2026-09-01T12:00:00Z","data":` + string(data) + `}`
	req, err := http.NewRequestWithContext(r.t.Context(), http.MethodPost, r.url, strings.NewReader(body))
	if err != nil {
		r.t.Fatal(err)
	}
	for name, value := range standardHeaders("webhook")(id, time.Now(), macOver(key, body)) {
		req.Header.Set(name, value)
	}
	resp, err := r.http.Do(req)
	if err != nil {
		r.t.Fatal(err)
	}
	_ = resp.Body.Close()
	return resp.StatusCode
}

// fetch waits until the fetch of an event has this state, and returns the
// resource and the attempts.
func (r *thin) fetch(id, state string) (resource string, attempts int) {
	r.t.Helper()
	db, err := sql.Open("sqlite", r.file)
	if err != nil {
		r.t.Fatal(err)
	}
	defer func() { _ = db.Close() }()
	ctx, cancel := context.WithTimeout(r.t.Context(), time.Minute)
	defer cancel()
	tick := time.NewTicker(20 * time.Millisecond)
	defer tick.Stop()
	var got, content sql.NullString
	for {
		err := db.QueryRowContext(ctx, `SELECT state, attempts, resource FROM webhook_fetches WHERE event_id = ?`, id).Scan(&got, &attempts, &content)
		if err == nil && got.String == state {
			return content.String, attempts
		}
		select {
		case <-tick.C:
		case <-ctx.Done():
			r.t.Fatalf("the fetch of %s is %q (%v), want %s\n%s", id, got.String, err, state, r.log)
		}
	}
}

func good() []byte { return keyOf(secretOf('a'), true) }

func TestThinEvent(t *testing.T) {
	t.Parallel()
	api := newSenderAPI(t, nil)
	r := newThin(t, filepath.Join(t.TempDir(), "events.db"), api.URL+"/base/")
	if code := r.send("whe_forged", "session.updated", "sesn_1", []byte("other")); code != http.StatusUnauthorized {
		t.Fatalf("forged: %d", code)
	}
	for range 3 {
		if code := r.send("whe_1", "session.updated", "sesn_1", good()); code != http.StatusOK {
			t.Fatalf("status = %d", code)
		}
	}
	if code := r.send("whe_2", "session.deleted", "sesn_1", good()); code != http.StatusOK {
		t.Fatalf("status = %d", code)
	}
	if resource, attempts := r.fetch("whe_1", "fetched"); resource != `{"id":"sesn_1"}` || attempts != 1 {
		t.Errorf("fetched %q in %d attempts", resource, attempts)
	}
	if err := r.stop(); err != nil {
		t.Fatal(err)
	}
	// One call for one event, none for its copies, the forgery and what is deleted.
	if calls := api.calls(); !slices.Equal(calls, []string{"GET " + apiKey + " /base/v1/sessions/sesn_1"}) {
		t.Errorf("calls: %q", calls)
	}
	if strings.Contains(r.log.String(), apiKey) {
		t.Error("the log shows the API's key")
	}
}

// TestHostileResource: an id that would lead elsewhere leads nowhere, and its
// event is taken like others.
func TestHostileResource(t *testing.T) {
	t.Parallel()
	api := newSenderAPI(t, nil)
	r := newThin(t, filepath.Join(t.TempDir(), "events.db"), api.URL)
	for i, id := range []string{"../agents/a", "..", "%2e%2e", "x?y", "x#y", "@" + strings.TrimPrefix(api.URL, "http://"), "x/../../y", "//host", "x\r\ny"} {
		if code := r.send(fmt.Sprint("whe_", i), "session.updated", id, good()); code != http.StatusOK {
			t.Errorf("%q: %d", id, code)
		}
	}
	if code := r.send("whe_last", "agent.created", "agent_1", good()); code != http.StatusOK {
		t.Fatalf("status = %d", code)
	}
	r.fetch("whe_last", "fetched")
	if calls := api.calls(); !slices.Equal(calls, []string{"GET " + apiKey + " /v1/agents/agent_1"}) {
		t.Errorf("calls: %q", calls)
	}
}

// TestFetchFails: a resource that is gone is no failure, one that cannot be had
// now is fetched later, and nobody waits for either.
func TestFetchFails(t *testing.T) {
	t.Parallel()
	elsewhere := newSenderAPI(t, nil)
	for _, test := range []struct {
		name     string
		reply    func(n int, w http.ResponseWriter, r *http.Request)
		state    string
		attempts int
	}{
		{"gone", func(_ int, w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusNotFound) }, "gone", 1},
		{"500", func(n int, w http.ResponseWriter, _ *http.Request) {
			if n == 1 {
				w.WriteHeader(http.StatusInternalServerError)
			}
			_, _ = io.WriteString(w, `{}`)
		}, "fetched", 2},
		{"429", func(n int, w http.ResponseWriter, _ *http.Request) {
			if n == 1 {
				w.Header().Set("Retry-After", "1")
				w.WriteHeader(http.StatusTooManyRequests)
			}
			_, _ = io.WriteString(w, `{}`)
		}, "fetched", 2},
		{"no JSON", func(n int, w http.ResponseWriter, _ *http.Request) {
			_, _ = io.WriteString(w, []string{"<html>", `{}`}[min(n-1, 1)])
		}, "fetched", 2},
		{"a redirect", func(n int, w http.ResponseWriter, r *http.Request) {
			if n == 1 {
				http.Redirect(w, r, elsewhere.URL+"/v1/sessions/sesn_1", http.StatusFound)
				return
			}
			_, _ = io.WriteString(w, `{}`)
		}, "fetched", 2},
		{"cut off", func(n int, w http.ResponseWriter, _ *http.Request) {
			if n == 1 {
				panic(http.ErrAbortHandler)
			}
			_, _ = io.WriteString(w, `{}`)
		}, "fetched", 2},
		{"too large", func(_ int, w http.ResponseWriter, _ *http.Request) {
			_, _ = w.Write(append(append([]byte{'"'}, bytes.Repeat([]byte("x"), 1<<20)...), '"'))
		}, "failed", 1},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			r := newThin(t, filepath.Join(t.TempDir(), "events.db"), newSenderAPI(t, test.reply).URL)
			if code := r.send("whe_1", "session.updated", "sesn_1", good()); code != http.StatusOK {
				t.Fatalf("status = %d", code)
			}
			if _, attempts := r.fetch("whe_1", test.state); attempts != test.attempts {
				t.Errorf("%d attempts, want %d", attempts, test.attempts)
			}
		})
	}
	t.Cleanup(func() { // after the parallel ones
		if calls := elsewhere.calls(); len(calls) > 0 {
			t.Errorf("a redirect was followed: %q", calls)
		}
	})
}

// TestFetchOutlivesTheReceiver: what was acknowledged is fetched for by the next
// one, if this one ends before.
func TestFetchOutlivesTheReceiver(t *testing.T) {
	t.Parallel()
	file := filepath.Join(t.TempDir(), "events.db")
	asked, release := make(chan struct{}, 100), make(chan struct{})
	down := newSenderAPI(t, func(n int, w http.ResponseWriter, _ *http.Request) {
		if n == 1 {
			w.WriteHeader(http.StatusServiceUnavailable)
			asked <- struct{}{}
			return
		}
		<-release // an API that hangs holds up no delivery
	})
	defer close(release)
	first := newThin(t, file, down.URL)
	for i := range 20 {
		if code := first.send(fmt.Sprint("whe_", i), "session.updated", fmt.Sprint("sesn_", i), good()); code != http.StatusOK {
			t.Fatalf("status = %d", code)
		}
	}
	<-asked
	if err := first.stop(); err != nil {
		t.Fatal(err)
	}
	// Those that the first held are due again after their lease; this test does
	// not wait for it.
	db, err := sql.Open("sqlite", file)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := db.ExecContext(t.Context(), `UPDATE webhook_fetches SET due_at = 0`); err != nil {
		t.Fatal(err)
	}
	_ = db.Close()
	api := newSenderAPI(t, nil)
	second := newThin(t, file, api.URL)
	for i := range 20 {
		second.fetch(fmt.Sprint("whe_", i), "fetched")
	}
	if calls := api.calls(); len(calls) != 20 {
		t.Errorf("%d calls, want one each for 20 events", len(calls))
	}
}
