package main

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"net/url"
	"sync"
	"time"

	"golang.org/x/net/netutil"

	"hookdrill/internal/webapi"
	"hookdrill/mockclaude/api"
	"hookdrill/mockclaude/engine"
	"hookdrill/mockclaude/faults"
	"hookdrill/mockclaude/manage"
	"hookdrill/mockclaude/manage/page"
)

const (
	// mostConns bounds the open connections of each of the mock's listeners.
	mostConns = 512
	// mockShutdown bounds the end of requests under way.
	mockShutdown = 3 * time.Second
)

// mockServers are the mock's two HTTP servers.
type mockServers struct {
	api, manage string // their URLs
	failed      chan error

	servers []*http.Server
	done    chan struct{} // ends the live streams
	running sync.WaitGroup
}

// serve listens on both addresses and serves until ctx ends.
func (m *mock) serve(ctx context.Context, e *engine.Engine, j *faults.Injector, allow func(context.Context, *url.URL) error) (*mockServers, error) {
	s := &mockServers{failed: make(chan error, 2), done: make(chan struct{})}
	public, err := listen(ctx, "--listen", m.listen)
	if err != nil {
		return nil, err
	}
	admin, err := listen(ctx, "--admin-listen", m.admin)
	if err != nil {
		return nil, errors.Join(err, public.Close())
	}
	s.api, s.manage = "http://"+public.Addr().String(), "http://"+admin.Addr().String()
	s.start(public, m.logger, api.New(api.Config{Engine: e, Allow: allow, NewKey: func() string { return newKey(m.contract.Key) }}))
	s.start(admin, m.logger, manage.New(manage.Config{
		Engine: e, Faults: j, Page: page.Handler(), Seed: m.seed, Speed: m.engine.Clock.Speed(), Started: time.Now(), Done: s.done,
	}))
	s.running.Go(func() {
		<-ctx.Done()
		s.shutDown(context.WithoutCancel(ctx))
	})
	return s, nil
}

func listen(ctx context.Context, flag, addr string) (net.Listener, error) {
	l, err := new(net.ListenConfig).Listen(ctx, "tcp", addr)
	if err != nil {
		return nil, usage(flag+" 127.0.0.1:0", "%s: %w", flag, err)
	}
	return netutil.LimitListener(l, mostConns), nil
}

// start serves a handler behind the guard.
func (s *mockServers) start(l net.Listener, logger *slog.Logger, h http.Handler) {
	srv := &http.Server{
		Handler: webapi.Guard(l.Addr(), logger, h), ReadHeaderTimeout: 5 * time.Second, ReadTimeout: 30 * time.Second, IdleTimeout: time.Minute,
		MaxHeaderBytes: 64 << 10, ErrorLog: slog.NewLogLogger(logger.Handler(), slog.LevelDebug),
	}
	s.servers = append(s.servers, srv)
	s.running.Go(func() {
		if err := srv.Serve(l); !errors.Is(err, http.ErrServerClosed) {
			s.failed <- fmt.Errorf("serve: %w", err)
		}
	})
}

// shutDown lets what is under way end, for a time.
func (s *mockServers) shutDown(ctx context.Context) {
	close(s.done)
	ctx, cancel := context.WithTimeout(ctx, mockShutdown)
	defer cancel()
	for _, srv := range s.servers {
		if err := srv.Shutdown(ctx); err != nil {
			srv.Close() //nolint:errcheck // its time is over
		}
	}
}

// wait waits until the servers have ended.
func (s *mockServers) wait() { s.running.Wait() }
