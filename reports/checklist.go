package reports

import (
	"errors"
	"fmt"
	"net/url"
	"slices"
	"strings"
	"time"
)

// What a run says of a point of the checklist, as it stands in report.json.
const (
	PointFailed = "failed"        // a check that bears on it failed
	PointPartly = "partly_proved" // some of its checks passed, others proved nothing or only advise; or checks are a part of it alone
	PointProved = "proved"        // every check that bears on it, and applies, passed
	PointOpen   = "not_looked_at" // nothing about it was proved
)

// ChecklistPoint is one of the ten points to have done before a launch: what the
// run says of it, what it did not look at, and what is left to a person.
type ChecklistPoint struct {
	Point string `json:"point"` // a stable word, such as idempotency
	Title string `json:"title"`
	// Status is failed, partly_proved, proved or not_looked_at.
	Status string `json:"status"`
	// Found says in a sentence what the checks amount to.
	Found  string           `json:"found"`
	Checks []ChecklistCheck `json:"checks"`
	Unseen []string         `json:"unseen"`
	Person []string         `json:"person"`
}

// ChecklistCheck is a check that bears on a point.
type ChecklistCheck struct {
	ID     string `json:"id"`
	Status Status `json:"status"`
	// Command is the run that it is from: conformance or loadtest.
	Command string `json:"command"`

	decides bool
}

// Combined is another report that the checklist of a report took in.
type Combined struct {
	Command string    `json:"command"`
	Target  string    `json:"target"`
	Verdict Verdict   `json:"verdict"`
	Level   string    `json:"level"`
	Started time.Time `json:"started"`
	// Note is what to bear in mind, "" for nothing.
	Note string `json:"note,omitempty"`
}

// leastLoad is the rate that the guide asks a load test for, in events a second.
const leastLoad = 100

// Combine gives a copy of r whose checklist takes another report in: that of a load
// test for one of conformance, or the other way round. It is an error when the two are not of
// the same target, contract and of different commands. Of targets on loopback the ports may differ,
// which is noted.
func Combine(r, other *Report) (*Report, error) {
	if r == nil || other == nil {
		return nil, errors.New("combine reports: one is missing")
	}
	switch {
	case r.Command == other.Command:
		return nil, fmt.Errorf("combine reports: both are of hookdrill %s; a checklist combines conformance and loadtest", line(r.Command, maxShort))
	case r.Contract != other.Contract:
		return nil, fmt.Errorf("combine reports: one is of the contract %s, the other of %s", line(r.Contract, maxShort), line(other.Contract, maxShort))
	}
	note, same := sameTarget(r.Target, other.Target)
	if !same {
		return nil, fmt.Errorf("combine reports: they are of different targets, %s and %s", line(r.Target.URL, maxShort), line(other.Target.URL, maxShort))
	}
	c := *r
	c.Checklist = checklist(r, other)
	c.Combined = []Combined{{other.Command, other.Target.all(), other.Verdict, other.Level, other.Started, note}}
	return &c, nil
}

// sameTarget compares targets, and says what is doubtful about their being the same.
func sameTarget(a, b Target) (note string, same bool) {
	if a.URL == b.URL {
		return "", true
	}
	if a.Bundled && b.Bundled {
		return "both are of the receiver that comes with hookdrill", true
	}
	x, err := url.Parse(a.URL)
	y, also := url.Parse(b.URL)
	if err != nil || also != nil || a.Bundled != b.Bundled {
		return "", false
	}
	local := x.Hostname() == "localhost" || strings.HasPrefix(x.Hostname(), "127.") || x.Hostname() == "::1"
	if local && x.Hostname() == y.Hostname() && x.Path == y.Path && x.RawQuery == y.RawQuery && x.Scheme == y.Scheme {
		return fmt.Sprintf("the ports differ (%s and %s), so that both are of one receiver was not seen", x.Port(), y.Port()), true
	}
	return "", false
}

// checklistOf gives the checklist of r: its own, or that of its checks. A run that ended at its
// preflight has none.
func checklistOf(r *Report) []ChecklistPoint {
	if r.Checklist != nil || r.Preflight != nil || len(r.Checks) == 0 {
		return r.Checklist
	}
	return checklist(r)
}

func checklist(all ...*Report) []ChecklistPoint {
	out := []ChecklistPoint{}
	for _, p := range points() {
		c := ChecklistPoint{Point: p.key, Title: p.title, Checks: []ChecklistCheck{}, Unseen: slices.Clone(p.unseen), Person: p.person}
		for _, r := range all {
			for i := range r.Checks {
				if check := &r.Checks[i]; p.has(check) {
					c.Checks = append(c.Checks, ChecklistCheck{check.ID, check.Status, r.Command, decides(check.Level, r.Strict)})
				}
			}
			for _, id := range r.LeftOut {
				if p.has(&Check{ID: id}) {
					c.Checks = append(c.Checks, ChecklistCheck{id, NotExercised, r.Command, true})
				}
			}
		}
		c.judge()
		if p.part && c.Status == PointProved {
			c.Status = PointPartly
			c.Found += " They are a part of it."
		}
		if p.key == "load_test" {
			c.rate(all)
		}
		out = append(out, c)
	}
	return out
}

