package verdict

import (
	"strings"
	"testing"

	"hookdrill/internal/record"
	"hookdrill/reports"
	"hookdrill/scenarios"
)

// witnessed makes a partial observer the only one: begun says of each event that it
// sees whether the receiver was at work on it.
func (b *bench) witnessed(begun map[string]bool) *bench {
	b.effects = &record.Effects{Counts: map[string]int{}, States: map[string]string{}, Trusted: true, Settled: true, Uncounted: true, Begun: begun}
	return b
}

// typed gives the deliveries of the case their types, in order.
func (b *bench) typed(types ...string) *bench {
	for i, typ := range types {
		b.c.Steps[i].Deliveries[0].Type = typ
	}
	return b
}

// TestAPartialObserverPassesNothing: a fetch is no effect, no fetch is no proof that
// there is none, and only what was acknowledged and left lying is a finding.
func TestAPartialObserverPassesNothing(t *testing.T) {
	t.Parallel()
	const observed, idled, created = "observed", "session.status_idled", "vault.created"
	two := func(judge string) *bench {
		b := newBench("IDEM-01", observed, judge).sent(kase, "a", accept, once, answer(200)).sent(kase, "b", accept, once, answer(200))
		return withEffects(withEffects(b, "a", 1), "b", 1).typed(idled, idled)
	}
	tests := map[string]struct {
		bench *bench
		want  reports.Status
		why   string
	}{
		"both fetched":                       {two("").witnessed(map[string]bool{"a": true, "b": true}), reports.NotObserved, "what takes effect"},
		"one left lying":                     {two("").witnessed(map[string]bool{"a": true, "b": false}), reports.Fail, "never fetched"},
		"none of this type is ever fetched":  {two("").witnessed(map[string]bool{"a": false, "b": false}), reports.NotObserved, "what takes effect"},
		"another type is fetched":            {two("").typed(idled, created).witnessed(map[string]bool{"a": true, "b": false}), reports.NotObserved, ""},
		"one that it does not see":           {two("").witnessed(map[string]bool{"a": true}), reports.NotObserved, ""},
		"ledger: all fetched":                {two(scenarios.JudgeAcked).witnessed(map[string]bool{"a": true, "b": true}), reports.NotObserved, "what takes effect"},
		"ledger: one left lying":             {two(scenarios.JudgeAcked).witnessed(map[string]bool{"a": true, "b": false}), reports.Fail, "1 of 2 events"},
		"ledger: one that it does not see":   {two(scenarios.JudgeAcked).witnessed(map[string]bool{"a": true}), reports.NotObserved, ""},
		"ledger: nothing seen at all":        {two(scenarios.JudgeAcked).witnessed(nil), reports.NotObserved, ""},
		"refused and not fetched":            {forged(scenarios.JudgeNoEffect).witnessed(map[string]bool{"a": false}), reports.NotObserved, ""},
		"refused and fetched is API-01's":    {forged(scenarios.JudgeNoEffect).witnessed(map[string]bool{"a": true}), reports.NotObserved, ""},
		"the rest: refused and fetched":      {forged(scenarios.JudgeRest).witnessed(map[string]bool{"a": true}), reports.NotObserved, ""},
		"the answers still count":            {withEffects(newBench("IDEM-01", observed, "").sent(kase, "a", accept, once, answer(409)), "a", 1).witnessed(nil), reports.Fail, "refused"},
		"a state that nobody compares":       {stated().witnessed(map[string]bool{"a": true}), reports.NotObserved, ""},
		"unacknowledged is not lost":         {unacked().typed(idled, idled).witnessed(map[string]bool{"a": true, "b": false}), reports.NotObserved, ""},
		"a probe that counts has the say":    {two("").witnessed(map[string]bool{"a": true, "b": false}).counted(map[string]int{"a": 1, "b": 1}), reports.Pass, ""},
		"a probe that counts sees what is 2": {two("").witnessed(map[string]bool{"a": true, "b": true}).counted(map[string]int{"a": 1, "b": 2}), reports.Fail, "2 times"},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			got := Check(tt.bench.input(), tt.bench.check.ID)
			if got.Status != tt.want || !strings.Contains(got.Why, tt.why) {
				t.Errorf("Check() = %s, %q; want %s, with %q", got.Status, got.Why, tt.want, tt.why)
			}
		})
	}
}

// counted adds an observer that counts.
func (b *bench) counted(counts map[string]int) *bench {
	b.effects.Uncounted, b.effects.Counts = false, counts
	return b
}

func forged(judge string) *bench {
	return newBench("SIG-14", "observed", judge).twin(answer(200)).sent(kase, "a", refused, never, answer(401)).twin(answer(200))
}

func stated() *bench {
	b := withEffects(newBench("PAY-12", "observed", "").sent(kase, "a", accept, once, answer(200)), "a", 1)
	b.c.State = map[string]string{"a": "completed"}
	return b
}

func unacked() *bench {
	b := newBench("LED-01", "observed", scenarios.JudgeAcked).sent(kase, "a", accept, once, answer(200))
	return b.sent(kase, "b", scenarios.ExpectAny, once, answer(500))
}

// TestUnlockWithAWitnessAlone: what counts effects is still missing, and the report
// says which flag adds it.
func TestUnlockWithAWitnessAlone(t *testing.T) {
	t.Parallel()
	check := reports.Check{ID: "LED-01", Level: reports.Must, Need: "observed", Status: reports.NotObserved}
	for kind, want := range map[string]string{"witness": "--observe", "probe": "status"} {
		got := unlock([]reports.Check{check}, []reports.Observer{{Kind: kind}})
		if len(got) != 1 || !strings.Contains(got[0].How, want) {
			t.Errorf("unlock() with a %s = %+v, want a way with %s", kind, got, want)
		}
	}
}
