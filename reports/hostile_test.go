package reports_test

import (
	"strings"
	"testing"
	"time"

	"hookdrill/reports"
)

// hostileText is what a target might send to break a report.
func hostileText() string {
	return "x</pre></style></script><script>alert(1)</script><img src=x onerror=alert(1)>\" onmouseover=\"a' onfocus='b" +
		" ]]> <!-- &amp; &#x0; {{.}} \x1b[2J\x1b]0;owned\a\u009b31m \x00\x08\u202egnp.exe\u2066 \u2028 \xff\xfe \ufffe" +
		"\r\n# heading\n```\nout of the fence\n````\n<b>bold</b> **bold** | a | b | [x](javascript:alert(1)) ![i](http://evil/i.png)" +
		" @everyone https://evil.example/ www.evil.example `tick` $x^2$ ~~gone~~ \\"
}

// hostile is a report in which every text is hostile, some of it a megabyte long.
func hostile() *reports.Report {
	h, long := hostileText(), strings.Repeat("A<`\x00]]>", 1<<20/8)
	x := []reports.Exchange{
		{Role: h, Request: h, Response: h, Error: h, EventID: h},
		{Request: long, Response: long, Error: long},
		{Request: strings.Repeat("`", 1<<20), Response: strings.Repeat("\xff", 1<<20)},
	}
	r := &reports.Report{
		Schema: reports.Schema, Tool: reports.Tool{Name: "hookdrill", Version: h}, Command: h, Contract: h, Level: h,
		Started: time.Unix(0, 0).UTC(), Target: reports.Target{URL: h, Server: h}, Verdict: reports.Nonconformant, Sentence: h,
		Assumptions: []string{h, long}, Observers: []reports.Observer{{Kind: h, Source: h, Why: h}},
		Unlock:    []reports.Unlock{{What: h, How: h, Checks: []string{h, "X-01"}}},
		Families:  []reports.FamilyTime{{Family: h}},
		Preflight: &reports.Preflight{Kind: h, Problem: h, Cause: h, Mend: long, Exchanges: x}, Repeat: h,
	}
	for _, status := range append(reports.Statuses(), reports.KnownFail, reports.StaleBaseline, reports.Status(h)) {
		for _, level := range []reports.Level{reports.Must, reports.Should, reports.Info, reports.Level(h)} {
			r.Checks = append(r.Checks, reports.Check{
				ID: h, Family: h, Level: level, Need: h, Title: h, Status: status, Why: h, Requirement: h, Matters: long,
				Cases: []reports.Case{
					{Name: h, Status: status, Expected: h, Actual: h, Why: h, Exchanges: x, Repeat: h, Curl: h},
					{Name: long, Status: status, Expected: long, Actual: long, Why: long, Repeat: long, Curl: long},
				},
			})
		}
	}
	return r
}

// wantPrintable fails when text holds anything that a terminal or a page would act on.
func wantPrintable(t *testing.T, text string) {
	t.Helper()
	for n, l := range strings.Split(text, "\n") {
		if got := reports.Clean(l); got != l {
			t.Fatalf("line %d holds characters that print nothing: %.300q", n+1, l)
		}
	}
}
