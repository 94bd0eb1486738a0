package reports_test

import (
	"fmt"
	"testing"

	"hookdrill/reports"
)

// TestExitCode goes through every combination of what the code depends on.
func TestExitCode(t *testing.T) {
	t.Parallel()
	kind := &reports.Preflight{Kind: "refused"}
	noKind := &reports.Preflight{Problem: "?"}
	type row struct {
		verdict     reports.Verdict
		interrupted bool
		preflight   *reports.Preflight
	}
	want := map[row]int{
		{reports.Conformant, false, nil}:    reports.ExitOK,
		{reports.Conformant, true, nil}:     reports.ExitIncomplete,
		{reports.Nonconformant, false, nil}: reports.ExitNonconform,
		{reports.Nonconformant, true, nil}:  reports.ExitIncomplete,
		{reports.Incomplete, false, nil}:    reports.ExitIncomplete,
		{reports.Incomplete, true, nil}:     reports.ExitIncomplete,
		{reports.Failed, false, nil}:        reports.ExitInternal,
		{reports.Failed, true, nil}:         reports.ExitInternal,
		{"", false, nil}:                    reports.ExitInternal,
		{"", true, nil}:                     reports.ExitInternal,
		{"splendid", false, nil}:            reports.ExitInternal,
		{"splendid", true, nil}:             reports.ExitInternal,
	}
	for _, v := range []reports.Verdict{
		reports.Conformant, reports.Nonconformant, reports.Incomplete, reports.Failed, "", "splendid",
	} {
		for _, stopped := range []bool{false, true} {
			want[row{v, stopped, kind}] = reports.ExitUnreachable
			want[row{v, stopped, noKind}] = reports.ExitInternal
		}
	}
	for _, stopped := range []bool{false, true} {
		want[row{reports.Failed, stopped, kind}] = reports.ExitInternal
	}
	for in, code := range want {
		t.Run(fmt.Sprintf("%q interrupted=%v preflight=%v", in.verdict, in.interrupted, in.preflight), func(t *testing.T) {
			t.Parallel()
			r := &reports.Report{Verdict: in.verdict, Interrupted: in.interrupted, Preflight: in.preflight}
			if got := reports.ExitCode(r); got != code {
				t.Errorf("exit code %d, want %d", got, code)
			}
		})
	}
	if got := reports.ExitCode(nil); got != reports.ExitInternal {
		t.Errorf("nil report: exit code %d, want %d", got, reports.ExitInternal)
	}
}
