package zoo

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log"
	"log/slog"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"time"
)

// Server is a running receiver and its probe, both on 127.0.0.1.
type Server struct {
	// URL takes deliveries, ObserveURL questions by the probe contract.
	URL, ObserveURL string
	// CAFile is a PEM file with the root that a sender should trust; "" for a
	// receiver over plain http.
	CAFile string
	// LogFile is where the receiver logs; "" unless the animal has Log.
	LogFile string

	stop func() error
}

// Close stops the receiver, waits for what it started, within about a second,
// and removes its files. Closing twice is closing once.
func (s *Server) Close() error { return s.stop() }

// door is a listening receiver.
type door struct {
	url   string
	ca    string // PEM file, for https
	close func() error
}

// front serves a receiver. Requests end with ctx; dir is for files.
type front func(ctx context.Context, rc *receiver, dir string) (door, error)

// Start runs the animal of that name with a key, and with previous keys that
// still count, until [Server.Close].
func Start(name, key string, previous ...string) (*Server, error) {
	return StartWith(name, API{}, key, previous...)
}

// StartWith is Start for a receiver of thin events, which fetches their resources
// from an API; without one it fetches nothing.
func StartWith(name string, api API, key string, previous ...string) (*Server, error) {
	a, err := find(name)
	if err != nil {
		return nil, err
	}
	dir, err := os.MkdirTemp("", "zoo-*")
	if err != nil {
		return nil, fmt.Errorf("make a folder for %s: %w", name, err)
	}
	s := &Server{}
	logTo := io.Discard
	closeLog := func() error { return nil }
	if a.Log {
		s.LogFile = filepath.Join(dir, "receiver.log")
		f, err := os.Create(s.LogFile)
		if err != nil {
			return nil, errors.Join(fmt.Errorf("create log: %w", err), os.RemoveAll(dir))
		}
		logTo, closeLog = f, f.Close
	}
	rc := newReceiver(logTo, append([]string{key}, previous...)...)
	if !a.Log {
		rc.log = slog.New(slog.DiscardHandler) // cheaper than lines for nobody
	}
	rc.api = api
	rc.speak(a.Contract)
	if a.breed != nil {
		a.breed(rc)
	}
	ctx, cancel := context.WithCancel(context.Background())
	var running sync.WaitGroup
	tidy := func() error {
		cancel()
		running.Wait()
		return errors.Join(closeLog(), os.RemoveAll(dir))
	}
	if rc.worker != nil {
		running.Go(func() { rc.worker(ctx) })
	}
	open := a.front
	if open == nil {
		open = overHTTP
	}
	receives, err := open(ctx, rc, dir)
	if err != nil {
		return nil, errors.Join(fmt.Errorf("start %s: %w", name, err), tidy())
	}
	observes, err := serveHTTP(ctx, probeHandler(rc))
	if err != nil {
		return nil, errors.Join(fmt.Errorf("start probe of %s: %w", name, err), receives.close(), tidy())
	}
	s.URL, s.ObserveURL, s.CAFile = receives.url+path, observes.url+"/probe", receives.ca
	if a.anyHost {
		s.URL = strings.Replace(s.URL, "127.0.0.1", "0.0.0.0", 1)
	}
	s.stop = sync.OnceValue(func() error {
		return errors.Join(receives.close(), observes.close(), tidy())
	})
	return s, nil
}

// listen opens a free port on loopback.
func listen(ctx context.Context) (net.Listener, error) {
	ln, err := (&net.ListenConfig{}).Listen(ctx, "tcp", "127.0.0.1:0")
	if err != nil {
		return nil, fmt.Errorf("listen on loopback: %w", err)
	}
	return ln, nil
}

// routes answers on the receiver's path, with or without a slash at its end.
func routes(h http.Handler) http.Handler {
	mux := http.NewServeMux()
	mux.Handle(path, h)
	mux.Handle(path+"/{$}", h)
	return mux
}

// newHTTPServer is a net/http server that no client can hold for long.
func newHTTPServer(ctx context.Context, h http.Handler) *http.Server {
	return &http.Server{
		Handler:           h,
		ReadHeaderTimeout: 5 * time.Second,
		ReadTimeout:       15 * time.Second,
		WriteTimeout:      30 * time.Second,
		IdleTimeout:       60 * time.Second,
		BaseContext:       func(net.Listener) context.Context { return ctx },
		ErrorLog:          log.New(io.Discard, "", 0), // bad clients are the job, not news
	}
}

// overHTTP is the usual front: net/http.
func overHTTP(ctx context.Context, rc *receiver, _ string) (door, error) {
	return serveHTTP(ctx, routes(rc))
}

// serveHTTP serves a handler on a free port.
func serveHTTP(ctx context.Context, h http.Handler) (door, error) {
	ln, err := listen(ctx)
	if err != nil {
		return door{}, err
	}
	srv := newHTTPServer(ctx, h)
	return door{
		url:   "http://" + ln.Addr().String(),
		close: runHTTP(ctx, srv, func() error { return srv.Serve(ln) }),
	}, nil
}

// runHTTP runs a server in the background and returns what stops it.
func runHTTP(ctx context.Context, srv *http.Server, serve func() error) func() error {
	var running sync.WaitGroup
	running.Go(func() { _ = serve() }) // always ends with an error: closed
	return func() error {
		ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), time.Second)
		defer cancel()
		err := srv.Shutdown(ctx)
		if errors.Is(err, context.DeadlineExceeded) {
			err = srv.Close()
		}
		running.Wait()
		return err
	}
}
