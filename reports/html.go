package reports

import (
	"cmp"
	"crypto/sha256"
	_ "embed" // for go:embed
	"encoding/base64"
	"errors"
	"fmt"
	"html/template"
	"io"
	"strings"
	"time"

	"hookdrill/internal/fixes"
)

//go:embed report.html.tmpl
var pageHTML string

//go:embed report.css
var pageCSS string

//go:embed report.js
var pageJS string

// Bounds of what the page shows of one check.
const (
	maxBunches   = 20  // ways of failing
	maxWhole     = 3   // cases of one way that are shown whole
	maxNames     = 200 // cases of one way that are named
	maxPassed    = 20  // passed cases
	maxExchanges = 12
)

// maxPage bounds the evidence of all checks, in bytes: a browser opens a page of that size. What is
// beyond is cut to leastEvidence a text.
const (
	maxPage       = 6 << 20
	leastEvidence = 400
)

// WriteHTML writes r as one HTML file that needs nothing else: no network, no
// image, no font, and a content security policy that allows the page's own
// style and script by their digests, and nothing else. Without the script
// everything can be read; with it checks can be filtered and commands copied.
// Whatever the target sent is escaped and bounded.
//
// A check that failed says how it is mended, with the code folded in. For the others the page links to
// what there is under [Report.Docs], or names the command that shows it.
func WriteHTML(w io.Writer, r *Report) error {
	if r == nil {
		return errors.New("write HTML report: there is no report")
	}
	m, err := menderOf(r)
	if err != nil {
		return fmt.Errorf("write HTML report: %w", err)
	}
	shown := &budget{left: maxPage}
	page, err := template.New("report").Funcs(template.FuncMap{
		"line":    func(s string) string { return line(s, maxSentence) },
		"short":   func(s string) string { return line(s, maxShort) },
		"lines":   shown.block,
		"answer":  shown.answer,
		"parts":   shown.parts,
		"marked":  shown.compared,
		"long":    long,
		"docs":    func(id string) template.URL { return template.URL(m.published(id)) }, //nolint:gosec // the scheme was looked at
		"whole":   m.whole,
		"prose":   fixes.Parts,
		"command": func(name, of, text string) command { return command{name, of, text} },
		"span":    span,
		"took":    func(ms float64) string { return span(int64(ms + 0.5)) },
		"plural":  plural,
		"add":     func(a, b int) int { return a + b },
		"upper":   func(l Level) string { return strings.ToUpper(line(string(l), maxShort)) },
		"words":   func(s Status) string { return strings.ReplaceAll(line(string(s), maxShort), "_", " ") },
	}).Parse(pageHTML)
	if err != nil {
		return fmt.Errorf("parse page template: %w", err)
	}
	if err := page.Execute(w, newPage(r, m)); err != nil {
		return fmt.Errorf("write HTML report: %w", err)
	}
	return nil
}

// budget bounds the evidence of a whole page.
type budget struct{ left int }

func (b *budget) limit() int { return max(leastEvidence, min(maxEvidence, b.left)) }

func (b *budget) spend(s string) string {
	b.left -= len(s)
	return s
}

func (b *budget) block(s string) string { return b.spend(block(s, b.limit())) }

func (b *budget) answer(x *Exchange) string { return b.spend(answer(x, b.limit())) }

// compared gives an exchange with its marks, as long as there is room for it.
func (b *budget) compared(e evidenced) comparison {
	if b.left <= 0 {
		return comparison{Parts: []part{{Text: e.Request}}}
	}
	return compare(e.all, e.Number-1)
}

// long reports a text that scrolls in its box even on a narrow screen, and so must be reached
// by the keyboard.
func long(texts ...string) bool {
	const perLine, lines = 36, 18
	n := 0
	for _, text := range texts {
		n += strings.Count(text, "\n") + len(text)/perLine
	}
	return n > lines
}

// parts cleans the parts of a request, and cuts them where the whole reaches its bound.
func (b *budget) parts(all []part) []part {
	limit := b.limit()
	var out []part
	for i, p := range all {
		if limit <= 0 {
			rest := 0
			for _, p := range all[i:] {
				rest += len(p.Text)
			}
			return append(out, part{Text: fmt.Sprintf(" … (%d more bytes)", rest)})
		}
		text := p.Text
		p.Text = b.spend(block(text, limit))
		limit -= len(text)
		out = append(out, p)
	}
	return out
}

