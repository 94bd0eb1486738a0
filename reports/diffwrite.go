package reports

import (
	"errors"
	"fmt"
	"io"
	"strings"
)

// WriteDiff writes a diff for a terminal. The limit is that of [Diff.ExitCode].
func WriteDiff(w io.Writer, d *Diff, slower float64, color bool) error {
	if d == nil {
		return errors.New("write diff: there is none")
	}
	var b strings.Builder
	paint := painter(color)
	fmt.Fprintf(&b, "%s\n", paint.bold(diffSentence(d)))
	for _, r := range []struct {
		name string
		r    *Report
	}{{"old", d.Old}, {"new", d.New}} {
		word, _ := verdictWord(r.r)
		fmt.Fprintf(&b, "  %s  %s · %s · %s · seed %d\n", paint.dim(r.name), strings.ToLower(word), line(r.r.Target.all(), maxSentence), r.r.Started.UTC().Format("2006-01-02 15:04:05 UTC"), r.r.Seed)
	}
	for _, n := range d.Notes {
		fmt.Fprintf(&b, "  note  %s\n", line(n, maxSentence))
	}
	for _, g := range d.groups() {
		if len(g.checks) == 0 {
			continue
		}
		fmt.Fprintf(&b, "\n%s\n", paint.bold(g.name))
		for _, c := range g.checks {
			fmt.Fprintf(&b, "  %s %s  %s  %s\n", g.mark, line(c.ID, maxShort), line(c.Title, maxShort), paint.dim(c.statuses()))
			if len(c.Cases) > 0 {
				fmt.Fprintf(&b, "      cases  %s\n", line(strings.Join(c.Cases, ", "), maxShort))
			}
			if c.Why != "" && c.New != Pass {
				fmt.Fprintf(&b, "      why    %s\n", line(c.Why, maxShort))
			}
		}
	}
	if d.Load != nil {
		fmt.Fprintf(&b, "\n%s\n", paint.bold("Load"))
		for _, f := range d.Load.figures() {
			fmt.Fprintf(&b, "  %-22s %9s → %9s %-2s  %8s  95 %%: %s  %s\n", f.name, plain(f.Old), plain(f.New), f.unit, signed(f.Change), f.interval(), f.sentence())
		}
	}
	if text := limitSentence(d, slower); text != "" {
		fmt.Fprintf(&b, "\n%s\n", text)
	}
	if _, err := io.WriteString(w, b.String()); err != nil {
		return fmt.Errorf("write diff: %w", err)
	}
	return nil
}

// WriteDiffMarkdown writes a diff as Markdown.
func WriteDiffMarkdown(w io.Writer, d *Diff, slower float64) error {
	if d == nil {
		return errors.New("write diff: there is none")
	}
	var b strings.Builder
	fmt.Fprintf(&b, "# hookdrill %s: compared\n\n**%s**\n\n", mdText(d.New.Command, maxShort), mdText(diffSentence(d), maxSentence))
	b.WriteString("| | Verdict | Target | Started | Seed |\n|---|---|---|---|---|\n")
	for _, r := range []struct {
		name string
		r    *Report
	}{{"old", d.Old}, {"new", d.New}} {
		word, _ := verdictWord(r.r)
		fmt.Fprintf(&b, "| %s | %s | %s | %s | %d |\n", r.name, word, mdText(r.r.Target.all(), maxSentence), r.r.Started.UTC().Format("2006-01-02 15:04:05 UTC"), r.r.Seed)
	}
	b.WriteString("\n")
	for _, n := range d.Notes {
		fmt.Fprintf(&b, "- **Note:** %s\n", mdText(n, maxSentence))
	}
	for _, g := range d.groups() {
		if len(g.checks) == 0 {
			continue
		}
		fmt.Fprintf(&b, "\n## %s\n\n", g.name)
		for i, c := range g.checks {
			if b.Len() > maxSummary {
				fmt.Fprintf(&b, "- … and %s\n", plural(len(g.checks)-i, "more check"))
				break
			}
			fmt.Fprintf(&b, "- **%s** %s (%s)", mdText(c.ID, maxShort), mdText(c.Title, maxShort), c.statuses())
			if len(c.Cases) > 0 {
				fmt.Fprintf(&b, " in %s", mdCode(strings.Join(c.Cases, ", "), maxShort))
			}
			if c.Why != "" && c.New != Pass {
				fmt.Fprintf(&b, ": %s", mdText(c.Why, maxSentence))
			}
			b.WriteString("\n")
		}
	}
	if d.Load != nil {
		b.WriteString("\n## Load\n\n| | old | new | change | 95 % interval | |\n|---|---:|---:|---:|---|---|\n")
		for _, f := range d.Load.figures() {
			fmt.Fprintf(&b, "| %s | %s | %s %s | %s | %s | %s |\n", f.name, plain(f.Old), plain(f.New), f.unit, signed(f.Change), f.interval(), f.sentence())
		}
	}
	if text := limitSentence(d, slower); text != "" {
		fmt.Fprintf(&b, "\n%s\n", mdText(text, maxSentence))
	}
	if _, err := io.WriteString(w, b.String()); err != nil {
		return fmt.Errorf("write diff: %w", err)
	}
	return nil
}

func diffSentence(d *Diff) string {
	if len(d.Failing)+len(d.Unproved)+len(d.Fixed)+len(d.Changed)+len(d.Added)+len(d.Gone) == 0 {
		return fmt.Sprintf("No check changed: %s compared.", plural(len(d.New.Checks), "check"))
	}
	var parts []string
	for _, g := range d.groups() {
		if n := len(g.checks); n > 0 {
			parts = append(parts, fmt.Sprintf("%d %s", n, strings.ToLower(g.name)))
		}
	}
	return strings.Join(parts, ", ") + "."
}

func limitSentence(d *Diff, slower float64) string {
	if slower < 0 {
		return ""
	}
	limit := share(slower)
	if d.Load == nil {
		return "Not proved: one of the reports has no load to compare, so nothing is known about a slowdown of " + limit + "."
	}
	var sure, perhaps []string
	for _, f := range d.Load.figures() {
		switch f.slower(slower) {
		case slowerSurely:
			sure = append(sure, f.name)
		case slowerPerhaps:
			perhaps = append(perhaps, f.name)
		case slowerNot:
		}
	}
	switch {
	case len(sure) > 0:
		return fmt.Sprintf("Slower by more than %s: %s.", limit, strings.Join(sure, ", "))
	case len(perhaps) > 0:
		return fmt.Sprintf("Not proved: %s measured slower by more than %s, but that may be chance. Longer runs narrow the interval.", strings.Join(perhaps, ", "), limit)
	}
	return "Not measured slower by more than " + limit + "."
}
