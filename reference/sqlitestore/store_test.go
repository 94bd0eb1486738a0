package sqlitestore_test

import (
	"context"
	"database/sql"
	"fmt"
	"os"
	"path/filepath"
	"runtime"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"go.uber.org/goleak"

	"hookdrill/reference"
	"hookdrill/reference/sqlitestore"
	"hookdrill/reference/storetest"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

func open(t testing.TB, path string) *sqlitestore.Store {
	t.Helper()
	store, err := sqlitestore.Open(context.Background(), path)
	if err != nil {
		t.Fatalf("Open: %v", err)
	}
	t.Cleanup(func() { _ = store.Close() })
	return store
}

func TestStore(t *testing.T) {
	t.Parallel()
	storetest.Run(t, func(t *testing.T) storetest.Opener {
		path := filepath.Join(t.TempDir(), "events.db")
		return func(t *testing.T) reference.Store { return open(t, path) }
	})
}

func event(id string) reference.Event {
	now := time.Date(2026, 9, 1, 12, 0, 0, 0, time.UTC)
	return reference.Event{
		ID: id, Type: "agent.task.completed", Timestamp: now, Received: now, TaskID: "task_" + id, Status: "completed",
		Result: []byte(`{"text":"done"}`), Payload: []byte(strings.Repeat(" ", 400)),
	}
}

// TestKilled copies the files of an open store: what a process that was killed
// leaves behind.
func TestKilled(t *testing.T) {
	t.Parallel()
	from, to := t.TempDir(), t.TempDir()
	store := open(t, filepath.Join(from, "events.db"))
	if _, err := store.Record(t.Context(), event("evt_1")); err != nil {
		t.Fatal(err)
	}
	if err := os.CopyFS(to, os.DirFS(from)); err != nil {
		t.Fatal(err)
	}
	if err := os.Remove(filepath.Join(to, "events.db-shm")); err != nil { // memory, as far as a crash is concerned
		t.Fatal(err)
	}
	outcome, err := open(t, filepath.Join(to, "events.db")).Record(t.Context(), event("evt_1"))
	if outcome != reference.OutcomeDuplicate || err != nil {
		t.Errorf("Record = %v, %v; the event was lost", outcome, err)
	}
}

func TestEffectIsWritten(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "events.db")
	store := open(t, path)
	e := event("evt_1")
	if _, err := store.Record(t.Context(), e); err != nil {
		t.Fatal(err)
	}
	db, err := sql.Open("sqlite", path)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = db.Close() }()
	var status, result, effect, payload string
	var failure sql.NullString
	err = db.QueryRowContext(t.Context(), `
		SELECT t.status, t.result, t.error, a.effect, e.payload FROM task_results t
		JOIN audit_log a ON a.task_id = t.task_id JOIN processed_webhook_events e ON e.event_id = a.event_id
		WHERE e.event_id = 'evt_1'`).Scan(&status, &result, &failure, &effect, &payload)
	if err != nil {
		t.Fatal(err)
	}
	if status != "completed" || result != string(e.Result) || failure.Valid || effect != "applied" || payload != string(e.Payload) {
		t.Errorf("rows hold %q %q %v %q %q", status, result, failure, effect, payload)
	}
}

func TestDurableSettings(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "a folder", "odd?name#%20.db")
	store := open(t, path)
	for pragma, want := range map[string]string{"journal_mode": "wal", "synchronous": "2"} {
		if got := sqlitestore.Pragma(t, store, pragma); got != want {
			t.Errorf("%s = %s, want %s", pragma, got, want)
		}
	}
	info, err := os.Stat(path)
	if err != nil {
		t.Fatalf("the file is not where it was asked for: %v", err)
	}
	if mode := info.Mode().Perm(); runtime.GOOS != "windows" && mode != 0o600 {
		t.Errorf("mode = %v, want readable by its owner alone", mode)
	}
}

