package reports_test

import (
	"bytes"
	"encoding/json"
	"strings"
	"testing"

	"github.com/santhosh-tekuri/jsonschema/v6"

	"hookdrill/reports"
)

// sarifLog is what a viewer reads of a SARIF file.
type sarifLog struct {
	Runs []sarifRun
}

type sarifRun struct {
	Tool struct {
		Driver struct {
			Rules []struct{ ID, HelpURI string }
		}
	}
	Invocations []struct {
		ExecutionSuccessful        bool
		ToolExecutionNotifications []struct{ Message struct{ Text string } }
	}
	Results []struct {
		RuleID, Level string
		RuleIndex     int
		Message       struct{ Text string }
		Locations     []struct {
			PhysicalLocation struct{ ArtifactLocation struct{ URI string } }
			LogicalLocations []struct{ FullyQualifiedName string }
		}
		PartialFingerprints map[string]string
		Suppressions        []struct{ Kind, Justification string }
	}
}

// writeSARIF holds what is written against the schema of OASIS.
func writeSARIF(t *testing.T, r *reports.Report, docs string) sarifLog {
	t.Helper()
	copied := *r
	copied.Docs = docs
	r = &copied
	var b bytes.Buffer
	if err := reports.WriteSARIF(&b, r); err != nil {
		t.Fatal(err)
	}
	wantPrintable(t, b.String())
	c := jsonschema.NewCompiler()
	c.AssertFormat()
	s, err := c.Compile("testdata/sarif-schema-2.1.0.json")
	if err != nil {
		t.Fatal(err)
	}
	v, err := jsonschema.UnmarshalJSON(bytes.NewReader(b.Bytes()))
	if err != nil {
		t.Fatal(err)
	}
	if err := s.Validate(v); err != nil {
		t.Fatalf("it breaks the schema of SARIF: %v", err)
	}
	var got sarifLog
	if err := json.Unmarshal(b.Bytes(), &got); err != nil {
		t.Fatal(err)
	}
	return got
}

func TestSARIFFollowsItsSchema(t *testing.T) {
	t.Parallel()
	odd := hostile()
	for i := range odd.Checks {
		odd.Checks[i].ID = "SIG-" + odd.Checks[i].ID
	}
	for name, r := range map[string]*reports.Report{
		"failed": sample(), "unreachable": unreachable(), "passed": allPassed(), "strict": strictRun(), "loaded": loaded(), "hostile": odd, "empty": {},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			writeSARIF(t, r, "")
			writeSARIF(t, r, "https://example.org/hookdrill/requirements/")
		})
	}
}

func TestSARIFTellsFindings(t *testing.T) {
	t.Parallel()
	r := sample()
	run := writeSARIF(t, r, "https://example.org/requirements").Runs[0]
	rules := map[string]string{}
	for _, rule := range run.Tool.Driver.Rules {
		rules[rule.ID] = rule.HelpURI
	}
	byRule := map[string]int{}
	for _, result := range run.Results {
		id := result.RuleID
		byRule[id]++
		if run.Tool.Driver.Rules[result.RuleIndex].ID != id {
			t.Errorf("%s has the index of another rule", id)
		}
		at := result.Locations[0]
		if at.PhysicalLocation.ArtifactLocation.URI != receiver || !strings.HasPrefix(at.LogicalLocations[0].FullyQualifiedName, id+"/") {
			t.Errorf("%s is at %+v", id, at)
		}
	}
	if want := map[string]int{"SIG-03": 2, "SIG-06": 14}; len(byRule) != 2 || byRule["SIG-03"] != want["SIG-03"] || byRule["SIG-06"] != want["SIG-06"] {
		t.Errorf("results by rule: %v, want %v", byRule, want)
	}
	if rules["IDEM-02"] != "" || rules["PAY-10"] != "" || rules["RPL-02"] == "" {
		t.Errorf("rules: %v", rules)
	}
	first := run.Results[0]
	if first.Level != "error" || !strings.Contains(first.Message.Text, "expected 4xx, got 200") {
		t.Errorf("result: %s %s", first.Level, first.Message.Text)
	}
	if got := rules["SIG-03"]; got != "https://example.org/requirements/SIG-03.html" {
		t.Errorf("help at %s", got)
	}
	if !strings.Contains(strings.Join(notes(run), "\n"), "RPL-02 proved nothing") {
		t.Errorf("what was not proved is not told: %v", notes(run))
	}
}

func notes(run sarifRun) []string {
	var out []string
	for _, n := range run.Invocations[0].ToolExecutionNotifications {
		out = append(out, n.Message.Text)
	}
	return out
}

// TestSARIFFingerprints: the same finding has the same fingerprint in another run, with other answers, on
// another port; another case has another one.
func TestSARIFFingerprints(t *testing.T) {
	t.Parallel()
	prints := func(r *reports.Report) []string {
		var out []string
		for _, result := range writeSARIF(t, r, "").Runs[0].Results {
			out = append(out, result.PartialFingerprints["hookdrillCase/v1"])
		}
		return out
	}
	again := sample()
	again.Seed, again.Target.URL = 7, strings.Replace(receiver, "8080", "9090", 1)
	for i := range again.Checks {
		for j := range again.Checks[i].Cases {
			again.Checks[i].Cases[j].Actual += " this time"
		}
	}
	first, second := prints(sample()), prints(again)
	seen := map[string]bool{}
	for i := range first {
		if first[i] != second[i] || first[i] == "" {
			t.Errorf("result %d: %q, and then %q", i, first[i], second[i])
		}
		if seen[first[i]] {
			t.Errorf("two findings have the fingerprint %s", first[i])
		}
		seen[first[i]] = true
	}
}

// TestSARIFOfARunWithoutAnEnd: viewers take what is missing for mended, so such a run did not succeed.
func TestSARIFOfARunWithoutAnEnd(t *testing.T) {
	t.Parallel()
	stopped := allPassed()
	stopped.Interrupted = true
	for name, tt := range map[string]struct {
		r    *reports.Report
		want bool
	}{"passed": {allPassed(), true}, "failed": {sample(), true}, "unreachable": {unreachable(), false}, "interrupted": {stopped, false}, "harness": {&reports.Report{Verdict: reports.Failed}, false}} {
		if got := writeSARIF(t, tt.r, "").Runs[0].Invocations[0].ExecutionSuccessful; got != tt.want {
			t.Errorf("%s: success %v", name, got)
		}
	}
}

func TestSARIFEscapesMessages(t *testing.T) {
	t.Parallel()
	r := sample()
	r.Checks[0].Cases[0].Actual = "[click](javascript:alert(1)) {0}"
	if got := writeSARIF(t, r, "").Runs[0].Results[0].Message.Text; !strings.Contains(got, `\[click\](javascript:alert(1)) {{0}}`) {
		t.Errorf("message: %s", got)
	}
}

func TestSARIFSuppressesKnownFailures(t *testing.T) {
	t.Parallel()
	r := sample()
	r.Checks[0].Status, r.Checks[0].Why = reports.KnownFail, "HOOK-12: mended in March"
	got := writeSARIF(t, r, "")
	for _, result := range got.Runs[0].Results {
		if known := result.RuleID == "SIG-03"; known != (len(result.Suppressions) == 1) {
			t.Errorf("%s: %v", result.RuleID, result.Suppressions)
		}
	}
}
