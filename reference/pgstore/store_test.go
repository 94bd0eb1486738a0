package pgstore_test

import (
	"context"
	"fmt"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"

	"hookdrill/internal/pgtest"
	"hookdrill/reference"
	"hookdrill/reference/pgstore"
	"hookdrill/reference/storetest"
)

func open(t testing.TB, cfg pgstore.Config) *pgstore.Store {
	t.Helper()
	store, err := pgstore.Open(context.Background(), cfg)
	if err != nil {
		t.Fatalf("Open: %v", err)
	}
	t.Cleanup(func() { _ = store.Close() })
	return store
}

func TestStore(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		name string
		cfg  pgstore.Config
	}{
		{"transaction", pgstore.Config{}},
		{"one event a transaction", pgstore.Config{MaxBatch: 1, Writers: 8}},
		{"queue", pgstore.Config{Mode: pgstore.ModeQueue}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			storetest.Run(t, func(t *testing.T) storetest.Opener {
				cfg := tt.cfg
				cfg.URL = pgtest.URL(t)
				return func(t *testing.T) reference.Store { return open(t, cfg) }
			})
		})
	}
}

func event(id string) reference.Event {
	now := time.Now()
	return reference.Event{
		ID: id, Type: "agent.task.completed", Timestamp: now, Received: now, TaskID: "task_" + id, Status: "completed",
		Result: []byte(`{"text":"done"}`), Payload: []byte(strings.Repeat(" ", 400)),
	}
}

func query[T any](t *testing.T, url, sql string, args ...any) T {
	t.Helper()
	conn, err := pgx.Connect(t.Context(), url)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = conn.Close(context.Background()) }()
	var v T
	if err := conn.QueryRow(t.Context(), sql, args...).Scan(&v); err != nil {
		t.Fatal(err)
	}
	return v
}

func BenchmarkRecord(b *testing.B) {
	for _, cfg := range []pgstore.Config{{}, {MaxBatch: 1, Writers: 16}, {Mode: pgstore.ModeQueue}} {
		for _, callers := range []int{1, 64, 256} {
			name := fmt.Sprintf("%s/batch=%d/%s", string(cfg.Mode), cfg.MaxBatch, strconv.Itoa(callers))
			b.Run(name, func(b *testing.B) {
				cfg.URL = pgtest.URL(b)
				store := open(b, cfg)
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
}
