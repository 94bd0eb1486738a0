package verdict

import (
	"fmt"
	"slices"
	"strconv"
	"time"

	"hookdrill/internal/plan"
	"hookdrill/mockclaude"
	"hookdrill/reports"
	"hookdrill/scenarios"
)

// read gives every attempt that the check is judged by: those of its own cases
// and of the requirements that it reads.
func (j judge) read() []seen {
	var out []seen
	for _, c := range j.Plan.Cases {
		if !j.reads(c) {
			continue
		}
		if rec := j.Run.Cases[c.ID]; rec != nil {
			out = append(out, everyAttempt(c, rec)...)
		}
	}
	return out
}

// reads reports whether the check is judged by the exchanges of a case.
func (j judge) reads(c *plan.Case) bool {
	return c.Requirement == j.check.ID || slices.Contains(j.check.Reads, c.Requirement) || slices.Contains(j.check.Reads, "*")
}

// leaks judges what the refusals gave away.
func (j judge) leaks(out *reports.Case, expected string, what ...string) {
	out.Expected = expected
	refusals, proofs, bad := 0, 0, 0
	for _, s := range j.read() {
		if s.attempt.Status < 400 {
			continue
		}
		refusals++
		if s.proves() {
			proofs++
		}
		for _, leak := range s.attempt.Leaks {
			if !slices.Contains(what, leak) {
				continue
			}
			bad++
			if bad <= maxOffenders {
				out.Actual = join(out.Actual, []string{fmt.Sprintf("a %d with the %s", s.attempt.Status, leak)})
				out.Exchanges = append(out.Exchanges, exchange(&s))
			}
		}
	}
	switch {
	case refusals == 0:
		out.Status, out.Why = reports.NotExercised, "nothing was refused in this run"
	case bad > 0:
		out.Status = reports.Fail
		out.Why = fmt.Sprintf("%d of %d refusals give it away to whoever sends a forged event", bad, refusals)
	case proofs == 0:
		notProved(out)
	default:
		out.Status, out.Actual = reports.Pass, fmt.Sprintf("%d refusals without", refusals)
	}
}

// size judges whether answers end, and how long they are.
func (j judge) size(out *reports.Case) {
	out.Expected = "every answer complete and under 64 KiB"
	answers, bad := 0, 0
	for _, s := range j.read() {
		a := s.attempt
		if a.Status == 0 || canceled(a) || a.Err == mockclaude.ErrAbandoned {
			continue
		}
		answers++
		// An early answer to a body that is still on its way may be cut by the close.
		if a.Err == "" || s.background || s.Expect == scenarios.ExpectClosed {
			continue
		}
		bad++
		if bad <= maxOffenders {
			out.Actual = join(out.Actual, []string{actual(a)})
			out.Exchanges = append(out.Exchanges, exchange(&s))
		}
	}
	switch {
	case answers == 0:
		out.Status, out.Why = reports.NotExercised, "no answer in this run"
	case bad > 0:
		out.Status = reports.Fail
		out.Why = fmt.Sprintf("%d of %d answers: a sender reads a bounded answer and may count the rest as a failure", bad, answers)
	default:
		out.Status, out.Actual = reports.Pass, fmt.Sprintf("%d answers", answers)
	}
}

// exactStatus judges whether refusals have exactly the contract's status.
func (j judge) exactStatus(out *reports.Case) {
	want := j.check.Status
	if want == 0 {
		want = j.Plan.Contract.Answers.Unauthorized
	}
	out.Expected = strconv.Itoa(want)
	refusals, bad := 0, 0
	for _, s := range j.read() {
		a := s.attempt
		if s.Role != plan.RoleCase || a.Status == 0 || s.Expect == scenarios.ExpectAccepted || limited(a) {
			continue
		}
		refusals++
		if a.Status == want {
			continue
		}
		bad++
		if bad <= maxOffenders {
			out.Actual = join(out.Actual, []string{strconv.Itoa(a.Status)})
			out.Exchanges = append(out.Exchanges, exchange(&s))
		}
	}
	switch {
	case refusals == 0:
		out.Status, out.Why = reports.NotExercised, "nothing was answered"
	case bad > 0:
		out.Status = reports.Fail
		out.Why = fmt.Sprintf("%d of %d answers have another status", bad, refusals)
	case !j.controlsHeld():
		out.Status, out.Why = reports.NotExercised, "valid events beside the refusals were not accepted, so the refusals prove nothing"
	default:
		out.Status, out.Actual = reports.Pass, fmt.Sprintf("%d answers of %d", refusals, want)
	}
}

