package datadir

import (
	"context"
	"database/sql"
	"encoding/json"
	"fmt"
	"strings"
	"time"

	"hookdrill/mockclaude/engine"
)

// Save writes a batch in one transaction.
func (d *Dir) Save(ctx context.Context, b *engine.Batch) error {
	tx, err := d.db.BeginTx(ctx, nil)
	if err != nil {
		return fmt.Errorf("save to %s: %w", d.path, err)
	}
	defer tx.Rollback() //nolint:errcheck // of no use after a commit
	if err := (saver{ctx, tx}).batch(b); err != nil {
		return fmt.Errorf("save to %s: %w", d.path, err)
	}
	if err := tx.Commit(); err != nil {
		return fmt.Errorf("save to %s: %w", d.path, err)
	}
	return nil
}

// saver writes within a transaction.
type saver struct {
	ctx context.Context //nolint:containedctx // it lives as long as one call of Save
	tx  *sql.Tx
}

func (s saver) batch(b *engine.Batch) error {
	if err := s.endpoints(b); err != nil {
		return err
	}
	if err := s.deliveries(b); err != nil {
		return err
	}
	if err := s.attempts(b); err != nil {
		return err
	}
	counters, err := json.Marshal(b.Counters)
	if err != nil {
		return fmt.Errorf("encode the counters: %w", err)
	}
	_, err = s.tx.ExecContext(s.ctx, "INSERT OR REPLACE INTO counters VALUES (1, ?)", string(counters))
	return err //nolint:wrapcheck // Save says what it was about
}

// each carries out a statement for each of a list.
func each[T any](s saver, query string, list []T, args func(T) ([]any, error)) error {
	if len(list) == 0 {
		return nil
	}
	stmt, err := s.tx.PrepareContext(s.ctx, query)
	if err != nil {
		return err //nolint:wrapcheck // Save says what it was about
	}
	defer stmt.Close() //nolint:errcheck // the transaction ends it
	for _, v := range list {
		a, err := args(v)
		if err != nil {
			return err
		}
		if _, err := stmt.ExecContext(s.ctx, a...); err != nil {
			return err //nolint:wrapcheck // Save says what it was about
		}
	}
	return nil
}

func one[T any](v T) ([]any, error) { return []any{v}, nil }

func number(id uint64) ([]any, error) { return []any{int64(id)}, nil } //nolint:gosec // far below

func (s saver) endpoints(b *engine.Batch) error {
	const put = "INSERT OR REPLACE INTO endpoints VALUES (?,?,?,?,?,?,?,?,?,?)"
	if err := each(s, put, b.Endpoints, func(ep engine.SavedEndpoint) ([]any, error) {
		return []any{
			ep.ID, ep.URL, strings.Join(ep.Types, "\n"), ep.Concurrency, nanos(ep.Created), ep.Disabled, ep.Paused, ep.Failures,
			ep.Keys.Current, ep.Keys.Previous,
		}, nil
	}); err != nil {
		return err
	}
	return each(s, "DELETE FROM endpoints WHERE id = ?", b.Removed, one)
}

func (s saver) deliveries(b *engine.Batch) error {
	const put = "INSERT OR REPLACE INTO deliveries VALUES (?,?,?,?,?,?,?,?,?,?,?,?,?,?,?)"
	if err := each(s, put, b.Deliveries, func(d engine.SavedDelivery) ([]any, error) {
		return []any{
			int64(d.ID), d.Endpoint, d.EventID, d.Type, d.TaskID, string(d.State), d.Attempts, nanos(d.Created), nanos(d.Due), nanos(d.Sent), //nolint:gosec // far below
			nanos(d.Finished), d.Status, string(d.Err), int64(d.Redelivery), d.Body, //nolint:gosec // far below
		}, nil
	}); err != nil {
		return err
	}
	return each(s, "DELETE FROM deliveries WHERE id = ?", b.ForgetDeliveries, number)
}

func (s saver) attempts(b *engine.Batch) error {
	if err := each(s, "INSERT OR REPLACE INTO attempts VALUES (?,?)", b.Attempts, func(a engine.Attempt) ([]any, error) {
		text, err := json.Marshal(a)
		if err != nil {
			return nil, fmt.Errorf("encode attempt %d: %w", a.ID, err)
		}
		return []any{int64(a.ID), string(text)}, nil //nolint:gosec // far below
	}); err != nil {
		return err
	}
	return each(s, "DELETE FROM attempts WHERE id = ?", b.ForgetAttempts, number)
}

func nanos(t time.Time) int64 {
	if t.IsZero() {
		return 0
	}
	return t.UnixNano()
}

func moment(ns int64) time.Time {
	if ns == 0 {
		return time.Time{}
	}
	return time.Unix(0, ns).UTC()
}
