package callback

import (
	"context"
	"encoding/json"
	"fmt"
	"maps"
	"net/url"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"go.uber.org/goleak"

	"hookdrill/contract"
	"hookdrill/internal/plan"
	"hookdrill/mockclaude"
	"hookdrill/mockclaude/witness"
	"hookdrill/observe"
	"hookdrill/reports"
	"hookdrill/scenarios"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// tried runs every built-in case of the family against a receiver, and returns what came
// of them by requirement.
func tried(t *testing.T, rc *receiver, observers ...observe.Observer) map[string][]reports.Case {
	t.Helper()
	w, err := witness.Start(t.Context(), witness.Config{Key: apiKey})
	if err != nil {
		t.Error(err)
		return nil
	}
	t.Cleanup(w.Close)
	rc.base = w.URL()
	c, err := contract.Load("claude-managed-agents")
	if err != nil {
		t.Error(err)
		return nil
	}
	sender, err := mockclaude.NewSender(mockclaude.SenderConfig{Target: rc.serve(t), Contract: c, Keys: mockclaude.Keys{Current: []byte(signingKey)}})
	if err != nil {
		t.Error(err)
		return nil
	}
	t.Cleanup(sender.Close)
	sender.Redactor().AddSecret(apiKey, "[api key]")
	trials := New(Config{
		Contract: c, Sender: sender, Witness: w, Settle: 10 * time.Second, Patience: 5 * time.Second, Still: 150 * time.Millisecond, Seed: 7, Now: time.Now,
		Observers: observers,
	})
	out := map[string][]reports.Case{}
	for _, id := range slices.Sorted(maps.Keys(scripts())) {
		var cases []*plan.Case
		for _, sc := range builtin(t) {
			if sc.Requirement != id {
				continue
			}
			for _, raw := range sc.Cases {
				call := *raw.Call
				call.Delay /= 4 // 1.25 s
				cases = append(cases, &plan.Case{ID: id + "/" + raw.Name, Requirement: id, Name: raw.Name, Call: &call})
			}
		}
		if len(cases) == 0 {
			t.Errorf("no case of %s", id)
		}
		results := trials.Run(t.Context(), id, cases)
		for _, one := range cases {
			out[id] = append(out[id], results[one.ID])
		}
	}
	text, err := json.Marshal(out)
	if err != nil {
		t.Error(err)
	}
	if strings.Contains(string(text), apiKey) || strings.Contains(string(text), signingKey) {
		t.Error("a key is in the results")
	}
	return out
}

func builtin(t *testing.T) []scenarios.Scenario {
	t.Helper()
	all, err := scenarios.Builtin()
	if err != nil {
		t.Error(err)
	}
	return all
}

// worst is the status of a requirement: that of its worst case.
func worst(cases []reports.Case) reports.Status {
	for _, s := range []reports.Status{reports.Error, reports.Fail, reports.NotExercised, reports.NotObserved, reports.Pass} {
		if slices.ContainsFunc(cases, func(c reports.Case) bool { return c.Status == s }) {
			return s
		}
	}
	return reports.NotApplicable
}

func told(cases []reports.Case) string {
	var b strings.Builder
	for _, c := range cases {
		fmt.Fprintf(&b, "\n  %s: %s, %q, %q\n    %s", c.Name, c.Status, c.Actual, c.Why, strings.Join(c.Timeline, "\n    "))
	}
	return b.String()
}

// TestReceivers: correct receivers pass everything, and each defect fails the requirement
// that names it and no other.
func TestReceivers(t *testing.T) {
	t.Parallel()
	raw := func(id string) string { return id }
	tests := map[string]struct {
		rc    *receiver
		fails []string
		// says must be in why or actual of a failed case, for each requirement
		says string
	}{
		"fetches behind the answer":          {rc: &receiver{}},
		"fetches by plain ids alone":         {rc: &receiver{path: plainOnly}},
		"fetches for sessions alone":         {rc: &receiver{wants: func(typ string) bool { return strings.HasPrefix(typ, "session.") }}},
		"fetches while the sender waits":     {&receiver{inRequest: true}, []string{"API-05"}, "waiting for the API"},
		"fetches before it verifies":         {&receiver{early: true}, []string{"API-01"}, "made the receiver call the API"},
		"pastes the id into the path":        {&receiver{path: raw}, []string{"API-02"}, "part of the path"},
		"resolves the id like a link":        {&receiver{resolve: true}, []string{"API-02"}, ""},
		"escapes the id twice is no defect":  {rc: &receiver{path: func(id string) string { return url.PathEscape(url.PathEscape(id)) }}},
		"fetches once and never again":       {&receiver{tries: 1}, []string{"API-04"}, "nobody tried again"},
		"marks as seen before it works":      {&receiver{inRequest: true, seenFirst: true}, []string{"API-04", "API-05"}, ""},
		"takes a resource for a duplicate":   {&receiver{byResource: true}, []string{"API-06"}, "taken for a duplicate"},
		"a resource that is gone is its end": {&receiver{inRequest: true, goneIsError: true}, []string{"API-03", "API-05"}, ""},
	}
	var all sync.WaitGroup // at once, whatever -parallel says: they mostly wait
	var mu sync.Mutex
	results := map[string]map[string][]reports.Case{}
	for name, tt := range tests {
		all.Go(func() {
			got := tried(t, tt.rc)
			mu.Lock()
			defer mu.Unlock()
			results[name] = got
		})
	}
	all.Wait()
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			if len(results[name]) != len(scripts()) {
				t.Fatalf("results of %d requirements", len(results[name]))
			}
			for id, cases := range results[name] {
				want := reports.Pass
				if slices.Contains(tt.fails, id) {
					want = reports.Fail
				}
				if s := worst(cases); s != want {
					t.Errorf("%s is %s, want %s:%s", id, s, want, told(cases))
				}
				if want == reports.Fail && tt.says != "" && !strings.Contains(told(cases), tt.says) {
					t.Errorf("%s does not say %q:%s", id, tt.says, told(cases))
				}
			}
		})
	}
}

