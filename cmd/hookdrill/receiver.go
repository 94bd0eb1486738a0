package main

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"strconv"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"hookdrill/reference"
)

// receiverFlags are the flags of hookdrill receiver.
type receiverFlags struct {
	target                    targetFlags // of which it has the keys' and --config
	store                     storeFlags
	listen, path, admin       string
	probe                     bool
	level                     logLevel
	maxBody                   size
	maxInFlight, maxConns     count
	tolerance, retention      span
	retryAfter, storeTimeout  span
	header, read, write, idle span
	shutdown                  span
	drain                     delay
}

func receiverCommand(s Streams) *cobra.Command {
	var f receiverFlags
	cmd := &cobra.Command{
		Use: "receiver", Short: "Run the reference receiver, on PostgreSQL or its embedded store", Args: noOperands,
		Long: "Runs the reference receiver until it is interrupted; then it finishes what it accepted. Events are kept in the\n" +
			"PostgreSQL database that DATABASE_URL names, or else in a file (--data). It logs JSON to stderr and\n" +
			"prints its addresses and its store to stdout. Every flag can be set in the environment (HOOKDRILL_MAX_BODY for\n" +
			"--max-body) and in hookdrill.yaml (max_body). Without --listen it listens on port $PORT of 127.0.0.1, if PORT is set.\n" +
			"With OTEL_EXPORTER_OTLP_ENDPOINT or OTEL_EXPORTER_OTLP_TRACES_ENDPOINT it sends traces there, over HTTP.",
		RunE: func(cmd *cobra.Command, _ []string) error {
			cfg, err := f.configure(cmd, s)
			if err != nil {
				return err
			}
			return f.run(cmd.Context(), cfg, s)
		},
	}
	f.register(cmd)
	return cmd
}

func (f *receiverFlags) register(cmd *cobra.Command) {
	d := reference.Defaults()
	f.maxBody, f.maxInFlight, f.maxConns = size(d.MaxBody), count(d.MaxInFlight), count(d.MaxConns)
	f.tolerance, f.retention = span(d.Tolerance), span(d.Retention)
	f.retryAfter, f.storeTimeout = span(d.RetryAfter), span(d.StoreTimeout)
	f.header, f.read, f.write, f.idle = span(d.HeaderTimeout), span(d.ReadTimeout), span(d.WriteTimeout), span(d.IdleTimeout)
	f.shutdown, f.drain = span(d.ShutdownTimeout), delay(d.DrainDelay)

	fl := cmd.Flags()
	fl.StringVar(&f.listen, "listen", "127.0.0.1:8080", "`ADDRESS` to listen on")
	f.store.register(fl)
	fl.BoolVar(&f.probe, "probe", false, "serve GET /probe, which tells anybody who asks what an event did")
	fl.StringVar(&f.path, "path", "", "`PATH` of deliveries (default: the contract's, "+d.Path+" for "+d.Contract+")")
	fl.StringVar(&f.admin, "admin-listen", "", "`ADDRESS` for /metrics, /healthz, /readyz and profiles; not for the world (default: nowhere)")
	fl.Var(&f.level, "log-level", "least level to log: debug, info, warn or error")
	fl.Var(&f.maxBody, "max-body", "largest body; those above get 413")
	fl.Var(&f.maxInFlight, "max-in-flight", "verified deliveries that may wait for the store; those above get 503")
	fl.Var(&f.maxConns, "max-conns", "open connections; those above get 503")
	fl.Var(&f.retryAfter, "retry-after", "what a 503 asks the sender to wait, in whole seconds")
	fl.Var(&f.tolerance, "tolerance", "how far a timestamp may lie in the past or the future")
	fl.Var(&f.retention, "retention", "how long event ids are kept")
	fl.Var(&f.storeTimeout, "store-timeout", "bound of the wait for the store; then 503")
	fl.Var(&f.header, "header-timeout", "bound of reading a request's head")
	fl.Var(&f.read, "read-timeout", "bound of reading a request")
	fl.Var(&f.write, "write-timeout", "bound from a request's head to the end of its answer")
	fl.Var(&f.idle, "idle-timeout", "how long a connection may wait for its next request")
	fl.Var(&f.shutdown, "shutdown-timeout", "bound of finishing what was accepted")
	fl.Var(&f.drain, "drain-delay", "how long to go on serving after /readyz has turned to 503")
	t := &f.target
	fl.StringVar(&t.contract, "contract", d.Contract, "contract of the sender, by `NAME`: "+strings.Join(reference.Contracts(), ", "))
	fl.StringVar(&t.keyEnv, "key-env", "", "`NAME` of the environment variable with the signing key (default: the contract's)")
	fl.StringVar(&t.keyFile, "key-file", "", "`FILE` with the signing key; one newline at its end is not part of it")
	fl.StringVar(&t.prevEnv, "previous-key-env", "", "`NAME` of the environment variable with the previous key (rotation)")
	fl.StringVar(&t.prevFile, "previous-key-file", "", "`FILE` with the previous key")
	fl.StringVar(&t.config, "config", "", "configuration `FILE` (default hookdrill.yaml, if it is there)")
}

