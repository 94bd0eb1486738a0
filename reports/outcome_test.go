package reports

import "testing"

func TestOutcome(t *testing.T) {
	t.Parallel()
	tests := []struct {
		name   string
		status Status
		level  Level
		strict bool
		want   string
	}{
		{"a failed MUST", Fail, Must, false, keyFail},
		{"a failed SHOULD", Fail, Should, false, keyAdvice},
		{"a failed SHOULD in a strict run", Fail, Should, true, keyFail},
		{"a failed INFO", Fail, Info, false, keyRecorded},
		{"a failed INFO in a strict run", Fail, Info, true, keyRecorded},
		{"a failure of unknown level", Fail, "shall", false, keyFail},
		{"pass", Pass, Must, false, keyPass},
		{"error", Error, Should, false, keyError},
		{"not exercised", NotExercised, Must, false, keyUnexercise},
		{"not observed", NotObserved, Must, false, keyUnseen},
		{"not applicable", NotApplicable, Must, false, keyNA},
		{"known failure", KnownFail, Must, false, keyKnown},
		{"stale baseline", StaleBaseline, Must, false, keyStale},
		{"unknown status", "green", Must, false, keyUnknown},
		{"no status", "", Must, false, keyUnknown},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			got := outcomeOf(&Check{Status: tt.status, Level: tt.level}, tt.strict)
			if got.key != tt.want {
				t.Errorf("outcome %q, want %q", got.key, tt.want)
			}
			if got.word == "" || got.mark == "" || got.name == "" {
				t.Errorf("outcome %+v lacks a word, a name or a mark", got)
			}
		})
	}
}

func TestGroupsHoldEveryCheckOnce(t *testing.T) {
	t.Parallel()
	r := &Report{Checks: []Check{
		{ID: "A-01", Status: Pass},
		{ID: "A-02", Status: "odd"},
		{ID: "A-03", Status: Fail},
		{ID: "A-04"},
		{ID: "A-05", Status: Fail, Level: Should},
		{ID: "A-06", Status: NotObserved},
	}}
	seen := map[string]int{}
	for _, g := range groups(r) {
		for _, c := range g.checks {
			seen[c.ID]++
		}
	}
	for _, c := range r.Checks {
		if seen[c.ID] != 1 {
			t.Errorf("%s is in %d groups, want 1", c.ID, seen[c.ID])
		}
	}
}
