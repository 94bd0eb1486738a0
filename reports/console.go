package reports

import (
	"cmp"
	"errors"
	"fmt"
	"io"
	"path/filepath"
	"strings"

	"hookdrill/internal/fixes"
)

// ConsoleOptions says how the summary at the end of a run is printed.
type ConsoleOptions struct {
	// Color adds ANSI colours. Words say the same without them.
	Color bool
	// ReportDir is the folder that the report files were written to; "" when
	// there are none.
	ReportDir string
	// Again is the command that sends a case anew, but for the name of the case's file at its
	// end; "" when none does, as for a receiver that ended with the run.
	Again string
}

// maxConsoleCases is how many ways in which a check fails the console shows.
const maxConsoleCases = 3

// maxMoments is how much of the timeline of a drill the console shows.
const maxMoments = 16

// WriteConsole writes the summary that ends a run: the verdict, what failed
// and how to repeat it, advice, what was not proved, and where the time went.
func WriteConsole(w io.Writer, r *Report, o ConsoleOptions) error {
	if r == nil {
		return errors.New("write console summary: there is no report")
	}
	m, err := menderOf(r)
	if err != nil {
		return fmt.Errorf("write console summary: %w", err)
	}
	c := &console{r: r, o: o, groups: groups(r), paint: painter(o.Color), mender: m, manners: newManners()}
	c.verdict()
	c.preflight()
	c.load()
	for _, key := range []string{keyFail, keyError, keyUnknown} {
		for _, check := range pick(c.groups, key).checks {
			c.failure(check)
		}
	}
	c.oneLiners()
	if r.Preflight == nil { // otherwise it is everything, for one reason
		c.unproved()
	}
	c.tail()
	if _, err := io.WriteString(w, c.b.String()); err != nil {
		return fmt.Errorf("write console summary: %w", err)
	}
	return nil
}

type console struct {
	r      *Report
	o      ConsoleOptions
	groups []group
	paint  painter
	b      strings.Builder

	mender  mender
	manners manners
}

func (c *console) printf(format string, args ...any) { fmt.Fprintf(&c.b, format, args...) }

func (c *console) verdict() {
	word, key := verdictWord(c.r)
	c.printf("\n%s  %s\n", c.paint.as(key, verdictMark(key)+" "+strings.ToUpper(word)), line(sentence(c.r), maxSentence))
	var parts []string
	for _, g := range c.groups {
		if n := len(g.checks); n > 0 {
			parts = append(parts, fmt.Sprintf("%d %s", n, strings.ToLower(g.word)))
		}
	}
	if len(parts) > 0 {
		c.printf("  %s\n", strings.Join(parts, " · "))
	}
	c.printf("  %s · contract %s · level %s · seed %d · %s\n", line(c.r.Target.all(), maxSentence),
		line(c.r.Contract, maxShort), line(c.r.Level, maxShort), c.r.Seed, span(c.r.DurationMS))
	if c.r.Interrupted {
		c.printf("  interrupted: what was not reached is not in these numbers\n")
	}
}

func (c *console) preflight() {
	p := c.r.Preflight
	if p == nil {
		return
	}
	c.printf("\n  problem  %s\n  cause    %s\n  mend     %s\n",
		line(p.Problem, maxSentence), line(p.Cause, maxSentence), line(p.Mend, maxSentence))
}

func (c *console) load() {
	if c.r.Load != nil {
		c.printf("\n")
	}
	for _, f := range figures(c.r.Load) {
		c.printf("  %s %s\n", c.paint.dim(fmt.Sprintf("%-9s", f.Name)), line(f.Value, maxSentence))
	}
}

