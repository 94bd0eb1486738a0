// Command go is a receiver of Claude's webhooks with net/http and PostgreSQL, to start from.
//
//	CLAUDE_WEBHOOK_KEY=whsec_… DATABASE_URL=postgres://… go run ./examples/go
//
// It listens on 127.0.0.1:$PORT (8080). With PROBE_TOKEN set, GET /observe says what events did.
package main

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"os"
	"os/signal"
	"syscall"
	"time"

	"github.com/jackc/pgx/v5/pgxpool"
)

func main() {
	log := slog.New(slog.NewJSONHandler(os.Stderr, nil)).With("logger", "receiver")
	if err := run(log); err != nil {
		log.Error("receiver failed", "error", err)
		os.Exit(1)
	}
}

func run(log *slog.Logger) error {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	key := os.Getenv("CLAUDE_WEBHOOK_KEY")
	if key == "" {
		return errors.New("CLAUDE_WEBHOOK_KEY is not set")
	}
	pool, err := open(ctx, os.Getenv("DATABASE_URL"))
	if err != nil {
		return err
	}
	defer pool.Close()

	r := &receiver{key: []byte(key), db: pool, log: log}
	mux := http.NewServeMux()
	mux.Handle("POST /webhooks/claude", r)
	if token := os.Getenv("PROBE_TOKEN"); token != "" { // no token, no probe
		mux.Handle("GET /observe", observe(pool, token))
	}
	server := &http.Server{
		Addr:              "127.0.0.1:" + cmp.Or(os.Getenv("PORT"), "8080"),
		Handler:           mux,
		ReadHeaderTimeout: 5 * time.Second,
		ReadTimeout:       time.Minute, // a body that trickles in is given up
		IdleTimeout:       2 * time.Minute,
	}
	stopped := make(chan error, 1)
	go func() {
		<-ctx.Done() // what is under way is answered
		limit, cancel := context.WithTimeout(context.WithoutCancel(ctx), 20*time.Second)
		defer cancel()
		stopped <- server.Shutdown(limit)
	}()
	if err := server.ListenAndServe(); !errors.Is(err, http.ErrServerClosed) {
		return fmt.Errorf("serve: %w", err)
	}
	if err := <-stopped; err != nil {
		return fmt.Errorf("shut down: %w", err)
	}
	return nil
}

const schema = `
CREATE TABLE IF NOT EXISTS processed_webhook_events (
    event_id text PRIMARY KEY, event_type text NOT NULL, payload bytea NOT NULL, received_at timestamptz NOT NULL);
CREATE TABLE IF NOT EXISTS task_results (
    task_id text PRIMARY KEY, status text NOT NULL, result text, error text, completed_at timestamptz NOT NULL);
CREATE TABLE IF NOT EXISTS audit_log (event_id text NOT NULL, task_id text, at timestamptz NOT NULL);
CREATE INDEX IF NOT EXISTS audit_log_event_id ON audit_log (event_id);`

func open(ctx context.Context, url string) (*pgxpool.Pool, error) {
	if url == "" {
		return nil, errors.New("DATABASE_URL is not set")
	}
	config, err := pgxpool.ParseConfig(url)
	if err != nil {
		return nil, fmt.Errorf("read DATABASE_URL: %w", err)
	}
	config.MaxConns = 10
	pool, err := pgxpool.NewWithConfig(ctx, config)
	if err != nil {
		return nil, fmt.Errorf("open database: %w", err)
	}
	if _, err := pool.Exec(ctx, schema); err != nil {
		pool.Close()
		return nil, fmt.Errorf("make tables: %w", err)
	}
	return pool, nil
}
