package pgstore_test

import (
	"bytes"
	"context"
	"fmt"
	"log/slog"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"

	"hookdrill/internal/pgtest"
	"hookdrill/reference"
	"hookdrill/reference/pgstore"
)

// broken makes the effect of events whose id ends in _7 fail, with a text that
// quotes what no log may hold.
const broken = `
	CREATE FUNCTION fail() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN
		RAISE EXCEPTION 'no such luck: %', NEW.payload; END $$;
	CREATE TRIGGER broken BEFORE INSERT ON webhook_audit_log FOR EACH ROW
		WHEN (convert_from(NEW.event_id, 'UTF8') LIKE '%\_7') EXECUTE FUNCTION fail()`

func execSQL(t *testing.T, url, sql string) {
	t.Helper()
	conn, err := pgx.Connect(t.Context(), url)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = conn.Close(context.Background()) }()
	if _, err := conn.Exec(t.Context(), sql); err != nil {
		t.Fatal(err)
	}
}

// TestOneFailsAlone breaks the effect of one event among many that share
// transactions.
func TestOneFailsAlone(t *testing.T) {
	t.Parallel()
	url := pgtest.URL(t)
	store := open(t, pgstore.Config{URL: url})
	execSQL(t, url, broken)
	var wg sync.WaitGroup
	for i := range 200 {
		wg.Go(func() {
			id := fmt.Sprint("evt_", i)
			outcome, err := store.Record(t.Context(), event(id))
			if (err != nil) != (i == 7) || err == nil && outcome != reference.OutcomeNew {
				t.Errorf("Record(%s) = %v, %v", id, outcome, err)
			}
			if err != nil && (!strings.Contains(err.Error(), "SQLSTATE P0001") || strings.Contains(err.Error(), "no such luck")) {
				t.Errorf("the error says %v", err)
			}
		})
	}
	wg.Wait()
	execSQL(t, url, `DROP TRIGGER broken ON webhook_audit_log`)
	// The id went with the effect, so the retry is new.
	if outcome, err := store.Record(t.Context(), event("evt_7")); outcome != reference.OutcomeNew || err != nil {
		t.Errorf("Record = %v, %v; want new", outcome, err)
	}
}

// TestDeadLetter: an event that cannot be processed is tried again, put aside,
// survives pruning, and takes effect once when somebody retries it.
func TestDeadLetter(t *testing.T) {
	t.Parallel()
	url := pgtest.URL(t)
	var log syncBuffer
	store := open(t, pgstore.Config{URL: url, Mode: pgstore.ModeQueue, MaxAttempts: 2, Logger: slog.New(slog.NewTextHandler(&log, nil))})
	execSQL(t, url, broken)
	for _, id := range []string{"evt_7", "evt_8"} {
		if outcome, err := store.Record(t.Context(), event(id)); outcome != reference.OutcomeAccepted || err != nil {
			t.Fatalf("Record = %v, %v", outcome, err)
		}
	}
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	if err := store.Drain(ctx); err != nil {
		t.Fatal(err)
	}
	if got := query[string](t, url, `SELECT string_agg(state::text || attempt, ' ' ORDER BY id) FROM river_job`); got != "discarded2 completed1" {
		t.Errorf("jobs are %s", got)
	}
	if text := log.String(); !strings.Contains(text, "dead letter") || !strings.Contains(text, "SQLSTATE P0001") || strings.Contains(text, "no such luck") {
		t.Errorf("the log says\n%s", text)
	}
	if n, err := store.Prune(t.Context(), time.Now().Add(time.Hour)); n != 1 || err != nil {
		t.Errorf("Prune = %d, %v; want the processed one alone", n, err)
	}
	if outcome, err := store.Record(t.Context(), event("evt_7")); outcome != reference.OutcomeDuplicate || err != nil {
		t.Errorf("Record = %v, %v; want duplicate: it is known, and waits for a person", outcome, err)
	}
	execSQL(t, url, `DROP TRIGGER broken ON webhook_audit_log`)
	execSQL(t, url, `UPDATE river_job SET state = 'available', max_attempts = attempt + 5, scheduled_at = now(), finalized_at = NULL WHERE state = 'discarded'`)
	if err := store.Drain(ctx); err != nil {
		t.Fatal(err)
	}
	effects, err := store.Effects(t.Context(), []string{"evt_7"})
	if err != nil || effects["evt_7"].Processed != 1 {
		t.Errorf("effects = %v, %v", effects, err)
	}
}

// TestJobThatRunsAgain: a job whose effect is committed has no second one.
func TestJobThatRunsAgain(t *testing.T) {
	t.Parallel()
	url := pgtest.URL(t)
	store := open(t, pgstore.Config{URL: url, Mode: pgstore.ModeQueue})
	if _, err := store.Record(t.Context(), event("evt_1")); err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	for range 3 {
		if err := store.Drain(ctx); err != nil {
			t.Fatal(err)
		}
		execSQL(t, url, `UPDATE river_job SET state = 'available', finalized_at = NULL`)
	}
	if err := store.Drain(ctx); err != nil {
		t.Fatal(err)
	}
	if n := query[int](t, url, `SELECT count(*) FROM webhook_audit_log`); n != 1 {
		t.Errorf("%d effects, want 1", n)
	}
}

type syncBuffer struct {
	mu sync.Mutex
	b  bytes.Buffer
}

func (s *syncBuffer) Write(p []byte) (int, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.b.Write(p) //nolint:wrapcheck // it never fails
}

func (s *syncBuffer) String() string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.b.String()
}