// controlsHeld reports whether every twin beside the refusals was accepted.
func (j judge) controlsHeld() bool {
	held := 0
	for _, c := range j.Plan.Cases {
		rec := j.Run.Cases[c.ID]
		if !j.reads(c) || rec == nil || !hasTwins(c) {
			continue
		}
		if !twinsAccepted(c, rec) {
			return false
		}
		held++
	}
	return held > 0
}

// allAccepted judges whether simultaneous copies were all acknowledged.
func (j judge) allAccepted(out *reports.Case) {
	out.Expected = "2xx for every copy"
	copies, bad, turned := 0, 0, 0
	for _, s := range j.read() {
		if s.step.Mode != scenarios.ModeTogether {
			continue
		}
		copies++
		if accepted(s.attempt) {
			continue
		}
		if limited(s.attempt) {
			turned++
			continue
		}
		bad++
		if bad <= maxOffenders {
			out.Actual = join(out.Actual, []string{actual(s.attempt)})
			out.Exchanges = append(out.Exchanges, exchange(&s))
		}
	}
	switch {
	case copies == 0:
		out.Status, out.Why = reports.NotExercised, "no simultaneous copies in this run"
	case bad > 0:
		out.Status = reports.Fail
		out.Why = fmt.Sprintf("%d of %d copies were not acknowledged, so the sender sends them again", bad, copies)
	case turned > 0:
		out.Status = reports.NotExercised
		out.Why = fmt.Sprintf("%d of %d copies were turned away by a rate limit (429), so nothing is known of them", turned, copies)
	default:
		out.Status, out.Actual = reports.Pass, fmt.Sprintf("%d copies", copies)
	}
}

// latency judges the 99th percentile of the answers to valid events, by
// nearest rank.
func (j judge) latency(c *plan.Case, out *reports.Case) {
	limit := j.check.Limit
	out.Expected = fmt.Sprintf("p99 under %s", limit)
	var times []time.Duration
	var all []seen
	for _, s := range j.read() {
		if s.step.Mode != scenarios.ModeConnection {
			continue
		}
		// Of an event that was turned away for the moment the last try counts.
		if n := len(all); n > 0 && s.attempt.Again {
			all[n-1] = s
		} else {
			all = append(all, s)
		}
	}
	for _, s := range all {
		if accepted(s.attempt) {
			times = append(times, s.attempt.Duration)
		}
	}
	planned := len(all)
	if own := len(c.Deliveries()); own > planned {
		planned = own
	}
	late := 0
	for _, t := range times {
		if t >= limit {
			late++
		}
	}
	slow := late*100 > planned // more than the hundredth part: the p99 is over, whatever the rest would be
	if !slow && (planned == 0 || len(times)*100 < planned*99) {
		out.Status = reports.NotExercised
		out.Why = fmt.Sprintf("only %d of %d events were answered with 2xx, too few to measure", len(times), planned)
		return
	}
	slices.Sort(times)
	p99 := rank(times, 0.99)
	out.Actual = fmt.Sprintf("p50 %s, p99 %s, max %s of %d", round(rank(times, 0.5)), round(p99), round(times[len(times)-1]), len(times))
	out.Status = reports.Pass
	if slow || p99 >= limit {
		out.Status = reports.Fail
		out.Why = "a sender that waits this long gives up under load and sends again, which makes the load worse"
		slices.SortFunc(all, func(a, b seen) int { return int(b.attempt.Duration - a.attempt.Duration) })
		out.Exchanges = exchanges(all[:min(3, len(all))])
	}
}

// rank is the nearest-rank quantile of sorted times.
func rank(sorted []time.Duration, q float64) time.Duration {
	at := int(float64(len(sorted))*q+0.999999) - 1
	return sorted[max(0, min(at, len(sorted)-1))]
}

func round(d time.Duration) time.Duration {
	if d > 10*time.Millisecond {
		return d.Round(time.Millisecond)
	}
	return d.Round(10 * time.Microsecond)
}
