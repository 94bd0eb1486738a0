package reference

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"runtime"
	"runtime/debug"
	"strconv"
	"strings"
	"time"

	"go.opentelemetry.io/otel/trace"
)

const (
	probePath  = "/probe"
	healthPath = "/healthz"
	readyPath  = "/readyz"
)

// NewHandler returns the receiver as a handler, for whoever brings a server.
// It answers on cfg.Path, /healthz, /readyz and, if cfg.Probe is set, /probe.
// It uses cfg.Store and does not close it. Limits that belong to a server are
// the caller's: addresses, connections and timeouts of requests. The error is
// that of [Config.Validate], or says that cfg.Metrics cannot be used.
func NewHandler(cfg Config) (http.Handler, error) {
	if err := cfg.Validate(); err != nil {
		return nil, err
	}
	h := newHandler(cfg.withDefaults())
	if err := h.measure(cfg.Store); err != nil {
		return nil, err
	}
	h.ready.set(phaseServing)
	return h, nil
}

type handler struct {
	path         string
	keys         [][]byte
	store        Store
	probe        bool
	maxBody      int64
	tolerance    time.Duration
	storeTimeout time.Duration
	retryAfter   string // whole seconds

	waiting slots // verified deliveries at the store
	large   slots // bodies above freeBody

	crowded func() bool // nil for never; set before anything is served
	ready   *readiness
	metrics *Metrics     // nil for none
	tracer  trace.Tracer // nil for none
	log     *slog.Logger
	now     func() time.Time
}

func newHandler(cfg Config) *handler {
	log := cfg.Logger.With("logger", loggerName)
	h := &handler{
		path:         strings.TrimSuffix(cfg.Path, "/"),
		store:        cfg.Store,
		probe:        cfg.Probe,
		maxBody:      cfg.MaxBody,
		tolerance:    cfg.Tolerance,
		storeTimeout: cfg.StoreTimeout,
		retryAfter:   retryAfter(cfg.RetryAfter),
		waiting:      slots{limit: int64(cfg.MaxInFlight)},
		large:        slots{limit: int64(cfg.MaxLargeBodies)},
		ready:        &readiness{ping: cfg.Store.Ping, now: cfg.Now, log: log},
		metrics:      cfg.Metrics,
		log:          log,
		now:          cfg.Now,
	}
	if cfg.Tracer != nil {
		h.tracer = cfg.Tracer.Tracer(tracerName)
	}
	for _, key := range cfg.Keys {
		h.keys = append(h.keys, []byte(key))
	}
	return h
}

// measure puts the handler and its store on the metrics' registry.
func (h *handler) measure(store Store) error {
	if h.metrics == nil {
		return nil
	}
	return h.metrics.bind(h, store)
}

// retryAfter is d in whole seconds, rounded up: sooner would be too soon.
func retryAfter(d time.Duration) string {
	return strconv.FormatInt(int64((d+time.Second-1)/time.Second), 10)
}

// ServeHTTP routes by hand: http.ServeMux answers some paths with a redirect,
// which a sender never follows.
func (h *handler) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	defer h.recoverPanic(w)
	// The next request had better use another connection: to another instance,
	// or, if there are few left here, whichever it then gets.
	if h.ready.stopping() || h.crowded != nil && h.crowded() {
		w.Header().Set("Connection", "close")
	}
	switch path := strings.TrimSuffix(r.URL.Path, "/"); {
	case path == h.path:
		h.serveDelivery(w, r)
	case path == healthPath:
		serveHealth(w, r)
	case path == readyPath:
		h.ready.ServeHTTP(w, r)
	case path == probePath && h.probe:
		h.serveProbe(w, r)
	default:
		if h.metrics != nil {
			h.metrics.count(resultNotFound)
		}
		answer(w, http.StatusNotFound, `{"error":"not_found"}`)
	}
}

// serveDelivery answers a delivery and watches over it.
func (h *handler) serveDelivery(w http.ResponseWriter, r *http.Request) {
	ctx := r.Context()
	came := resultPanic // until deliver returns
	if h.metrics != nil {
		started := h.now()
		defer func() { h.metrics.delivered(came, h.now().Sub(started)) }()
	}
	if h.tracer != nil {
		var span trace.Span
		ctx, span = h.traceDelivery(ctx, r)
		defer func() { endDelivery(span, came) }()
	}
	came = h.deliver(ctx, w, r)
}

