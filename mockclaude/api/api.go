// Package api is the API of mock Claude: what a program that builds on Claude
// calls to start a task, and to say where its webhooks go.
//
// It knows the delivery engine. It must not know how a delivery is made, nor what
// the management listener shows.
package api

import (
	"context"
	"errors"
	"net/http"
	"net/url"

	"hookdrill/internal/webapi"
	"hookdrill/mockclaude/engine"
)

// The bounds of request bodies, in bytes.
const (
	mostTask         = 1 << 20
	mostSubscription = 64 << 10
)

// Config is what the API needs.
type Config struct {
	Engine *engine.Engine
	// Allow says whether webhooks may go to a URL; see [LocalOnly].
	Allow func(ctx context.Context, u *url.URL) error
	// NewKey draws a signing key.
	NewKey func() string
}

type api struct{ Config }

// New returns the handler of the API.
func New(cfg Config) http.Handler {
	a := &api{cfg}
	m := &webapi.Mux{}
	m.Handle("POST /api/v1/agents/tasks", a.createTask)
	m.Handle("POST /api/v1/subscriptions", a.subscribe)
	m.Handle("GET /api/v1/subscriptions", a.list)
	m.Handle("GET /api/v1/subscriptions/{id}", a.get)
	m.Handle("DELETE /api/v1/subscriptions/{id}", a.unsubscribe)
	m.Handle("POST /api/v1/subscriptions/{id}/rotate", a.rotate)
	m.Handle("POST /api/v1/subscriptions/{id}/enable", a.enable)
	return m
}

// refuse answers for an error of the engine's.
func refuse(w http.ResponseWriter, err error) {
	invalid, is := errors.AsType[*engine.InvalidError](err)
	switch {
	case is:
		webapi.Invalid(w, invalid.Field, invalid.Why)
	case errors.Is(err, engine.ErrUnknown):
		webapi.Problem(w, http.StatusNotFound, "Not found", err.Error())
	case errors.Is(err, engine.ErrConflict):
		webapi.Problem(w, http.StatusConflict, "Conflict", err.Error())
	case errors.Is(err, engine.ErrFull):
		w.Header().Set("Retry-After", "1")
		webapi.Problem(w, http.StatusServiceUnavailable, "Full", err.Error())
	default:
		w.Header().Set("Retry-After", "1")
		webapi.Problem(w, http.StatusServiceUnavailable, "Not available", "mock Claude is stopping")
	}
}
