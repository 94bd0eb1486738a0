package main

import (
	"context"
	crand "crypto/rand"
	"encoding/base64"
	"errors"
	"fmt"
	"log/slog"
	"net/url"
	"os"
	"path/filepath"

	"hookdrill/mockclaude"
	"hookdrill/observe"
	"hookdrill/reference"
	"hookdrill/reference/sqlitestore"
)

// bundled is the receiver that comes with hookdrill, run for one run with keys made
// for it.
type bundled struct {
	keys     mockclaude.Keys
	target   *url.URL
	observer observe.Observer
	log      *os.File

	dir    string
	cancel context.CancelFunc
	done   chan error
}

// embedded opens the store that needs nothing, in a folder.
func embedded(ctx context.Context, dir string) (reference.Store, error) {
	return sqlitestore.Open(ctx, filepath.Join(dir, "receiver.db"))
}

// startBundled starts the bundled receiver on a store that open opens; it is given a
// folder that stop removes.
//
// It speaks the contract of that name; one that it does not speak is a mistake of
// the user's, who then has to name a target. It fetches from api what events only name,
// when that is not nil.
func startBundled(ctx context.Context, contract string, api *reference.API, level slog.Level, open func(ctx context.Context, dir string) (reference.Store, error)) (*bundled, error) {
	if _, err := spoken(contract); err != nil {
		return nil, usage("--target URL", "there is no bundled receiver for it: %w", err)
	}
	dir, err := os.MkdirTemp("", "hookdrill-")
	if err != nil {
		return nil, fmt.Errorf("start bundled receiver: %w", err)
	}
	b := &bundled{dir: dir, done: make(chan error, 1), keys: bundledKeys()}
	r, err := b.receiver(ctx, contract, api, level, open)
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
	if err := b.find(r); err != nil {
		b.stop()
		return nil, fmt.Errorf("start bundled receiver: %w", err)
	}
	return b, nil
}

func (b *bundled) receiver(ctx context.Context, contract string, api *reference.API, level slog.Level, open func(ctx context.Context, dir string) (reference.Store, error)) (*reference.Receiver, error) {
	store, err := open(ctx, b.dir)
	if err != nil {
		return nil, err
	}
	if b.log, err = os.Create(filepath.Join(b.dir, "receiver.log")); err != nil {
		return nil, errors.Join(err, store.Close())
	}
	return reference.New(reference.Config{
		Contract: contract, API: api, Keys: []string{string(b.keys.Current), string(b.keys.Previous)}, Store: store, Probe: true, Logger: reference.NewLogger(b.log, level),
	})
}

// find notes where the receiver is.
func (b *bundled) find(r *reference.Receiver) (err error) {
	if b.target, err = url.Parse(r.URL()); err != nil {
		return err //nolint:wrapcheck // it is wrapped by the caller
	}
	probe, err := url.Parse(r.ObserveURL())
	if err != nil {
		return err //nolint:wrapcheck // it is wrapped by the caller
	}
	b.observer, err = observe.NewProbe(observe.ProbeConfig{URL: probe})
	return err
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
