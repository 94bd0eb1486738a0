package reports_test

import (
	"bytes"
	"strings"
	"testing"

	"hookdrill/reports"
)

func writeSummary(t *testing.T, r *reports.Report) string {
	t.Helper()
	var b bytes.Buffer
	if err := reports.WriteSummary(&b, r); err != nil {
		t.Fatal(err)
	}
	return b.String()
}

// outsideCode gives the lines of Markdown that stand in no fenced block, with
// inline code taken out.
func outsideCode(t *testing.T, md string) []string {
	t.Helper()
	var out []string
	fence := ""
	for l := range strings.SplitSeq(md, "\n") {
		ticks := l[:len(l)-len(strings.TrimLeft(l, "`"))]
		switch {
		case fence != "" && len(ticks) >= len(fence) && strings.TrimSpace(strings.TrimLeft(l, "`")) == "":
			fence = ""
		case fence != "":
		case len(ticks) >= 3 && !strings.Contains(l[len(ticks):], "`"):
			fence = ticks
		default:
			out = append(out, withoutCode(l))
		}
	}
	if fence != "" {
		t.Error("a fence is left open")
	}
	return out
}

// withoutCode takes inline code out of a line by the rule of CommonMark: a run
// of backticks ends at the next run of the same length.
func withoutCode(l string) string {
	var b strings.Builder
	for i := 0; i < len(l); {
		if l[i] == '\\' && i+1 < len(l) {
			b.WriteString(l[i : i+2])
			i += 2
			continue
		}
		if l[i] != '`' {
			b.WriteByte(l[i])
			i++
			continue
		}
		n := len(l[i:]) - len(strings.TrimLeft(l[i:], "`"))
		end := closing(l[i+n:], n)
		if end < 0 {
			b.WriteString("UNCLOSED" + l[i:i+n])
			i += n
			continue
		}
		b.WriteString("CODE")
		i += n + end + n
	}
	return b.String()
}

// closing finds a run of exactly n backticks in s.
func closing(s string, n int) int {
	for i := 0; i < len(s); {
		if s[i] != '`' {
			i++
			continue
		}
		run := len(s[i:]) - len(strings.TrimLeft(s[i:], "`"))
		if run == n {
			return i
		}
		i += run
	}
	return -1
}

func TestSummaryIsHarmless(t *testing.T) {
	t.Parallel()
	md := writeSummary(t, hostile())
	if len(md) > 1<<20 {
		t.Errorf("the summary has %d bytes; a job page holds 1 MiB", len(md))
	}
	wantPrintable(t, md)
	for _, l := range outsideCode(t, md) {
		bare := l
		for _, c := range "\\`*_[]#|~$" {
			bare = strings.ReplaceAll(bare, `\`+string(c), "")
		}
		for _, bad := range []string{"<", ">", "UNCLOSED", "[", "]", "`", "$", "~", "://", "@", "www."} {
			if strings.Contains(bare, bad) {
				t.Fatalf("%q stands outside of code: %.300s", bad, l)
			}
		}
		if strings.Contains(strings.ReplaceAll(l, `\*`, ""), "**bold**") {
			t.Fatalf("bold from the target: %.300s", l)
		}
		if strings.HasPrefix(l, "# ") && !strings.HasPrefix(l, "# hookdrill") {
			t.Fatalf("a heading from the target: %.300s", l)
		}
	}
}

func TestSummaryFenceIsLonger(t *testing.T) {
	t.Parallel()
	for _, ticks := range []string{"", "`", "```", "````````"} {
		r := sample()
		r.Repeat = "echo " + ticks + "\n" + ticks
		if md := writeSummary(t, r); len(outsideCode(t, md)) == 0 || strings.Contains(strings.Join(outsideCode(t, md), "\n"), "echo") {
			t.Errorf("%d backticks leave the fence", len(ticks))
		}
	}
}

func TestSummaryOrder(t *testing.T) {
	t.Parallel()
	md, last := writeSummary(t, sample()), 0
	for _, part := range []string{
		"**Verdict:** 3 of 22", "| ✗ Failed | 3 |", "### SIG-03", "- **Actual:** `200, an effect", "--only SIG-03", "## Errors",
		"## Advice", "## Not exercised", "## What could not be seen", "`--exec './receiver'`", "## Assumptions", "## Time by family",
	} {
		i := strings.Index(md, part)
		if i < last {
			t.Errorf("%q is missing or too early (at %d, after %d)", part, i, last)
		}
		last = max(i, last)
	}
}
