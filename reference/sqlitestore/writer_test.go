package sqlitestore

import (
	"context"
	"errors"
	"path/filepath"
	"testing"
	"time"

	"hookdrill/reference"
	"hookdrill/reference/internal/groupcommit"
)

// TestCallerLeftInTheQueue hands the writer an event whose sender has hung up
// meanwhile.
func TestCallerLeftInTheQueue(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "events.db")
	store, err := Open(t.Context(), path)
	if err != nil {
		t.Fatal(err)
	}
	gone, leave := context.WithCancel(t.Context())
	leave()
	j, answer := groupcommit.NewJob[request, verdict](gone, request{event: reference.Event{ID: "evt_1", Type: "x", Timestamp: time.Unix(0, 0), Received: time.Unix(0, 0)}})
	store.group.Close() // the writer is the test's now
	store.writer.do(t.Context(), []*job{j})
	if _, err := answer(); !errors.Is(err, context.Canceled) {
		t.Errorf("answer = %v, want canceled", err)
	}
	if err := store.Close(); err != nil {
		t.Fatal(err)
	}
	if store, err = Open(t.Context(), path); err != nil {
		t.Fatal(err)
	}
	defer func() { _ = store.Close() }()
	if effects, err := store.Effects(t.Context(), []string{"evt_1"}); err != nil || len(effects) != 0 {
		t.Errorf("effects = %v, %v; want none", effects, err)
	}
}
