package reference

import (
	"net/http"
	"net/http/pprof" // it also fills http.DefaultServeMux, which nobody serves
	"time"
)

const (
	// adminConns bounds the connections to the admin address.
	adminConns = 64
	// adminTimeout bounds one answer there; a profile may take a while.
	adminTimeout = 2 * time.Minute
)

// adminHandler serves what operators need and the world must not see: metrics
// and profiles, and the two health checks again.
func adminHandler(h *handler) http.Handler {
	mux := http.NewServeMux()
	mux.Handle("GET /metrics", h.metrics.Handler())
	mux.HandleFunc(healthPath, serveHealth)
	mux.Handle(readyPath, h.ready)
	mux.HandleFunc("GET /debug/pprof/", pprof.Index)
	mux.HandleFunc("GET /debug/pprof/cmdline", pprof.Cmdline)
	mux.HandleFunc("GET /debug/pprof/profile", pprof.Profile)
	mux.HandleFunc("GET /debug/pprof/symbol", pprof.Symbol)
	mux.HandleFunc("GET /debug/pprof/trace", pprof.Trace)
	return mux
}
