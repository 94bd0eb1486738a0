package reports_test

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"regexp"
	"strings"
	"sync"
	"testing"

	"hookdrill/reports"
)

func writeConsole(t *testing.T, r *reports.Report, o reports.ConsoleOptions) string {
	t.Helper()
	var b bytes.Buffer
	if err := reports.WriteConsole(&b, r, o); err != nil {
		t.Fatal(err)
	}
	return b.String()
}

func TestConsoleIsHarmless(t *testing.T) {
	t.Parallel()
	text := writeConsole(t, hostile(), reports.ConsoleOptions{ReportDir: hostileText()})
	wantPrintable(t, text)
	if len(text) > 1<<20 {
		t.Errorf("the summary has %d bytes", len(text))
	}
	var b bytes.Buffer
	p := reports.Progress{W: &b}
	for _, c := range hostile().Checks {
		p.Check(c)
	}
	wantPrintable(t, b.String())
	if lines := strings.Count(b.String(), "\n"); lines > 2*len(hostile().Checks) {
		t.Errorf("%d lines for %d checks", lines, len(hostile().Checks))
	}
}

func TestConsoleColour(t *testing.T) {
	t.Parallel()
	plain := writeConsole(t, sample(), reports.ConsoleOptions{})
	colour := writeConsole(t, sample(), reports.ConsoleOptions{Color: true})
	if strings.Contains(plain, "\x1b") {
		t.Error("colour though none was asked for")
	}
	for _, code := range []string{"0", "1", "2", "1;31", "1;35", "33", "36", "32"} {
		colour = strings.ReplaceAll(colour, "\x1b["+code+"m", "")
	}
	if colour != plain {
		t.Error("colour changes what is said")
	}
}

// What failed in one way is shown once, with the other cases by name; and no more than three ways.
func TestConsoleShowsWaysOfFailing(t *testing.T) {
	t.Parallel()
	r := sample()
	text := writeConsole(t, r, reports.ConsoleOptions{ReportDir: "out"})
	for _, want := range []string{"so too   cut to 2 characters, ", "cut to 13 characters and 1 more\n", "out/report.html", "DUR-01, DUR-02", "to fix it: ", "more: hookdrill requirements SIG-06\n"} {
		if !strings.Contains(text, want) {
			t.Errorf("the summary does not say %q", want)
		}
	}
	if strings.Contains(text, "    cut to 2 characters\n") {
		t.Error("a case that failed as another did is shown whole")
	}
	for i := range r.Checks {
		for j := range r.Checks[i].Cases {
			r.Checks[i].Cases[j].Why += strings.Repeat("!", j)
		}
	}
	text = writeConsole(t, r, reports.ConsoleOptions{})
	if !strings.Contains(text, "    cut to 3 characters\n") || strings.Contains(text, "    cut to 4 characters\n") || !strings.Contains(text, "… and 11 more cases") {
		t.Errorf("not three ways of fourteen:\n%s", text)
	}
}

// A run that could not start says why, and not of each requirement that it was not exercised.
func TestConsoleOfARunThatCouldNotStart(t *testing.T) {
	t.Parallel()
	r := sample()
	r.Preflight = &reports.Preflight{Kind: "refused", Problem: "Nothing listens.", Cause: "It is not running.", Mend: "Start it."}
	text := writeConsole(t, r, reports.ConsoleOptions{})
	if !strings.Contains(text, "mend     Start it.") || strings.Contains(text, "\nNot exercised\n") || strings.Contains(text, "\nNot observed\n") {
		t.Errorf("have\n%s", text)
	}
}

func TestProgress(t *testing.T) {
	t.Parallel()
	new(reports.Progress).Check(reports.Check{}) // the zero value prints nothing
	check := func(s reports.Status, l reports.Level) reports.Check {
		return reports.Check{ID: "SIG-03", Title: "a random signature", Status: s, Level: l, DurationMS: 12, Why: "because"}
	}
	for _, tt := range []struct {
		name   string
		check  reports.Check
		strict bool
		want   string
	}{
		{"pass", check(reports.Pass, reports.Must), false, "✓ pass          SIG-03   a random signature  12 ms\n"},
		{"fail", check(reports.Fail, reports.Must), false, "✗ FAIL          SIG-03   a random signature  12 ms\n                         because\n"},
		{"advice", check(reports.Fail, reports.Should), false, "▲ advice        SIG-03   a random signature  12 ms\n                         because\n"},
		{"strict", check(reports.Fail, reports.Should), true, "✗ FAIL          SIG-03   a random signature  12 ms\n                         because\n"},
		{"n/a", check(reports.NotApplicable, reports.Must), false, "– n/a           SIG-03   a random signature  12 ms\n"},
		{"not observed", check(reports.NotObserved, reports.Must), false, "? not observed  SIG-03   a random signature  12 ms\n                         because\n"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			var b strings.Builder
			p := reports.Progress{W: &b, Strict: tt.strict}
			p.Check(tt.check)
			if b.String() != tt.want {
				t.Errorf("got  %q\nwant %q", b.String(), tt.want)
			}
		})
	}
}

func TestProgressFromManyGoroutines(t *testing.T) {
	t.Parallel()
	var b bytes.Buffer
	p := reports.Progress{W: &b}
	var wg sync.WaitGroup
	for i := range 20 {
		wg.Go(func() { p.Check(reports.Check{ID: fmt.Sprintf("SIG-%02d", i), Status: reports.Pass}) })
	}
	wg.Wait()
	if got := strings.Count(b.String(), "✓ pass"); got != 20 {
		t.Errorf("%d lines, want 20", got)
	}
}

type brokenWriter struct{ err error }

func (w brokenWriter) Write([]byte) (int, error) { return 0, w.err }

func TestWritersSayWhatFailed(t *testing.T) {
	t.Parallel()
	full := errors.New("disk full")
	for name, write := range map[string]func(io.Writer, *reports.Report) error{
		"JSON": reports.WriteJSON, "JUnit": reports.WriteJUnit, "HTML": reports.WriteHTML, "summary": reports.WriteSummary,
		"console": func(w io.Writer, r *reports.Report) error {
			return reports.WriteConsole(w, r, reports.ConsoleOptions{})
		},
	} {
		if err := write(brokenWriter{full}, sample()); !errors.Is(err, full) || !strings.Contains(err.Error(), name) {
			t.Errorf("%s: got %v", name, err)
		}
		if err := write(io.Discard, nil); err == nil {
			t.Errorf("%s: a nil report was written", name)
		}
	}
}

// TestConsoleTimeline: the end of a drill, which says what is wrong, is never what is left out.
func TestConsoleTimeline(t *testing.T) {
	t.Parallel()
	for _, n := range []int{0, 3, 16, 17, 100} {
		var moments []string
		for i := range n {
			moments = append(moments, fmt.Sprintf("moment %03d.", i+1))
		}
		r := drilled()
		r.Checks = r.Checks[:1]
		r.Checks[0].Cases[0].Timeline = moments
		text := writeConsole(t, r, reports.ConsoleOptions{})
		if got := len(regexp.MustCompile(`moment \d{3}\.`).FindAllString(text, -1)); got != min(n, 16) {
			t.Errorf("of %d moments %d are shown", n, got)
		}
		if n > 0 && (!strings.Contains(text, "moment 001.") || !strings.Contains(text, moments[n-1])) {
			t.Errorf("of %d moments the first or the last is missing", n)
		}
		if hidden := strings.Contains(text, "in the report"); hidden != (n > 16) {
			t.Errorf("of %d moments some are left out: %t", n, hidden)
		}
	}
}
