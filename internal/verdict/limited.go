package verdict

import (
	"fmt"

	"hookdrill/internal/plan"
	"hookdrill/internal/record"
	"hookdrill/reports"
	"hookdrill/scenarios"
)

// tooMany is the status of a rate limiter.
const tooMany = 429

// limited reports an answer of a rate limiter, which looks at nothing but the rate.
func limited(a *record.Attempt) bool { return a.Status == tooMany }

// limiterSpoke takes a case back in which a rate limiter may have answered in place of
// the receiver: the event that counts got 429 to the last, and so did, at some time, a
// valid event of the case, or it has none. True means that the case is decided.
//
// Where valid events were accepted at once on both sides, a 429 to the last is the
// receiver's own way to refuse.
func limiterSpoke(all []seen, rec *record.Case, out *reports.Case) bool {
	turned, twins, held := 0, 0, 0
	for i := range all {
		s := &all[i]
		switch {
		case s.Role == plan.RoleControl:
			twins++
		case s.step.Mode != scenarios.ModeTogether && limited(s.attempt):
			turned++
		}
	}
	if turned == 0 {
		return false
	}
	for i := range rec.Attempts {
		a := &rec.Attempts[i]
		if a.Delivery >= 0 && a.Delivery < len(all) && all[a.Delivery].Role == plan.RoleControl && limited(a) {
			held++
		}
	}
	if twins > 0 && held == 0 {
		return false
	}
	out.Status, out.Actual = reports.NotExercised, actuals(all)
	out.Why = fmt.Sprintf("%d of the case's events were turned away by a rate limit (429), again and again, so nothing is known of them; "+
		"raise the limit for the test", turned)
	return true
}

// noCrowd takes a case back whose simultaneous copies a rate limiter kept apart: with
// fewer than two of them let through nothing was simultaneous.
func noCrowd(all []seen, out *reports.Case) bool {
	copies, turned := 0, 0
	for i := range all {
		if s := &all[i]; s.step.Mode == scenarios.ModeTogether {
			copies++
			if limited(s.attempt) {
				turned++
			}
		}
	}
	if turned == 0 || copies-turned > 1 {
		return false
	}
	out.Status, out.Actual = reports.NotExercised, actuals(all)
	out.Why = fmt.Sprintf("%d of %d simultaneous copies were turned away by a rate limit (429), so there was no crowd; raise the limit for the test", turned, copies)
	return true
}
