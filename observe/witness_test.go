package observe

import (
	"errors"
	"maps"
	"slices"
	"testing"
	"testing/synctest"
	"time"
)

// fetches is a Fetches with fixed answers.
type fetches struct {
	counts map[string]int
	whole  bool
}

func (f fetches) Fetched([]string) (map[string]int, bool) { return f.counts, f.whole }

func TestWitnessSeesFetchesAndNoMore(t *testing.T) {
	t.Parallel()
	w := NewWitness("http://127.0.0.1:1", fetches{map[string]int{"sesn_1": 3, "drun_1": 1, "vlt_2": 1}, true}, map[string][]string{
		"whe_fetched":  {"sesn_1"},
		"whe_not":      {"sesn_2"},
		"whe_started":  {"drun_1"}, // these two share a resource
		"whe_ended":    {"drun_1"},
		"whe_two":      {"vlt_1", "vlt_2"}, // one event that was sent with two
		"whe_nameless": nil,
	})
	got, err := w.Effects(t.Context(), []string{"whe_fetched", "whe_not", "whe_started", "whe_ended", "whe_two", "whe_nameless", "whe_unknown"})
	if err != nil {
		t.Fatal(err)
	}
	want := map[string]Effect{"whe_fetched": {Processed: 1}, "whe_two": {Processed: 1}}
	if !maps.Equal(got, want) {
		t.Errorf("Effects() = %v, want %v: three fetches are no three effects, and a shared resource names no event", got, want)
	}
	for id, sees := range map[string]bool{
		"whe_fetched": true, "whe_not": true, "whe_two": true, "whe_started": false, "whe_ended": false, "whe_nameless": false, "whe_unknown": false,
	} {
		if w.Sees(id) != sees {
			t.Errorf("Sees(%s) = %v, want %v", id, !sees, sees)
		}
	}
}

func TestWitnessThatLostCountSaysSo(t *testing.T) {
	t.Parallel()
	w := NewWitness("here", fetches{nil, false}, map[string][]string{"a": {"r"}})
	_, err := w.Effects(t.Context(), []string{"a"})
	if problem, is := errors.AsType[*Error](err); !is || problem.Temporary || problem.Mend == "" {
		t.Errorf("Effects() error = %v, want an *Error that lasts and names a mend", err)
	}
}

func TestCountingLeavesOutTheWitness(t *testing.T) {
	t.Parallel()
	w := NewWitness("here", fetches{whole: true}, nil)
	sql := &SQL{}
	if got := Counting([]Observer{w, sql}); !slices.Equal(got, []Observer{sql}) {
		t.Errorf("Counting() = %v, want the SQL observer alone", got)
	}
}

// TestWitnessSettles: it is waited for fetches that come late, as for effects.
func TestWitnessSettles(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		late := &lateFetches{from: time.Now().Add(time.Second)}
		w := NewWitness("here", late, map[string][]string{"a": {"r"}})
		got, err := Settle(t.Context(), w, map[string]Expectation{"a": {Min: 1}}, SettleConfig{Canaries: []string{"never"}})
		if err != nil || !got.Settled || !got.Trusted || got.Effects["a"].Processed != 1 {
			t.Errorf("Settle() = %+v, %v; want the fetch after a second", got, err)
		}
	})
}

type lateFetches struct{ from time.Time }

func (l *lateFetches) Fetched([]string) (map[string]int, bool) {
	if time.Now().Before(l.from) {
		return nil, true
	}
	return map[string]int{"r": 1}, true
}
