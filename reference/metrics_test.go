package reference_test

import (
	"context"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	dto "github.com/prometheus/client_model/go"

	"hookdrill/reference"
)

// value is the value of one metric: of a histogram, how much was observed.
func value(t *testing.T, m *reference.Metrics, name string, labels ...string) float64 {
	t.Helper()
	families, err := m.Gatherer().Gather()
	if err != nil {
		t.Fatal(err)
	}
	for _, family := range families {
		if family.GetName() != name {
			continue
		}
	metrics:
		for _, metric := range family.GetMetric() {
			for pair := range slices.Chunk(labels, 2) {
				if !slices.ContainsFunc(metric.GetLabel(), func(l *dto.LabelPair) bool { return l.GetName() == pair[0] && l.GetValue() == pair[1] }) {
					continue metrics
				}
			}
			return metric.GetCounter().GetValue() + metric.GetGauge().GetValue() + float64(metric.GetHistogram().GetSampleCount())
		}
	}
	t.Fatalf("no metric %s %v", name, labels)
	return 0
}

// until waits for something that comes true by itself.
func until(t *testing.T, what func() bool) {
	t.Helper()
	tick := time.NewTicker(5 * time.Millisecond)
	defer tick.Stop()
	deadline := time.After(30 * time.Second)
	for !what() {
		select {
		case <-tick.C:
		case <-deadline:
			t.Fatal("it did not come true within 30 s")
		}
	}
}

func TestMetrics(t *testing.T) {
	t.Parallel()
	m := reference.NewMetrics("1.2.3")
	store := &gatedStore{Store: sqlite(t), arrived: make(chan struct{}, 10), gate: make(chan struct{})}
	r := newReceiver(t, func(c *reference.Config) { c.Metrics, c.Store, c.MaxInFlight = m, store, 1 })
	done := make(chan struct{})
	go func() {
		defer close(done)
		r.signed(event("evt_1"))
	}()
	<-store.arrived
	if got := value(t, m, "hookdrill_receiver_in_flight"); got != 1 {
		t.Errorf("in flight = %v", got)
	}
	r.signed(event("evt_2")) // overloaded
	close(store.gate)
	<-done

	body := event("evt_1")
	r.signed(body)                                                                          // duplicate
	r.signed(`{"id":"evt_3","type":"evil{label}","timestamp":"2026-09-01T12:00:00Z"}`)      // ignored
	r.post(body, "forged")                                                                  // unauthorized
	r.post(body)                                                                            // unauthorized
	r.signed(`{}`)                                                                          // malformed
	r.signed(eventAt("evt_4", "2020-01-01T00:00:00Z"))                                      // stale
	r.signed(`{"id":"evt_5","type":"x","data":"` + strings.Repeat("a", 1<<20) + `"}`)       // too_large
	r.get(path)                                                                             // method_not_allowed
	r.get("/elsewhere")                                                                     // not_found
	r.do(cut(t, body))                                                                      // incomplete
	for _, broken := range []brokenStore{{err: errBroken}, {panic: "oops"}, {panic: key}} { // unavailable, panic
		other := newReceiver(t, func(c *reference.Config) { c.Metrics, c.Store = reference.NewMetrics("x"), broken })
		other.signed(body)
	}
	for outcome, want := range map[string]float64{
		"processed": 1, "duplicate": 1, "ignored": 1, "accepted": 0, "unauthorized": 2, "malformed": 1, "stale": 1, "too_large": 1,
		"incomplete": 1, "overloaded": 1, "unavailable": 0, "method_not_allowed": 1, "not_found": 1, "panic": 0,
	} {
		if got := value(t, m, "hookdrill_receiver_deliveries_total", "outcome", outcome); got != want {
			t.Errorf("%s = %v, want %v", outcome, got, want)
		}
	}
	for _, test := range []struct {
		name   string
		labels []string
		want   float64
	}{
		{"delivery_seconds", []string{"class", "2xx"}, 3},
		{"delivery_seconds", []string{"class", "4xx"}, 7},
		{"delivery_seconds", []string{"class", "5xx"}, 1},
		{"processing_seconds", nil, 6},
		{"store_seconds", nil, 3},
		{"events_total", []string{"type", "agent.task.completed"}, 2},
		{"events_total", []string{"type", "other"}, 1},
		{"last_accepted_timestamp_seconds", nil, float64(noon().Unix())},
		{"in_flight", nil, 0},
		{"in_flight_limit", nil, 1},
		{"large_bodies_limit", nil, 64},
		{"ready", nil, 1},
		{"build_info", []string{"version", "1.2.3"}, 1},
	} {
		if got := value(t, m, "hookdrill_receiver_"+test.name, test.labels...); got != test.want {
			t.Errorf("%s %v = %v, want %v", test.name, test.labels, got, test.want)
		}
	}
	rec := httptest.NewRecorder()
	m.Handler().ServeHTTP(rec, httptest.NewRequestWithContext(t.Context(), http.MethodGet, "/metrics", http.NoBody))
	for _, forbidden := range []string{"evil", "evt_", "task_", key, sign(key, body)} {
		if strings.Contains(rec.Body.String(), forbidden) {
			t.Errorf("the metrics hold %q, which came off the wire", forbidden)
		}
	}
}

