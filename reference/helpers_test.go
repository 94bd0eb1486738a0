package reference_test

import (
	"bytes"
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"go.uber.org/goleak"

	"hookdrill/reference"
	"hookdrill/reference/sqlitestore"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

const (
	key         = "whsec_current_key"
	previousKey = "whsec_previous_key"
	header      = "X-Claude-Signature"
	path        = "/webhooks/claude"
)

func noon() time.Time { return time.Date(2026, 9, 1, 12, 0, 0, 0, time.UTC) }

func sign(secret, body string) string {
	mac := hmac.New(sha256.New, []byte(secret))
	mac.Write([]byte(body))
	return hex.EncodeToString(mac.Sum(nil))
}

// event is a plain event, stamped at noon.
func event(id string) string { return eventAt(id, noon().Format(time.RFC3339)) }

func eventAt(id, timestamp string) string {
	return `{"id":"` + id + `","type":"agent.task.completed","timestamp":"` + timestamp +
		`","data":{"task_id":"task_` + id + `","result":{"n":1}}}`
}

func sqlite(t testing.TB) *sqlitestore.Store {
	t.Helper()
	store, err := sqlitestore.Open(context.Background(), filepath.Join(t.TempDir(), "events.db"))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = store.Close() })
	return store
}

// brokenStore panics with, or else returns, what it is given.
type brokenStore struct {
	err   error
	panic any
}

func (s brokenStore) fail() error {
	if s.panic != nil {
		panic(s.panic)
	}
	return s.err
}

func (s brokenStore) Record(context.Context, reference.Event) (reference.Outcome, error) {
	return 0, s.fail()
}

func (s brokenStore) Effects(context.Context, []string) (map[string]reference.Effect, error) {
	return nil, s.fail()
}

func (s brokenStore) Prune(context.Context, time.Time) (int64, error) { return 0, s.err }
func (s brokenStore) Ping(context.Context) error                      { return s.err }
func (s brokenStore) Close() error                                    { return nil }

var errBroken = errors.New("the database is gone")

// syncBuffer is a log that may be read while it is written.
type syncBuffer struct {
	mu  sync.Mutex
	buf bytes.Buffer
}

func (b *syncBuffer) Write(p []byte) (int, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.buf.Write(p)
}

func (b *syncBuffer) String() string {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.buf.String()
}

// receiver is a handler under test: its clock stands at noon.
type receiver struct {
	t       *testing.T
	handler http.Handler
	store   reference.Store
	log     *syncBuffer
}

func newReceiver(t *testing.T, set ...func(*reference.Config)) *receiver {
	t.Helper()
	log := new(syncBuffer)
	cfg := reference.Config{
		Keys: []string{key, previousKey}, Probe: true, Now: noon,
		Logger: reference.NewLogger(log, slog.LevelDebug),
	}
	for _, s := range set {
		s(&cfg)
	}
	if cfg.Store == nil {
		cfg.Store = sqlite(t)
	}
	handler, err := reference.NewHandler(cfg)
	if err != nil {
		t.Fatal(err)
	}
	return &receiver{t: t, handler: handler, store: cfg.Store, log: log}
}

func (r *receiver) do(req *http.Request) *httptest.ResponseRecorder {
	rec := httptest.NewRecorder()
	r.handler.ServeHTTP(rec, req)
	return rec
}

// post sends body with these signatures.
func (r *receiver) post(body string, signatures ...string) *httptest.ResponseRecorder {
	req := httptest.NewRequestWithContext(r.t.Context(), http.MethodPost, path, strings.NewReader(body))
	req.Header[http.CanonicalHeaderKey(header)] = signatures
	return r.do(req)
}

// signed sends body, signed as it should be.
func (r *receiver) signed(body string) *httptest.ResponseRecorder {
	return r.post(body, sign(key, body))
}

func (r *receiver) get(url string) *httptest.ResponseRecorder {
	return r.do(httptest.NewRequestWithContext(r.t.Context(), http.MethodGet, url, http.NoBody))
}

// effect is what the store says about one event.
func (r *receiver) effect(id string) reference.Effect {
	r.t.Helper()
	effects, err := r.store.Effects(r.t.Context(), []string{id})
	if err != nil {
		r.t.Fatal(err)
	}
	return effects[id]
}

// lines are the log's lines, each of which must be a JSON object.
func (r *receiver) lines() []map[string]any {
	r.t.Helper()
	var lines []map[string]any
	decoder := json.NewDecoder(strings.NewReader(r.log.String()))
	for {
		var line map[string]any
		if err := decoder.Decode(&line); errors.Is(err, io.EOF) {
			return lines
		} else if err != nil {
			r.t.Fatalf("the log is no JSON: %v", err)
		}
		lines = append(lines, line)
	}
}

func status(t *testing.T, rec *httptest.ResponseRecorder, want int) {
	t.Helper()
	if rec.Code != want {
		t.Errorf("status = %d %s, want %d", rec.Code, rec.Body, want)
	}
}
