package main

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"os"
	"os/exec"
	"os/signal"
	"runtime/pprof"
	"strings"
	"syscall"
	"time"

	"hookdrill/reference"
	"hookdrill/reference/pgstore"
)

// serveWord makes this program one of the receivers.
const serveWord = "serve"

// urlVariable hands the database to a receiver: a URL has a password in it.
const urlVariable = "HOOKDRILL_BENCH_DATABASE_URL"

// profileVariable asks a receiver for a CPU profile.
const profileVariable = "HOOKDRILL_BENCH_PROFILE"

// subject is a receiver that is measured.
type subject string

const (
	grouped  subject = "grouped"
	single   subject = "single"
	verifies subject = "verifies"
)

func subjects() []subject { return []subject{grouped, single, verifies} }

func (s subject) words() string {
	switch s {
	case grouped:
		return "(a) the reference receiver"
	case single:
		return "(b) group commit off, one transaction an event, 16 connections"
	default:
		return "(c) verifies and stores nothing"
	}
}

// serve is the receiver's process. It writes its URL and ends with SIGTERM.
func serve(ctx context.Context, args []string, out io.Writer) error {
	if len(args) != 1 {
		return errors.New("serve: want one receiver")
	}
	ctx, stop := signal.NotifyContext(ctx, syscall.SIGTERM)
	defer stop()
	var store reference.Store = nothing{}
	switch s := subject(args[0]); s {
	case grouped, single:
		cfg := pgstore.Config{URL: os.Getenv(urlVariable)}
		if s == single {
			cfg.MaxBatch, cfg.Writers = 1, 16
		}
		var err error
		if store, err = pgstore.Open(ctx, cfg); err != nil {
			return err //nolint:wrapcheck // it says enough
		}
	case verifies:
	default:
		return fmt.Errorf("serve: unknown receiver %q", s)
	}
	r, err := reference.New(reference.Config{Keys: []string{benchKey}, Store: store, Logger: slog.New(slog.DiscardHandler)})
	if err != nil {
		return err //nolint:wrapcheck // it says enough
	}
	if name := os.Getenv(profileVariable); name != "" {
		end, err := profile(name)
		if err != nil {
			return err
		}
		defer end()
	}
	go func() {
		<-r.Ready()
		_, _ = fmt.Fprintln(out, r.URL())
	}()
	return r.Run(ctx) //nolint:wrapcheck // it says enough
}

// profile writes what the CPU did until the end is called.
func profile(name string) (func(), error) {
	file, err := os.Create(name) //nolint:gosec // the file that was asked for
	if err != nil {
		return nil, fmt.Errorf("write profile: %w", err)
	}
	if err := pprof.StartCPUProfile(file); err != nil {
		return nil, fmt.Errorf("write profile: %w", err)
	}
	return func() {
		pprof.StopCPUProfile()
		_ = file.Close()
	}, nil
}

// nothing is a store that takes every event for new.
type nothing struct{}

func (nothing) Record(context.Context, reference.Event) (reference.Outcome, error) {
	return reference.OutcomeNew, nil
}

func (nothing) Effects(context.Context, []string) (map[string]reference.Effect, error) {
	return nil, errors.ErrUnsupported
}
func (nothing) Prune(context.Context, time.Time) (int64, error) { return 0, nil }
func (nothing) Ping(context.Context) error                      { return nil }
func (nothing) Close() error                                    { return nil }

// child is a receiver that runs.
type child struct {
	cmd    *exec.Cmd
	target string
}

func start(ctx context.Context, s subject, url, profile string) (*child, error) {
	cmd := exec.CommandContext(ctx, os.Args[0], serveWord, string(s)) //nolint:gosec // this program
	cmd.Env = append(os.Environ(), urlVariable+"="+url, profileVariable+"="+profile)
	cmd.Stderr = os.Stderr
	cmd.Cancel = func() error { return cmd.Process.Signal(syscall.SIGTERM) }
	cmd.WaitDelay = 20 * time.Second
	out, err := cmd.StdoutPipe()
	if err != nil {
		return nil, fmt.Errorf("start receiver: %w", err)
	}
	if err := cmd.Start(); err != nil {
		return nil, fmt.Errorf("start receiver: %w", err)
	}
	c := &child{cmd: cmd}
	line, err := bufio.NewReader(out).ReadString('\n')
	if err != nil {
		c.stop()
		return nil, fmt.Errorf("start receiver: it ended before it listened: %w", err)
	}
	c.target = strings.TrimSpace(line)
	return c, nil
}

func (c *child) stop() {
	_ = c.cmd.Process.Signal(syscall.SIGTERM)
	_ = c.cmd.Wait()
}
