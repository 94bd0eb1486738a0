// Package storetest holds the tests that every [reference.Store] has to pass.
// A store's own test calls [Run]; what only that store promises, it tests
// itself.
//
// The package must not know any particular store.
package storetest

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"sync"
	"testing"
	"time"

	"hookdrill/reference"
)

// Opener opens a store on one place for data: a file, a schema. Every call
// opens the same data, several at a time if asked to. Run closes what it opens.
type Opener func(t *testing.T) reference.Store

// Run tests a store. fresh makes an empty place for data, which it clears away
// with t.Cleanup.
func Run(t *testing.T, fresh func(t *testing.T) Opener) {
	t.Helper()
	for _, test := range []struct {
		name string
		run  func(t *testing.T, open Opener)
	}{
		{"a duplicate has no second effect", duplicate},
		{"the first of two events with one id stays", firstStays},
		{"50 copies at once have one effect", copiesAtOnce},
		{"copies at two instances have one effect", twoInstances},
		{"many events at once all take effect", manyAtOnce},
		{"ids are compared byte by byte", bytewise},
		{"every type has its status", statuses},
		{"an older event does not overwrite a newer state", order},
		{"text of any kind is kept", anyText},
		{"a payload of 1 MB is kept", largePayload},
		{"unknown ids have no effect", unknownIDs},
		{"reopening keeps everything", reopen},
		{"pruning forgets old ids only", prune},
		{"what is to be fetched is kept until it is", fetches},
		{"two instances fetch each once", fetchesShared},
		{"a caller who has left gets an error", callerLeft},
		{"a store that can record says so", ping},
		{"a closed store says so", closed},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			test.run(t, fresh(t))
		})
	}
}

func start() time.Time { return time.Date(2026, 9, 1, 12, 0, 0, 0, time.UTC) }

// completed is a plain event about a task.
func completed(id, task string) reference.Event {
	return reference.Event{
		ID: id, Type: "agent.task.completed", Timestamp: start(), Received: start(),
		TaskID: task, Status: "completed", Result: []byte(`{"n":1}`), Payload: []byte(`{"id":"x"}`),
	}
}

func failed(id, task string) reference.Event {
	e := completed(id, task)
	e.Type, e.Status, e.Result, e.Error = "agent.task.failed", "failed", nil, []byte(`{"code":"boom"}`)
	return e
}

func opened(t *testing.T, open Opener) reference.Store {
	t.Helper()
	store := open(t)
	t.Cleanup(func() {
		if err := store.Close(); err != nil {
			t.Errorf("Close: %v", err)
		}
	})
	return store
}

// known makes no difference between new and accepted: both say that the id was
// unknown.
func known(outcome reference.Outcome) reference.Outcome {
	if outcome == reference.OutcomeAccepted {
		return reference.OutcomeNew
	}
	return outcome
}

func record(t *testing.T, store reference.Store, event reference.Event, want reference.Outcome) {
	t.Helper()
	got, err := store.Record(t.Context(), event)
	if err != nil || known(got) != want {
		t.Fatalf("Record(%.80q) = %v, %v; want %v", event.ID, got, err, want)
	}
}

// expect compares what the store says about ids with want; an id that want
// lacks must be absent.
func expect(t *testing.T, store reference.Store, want map[string]reference.Effect, absent ...string) {
	t.Helper()
	ids := absent
	for id := range want {
		ids = append(ids, id)
	}
	drain(t, store)
	got, err := store.Effects(t.Context(), ids)
	if err != nil {
		t.Fatalf("Effects: %v", err)
	}
	for id, effect := range want {
		if got[id] != effect {
			t.Errorf("effect of %.80q = %+v, want %+v", id, got[id], effect)
		}
	}
	if len(got) != len(want) {
		t.Errorf("Effects returned %d ids, want %d: %.200v", len(got), len(want), got)
	}
}

