package reports

import (
	"errors"
	"fmt"
	"io"
	"strings"

	"hookdrill/internal/fixes"
)

// WriteExplanation explains a check of a report for a terminal: what the contract says, why
// it matters, and each case that is short of a pass with what was sent and answered.
func WriteExplanation(w io.Writer, r *Report, c *Check, color bool) error {
	if r == nil || c == nil {
		return errors.New("explain check: there is none")
	}
	m, err := menderOf(r)
	if err != nil {
		return fmt.Errorf("explain check: %w", err)
	}
	var b strings.Builder
	paint := painter(color)
	o := outcomeOf(c, r.Strict)
	fmt.Fprintf(&b, "%s  %s  %s\n", paint.as(o.key, o.mark+" "+o.word), paint.bold(line(c.ID, maxShort)), line(c.Title, maxShort))
	field := func(indent, name, value string) {
		if value != "" {
			fmt.Fprintf(&b, "%s%s %s\n", indent, paint.dim(fmt.Sprintf("%-9s", name)), line(value, maxSentence))
		}
	}
	field("  ", "level", strings.ToUpper(string(c.Level))+", needs "+c.Need)
	field("  ", "contract", c.Requirement)
	field("  ", "matters", c.Matters)
	field("  ", "why", reason(c))
	field("  ", "how", fixes.Plain(m.of(c).Fails))
	field("  ", "to fix it", fixes.Plain(m.of(c).Fix))
	field("  ", "more", m.whole(c.ID))
	passed := 0
	for _, one := range c.Cases {
		if one.Status == Pass && len(one.Timeline) == 0 {
			passed++
			continue
		}
		fmt.Fprintf(&b, "\n  %s  %s\n", paint.bold(line(one.Name, maxShort)), strings.ReplaceAll(line(string(one.Status), maxShort), "_", " "))
		field("    ", "expected", one.Expected)
		field("    ", "actual", one.Actual)
		field("    ", "why", one.Why)
		field("    ", "repeat", one.Repeat)
		field("    ", "curl", one.Curl)
		for _, moment := range one.Timeline {
			fmt.Fprintf(&b, "    %s %s\n", paint.dim("|"), line(moment, maxSentence))
		}
		for i := range one.Exchanges {
			if i == maxExchanges {
				fmt.Fprintf(&b, "    … and %s in report.json\n", plural(len(one.Exchanges)-i, "more exchange"))
				break
			}
			x := &one.Exchanges[i]
			fmt.Fprintf(&b, "    %s\n", paint.dim(line(strings.TrimSpace("exchange "+x.Role), maxShort)))
			for _, side := range []struct{ mark, text string }{{">", x.Request}, {"<", answer(x, maxEvidence)}} {
				for text := range strings.SplitSeq(strings.TrimRight(block(side.text, maxEvidence), "\n"), "\n") {
					fmt.Fprintf(&b, "      %s %s\n", side.mark, text)
				}
			}
		}
	}
	if passed > 0 {
		fmt.Fprintf(&b, "\n  %s passed\n", plural(passed, "case"))
	}
	if _, err := io.WriteString(w, b.String()); err != nil {
		return fmt.Errorf("write explanation: %w", err)
	}
	return nil
}
