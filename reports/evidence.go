package reports

import (
	"cmp"
	"fmt"
	"strings"

	"hookdrill/internal/fixes"
)

// Bounds of what a writer repeats of one text, in bytes. The whole is in
// report.json.
const (
	maxShort    = 300       // a field on one line
	maxSentence = 2 << 10   // a sentence, a command
	maxEvidence = 16 << 10  // a request or an answer
	maxCaseText = 64 << 10  // all of a check's evidence in JUnit
	maxSummary  = 512 << 10 // a job page holds 1 MiB
)

// gist says a case on one line: what was right and what came.
func gist(c *Case) string {
	return fmt.Sprintf("%s: expected %s, got %s",
		line(c.Name, maxShort), cmp.Or(line(c.Expected, maxShort), "?"), cmp.Or(line(c.Actual, maxShort), "nothing"))
}

// evidence writes the cases that explain c as plain text of several lines.
func evidence(c *Check, m mender) string {
	var b strings.Builder
	if c.Requirement != "" {
		fmt.Fprintf(&b, "requirement: %s\n", line(c.Requirement, maxSentence))
	}
	if c.Why != "" {
		fmt.Fprintf(&b, "why: %s\n", line(c.Why, maxSentence))
	}
	if fix := m.of(c).Fix; fix != "" {
		fmt.Fprintf(&b, "to fix it: %s\nmore: %s\n", fixes.Plain(fix), m.whole(c.ID))
	}
	bad := badCases(c)
	for i, bc := range bad {
		if b.Len() > maxCaseText {
			fmt.Fprintf(&b, "\n… and %s; see report.json\n", plural(len(bad)-i, "more case"))
			break
		}
		caseEvidence(&b, bc)
	}
	return b.String()
}

func caseEvidence(b *strings.Builder, c *Case) {
	fmt.Fprintf(b, "\ncase: %s\n", line(c.Name, maxShort))
	for _, f := range []setting{
		{"expected", c.Expected},
		{"actual", c.Actual},
		{"why", c.Why},
		{"repeat", c.Repeat},
	} {
		if f.value != "" {
			fmt.Fprintf(b, "%s: %s\n", f.name, line(f.value, maxSentence))
		}
	}
	if c.Curl != "" {
		fmt.Fprintf(b, "curl:\n%s\n", block(c.Curl, maxSentence))
	}
	for i := range c.Exchanges {
		x := &c.Exchanges[i]
		fmt.Fprintf(b, "\n--- request (%s)\n%s\n--- answer after %.0f ms\n%s\n",
			cmp.Or(line(x.Role, maxShort), "case"), block(x.Request, maxSentence), x.MS, answer(x, maxSentence))
	}
}

// answer gives what came back, or what went wrong instead, or both.
func answer(x *Exchange, limit int) string {
	body := block(x.Response, limit)
	switch {
	case x.Error == "":
		return cmp.Or(body, "(no answer)")
	case body == "":
		return "(" + line(x.Error, maxSentence) + ")"
	default:
		return body + "\n(" + line(x.Error, maxSentence) + ")"
	}
}