func (c *console) failure(check *Check) {
	o := outcomeOf(check, c.r.Strict)
	c.printf("\n%s  %s  %s\n", c.paint.as(o.key, o.mark+" "+o.word), c.paint.bold(line(check.ID, maxShort)), line(check.Title, maxShort))
	bad := badCases(check)
	if check.Why != "" && (len(bad) == 0 || check.Why != bad[0].Why) {
		c.printf("    %s\n", line(check.Why, maxSentence))
	}
	if fix := c.mender.of(check).Fix; fix != "" {
		c.printf("    %s %s\n", c.paint.dim("to fix it:"), fixes.Plain(fix))
		c.printf("    %s %s\n", c.paint.dim("more:"), c.mender.whole(check.ID))
	}
	left := len(bad)
	for i, same := range c.manners.bunches(bad) {
		if i == maxConsoleCases {
			c.printf("    … and %s\n", plural(left, "more case"))
			break
		}
		left -= len(same)
		bc := same[0]
		c.printf("    %s\n", line(bc.Name, maxShort))
		c.field("expected", bc.Expected, maxShort)
		c.field("actual", bc.Actual, maxShort)
		c.field("why", bc.Why, maxShort)
		c.timeline(bc.Timeline)
		c.field("repeat", bc.Repeat, maxSentence)
		if bc.File != "" && c.o.ReportDir != "" && c.o.Again != "" {
			c.field("or", c.o.Again+" "+filepath.Join(c.o.ReportDir, bc.File), maxSentence)
		}
		c.field("so too", names(same[1:]), maxSentence)
	}
}

// names lists the first of some cases.
func names(all []*Case) string {
	var out []string
	for _, one := range all[:min(len(all), maxSameNames)] {
		out = append(out, one.Name)
	}
	if n := len(all) - maxSameNames; n > 0 {
		return strings.Join(out, ", ") + fmt.Sprintf(" and %d more", n)
	}
	return strings.Join(out, ", ")
}

// timeline prints how a drill began and how it ended, which says what is wrong, and leaves out
// what is too much between.
func (c *console) timeline(moments []string) {
	hidden := max(0, len(moments)-maxMoments)
	first := maxMoments / 2
	for i, moment := range moments {
		switch {
		case hidden > 0 && i == first:
			c.printf("      %s … %s in the report\n", c.paint.dim("|"), plural(hidden, "more moment"))
		case hidden > 0 && i > first && i < first+hidden:
		default:
			c.printf("      %s %s\n", c.paint.dim("|"), line(moment, maxShort))
		}
	}
}

func (c *console) field(name, value string, limit int) {
	if value != "" {
		c.printf("      %s %s\n", c.paint.dim(fmt.Sprintf("%-8s", name)), line(value, limit))
	}
}

// oneLiners prints what does not decide, a line a check.
func (c *console) oneLiners() {
	for _, key := range []string{keyAdvice, keyStale, keyKnown, keyRecorded} {
		g := pick(c.groups, key)
		if len(g.checks) == 0 {
			continue
		}
		c.printf("\n%s\n", c.paint.bold(g.name))
		for _, check := range g.checks {
			text := line(check.Title, maxShort)
			if why := reason(check); why != "" {
				text += ": " + line(why, maxShort)
			}
			c.printf("  %s %s  %s\n", c.paint.as(key, g.mark), line(check.ID, maxShort), text)
		}
	}
}

func (c *console) unproved() {
	for _, key := range []string{keyUnexercise, keyUnseen} {
		g := pick(c.groups, key)
		if len(g.checks) == 0 {
			continue
		}
		c.printf("\n%s\n", c.paint.bold(g.name))
		c.byReason(g.checks)
	}
	for _, u := range c.r.Unlock {
		c.printf("  %s %s: %s\n", c.paint.dim("to see"), line(u.What, maxShort), line(u.How, maxSentence))
	}
}

// byReason prints checks that share a reason on one line.
func (c *console) byReason(checks []*Check) {
	ids := map[string][]string{}
	var order []string
	for _, check := range checks {
		why := cmp.Or(line(reason(check), maxShort), "no reason was given")
		if ids[why] == nil {
			order = append(order, why)
		}
		ids[why] = append(ids[why], line(check.ID, maxShort))
	}
	for _, why := range order {
		c.printf("  %s  %s\n", strings.Join(ids[why], ", "), why)
	}
}

func (c *console) tail() {
	var times []string
	for _, f := range c.r.Families {
		if f.DurationMS == 0 {
			continue
		}
		times = append(times, line(f.Family, maxShort)+" "+span(f.DurationMS))
	}
	c.printf("\n")
	if len(times) > 0 {
		c.printf("%s  %s\n", c.paint.dim("time  "), strings.Join(times, " · "))
	}
	if c.r.Repeat != "" {
		c.printf("%s  %s\n", c.paint.dim("repeat"), line(c.r.Repeat, maxSentence))
	}
	if c.o.ReportDir != "" {
		c.printf("%s  %s\n", c.paint.dim("report"), line(filepath.Join(c.o.ReportDir, fileHTML), maxSentence))
	}
}
