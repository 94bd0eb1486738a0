package pgstore

import (
	"context"
	"fmt"
	"time"

	"github.com/jackc/pgx/v5"

	"hookdrill/reference"
)

const (
	// pruneBatch bounds the rows that one transaction deletes.
	pruneBatch = 1000
	// prunePause lets deliveries have the disk between two batches.
	prunePause = 20 * time.Millisecond
)

// Prune implements [reference.Store]: it forgets ids in small transactions,
// drops the audit log's partitions that hold nothing younger, and makes the
// partitions of the weeks ahead. One instance at a time does so; another
// returns 0. Events that wait for a worker, and dead letters, stay.
func (s *Store) Prune(ctx context.Context, before time.Time) (int64, error) {
	if s.closed() {
		return 0, reference.ErrStoreClosed
	}
	if err := s.makePartitions(ctx, time.Now()); err != nil {
		return 0, fmt.Errorf("prune: %w", err)
	}
	var pruned int64
	err := pgx.BeginFunc(ctx, s.pool, func(turn pgx.Tx) error {
		var mine bool
		if err := turn.QueryRow(ctx, `SELECT pg_try_advisory_xact_lock($1)`, int64(pruneLock)).Scan(&mine); err != nil || !mine {
			return err //nolint:wrapcheck // wrapped below
		}
		if err := s.dropPartitions(ctx, before); err != nil {
			return err
		}
		var err error
		if pruned, err = s.pruneIDs(ctx, before); err != nil {
			return err
		}
		return s.pruneFetches(ctx, before)
	})
	if err != nil {
		return pruned, fmt.Errorf("prune: %w", err)
	}
	return pruned, nil
}

// pruneFetches forgets what was to be fetched for events of before.
func (s *Store) pruneFetches(ctx context.Context, before time.Time) error {
	_, err := s.inBatches(ctx, before, `
		DELETE FROM webhook_fetches WHERE event_id IN (
		    SELECT event_id FROM webhook_fetches WHERE received_at < $1 LIMIT $2 FOR UPDATE SKIP LOCKED)`)
	return err
}

func (s *Store) pruneIDs(ctx context.Context, before time.Time) (int64, error) {
	return s.inBatches(ctx, before, `
		DELETE FROM processed_webhook_events WHERE event_id IN (
		    SELECT event_id FROM processed_webhook_events
		    WHERE received_at < $1 AND processed_at IS NOT NULL
		    LIMIT $2 FOR UPDATE SKIP LOCKED)`)
}

// inBatches runs a deletion that takes a time and a number of rows until it finds
// fewer.
func (s *Store) inBatches(ctx context.Context, before time.Time, deletion string) (pruned int64, err error) {
	for {
		tag, err := s.pool.Exec(ctx, deletion, before, pruneBatch)
		if err != nil {
			return pruned, err //nolint:wrapcheck // Prune wraps it
		}
		pruned += tag.RowsAffected()
		if tag.RowsAffected() < pruneBatch {
			return pruned, nil
		}
		select {
		case <-time.After(prunePause):
		case <-ctx.Done():
			return pruned, context.Cause(ctx) //nolint:wrapcheck // Prune wraps it
		case <-s.group.Closing():
			return pruned, reference.ErrStoreClosed
		}
	}
}
