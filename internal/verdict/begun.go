package verdict

import (
	"fmt"

	"hookdrill/internal/plan"
	"hookdrill/reports"
)

// uncounted is why a run whose only observer is a partial one decides no effect.
const uncounted = "the witness sees what the receiver fetches, not what takes effect, or how often: " +
	"that needs an observer that counts (--observe or --observe-sql)"

// lost is what it means that a receiver did not begin with an event.
const lost = "it was acknowledged, and the receiver never fetched what it is about, as it did for other events of this type: " +
	"the sender believes it was delivered"

// begun judges the events of a case by whether the receiver was seen at work on them.
// It can fail an event that was acknowledged and left lying; it passes none.
func (j judge) begun(c *plan.Case, all []seen, out *reports.Case) {
	worked := j.worked()
	began := 0
	for _, id := range sortedKeys(c.Effects) {
		evidence := about(all, id)
		if j.Run.Effects.Begun[id] {
			began++
			continue
		}
		if c.Effects[id] == 0 || !j.left(evidence, worked) {
			continue
		}
		out.Status, out.Why = reports.Fail, lost
		out.Actual = join(out.Actual, []string{"nothing fetched for " + shorten(id)})
		out.Exchanges = exchanges(evidence)
		return
	}
	out.Status, out.Why = reports.NotObserved, uncounted
	if began > 0 {
		out.Actual = join(out.Actual, []string{fmt.Sprintf("fetched for %d of %d events", began, len(c.Effects))})
	}
}

// begunOf is begun for the ledger's accounts: every event that the filter takes.
func (j judge) begunOf(out *reports.Case, take func(*entry) (bool, int, int)) {
	worked := j.worked()
	taken, began, bad := 0, 0, 0
	for _, e := range j.ledger() {
		in, low, _ := take(e)
		if !in {
			continue
		}
		taken++
		if j.Run.Effects.Begun[e.id] {
			began++
			continue
		}
		if low == 0 || !j.left(e.all, worked) {
			continue
		}
		bad++
		if bad <= maxOffenders {
			out.Actual = join(out.Actual, []string{"nothing fetched for " + shorten(e.id)})
			out.Exchanges = append(out.Exchanges, exchange(&e.all[0]))
		}
	}
	switch {
	case taken == 0:
		out.Status, out.Why = reports.NotExercised, "no such event in this run"
	case bad > 0:
		out.Status = reports.Fail
		out.Why = fmt.Sprintf("%d of %d events; the first: %s", bad, taken, lost)
	default:
		out.Status, out.Why = reports.NotObserved, uncounted
		out.Actual = fmt.Sprintf("fetched for %d of %d events", began, taken)
	}
}

// worked are the types of which an event was seen to be begun in this run: a receiver
// may have no use for the others.
func (j judge) worked() map[string]bool {
	types := map[string]bool{}
	for _, c := range j.Plan.Cases {
		for _, d := range c.Deliveries() {
			if j.Run.Effects.Begun[d.EventID] {
				types[d.Type] = true
			}
		}
	}
	return types
}

// left reports an event that the observer sees, that was acknowledged, and that the
// receiver did not begin with, though it does with events of its type.
func (j judge) left(sent []seen, worked map[string]bool) bool {
	acked := false
	for _, s := range sent {
		if began, sees := j.Run.Effects.Begun[s.EventID]; !sees || began || !worked[s.Type] {
			return false
		}
		acked = acked || accepted(s.attempt)
	}
	return acked
}
