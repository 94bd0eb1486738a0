package plan

import (
	"encoding/json"
	"strings"
	"testing"
	"unicode"

	"hookdrill/contract"
	"hookdrill/scenarios"
)

// TestAgainChangesIDsAndNothingElse renames every case that is built in.
func TestAgainChangesIDsAndNothingElse(t *testing.T) {
	t.Parallel()
	c, err := contract.Load("claude")
	if err != nil {
		t.Fatal(err)
	}
	catalogue, err := contract.Requirements()
	if err != nil {
		t.Fatal(err)
	}
	all, err := scenarios.Builtin()
	if err != nil {
		t.Fatal(err)
	}
	in := Input{Contract: c, Requirements: catalogue, Scenarios: all, Seed: 1}
	p, err := Build(in)
	if err != nil {
		t.Fatal(err)
	}
	in.Seed = 2
	for _, old := range p.Cases {
		if len(old.Steps) == 0 {
			continue
		}
		again, err := Again(in, p.Checks[0], old)
		if err != nil {
			t.Fatal(err)
		}
		now := again.Cases[1]
		before, after := text(t, old), text(t, now)
		if len(before) != len(after) {
			t.Errorf("%s: another length", old.ID)
		}
		swapped := strings.EqualFold
		was, is := old.Deliveries(), now.Deliveries()
		for i := range was {
			if was[i].EventID == is[i].EventID && was[i].EventID != "" {
				t.Errorf("%s: %q was kept", old.ID, was[i].EventID)
			}
			for k := range was {
				if (was[i].EventID == was[k].EventID) != (is[i].EventID == is[k].EventID) ||
					swapped(was[i].EventID, was[k].EventID) != swapped(is[i].EventID, is[k].EventID) {
					t.Fatalf("%s: %q and %q became %q and %q", old.ID, was[i].EventID, was[k].EventID, is[i].EventID, is[k].EventID)
				}
			}
		}
		for i, r := range []byte(before) {
			if s := after[i]; r != s && (unicode.IsLetter(rune(r)) != unicode.IsLetter(rune(s)) || unicode.IsUpper(rune(r)) != unicode.IsUpper(rune(s))) {
				t.Fatalf("%s: %q became %q", old.ID, before[max(0, i-20):i+20], after[max(0, i-20):i+20])
			}
		}
		for _, word := range []string{"processed_webhook_events", "DROP TABLE", `"timestamp`, "{{stamp}}", "etc/"} {
			if strings.Count(before, word) != strings.Count(after, word) {
				t.Errorf("%s: %q was changed", old.ID, word)
			}
		}
	}
}

func text(t *testing.T, c *Case) string {
	t.Helper()
	data, err := json.Marshal(c.Steps) // the maps beside them are sorted by id
	if err != nil {
		t.Fatal(err)
	}
	return string(data)
}
