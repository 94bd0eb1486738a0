package reports_test

import (
	"bytes"
	"io"
	"math/rand/v2"
	"strings"
	"testing"

	"github.com/HdrHistogram/hdrhistogram-go"

	"hookdrill/reports"
)

// withChecks is a report with checks of some statuses.
func withChecks(statuses map[string]reports.Status) *reports.Report {
	r := &reports.Report{Schema: reports.Schema, Tool: reports.Tool{Name: "hookdrill"}, Command: "conformance", Contract: "claude", Level: "wire"}
	for _, id := range []string{"A-1", "A-2", "A-3", "A-4", "A-5"} {
		if s, has := statuses[id]; has {
			level := reports.Must
			if id == "A-5" {
				level = reports.Should
			}
			r.Checks = append(r.Checks, reports.Check{
				ID: id, Title: "title <b>" + id, Level: level, Status: s, Why: "because\x1b[31m",
				Cases: []reports.Case{{Name: "one", Status: s}, {Name: "two", Status: reports.Pass}},
			})
		}
	}
	return r
}

func compared(t *testing.T, before, after *reports.Report) *reports.Diff {
	t.Helper()
	d, err := reports.Compare(before, after)
	if err != nil {
		t.Fatal(err)
	}
	return d
}

func TestCompare(t *testing.T) {
	t.Parallel()
	pass, fail, unseen, na := reports.Pass, reports.Fail, reports.NotObserved, reports.NotApplicable
	for name, c := range map[string]struct {
		before, after map[string]reports.Status
		exit          int
		text          string
	}{
		"the same":              {map[string]reports.Status{"A-1": pass, "A-2": fail}, map[string]reports.Status{"A-1": pass, "A-2": fail}, 0, "No check changed: 2 checks compared."},
		"newly failing":         {map[string]reports.Status{"A-1": pass}, map[string]reports.Status{"A-1": fail}, 1, "pass → fail"},
		"failing, and new":      {nil, map[string]reports.Status{"A-1": fail}, 1, "1 newly failing."},
		"fixed":                 {map[string]reports.Status{"A-1": fail}, map[string]reports.Status{"A-1": pass}, 0, "1 fixed."},
		"not proved any more":   {map[string]reports.Status{"A-1": pass}, map[string]reports.Status{"A-1": unseen}, 3, "1 not proved any more."},
		"not applicable now":    {map[string]reports.Status{"A-1": pass}, map[string]reports.Status{"A-1": na}, 0, "pass → not applicable"},
		"proved now":            {map[string]reports.Status{"A-1": unseen}, map[string]reports.Status{"A-1": pass}, 0, "1 changed otherwise."},
		"added":                 {nil, map[string]reports.Status{"A-1": pass}, 0, "1 only in the new report."},
		"gone":                  {map[string]reports.Status{"A-1": pass}, nil, 3, "1 only in the old report."},
		"gone, and failed":      {map[string]reports.Status{"A-1": fail}, nil, 0, "1 only in the old report."},
		"advice newly failing":  {map[string]reports.Status{"A-5": pass}, map[string]reports.Status{"A-5": fail}, 0, "1 newly failing."},
		"failed, and worse now": {map[string]reports.Status{"A-1": unseen, "A-2": pass}, map[string]reports.Status{"A-1": fail, "A-2": unseen}, 1, "1 newly failing, 1 not proved any more."},
	} {
		d := compared(t, withChecks(c.before), withChecks(c.after))
		if got := d.ExitCode(-1); got != c.exit {
			t.Errorf("%s: exit %d, want %d", name, got, c.exit)
		}
		for kind, write := range map[string]func(io.Writer, *reports.Diff) error{
			"text":     func(w io.Writer, d *reports.Diff) error { return reports.WriteDiff(w, d, -1, false) },
			"markdown": func(w io.Writer, d *reports.Diff) error { return reports.WriteDiffMarkdown(w, d, -1) },
		} {
			var b bytes.Buffer
			if err := write(&b, d); err != nil {
				t.Fatal(err)
			}
			if text := b.String(); !strings.Contains(text, c.text) || strings.Contains(text, "\x1b") || kind == "markdown" && strings.Contains(text, "<b>") {
				t.Errorf("%s as %s: want %q in\n%s", name, kind, c.text, text)
			}
		}
		if d.New.Strict = true; name == "advice newly failing" && d.ExitCode(-1) != 1 {
			t.Error("advice does not decide in a strict run")
		}
	}
}

func TestCompareCases(t *testing.T) {
	t.Parallel()
	before, after := withChecks(map[string]reports.Status{"A-1": reports.Fail}), withChecks(map[string]reports.Status{"A-1": reports.Fail})
	after.Checks[0].Cases[1].Status = reports.Fail
	d := compared(t, before, after)
	if len(d.Failing) != 1 || len(d.Failing[0].Cases) != 1 || d.Failing[0].Cases[0] != "two" || d.ExitCode(-1) != 1 {
		t.Errorf("%+v", d)
	}
}