// drain waits for the effects of a store that applies them later.
func drain(t *testing.T, store reference.Store) {
	t.Helper()
	later, ok := store.(interface {
		Drain(ctx context.Context) error
	})
	if !ok {
		return
	}
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	if err := later.Drain(ctx); err != nil {
		t.Fatalf("Drain: %v", err)
	}
}

func once(status string) reference.Effect { return reference.Effect{Processed: 1, Status: status} }

func duplicate(t *testing.T, open Opener) {
	store := opened(t, open)
	record(t, store, completed("evt_1", "task_1"), reference.OutcomeNew)
	for range 3 {
		record(t, store, completed("evt_1", "task_1"), reference.OutcomeDuplicate)
	}
	expect(t, store, map[string]reference.Effect{"evt_1": once("completed")})
}

func firstStays(t *testing.T, open Opener) {
	store := opened(t, open)
	record(t, store, completed("evt_1", "task_1"), reference.OutcomeNew)
	again := failed("evt_1", "task_1")
	again.Timestamp = start().Add(time.Minute)
	record(t, store, again, reference.OutcomeDuplicate)
	expect(t, store, map[string]reference.Effect{"evt_1": once("completed")})
}

// race records event at every store n times together and counts the outcomes.
func race(t *testing.T, n int, event reference.Event, stores ...reference.Store) {
	t.Helper()
	gate := make(chan struct{})
	outcomes := make(chan reference.Outcome, n*len(stores))
	var wg sync.WaitGroup
	for _, store := range stores {
		for range n {
			wg.Go(func() {
				<-gate
				outcome, err := store.Record(t.Context(), event)
				if err != nil {
					t.Errorf("Record: %v", err)
				}
				outcomes <- outcome
			})
		}
	}
	close(gate)
	wg.Wait()
	close(outcomes)
	fresh := 0
	for outcome := range outcomes {
		if known(outcome) == reference.OutcomeNew {
			fresh++
		}
	}
	if fresh != 1 {
		t.Errorf("%d calls returned new, want 1", fresh)
	}
}

func copiesAtOnce(t *testing.T, open Opener) {
	store := opened(t, open)
	for i := range 5 {
		id := fmt.Sprint("evt_", i)
		race(t, 50, completed(id, id), store)
		record(t, store, completed(id, id), reference.OutcomeDuplicate)
		expect(t, store, map[string]reference.Effect{id: once("completed")})
	}
}

func twoInstances(t *testing.T, open Opener) {
	one, other := opened(t, open), opened(t, open)
	for i := range 5 {
		id := fmt.Sprint("evt_", i)
		race(t, 10, completed(id, id), one, other)
		expect(t, one, map[string]reference.Effect{id: once("completed")})
		expect(t, other, map[string]reference.Effect{id: once("completed")})
	}
}

func manyAtOnce(t *testing.T, open Opener) {
	store := opened(t, open)
	want := map[string]reference.Effect{}
	var wg sync.WaitGroup
	for i := range 8 {
		for k := range 50 {
			want[fmt.Sprintf("evt_%d_%d", i, k)] = once("completed")
		}
		wg.Go(func() {
			for k := range 50 {
				id := fmt.Sprintf("evt_%d_%d", i, k)
				if outcome, err := store.Record(t.Context(), completed(id, id)); known(outcome) != reference.OutcomeNew || err != nil {
					t.Errorf("Record(%s) = %v, %v", id, outcome, err)
				}
			}
		})
	}
	wg.Wait()
	expect(t, store, want)
}

func bytewise(t *testing.T, open Opener) {
	store := opened(t, open)
	long := "evt_" + strings.Repeat("a", 59)
	huge := strings.Repeat("b", 1023)
	ids := []string{
		"evt_a", "EVT_A", "evt_A", // letter case
		long + "1", long + "2", // the last of 64 characters
		"evt_a ", " evt_a", "evt_a\x00", "evt_a\x00b", "evt_a\x00c", // white space, NUL
		"evt_\u00e9", "evt_e\u0301", // NFC, NFD
		"1", "01", "1.0", // not numbers
		huge + "1", huge + "2", // 1 KiB
	}
	want := map[string]reference.Effect{}
	for _, id := range ids {
		record(t, store, completed(id, "task of "+id), reference.OutcomeNew)
		want[id] = once("completed")
	}
	for _, id := range ids {
		record(t, store, completed(id, "task of "+id), reference.OutcomeDuplicate)
	}
	expect(t, store, want, "evt", "EVT_a", "evt_a\x00d")
}

