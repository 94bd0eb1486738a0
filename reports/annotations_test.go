package reports_test

import (
	"bytes"
	"fmt"
	"strings"
	"testing"

	"hookdrill/reports"
)

func TestAnnotationsTellWhatDecides(t *testing.T) {
	t.Parallel()
	r := sample()
	var b bytes.Buffer
	if err := reports.WriteAnnotations(&b, r); err != nil {
		t.Fatal(err)
	}
	for i := range r.Checks {
		c := &r.Checks[i]
		kind := map[bool]string{true: "error", false: "warning"}[c.Level == reports.Must || c.Status == reports.Error]
		want := c.Status == reports.Fail || c.Status == reports.Error
		if got := strings.Contains(b.String(), "::"+kind+" title="+c.ID+" "); got != want {
			t.Errorf("%s is %s (%s), and told as %s: %t\n%s", c.ID, c.Status, c.Level, kind, got, b.String())
		}
	}
}

// TestAnnotationsHoldNoOtherCommand: whatever a target writes stays in its line.
func TestAnnotationsHoldNoOtherCommand(t *testing.T) {
	t.Parallel()
	r := &reports.Report{Command: "conformance", Counts: map[reports.Status]int{}}
	for i := range 25 {
		r.Checks = append(r.Checks, reports.Check{
			ID: fmt.Sprintf("SIG-%02d", i), Title: "a,title: with\n::error::x", Level: reports.Must, Status: reports.Fail,
			Cases: []reports.Case{{Name: "one", Status: reports.Fail, Expected: "4xx", Actual: "200\r\n::set-env name=PATH::/evil\n%0A::error::y\u2028::debug::z"}},
		})
	}
	var b bytes.Buffer
	if err := reports.WriteAnnotations(&b, r); err != nil {
		t.Fatal(err)
	}
	lines := strings.Split(strings.TrimSuffix(b.String(), "\n"), "\n")
	if len(lines) != 1+10 { // the verdict, nine errors, and how many more there are
		t.Fatalf("%d lines:\n%s", len(lines), b.String())
	}
	for _, line := range lines[1:10] {
		title, _, _ := strings.Cut(strings.TrimPrefix(line, "::error title="), "::")
		if !strings.HasPrefix(line, "::error title=SIG-") || strings.ContainsAny(title, ":,") || strings.ContainsAny(line, "\r\u2028") || strings.Contains(line, "\n%0A") {
			t.Errorf("line %q", line)
		}
	}
	if !strings.Contains(lines[10], "16 more, from SIG-09 on") {
		t.Errorf("the last line is %q", lines[10])
	}
}

func TestOutputsAreNamesAndValues(t *testing.T) {
	t.Parallel()
	r := sample()
	var b bytes.Buffer
	if err := reports.WriteOutputs(&b, r); err != nil {
		t.Fatal(err)
	}
	if want := fmt.Sprintf("verdict=%s\nfailed=%d\n", r.Verdict, r.Counts[reports.Fail]); b.String() != want {
		t.Errorf("got %q, want %q", b.String(), want)
	}
	if reports.WriteOutputs(&b, nil) == nil || reports.WriteAnnotations(&b, nil) == nil {
		t.Error("no error without a report")
	}
}
