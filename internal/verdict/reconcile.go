package verdict

import (
	"fmt"
	"slices"

	"hookdrill/reports"
)

// Reconcile holds the verdict against what Ginkgo says of the specs that bear
// each check's id as a label. Where the two differ, something is wrong with
// hookdrill itself, and the check becomes an error. Failed are failures of specs
// that belong to no check: with one of them hookdrill itself failed, whatever the
// checks say, unless the run was interrupted, which ends specs in the middle.
func Reconcile(r *reports.Report, specs map[string][]string, failed []string) {
	for i := range r.Checks {
		c := &r.Checks[i]
		states := specs[c.ID]
		if why := disagreement(c, states, r.Interrupted || r.Preflight != nil); why != "" {
			c.Status, c.Why = reports.Error, why
		}
	}
	if len(failed) > 0 {
		r.Assumptions = append(r.Assumptions, "A part of the suite that belongs to no check failed: "+failed[0])
	}
	for s := range r.Counts {
		r.Counts[s] = 0
	}
	for _, c := range r.Checks {
		r.Counts[c.Status]++
	}
	decide(r)
	if len(failed) > 0 && !r.Interrupted && r.Verdict != reports.Failed {
		r.Verdict, r.Sentence = reports.Failed, "No verdict: a part of the suite failed that belongs to no check; what the checks say is below."
		r.ExitCode = reports.ExitCode(r)
	}
}

// disagreement says how Ginkgo and the verdict differ about a check.
func disagreement(c *reports.Check, states []string, cutShort bool) string {
	if cutShort {
		return ""
	}
	bad := slices.ContainsFunc(states, func(s string) bool { return s != "passed" && s != "skipped" })
	wrong := c.Status == reports.Fail || c.Status == reports.KnownFail || c.Status == reports.Error
	switch {
	case len(states) == 0:
		return "no spec ran for this check: a defect of hookdrill"
	case bad && !wrong:
		return fmt.Sprintf("the spec ended as %q, and the records say %q: a defect of hookdrill", states[len(states)-1], c.Status)
	case wrong && !bad:
		return fmt.Sprintf("the spec passed, and the records say %q: a defect of hookdrill", c.Status)
	case (c.Status == reports.Pass || c.Status == reports.StaleBaseline) && states[len(states)-1] == "skipped":
		return "the spec was skipped, and the records say it passed: a defect of hookdrill"
	}
	return ""
}
