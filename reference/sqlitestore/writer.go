package sqlitestore

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"math"
	"strings"
	"time"

	"hookdrill/reference"
	"hookdrill/reference/internal/groupcommit"
)

const (
	// maxBatch bounds the events of one transaction, and with it how long the
	// first of them waits for the last.
	maxBatch = 256
	// pruneBatch bounds the rows that one job deletes, so that deliveries get
	// their turn in between.
	pruneBatch = 500
)

// request is one call that waits for the writer: an event to record, or ids to
// prune.
type request struct {
	event  reference.Event
	prune  bool
	before time.Time
	// work is something else to do in the transaction; nil for none.
	work func(context.Context, *writer) error
}

type verdict struct {
	outcome reference.Outcome
	pruned  int64
}

type job = groupcommit.Job[request, verdict]

// writer does jobs on one connection with statements prepared on it.
type writer struct {
	conn *sql.Conn

	begin, commit, rollback *sql.Stmt
	insert, audit, upsert   *sql.Stmt
	prune, pruneFetches     *sql.Stmt
	fetch, take, settle     *sql.Stmt
}

func newWriter(ctx context.Context, db *sql.DB) (*writer, error) {
	conn, err := db.Conn(ctx)
	if err != nil {
		return nil, err
	}
	w := &writer{conn: conn}
	if err := w.prepare(ctx); err != nil {
		return nil, errors.Join(err, w.close())
	}
	return w, nil
}

func (w *writer) prepare(ctx context.Context) error {
	if err := migrate(ctx, w.conn); err != nil {
		return err
	}
	for _, p := range []struct {
		stmt **sql.Stmt
		text string
	}{
		// IMMEDIATE waits for another process here, where nothing is lost yet.
		{&w.begin, `BEGIN IMMEDIATE`},
		{&w.commit, `COMMIT`},
		{&w.rollback, `ROLLBACK`},
		{&w.insert, `
			INSERT INTO processed_webhook_events (event_id, event_type, payload, received_at, processed_at)
			VALUES (?, ?, ?, ?, ?) ON CONFLICT DO NOTHING`},
		{&w.upsert, `
			INSERT INTO task_results (task_id, status, result, error, completed_at) VALUES (?, ?, ?, ?, ?)
			ON CONFLICT (task_id) DO UPDATE
			SET status = excluded.status, result = excluded.result, error = excluded.error, completed_at = excluded.completed_at
			WHERE excluded.completed_at >= task_results.completed_at`},
		{&w.audit, `
			INSERT INTO audit_log (event_id, event_type, task_id, effect, at) VALUES (?, ?, ?, ?, ?)`},
		{&w.prune, `
			DELETE FROM processed_webhook_events WHERE rowid IN
			(SELECT rowid FROM processed_webhook_events WHERE received_at < ? LIMIT ?)`},
		{&w.pruneFetches, `
			DELETE FROM webhook_fetches WHERE rowid IN
			(SELECT rowid FROM webhook_fetches WHERE received_at < ? LIMIT ?)`},
		{&w.fetch, `
			INSERT INTO webhook_fetches (event_id, path, state, attempts, due_at, received_at)
			VALUES (?, ?, 'waiting', 0, ?, ?) ON CONFLICT DO NOTHING`},
		{&w.take, `
			UPDATE webhook_fetches SET due_at = ?, attempts = attempts + 1 WHERE event_id IN
			(SELECT event_id FROM webhook_fetches WHERE state = 'waiting' AND due_at <= ? ORDER BY due_at LIMIT ?)
			RETURNING event_id, path, attempts`},
		{&w.settle, `UPDATE webhook_fetches SET state = ?, due_at = ?, resource = ? WHERE event_id = ?`},
	} {
		var err error
		if *p.stmt, err = w.conn.PrepareContext(ctx, p.text); err != nil {
			return fmt.Errorf("prepare: %w", err)
		}
	}
	return nil
}

// migrations are what turns a file of each version into one of the next, from
// an empty one on.
func migrations() []string { return []string{schema, fetchSchema} }

// migrate brings the tables up to date and refuses a file of a later version.
func migrate(ctx context.Context, conn *sql.Conn) error {
	// The write lock keeps two processes from both finding the file empty.
	if _, err := conn.ExecContext(ctx, `BEGIN IMMEDIATE`); err != nil {
		return err
	}
	defer func() { _, _ = conn.ExecContext(context.WithoutCancel(ctx), `ROLLBACK`) }() // fails after a commit
	var version int
	if err := conn.QueryRowContext(ctx, `PRAGMA user_version`).Scan(&version); err != nil {
		return err
	}
	steps := migrations()
	switch {
	case version == len(steps):
		return nil
	case version < 0, version > len(steps):
		return fmt.Errorf("the file has schema version %d, want %d", version, len(steps))
	}
	changes := strings.Join(steps[version:], "") + fmt.Sprintf("PRAGMA user_version = %d; COMMIT", len(steps)) //nolint:gosec // files of the program's own
	if _, err := conn.ExecContext(ctx, changes); err != nil {
		return fmt.Errorf("create tables: %w", err)
	}
	return nil
}

