package plan

import (
	"bytes"
	"errors"
	"slices"
	"strings"
	"testing"

	"hookdrill/contract"
	"hookdrill/scenarios"
)

func input(t *testing.T) Input {
	t.Helper()
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
	return Input{Contract: c, Requirements: catalogue, Scenarios: all, Seed: 7, HTTPS: true, PreviousKey: true, WhsecKey: true}
}

func build(t *testing.T, in Input) *Plan {
	t.Helper()
	p, err := Build(in)
	if err != nil {
		t.Fatal(err)
	}
	return p
}

func lines(t *testing.T, p *Plan) []string {
	t.Helper()
	var b bytes.Buffer
	if err := p.Write(&b); err != nil {
		t.Fatal(err)
	}
	return strings.SplitAfter(b.String(), "\n")
}

func TestSameSeedGivesTheSameBytes(t *testing.T) {
	t.Parallel()
	in := input(t)
	first, second := lines(t, build(t, in)), lines(t, build(t, in))
	if !slices.Equal(first, second) {
		t.Error("two plans with the same seed differ")
	}
	in.Seed++
	if slices.Equal(first, lines(t, build(t, in))) {
		t.Error("two plans with different seeds are the same")
	}
}

func TestOnlyGivesASubset(t *testing.T) {
	t.Parallel()
	in := input(t)
	whole := lines(t, build(t, in))
	tests := map[string][]string{
		"requirement": {"SIG-03"},
		"case":        {"SIG-03/random"},
		"family":      {"RPL"},
		"reader":      {"SIG-15"},
		"mixed":       {"IDEM-02", "PAY", "TIME-02"},
	}
	for name, only := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			part := in
			part.Only = only
			got := lines(t, build(t, part))
			if len(got) < 2 || len(got) >= len(whole) {
				t.Errorf("got %d lines of %d", len(got), len(whole))
			}
			for _, line := range got {
				if !slices.Contains(whole, line) {
					t.Errorf("line is not in the whole plan: %.120s", line)
				}
			}
		})
	}
}

func TestEveryRequirementIsCheckedOrSaysWhyNot(t *testing.T) {
	t.Parallel()
	in := input(t)
	p := build(t, in)
	for _, r := range in.Requirements {
		check := p.Check(r.ID)
		if check == nil {
			t.Errorf("%s has no check", r.ID)
			continue
		}
		has := slices.ContainsFunc(p.Cases, func(c *Case) bool { return c.Requirement == r.ID })
		if has == (r.Unchecked+check.NotApplicable != "") {
			t.Errorf("%s: cases %v, reason %q: want one of the two", r.ID, has, r.Unchecked+check.NotApplicable)
		}
	}
	in.Scenarios = append(in.Scenarios, scenarios.Scenario{Requirement: "SIG-99"})
	if _, err := Build(in); err == nil || !strings.Contains(err.Error(), "SIG-99") {
		t.Errorf("Build() with a scenario that is in no catalogue: %v", err)
	}
}

func TestEventIDsAreUniqueAcrossCases(t *testing.T) {
	t.Parallel()
	p := build(t, input(t))
	owner := map[string]string{}
	for _, c := range p.Cases {
		for _, d := range c.Deliveries() {
			if before, ok := owner[d.EventID]; ok && before != c.ID {
				t.Errorf("event %s is in %s and in %s", d.EventID, before, c.ID)
			}
			owner[d.EventID] = c.ID
		}
	}
	for _, id := range p.Canaries {
		if owner[id] != "" {
			t.Errorf("canary %s is sent by %s", id, owner[id])
		}
	}
}

func TestNegativeCasesStandBetweenTwins(t *testing.T) {
	t.Parallel()
	for _, c := range build(t, input(t)).Cases {
		all := c.Deliveries()
		for _, d := range all {
			if d.Role == RoleCase && d.Expect == scenarios.ExpectRefused && !c.Control && c.Requirement != "RAW-09" && c.ID != PreflightID {
				t.Errorf("%s expects a refusal and has no controls", c.ID)
			}
		}
		if c.Control && (all[0].Role != RoleControl || all[len(all)-1].Role != RoleControl) {
			t.Errorf("%s does not begin and end with a control", c.ID)
		}
	}
}

func TestSelectionErrors(t *testing.T) {
	t.Parallel()
	tests := map[string]struct {
		only, skip []string
		want       string
	}{
		"unknown id":    {only: []string{"SIG-3"}, want: `did you mean "SIG-03"`},
		"unknown case":  {only: []string{"SIG-03/randon"}, want: `did you mean "SIG-03/random"`},
		"unknown skip":  {skip: []string{"XYZ-01"}, want: "--skip"},
		"nothing left":  {only: []string{"SIG-03"}, skip: []string{"SIG"}, want: ErrEmpty.Error()},
		"lower case id": {only: []string{"sig-03"}, want: `did you mean "SIG-03"`},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			in := input(t)
			in.Only, in.Skip = tt.only, tt.skip
			_, err := Build(in)
			if err == nil || !strings.Contains(err.Error(), tt.want) {
				t.Errorf("Build() error = %v, want one with %q", err, tt.want)
			}
			if name == "nothing left" && !errors.Is(err, ErrEmpty) {
				t.Error("want ErrEmpty")
			}
		})
	}
}

func TestPadGivesTheExactSize(t *testing.T) {
	t.Parallel()
	c := build(t, input(t)).Case("PAY-10/101 KB")
	body := c.Deliveries()[0].Body
	if !strings.Contains(body, "{{repeat:") {
		t.Fatalf("no padding in %.200s", body)
	}
}

// TestOwnKeyIsNoForgery: a receiver whose key is a placeholder is not asked to refuse it.
func TestOwnKeyIsNoForgery(t *testing.T) {
	t.Parallel()
	in := input(t)
	if p := build(t, in); p.Guessable || p.Case("SIG-09/secret") == nil {
		t.Errorf("guessable %v without a key", p.Guessable)
	}
	in.IsKey = func(text string) bool { return text == "secret" }
	p := build(t, in)
	if !p.Guessable || p.Case("SIG-09/secret") != nil || p.Case("SIG-09/changeme") == nil {
		t.Errorf("guessable %v; the case of the own key is there: %v", p.Guessable, p.Case("SIG-09/secret") != nil)
	}
}