func TestCompareWhatCannotBe(t *testing.T) {
	t.Parallel()
	load := loaded()
	if _, err := reports.Compare(withChecks(nil), load); err == nil || !strings.Contains(err.Error(), "hookdrill conformance and the other of hookdrill loadtest") {
		t.Error(err)
	}
	broken := loaded()
	broken.Load.Blocks = []reports.LoadBlock{{Latency: "!"}}
	if _, err := reports.Compare(load, broken); err == nil || !strings.Contains(err.Error(), "new report: load.blocks[0].latency is no histogram") {
		t.Error(err)
	}
	other := withChecks(nil)
	other.Contract, other.Level, other.Interrupted = "github", "observed", true
	if d := compared(t, withChecks(nil), other); len(d.Notes) != 3 {
		t.Errorf("%q", d.Notes)
	}
	if code := compared(t, withChecks(nil), withChecks(nil)).ExitCode(0.1); code != reports.ExitIncomplete {
		t.Errorf("no load was compared, and the exit code is %d", code)
	}
}

// blocks are stretches of a load around a latency in µs.
func blocks(t *testing.T, n int, latency int64, seed uint64) (out []reports.LoadBlock) {
	t.Helper()
	rng := rand.New(rand.NewPCG(seed, 1))
	for i := range int64(n) {
		h := hdrhistogram.New(1, 3_600_000_000, 3)
		for range 100 {
			_ = h.RecordValue(latency + rng.Int64N(latency/10))
		}
		text, err := h.Encode(hdrhistogram.V2CompressedEncodingCookieBase)
		if err != nil {
			t.Fatal(err)
		}
		out = append(out, reports.LoadBlock{FromMS: 1000 * i, ToMS: 1000 * (i + 1), Accepted: 100, Latency: string(text)})
	}
	return out
}

func TestCompareLoads(t *testing.T) {
	t.Parallel()
	run := func(n int, us int64, seed uint64) *reports.Report {
		r := loaded()
		r.Load.Blocks = blocks(t, n, us, seed)
		r.Load.LatencyMS = reports.Percentiles{P50: float64(us) * 1.05 / 1000, P99: float64(us) * 1.1 / 1000}
		return r
	}
	uneven := func(r *reports.Report) *reports.Report {
		slow := blocks(t, 30, 2000, 9)
		for i := range r.Load.Blocks {
			if i%2 == 0 {
				r.Load.Blocks[i].Latency = slow[i].Latency
			}
		}
		return r
	}
	for name, c := range map[string]struct {
		before, after *reports.Report
		exit          int
		text          string
	}{
		"the same":                 {run(30, 1000, 1), run(30, 1000, 2), 0, "Not measured slower by more than 10 %."},
		"a little slower":          {run(30, 1000, 1), run(30, 1050, 2), 0, "Not measured slower"},
		"much slower":              {run(30, 1000, 1), run(30, 1500, 2), 1, "Slower by more than 10 %: latency p50, latency p99."},
		"quicker":                  {run(30, 1500, 1), run(30, 1000, 2), 0, "quicker"},
		"slower, but short":        {run(4, 1000, 1), run(4, 1500, 2), 3, "but that may be chance"},
		"slower within the spread": {uneven(run(30, 1000, 1)), uneven(run(30, 1150, 2)), 3, "Not proved: latency p50"},
	} {
		d := compared(t, c.before, c.after)
		var b bytes.Buffer
		if err := reports.WriteDiff(&b, d, 0.1, false); err != nil {
			t.Fatal(err)
		}
		if got := d.ExitCode(0.1); got != c.exit || !strings.Contains(b.String(), c.text) {
			t.Errorf("%s: exit %d, want %d and %q in\n%s", name, got, c.exit, c.text, b.String())
		}
	}
	half := run(30, 1000, 2)
	for i := range half.Load.Blocks {
		half.Load.Blocks[i].Accepted = 50
	}
	if d := compared(t, run(30, 1000, 1), half); d.ExitCode(0.1) != 1 {
		t.Errorf("half of the throughput: %+v", d.Load.Rate)
	}
}

func TestCompareKnownFailures(t *testing.T) {
	t.Parallel()
	with := func(s reports.Status) *reports.Report {
		return &reports.Report{Command: "conformance", Checks: []reports.Check{{ID: "SIG-03", Level: reports.Must, Status: s, Cases: []reports.Case{{Name: "random", Status: s}}}}}
	}
	tests := map[string]struct {
		before, after          reports.Status
		failing, fixed, change int
		exit                   int
	}{
		"becomes a known failure":   {reports.Pass, reports.KnownFail, 1, 0, 0, reports.ExitOK},
		"was known, and is not now": {reports.KnownFail, reports.Fail, 0, 0, 1, reports.ExitOK},
		"was known, and passes":     {reports.KnownFail, reports.StaleBaseline, 0, 1, 0, reports.ExitOK},
		"failed, and is known":      {reports.Fail, reports.KnownFail, 0, 0, 1, reports.ExitOK},
		"passes and is stale":       {reports.Pass, reports.StaleBaseline, 0, 0, 1, reports.ExitOK},
		"stale, and fails":          {reports.StaleBaseline, reports.Fail, 1, 0, 0, reports.ExitNonconform},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			d, err := reports.Compare(with(tt.before), with(tt.after))
			if err != nil {
				t.Fatal(err)
			}
			if len(d.Failing) != tt.failing || len(d.Fixed) != tt.fixed || len(d.Changed) != tt.change || len(d.Unproved) != 0 || d.ExitCode(-1) != tt.exit {
				t.Errorf("Compare() = %+v, exit %d", d, d.ExitCode(-1))
			}
		})
	}
}