// do does the jobs and answers each. If a transaction of several fails, each
// gets one of its own, so that one bad event fails alone.
func (w *writer) do(ctx context.Context, jobs []*job) {
	verdicts, err := w.transact(ctx, jobs)
	if err != nil && len(jobs) > 1 {
		for i := range jobs {
			w.do(ctx, jobs[i:i+1])
		}
		return
	}
	for i, j := range jobs {
		switch {
		case err != nil:
			j.Answer(verdict{}, fmt.Errorf("write to store: %w", err))
		case j.Ctx.Err() != nil && verdicts[i] == verdict{}:
			j.Answer(verdict{}, context.Cause(j.Ctx)) //nolint:contextcheck // each job has its own caller
		default:
			j.Answer(verdicts[i], nil)
		}
	}
}

// transact does the jobs in one transaction and returns what came of each, to
// be believed only if the error is nil.
func (w *writer) transact(ctx context.Context, jobs []*job) ([]verdict, error) {
	if _, err := w.begin.ExecContext(ctx); err != nil {
		return nil, fmt.Errorf("begin: %w", err)
	}
	verdicts := make([]verdict, len(jobs))
	for i, j := range jobs {
		var err error
		if verdicts[i], err = w.apply(ctx, j); err != nil {
			_, _ = w.rollback.ExecContext(ctx)
			return nil, err
		}
	}
	if _, err := w.commit.ExecContext(ctx); err != nil {
		_, _ = w.rollback.ExecContext(ctx)
		return nil, fmt.Errorf("commit: %w", err)
	}
	return verdicts, nil
}

// apply does one job, unless its caller has left.
func (w *writer) apply(ctx context.Context, j *job) (verdict, error) {
	if j.Ctx.Err() != nil {
		return verdict{}, nil //nolint:nilerr // the error belongs to this job alone, the transaction goes on
	}
	if j.In.work != nil {
		return verdict{}, j.In.work(ctx, w)
	}
	if j.In.prune {
		if _, err := w.pruneFetches.ExecContext(ctx, nanos(j.In.before), pruneBatch); err != nil {
			return verdict{}, fmt.Errorf("prune fetches: %w", err)
		}
		pruned, err := affected(w.prune.ExecContext(ctx, nanos(j.In.before), pruneBatch))
		return verdict{pruned: pruned}, err
	}
	outcome, err := w.record(ctx, j.In.event)
	return verdict{outcome: outcome}, err
}

// record inserts the id and, if it is new, applies the effect.
func (w *writer) record(ctx context.Context, e reference.Event) (reference.Outcome, error) {
	payload := e.Payload
	if payload == nil {
		payload = []byte{}
	}
	now := time.Now().UnixNano()
	inserted, err := affected(w.insert.ExecContext(ctx, e.ID, e.Type, payload, nanos(e.Received), now))
	if err != nil {
		return 0, fmt.Errorf("insert event: %w", err)
	}
	if inserted == 0 {
		return reference.OutcomeDuplicate, nil
	}
	effect := reference.StatusIgnored
	if e.TaskID != "" {
		updated, err := affected(w.upsert.ExecContext(ctx, e.TaskID, e.Status, text(e.Result), text(e.Error), nanos(e.Timestamp)))
		if err != nil {
			return 0, fmt.Errorf("update task: %w", err)
		}
		effect = "applied"
		if updated == 0 {
			effect = "superseded"
		}
	}
	task := sql.NullString{String: e.TaskID, Valid: e.TaskID != ""}
	if _, err := w.audit.ExecContext(ctx, e.ID, e.Type, task, effect, now); err != nil {
		return 0, fmt.Errorf("write audit log: %w", err)
	}
	if e.Fetch != "" {
		if _, err := w.fetch.ExecContext(ctx, e.ID, e.Fetch, nanos(e.Received.Add(reference.FetchDelay)), nanos(e.Received)); err != nil {
			return 0, fmt.Errorf("write fetch: %w", err)
		}
	}
	return reference.OutcomeNew, nil
}

// nanos is t as Unix nanoseconds. Times before 1678 and after 2262 do not fit
// and become the first and the last that do.
func nanos(t time.Time) int64 {
	switch {
	case t.Before(time.Unix(0, math.MinInt64)):
		return math.MinInt64
	case t.After(time.Unix(0, math.MaxInt64)):
		return math.MaxInt64
	}
	return t.UnixNano()
}

// text makes JSON a column's text, and absent JSON null.
func text(json []byte) sql.NullString {
	return sql.NullString{String: string(json), Valid: json != nil}
}

func affected(result sql.Result, err error) (int64, error) {
	if err != nil {
		return 0, err
	}
	return result.RowsAffected()
}

func (w *writer) close() error {
	var errs []error
	for _, stmt := range []*sql.Stmt{w.begin, w.commit, w.rollback, w.insert, w.audit, w.upsert, w.prune, w.pruneFetches, w.fetch, w.take, w.settle} {
		if stmt != nil {
			errs = append(errs, stmt.Close())
		}
	}
	return errors.Join(append(errs, w.conn.Close())...)
}
