package pgstore_test

import (
	"testing"
	"time"

	"hookdrill/internal/pgtest"
	"hookdrill/reference"
	"hookdrill/reference/pgstore"
)

const countPartitions = `SELECT count(*) FROM pg_inherits WHERE inhparent = 'webhook_audit_log'::regclass`

// TestPartitionsAreMadeWhenMissing: nobody made any for weeks, and deliveries
// are accepted all the same.
func TestPartitionsAreMadeWhenMissing(t *testing.T) {
	t.Parallel()
	for _, mode := range []pgstore.Mode{pgstore.ModeTransaction, pgstore.ModeQueue} {
		t.Run(string(mode), func(t *testing.T) {
			t.Parallel()
			url := pgtest.URL(t)
			store := open(t, pgstore.Config{URL: url, Mode: mode})
			made := query[int](t, url, countPartitions)
			execSQL(t, url, `DO $$ DECLARE p regclass; BEGIN
				FOR p IN SELECT inhrelid::regclass FROM pg_inherits WHERE inhparent = 'webhook_audit_log'::regclass LOOP
					EXECUTE 'DROP TABLE ' || p; END LOOP; END $$`)
			if outcome, err := store.Record(t.Context(), event("evt_1")); outcome == reference.OutcomeDuplicate || err != nil {
				t.Fatalf("Record = %v, %v", outcome, err)
			}
			if err := store.Drain(t.Context()); err != nil {
				t.Fatal(err)
			}
			if again := query[int](t, url, countPartitions); again != made || made < 9 {
				t.Errorf("%d partitions, %d before", again, made)
			}
		})
	}
}

// TestOldPartitionsAreDropped: one that holds nothing younger goes, in whatever
// state an earlier attempt left it; one that holds something younger stays.
func TestOldPartitionsAreDropped(t *testing.T) {
	t.Parallel()
	url := pgtest.URL(t)
	store := open(t, pgstore.Config{URL: url})
	made := query[int](t, url, countPartitions)
	execSQL(t, url, `
		CREATE TABLE webhook_audit_log_20200106 PARTITION OF webhook_audit_log FOR VALUES FROM ('2020-01-06Z') TO ('2020-01-13Z');
		CREATE TABLE webhook_audit_log_20200113 PARTITION OF webhook_audit_log FOR VALUES FROM ('2020-01-13Z') TO ('2020-01-20Z');
		CREATE TABLE webhook_audit_log_20200120 PARTITION OF webhook_audit_log FOR VALUES FROM ('2020-01-20Z') TO ('2020-01-27Z');
		CREATE TABLE webhook_audit_log_19990104 (LIKE webhook_audit_log);
		CREATE TABLE webhook_audit_log_mine (LIKE webhook_audit_log)`)
	if _, err := store.Prune(t.Context(), time.Date(2020, 1, 20, 1, 0, 0, 0, time.UTC)); err != nil {
		t.Fatal(err)
	}
	got := query[string](t, url, `SELECT string_agg(relname, ' ' ORDER BY relname) FROM pg_class
		WHERE relkind = 'r' AND (relname LIKE 'webhook\_audit\_log\_2020%' OR relname LIKE 'webhook\_audit\_log\_19%' OR relname LIKE '%\_mine')`)
	if got != "webhook_audit_log_20200120 webhook_audit_log_mine" {
		t.Errorf("left: %s", got)
	}
	if n := query[int](t, url, countPartitions); n != made+1 {
		t.Errorf("%d partitions, want %d", n, made+1)
	}
}

// TestPruneTakesTurns: two instances prune at once, and each id goes once.
func TestPruneTakesTurns(t *testing.T) {
	t.Parallel()
	url := pgtest.URL(t)
	one, other := open(t, pgstore.Config{URL: url}), open(t, pgstore.Config{URL: url})
	for _, id := range []string{"evt_1", "evt_2", "evt_3"} {
		if _, err := one.Record(t.Context(), event(id)); err != nil {
			t.Fatal(err)
		}
	}
	counts := make(chan int64, 2)
	for _, store := range []*pgstore.Store{one, other} {
		go func() {
			n, err := store.Prune(t.Context(), time.Now().Add(time.Hour))
			if err != nil {
				t.Errorf("Prune: %v", err)
			}
			counts <- n
		}()
	}
	if n := <-counts + <-counts; n != 3 {
		t.Errorf("%d ids pruned in all, want 3", n)
	}
}
