// Package manage is the management listener of mock Claude: what was delivered,
// how, and what is still to come, as JSON and as it happens; and the levers to
// trigger, redeliver, pause, and make things go wrong.
//
// It knows the delivery engine and the faults. It must not know the API that
// mock Claude stands for, nor what its page looks like.
package manage

import (
	"context"
	"errors"
	"net/http"
	"time"

	"hookdrill/internal/webapi"
	"hookdrill/mockclaude/engine"
	"hookdrill/mockclaude/faults"
)

// mostBody bounds a request's body, in bytes.
const mostBody = 1 << 20

// Config is what the listener needs.
type Config struct {
	Engine *engine.Engine
	Faults *faults.Injector
	// Page serves whatever is not under /api/.
	Page http.Handler
	// Seed and Speed are shown, and Started, when the mock was started.
	Seed    uint64
	Speed   float64
	Started time.Time
	// Heartbeat is the time between two comments of a stream without events; 0 is
	// 15 s.
	Heartbeat time.Duration
	// Done ends the streams when it is closed.
	Done <-chan struct{}
}

type manage struct {
	Config
	watchers chan struct{}
}

// New returns the handler of the listener.
func New(cfg Config) http.Handler {
	if cfg.Heartbeat == 0 {
		cfg.Heartbeat = 15 * time.Second
	}
	m := &manage{cfg, make(chan struct{}, mostWatchers)}
	mux := &webapi.Mux{}
	mux.Handle("GET /api/stats", m.stats)
	mux.Handle("GET /api/deliveries", m.deliveries)
	mux.Handle("GET /api/deliveries/{id}", m.delivery)
	mux.Handle("POST /api/deliveries/{id}/redeliver", m.redeliver)
	mux.Handle("GET /api/dead-letters", m.deadLetters)
	mux.Handle("GET /api/attempts", m.attempts)
	mux.Handle("GET /api/endpoints", m.endpoints)
	mux.Handle("POST /api/endpoints/{id}/enable", m.enable)
	mux.Handle("POST /api/events", m.trigger)
	mux.Handle("POST /api/pause", m.pause(true))
	mux.Handle("POST /api/resume", m.pause(false))
	mux.Handle("GET /api/faults", m.faults)
	mux.Handle("POST /api/faults", m.inject)
	mux.Handle("DELETE /api/faults", m.clear)
	mux.Handle("DELETE /api/faults/{id}", m.cancel)
	mux.Handle("GET /api/live", m.live)
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if len(r.URL.Path) >= 5 && r.URL.Path[:5] == "/api/" || cfg.Page == nil {
			mux.ServeHTTP(w, r)
			return
		}
		cfg.Page.ServeHTTP(w, r)
	})
}

// refuse answers for an error of the engine's or the injector's.
func refuse(w http.ResponseWriter, err error) {
	invalid, is := errors.AsType[*engine.InvalidError](err)
	switch {
	case is:
		webapi.Invalid(w, invalid.Field, invalid.Why)
	case errors.Is(err, engine.ErrUnknown), errors.Is(err, faults.ErrUnknown):
		webapi.Problem(w, http.StatusNotFound, "Not found", err.Error())
	case errors.Is(err, engine.ErrConflict):
		webapi.Problem(w, http.StatusConflict, "Conflict", err.Error())
	case errors.Is(err, engine.ErrFull), errors.Is(err, faults.ErrFull):
		w.Header().Set("Retry-After", "1")
		webapi.Problem(w, http.StatusServiceUnavailable, "Full", err.Error())
	case errors.Is(err, engine.ErrClosed), errors.Is(err, context.Canceled), errors.Is(err, context.DeadlineExceeded):
		w.Header().Set("Retry-After", "1")
		webapi.Problem(w, http.StatusServiceUnavailable, "Not available", "mock Claude is stopping")
	default:
		webapi.Problem(w, http.StatusBadRequest, "Invalid request", err.Error())
	}
}
