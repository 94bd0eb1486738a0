package verdict

import (
	"fmt"
	"slices"
	"strings"

	"hookdrill/internal/plan"
	"hookdrill/reports"
	"hookdrill/scenarios"
)

// stillMoving is why an effect that had not come is no finding yet.
const stillMoving = "the effect had not come, and others were still coming when the wait for them ended: a longer --settle would show it"

// maxNamed bounds how many events a sentence names.
const maxNamed = 4

// effects judges what the events of a case did, once their answers were right.
func (j judge) effects(c *plan.Case, all []seen, out *reports.Case) {
	fx := j.Run.Effects
	if out.Expected != "" {
		out.Expected += "; "
	}
	out.Expected += effectWords(c)
	if reason := j.blind(); reason != "" {
		out.Status, out.Why = reports.NotObserved, reason
		return
	}
	if fx.Uncounted {
		j.begun(c, all, out)
		return
	}
	var got []string
	for _, id := range sortedKeys(c.Effects) {
		want, have := wanted(c, all, id), fx.Counts[id]
		got = append(got, fmt.Sprintf("%d effect(s) of %s", have, shorten(id)))
		if want == have {
			continue
		}
		if have < want && !fx.Settled {
			out.Status, out.Why = reports.NotObserved, stillMoving
			continue
		}
		out.Status = reports.Fail
		out.Actual = join(out.Actual, got[max(0, len(got)-maxNamed):])
		out.Why = effectWhy(want, have)
		out.Exchanges = exchanges(about(all, id))
		if len(out.Exchanges) == 0 {
			out.Exchanges = exchanges(all)
		}
		return
	}
	if out.Status == reports.NotObserved {
		return
	}
	if len(got) > maxNamed {
		got = []string{fmt.Sprintf("one effect of each of %d events", len(got))}
	}
	out.Actual = join(out.Actual, got)
	out.Status = reports.Pass
	j.states(c, out)
}

// wanted is how often an event must have taken effect: what may be refused, and was, not at all.
func wanted(c *plan.Case, all []seen, id string) int {
	for _, s := range about(all, id) {
		if s.Expect != scenarios.ExpectNotServer || s.attempt.Status < 400 || s.attempt.Status > 499 {
			return c.Effects[id]
		}
	}
	return 0
}

// states judges the state that an observer reports for an event's task, if it
// reports one.
func (j judge) states(c *plan.Case, out *reports.Case) {
	compared := false
	for _, id := range sortedKeys(c.State) {
		want := c.State[id]
		have, known := state(j.Run.Effects.States[id])
		if !known {
			continue
		}
		compared = true
		if have != want {
			out.Status = reports.Fail
			out.Expected += "; the task " + want
			out.Actual += "; the task " + j.Run.Effects.States[id]
			out.Why = "the event had an effect, and it is not the one that the event says"
			if j.check.Judge == scenarios.JudgeState {
				out.Why = "an older event overwrote the newer state"
			}
			return
		}
		out.Actual += "; the task " + have
	}
	if len(c.State) > 0 && !compared {
		if j.check.Judge == scenarios.JudgeState {
			out.Status, out.Why = reports.NotObserved, "the observer reports no state of the task (status), so nothing was compared"
			return
		}
		out.Why = "the effect was counted; the observer reports no state of the task (status), so what it was is not compared"
	}
}

// state puts the words that observers use for a task's state into the
// contract's. Words that may mean something else, such as done or processed,
// are not compared.
func state(word string) (string, bool) {
	switch strings.ToLower(strings.NewReplacer("_", "", "-", "", " ", "").Replace(word)) {
	case "completed", "complete", "succeeded":
		return "completed", true
	case "failed", "failure", "error", "errored":
		return "failed", true
	case "timeout", "timedout":
		return "timeout", true
	}
	return "", false
}

// blind says why effects were not seen, "" when they were.
func (j judge) blind() string {
	fx := j.Run.Effects
	switch {
	case fx == nil && j.Run.Interrupted:
		return "the run was interrupted before effects were observed"
	case fx == nil:
		return "nobody said what the receiver did: it needs an observer (--observe or --observe-sql)"
	case !fx.Trusted:
		return "the observer cannot be trusted: " + fx.Why
	}
	return ""
}

func effectWords(c *plan.Case) string {
	ids := sortedKeys(c.Effects)
	if len(ids) > maxNamed {
		return fmt.Sprintf("one effect of each of %d events", len(ids))
	}
	var words []string
	for _, id := range ids {
		n := "no effect"
		if c.Effects[id] == 1 {
			n = "one effect"
		}
		if len(ids) > 1 {
			n += " of " + shorten(id)
		}
		words = append(words, n)
	}
	return strings.Join(words, ", ")
}

func effectWhy(want, have int) string {
	switch {
	case want == 0:
		return "it had an effect, and it must not have one"
	case have == 0:
		return "it was acknowledged and had no effect: the sender believes it was delivered"
	}
	return fmt.Sprintf("it took effect %d times: processed more than once", have)
}

func about(all []seen, id string) []seen {
	var out []seen
	for _, s := range all {
		if s.EventID == id {
			out = append(out, s)
		}
	}
	return out
}

func join(first string, rest []string) string {
	if first == "" {
		return strings.Join(rest, ", ")
	}
	return first + "; " + strings.Join(rest, ", ")
}

func shorten(id string) string {
	if r := []rune(id); len(r) > 48 {
		return string(r[:40]) + "…" + string(r[len(r)-6:])
	}
	return id
}

func sortedKeys[V any](m map[string]V) []string {
	keys := make([]string, 0, len(m))
	for k := range m {
		keys = append(keys, k)
	}
	slices.Sort(keys)
	return keys
}
