package sqlitestore

import (
	"context"
	"errors"
	"fmt"
	"time"

	"hookdrill/reference"
	"hookdrill/reference/internal/groupcommit"
)

var _ reference.FetchStore = (*Store)(nil)

// TakeFetches implements [reference.FetchStore].
func (s *Store) TakeFetches(ctx context.Context, now, until time.Time, n int) ([]reference.Fetch, error) {
	var taken []reference.Fetch
	err := s.work(ctx, func(ctx context.Context, w *writer) error {
		taken = nil // the transaction may be a second try
		rows, err := w.take.QueryContext(ctx, nanos(until), nanos(now), n)
		if err != nil {
			return fmt.Errorf("take fetches: %w", err)
		}
		defer func() { _ = rows.Close() }()
		for rows.Next() {
			var f reference.Fetch
			if err := rows.Scan(&f.EventID, &f.Path, &f.Attempt); err != nil {
				return fmt.Errorf("take fetches: %w", err)
			}
			taken = append(taken, f)
		}
		return rows.Err()
	})
	if err != nil {
		return nil, err // taken may still be written to
	}
	return taken, nil
}

// SettleFetch implements [reference.FetchStore].
func (s *Store) SettleFetch(ctx context.Context, eventID string, result reference.FetchResult) error {
	return s.work(ctx, func(ctx context.Context, w *writer) error {
		_, err := w.settle.ExecContext(ctx, string(result.State), nanos(result.Due), result.Resource, eventID)
		if err != nil {
			return fmt.Errorf("settle fetch: %w", err)
		}
		return nil
	})
}

// work has the writer do something in its next transaction.
func (s *Store) work(ctx context.Context, do func(context.Context, *writer) error) error {
	_, err := s.group.Do(ctx, request{work: do})
	if errors.Is(err, groupcommit.ErrClosed) {
		return reference.ErrStoreClosed
	}
	return err //nolint:wrapcheck // do has said what it was
}
