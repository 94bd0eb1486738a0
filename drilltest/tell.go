package drilltest

import (
	"fmt"
	"strings"
	"testing"

	"hookdrill/reports"
)

// tell reports a run: a subtest for each of its checks.
func tell(t *testing.T, r *reports.Report) {
	t.Helper()
	if p := r.Preflight; p != nil {
		t.Fatalf("drilltest: nothing was judged: %s\n%s\n%s", p.Problem, p.Cause, p.Mend)
	}
	t.Logf("contract %s at level %s, seed %d: %s", r.Contract, r.Level, r.Seed, r.Sentence)
	if len(r.LeftOut) > 0 {
		t.Logf("left out: %s", strings.Join(r.LeftOut, ", "))
	}
	for _, o := range r.Observers {
		if !o.Trusted {
			t.Logf("the observer cannot be trusted: %s", o.Why)
		}
	}
	if r.Verdict == reports.Failed || r.Interrupted {
		t.Errorf("drilltest: the run is not whole: %s", r.Sentence)
	}
	for i := range r.Checks {
		check := &r.Checks[i]
		t.Run(check.ID, func(t *testing.T) { subtest(t, r, check) })
	}
}

// subtest passes, fails or skips as a check did.
func subtest(t *testing.T, r *reports.Report, check *reports.Check) {
	t.Helper()
	switch check.Status {
	case reports.Pass:
	case reports.Fail:
		text := explain(t, r, check)
		if check.Level == reports.Must || r.Strict && check.Level == reports.Should {
			t.Errorf("%s", text)
			return
		}
		t.Logf("advice, which fails nothing without drilltest.Strict:\n%s", text)
	case reports.StaleBaseline:
		t.Errorf("stale baseline: %s", check.Why)
	case reports.Error:
		t.Errorf("hookdrill itself failed:\n%s", explain(t, r, check))
	default:
		t.Skipf("%s: %s (%s)", strings.ReplaceAll(string(check.Status), "_", " "), check.Why, check.Title)
	}
}

// explain shows a check with its evidence. A command that repeats a case would find nothing at the handler's
// port any more; the options that repeat it take its place.
func explain(t *testing.T, r *reports.Report, check *reports.Check) string {
	t.Helper()
	shown := *check
	shown.Cases = make([]reports.Case, 0, len(check.Cases))
	for _, c := range check.Cases {
		c.Curl = ""
		c.Repeat = fmt.Sprintf("drilltest.Run with drilltest.Seed(%d) and drilltest.Only(%q)", r.Seed, check.ID+"/"+c.Name)
		shown.Cases = append(shown.Cases, c)
	}
	var b strings.Builder
	if err := reports.WriteExplanation(&b, r, &shown, false); err != nil {
		t.Error(err)
	}
	return b.String()
}