func (p point) has(c *Check) bool {
	family, _, _ := strings.Cut(c.ID, "-")
	return slices.Contains(p.families, family) || slices.Contains(p.ids, c.ID)
}

// judge says what the checks of a point amount to. Doubt proves nothing.
func (c *ChecklistPoint) judge() {
	passed, failed, open, advice := 0, 0, 0, 0
	for _, check := range c.Checks {
		switch {
		case check.Status == Pass:
			passed++
		case check.Status == NotApplicable:
		case (check.Status == Fail || check.Status == KnownFail) && !check.decides:
			advice++
		case check.Status == Fail || check.Status == KnownFail:
			failed++
		default:
			open++
		}
	}
	switch {
	case failed > 0:
		c.Status = PointFailed
	case passed == 0:
		c.Status = PointOpen
	case open+advice > 0:
		c.Status = PointPartly
	default:
		c.Status = PointProved
	}
	var parts []string
	for _, part := range []struct {
		n    int
		text string
	}{{failed, "failed"}, {advice, map[bool]string{true: "failed and only advises", false: "failed and only advise"}[advice == 1]}, {open, "proved nothing"}, {passed, "passed"}} {
		if part.n > 0 {
			parts = append(parts, fmt.Sprintf("%d %s", part.n, part.text))
		}
	}
	switch {
	case len(parts) > 0:
		c.Found = fmt.Sprintf("Of %s that bear on it %s.", plural(len(c.Checks), "check"), strings.Join(parts, ", "))
	case len(c.Checks) > 0:
		c.Found = "None of the checks that bear on it applies to this target."
	default:
		c.Found = "This run has no check of it."
	}
}

// rate holds the load test against the rate that the guide asks for.
func (c *ChecklistPoint) rate(all []*Report) {
	for _, r := range all {
		if r.Load == nil {
			continue
		}
		c.Found += fmt.Sprintf(" The load was %s events a second for %s.", plain(r.Load.AskedRPS), span(r.Load.DurationMS))
		if r.Load.AskedRPS < leastLoad && c.Status == PointProved {
			c.Status = PointPartly
			c.Found += fmt.Sprintf(" The guide asks for %d.", leastLoad)
		}
		return
	}
	if len(c.Checks) == 0 {
		c.Found = "This run sent no load: hookdrill loadtest does, and report show --with takes its report in."
	}
}

// look gives the outcome whose look a point shares, and its word.
func (c ChecklistPoint) look() (key, mark, word string) {
	switch c.Status {
	case PointFailed:
		return keyFail, "✗", "failed"
	case PointProved:
		return keyPass, "✓", "proved"
	case PointPartly:
		return keyAdvice, "◐", "partly proved"
	}
	return keyUnseen, "○", "not looked at"
}

// evidence lists the checks of a point by status, the worst first, each status with its ids.
func (c ChecklistPoint) evidence() []string {
	var out []string
	for _, s := range []Status{Fail, KnownFail, StaleBaseline, Error, NotExercised, NotObserved, Pass, NotApplicable} {
		var ids []string
		for _, check := range c.Checks {
			if check.Status == s {
				ids = append(ids, check.ID)
			}
		}
		if len(ids) > 0 {
			out = append(out, strings.ReplaceAll(string(s), "_", " ")+": "+ranges(ids))
		}
	}
	return out
}

// ranges shortens a list of ids: SIG-01, SIG-02 and SIG-03 become SIG-01 to 03.
func ranges(ids []string) string {
	var out []string
	for i := 0; i < len(ids); {
		family, number, _ := strings.Cut(ids[i], "-")
		j := i + 1
		for j < len(ids) && follows(ids[j-1], ids[j]) {
			j++
		}
		switch _, last, _ := strings.Cut(ids[j-1], "-"); {
		case j-i > 2:
			out = append(out, family+"-"+number+" to "+last)
		default:
			out = append(out, ids[i:j]...)
		}
		i = j
	}
	return strings.Join(out, ", ")
}

func follows(a, b string) bool {
	var x, y int
	family, n, _ := strings.Cut(a, "-")
	other, m, _ := strings.Cut(b, "-")
	_, err := fmt.Sscanf(n+" "+m, "%d %d", &x, &y)
	return err == nil && family == other && y == x+1
}