func statuses(t *testing.T, open Opener) {
	store := opened(t, open)
	timeout := completed("evt_3", "task_3")
	timeout.Type, timeout.Status, timeout.Result = "agent.task.timeout", "timeout", nil
	unknown := reference.Event{ID: "evt_4", Type: "unheard.of", Timestamp: start(), Received: start(), Payload: []byte(`{}`)}
	for _, event := range []reference.Event{completed("evt_1", "task_1"), failed("evt_2", "task_2"), timeout, unknown} {
		record(t, store, event, reference.OutcomeNew)
	}
	record(t, store, unknown, reference.OutcomeDuplicate)
	expect(t, store, map[string]reference.Effect{
		"evt_1": once("completed"), "evt_2": once("failed"), "evt_3": once("timeout"), "evt_4": once(reference.StatusIgnored),
	})
}

func order(t *testing.T, open Opener) {
	for _, test := range []struct {
		name  string
		later time.Duration // of the second event recorded
		want  string
	}{
		{"newer", time.Second, "failed"},
		{"older", -time.Second, "completed"},
		{"a nanosecond older", -1, "completed"},
		{"a nanosecond newer", 1, "failed"},
		{"at the same time", 0, "failed"},
	} {
		t.Run(test.name, func(t *testing.T) {
			store := opened(t, open)
			first, second := "evt_1 "+test.name, "evt_2 "+test.name
			record(t, store, completed(first, test.name), reference.OutcomeNew)
			event := failed(second, test.name)
			event.Timestamp = start().Add(test.later).In(time.FixedZone("east", 10*3600))
			record(t, store, event, reference.OutcomeNew)
			// Both were processed, and both are about a task in this state.
			expect(t, store, map[string]reference.Effect{first: once(test.want), second: once(test.want)})
		})
	}
}

