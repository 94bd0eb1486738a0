package reference_test

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"go.opentelemetry.io/otel/codes"
	sdktrace "go.opentelemetry.io/otel/sdk/trace"
	"go.opentelemetry.io/otel/sdk/trace/tracetest"
	"go.opentelemetry.io/otel/trace"

	"hookdrill/reference"
)

// traced is a receiver whose spans are recorded.
func traced(t *testing.T, set ...func(*reference.Config)) (*receiver, *tracetest.SpanRecorder) {
	t.Helper()
	spans := tracetest.NewSpanRecorder()
	provider := sdktrace.NewTracerProvider(sdktrace.WithSpanProcessor(spans))
	r := newReceiver(t, append(set, func(c *reference.Config) { c.Tracer = provider })...)
	return r, spans
}

func TestTraces(t *testing.T) {
	t.Parallel()
	r, spans := traced(t)
	body := event("evt_1")
	status(t, r.signed(body), http.StatusOK)
	status(t, r.post(body, "forged"), http.StatusUnauthorized)
	status(t, r.signed(`{"id":"evt_2","type":"evil","timestamp":"2026-09-01T12:00:00Z"}`), http.StatusOK)

	var got []string
	for _, span := range spans.Ended() {
		words := []string{span.Name()}
		for _, attr := range span.Attributes() {
			words = append(words, string(attr.Key)+"="+attr.Value.String())
		}
		got = append(got, strings.Join(words, " "))
	}
	want := []string{
		"verify",
		"dedupe hookdrill.outcome=new",
		"webhook delivery hookdrill.event_type=agent.task.completed hookdrill.outcome=processed http.response.status_code=200",
		"verify",
		"webhook delivery hookdrill.outcome=unauthorized http.response.status_code=401",
		"verify",
		"dedupe hookdrill.outcome=new",
		"webhook delivery hookdrill.event_type=other hookdrill.outcome=ignored http.response.status_code=200",
	}
	if strings.Join(got, "\n") != strings.Join(want, "\n") {
		t.Errorf("spans:\n%s\nwant:\n%s", strings.Join(got, "\n"), strings.Join(want, "\n"))
	}
	ended := spans.Ended()
	for _, child := range ended[:2] {
		if child.Parent().SpanID() != ended[2].SpanContext().SpanID() {
			t.Errorf("%s is no child of the delivery", child.Name())
		}
	}
	if ended[2].SpanKind() != trace.SpanKindServer {
		t.Errorf("kind = %v", ended[2].SpanKind())
	}
	secretFree(t, ended, body)
}

// secretFree looks for what no span may hold.
func secretFree(t *testing.T, spans []sdktrace.ReadOnlySpan, body string) {
	t.Helper()
	if len(spans) == 0 {
		t.Error("no spans")
	}
	for _, stub := range tracetest.SpanStubsFromReadOnlySpans(spans) {
		stub.Resource = nil
		text := fmt.Sprintf("%+v", stub)
		for _, secret := range []string{key, previousKey, sign(key, body), "forged", `"n"`, "evil", "evt_", "task_"} {
			if strings.Contains(text, secret) {
				t.Errorf("a span holds %q: %s", secret, text)
			}
		}
	}
}

// TestSendersTraceIsLinked: whoever sends a traceparent decides nothing.
func TestSendersTraceIsLinked(t *testing.T) {
	t.Parallel()
	r, spans := traced(t)
	body := event("evt_1")
	req := httptest.NewRequestWithContext(t.Context(), http.MethodPost, path, strings.NewReader(body))
	req.Header.Set(header, sign(key, body))
	req.Header.Set("Traceparent", "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-00") // not sampled
	req.Header.Set("Tracestate", "vendor=evil")
	status(t, r.do(req), http.StatusOK)
	ended := spans.Ended()
	if len(ended) != 3 {
		t.Fatalf("%d spans, want 3: the sender turned sampling off", len(ended))
	}
	delivery := ended[2]
	if delivery.Parent().IsValid() || len(delivery.Links()) != 1 ||
		delivery.Links()[0].SpanContext.TraceID().String() != "0af7651916cd43dd8448eb211c80319c" {
		t.Errorf("parent = %v, links = %v", delivery.Parent(), delivery.Links())
	}
	secretFree(t, ended, body)
}

func TestFailuresAreTraced(t *testing.T) {
	t.Parallel()
	for name, store := range map[string]brokenStore{
		"unavailable": {err: fmt.Errorf("%w: %s", errBroken, key)}, "panic": {panic: "payload with " + key},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			r, spans := traced(t, func(c *reference.Config) { c.Store = store })
			body := event("evt_1")
			r.signed(body)
			ended := spans.Ended()
			if len(ended) != 3 {
				t.Fatalf("%d spans, want 3", len(ended))
			}
			for _, span := range ended[1:] {
				if span.Status().Code != codes.Error {
					t.Errorf("%s: status = %v", span.Name(), span.Status())
				}
			}
			secretFree(t, ended, body)
		})
	}
}
