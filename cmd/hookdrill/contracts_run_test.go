package main

import (
	"testing"

	"hookdrill/contract"
	"hookdrill/reports"
)

// TestBundledReceiverUnderEachContract: the receiver that comes with hookdrill keeps every
// built-in contract, and nothing is left unproved.
func TestBundledReceiverUnderEachContract(t *testing.T) {
	t.Parallel()
	for _, name := range contract.Names() {
		if name == "claude" {
			continue // whole, elsewhere
		}
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			r := run(t, nil, "conformance", "--contract", name, "--quiet", "--quick", "--skip", "TIME,IDEM-07")
			report, err := agreed(r.dir, r.code)
			if err != nil {
				t.Fatalf("%v\n%s\n%s", err, r.stdout, r.stderr)
			}
			if r.code != 0 || report.Verdict != reports.Conformant || report.Contract != name {
				t.Errorf("exit %d, %s under %s\n%s", r.code, report.Verdict, report.Contract, r.stdout)
			}
			for _, c := range report.Checks {
				if c.Status == reports.Fail || c.Status == reports.NotExercised || c.Status == reports.Error {
					t.Errorf("%s is %s: %s", c.ID, c.Status, c.Why)
				}
			}
		})
	}
}