// deliver answers a delivery and says what came of it.
func (h *handler) deliver(ctx context.Context, w http.ResponseWriter, r *http.Request) result {
	if r.Method != http.MethodPost {
		w.Header().Set("Allow", http.MethodPost)
		return h.refuse(ctx, w, &refusal{
			result: resultMethodNotAllowed, body: `{"error":"method_not_allowed"}`, reason: "method_not_allowed",
		})
	}
	// A request without a signature is refused unread.
	signature, ok := signatureOf(r.Header)
	if !ok {
		return h.refuse(ctx, w, unauthorized("signature_missing"))
	}
	body, large, no := h.readBody(w, r)
	if large {
		defer h.large.give()
	}
	if no == nil && !h.verified(ctx, body, signature) {
		no = unauthorized("signature_wrong")
	}
	if no != nil {
		return h.refuse(ctx, w, no)
	}

	verified := h.now()
	event, outcome, no := h.process(ctx, body, verified)
	spent := h.now().Sub(verified)
	ms := float64(spent.Microseconds()) / 1000
	w.Header().Set("Server-Timing", "process;dur="+strconv.FormatFloat(ms, 'f', 3, 64))
	if h.metrics != nil {
		h.metrics.processing.Observe(spent.Seconds())
	}
	if no != nil {
		return h.refuse(ctx, w, no, attrsOf(event, ms)...)
	}
	came := resultOf(outcome, event)
	if h.metrics != nil {
		h.metrics.accepted(event, verified)
	}
	if h.log.Enabled(ctx, slog.LevelInfo) {
		h.log.LogAttrs(ctx, slog.LevelInfo, "event accepted", append(attrsOf(event, ms), slog.String("outcome", came.String()))...)
	}
	answer(w, http.StatusOK, `{"status":"`+came.String()+`"}`)
	return came
}

// attrsOf is what the log says about a verified event, with room for what it
// came to.
func attrsOf(event Event, ms float64) []slog.Attr {
	return append(make([]slog.Attr, 0, 8),
		slog.String("event_id", event.ID),
		slog.String("event_type", event.Type),
		slog.String("task_id", event.TaskID),
		slog.Float64("processing_time_ms", ms),
	)
}

// verified reports whether the signature is right.
func (h *handler) verified(ctx context.Context, body []byte, signature string) bool {
	if h.tracer == nil {
		return verify(h.keys, body, signature)
	}
	_, span := h.tracer.Start(ctx, "verify")
	defer func() { span.End() }() // see endDelivery
	return verify(h.keys, body, signature)
}

// process takes a verified body to the store.
func (h *handler) process(ctx context.Context, body []byte, now time.Time) (Event, Outcome, *refusal) {
	event, err := parseEvent(body)
	if err != nil {
		reason := "malformed"
		if m, ok := errors.AsType[malformed](err); ok {
			reason = string(m)
		}
		return event, 0, badRequest(resultMalformed, reason)
	}
	switch age := now.Sub(event.Timestamp); {
	case age > h.tolerance:
		return event, 0, badRequest(resultStale, "timestamp_too_old")
	case age < -h.tolerance:
		return event, 0, badRequest(resultStale, "timestamp_in_future")
	}
	event.Received = now
	if h.tracer != nil {
		describe(ctx, event)
	}

	// Only what is verified and well-formed competes for a slot: forged events
	// can never take one away from genuine ones.
	if !h.waiting.take() {
		return event, 0, overloaded("too_many_in_flight")
	}
	defer h.waiting.give()
	outcome, err := h.record(ctx, event)
	if err != nil {
		return event, 0, unavailable(err)
	}
	return event, outcome, nil
}

// record waits for the store, no longer than it may take.
func (h *handler) record(ctx context.Context, event Event) (outcome Outcome, err error) {
	ctx, cancel := context.WithTimeout(ctx, h.storeTimeout)
	defer cancel()
	if h.metrics != nil {
		started := h.now()
		defer func() { h.metrics.store.Observe(h.now().Sub(started).Seconds()) }()
	}
	if h.tracer != nil {
		var span trace.Span
		ctx, span = h.tracer.Start(ctx, "dedupe")
		defer func() { endDedupe(span, outcome, err) }()
	}
	outcome, err = h.store.Record(ctx, event)
	if err == nil && (outcome < OutcomeNew || outcome > OutcomeAccepted) {
		err = fmt.Errorf("store said neither new nor duplicate: %d", outcome)
	}
	return outcome, err
}

// refuse logs why and answers. Neither shows the key, the signature or the
// payload; the URL is not logged either, since a signature may be in it.
func (h *handler) refuse(ctx context.Context, w http.ResponseWriter, no *refusal, attrs ...slog.Attr) result {
	status := no.result.status()
	level := slog.LevelWarn
	if no.err != nil {
		level = slog.LevelError
		attrs = append(attrs, slog.Any("error", no.err))
	}
	if h.log.Enabled(ctx, level) {
		h.log.LogAttrs(ctx, level, "delivery refused", append(attrs,
			slog.String("outcome", no.result.String()), slog.String("reason", no.reason), slog.Int("status", status))...)
	}
	if status == http.StatusServiceUnavailable {
		w.Header().Set("Retry-After", h.retryAfter)
	}
	answer(w, status, no.body)
	return no.result
}

// recoverPanic turns a panic into a 500. The panic's value may quote a
// payload, so only its type is logged, unless it is the runtime's own.
func (h *handler) recoverPanic(w http.ResponseWriter) {
	value := recover()
	if value == nil {
		return
	}
	what := fmt.Sprintf("%T", value)
	if err, ok := value.(runtime.Error); ok {
		what = err.Error()
	}
	h.log.Error("handler panicked", slog.String("panic", what), slog.String("stack", string(debug.Stack())))
	answer(w, http.StatusInternalServerError, `{"error":"internal"}`)
}

// answer writes JSON. A failed write means that the sender is gone; it will
// send the event again.
func answer(w http.ResponseWriter, status int, body string) {
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(status)
	_, _ = io.WriteString(w, body)
}
