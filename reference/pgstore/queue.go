package pgstore

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/riverqueue/river"
	"github.com/riverqueue/river/riverdriver/riverpgxv5"
	"github.com/riverqueue/river/rivertype"
	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/trace"

	"hookdrill/reference"
)

// jobKind is the kind of every job that applies an event's effect.
const jobKind = "webhook_event"

// completedKept is how long a completed job stays for whoever looks into the
// queue. Dead letters stay until somebody deals with them.
const completedKept = time.Hour

// eventArgs is an event as a job carries it. Everything that came from outside
// is bytes, base64 in the job's JSON: jsonb takes no NUL.
type eventArgs struct {
	ID         []byte `json:"id"`
	Type       []byte `json:"type"`
	OccurredAt int64  `json:"occurred_at"` // Unix ns
	TaskID     []byte `json:"task_id,omitempty"`
	Status     string `json:"status,omitempty"`
	Result     []byte `json:"result,omitempty"`
	Error      []byte `json:"error,omitempty"`
	Payload    []byte `json:"payload"`
}

func (eventArgs) Kind() string { return jobKind }

// queue is the part of a store that works on accepted events.
type queue struct {
	store  *Store
	client *river.Client[pgx.Tx]
}

func startQueue(ctx context.Context, s *Store) (*queue, error) {
	q := &queue{store: s}
	workers := river.NewWorkers()
	if err := river.AddWorkerSafely(workers, &worker{store: s}); err != nil {
		return nil, fmt.Errorf("add worker: %w", err)
	}
	var err error
	q.client, err = river.NewClient(riverpgxv5.New(s.pool), &river.Config{
		Queues:                      map[string]river.QueueConfig{river.QueueDefault: {MaxWorkers: s.cfg.Workers}},
		Workers:                     workers,
		MaxAttempts:                 s.cfg.MaxAttempts,
		JobTimeout:                  s.cfg.JobTimeout,
		RescueStuckJobsAfter:        s.cfg.RescueAfter,
		CompletedJobRetentionPeriod: completedKept,
		DiscardedJobRetentionPeriod: -1,
		FetchCooldown:               10 * time.Millisecond,
		FetchPollInterval:           pollInterval(s.pooled),
		PollOnly:                    s.pooled, // LISTEN belongs to a session
		ErrorHandler:                failures{s.log},
		Logger:                      s.log.With("logger", "river"),
	})
	if err != nil {
		return nil, fmt.Errorf("make queue: %w", err)
	}
	if err := q.client.Start(ctx); err != nil {
		return nil, fmt.Errorf("start queue: %w", err)
	}
	return q, nil
}

// pollInterval is how often workers look for jobs that nothing told them of.
func pollInterval(pooled bool) time.Duration {
	if pooled {
		return 100 * time.Millisecond
	}
	return time.Second
}

// stop lets jobs under way finish, and cuts them off after the time that one
// may take. What was cut off is tried again.
func (q *queue) stop(ctx context.Context) error {
	soft, cancel := context.WithTimeout(context.WithoutCancel(ctx), q.store.cfg.JobTimeout)
	defer cancel()
	if err := q.client.Stop(soft); err == nil {
		return nil
	}
	hard, cancel := context.WithTimeout(context.WithoutCancel(ctx), 5*time.Second)
	defer cancel()
	if err := q.client.StopAndCancel(hard); err != nil {
		return fmt.Errorf("stop queue: %w", err)
	}
	return nil
}

// drainEvery is how often Drain looks.
const drainEvery = 5 * time.Millisecond

// Drain waits until nothing waits for a worker, of any instance. Dead letters
// are not waited for. In transaction mode it returns at once.
func (s *Store) Drain(ctx context.Context) error {
	if s.queue == nil {
		return nil
	}
	tick := time.NewTicker(drainEvery)
	defer tick.Stop()
	for {
		var waiting bool
		if err := s.pool.QueryRow(ctx, `SELECT EXISTS (SELECT FROM river_job
			WHERE state IN ('available', 'running', 'retryable', 'scheduled') AND kind = $1)`, jobKind).Scan(&waiting); err != nil {
			return fmt.Errorf("drain: %w", err)
		}
		if !waiting {
			return nil
		}
		select {
		case <-tick.C:
		case <-ctx.Done():
			return fmt.Errorf("drain: %w", context.Cause(ctx))
		}
	}
}

// accept records events and a job for each that is new, in one transaction.
func (q *queue) accept(ctx context.Context, events []*reference.Event) ([]int64, error) {
	var fresh []int64
	err := pgx.BeginFunc(ctx, q.store.pool, func(tx pgx.Tx) error {
		// Should this process die between two statements, the server must not keep
		// the rows locked until it notices.
		if _, err := tx.Exec(ctx, q.store.setLocal()+fmt.Sprintf(`; SET LOCAL idle_in_transaction_session_timeout = %d`,
			q.store.cfg.WriteTimeout.Milliseconds()), pgx.QueryExecModeSimpleProtocol); err != nil {
			return fmt.Errorf("set timeouts: %w", err)
		}
		rows, err := tx.Query(ctx, recordOnly, outline(columns(events))...)
		if err != nil {
			return fmt.Errorf("record: %w", err)
		}
		if fresh, err = pgx.CollectRows(rows, pgx.RowTo[int64]); err != nil {
			return fmt.Errorf("record: %w", err)
		}
		if len(fresh) == 0 {
			return nil
		}
		jobs := make([]river.InsertManyParams, len(fresh))
		for i, at := range fresh {
			jobs[i].Args = argsOf(events[at-1])
		}
		if _, err := q.client.InsertManyFastTx(ctx, tx, jobs); err != nil {
			return fmt.Errorf("insert jobs: %w", err)
		}
		return nil
	})
	if err != nil {
		return nil, fmt.Errorf("write to postgres: %w", hide(err))
	}
	return fresh, nil
}

