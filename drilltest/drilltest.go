// Package drilltest judges an [http.Handler] inside a project's own go test: the suites of hookdrill
// conformance, with one subtest for each requirement.
//
//	func TestWebhooks(t *testing.T) {
//		drilltest.Run(t, newHandler("whsec_test"), drilltest.Key("whsec_test"))
//	}
//
// A requirement that is broken fails its subtest, with what was sent and answered. One that could not be
// judged, and one that does not apply, skips its subtest and says why: it is not passed.
//
// The package must not know what any requirement is about.
package drilltest

import (
	"context"
	"crypto/rand"
	"encoding/binary"
	"errors"
	"fmt"
	"net"
	"net/http"
	"net/url"
	"os"
	"os/signal"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"hookdrill/contract"
	"hookdrill/internal/baseline"
	"hookdrill/internal/conformance"
	"hookdrill/internal/verdict"
	"hookdrill/mockclaude"
	"hookdrill/reports"
	"hookdrill/scenarios"
)

// running is held by the run that is going on: the specs are global to a process.
//
//nolint:gochecknoglobals // it guards what is global itself
var running sync.Mutex

// Run serves handler at a port of loopback, sends it what hookdrill conformance sends, and reports each
// requirement as a subtest of t, named by its id. [Key] is the one option that must be given. A whole run takes
// some 10 s. Runs in one process wait for each other.
//
// A wrong option, and a handler that refuses the first valid event, end t as t.Fatal does.
//
// The suites are Ginkgo specs, which are global to a process: a package whose tests are Ginkgo specs itself keeps Run
// in a package apart. After a run nothing in the process is notified of interrupts that was before.
func Run(t *testing.T, handler http.Handler, options ...Option) {
	t.Helper()
	o, err := apply(options)
	if err != nil {
		t.Fatalf("drilltest: %v", err)
	}
	if handler == nil {
		t.Fatal("drilltest: handler is nil")
	}
	report, err := run(t.Context(), handler, o)
	if err != nil {
		t.Fatalf("drilltest: %v", err)
	}
	tell(t, report)
}

// run serves the handler and judges it.
func run(ctx context.Context, handler http.Handler, o settings) (report *reports.Report, err error) {
	listener, err := (&net.ListenConfig{}).Listen(ctx, "tcp", "127.0.0.1:0")
	if err != nil {
		return nil, fmt.Errorf("serve handler: %w", err)
	}
	server := &http.Server{Handler: handler, ReadHeaderTimeout: time.Minute}
	served := make(chan error, 1)
	go func() { served <- server.Serve(listener) }()
	defer func() {
		failed := errors.Join(server.Close(), <-served)
		if err == nil && !errors.Is(failed, http.ErrServerClosed) {
			err = fmt.Errorf("serve handler: %w", failed)
		}
	}()
	cfg, err := o.config("http://" + listener.Addr().String())
	if err != nil {
		return nil, err
	}
	running.Lock()
	defer running.Unlock()
	// Ginkgo goes on taking these signals after a run: Ctrl-C would not end the tests any more.
	defer signal.Reset(os.Interrupt, syscall.SIGTERM)
	report, err = conformance.Run(ctx, *cfg)
	if err != nil {
		return nil, fmt.Errorf("run suites: %w", err)
	}
	return report, nil
}

// config makes the configuration of a run against the server at base.
func (o settings) config(base string) (*conformance.Config, error) {
	c, err := contract.Load(o.contract)
	if err != nil {
		return nil, fmt.Errorf("contract: %w", err)
	}
	if o.path == "" {
		o.path = c.Request.Path
	}
	target, err := url.Parse(base + o.path)
	if err != nil || !strings.HasPrefix(o.path, "/") {
		return nil, fmt.Errorf("path: want a path from /, have %q", o.path)
	}
	cfg := &conformance.Config{
		Version: "drilltest", Target: target, Contract: c, Keys: mockclaude.Keys{Current: []byte(o.key)},
		Seed: o.seed, Only: o.only, Skip: o.skip, Quick: o.quick, Strict: o.strict,
		Level: string(contract.NeedWire), Settle: 5 * time.Second, RunTimeout: 15 * time.Minute, Now: time.Now,
	}
	if o.previous != "" {
		cfg.Keys.Previous = []byte(o.previous)
	}
	if cfg.Requirements, err = contract.Requirements(); err != nil {
		return nil, fmt.Errorf("read catalogue: %w", err)
	}
	if cfg.Scenarios, err = scenarios.Builtin(); err != nil {
		return nil, fmt.Errorf("read scenarios: %w", err)
	}
	if o.baseline != "" {
		data, err := os.ReadFile(o.baseline)
		if err != nil {
			return nil, fmt.Errorf("read baseline: %w", err)
		}
		file, err := baseline.Parse(data, o.baseline, false)
		if err != nil {
			return nil, fmt.Errorf("read baseline: %w", err)
		}
		cfg.Baseline = &verdict.Known{Name: o.baseline, File: file, Now: time.Now()}
	}
	observer, err := o.observer(base)
	if err != nil {
		return nil, err
	}
	if observer != nil {
		cfg.Observers = append(cfg.Observers, observer)
		cfg.Level = string(contract.NeedObserved)
	}
	if !o.seeded {
		var b [4]byte
		_, _ = rand.Read(b[:]) // it never fails
		cfg.Seed = uint64(binary.BigEndian.Uint32(b[:]))
	}
	return cfg, nil
}
