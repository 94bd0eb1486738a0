package reports

import (
	"slices"
	"strings"

	"hookdrill/internal/fixes"
)

// section is the checks of one outcome.
type section struct {
	Key, Name, Word, Mark string
	Checks                []card
}

// stretch is a part of the bar of outcomes, in thousandths of its length.
type stretch struct{ Key, X, Width string }

// finding is a line of the first screen: what failed, in short.
type finding struct {
	ID, Title, Gist, Anchor string
	Cases                   int
}

// launchPoint is a point of the checklist on the page.
type launchPoint struct {
	ChecklistPoint
	Key, Mark, Word string
	Evidence        []string
}

// card is one check on the page.
type card struct {
	*Check
	Anchor          string // the id of its element, "" when it can have none
	Key, Word, Mark string
	Reason          string
	Incident        string
	ShowWhy         bool // the reason is not the same as that of the first case
	Bunches         []trials
	Left            int // cases that are in no bunch
	Passed          []*Case
	PassedLeft      int
	Timelines       []*timeline // of the passed cases that have one
	Unlock          []string
	Mend            *mending // how it fails and is mended; nil for what did not fail
}

// mending is what there is to read about a check that failed.
type mending struct {
	Fails, Fix string
	Code       []fixes.Snippet
}

// trials is the cases of a check that came out in the same way.
type trials struct {
	First trial
	More  []trial  // shown whole, folded
	Names []string // named only
	Left  int      // not even named
	Same  int      // cases beside the first
}

// trial is one case on the page.
type trial struct {
	*Case
	Check     string
	Timeline  *timeline
	Exchanges []evidenced // the first of them decides
	Others    []evidenced
	Hidden    int
}

// evidenced is an exchange among those of its case.
type evidenced struct {
	*Exchange
	Number int

	all []Exchange
}

// builder makes the cards of a page.
type builder struct {
	r       *Report
	manners manners
	anchors map[string]bool
	mender  mender
	mended  map[string]bool
}

func (b *builder) section(g group) section {
	s := section{Key: g.key, Name: g.name, Word: g.word, Mark: g.mark}
	for _, c := range g.checks {
		s.Checks = append(s.Checks, b.card(g, c))
	}
	return s
}

// bar gives each outcome its length; one that is there can be seen.
func bar(tally []section, total int) []stretch {
	const least = 12.0
	var out []stretch
	used, widths := 0.0, make([]float64, len(tally))
	for i, s := range tally {
		if n := len(s.Checks); n > 0 {
			widths[i] = max(least, axis*float64(n)/float64(total))
			used += widths[i]
		}
	}
	x := 0.0
	for i, s := range tally {
		if widths[i] > 0 {
			w := widths[i] / used * axis
			out = append(out, stretch{s.Key, coordinate(x), coordinate(max(1, w-3))})
			x += w
		}
	}
	return out
}

func (b *builder) card(g group, c *Check) card {
	out := card{Check: c, Key: g.key, Word: g.word, Mark: g.mark, Reason: reason(c), Incident: incidentOf(c.ID).String(), Anchor: b.anchor(c.ID)}
	bad := badCases(c)
	bunches := b.manners.bunches(bad)
	for i, bunch := range bunches {
		if i >= maxBunches {
			out.Left += len(bunch)
			continue
		}
		out.Bunches = append(out.Bunches, newTrials(c, bunch))
	}
	out.ShowWhy = out.Reason != "" && (len(bad) == 0 || bad[0].Why != out.Reason)
	for i := range c.Cases {
		if c.Cases[i].Status != Pass {
			continue
		}
		if len(out.Passed) == maxPassed {
			out.PassedLeft++
			continue
		}
		out.Passed = append(out.Passed, &c.Cases[i])
		if len(c.Cases[i].Timeline) > 0 {
			out.Timelines = append(out.Timelines, timelineOf(&c.Cases[i]))
		}
	}
	out.Mend = b.mend(c)
	for _, u := range b.r.Unlock {
		if slices.Contains(u.Checks, c.ID) {
			out.Unlock = append(out.Unlock, u.How)
		}
	}
	return out
}

// mend says how a check that failed is mended, once for each.
func (b *builder) mend(c *Check) *mending {
	f := b.mender.of(c)
	if f.ID == "" || b.mended[f.ID] {
		return nil
	}
	code, err := f.Snippets()
	if err != nil { // the program's own file: a test reads each
		return nil
	}
	if b.mended == nil {
		b.mended = map[string]bool{}
	}
	b.mended[f.ID] = true
	return &mending{f.Fails, f.Fix, code}
}

// anchor gives a check an element id, if its own is fit for one and not taken.
func (b *builder) anchor(id string) string {
	if b.anchors == nil {
		b.anchors = map[string]bool{}
	}
	if id == "" || len(id) > 40 || !only(id, "-0123456789") || id != strings.ToUpper(id) || b.anchors[id] {
		return ""
	}
	b.anchors[id] = true
	return id
}

func newTrials(c *Check, all bunch) trials {
	out := trials{First: newTrial(c, all[0]), Same: len(all) - 1}
	for i, bc := range all[1:] {
		switch {
		case i+1 < maxWhole:
			out.More = append(out.More, newTrial(c, bc))
		case len(out.Names) < maxNames:
			out.Names = append(out.Names, bc.Name)
		default:
			out.Left++
		}
	}
	return out
}

func newTrial(c *Check, bc *Case) trial {
	out := trial{Case: bc, Check: c.ID, Timeline: timelineOf(bc), Hidden: max(0, len(bc.Exchanges)-maxExchanges)}
	all := bc.Exchanges[:len(bc.Exchanges)-out.Hidden]
	for i := range all {
		out.Exchanges = append(out.Exchanges, evidenced{&all[i], i + 1, all})
	}
	if len(all) > 1 {
		out.Others = out.Exchanges[1:]
	}
	return out
}

// findings lists what fails for the first screen.
func (p *page) findings() {
	for _, s := range p.Cards {
		for _, c := range s.Checks {
			f := finding{ID: c.ID, Title: c.Title, Anchor: c.Anchor, Gist: c.Reason}
			for _, b := range c.Bunches {
				f.Cases += 1 + b.Same
			}
			f.Cases += c.Left
			if len(c.Bunches) > 0 {
				first := c.Bunches[0].First
				f.Gist = "expected " + first.Expected + ", got " + clipped(first.Actual)
			}
			p.Findings = append(p.Findings, f)
		}
	}
}

// clipped is the beginning of a text, for a line that has no room for more.
func clipped(s string) string {
	const most = 60
	if runes := []rune(cut(s, maxShort)); len(runes) > most {
		short := string(runes[:most])
		if space := strings.LastIndexByte(short, ' '); space > most/2 {
			short = short[:space]
		}
		return strings.TrimRight(short, " ;,") + " …"
	}
	return s
}

// filters collects what the checks can be filtered by.
func (p *page) filters() {
	p.FamilyNames, p.Levels = filterValues(p.Checks, nil, nil)
}

// filterValues adds the families and levels of checks to those that are known.
func filterValues(checks []Check, families []string, levels []Level) ([]string, []Level) {
	for i := range checks {
		if c := &checks[i]; !slices.Contains(families, c.Family) {
			families = append(families, c.Family)
		}
		if c := &checks[i]; !slices.Contains(levels, c.Level) {
			levels = append(levels, c.Level)
		}
	}
	return families, levels
}