func argsOf(e *reference.Event) eventArgs {
	return eventArgs{
		ID: []byte(e.ID), Type: []byte(e.Type), OccurredAt: nanos(e.Timestamp), TaskID: []byte(e.TaskID),
		Status: e.Status, Result: e.Result, Error: e.Error, Payload: e.Payload,
	}
}

// applyOne applies the effect of an event that waits for it, and of no other: a
// job may run again after its effect was committed.
const applyOne = `
WITH waiting AS (
    UPDATE processed_webhook_events SET processed_at = now()
    WHERE event_id = $1 AND processed_at IS NULL
    RETURNING seq
), updated AS (
    INSERT INTO task_results AS t (task_id, status, result, error, occurred_at, seq)
    SELECT $3::bytea, $4::text, $5::bytea, $6::bytea, $7::bigint, seq FROM waiting WHERE $3::bytea IS NOT NULL
    ON CONFLICT (task_id) DO UPDATE
    SET status = excluded.status, result = excluded.result, error = excluded.error,
        occurred_at = excluded.occurred_at, seq = excluded.seq, updated_at = now()
    WHERE (t.occurred_at, t.seq) <= (excluded.occurred_at, excluded.seq)
    RETURNING t.seq
)
INSERT INTO webhook_audit_log (event_id, event_type, task_id, effect, payload)
SELECT $1::bytea, $2::bytea, $3::bytea,
       CASE WHEN $3::bytea IS NULL THEN 'ignored' WHEN u.seq IS NULL THEN 'superseded' ELSE 'applied' END, $8::bytea
FROM waiting LEFT JOIN updated u USING (seq)`

type worker struct {
	river.WorkerDefaults[eventArgs]
	store *Store
}

// Work applies an event's effect in the transaction that completes its job.
func (w *worker) Work(ctx context.Context, job *river.Job[eventArgs]) error {
	ctx, span := w.store.tracer.Start(ctx, "process", trace.WithSpanKind(trace.SpanKindConsumer),
		trace.WithAttributes(attribute.Int("hookdrill.attempt", job.Attempt), attribute.String("db.system", "postgresql")))
	err := w.apply(ctx, job)
	if noPartition(err) {
		if err = w.store.makePartitions(ctx, time.Now()); err == nil {
			err = w.apply(ctx, job)
		}
	}
	span.End()       // not deferred: it would write a panic's value into the span
	return hide(err) // it goes into the log and the job's row
}

func (w *worker) apply(ctx context.Context, job *river.Job[eventArgs]) error {
	a := job.Args
	var task []byte
	if len(a.TaskID) > 0 {
		task = a.TaskID
	}
	return pgx.BeginFunc(ctx, w.store.pool, func(tx pgx.Tx) error { //nolint:wrapcheck // hidden by Work
		if _, err := tx.Exec(ctx, fmt.Sprintf(`SET LOCAL idle_in_transaction_session_timeout = %d`, w.store.cfg.JobTimeout.Milliseconds())); err != nil {
			return fmt.Errorf("set timeouts: %w", err)
		}
		if _, err := tx.Exec(ctx, applyOne, a.ID, a.Type, task, a.Status, a.Result, a.Error, a.OccurredAt, nonNil(a.Payload)); err != nil {
			return fmt.Errorf("apply effect: %w", err)
		}
		_, err := river.JobCompleteTx[*riverpgxv5.Driver](ctx, tx, job)
		if errors.Is(err, rivertype.ErrNotFound) {
			return nil // rescued meanwhile; the effect counts, and the other try finds it
		}
		if err != nil {
			return fmt.Errorf("complete job: %w", err)
		}
		return nil
	})
}

// failures logs what went wrong with a job.
type failures struct{ log *slog.Logger }

func (f failures) HandleError(ctx context.Context, job *rivertype.JobRow, err error) *river.ErrorHandlerResult {
	f.tell(ctx, job, err.Error())
	return nil
}

func (f failures) HandlePanic(ctx context.Context, job *rivertype.JobRow, value any, _ string) *river.ErrorHandlerResult {
	f.tell(ctx, job, fmt.Sprintf("panic: %T", value))
	return nil
}

func (f failures) tell(ctx context.Context, job *rivertype.JobRow, what string) {
	attrs := []slog.Attr{
		slog.Int64("job_id", job.ID), slog.Int("attempt", job.Attempt), slog.Int("max_attempts", job.MaxAttempts), slog.String("error", what),
	}
	if job.Attempt >= job.MaxAttempts {
		f.log.LogAttrs(ctx, slog.LevelError, "event not processed, put aside as a dead letter", attrs...)
		return
	}
	f.log.LogAttrs(ctx, slog.LevelWarn, "event not processed, to be tried again", attrs...)
}