func TestOpenRefuses(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	text := filepath.Join(dir, "text.db")
	if err := os.WriteFile(text, []byte(strings.Repeat("this is no database. ", 100)), 0o600); err != nil {
		t.Fatal(err)
	}
	future := filepath.Join(dir, "future.db")
	db, err := sql.Open("sqlite", future)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := db.ExecContext(t.Context(), `PRAGMA user_version = 99`); err != nil {
		t.Fatal(err)
	}
	if err := db.Close(); err != nil {
		t.Fatal(err)
	}
	for _, path := range []string{text, future, dir} {
		if _, err := sqlitestore.Open(t.Context(), path); err == nil || !strings.Contains(err.Error(), path) {
			t.Errorf("Open(%s) = %v, want an error that names the file", path, err)
		}
	}
}

// TestOneFailsAlone breaks the effect of one event among many that are
// committed together.
func TestOneFailsAlone(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "events.db")
	store := open(t, path)
	db, err := sql.Open("sqlite", path)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = db.Close() }()
	if _, err := db.ExecContext(t.Context(), `CREATE TRIGGER broken BEFORE INSERT ON audit_log
		WHEN NEW.event_id = 'evt_7' BEGIN SELECT raise(ABORT, 'broken'); END`); err != nil {
		t.Fatal(err)
	}
	var wg sync.WaitGroup
	for i := range 50 {
		wg.Go(func() {
			_, err := store.Record(t.Context(), event(fmt.Sprint("evt_", i)))
			if (err != nil) != (i == 7) {
				t.Errorf("Record(evt_%d): %v", i, err)
			}
		})
	}
	wg.Wait()
	if _, err := db.ExecContext(t.Context(), `DROP TRIGGER broken`); err != nil {
		t.Fatal(err)
	}
	// The id went with the effect, so the retry is new.
	if outcome, err := store.Record(t.Context(), event("evt_7")); outcome != reference.OutcomeNew || err != nil {
		t.Errorf("Record = %v, %v; want new", outcome, err)
	}
}

func BenchmarkRecord(b *testing.B) {
	for _, callers := range []int{1, 8, 50, 256} {
		b.Run(strconv.Itoa(callers), func(b *testing.B) {
			store := open(b, filepath.Join(b.TempDir(), "events.db"))
			var next atomic.Int64
			var wg sync.WaitGroup
			b.ResetTimer()
			for range callers {
				wg.Go(func() {
					for {
						n := next.Add(1)
						if n > int64(b.N) {
							return
						}
						if _, err := store.Record(b.Context(), event(fmt.Sprint("evt_", n))); err != nil {
							b.Errorf("Record: %v", err)
							return
						}
					}
				})
			}
			wg.Wait()
			b.ReportMetric(float64(b.N)/b.Elapsed().Seconds(), "events/s")
		})
	}
}

// TestUpgrade: a file of the first version is opened with what is in it.
func TestUpgrade(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "events.db")
	first, err := os.ReadFile("schema.sql")
	if err != nil {
		t.Fatal(err)
	}
	db, err := sql.Open("sqlite", path)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := db.ExecContext(t.Context(), string(first)+`PRAGMA user_version = 1;
		INSERT INTO processed_webhook_events VALUES ('evt_1', 'x', x'', 1, 1)`); err != nil {
		t.Fatal(err)
	}
	if err := db.Close(); err != nil {
		t.Fatal(err)
	}
	for range 2 { // the second time nothing is left to change
		store, err := sqlitestore.Open(t.Context(), path)
		if err != nil {
			t.Fatal(err)
		}
		event := reference.Event{ID: "evt_1", Type: "x", Timestamp: time.Unix(1, 0), Received: time.Unix(1, 0), Fetch: "/v1/x"}
		if outcome, err := store.Record(t.Context(), event); outcome != reference.OutcomeDuplicate || err != nil {
			t.Errorf("Record = %v, %v; want duplicate", outcome, err)
		}
		if taken, err := store.TakeFetches(t.Context(), time.Now(), time.Now(), 1); len(taken) != 0 || err != nil {
			t.Errorf("TakeFetches = %v, %v; want none", taken, err)
		}
		if err := store.Close(); err != nil {
			t.Fatal(err)
		}
	}
}
