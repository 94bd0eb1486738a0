package certify

import (
	"fmt"
	"net/http"
	"strings"

	"hookdrill/loadtest"
	"hookdrill/reports"
)

// bounded is how many tries without a hit show, with 95 % certainty, that there is fewer than one
// hit in a number of tries: ln 0.05 = -3.
const bounded = 3

// trial is what became of the requests of a class that must be refused, in all phases. Refused are those
// that a 4xx answered; what got another answer, or none, may not have been looked at, and neither may what
// came too often.
type trial struct {
	class                   loadtest.Class
	sent, accepted, refused uint64
}

// trials are those of the classes that the mix has, or that a phase sent.
func (m *measured) trials() []trial {
	var out []trial
	for _, c := range loadtest.Classes() {
		if !c.Refused() {
			continue
		}
		one := trial{class: c}
		for _, r := range []*loadtest.Result{m.main, m.forged} {
			if r == nil || r.Classes[c] == nil {
				continue
			}
			o := r.Classes[c]
			one.sent += o.Sent - o.Ours()
			one.accepted += o.Accepted()
			for status, n := range o.Statuses {
				if status >= 400 && status <= 499 && status != http.StatusTooManyRequests {
					one.refused += n
				}
			}
		}
		if one.sent > 0 || m.cfg.Mix[c] > 0 {
			out = append(out, one)
		}
	}
	return out
}

// String says how many were accepted, and what that shows.
func (t trial) String() string {
	text := fmt.Sprintf("%d of %d %s accepted", t.accepted, t.sent, t.class)
	if t.sent > t.refused+t.accepted {
		text += fmt.Sprintf(", %d refused with 4xx", t.refused)
	}
	if n := t.refused / bounded; t.accepted == 0 && n > 1 {
		text += fmt.Sprintf(" (which shows, with 95 %% certainty, fewer than 1 in %d)", n)
	}
	return text
}

func forgeriesRefused(m *measured) finding {
	trials := m.trials()
	if len(trials) == 0 {
		return finding{status: reports.NotExercised, why: "the mix has no forged and no stale events (--mix)"}
	}
	var said, wrong, unseen []string
	for _, t := range trials {
		said = append(said, t.String())
		switch {
		case t.accepted > 0:
			wrong = append(wrong, fmt.Sprintf("%d %s events", t.accepted, t.class))
		case t.sent == 0:
			unseen = append(unseen, fmt.Sprintf("no %s event was sent: the load was too short to draw one (--duration, --mix)", t.class))
		case t.refused == 0:
			unseen = append(unseen, fmt.Sprintf("no %s event was refused with 4xx either, so it was not seen that they are looked at", t.class))
		}
	}
	expected, actual := "none accepted", strings.Join(said, ", ")
	if answers := m.answers(loadtest.Forged, loadtest.Stale); answers != "" {
		actual += "; " + answers
	}
	if len(wrong) > 0 {
		return finding{reports.Fail, expected, actual, strings.Join(wrong, " and ") + " were answered with 2xx" + m.evidence(loadtest.Forged, loadtest.Stale)}
	}
	for _, e := range m.effects {
		if e.Problem == "" && e.Unexpected > 0 {
			return finding{reports.Fail, "none accepted, none processed", actual, fmt.Sprintf("%d forged or stale events were processed, whatever was answered: %s",
				e.Unexpected, named(e.Unexpected, e.UnexpectedNames))}
		}
	}
	if len(unseen) > 0 {
		return finding{reports.NotExercised, expected, actual, strings.Join(unseen, "; ")}
	}
	return pass(expected, actual)
}
