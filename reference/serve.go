package reference

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/http"
)

// served is a server with its listener. A nil one serves nothing.
type served struct {
	server *http.Server
	gate   *gate
}

// listen opens the address for deliveries.
func (r *Receiver) listen(ctx context.Context) (*served, error) {
	s, err := r.open(ctx, r.cfg.Addr, r.cfg.MaxConns, &http.Server{ //nolint:gosec // open sets the timeouts
		Handler:        r.handler,
		WriteTimeout:   r.cfg.WriteTimeout,
		MaxHeaderBytes: r.cfg.MaxHeader,
	})
	if err != nil {
		return nil, err
	}
	r.handler.crowded = s.gate.crowded
	if r.cfg.Metrics != nil {
		if err := r.cfg.Metrics.bindGate(s.gate); err != nil {
			return nil, errors.Join(err, s.gate.Close())
		}
	}
	return s, nil
}

// listenAdmin opens the address for operators, if there is to be one.
func (r *Receiver) listenAdmin(ctx context.Context) (*served, error) {
	if r.cfg.AdminAddr == "" {
		return nil, nil //nolint:nilnil // nil serves nothing
	}
	return r.open(ctx, r.cfg.AdminAddr, adminConns, &http.Server{ //nolint:gosec // open sets the timeouts
		Handler:        adminHandler(r.handler),
		WriteTimeout:   adminTimeout,
		MaxHeaderBytes: 16 << 10,
	})
}

// open listens at an address, for at most so many connections.
func (r *Receiver) open(ctx context.Context, addr string, conns int, server *http.Server) (*served, error) {
	listener, err := new(net.ListenConfig).Listen(ctx, "tcp", addr)
	if err != nil {
		return nil, fmt.Errorf("listen on %s: %w", addr, err)
	}
	gate := newGate(listener, conns, r.handler.retryAfter)
	server.ReadHeaderTimeout = r.cfg.HeaderTimeout
	server.ReadTimeout = r.cfg.ReadTimeout
	server.IdleTimeout = r.cfg.IdleTimeout
	server.ErrorLog = slog.NewLogLogger(r.log.Handler(), slog.LevelWarn)
	server.ConnState = gate.count
	// What was accepted is finished after ctx has ended.
	server.BaseContext = func(net.Listener) context.Context { return context.WithoutCancel(ctx) }
	return &served{server: server, gate: gate}, nil
}

func (s *served) serve() error {
	if s == nil {
		return nil
	}
	if err := s.server.Serve(s.gate); !errors.Is(err, http.ErrServerClosed) {
		return fmt.Errorf("serve: %w", err)
	}
	return nil
}

// close ends a server whose answers nobody depends on.
func (s *served) close() {
	if s == nil {
		return
	}
	_ = s.server.Close() // it was to go away, and is gone
	_ = s.gate.Close()   // the server has closed it, unless it never served
	s.gate.wait()
}
