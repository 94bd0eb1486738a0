package verdict

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"hookdrill/internal/baseline"
	"hookdrill/internal/plan"
	"hookdrill/reports"
)

// Known is a baseline and what it is called.
type Known struct {
	Name string
	File *baseline.File
	// Now is when it is held against a run: entries expire.
	Now time.Time
}

// apply holds the checks of a report against the baseline: failures that it lists become known
// failures, and what it lists and passed is stale. An entry that expired excuses nothing.
//
// What only a part of its cases, or of the run that it reads, was looked at for is never
// stale by that.
func (k *Known) apply(r *reports.Report, p *plan.Plan) {
	if k == nil {
		return
	}
	b := &reports.Baseline{File: k.Name}
	r.Baseline = b
	byCheck := map[string][]baseline.Entry{}
	for _, e := range k.File.Known {
		b.Entries++
		if e.Expired(k.Now) {
			b.Expired = append(b.Expired, e.ID)
		}
		id, _, _ := strings.Cut(e.ID, "/")
		byCheck[id] = append(byCheck[id], e)
	}
	for i := range r.Checks {
		c := &r.Checks[i]
		if entries := byCheck[c.ID]; len(entries) > 0 {
			k.check(c, entries, b, p)
		}
	}
	slices.Sort(b.Expired)
}

// check holds one check against its entries.
func (k *Known) check(c *reports.Check, entries []baseline.Entry, b *reports.Baseline, p *plan.Plan) {
	stale := false
	partial := p.Partial[c.ID] || p.Narrowed && len(p.Check(c.ID).Reads) > 0
	for _, e := range entries {
		status, whole := statusOf(c, e.ID)
		if status != reports.Pass || partial && (whole || len(p.Check(c.ID).Reads) > 0) {
			continue
		}
		stale = true
		b.Stale = append(b.Stale, e.ID)
		if !whole {
			mark(c, e.ID, reports.StaleBaseline)
		}
	}
	switch c.Status {
	case reports.Pass:
		if stale {
			c.Status, c.Why = reports.StaleBaseline, "it passes now, and the baseline lists it as a known failure: take it out of the file, or run with --update-baseline"
		}
	case reports.Fail:
		k.failed(c, entries, b)
	case reports.NotExercised, reports.NotObserved:
		if e := k.excuse(entries, c.ID, string(c.Status)); e != nil {
			c.Baseline = note(*e)
			b.Until = earliest(b.Until, e.Expires)
		}
	default: // of no weight, or hookdrill's own fault: nothing to excuse
	}
}

// failed excuses the failing cases of a check, and the check when all of them are.
func (k *Known) failed(c *reports.Check, entries []baseline.Entry, b *reports.Baseline) {
	whole := k.excuse(entries, c.ID, baseline.Fail)
	var first *baseline.Entry
	left := 0
	why := ""
	for i := range c.Cases {
		one := &c.Cases[i]
		if one.Status != reports.Fail {
			continue
		}
		e := whole
		if e == nil {
			e = k.excuse(entries, c.ID+"/"+one.Name, baseline.Fail)
		}
		if e == nil {
			if left == 0 {
				why = one.Why
			}
			left++
			continue
		}
		one.Status, one.Baseline = reports.KnownFail, note(*e)
		b.Until = earliest(b.Until, e.Expires)
		if first == nil {
			first = e
		}
	}
	if len(c.Cases) == 0 {
		first = whole
	}
	switch {
	case first == nil:
		for _, e := range entries {
			if e.Expired(k.Now) {
				c.Why += fmt.Sprintf(" (the baseline's entry %s expired on %s)", e.ID, e.Expires)
				return
			}
		}
	case left > 0:
		c.Why = fmt.Sprintf("%d of %d cases beside the known failures; the first: %s", left, len(c.Cases), why)
	default:
		c.Status, c.Baseline = reports.KnownFail, note(*first)
		b.Until = earliest(b.Until, first.Expires)
		c.Why = fmt.Sprintf("known until %s: %s", first.Expires, first.Reason)
	}
}

// excuse gives the entry that excuses an id, nil if none does.
func (k *Known) excuse(entries []baseline.Entry, id, status string) *baseline.Entry {
	for i := range entries {
		e := &entries[i]
		known := e.Status
		if known == "" {
			known = baseline.Fail
		}
		if e.ID == id && known == status && !e.Expired(k.Now) {
			return e
		}
	}
	return nil
}

// statusOf is the status of what an entry names, "" when the report does not have it.
func statusOf(c *reports.Check, id string) (status reports.Status, whole bool) {
	if c.ID == id {
		return c.Status, true
	}
	for _, one := range c.Cases {
		if c.ID+"/"+one.Name == id {
			return one.Status, false
		}
	}
	return "", false
}

func mark(c *reports.Check, id string, s reports.Status) {
	for i := range c.Cases {
		if c.ID+"/"+c.Cases[i].Name == id {
			c.Cases[i].Status = s
		}
	}
}

func note(e baseline.Entry) *reports.Excuse {
	return &reports.Excuse{ID: e.ID, Reason: e.Reason, Link: e.Link, Expires: e.Expires}
}

// earliest is the earlier of two dates, of which the first may be missing.
func earliest(a, b string) string {
	if a == "" || b < a {
		return b
	}
	return a
}

// knownSentence is the verdict on a run that failed in nothing but what the baseline lists.
func knownSentence(b *reports.Baseline, known, unproven int, level string) string {
	text := fmt.Sprintf("Not conformant: %d known failures are excused by the baseline until %s; nothing new failed", known, b.Until)
	if known == 1 {
		text = fmt.Sprintf("Not conformant: 1 known failure is excused by the baseline until %s; nothing new failed", b.Until)
	}
	if unproven > 0 {
		return text + fmt.Sprintf(", but %d requirements are unproven at level %s.", unproven, level)
	}
	return text + "."
}

// outdated says what is wrong with the file itself, "" when nothing is.
func outdated(b *reports.Baseline) string {
	var text string
	if len(b.Stale) > 0 {
		text += " The baseline is out of date: " + strings.Join(b.Stale, ", ") + " passes now."
	}
	if len(b.Expired) > 0 {
		text += " Entries of the baseline have expired: " + strings.Join(b.Expired, ", ") + "."
	}
	return text
}