func anyText(t *testing.T, open Opener) {
	store := opened(t, open)
	for i, text := range []string{
		"\x00", "a\x00b", "\u2028\u200b", "🙂", "\U0010FFFF", "\uFFFD", "'; DROP TABLE task_results; --", `"\`, "%s ${x} {{x}}",
		"../../etc/passwd", "\r\n\t", strings.Repeat("é", 512), "$1", "?",
	} {
		event := completed(fmt.Sprint("evt_", i, text), fmt.Sprint("task_", i, text))
		event.Type = "agent.task.completed" + text
		event.Payload, event.Result, event.Error = []byte(text), []byte(text), []byte(text)
		record(t, store, event, reference.OutcomeNew)
		record(t, store, event, reference.OutcomeDuplicate)
		expect(t, store, map[string]reference.Effect{event.ID: once("completed")})
	}
}

func largePayload(t *testing.T, open Opener) {
	store := opened(t, open)
	event := completed("evt_1", "task_1")
	event.Payload = []byte(strings.Repeat("x", 1<<20))
	event.Result = event.Payload
	record(t, store, event, reference.OutcomeNew)
	expect(t, store, map[string]reference.Effect{"evt_1": once("completed")})
}

func unknownIDs(t *testing.T, open Opener) {
	store := opened(t, open)
	expect(t, store, nil)
	record(t, store, completed("evt_1", "task_1"), reference.OutcomeNew)
	// Ids that no event can have come from whoever asks, and are no error.
	expect(t, store, map[string]reference.Effect{"evt_1": once("completed")}, "evt_2", "", "\xff\xfe", "evt_1\x00")
}

func reopen(t *testing.T, open Opener) {
	first := open(t)
	record(t, first, completed("evt_1", "task_1"), reference.OutcomeNew)
	if err := first.Close(); err != nil {
		t.Fatalf("Close: %v", err)
	}
	store := opened(t, open)
	record(t, store, completed("evt_1", "task_1"), reference.OutcomeDuplicate)
	older := failed("evt_2", "task_1")
	older.Timestamp = start().Add(-time.Second)
	record(t, store, older, reference.OutcomeNew)
	expect(t, store, map[string]reference.Effect{"evt_1": once("completed"), "evt_2": once("completed")})
}

func prune(t *testing.T, open Opener) {
	store := opened(t, open)
	const old = 1200 // more than a store may want to delete at once
	var wg sync.WaitGroup
	for i := range 8 {
		wg.Go(func() {
			for k := i; k < old; k += 8 {
				if _, err := store.Record(t.Context(), completed(fmt.Sprint("old_", k), "task_old")); err != nil {
					t.Errorf("Record: %v", err)
				}
			}
		})
	}
	wg.Wait()
	kept := completed("evt_kept", "task_kept")
	kept.Received = start().Add(time.Hour)
	record(t, store, kept, reference.OutcomeNew)

	drain(t, store)
	for _, want := range []int64{old, 0} {
		if got, err := store.Prune(t.Context(), kept.Received); got != want || err != nil {
			t.Fatalf("Prune = %d, %v; want %d", got, err, want)
		}
	}
	if got, err := store.Prune(t.Context(), time.Time{}); got != 0 || err != nil {
		t.Fatalf("Prune before year 1 = %d, %v; want 0", got, err)
	}
	record(t, store, kept, reference.OutcomeDuplicate)
	// What old events did is still known, and their ids are new again.
	expect(t, store, map[string]reference.Effect{"old_7": once("completed"), "evt_kept": once("completed")})
	record(t, store, completed("old_7", "task_old"), reference.OutcomeNew)
}

func callerLeft(t *testing.T, open Opener) {
	store := opened(t, open)
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if outcome, err := store.Record(ctx, completed("evt_1", "task_1")); err == nil {
		t.Errorf("Record = %v, want an error", outcome)
	}
	// Whether it took effect is open; recording it again settles that.
	if _, err := store.Record(t.Context(), completed("evt_1", "task_1")); err != nil {
		t.Errorf("Record again: %v", err)
	}
	expect(t, store, map[string]reference.Effect{"evt_1": once("completed")})
}

func ping(t *testing.T, open Opener) {
	store := opened(t, open)
	if err := store.Ping(t.Context()); err != nil {
		t.Errorf("Ping: %v", err)
	}
	gone, leave := context.WithCancel(t.Context())
	leave()
	if err := store.Ping(gone); err == nil {
		t.Error("Ping returned no error to a caller who has left")
	}
	// It changed nothing, the id's novelty included.
	record(t, store, completed("evt_1", "task_1"), reference.OutcomeNew)
}

func closed(t *testing.T, open Opener) {
	store := opened(t, open)
	var wg sync.WaitGroup
	for i := range 20 { // what is under way is finished or refused, never stuck
		wg.Go(func() { _, _ = store.Record(t.Context(), completed(fmt.Sprint("evt_", i), "task")) })
	}
	if err := store.Close(); err != nil {
		t.Fatalf("Close: %v", err)
	}
	wg.Wait()
	if err := store.Close(); err != nil {
		t.Errorf("second Close: %v", err)
	}
	if _, err := store.Record(t.Context(), completed("evt_x", "task")); err == nil {
		t.Error("Record after Close returned no error")
	}
	if _, err := store.Effects(t.Context(), []string{"evt_x"}); err == nil {
		t.Error("Effects after Close returned no error")
	}
	if _, err := store.Prune(t.Context(), start()); err == nil {
		t.Error("Prune after Close returned no error")
	}
	if err := store.Ping(t.Context()); !errors.Is(err, reference.ErrStoreClosed) {
		t.Errorf("Ping after Close = %v, want %v", err, reference.ErrStoreClosed)
	}
}
