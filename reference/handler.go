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
	if cfg.API != nil {
		return nil, errors.New("receiver config: api: a handler alone fetches nothing; use New and Run")
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
	contract     Contract
	keys         [][]byte
	store        Store
	probe        bool
	maxBody      int64
	tolerance    time.Duration
	storeTimeout time.Duration
	retryAfter   string // whole seconds

	waiting slots // verified deliveries at the store
	large   slots // bodies above freeBody

	fetcher *fetcher    // nil if nothing is fetched
	crowded func() bool // nil for never; set before anything is served
	ready   *readiness
	metrics *Metrics     // nil for none
	tracer  trace.Tracer // nil for none
	log     *slog.Logger
	now     func() time.Time
}

func newHandler(cfg Config) *handler {
	log := cfg.Logger.With("logger", loggerName)
	contract, _ := FindContract(cfg.Contract) // Validate has found it
	h := &handler{
		path:         strings.TrimSuffix(cfg.Path, "/"),
		contract:     contract,
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
	for _, secret := range cfg.Keys {
		key, _ := contract.derive(secret) // Validate has tried
		h.keys = append(h.keys, key)
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
	claimed, ok := h.contract.claims(r.Header)
	if !ok {
		return h.refuse(ctx, w, unauthorized("signature_missing"))
	}
	body, large, no := h.readBody(w, r)
	if large {
		defer h.large.give()
	}
	if no == nil && !h.verified(ctx, claimed, body) {
		no = unauthorized("signature_wrong")
	}
	if no != nil {
		return h.refuse(ctx, w, no)
	}

	verified := h.now()
	letter, outcome, no := h.process(ctx, claimed, r.Header, body, verified)
	event := letter.event
	spent := h.now().Sub(verified)
	ms := float64(spent.Microseconds()) / 1000
	w.Header().Set("Server-Timing", "process;dur="+strconv.FormatFloat(ms, 'f', 3, 64))
	if h.metrics != nil {
		h.metrics.processing.Observe(spent.Seconds())
	}
	if no != nil {
		return h.refuse(ctx, w, no, attrsOf(event, ms)...)
	}
	if letter.reply != "" {
		h.log.LogAttrs(ctx, slog.LevelInfo, "greeting answered", slog.String("event_type", event.Type))
		answer(w, http.StatusOK, letter.reply)
		return resultGreeting
	}
	came := resultOf(outcome, event)
	if h.metrics != nil {
		h.metrics.accepted(h.contract.typeLabel(event.Type), verified)
	}
	if h.log.Enabled(ctx, slog.LevelInfo) {
		h.log.LogAttrs(ctx, slog.LevelInfo, "event accepted", append(attrsOf(event, ms), slog.String("outcome", came.String()))...)
	}
	answer(w, http.StatusOK, `{"status":"`+came.String()+`"}`)
	if event.Fetch != "" {
		h.fetcher.wake()
	}
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
func (h *handler) verified(ctx context.Context, claimed claim, body []byte) bool {
	if h.tracer == nil {
		return verify(h.keys, h.contract.encode, claimed, body)
	}
	_, span := h.tracer.Start(ctx, "verify")
	defer func() { span.End() }() // see endDelivery
	return verify(h.keys, h.contract.encode, claimed, body)
}

// process takes a verified delivery to the store, unless it is a greeting.
func (h *handler) process(ctx context.Context, claimed claim, header http.Header, body []byte, now time.Time) (letter, Outcome, *refusal) {
	letter, err := h.contract.read(claimed, header, body)
	if err != nil {
		return letter, 0, badRequest(resultMalformed, reasonOf(err))
	}
	if no := h.fresh(claimed, letter.event, now); no != nil || letter.reply != "" {
		return letter, 0, no
	}
	event := &letter.event
	event.Received = now
	if h.fetcher == nil {
		event.Fetch = ""
	}
	if event.Timestamp.IsZero() { // nothing better puts the events of this sender in order
		event.Timestamp = now
	}
	if h.tracer != nil {
		describe(ctx, h.contract.typeLabel(event.Type))
	}

	// Only what is verified and well-formed competes for a slot: forged events
	// can never take one away from genuine ones.
	if !h.waiting.take() {
		return letter, 0, overloaded("too_many_in_flight")
	}
	defer h.waiting.give()
	outcome, err := h.record(ctx, *event)
	if err != nil {
		return letter, 0, unavailable(err)
	}
	return letter, outcome, nil
}

// reasonOf is the word for what is malformed.
func reasonOf(err error) string {
	if m, ok := errors.AsType[malformed](err); ok {
		return string(m)
	}
	return "malformed"
}

// fresh refuses what was sent too long ago, or will be, if the contract says when
// that is.
func (h *handler) fresh(claimed claim, event Event, now time.Time) *refusal {
	if h.contract.stamp == stampNowhere {
		return nil
	}
	sent, err := h.contract.sent(claimed, event)
	if err != nil {
		return badRequest(resultMalformed, reasonOf(err))
	}
	switch age := now.Sub(sent); {
	case age > h.tolerance:
		return badRequest(resultStale, "timestamp_too_old")
	case age < -h.tolerance && !h.contract.ahead:
		return badRequest(resultStale, "timestamp_in_future")
	}
	return nil
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
