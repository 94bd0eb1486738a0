package reports

import (
	"cmp"
	_ "embed" // for go:embed
	"errors"
	"fmt"
	"html/template"
	"io"
	"strings"
	"time"
)

//go:embed report.html.tmpl
var pageHTML string

//go:embed report.css
var pageCSS string

// Bounds of what the page shows of one check.
const (
	maxOpenCases  = 10 // shown unfolded
	maxPageCases  = 60 // shown at all; the rest is in report.json
	maxExchanges  = 12
	minBarPercent = 1.5 // a segment of the bar that can still be seen
)

// WriteHTML writes r as one HTML file that needs nothing else: no network, no
// script, no font, and a content security policy that allows none. Whatever
// the target sent is escaped and bounded.
func WriteHTML(w io.Writer, r *Report) error {
	if r == nil {
		return errors.New("write HTML report: there is no report")
	}
	page, err := template.New("report").Funcs(template.FuncMap{
		"line":   func(s string) string { return line(s, maxSentence) },
		"lines":  func(s string) string { return block(s, maxEvidence) },
		"answer": func(x Exchange) string { return answer(&x, maxEvidence) },
		"span":   span,
		"took":   func(ms float64) string { return span(int64(ms + 0.5)) },
		"plural": plural,
		"shown":  func(all []Exchange) []Exchange { return all[:min(len(all), maxExchanges)] },
		"hidden": func(all []Exchange) int { return max(0, len(all)-maxExchanges) },
		"upper":  func(l Level) string { return strings.ToUpper(line(string(l), maxShort)) },
	}).Parse(pageHTML)
	if err != nil {
		return fmt.Errorf("parse page template: %w", err)
	}
	if err := page.Execute(w, newPage(r)); err != nil {
		return fmt.Errorf("write HTML report: %w", err)
	}
	return nil
}

// page is what the template is given.
type page struct {
	*Report
	CSS         template.CSS
	Title       string
	Sentence    string
	Word, Mark  string
	Look        string // the class of the verdict
	When        string
	Settings    []pageSetting
	Tally       []section
	Total       int
	Cards       []section // shown open, each check as a card
	Unexercised section
	Unseen      section
	Folded      []section // shown as folded cards
	Passed      section
	NA          section
	Broken      int  // checks that the harness failed to judge
	Complete    bool // nothing was left unproved
	Figures     []figure
	Charts      []chart
}

type pageSetting struct{ Name, Value string }

// section is the checks of one outcome.
type section struct {
	Key, Name, Word, Mark string
	Width                 float64 // percent of the bar
	Checks                []card
}

// card is one check on the page.
type card struct {
	*Check
	Key, Word, Mark string
	Reason          string
	Card            bool // shown open, not as a line with its reason
	ShowWhy         bool // the reason is not the same as that of the first case
	Open, More      []trial
	Left            int // cases not shown
	PassedCases     []string
	Unlock          []string
}

// trial is one case on the page.
type trial struct {
	*Case
	Expand bool // shows its exchanges at once
	Same   bool // failed in the same way as one before it: folded to a line
}

func newPage(r *Report) *page {
	word, key := verdictWord(r)
	p := &page{
		Report: r, CSS: template.CSS(pageCSS), //nolint:gosec // embedded with the program
		Word: word, Mark: verdictMark(key), Look: key,
		Sentence: line(sentence(r), maxSentence),
		Title:    line(fmt.Sprintf("hookdrill: %s, %s", strings.ToLower(word), r.Target.URL), maxShort),
		Total:    len(r.Checks),
		Figures:  figures(r.Load), Charts: charts(r.Load),
	}
	if !r.Started.IsZero() {
		p.When = r.Started.UTC().Format("2 January 2006, 15:04 ") + time.UTC.String()
	}
	for _, s := range settings(r) {
		p.Settings = append(p.Settings, pageSetting{s.name, cmp.Or(line(s.value, maxSentence), "–")})
	}
	for _, g := range groups(r) {
		s := newSection(r, g)
		if len(s.Checks) > 0 || g.key == keyFail || g.key == keyPass {
			p.Tally = append(p.Tally, s)
		}
		p.place(s)
	}
	p.Complete = len(r.Checks) > 0 && len(p.Unexercised.Checks)+len(p.Unseen.Checks)+len(r.Unlock)+p.Broken == 0 &&
		r.Preflight == nil && !r.Interrupted && r.Verdict != Failed
	for _, o := range r.Observers {
		p.Complete = p.Complete && o.Trusted
	}
	return p
}

// place puts a section where the page shows it.
func (p *page) place(s section) {
	switch s.Key {
	case keyFail, keyError, keyUnknown:
		if len(s.Checks) > 0 {
			p.Cards = append(p.Cards, s)
		}
		if s.Key != keyFail {
			p.Broken += len(s.Checks)
		}
	case keyUnexercise:
		p.Unexercised = s
	case keyUnseen:
		p.Unseen = s
	case keyPass:
		p.Passed = s
	case keyNA:
		p.NA = s
	default:
		if len(s.Checks) > 0 {
			p.Folded = append(p.Folded, s)
		}
	}
}

func newSection(r *Report, g group) section {
	s := section{Key: g.key, Name: g.name, Word: g.word, Mark: g.mark}
	if n := len(g.checks); n > 0 {
		s.Width = max(minBarPercent, 100*float64(n)/float64(len(r.Checks)))
	}
	for _, c := range g.checks {
		s.Checks = append(s.Checks, newCard(r, g, c))
	}
	return s
}

func newCard(r *Report, g group, c *Check) card {
	out := card{Check: c, Key: g.key, Word: g.word, Mark: g.mark, Reason: reason(c)}
	out.Card = g.key == keyFail || g.key == keyError || g.key == keyUnknown
	bad := badCases(c)
	out.Left = max(0, len(bad)-maxPageCases)
	bad = bad[:len(bad)-out.Left]
	seen := map[[3]string]bool{}
	for i, bc := range bad {
		how := [3]string{bc.Expected, bc.Actual, bc.Why}
		t := trial{bc, i == 0, seen[how]}
		seen[how] = true
		if i < maxOpenCases {
			out.Open = append(out.Open, t)
		} else {
			out.More = append(out.More, t)
		}
	}
	out.ShowWhy = out.Reason != "" && (len(bad) == 0 || bad[0].Why != out.Reason)
	for i := range c.Cases {
		if c.Cases[i].Status == Pass {
			out.PassedCases = append(out.PassedCases, c.Cases[i].Name)
		}
	}
	for _, u := range r.Unlock {
		for _, id := range u.Checks {
			if id == c.ID {
				out.Unlock = append(out.Unlock, u.How)
			}
		}
	}
	return out
}
