package verdict

import (
	"fmt"

	"hookdrill/internal/plan"
	"hookdrill/internal/record"
	"hookdrill/mockclaude"
	"hookdrill/reports"
	"hookdrill/scenarios"
)

// maxOffenders bounds how many events a ledger check names.
const maxOffenders = 5

// entry is the account of one event id over the whole run.
type entry struct {
	id                    string
	once, maybe, never    bool
	acked, refused, other int
	proof                 bool // one of its refusals proves something
	all                   []seen
}

// ledger accounts for every event id that the plan holds, in order of sending.
func (j judge) ledger() []*entry {
	byID := map[string]*entry{}
	var order []*entry
	for _, c := range j.Plan.Cases {
		rec := j.Run.Cases[c.ID]
		if rec == nil {
			continue
		}
		sent := everyAttempt(c, rec)
		for i := range sent {
			s := sent[i]
			e := byID[s.EventID]
			if e == nil {
				e = &entry{id: s.EventID}
				byID[s.EventID] = e
				order = append(order, e)
			}
			e.add(s)
		}
	}
	return order
}

// everyAttempt lists each attempt of a case with its delivery, second tries
// included.
func everyAttempt(c *plan.Case, rec *record.Case) []seen {
	planned, sound := pair(c, nil), twinsAccepted(c, rec)
	var out []seen
	for i := range rec.Attempts {
		a := &rec.Attempts[i]
		if a.Delivery >= 0 && a.Delivery < len(planned) {
			s := planned[a.Delivery]
			s.attempt, s.sound = a, sound
			out = append(out, s)
		}
	}
	return out
}

func (e *entry) add(s seen) {
	e.all = append(e.all, s)
	e.proof = e.proof || s.proves()
	switch s.Effect {
	case scenarios.EffectOnce:
		e.once = true
	case scenarios.EffectMaybe:
		e.maybe = true
	default:
		e.never = true
	}
	switch {
	case accepted(s.attempt):
		e.acked++
	case s.attempt.Status >= 400 && s.attempt.Status < 500:
		e.refused++
	default:
		e.other++
	}
}

// bounds is how many effects the event may have had, by what was sent and how
// it was answered.
func (e *entry) bounds() (low, high int) {
	switch {
	case e.once && e.acked > 0:
		return 1, 1
	case e.acked == 0 && e.other == 0: // only refusals
		return 0, 0
	case e.once || e.maybe:
		return 0, 1
	}
	return 0, 0
}

// hole reports an event that must not have been acknowledged and was: another
// check names it, and the ledger has nothing to add.
func (e *entry) hole() bool { return e.never && !e.once && !e.maybe && e.acked > 0 }

// acked judges everything that was acknowledged: one effect each.
func (j judge) acked(out *reports.Case) {
	j.account(out, "exactly one effect of everything acknowledged", false, func(e *entry) (bool, int, int) {
		low, high := e.bounds()
		return e.acked > 0 && !e.hole(), low, high
	})
}

// rest judges everything else: what was refused or never sent had no effect.
func (j judge) rest(out *reports.Case) {
	j.account(out, "no effect of what was refused or never sent", true, func(e *entry) (bool, int, int) {
		low, high := e.bounds()
		return e.acked == 0 && high == 0, low, high
	})
}

// refusedEffects judges what was answered with a refusal and nothing else.
func (j judge) refusedEffects(out *reports.Case) {
	j.account(out, "no effect of anything refused", true, func(e *entry) (bool, int, int) {
		return e.refused > 0 && e.acked == 0 && e.other == 0, 0, 0
	})
}

// account compares every event that the filter takes with its bounds. What is
// about refusals passes only by one that proves something.
func (j judge) account(out *reports.Case, expected string, refusals bool, take func(*entry) (bool, int, int)) {
	out.Expected = expected
	if reason := j.blind(); reason != "" {
		out.Status, out.Why = reports.NotObserved, reason
		return
	}
	if j.Run.Effects.Uncounted {
		j.begunOf(out, take)
		return
	}
	taken, bad, late, proof := 0, 0, 0, !refusals
	for _, e := range j.ledger() {
		in, low, high := take(e)
		if !in {
			continue
		}
		taken++
		proof = proof || e.proof
		have := j.Run.Effects.Counts[e.id]
		if have >= low && have <= high {
			continue
		}
		if have < low && !j.Run.Effects.Settled {
			late++
			continue
		}
		bad++
		if bad == 1 {
			out.Why = effectWhy(high, have)
		}
		if bad <= maxOffenders {
			out.Actual = join(out.Actual, []string{fmt.Sprintf("%d effect(s) of %s", have, shorten(e.id))})
			out.Exchanges = append(out.Exchanges, exchange(&e.all[0]))
		}
	}
	switch {
	case taken == 0:
		out.Status, out.Why = reports.NotExercised, "no such event in this run"
	case bad > 0:
		out.Status = reports.Fail
		out.Why = fmt.Sprintf("%d of %d events; the first: %s", bad, taken, out.Why)
	case late > 0:
		out.Status = reports.NotObserved
		out.Why = fmt.Sprintf("%d of %d events: %s", late, taken, stillMoving)
	case !proof:
		notProved(out)
	default:
		out.Status = reports.Pass
		out.Actual = fmt.Sprintf("%d events, as they should be", taken)
	}
}

// canceled reports an attempt that the end of the run cut short.
func canceled(a *record.Attempt) bool { return a.Err == mockclaude.ErrCanceled }