// digest is how a content security policy names a style or a script.
func digest(text string) string {
	sum := sha256.Sum256([]byte(text))
	return "'sha256-" + base64.StdEncoding.EncodeToString(sum[:]) + "'"
}

func policy() string {
	return "default-src 'none'; style-src " + digest(pageCSS) + "; script-src " + digest(pageJS) +
		"; base-uri 'none'; form-action 'none'; require-trusted-types-for 'script'"
}

// command is a command to copy: what it does, for which case, and its text.
type command struct{ Name, Of, Text string }

// page is what the template is given.
type page struct {
	*Report
	CSS         template.CSS
	JS          template.JS
	Policy      string
	Title       string
	Sentence    string
	Word, Mark  string
	Look        string // the class of the verdict
	When        string
	Settings    []pageSetting
	Tally       []section
	Bar         []stretch
	Total       int
	Findings    []finding // what fails, on the first screen
	FamilyNames []string  // for the filters
	Levels      []Level
	Cards       []section // shown open, each check as a card
	Unexercised section
	Unseen      section
	Folded      []section // shown as folded cards
	Passed      section
	NA          section
	Broken      int    // checks that the harness failed to judge
	Complete    bool   // nothing was left unproved
	Means       string // what could be seen at the level of the run
	Launch      []launchPoint
	Flight      []evidenced // the exchanges of a preflight
	Figures     []figure
	Charts      []chart
}

type pageSetting struct{ Name, Value string }

func newPage(r *Report, m mender) *page {
	word, key := verdictWord(r)
	p := &page{
		Report: r, CSS: template.CSS(pageCSS), JS: template.JS(pageJS), Policy: policy(), //nolint:gosec // embedded with the program
		Word: word, Mark: verdictMark(key), Look: key,
		Sentence: line(sentence(r), maxSentence),
		Title:    line(fmt.Sprintf("hookdrill: %s, %s", strings.ToLower(word), r.Target.URL), maxShort),
		Total:    len(r.Checks), Means: levelMeans(r.Level),
		Figures: figures(r.Load), Charts: charts(r.Load),
	}
	if !r.Started.IsZero() {
		p.When = r.Started.UTC().Format("2 January 2006, 15:04 ") + time.UTC.String()
	}
	for _, s := range settings(r) {
		p.Settings = append(p.Settings, pageSetting{s.name, cmp.Or(line(s.value, maxSentence), "–")})
	}
	b := &builder{r: r, manners: newManners(), mender: m}
	for _, g := range groups(r) {
		s := b.section(g)
		if len(s.Checks) > 0 || g.key == keyFail || g.key == keyPass {
			p.Tally = append(p.Tally, s)
		}
		p.place(s)
	}
	if r.Preflight != nil {
		all := r.Preflight.Exchanges[:min(len(r.Preflight.Exchanges), maxExchanges)]
		for i := range all {
			p.Flight = append(p.Flight, evidenced{&all[i], i + 1, all})
		}
	}
	for _, c := range checklistOf(r) {
		key, mark, word := c.look()
		p.Launch = append(p.Launch, launchPoint{c, key, mark, word, c.evidence()})
	}
	p.Bar = bar(p.Tally, p.Total)
	p.findings()
	p.filters()
	p.Complete = len(r.Checks) > 0 && len(r.LeftOut) == 0 && len(p.Unexercised.Checks)+len(p.Unseen.Checks)+len(r.Unlock)+p.Broken == 0 &&
		r.Preflight == nil && !r.Interrupted && r.Verdict != Failed
	for _, o := range r.Observers {
		p.Complete = p.Complete && o.Trusted
	}
	return p
}

// levelMeans says how much a run at a level sees.
func levelMeans(level string) string {
	switch level {
	case "wire":
		return "Answers were judged. What the events did was not seen: a receiver that throws them away looks the same."
	case "observed":
		return "Answers, and what the events did, were judged. Nothing was killed, restarted or cut off."
	case "managed":
		return "Answers, and what the events did, were judged, also when the receiver was killed and its database was gone."
	}
	return ""
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
