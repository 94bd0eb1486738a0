package pgstore_test

import (
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	sdktrace "go.opentelemetry.io/otel/sdk/trace"
	"go.opentelemetry.io/otel/sdk/trace/tracetest"

	"hookdrill/internal/pgtest"
	"hookdrill/reference/pgstore"
)

// gauge returns the value of a metric with a label's value, "" for any.
func gauge(t *testing.T, registry *prometheus.Registry, name, label string) (float64, bool) {
	t.Helper()
	families, err := registry.Gather()
	if err != nil {
		t.Fatal(err)
	}
	for _, f := range families {
		if f.GetName() != name {
			continue
		}
		for _, m := range f.GetMetric() {
			if label == "" || len(m.GetLabel()) == 1 && m.GetLabel()[0].GetValue() == label {
				return m.GetGauge().GetValue() + m.GetCounter().GetValue() + float64(m.GetHistogram().GetSampleCount()), true
			}
		}
	}
	return 0, false
}

func TestMetrics(t *testing.T) {
	t.Parallel()
	url := pgtest.URL(t)
	store := open(t, pgstore.Config{URL: url, Mode: pgstore.ModeQueue, MaxAttempts: 1})
	execSQL(t, url, broken)
	for _, id := range []string{"evt_7", "evt_8"} {
		if _, err := store.Record(t.Context(), event(id)); err != nil {
			t.Fatal(err)
		}
	}
	if err := store.Drain(t.Context()); err != nil {
		t.Fatal(err)
	}
	registry := prometheus.NewPedanticRegistry()
	registry.MustRegister(store)
	for _, tt := range []struct {
		name, label string
		least, most float64
	}{
		{"hookdrill_receiver_backlog", "discarded", 1, 1},
		{"hookdrill_receiver_backlog", "available", 0, 0},
		{"hookdrill_receiver_backlog_oldest_seconds", "", 0, 0},
		{"hookdrill_receiver_batch_events", "", 1, 2},
		{"hookdrill_receiver_store_errors_total", "", 0, 0},
		{"hookdrill_receiver_pool_connections_limit", "", 10, 100},
		{"hookdrill_receiver_pool_connections", "idle", 0, 100},
		{"hookdrill_receiver_pool_waits_total", "", 0, 1000},
		{"hookdrill_receiver_audit_partitions_ahead", "", 8, 8},
	} {
		if got, ok := gauge(t, registry, tt.name, tt.label); !ok || got < tt.least || got > tt.most {
			t.Errorf("%s{%s} = %v, %v; want %v to %v", tt.name, tt.label, got, ok, tt.least, tt.most)
		}
	}
}

// TestSpans: each traced delivery has a span of its effect, in its own trace in
// transaction mode.
func TestSpans(t *testing.T) {
	t.Parallel()
	for _, mode := range []pgstore.Mode{pgstore.ModeTransaction, pgstore.ModeQueue} {
		t.Run(string(mode), func(t *testing.T) {
			t.Parallel()
			recorder := tracetest.NewSpanRecorder()
			provider := sdktrace.NewTracerProvider(sdktrace.WithSpanProcessor(recorder))
			store := open(t, pgstore.Config{URL: pgtest.URL(t), Mode: mode, Tracer: provider})
			ctx, parent := provider.Tracer("test").Start(t.Context(), "dedupe")
			if _, err := store.Record(ctx, event("evt_1")); err != nil {
				t.Fatal(err)
			}
			parent.End()
			if err := store.Drain(t.Context()); err != nil {
				t.Fatal(err)
			}
			if err := store.Close(); err != nil { // which waits for workers
				t.Fatal(err)
			}
			found := 0
			for _, span := range recorder.Ended() {
				if span.Name() != "process" {
					continue
				}
				found++
				if mode == pgstore.ModeTransaction && span.Parent().SpanID() != parent.SpanContext().SpanID() {
					t.Error("the span is not a child of the delivery's")
				}
				if d := span.EndTime().Sub(span.StartTime()); d <= 0 || d > time.Minute {
					t.Errorf("it took %v", d)
				}
			}
			if found != 1 {
				t.Errorf("%d spans, want 1", found)
			}
		})
	}
}
