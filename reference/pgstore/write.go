package pgstore

import (
	"context"
	"fmt"
	"math"
	"time"

	"github.com/jackc/pgx/v5"
	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/trace"

	"hookdrill/reference"
)

// recordAndApply is a whole transaction in one statement: it records what is
// new of a batch and applies the effect of exactly that. Rows are locked in the
// order of event ids and then of tasks, so that two writers never wait for each
// other in a circle. It returns the places in the batch of what was new.
const recordAndApply = `
WITH given AS (
    SELECT * FROM unnest($1::bytea[], $2::bytea[], $3::timestamptz[], $4::bytea[], $5::text[], $6::bytea[], $7::bytea[], $8::bigint[], $9::bytea[], $10::text[], $11::timestamptz[])
        WITH ORDINALITY AS g (event_id, event_type, received_at, task_id, status, result, error, occurred_at, payload, fetch_path, due_at, place)
), fresh AS (
    INSERT INTO processed_webhook_events (event_id, event_type, received_at, processed_at)
    SELECT event_id, event_type, received_at, now() FROM given ORDER BY event_id
    ON CONFLICT (event_id) DO NOTHING
    RETURNING event_id, seq
), effective AS MATERIALIZED (
    SELECT given.*, fresh.seq FROM fresh JOIN given USING (event_id)
), updated AS (
    INSERT INTO task_results AS t (task_id, status, result, error, occurred_at, seq)
    SELECT DISTINCT ON (task_id) task_id, status, result, error, occurred_at, seq
    FROM effective WHERE task_id IS NOT NULL
    ORDER BY task_id, occurred_at DESC, seq DESC
    ON CONFLICT (task_id) DO UPDATE
    SET status = excluded.status, result = excluded.result, error = excluded.error,
        occurred_at = excluded.occurred_at, seq = excluded.seq, updated_at = now()
    WHERE (t.occurred_at, t.seq) <= (excluded.occurred_at, excluded.seq)
    RETURNING t.seq
), audited AS (
    INSERT INTO webhook_audit_log (event_id, event_type, task_id, effect, payload)
    SELECT e.event_id, e.event_type, e.task_id,
           CASE WHEN e.task_id IS NULL THEN 'ignored' WHEN u.seq IS NULL THEN 'superseded' ELSE 'applied' END, e.payload
    FROM effective e LEFT JOIN updated u USING (seq)
), outstanding AS (
    INSERT INTO webhook_fetches (event_id, path, due_at, received_at)
    SELECT event_id, fetch_path, due_at, received_at FROM effective WHERE fetch_path <> ''
    ON CONFLICT (event_id) DO NOTHING
)
SELECT place FROM effective`

// recordOnly records what is new of a batch and leaves the effect to a worker.
const recordOnly = `
WITH given AS (
    SELECT * FROM unnest($1::bytea[], $2::bytea[], $3::timestamptz[], $4::text[], $5::timestamptz[])
        WITH ORDINALITY AS g (event_id, event_type, received_at, fetch_path, due_at, place)
), fresh AS (
    INSERT INTO processed_webhook_events (event_id, event_type, received_at)
    SELECT event_id, event_type, received_at FROM given ORDER BY event_id
    ON CONFLICT (event_id) DO NOTHING
    RETURNING event_id
), outstanding AS (
    INSERT INTO webhook_fetches (event_id, path, due_at, received_at)
    SELECT event_id, fetch_path, due_at, received_at FROM fresh JOIN given USING (event_id) WHERE fetch_path <> ''
    ON CONFLICT (event_id) DO NOTHING
)
SELECT place FROM fresh JOIN given USING (event_id)`

// commit does the jobs of a batch in one transaction and answers each. Of
// several copies of one event the first goes in; the others are duplicates once
// it is there.
func (s *Store) commit(batch []*job) {
	first := make(map[string]int, len(batch))
	events := make([]*reference.Event, 0, len(batch))
	place := make([]int, len(batch)) // of a job's event in events
	for i, j := range batch {
		if j.Ctx.Err() != nil {
			place[i] = -1
			j.Answer(0, context.Cause(j.Ctx))
			continue
		}
		at, known := first[j.In.ID]
		if !known {
			at = len(events)
			first[j.In.ID] = at
			events = append(events, &j.In)
		}
		place[i] = at
	}
	if len(events) == 0 {
		return
	}
	began := time.Now()
	results := s.writeAll(events)
	s.meter.batch(len(events), results)
	s.trace(batch, place, began)
	answered := make([]bool, len(events))
	for i, j := range batch {
		if place[i] < 0 {
			continue
		}
		r := results[place[i]]
		if r.err == nil && answered[place[i]] {
			r.outcome = reference.OutcomeDuplicate
		}
		answered[place[i]] = true
		j.Answer(r.outcome, r.err)
	}
}

type result struct {
	outcome reference.Outcome
	err     error
}

