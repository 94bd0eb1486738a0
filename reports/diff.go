package reports

import (
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"
)

// Diff is what changed from one report to another.
type Diff struct {
	Old, New *Report
	// Notes say why the two may not be comparable.
	Notes []string
	// Failing are the checks that fail now and did not, or fail in a case in which they did
	// not; Fixed those that failed and pass; Unproved those that passed and do neither now;
	// Changed are all others with another status.
	Failing, Fixed, Unproved, Changed []DiffCheck
	// Added and Gone are the checks that only one of the two has.
	Added, Gone []DiffCheck
	// Load compares what two load tests measured; nil for other reports, and where one of
	// them measured nothing.
	Load *LoadDiff
}

// DiffCheck is a check in both reports; a status is "" where a report lacks it.
type DiffCheck struct {
	ID, Title string
	Old, New  Status
	// Cases names the cases that fail now and did not.
	Cases []string
	// Why is what the new report says.
	Why string
}

// Compare compares two reports of the same command.
func Compare(before, after *Report) (*Diff, error) {
	if before == nil || after == nil {
		return nil, errors.New("compare reports: there is none")
	}
	if before.Command != after.Command {
		return nil, fmt.Errorf("one report is of hookdrill %s and the other of hookdrill %s", line(before.Command, maxShort), line(after.Command, maxShort))
	}
	d := &Diff{Old: before, New: after}
	d.note("contract", before.Contract, after.Contract)
	d.note("level", before.Level, after.Level)
	d.note("version", before.Tool.Version, after.Tool.Version)
	d.note("seed", strconv.FormatUint(before.Seed, 10), strconv.FormatUint(after.Seed, 10))
	d.note("baseline", baselineName(before), baselineName(after))
	for _, r := range []*Report{before, after} {
		if r.Interrupted {
			d.Notes = append(d.Notes, "the run of "+r.Started.UTC().Format("2006-01-02 15:04:05")+" was stopped before its end")
		}
	}
	old := map[string]*Check{}
	for i := range before.Checks {
		old[before.Checks[i].ID] = &before.Checks[i]
	}
	seen := map[string]bool{}
	for i := range after.Checks {
		c := &after.Checks[i]
		seen[c.ID] = true
		d.check(old[c.ID], c)
	}
	for i := range before.Checks {
		if c := &before.Checks[i]; !seen[c.ID] {
			d.Gone = append(d.Gone, DiffCheck{ID: c.ID, Title: c.Title, Old: c.Status})
		}
	}
	if before.Load != nil && after.Load != nil {
		var err error
		if d.Load, err = compareLoads(before.Load, after.Load); err != nil {
			return nil, err
		}
		d.Notes = append(d.Notes, differences(before.Load, after.Load)...)
	}
	return d, nil
}

func baselineName(r *Report) string {
	if r.Baseline == nil {
		return "none"
	}
	return r.Baseline.File
}

// failed reports a failure, known or not; passed a pass, listed as a failure or not.
func failed(s Status) bool { return s == Fail || s == KnownFail }
func passed(s Status) bool { return s == Pass || s == StaleBaseline }

func (d *Diff) note(what, before, after string) {
	if before != after {
		d.Notes = append(d.Notes, fmt.Sprintf("%s: %s before, %s now", what, line(before, maxShort), line(after, maxShort)))
	}
}

func (d *Diff) check(before, after *Check) {
	c := DiffCheck{ID: after.ID, Title: after.Title, New: after.Status, Why: after.Why}
	if before == nil {
		if failed(after.Status) {
			d.Failing = append(d.Failing, c)
			return
		}
		d.Added = append(d.Added, c)
		return
	}
	c.Old = before.Status
	c.Cases = newlyFailing(before, after)
	if c.Why == "" && len(c.Cases) > 0 {
		for _, one := range after.Cases {
			if one.Name == c.Cases[0] {
				c.Why = one.Why
			}
		}
	}
	switch {
	case failed(after.Status) && (!failed(before.Status) || len(c.Cases) > 0):
		d.Failing = append(d.Failing, c)
	case before.Status == after.Status:
	case failed(before.Status) && passed(after.Status):
		d.Fixed = append(d.Fixed, c)
	case passed(before.Status) && !passed(after.Status):
		d.Unproved = append(d.Unproved, c)
	default:
		d.Changed = append(d.Changed, c)
	}
}

// newlyFailing names the cases of a check that fail and did not fail before.
func newlyFailing(before, after *Check) []string {
	var names []string
	for _, c := range after.Cases {
		did := slices.ContainsFunc(before.Cases, func(b Case) bool { return b.Name == c.Name && failed(b.Status) })
		if failed(c.Status) && !did {
			names = append(names, c.Name)
		}
	}
	return names
}

// ExitCode is 1 when a check fails that did not, or when the load is slower by more than the
// limit, which is a part, 0.1 for 10 %, or below 0 for none; 3 when a check is not proved any
// more, or when it is not certain that the load is slower by more; and otherwise 0. A check that only
// advises decides when the newer run was strict.
func (d *Diff) ExitCode(slower float64) int {
	worst := ExitOK
	for _, c := range d.Failing {
		if c.New != KnownFail && d.decides(c.ID) {
			return ExitNonconform
		}
	}
	for _, c := range d.Unproved {
		if d.decides(c.ID) && c.New != NotApplicable {
			worst = ExitIncomplete
		}
	}
	for _, c := range d.Gone {
		if passed(c.Old) {
			worst = ExitIncomplete
		}
	}
	if slower < 0 {
		return worst
	}
	if d.Load == nil {
		return ExitIncomplete
	}
	switch d.Load.slower(slower) {
	case slowerSurely:
		return ExitNonconform
	case slowerPerhaps:
		return ExitIncomplete
	case slowerNot:
	}
	return worst
}

func (d *Diff) decides(id string) bool {
	for _, c := range d.New.Checks {
		if c.ID == id {
			return c.Level == Must || c.Level == Should && d.New.Strict
		}
	}
	return true
}

// groups are the lists of a diff, in the order in which they are shown.
func (d *Diff) groups() []diffGroup {
	return []diffGroup{
		{"Newly failing", "✗", d.Failing},
		{"Not proved any more", "?", d.Unproved},
		{"Fixed", "✓", d.Fixed},
		{"Changed otherwise", "~", d.Changed},
		{"Only in the new report", "+", d.Added},
		{"Only in the old report", "-", d.Gone},
	}
}

type diffGroup struct {
	name, mark string
	checks     []DiffCheck
}

// statuses says how the status changed.
func (c DiffCheck) statuses() string {
	words := func(s Status) string { return strings.ReplaceAll(string(s), "_", " ") }
	switch {
	case c.Old == "":
		return words(c.New)
	case c.New == "":
		return words(c.Old)
	case c.Old == c.New:
		return "fails in further cases"
	}
	return words(c.Old) + " → " + words(c.New)
}
