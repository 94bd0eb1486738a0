package reports_test

import (
	"bytes"
	"encoding/xml"
	"strings"
	"testing"

	"github.com/joshdk/go-junit"

	"hookdrill/reports"
)

type suites struct {
	Tests    int `xml:"tests,attr"`
	Failures int `xml:"failures,attr"`
	Errors   int `xml:"errors,attr"`
	Skipped  int `xml:"skipped,attr"`
	Suites   []struct {
		Name     string      `xml:"name,attr"`
		Tests    int         `xml:"tests,attr"`
		Failures int         `xml:"failures,attr"`
		Errors   int         `xml:"errors,attr"`
		Skipped  int         `xml:"skipped,attr"`
		Cases    []junitCase `xml:"testcase"`
	} `xml:"testsuite"`
}

type junitCase struct {
	Class   string `xml:"classname,attr"`
	Name    string `xml:"name,attr"`
	Failure *note  `xml:"failure"`
	Error   *note  `xml:"error"`
	Skipped *note  `xml:"skipped"`
	Output  string `xml:"system-out"`
}

type note struct {
	Message string `xml:"message,attr"`
	Type    string `xml:"type,attr"`
	Text    string `xml:",chardata"`
}

func writeJUnit(t *testing.T, r *reports.Report) suites {
	t.Helper()
	var b bytes.Buffer
	if err := reports.WriteJUnit(&b, r); err != nil {
		t.Fatal(err)
	}
	wantPrintable(t, b.String())
	var s suites
	if err := xml.Unmarshal(b.Bytes(), &s); err != nil {
		t.Fatalf("the file is no XML: %v", err)
	}
	return s
}

func TestJUnitOutcomes(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		name   string
		status reports.Status
		level  reports.Level
		strict bool
		want   string // failure, error, skipped or passed
	}{
		{"a passed MUST", reports.Pass, reports.Must, false, "passed"},
		{"a failed MUST", reports.Fail, reports.Must, false, "failure"},
		{"a failed SHOULD", reports.Fail, reports.Should, false, "skipped"},
		{"a failed SHOULD in a strict run", reports.Fail, reports.Should, true, "failure"},
		{"a failed INFO in a strict run", reports.Fail, reports.Info, true, "skipped"},
		{"an error", reports.Error, reports.Must, false, "error"},
		{"not observed", reports.NotObserved, reports.Must, false, "skipped"},
		{"not exercised", reports.NotExercised, reports.Must, false, "skipped"},
		{"not applicable", reports.NotApplicable, reports.Must, false, "skipped"},
		{"a known failure", reports.KnownFail, reports.Must, false, "skipped"},
		{"an unknown status", "green", reports.Must, false, "error"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			r := &reports.Report{Contract: "claude", Verdict: reports.Nonconformant, Strict: tt.strict, Checks: []reports.Check{{
				ID: "SIG-03", Family: "SIG", Title: "title", Level: tt.level, Status: tt.status, Why: "because",
				Cases: []reports.Case{{Name: "one", Status: tt.status, Expected: "4xx", Actual: "200"}},
			}}}
			s := writeJUnit(t, r)
			c := s.Suites[0].Cases[0]
			got := "passed"
			for name, n := range map[string]*note{"failure": c.Failure, "error": c.Error, "skipped": c.Skipped} {
				if n == nil {
					continue
				}
				if got != "passed" {
					t.Errorf("%s and %s at once", got, name)
				}
				if got = name; n.Message == "" {
					t.Errorf("%s without a message", name)
				}
			}
			if got != tt.want {
				t.Errorf("got %s, want %s", got, tt.want)
			}
			if c.Class != "hookdrill.claude.SIG" || c.Name != "SIG-03 title" {
				t.Errorf("named %q, %q", c.Class, c.Name)
			}
			if c.Failure != nil && !strings.Contains(c.Failure.Text, "expected: 4xx\nactual: 200") {
				t.Errorf("no evidence in %q", c.Failure.Text)
			}
			if tt.status == reports.Fail && c.Failure == nil && !strings.Contains(c.Output, "actual: 200") {
				t.Errorf("no evidence in <system-out>: %q", c.Output)
			}
		})
	}
}

