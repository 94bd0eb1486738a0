package reference

import (
	"context"
	"log/slog"
	"net/http"
	"sync"
	"sync/atomic"
	"time"
)

const (
	// pingTimeout is how long the store may take to say that it is there.
	pingTimeout = time.Second
	// pingEvery is how long an answer of the store's is believed, so that
	// probes, however many, ask it once a second.
	pingEvery = time.Second
)

// phase is where a receiver is in its life.
type phase int32

const (
	phaseStarting phase = iota
	phaseServing
	phaseStopping
)

// readiness says whether deliveries should be sent here: the receiver serves,
// is not about to stop, and its store answers.
type readiness struct {
	ping  func(context.Context) error
	now   func() time.Time
	log   *slog.Logger
	phase atomic.Int32

	mu      sync.Mutex // one asks, the others wait for what it hears
	asked   time.Time  // zero before the first time
	healthy bool
}

func (r *readiness) set(p phase) { r.phase.Store(int32(p)) }

func (r *readiness) stopping() bool { return phase(r.phase.Load()) == phaseStopping }

// state is a word for how things stand, "ready" when they stand well.
func (r *readiness) state(ctx context.Context) string {
	switch phase(r.phase.Load()) {
	case phaseStarting:
		return "starting"
	case phaseStopping:
		return "stopping"
	case phaseServing:
	}
	if !r.storeAnswers(ctx) {
		return "store_unavailable"
	}
	return "ready"
}

// gauge is 1 for ready and 0 for everything else.
func (r *readiness) gauge() float64 {
	if r.state(context.Background()) == "ready" { // a scrape brings no context
		return 1
	}
	return 0
}

func (r *readiness) storeAnswers(ctx context.Context) bool {
	r.mu.Lock()
	defer r.mu.Unlock()
	now := r.now()
	first := r.asked.IsZero()
	if age := now.Sub(r.asked); !first && age >= 0 && age < pingEvery {
		return r.healthy
	}
	// What is heard is for all who wait, so it must not depend on whether the
	// one that asks stays.
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), pingTimeout)
	defer cancel()
	err := r.ping(ctx)
	was := r.healthy || first
	r.asked, r.healthy = r.now(), err == nil
	switch {
	case was && err != nil: // the why is for the log alone: it may name hosts
		r.log.LogAttrs(ctx, slog.LevelError, "store does not answer", slog.Any("error", err))
	case !was && err == nil:
		r.log.LogAttrs(ctx, slog.LevelInfo, "store answers again")
	}
	return r.healthy
}

// ServeHTTP answers GET /readyz: 200 or 503, and the state.
func (r *readiness) ServeHTTP(w http.ResponseWriter, req *http.Request) {
	if !reading(w, req) {
		return
	}
	state, status := r.state(req.Context()), http.StatusOK
	if state != "ready" {
		status = http.StatusServiceUnavailable
	}
	answer(w, status, `{"status":"`+state+`"}`)
}

// serveHealth answers GET /healthz: the process is up. It never asks the
// store, since a restart cures no database.
func serveHealth(w http.ResponseWriter, r *http.Request) {
	if reading(w, r) {
		answer(w, http.StatusOK, `{"status":"ok"}`)
	}
}

// reading refuses what is no GET and no HEAD.
func reading(w http.ResponseWriter, r *http.Request) bool {
	if r.Method == http.MethodGet || r.Method == http.MethodHead {
		return true
	}
	w.Header().Set("Allow", "GET, HEAD")
	answer(w, http.StatusMethodNotAllowed, `{"error":"method_not_allowed"}`)
	return false
}
