package main

import (
	"context"
	crand "crypto/rand"
	"encoding/base64"
	"fmt"
	"log/slog"
	"net/url"
	"os"
	"path/filepath"

	"hookdrill/internal/conformance"
	"hookdrill/mockclaude"
	"hookdrill/observe"
	"hookdrill/reference"
	"hookdrill/reference/sqlitestore"
)

// bundled is the receiver that comes with hookdrill, run for one run on its
// embedded store, with keys made for the run.
type bundled struct {
	dir    string
	log    *os.File
	cancel context.CancelFunc
	done   chan error
}

// startBundled starts the bundled receiver and points cfg at it.
func startBundled(ctx context.Context, f *conformanceFlags, cfg *conformance.Config) (*bundled, error) {
	dir, err := os.MkdirTemp("", "hookdrill-")
	if err != nil {
		return nil, fmt.Errorf("start bundled receiver: %w", err)
	}
	b := &bundled{dir: dir, done: make(chan error, 1)}
	r, err := b.receiver(ctx, cfg)
	if err != nil {
		b.clean()
		return nil, fmt.Errorf("start bundled receiver: %w", err)
	}
	// The receiver outlives an interrupt, so that the run can end in order.
	runCtx, cancel := context.WithCancel(context.WithoutCancel(ctx))
	b.cancel = cancel
	go func() { b.done <- r.Run(runCtx) }()
	select {
	case <-r.Ready():
	case err := <-b.done:
		cancel()
		b.clean()
		return nil, fmt.Errorf("start bundled receiver: %w", err)
	}
	if cfg.Target, err = url.Parse(r.URL()); err != nil {
		b.stop()
		return nil, fmt.Errorf("start bundled receiver: %w", err)
	}
	if f.level != "wire" {
		probe, err := url.Parse(r.ObserveURL())
		if err != nil {
			b.stop()
			return nil, fmt.Errorf("start bundled receiver: %w", err)
		}
		observer, err := observe.NewProbe(observe.ProbeConfig{URL: probe})
		if err != nil {
			b.stop()
			return nil, fmt.Errorf("start bundled receiver: %w", err)
		}
		cfg.Observers = append(cfg.Observers, observer)
	}
	return b, nil
}

func (b *bundled) receiver(ctx context.Context, cfg *conformance.Config) (*reference.Receiver, error) {
	store, err := sqlitestore.Open(ctx, filepath.Join(b.dir, "receiver.db"))
	if err != nil {
		return nil, err
	}
	if b.log, err = os.Create(filepath.Join(b.dir, "receiver.log")); err != nil {
		return nil, err
	}
	cfg.LogFile = b.log.Name()
	cfg.Keys = bundledKeys()
	return reference.New(reference.Config{
		Keys: []string{string(cfg.Keys.Current), string(cfg.Keys.Previous)}, Store: store, Probe: true, Logger: reference.NewLogger(b.log, slog.LevelInfo),
	})
}

func bundledKeys() mockclaude.Keys { return mockclaude.Keys{Current: makeKey(), Previous: makeKey()} }

func makeKey() []byte {
	var b [32]byte
	_, _ = crand.Read(b[:]) // it never fails: it ends the program instead
	return []byte("whsec_" + base64.StdEncoding.EncodeToString(b[:]))
}

// stop ends the receiver and removes its files.
func (b *bundled) stop() {
	b.cancel()
	<-b.done //nolint:errcheck // the report does not depend on how the receiver ends
	b.clean()
}

func (b *bundled) clean() {
	if b.log != nil {
		_ = b.log.Close()
	}
	_ = os.RemoveAll(b.dir)
}