// configure turns flags, environment and file into a configuration that lacks
// its store. The error names everything that is wrong.
func (f *receiverFlags) configure(cmd *cobra.Command, s Streams) (reference.Config, error) {
	file, name, err := readConfig(cmd)
	if err != nil {
		return reference.Config{}, err
	}
	var wrong wrongs
	fillIn(cmd, s, file, name, &wrong)
	if port, ok := s.Env("PORT"); ok && port != "" && !cmd.Flags().Changed("listen") {
		if n, err := strconv.ParseUint(port, 10, 16); err != nil {
			wrong.add(usage("", "environment variable PORT: want a number from 0 to 65535, have %q", port))
		} else {
			f.listen = net.JoinHostPort("127.0.0.1", strconv.FormatUint(n, 10))
		}
	}
	_, err = tracesURL(s)
	wrong.add(err)
	_, _, err = f.store.postgres(s)
	wrong.add(err)
	spoken, err := spoken(f.target.contract)
	if err != nil {
		wrong.add(err)
		return reference.Config{}, wrong.err() // path and key depend on it
	}
	cfg := reference.Config{
		Addr: f.listen, Contract: spoken.Name, Path: f.path, Probe: f.probe, AdminAddr: f.admin, Keys: f.keys(spoken, s, &wrong),
		API:     f.api(spoken, s, &wrong),
		MaxBody: int64(f.maxBody), MaxInFlight: int(f.maxInFlight), MaxConns: int(f.maxConns), RetryAfter: time.Duration(f.retryAfter),
		Tolerance: time.Duration(f.tolerance), Retention: time.Duration(f.retention),
		StoreTimeout: time.Duration(f.storeTimeout), HeaderTimeout: time.Duration(f.header), ReadTimeout: time.Duration(f.read),
		WriteTimeout: time.Duration(f.write), IdleTimeout: time.Duration(f.idle),
		ShutdownTimeout: time.Duration(f.shutdown), DrainDelay: time.Duration(f.drain),
		Logger: reference.NewLogger(s.Err, slog.Level(f.level)),
	}
	// A store is opened only once all else is right; until then another
	// stands in for it.
	cfg.Store = struct{ reference.Store }{}
	looked := cfg
	if len(looked.Keys) == 0 { // said already
		looked.Keys = []string{standIn}
	}
	wrong.add(looked.Validate())
	return cfg, wrong.err()
}

// run runs a receiver until ctx ends.
func (f *receiverFlags) run(ctx context.Context, cfg reference.Config, s Streams) (err error) {
	tracing, flush, err := startTracing(ctx, s, cfg.Logger)
	if err != nil {
		return err
	}
	defer flush()
	cfg.Tracer = tracing
	store, which, err := f.store.open(ctx, s, cfg)
	if err != nil {
		return err
	}
	cfg.Store = store
	if cfg.AdminAddr != "" {
		cfg.Metrics = reference.NewMetrics(version)
	}
	r, err := reference.New(cfg)
	if err != nil {
		return errors.Join(usage("", "start receiver: %w", err), store.Close())
	}
	runCtx, stop := context.WithCancel(ctx)
	defer stop()
	done := make(chan error, 1)
	go func() { done <- r.Run(runCtx) }()
	select {
	case <-r.Ready():
	case err := <-done:
		if ctx.Err() != nil { // interrupted before it could listen
			return nil
		}
		return fmt.Errorf("run receiver: %w", err)
	}
	if err := announce(s, r, cfg, which); err != nil {
		stop()
		return errors.Join(err, <-done)
	}
	if err := <-done; err != nil {
		return fmt.Errorf("run receiver: %w", err)
	}
	return nil
}

// announce says where the receiver is and what it writes to.
func announce(s Streams, r *reference.Receiver, cfg reference.Config, store string) error {
	c, _ := reference.FindContract(cfg.Contract)
	text := "webhooks: " + r.URL() + "\ncontract: " + c.Name + "\n"
	if len(c.Assumptions) > 0 {
		text += "assumed: " + strings.Join(c.Assumptions, "; ") + "\n"
	}
	text += fetching(c, cfg.API)
	if url := r.ObserveURL(); url != "" {
		text += "probe: " + url + "\n"
	}
	if url := r.AdminURL(); url != "" {
		text += "admin: " + url + "\n"
	}
	return show(s.Out, "%sstore: %s\n", text, store)
}

// logLevel is a flag for the least level that is logged.
type logLevel slog.Level

func (l *logLevel) Type() string   { return "LEVEL" }
func (l *logLevel) String() string { return strings.ToLower(slog.Level(*l).String()) }

func (l *logLevel) Set(text string) error {
	for _, level := range []slog.Level{slog.LevelDebug, slog.LevelInfo, slog.LevelWarn, slog.LevelError} {
		if strings.EqualFold(text, level.String()) {
			*l = logLevel(level)
			return nil
		}
	}
	return fmt.Errorf("want debug, info, warn or error, have %q", text)
}
