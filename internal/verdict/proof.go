package verdict

import (
	"slices"

	"hookdrill/internal/plan"
	"hookdrill/internal/record"
	"hookdrill/reports"
)

// nothingProved is why the refusals of a run may prove nothing.
const nothingProved = "no refusal lies between valid events that were all accepted: " +
	"a target that refuses whatever comes looks the same, so nothing is proved"

// twinsAccepted reports whether a case has twins and every one of them was
// accepted: only then does a refusal in it say something about what was refused.
func twinsAccepted(c *plan.Case, rec *record.Case) bool {
	held := 0
	for _, s := range pair(c, rec) {
		if s.Role != plan.RoleControl {
			continue
		}
		if s.attempt == nil || !accepted(s.attempt) {
			return false
		}
		held++
	}
	return held > 0
}

func hasTwins(c *plan.Case) bool {
	return slices.ContainsFunc(c.Deliveries(), func(d plan.Delivery) bool { return d.Role == plan.RoleControl })
}

// proves reports whether an attempt is a refusal that proves something. What a rate
// limiter turns away it would have turned away whatever it was.
func (s *seen) proves() bool {
	return s.sound && s.Role == plan.RoleCase && s.attempt.Status >= 400 && s.attempt.Status < 500 && !limited(s.attempt)
}

// notProved makes of a pass what it is without one refusal that proves something.
func notProved(out *reports.Case) { out.Status, out.Why = reports.NotExercised, nothingProved }