func TestJUnitCounts(t *testing.T) {
	t.Parallel()
	for name, r := range map[string]*reports.Report{
		"failed": sample(), "unreachable": unreachable(), "strict": strictRun(), "hostile": hostile(), "empty": {},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			var all suites
			s := writeJUnit(t, r)
			for _, suite := range s.Suites {
				var f, e, k int
				for _, c := range suite.Cases {
					switch {
					case c.Failure != nil:
						f++
					case c.Error != nil:
						e++
					case c.Skipped != nil:
						k++
					}
				}
				if suite.Tests != len(suite.Cases) || suite.Failures != f || suite.Errors != e || suite.Skipped != k {
					t.Errorf("suite %.40q counts %d %d %d %d, has %d %d %d %d", suite.Name,
						suite.Tests, suite.Failures, suite.Errors, suite.Skipped, len(suite.Cases), f, e, k)
				}
				all.Tests, all.Failures, all.Errors, all.Skipped = all.Tests+len(suite.Cases), all.Failures+f, all.Errors+e, all.Skipped+k
			}
			if s.Tests != all.Tests || s.Failures != all.Failures || s.Errors != all.Errors || s.Skipped != all.Skipped {
				t.Errorf("the whole counts %+v, want %+v", s, all)
			}
		})
	}
}

// TestJUnitIsNotGreenWithoutAnEnd: what was not run must not look passed.
func TestJUnitIsNotGreenWithoutAnEnd(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		name            string
		r               *reports.Report
		errors, skipped int
	}{
		{"unreachable", unreachable(), 1, 0},
		{"the harness failed", &reports.Report{Verdict: reports.Failed}, 1, 0},
		{"interrupted", &reports.Report{Verdict: reports.Conformant, Interrupted: true}, 0, 1},
		{"to the end", &reports.Report{Verdict: reports.Conformant}, 0, 0},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			if s := writeJUnit(t, tt.r); s.Errors != tt.errors || s.Skipped != tt.skipped {
				t.Errorf("%d errors and %d skipped, want %d and %d", s.Errors, s.Skipped, tt.errors, tt.skipped)
			}
		})
	}
}

// TestJUnitForAParser lets a parser that CI tools use read what was written.
func TestJUnitForAParser(t *testing.T) {
	t.Parallel()
	for name, r := range map[string]*reports.Report{"failed": sample(), "strict": strictRun(), "unreachable": unreachable(), "drilled": drilled(), "hostile": hostile()} {
		var b bytes.Buffer
		if err := reports.WriteJUnit(&b, r); err != nil {
			t.Fatal(err)
		}
		suites, err := junit.Ingest(b.Bytes())
		if err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		got := map[junit.Status]int{}
		tests := 0
		for _, s := range suites {
			if s.Name == "" {
				t.Errorf("%s: a suite has no name", name)
			}
			for _, test := range s.Tests {
				tests++
				got[test.Status]++
				if test.Name == "" || !strings.HasPrefix(test.Classname, "hookdrill.") || test.Status != junit.StatusPassed && test.Message == "" {
					t.Errorf("%s: %q in %q is %s: %q", name, test.Name, test.Classname, test.Status, test.Message)
				}
			}
		}
		passed := 0
		for _, c := range r.Checks {
			if c.Status == reports.Pass {
				passed++
			}
		}
		if tests < len(r.Checks) || got[junit.StatusPassed] != passed {
			t.Errorf("%s: %d tests, %v; %d checks, %d passed", name, tests, got, len(r.Checks), passed)
		}
		if name == "failed" && (got[junit.StatusFailed] != 3 || got[junit.StatusError] != 1) {
			t.Errorf("%s: %v", name, got)
		}
	}
}
