package pgstore

import (
	"context"
	"fmt"
	"time"

	"github.com/jackc/pgx/v5"

	"hookdrill/reference"
)

var _ reference.FetchStore = (*Store)(nil)

// TakeFetches implements [reference.FetchStore]. Instances that ask together
// take different ones.
func (s *Store) TakeFetches(ctx context.Context, now, until time.Time, n int) ([]reference.Fetch, error) {
	if s.closed() {
		return nil, reference.ErrStoreClosed
	}
	rows, err := s.pool.Query(ctx, `
		WITH due AS (
		    SELECT event_id FROM webhook_fetches WHERE state = 'waiting' AND due_at <= $1
		    ORDER BY due_at LIMIT $2 FOR UPDATE SKIP LOCKED
		)
		UPDATE webhook_fetches f SET due_at = $3, attempts = f.attempts + 1
		FROM due WHERE f.event_id = due.event_id RETURNING f.event_id, f.path, f.attempts`, now, n, until)
	if err != nil {
		return nil, fmt.Errorf("take fetches: %w", hide(err))
	}
	taken, err := pgx.CollectRows(rows, func(row pgx.CollectableRow) (f reference.Fetch, err error) {
		var id []byte
		err = row.Scan(&id, &f.Path, &f.Attempt)
		f.EventID = string(id)
		return f, err
	})
	if err != nil {
		return nil, fmt.Errorf("take fetches: %w", hide(err))
	}
	return taken, nil
}

// SettleFetch implements [reference.FetchStore].
func (s *Store) SettleFetch(ctx context.Context, eventID string, result reference.FetchResult) error {
	if s.closed() {
		return reference.ErrStoreClosed
	}
	due := result.Due
	if due.IsZero() {
		due = time.Unix(0, 0) // nothing waits for it any more
	}
	if _, err := s.pool.Exec(ctx, `UPDATE webhook_fetches SET state = $2, due_at = $3, resource = $4 WHERE event_id = $1`,
		[]byte(eventID), string(result.State), due, result.Resource); err != nil {
		return fmt.Errorf("settle fetch: %w", hide(err))
	}
	return nil
}
