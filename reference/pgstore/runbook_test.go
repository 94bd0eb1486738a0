package pgstore_test

import (
	"context"
	"os"
	"regexp"
	"testing"

	"github.com/jackc/pgx/v5"

	"hookdrill/internal/pgtest"
	"hookdrill/reference"
	"hookdrill/reference/pgstore"
)

// TestRunbookStatements runs every SQL statement of the runbook, in its order.
func TestRunbookStatements(t *testing.T) {
	t.Parallel()
	text, err := os.ReadFile("../../docs/runbook.md")
	if err != nil {
		t.Fatal(err)
	}
	blocks := regexp.MustCompile("(?s)```sql\n(.*?)```").FindAllSubmatch(text, -1)
	if len(blocks) < 8 {
		t.Fatalf("only %d statements found", len(blocks))
	}
	url := pgtest.URL(t)
	store := open(t, pgstore.Config{URL: url, Mode: pgstore.ModeQueue})
	if _, err := store.Record(t.Context(), event("evt_1")); err != nil {
		t.Fatal(err)
	}
	if err := store.Drain(t.Context()); err != nil {
		t.Fatal(err)
	}
	conn, err := pgx.Connect(t.Context(), url)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = conn.Close(context.Background()) }()
	for _, b := range blocks {
		if _, err := conn.Exec(t.Context(), string(b[1]), pgx.QueryExecModeSimpleProtocol); err != nil {
			t.Errorf("%v in\n%s", err, b[1])
		}
	}
	// What the runbook promises of the restored ids: they are known.
	if _, err := conn.Exec(t.Context(), `INSERT INTO accepted VALUES ('evt_lost', 'agent.task.completed'), ('evt_lost', 'agent.task.completed')`); err != nil {
		t.Fatal(err)
	}
	restore := regexp.MustCompile(`(?s)INSERT INTO processed_webhook_events.*?;`).Find(text)
	if _, err := conn.Exec(t.Context(), string(restore)); err != nil {
		t.Fatal(err)
	}
	if outcome, err := store.Record(t.Context(), event("evt_lost")); outcome != reference.OutcomeDuplicate || err != nil {
		t.Errorf("Record = %v, %v; want duplicate", outcome, err)
	}
}
