package reference

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"strconv"
	"sync/atomic"
	"time"

	"golang.org/x/sync/errgroup"
)

// pruneEvery is how often event ids past their retention are forgotten.
const pruneEvery = time.Hour

// errRanBefore is what a second Run returns.
var errRanBefore = errors.New("run receiver: it ran before")

// Receiver is the reference receiver as a server.
type Receiver struct {
	cfg     Config
	handler *handler
	log     *slog.Logger
	ran     atomic.Bool
	ready   chan struct{}
	base    string // set before ready is closed, as is admin
	admin   string
}

// New returns a receiver that listens once it runs. The error is that of
// [Config.Validate], or says that cfg.Metrics cannot be used; cfg.Store is then
// still the caller's to close.
func New(cfg Config) (*Receiver, error) {
	if err := cfg.Validate(); err != nil {
		return nil, err
	}
	cfg = cfg.withDefaults()
	if cfg.AdminAddr != "" && cfg.Metrics == nil {
		cfg.Metrics = NewMetrics("unknown")
	}
	h := newHandler(cfg)
	if cfg.API != nil {
		store, keeps := cfg.Store.(FetchStore)
		if !keeps {
			return nil, fmt.Errorf("receiver config: api: a store of type %T cannot keep what is to be fetched", cfg.Store)
		}
		h.fetcher = newFetcher(cfg, store, h.log)
	}
	if err := h.measure(cfg.Store); err != nil {
		return nil, err
	}
	return &Receiver{cfg: cfg, handler: h, log: h.log, ready: make(chan struct{})}, nil
}

// Ready is closed once the receiver listens. It stays open if Run fails
// before, so wait for Run's return beside it.
func (r *Receiver) Ready() <-chan struct{} { return r.ready }

// URL is where deliveries go; "" before Ready.
func (r *Receiver) URL() string { return r.url(r.cfg.Path) }

// ObserveURL is where effects can be asked for; "" before Ready, and always
// unless Config.Probe is set.
func (r *Receiver) ObserveURL() string {
	if !r.cfg.Probe {
		return ""
	}
	return r.url(probePath)
}

// AdminURL is where metrics, health and profiles are served, without a path;
// "" before Ready, and always unless Config.AdminAddr is set.
func (r *Receiver) AdminURL() string {
	if r.url("") == "" {
		return ""
	}
	return r.admin
}

func (r *Receiver) url(path string) string {
	select {
	case <-r.ready:
		return r.base + path
	default:
		return ""
	}
}

// Run listens and serves until ctx ends. Then it says so at /readyz, goes on
// serving for Config.DrainDelay, stops listening, finishes what it accepted
// within Config.ShutdownTimeout and closes the store. It returns nil after a
// clean end, and an error if it could not listen or had to cut work off. A
// receiver runs once.
func (r *Receiver) Run(ctx context.Context) (err error) {
	if r.ran.Swap(true) {
		return errRanBefore
	}
	defer func() {
		if cerr := r.cfg.Store.Close(); cerr != nil {
			err = errors.Join(err, fmt.Errorf("close store: %w", cerr))
		}
	}()
	// Admin comes first and goes last, to be asked how the rest is doing.
	admin, err := r.listenAdmin(ctx)
	if err != nil {
		return err
	}
	main, err := r.listen(ctx)
	if err != nil {
		admin.close()
		return err
	}
	r.base = "http://" + reachable(main.gate.Addr())
	if admin != nil {
		r.admin = "http://" + reachable(admin.gate.Addr())
	}
	r.handler.ready.set(phaseServing)
	close(r.ready)
	r.log.InfoContext(ctx, "receiver listens", slog.String("url", r.URL()))

	group, ctx := errgroup.WithContext(ctx)
	group.Go(main.serve)
	group.Go(admin.serve)
	group.Go(func() error {
		<-ctx.Done()
		defer admin.close()
		return r.shutDown(context.WithoutCancel(ctx), main)
	})
	group.Go(func() error {
		r.prune(ctx)
		return nil
	})
	if fetcher := r.handler.fetcher; fetcher != nil {
		group.Go(func() error {
			fetcher.run(ctx)
			return nil
		})
	}
	return group.Wait()
}

// shutDown takes the receiver out of service, and then down.
func (r *Receiver) shutDown(ctx context.Context, main *served) error {
	r.handler.ready.set(phaseStopping)
	if r.cfg.DrainDelay > 0 {
		r.log.InfoContext(ctx, "receiver drains", slog.Duration("delay", r.cfg.DrainDelay))
		timer := time.NewTimer(r.cfg.DrainDelay)
		defer timer.Stop()
		<-timer.C // ctx has ended; who does not want to wait sets no delay
	}
	ctx, cancel := context.WithTimeout(ctx, r.cfg.ShutdownTimeout)
	defer cancel()
	err := main.server.Shutdown(ctx)
	if err != nil {
		err = errors.Join(fmt.Errorf("shut down within %v: %w", r.cfg.ShutdownTimeout, err), main.server.Close())
	}
	main.gate.wait()
	if err == nil {
		r.log.InfoContext(ctx, "receiver stopped")
	}
	return err
}

// prune forgets old event ids, now and every hour, until ctx ends. A failure
// is logged and tried again; it is no reason to stop receiving.
func (r *Receiver) prune(ctx context.Context) {
	ticker := time.NewTicker(pruneEvery)
	defer ticker.Stop()
	for {
		pruned, err := r.cfg.Store.Prune(ctx, r.cfg.Now().Add(-r.cfg.Retention))
		switch {
		case ctx.Err() != nil:
			return
		case err != nil:
			r.log.ErrorContext(ctx, "event ids not pruned", slog.Any("error", err))
		case pruned > 0:
			r.log.InfoContext(ctx, "event ids pruned", slog.Int64("count", pruned))
		}
		select {
		case <-ticker.C:
		case <-ctx.Done():
			return
		}
	}
}

// reachable turns a listener's address into one that can be dialled here.
func reachable(addr net.Addr) string {
	tcp, ok := addr.(*net.TCPAddr)
	if !ok || !tcp.IP.IsUnspecified() {
		return addr.String()
	}
	return net.JoinHostPort("127.0.0.1", strconv.Itoa(tcp.Port))
}
