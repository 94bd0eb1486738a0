package storetest

import (
	"fmt"
	"sync"
	"testing"
	"time"

	"hookdrill/reference"
)

// due is when the fetches of events received at start are due.
func due() time.Time { return start().Add(reference.FetchDelay) }

func fetching(id string) reference.Event {
	event := completed(id, "task of "+id)
	event.Fetch = pathFor(id)
	return event
}

func pathFor(id string) string { return fmt.Sprintf("/v1/sessions/%x", id) }

// fetches says what is to be fetched, each once, and puts it off, until nothing is due.
func fetches(t *testing.T, open Opener) {
	store, ok := opened(t, open).(reference.FetchStore)
	if !ok {
		t.Skip("it keeps no fetches")
	}
	take := func(now, until time.Time, n int) []reference.Fetch {
		t.Helper()
		taken, err := store.TakeFetches(t.Context(), now, until, n)
		if err != nil {
			t.Fatalf("TakeFetches: %v", err)
		}
		return taken
	}
	settle := func(id string, result reference.FetchResult) {
		t.Helper()
		if err := store.SettleFetch(t.Context(), id, result); err != nil {
			t.Fatalf("SettleFetch: %v", err)
		}
	}
	odd := "evt_\x00é"
	for _, event := range []reference.Event{fetching("evt_1"), fetching("evt_1"), fetching(odd), completed("evt_2", "task_2")} {
		if _, err := store.Record(t.Context(), event); err != nil {
			t.Fatalf("Record: %v", err)
		}
	}
	if taken := take(due().Add(-time.Millisecond), due().Add(time.Hour), 10); len(taken) != 0 {
		t.Errorf("taken before they are due: %v", taken)
	}
	lease := due().Add(time.Minute)
	taken := append(take(due(), lease, 1), take(due(), lease, 10)...)
	got := map[string]reference.Fetch{}
	for _, f := range taken {
		got[f.EventID] = f
	}
	for _, id := range []string{"evt_1", odd} {
		if want := (reference.Fetch{EventID: id, Path: pathFor(id), Attempt: 1}); got[id] != want {
			t.Errorf("taken for %q: %+v, want %+v", id, got[id], want)
		}
	}
	if len(taken) != 2 {
		t.Fatalf("taken: %v, want one for each event that fetches", taken)
	}
	if taken := take(lease.Add(-time.Millisecond), lease, 10); len(taken) != 0 {
		t.Errorf("taken twice: %v", taken)
	}
	settle("evt_1", reference.FetchResult{State: reference.FetchWaiting, Due: due().Add(time.Second)})
	settle(odd, reference.FetchResult{State: reference.FetchDone, Resource: []byte(`{"a":"\u0000"}`)})
	settle("evt_unknown", reference.FetchResult{State: reference.FetchGone})
	if taken := take(due().Add(time.Hour), lease, 10); len(taken) != 1 || taken[0].EventID != "evt_1" || taken[0].Attempt != 2 {
		t.Errorf("taken again: %+v, want the second attempt of evt_1", taken)
	}
	settle("evt_1", reference.FetchResult{State: reference.FetchFailed})
	if taken := take(due().Add(time.Hour), lease, 10); len(taken) != 0 {
		t.Errorf("taken after the end: %v", taken)
	}
	drain(t, store)
	// An id that was forgotten is new, and so is what is fetched for it.
	if _, err := store.Prune(t.Context(), start().Add(time.Second)); err != nil {
		t.Fatalf("Prune: %v", err)
	}
	record(t, store, fetching("evt_1"), reference.OutcomeNew)
	if taken := take(due(), lease, 10); len(taken) != 1 || taken[0].Attempt != 1 {
		t.Errorf("taken after pruning: %+v", taken)
	}
}

// fetchesShared: two instances take each fetch once.
func fetchesShared(t *testing.T, open Opener) {
	one, ok := opened(t, open).(reference.FetchStore)
	other, _ := opened(t, open).(reference.FetchStore)
	if !ok {
		t.Skip("it keeps no fetches")
	}
	const events = 40
	for i := range events {
		if _, err := one.Record(t.Context(), fetching(fmt.Sprint("evt_", i))); err != nil {
			t.Fatalf("Record: %v", err)
		}
	}
	var mu sync.Mutex
	times := map[string]int{}
	var wg sync.WaitGroup
	for i := range 8 {
		store := []reference.FetchStore{one, other}[i%2]
		wg.Go(func() {
			for range events { // another may hold what is due for a moment
				taken, err := store.TakeFetches(t.Context(), due(), due().Add(time.Hour), 3)
				if err != nil {
					t.Errorf("TakeFetches: %v", err)
				}
				mu.Lock()
				for _, f := range taken {
					times[f.EventID]++
				}
				mu.Unlock()
			}
		})
	}
	wg.Wait()
	for i := range events {
		if n := times[fmt.Sprint("evt_", i)]; n != 1 {
			t.Errorf("evt_%d was taken %d times", i, n)
		}
	}
}