// cut is a request whose body ends too early.
func cut(t *testing.T, body string) *http.Request {
	t.Helper()
	req := httptest.NewRequestWithContext(t.Context(), http.MethodPost, path, io.MultiReader(strings.NewReader(body[:10])))
	req.ContentLength = int64(len(body))
	req.Header.Set(header, sign(key, body))
	return req
}

func TestFailuresAreCounted(t *testing.T) {
	t.Parallel()
	for outcome, store := range map[string]brokenStore{"unavailable": {err: errBroken}, "panic": {panic: key}} {
		m := reference.NewMetrics("test")
		r := newReceiver(t, func(c *reference.Config) { c.Metrics, c.Store = m, store })
		r.signed(event("evt_1"))
		if got := value(t, m, "hookdrill_receiver_deliveries_total", "outcome", outcome); got != 1 {
			t.Errorf("%s = %v", outcome, got)
		}
		if got := value(t, m, "hookdrill_receiver_delivery_seconds", "class", "5xx"); got != 1 {
			t.Errorf("%s: 5xx = %v", outcome, got)
		}
	}
}

// measuredStore has a metric of its own.
type measuredStore struct {
	reference.Store
	prometheus.Collector
}

func TestStoresMetricsJoin(t *testing.T) {
	t.Parallel()
	own := prometheus.NewGauge(prometheus.GaugeOpts{Name: "hookdrill_receiver_backlog_oldest_seconds", Help: "x"})
	own.Set(7)
	m := reference.NewMetrics("test")
	newReceiver(t, func(c *reference.Config) { c.Metrics, c.Store = m, measuredStore{sqlite(t), own} })
	if got := value(t, m, "hookdrill_receiver_backlog_oldest_seconds"); got != 7 {
		t.Errorf("the store's metric = %v", got)
	}
	cfg := reference.Config{Keys: []string{key}, Store: sqlite(t), Metrics: m}
	if _, err := reference.NewHandler(cfg); err == nil {
		t.Error("two handlers share their metrics")
	}
	if _, err := reference.New(cfg); err == nil {
		t.Error("a handler and a receiver share their metrics")
	}
}

// acceptingStore puts every effect off.
type acceptingStore struct{ brokenStore }

func (acceptingStore) Record(context.Context, reference.Event) (reference.Outcome, error) {
	return reference.OutcomeAccepted, nil
}

func TestAcceptedForLater(t *testing.T) {
	t.Parallel()
	m := reference.NewMetrics("test")
	r := newReceiver(t, func(c *reference.Config) { c.Metrics, c.Store = m, acceptingStore{} })
	rec := r.signed(event("evt_1"))
	if rec.Code != http.StatusOK || rec.Body.String() != `{"status":"accepted"}` {
		t.Errorf("answer = %d %s", rec.Code, rec.Body)
	}
	if got := value(t, m, "hookdrill_receiver_deliveries_total", "outcome", "accepted"); got != 1 {
		t.Errorf("accepted = %v", got)
	}
	if out := fmt.Sprint(reference.OutcomeAccepted, reference.OutcomeNew, reference.Outcome(0)); out != "accepted new unknown" {
		t.Errorf("outcomes are called %s", out)
	}
}
