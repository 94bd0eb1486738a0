package verdict

import (
	"slices"
	"strings"
	"testing"
	"time"

	"hookdrill/contract"
	"hookdrill/internal/baseline"
	"hookdrill/internal/plan"
	"hookdrill/reports"
)

func TestBaseline(t *testing.T) {
	t.Parallel()
	one := func(name string, s reports.Status) reports.Case { return reports.Case{Name: name, Status: s} }
	failing := func(id string, cases ...reports.Case) reports.Check {
		s, why := summarise(cases)
		return reports.Check{ID: id, Level: reports.Must, Need: "wire", Status: s, Why: why, Cases: cases}
	}
	entry := func(id, status string) baseline.Entry {
		return baseline.Entry{ID: id, Status: status, Reason: "because", Expires: "2027-01-31"}
	}
	old := baseline.Entry{ID: "A-01/x", Reason: "because", Expires: "2026-01-31"}
	good := failing("B-01", one("y", reports.Pass))
	tests := map[string]struct {
		checks  []reports.Check
		known   []baseline.Entry
		partial bool
		want    reports.Status // of the first check
		verdict reports.Verdict
		exit    int
		says    string
	}{
		"all cases listed": {
			[]reports.Check{failing("A-01", one("x", reports.Fail), one("z", reports.Pass)), good},
			[]baseline.Entry{entry("A-01/x", "")},
			false,
			reports.KnownFail, reports.Nonconformant, 0, "1 known failure is excused by the baseline until 2027-01-31; nothing new failed.",
		},
		"the requirement listed": {
			[]reports.Check{failing("A-01", one("x", reports.Fail), one("z", reports.Fail)), good},
			[]baseline.Entry{entry("A-01", "")},
			false,
			reports.KnownFail, reports.Nonconformant, 0, "nothing new failed",
		},
		"a further case fails": {
			[]reports.Check{failing("A-01", one("x", reports.Fail), one("z", reports.Fail)), good},
			[]baseline.Entry{entry("A-01/x", "")},
			false,
			reports.Fail, reports.Nonconformant, 1, "breaks 1",
		},
		"another check fails": {
			[]reports.Check{failing("A-01", one("x", reports.Fail)), failing("B-01", one("y", reports.Fail))},
			[]baseline.Entry{entry("A-01/x", "")},
			false,
			reports.KnownFail, reports.Nonconformant, 1, "breaks 1",
		},
		"expired": {
			[]reports.Check{failing("A-01", one("x", reports.Fail)), good},
			[]baseline.Entry{old},
			false,
			reports.Fail, reports.Nonconformant, 1, "have expired: A-01/x",
		},
		"expired, and not looked at": {
			[]reports.Check{good}, []baseline.Entry{old}, false, reports.Pass, reports.Conformant, 1, "have expired: A-01/x",
		},
		"stale": {
			[]reports.Check{failing("A-01", one("x", reports.Pass)), good},
			[]baseline.Entry{entry("A-01/x", "")},
			false,
			reports.StaleBaseline, reports.Conformant, 1, "A-01/x passes now",
		},
		"stale beside another failure": {
			[]reports.Check{failing("A-01", one("x", reports.Pass), one("z", reports.Fail)), good},
			[]baseline.Entry{entry("A-01/x", ""), entry("A-01/z", "")},
			false,
			reports.KnownFail, reports.Nonconformant, 1, "A-01/x passes now",
		},
		"a part of the cases passed": {
			[]reports.Check{failing("A-01", one("x", reports.Pass)), good},
			[]baseline.Entry{entry("A-01", "")},
			true,
			reports.Pass, reports.Conformant, 0, "keeps all 2",
		},
		"unproven and not listed": {
			[]reports.Check{failing("A-01", one("x", reports.NotExercised)), good},
			[]baseline.Entry{entry("A-01", "")},
			false,
			reports.NotExercised, reports.Incomplete, 3, "unproven",
		},
		"unproven and listed as that": {
			[]reports.Check{failing("A-01", one("x", reports.NotExercised)), good},
			[]baseline.Entry{entry("A-01", "not_exercised")},
			false,
			reports.NotExercised, reports.Incomplete, 0, "The baseline lists 1 of them",
		},
		"a known failure beside something unproven": {
			[]reports.Check{failing("A-01", one("x", reports.Fail)), failing("B-01", one("y", reports.NotExercised))},
			[]baseline.Entry{entry("A-01", "")},
			false,
			reports.KnownFail, reports.Nonconformant, 3, "1 requirements are unproven",
		},
		"a failure of hookdrill is not excused": {
			[]reports.Check{failing("A-01", one("x", reports.Error)), good},
			[]baseline.Entry{entry("A-01", "")},
			false,
			reports.Error, reports.Failed, 5, "hookdrill itself failed",
		},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			p := &plan.Plan{Partial: map[string]bool{"A-01": tt.partial}}
			for _, c := range tt.checks {
				p.Checks = append(p.Checks, plan.Check{Requirement: contract.Requirement{ID: c.ID}})
			}
			r := &reports.Report{Level: "wire", Checks: slices.Clone(tt.checks)}
			k := &Known{Name: "known.yaml", File: &baseline.File{Known: tt.known}, Now: time.Date(2026, 10, 3, 0, 0, 0, 0, time.UTC)}
			k.apply(r, p)
			Finish(r)
			if got := r.Checks[0].Status; got != tt.want {
				t.Errorf("status %s, want %s", got, tt.want)
			}
			if r.Verdict != tt.verdict || r.ExitCode != tt.exit || !strings.Contains(r.Sentence, tt.says) {
				t.Errorf("%s, exit %d: %s; want %s, exit %d, with %q", r.Verdict, r.ExitCode, r.Sentence, tt.verdict, tt.exit, tt.says)
			}
		})
	}
}