// plainOnly makes nothing of an id that is not letters, digits, _ and -.
func plainOnly(id string) string {
	if strings.Trim(id, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_-") != "" {
		return ""
	}
	return id
}

// TestNothingIsProvedByAReceiverThatFetchesNothing: it calls nobody for forged events
// either, and that is no pass.
func TestNothingIsProvedByAReceiverThatFetchesNothing(t *testing.T) {
	t.Parallel()
	for id, cases := range tried(t, &receiver{wants: func(string) bool { return false }}) {
		for _, c := range cases {
			if c.Status != reports.NotObserved || !strings.Contains(c.Why, "ANTHROPIC_BASE_URL") {
				t.Errorf("%s/%s is %s, %q; want not_observed", id, c.Name, c.Status, c.Why)
			}
		}
	}
}

// counting is an observer that counts an effect of everything that the receiver took,
// whether its resource was fetched or not.
type counting struct{ *receiver }

func (counting) Kind() string   { return "probe" }
func (counting) Source() string { return "the receiver itself" }

func (c counting) Effects(_ context.Context, ids []string) (map[string]observe.Effect, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	effects := map[string]observe.Effect{}
	for _, id := range ids {
		if c.seen[id] {
			effects[id] = observe.Effect{Processed: 1}
		}
	}
	return effects, nil
}

// TestAnEffectIsNoFetch: that an event is counted as processed says nothing about a resource
// that the API never gave; it is no pass, and no proof that anything was lost.
func TestAnEffectIsNoFetch(t *testing.T) {
	t.Parallel()
	rc := &receiver{tries: 1}
	for id, cases := range tried(t, rc, counting{rc}) {
		want := reports.Pass
		if id == "API-04" {
			want = reports.NotObserved
		}
		for _, c := range cases {
			if c.Status != want {
				t.Errorf("%s/%s is %s, %q, want %s", id, c.Name, c.Status, c.Why, want)
			}
		}
	}
}

// TestSameSeedSameIDs: what is drawn depends on the seed and the case alone.
func TestSameSeedSameIDs(t *testing.T) {
	t.Parallel()
	a, b := tried(t, &receiver{}), tried(t, &receiver{})
	ids := func(all map[string][]reports.Case) (out []string) {
		for _, id := range slices.Sorted(maps.Keys(all)) {
			for _, c := range all[id] {
				for _, x := range c.Exchanges {
					out = append(out, x.EventID)
				}
			}
		}
		return out
	}
	if x, y := ids(a), ids(b); !slices.Equal(x, y) || len(x) < 20 || len(slices.Compact(slices.Sorted(slices.Values(x)))) != len(x) {
		t.Errorf("two runs with one seed sent %d and %d events, or not the same, or one twice", len(x), len(y))
	}
}
