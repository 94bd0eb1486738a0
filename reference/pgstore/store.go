package pgstore

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"sync"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"
	"go.opentelemetry.io/otel/trace"

	"hookdrill/reference"
	"hookdrill/reference/internal/groupcommit"
)

// openTimeout bounds the wait for another instance's migration as well.
const openTimeout = time.Minute

type (
	job   = groupcommit.Job[reference.Event, reference.Outcome]
	group = groupcommit.Group[reference.Event, reference.Outcome]
)

// Store is a [reference.Store] in a PostgreSQL database.
type Store struct {
	cfg    Config
	log    *slog.Logger
	tracer trace.Tracer
	pool   *pgxpool.Pool
	pooled bool
	group  *group
	queue  *queue // nil in transaction mode
	meter  *meter
	ctx    context.Context //nolint:containedctx // what the writers' transactions descend from; Close ends it
	cancel context.CancelFunc
	close  func() error
}

var _ reference.Store = (*Store)(nil)

// Open connects, brings the schema up to date and starts the writers and, in
// queue mode, the workers, which Close ends. ctx bounds the opening only. The
// error never holds the URL's password.
func Open(ctx context.Context, cfg Config) (_ *Store, err error) {
	if err := cfg.Validate(); err != nil {
		return nil, err
	}
	cfg = cfg.withDefaults()
	life, cancel := context.WithCancel(context.WithoutCancel(ctx))
	s := &Store{
		cfg: cfg, log: cfg.Logger.With("logger", "hookdrill.reference.pgstore"), ctx: life, cancel: cancel,
		tracer: cfg.Tracer.Tracer("hookdrill/reference/pgstore"),
	}
	s.close = sync.OnceValue(s.shut)
	defer func() {
		if err != nil {
			_ = s.release() // the error that led here counts
			err = fmt.Errorf("open postgres store: %w", err)
		}
	}()
	ctx, stop := context.WithTimeout(ctx, openTimeout)
	defer stop()
	if s.pool, s.pooled, err = connect(ctx, cfg); err != nil {
		return nil, err
	}
	if err := migrate(ctx, s.pool, cfg.Mode); err != nil {
		return nil, err
	}
	if err := s.makePartitions(ctx, time.Now()); err != nil {
		return nil, fmt.Errorf("make partitions: %w", err)
	}
	s.meter = newMeter(s)
	if cfg.Mode == ModeQueue {
		if s.queue, err = startQueue(life, s); err != nil {
			return nil, err
		}
	}
	s.group = groupcommit.Start(groupcommit.Config{Writers: cfg.Writers, MaxBatch: cfg.MaxBatch, MaxWait: cfg.MaxWait},
		func(_ int, batch []*job) { s.commit(batch) }) //nolint:contextcheck // a transaction of many callers outlives each of them
	return s, nil
}

// Summary says in a few words how the store works, for a line at start.
func (s *Store) Summary() string {
	words := "PostgreSQL, " + string(s.cfg.Mode) + " mode"
	if s.pooled {
		words += ", through a pooler (no prepared statements"
		if s.queue != nil {
			words += ", workers poll"
		}
		words += ")"
	}
	return words
}

// Record implements [reference.Store]. In queue mode the effect follows.
func (s *Store) Record(ctx context.Context, event reference.Event) (reference.Outcome, error) {
	outcome, err := s.group.Do(ctx, event)
	switch {
	case errors.Is(err, groupcommit.ErrClosed):
		return 0, reference.ErrStoreClosed
	case err != nil:
		return 0, fmt.Errorf("record event: %w", err)
	}
	if outcome == reference.OutcomeNew && s.queue != nil {
		outcome = reference.OutcomeAccepted
	}
	return outcome, nil
}

// Effects implements [reference.Store]. In queue mode it sees what the workers
// have done.
func (s *Store) Effects(ctx context.Context, ids []string) (map[string]reference.Effect, error) {
	if s.closed() {
		return nil, reference.ErrStoreClosed
	}
	wanted := make([][]byte, len(ids))
	for i, id := range ids {
		wanted[i] = []byte(id)
	}
	rows, err := s.pool.Query(ctx, `
		SELECT a.event_id, count(*), coalesce(max(t.status), $2)
		FROM webhook_audit_log a LEFT JOIN task_results t USING (task_id)
		WHERE a.event_id = ANY ($1::bytea[]) GROUP BY a.event_id`, wanted, reference.StatusIgnored)
	if err != nil {
		return nil, fmt.Errorf("read effects: %w", err)
	}
	effects := make(map[string]reference.Effect, len(ids))
	var id []byte
	var e reference.Effect
	if _, err := pgx.ForEachRow(rows, []any{&id, &e.Processed, &e.Status}, func() error {
		effects[string(id)] = e
		return nil
	}); err != nil {
		return nil, fmt.Errorf("read effects: %w", err)
	}
	return effects, nil
}

// Ping implements [reference.Store]: it asks whether the server takes writes,
// which a standby does not.
func (s *Store) Ping(ctx context.Context) error {
	if s.closed() {
		return reference.ErrStoreClosed
	}
	var standby bool
	if err := s.pool.QueryRow(ctx, `SELECT pg_is_in_recovery()`).Scan(&standby); err != nil {
		return fmt.Errorf("ping: %w", err)
	}
	if standby {
		return errors.New("ping: the server is a standby, and takes no writes")
	}
	return nil
}

func (s *Store) closed() bool {
	select {
	case <-s.group.Closing():
		return true
	default:
		return false
	}
}

// Close implements [reference.Store]. In queue mode it lets jobs under way
// finish, for as long as one may take; what is left waits in the database.
func (s *Store) Close() error { return s.close() }

func (s *Store) shut() error {
	s.group.Close()
	return s.release()
}

// release lets go of whatever was opened.
func (s *Store) release() error {
	var err error
	if s.queue != nil {
		err = s.queue.stop(s.ctx)
	}
	s.cancel()
	if s.pool != nil {
		s.pool.Close()
	}
	return err
}
