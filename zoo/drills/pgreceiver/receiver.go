// Package pgreceiver is a small receiver on PostgreSQL with at most one defect, for drills that
// need a database behind DATABASE_URL. It must not know the harness.
//
// It listens on 127.0.0.1:$PORT and knows the signing key from $CLAUDE_WEBHOOK_KEY; $DEFECT
// names what is wrong with it, "" for nothing. GET /probe tells what an event did.
package pgreceiver

import (
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"slices"
	"strings"
	"time"

	"github.com/jackc/pgx/v5/pgxpool"
)

// Config is a receiver's configuration.
type Config struct {
	Port, Key, DatabaseURL, Defect string
}

const (
	// patience bounds all that a delivery waits for the database.
	patience = 2 * time.Second
	// connections is how many connections there are to the database.
	connections = 10
	// startLimit bounds a connection at the start and for the probe.
	startLimit = 20 * time.Second
	tolerance  = 5 * time.Minute
	maxBody    = 2 << 20
)

type receiver struct {
	cfg  Config
	pool *pgxpool.Pool
	// take makes an event take effect once.
	take func(ctx context.Context, id string) error
	// patience is a context for the work on a delivery.
	patience func(context.Context) (context.Context, context.CancelFunc)
	// refuse is the status for an event that could not be stored.
	refuse int
}

// Run runs the receiver until ctx ends, and then finishes what it accepted.
func Run(ctx context.Context, cfg Config) error {
	rc, err := open(ctx, cfg)
	if err != nil {
		return err
	}
	background, stop := context.WithCancel(context.WithoutCancel(ctx))
	defer stop()
	if err := rc.breed(background); err != nil {
		return err
	}
	listener, err := (&net.ListenConfig{}).Listen(ctx, "tcp", net.JoinHostPort("127.0.0.1", cfg.Port))
	if err != nil {
		return fmt.Errorf("listen: %w", err)
	}
	mux := http.NewServeMux()
	mux.HandleFunc("POST /webhooks/claude", rc.deliver)
	mux.HandleFunc("GET /probe", rc.probe)
	server := &http.Server{Handler: mux, ReadHeaderTimeout: 10 * time.Second, ReadTimeout: 20 * time.Second, IdleTimeout: time.Minute}
	served := make(chan error, 1)
	go func() { served <- server.Serve(listener) }()
	select {
	case err := <-served:
		return fmt.Errorf("serve: %w", err)
	case <-ctx.Done():
	}
	ending, cancel := context.WithTimeout(context.WithoutCancel(ctx), 20*time.Second)
	defer cancel()
	if err := server.Shutdown(ending); err != nil {
		return fmt.Errorf("shut down: %w", err)
	}
	stop()
	return nil // not waiting for the pool: a defect may hold its connections
}

func open(ctx context.Context, cfg Config) (*receiver, error) {
	config, err := pgxpool.ParseConfig(cfg.DatabaseURL)
	if err != nil {
		return nil, errors.New("DATABASE_URL is no connection string") // not the cause: it may quote a password
	}
	config.MaxConns = connections
	config.ConnConfig.ConnectTimeout = startLimit // deliveries have limits of their own
	pool, err := pgxpool.NewWithConfig(ctx, config)
	if err != nil {
		return nil, fmt.Errorf("open pool: %w", err)
	}
	if _, err := pool.Exec(ctx, `CREATE TABLE IF NOT EXISTS seen (id text PRIMARY KEY); CREATE TABLE IF NOT EXISTS effects (id text)`); err != nil {
		return nil, fmt.Errorf("create tables: %w", err)
	}
	rc := &receiver{cfg: cfg, pool: pool, refuse: http.StatusServiceUnavailable}
	rc.take = rc.once
	rc.patience = func(ctx context.Context) (context.Context, context.CancelFunc) {
		return context.WithTimeout(ctx, patience)
	}
	return rc, nil
}

func (rc *receiver) deliver(w http.ResponseWriter, r *http.Request) {
	body, err := io.ReadAll(io.LimitReader(r.Body, maxBody))
	if err != nil {
		w.WriteHeader(http.StatusBadRequest)
		return
	}
	mac := hmac.New(sha256.New, []byte(rc.cfg.Key))
	mac.Write(body)
	if !hmac.Equal([]byte(hex.EncodeToString(mac.Sum(nil))), []byte(r.Header.Get("X-Claude-Signature"))) {
		w.WriteHeader(http.StatusUnauthorized)
		return
	}
	var e struct {
		ID, Type  string
		Timestamp time.Time
	}
	if err := json.Unmarshal(body, &e); err != nil || e.ID == "" || e.Type == "" || strings.ContainsRune(e.ID, 0) ||
		time.Since(e.Timestamp).Abs() > tolerance {
		w.WriteHeader(http.StatusBadRequest)
		return
	}
	// A sender that gives up does not undo what has begun.
	ctx, cancel := rc.patience(context.WithoutCancel(r.Context()))
	defer cancel()
	if err := rc.take(ctx, e.ID); err != nil {
		w.WriteHeader(rc.refuse)
		return
	}
	w.WriteHeader(http.StatusOK)
}

// probe says how many effects events had.
func (rc *receiver) probe(w http.ResponseWriter, r *http.Request) {
	ctx, cancel := context.WithTimeout(r.Context(), startLimit)
	defer cancel()
	type effect struct {
		Processed int `json:"processed"`
	}
	events := map[string]effect{}
	conn, err := rc.outside(ctx)
	if err != nil {
		http.Error(w, "the database cannot be asked", http.StatusServiceUnavailable)
		return
	}
	defer func() { _ = conn.Close(context.WithoutCancel(ctx)) }()
	ids := slices.DeleteFunc(r.URL.Query()["id"], func(id string) bool { return strings.ContainsRune(id, 0) })
	rows, err := conn.Query(ctx, `SELECT id, count(*) FROM effects WHERE id = ANY($1) GROUP BY id`, ids)
	if err == nil {
		for rows.Next() {
			var id string
			var n int
			if err = rows.Scan(&id, &n); err != nil {
				break
			}
			events[id] = effect{n}
		}
		rows.Close()
		err = errors.Join(err, rows.Err())
	}
	if err != nil {
		http.Error(w, "the database cannot be asked", http.StatusServiceUnavailable)
		return
	}
	w.Header().Set("Content-Type", "application/json")
	_ = json.NewEncoder(w).Encode(map[string]any{"events": events}) // a reader that is gone is no concern
}