// writeAll writes distinct events in one transaction. If the data of one makes
// it fail, each half gets a transaction of its own, and so on, so that one bad
// event fails alone. Trouble that is no event's fault fails all of them at
// once: trying each would only add to it.
func (s *Store) writeAll(events []*reference.Event) []result {
	fresh, err := s.write(events)
	if again(err) { // the transaction is as good as new
		fresh, err = s.write(events)
	}
	results := make([]result, len(events))
	switch {
	case err == nil:
		for i := range results {
			results[i].outcome = reference.OutcomeDuplicate
		}
		for _, at := range fresh {
			results[at-1].outcome = reference.OutcomeNew
		}
	case len(events) > 1 && poisoned(err):
		half := len(events) / 2
		copy(results, s.writeAll(events[:half]))
		copy(results[half:], s.writeAll(events[half:]))
	default:
		for i := range results {
			results[i].err = err
		}
	}
	return results
}

// write writes events in one transaction and returns the places, from 1, of
// those that were new.
func (s *Store) write(events []*reference.Event) ([]int64, error) {
	ctx, cancel := context.WithTimeout(s.ctx, s.cfg.WriteTimeout)
	defer cancel()
	fresh, err := s.writeOnce(ctx, events)
	if noPartition(err) {
		if err := s.makePartitions(ctx, time.Now()); err != nil {
			return nil, fmt.Errorf("make partitions: %w", err)
		}
		fresh, err = s.writeOnce(ctx, events)
	}
	return fresh, err
}

func (s *Store) writeOnce(ctx context.Context, events []*reference.Event) ([]int64, error) {
	if s.queue != nil {
		return s.queue.accept(ctx, events)
	}
	conn, err := s.pool.Acquire(ctx)
	if err != nil {
		return nil, fmt.Errorf("get connection: %w", err)
	}
	defer conn.Release()
	// Sent in one go: the server commits without waiting for an answer of ours,
	// so a receiver that is killed leaves no transaction open behind it.
	var pipeline pgx.Batch
	pipeline.Queue(`BEGIN`)
	pipeline.Queue(s.setLocal())
	var fresh []int64
	pipeline.Queue(recordAndApply, columns(events)...).Query(func(rows pgx.Rows) (err error) {
		fresh, err = pgx.CollectRows(rows, pgx.RowTo[int64])
		return err //nolint:wrapcheck // wrapped below
	})
	pipeline.Queue(`COMMIT`)
	if err := conn.SendBatch(ctx, &pipeline).Close(); err != nil {
		if !conn.Conn().IsClosed() {
			_, _ = conn.Exec(ctx, `ROLLBACK`)
		}
		return nil, fmt.Errorf("write to postgres: %w", hide(err))
	}
	return fresh, nil
}

// setLocal bounds a transaction on the server's side too, for this transaction
// alone: a pooler lends the session to others.
func (s *Store) setLocal() string {
	ms := s.cfg.WriteTimeout.Milliseconds()
	return fmt.Sprintf(`SET LOCAL statement_timeout = %d`, ms)
}

// columns turns events into arrays, one a column.
func columns(events []*reference.Event) []any {
	n := len(events)
	ids, types, tasks := make([][]byte, n), make([][]byte, n), make([][]byte, n)
	results, failures, payloads := make([][]byte, n), make([][]byte, n), make([][]byte, n)
	received, statuses, occurred := make([]time.Time, n), make([]string, n), make([]int64, n)
	fetches, due := make([]string, n), make([]time.Time, n)
	for i, e := range events {
		ids[i], types[i], received[i] = []byte(e.ID), []byte(e.Type), e.Received
		if e.TaskID != "" {
			tasks[i] = []byte(e.TaskID)
		}
		statuses[i], results[i], failures[i] = e.Status, e.Result, e.Error
		occurred[i], payloads[i] = nanos(e.Timestamp), nonNil(e.Payload)
		fetches[i], due[i] = e.Fetch, e.Received.Add(reference.FetchDelay)
	}
	return []any{ids, types, received, tasks, statuses, results, failures, occurred, payloads, fetches, due}
}

// outline is the part of columns that recordOnly takes.
func outline(columns []any) []any { return append(columns[:3:3], columns[9:]...) }

func nonNil(b []byte) []byte {
	if b == nil {
		return []byte{}
	}
	return b
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

// trace makes a span of the transaction for every delivery that is traced: it
// is the processing, unless a worker does that later.
func (s *Store) trace(batch []*job, place []int, began time.Time) {
	ended := time.Now()
	name := "process"
	if s.queue != nil {
		name = "accept"
	}
	size := len(batch)
	for i, j := range batch {
		if place[i] < 0 || !trace.SpanFromContext(j.Ctx).IsRecording() {
			continue
		}
		_, span := s.tracer.Start(j.Ctx, name, trace.WithTimestamp(began),
			trace.WithAttributes(attribute.Int("hookdrill.batch_events", size), attribute.String("db.system", "postgresql")))
		span.End(trace.WithTimestamp(ended))
	}
}
