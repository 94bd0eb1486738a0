package reference

import (
	"context"
	"net/http"

	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/codes"
	"go.opentelemetry.io/otel/propagation"
	"go.opentelemetry.io/otel/trace"
)

// tracerName names the receiver to whoever reads its spans.
const tracerName = "hookdrill/reference"

// traceDelivery begins the span "webhook delivery". The trace that the sender
// says the request belongs to is linked and not joined: it is read before the
// signature, and anybody could decide what is sampled, or write into any trace.
// Its tracestate, which is free text, is left behind.
func (h *handler) traceDelivery(ctx context.Context, r *http.Request) (context.Context, trace.Span) {
	options := []trace.SpanStartOption{trace.WithSpanKind(trace.SpanKindServer)}
	carried := propagation.TraceContext{}.Extract(ctx, propagation.HeaderCarrier(r.Header))
	if sent := trace.SpanContextFromContext(carried); sent.IsRemote() {
		options = append(options, trace.WithLinks(trace.Link{SpanContext: sent.WithTraceState(trace.TraceState{})}))
	}
	return h.tracer.Start(ctx, "webhook delivery", options...)
}

// endDelivery ends the span of a delivery. A span must never be ended by
// "defer span.End()" here: during a panic End would itself recover, and write
// the panic's value, which may quote a payload, into the span.
func endDelivery(span trace.Span, came result) {
	status := came.status()
	span.SetAttributes(attribute.String("hookdrill.outcome", came.String()), attribute.Int("http.response.status_code", status))
	if status >= http.StatusInternalServerError {
		span.SetStatus(codes.Error, came.String())
	}
	span.End()
}

// endDedupe ends the span around the store. The error's text stays out: it is
// the store's own, and the log has it.
func endDedupe(span trace.Span, outcome Outcome, err error) {
	span.SetAttributes(attribute.String("hookdrill.outcome", outcome.String()))
	if err != nil || outcome == 0 {
		span.SetStatus(codes.Error, "store failed")
	}
	span.End()
}

// describe names a verified event's type to the delivery's span.
func describe(ctx context.Context, label string) {
	trace.SpanFromContext(ctx).SetAttributes(attribute.String("hookdrill.event_type", label))
}
