package reports_test

import (
	"bytes"
	"flag"
	"io"
	"os"
	"regexp"
	"testing"
	"time"

	"hookdrill/reports"
)

func TestMain(m *testing.M) {
	flag.Bool("update", false, "write the golden files anew")
	flag.Parse()
	os.Exit(m.Run()) //nolint:forbidigo // TestMain has to
}

// unreachable is a run that ended before its checks.
func unreachable() *reports.Report {
	return &reports.Report{
		Schema: reports.Schema, Tool: reports.Tool{Name: "hookdrill", Version: "0.1.0"},
		Command: "conformance", Contract: "claude", Level: "wire", Seed: 1,
		Started: time.Date(2026, 2, 14, 9, 30, 0, 0, time.UTC), DurationMS: 31,
		Target:  reports.Target{URL: "http://127.0.0.1:9/hook"},
		Verdict: reports.Incomplete, Sentence: "The target could not be reached: nothing listens at 127.0.0.1:9.",
		Preflight: &reports.Preflight{
			Kind: "refused", Problem: "Nothing listens at 127.0.0.1:9.",
			Cause: "The receiver is not running, or listens on another port.", Mend: "Start it, and check the port in --target.",
			Exchanges: []reports.Exchange{{
				Role: "control", Request: "POST /hook HTTP/1.1\r\nHost: 127.0.0.1:9\r\n\r\n{}", Error: "connection refused",
			}},
		},
		Repeat: "hookdrill conformance --target http://127.0.0.1:9/hook",
	}
}

// allPassed is a run in which everything passed.
func allPassed() *reports.Report {
	r := sample()
	r.Verdict, r.Sentence, r.Checks, r.Unlock, r.Counts = reports.Conformant, "", passingChecks(), nil, nil
	return r
}

// drilled is a run in which the receiver was killed: one drill failed, another passed.
func drilled() *reports.Report {
	r := allPassed()
	r.Level, r.Verdict = "managed", reports.Nonconformant
	lines := []string{
		"   0.000 s  the receiver is started", "   0.412 s  40 events are sent, 8 at a time", "   0.530 s  killed without warning after the 12th acknowledgement",
		"   0.531 s  event 13 (evt_01J9Z6) sent, attempt 1", "   0.540 s  event 13 answered: connection closed without an answer",
		"   1.902 s  the receiver is started again", "   3.250 s  event 12 seen processed 0 times",
	}
	failed := exchange("event 12, attempt 1", "(signature by key k_7f3a)", "HTTP/1.1 200 OK\r\n\r\n")
	r.Checks = append([]reports.Check{{
		ID: "DUR-01", Family: "DUR", Level: reports.Must, Need: "managed", Title: "killed without warning under traffic", Status: reports.Fail,
		Requirement: "Every acknowledged event has one effect.", Matters: "The sender believes that it was delivered.",
		Cases: []reports.Case{{
			Name: "drill", Status: reports.Fail, Expected: "one effect of each acknowledged event", Actual: "1 of 40 is lost", Why: "event 12 was acknowledged and is gone",
			Timeline: lines, Exchanges: []reports.Exchange{failed},
		}},
	}, {
		ID: "DUR-02", Family: "DUR", Level: reports.Must, Need: "managed", Title: "asked to stop under traffic", Status: reports.Pass,
		Cases: []reports.Case{{Name: "drill", Status: reports.Pass, Expected: "nothing lost", Actual: "nothing lost", Timeline: append(lines[:3:3], "without a time")}},
	}}, r.Checks...)
	return r
}

func strictRun() *reports.Report {
	r := sample()
	r.Strict, r.Interrupted = true, true
	r.Target.URLs = []string{r.Target.URL, "http://127.0.0.1:8081/webhooks/claude"}
	r.Checks[0].Cases[0].Exchanges[0].Target = r.Target.URL
	return r
}

// withoutAssets leaves the style and the script out of a page, and their digests: they have files of their own.
func withoutAssets(page []byte) []byte {
	assets := regexp.MustCompile(`(?s)(<style>|<script>).*?(</style>|</script>)|sha256-[A-Za-z0-9+/=&#;]+?(&#39;)`)
	return assets.ReplaceAll(page, []byte("$1$2$3"))
}

// TestGoldens holds what each writer makes of typical runs.
func TestGoldens(t *testing.T) {
	t.Parallel()
	writers := []struct {
		name  string
		write func(io.Writer, *reports.Report) error
	}{
		{"report.json", reports.WriteJSON},
		{"junit.xml", reports.WriteJUnit},
		{"report.html", reports.WriteHTML},
		{"summary.md", reports.WriteSummary},
		{"console.txt", func(w io.Writer, r *reports.Report) error {
			return reports.WriteConsole(w, r, reports.ConsoleOptions{ReportDir: "out/conformance", Again: "hookdrill conformance --repeat"})
		}},
		{"console-color.txt", func(w io.Writer, r *reports.Report) error {
			return reports.WriteConsole(w, r, reports.ConsoleOptions{Color: true})
		}},
		{"progress.txt", func(w io.Writer, r *reports.Report) error {
			p := reports.Progress{W: w, Strict: r.Strict}
			for _, c := range r.Checks {
				p.Check(c)
			}
			return nil
		}},
	}
	runs := []struct {
		name string
		make func() *reports.Report
	}{
		{"failed", sample}, {"unreachable", unreachable}, {"passed", allPassed}, {"strict", strictRun}, {"drilled", drilled},
	}
	for _, run := range runs {
		for _, w := range writers {
			t.Run(run.name+"/"+w.name, func(t *testing.T) {
				t.Parallel()
				var first, second bytes.Buffer
				if err := w.write(&first, run.make()); err != nil {
					t.Fatal(err)
				}
				if err := w.write(&second, run.make()); err != nil {
					t.Fatal(err)
				}
				if !bytes.Equal(first.Bytes(), second.Bytes()) {
					t.Error("the same report was written in two ways")
				}
				golden(t, run.name+"-"+w.name, withoutAssets(first.Bytes()))
			})
		}
	}
}
