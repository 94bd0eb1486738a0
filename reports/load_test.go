package reports_test

import (
	"bytes"
	"crypto/sha256"
	"encoding/json"
	"encoding/xml"
	"errors"
	"fmt"
	"io"
	"math"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"hookdrill/reports"
)

// loaded is a load test with a stall in its middle.
func loaded() *reports.Report {
	lost, none := uint64(2), uint64(0)
	r := allPassed()
	r.Command, r.Verdict, r.Sentence = "loadtest", reports.Conformant, ""
	r.Load = &reports.Load{
		Profile: "certify", AskedRPS: 100, OfferedRPS: 99.98, AchievedRPS: 89.5, DurationMS: 60_000, Sent: 6000,
		DeliveredRatio: 0.9995, ErrorRatio: 0.0005, RetryRatio: 0.0005, Abandoned: 1, Lost: &lost, Duplicates: &none, Unexpected: &none, Recovered: &none,
		LatencyMS: reports.Percentiles{P50: 1.2, P90: 2, P95: 3, P99: 456.25, P999: 490, Max: 512},
		ServiceMS: reports.Percentiles{P50: 1.1, P90: 1.5, P95: 2, P99: 4, P999: 480, Max: 500},
		Classes: map[string]reports.LoadClass{
			"valid":  {Sent: 5400, Accepted: 5397, Statuses: map[string]uint64{"200": 5397, "503": 2}, Errors: map[string]uint64{"timeout": 1}},
			"forged": {Sent: 600, Statuses: map[string]uint64{"401": 600}},
		},
		Generator: reports.Generator{CPU: 0.031, Workers: 256, LagMS: reports.Percentiles{P99: 0.4}, Held: 17},
	}
	for i := range 60 {
		s := reports.LoadSecond{AtMS: int64(i+1) * 1000, Asked: 100, Sent: 100, Accepted: 90, P50: 1.2, P99: 3, Max: 5}
		if i == 30 {
			s.P99, s.Max, s.Failed, s.Statuses = 456.25, 512, 1, map[string]uint64{"2xx": 90, "5xx": 2}
		}
		r.Load.Seconds = append(r.Load.Seconds, s)
	}
	return r
}

func TestLoadIsShown(t *testing.T) {
	t.Parallel()
	r := loaded()
	for name, write := range map[string]func(io.Writer, *reports.Report) error{
		"html": reports.WriteHTML, "markdown": reports.WriteSummary,
		"console": func(w io.Writer, r *reports.Report) error {
			return reports.WriteConsole(w, r, reports.ConsoleOptions{})
		},
	} {
		var b bytes.Buffer
		if err := write(&b, r); err != nil {
			t.Fatal(err)
		}
		text := b.String()
		for _, want := range []string{"ertified", "100 asked · 100 offered · 89.5 acknowledged", "p99 456", "from when an event was due", "5400 valid, 5397 accepted", "2 lost", "17 requests waited"} {
			if !strings.Contains(strings.ReplaceAll(text, "CERTIFIED", "Certified"), want) {
				t.Errorf("%s: no %q in\n%.3000s", name, want, text)
			}
		}
		if strings.Contains(text, "onformant") {
			t.Errorf("%s speaks of conformance", name)
		}
	}
}

// TestCharts: the pictures are well-formed, have a point a second, and reach the top
// where the load was worst.
func TestPercentilesAreDrawn(t *testing.T) {
	t.Parallel()
	r := loaded()
	for k, p := range []float64{0, 50, 90, 99, 99.9, 100} {
		r.Load.Curve = append(r.Load.Curve, reports.LoadPercentile{Percentile: p, LatencyMS: float64(k * 10), ServiceMS: float64(k)})
	}
	var b bytes.Buffer
	if err := reports.WriteHTML(&b, r); err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{
		`>90 %</text>`, `>99 %</text>`, `<text x="640.0" y="180" text-anchor="middle">99.9 %</text>`,
		`points="0.0,160.0 64.2,128.0 213.3,96.0 426.7,64.0 640.0,32.0"`, // the last one has no place on the axis
	} {
		if !strings.Contains(b.String(), want) {
			t.Errorf("no %s", want)
		}
	}
}

func TestCharts(t *testing.T) {
	t.Parallel()
	polylines := func(r *reports.Report) (all [][]string) {
		var b bytes.Buffer
		if err := reports.WriteHTML(&b, r); err != nil {
			t.Fatal(err)
		}
		for part := range strings.SplitSeq(b.String(), "<svg") {
			svg, _, found := strings.Cut("<svg"+part, "</svg>")
			if !found || !strings.Contains(svg, "polyline") {
				continue
			}
			d := xml.NewDecoder(strings.NewReader(svg + "</svg>"))
			for {
				token, err := d.Token()
				if errors.Is(err, io.EOF) {
					break
				}
				if err != nil {
					t.Fatalf("%v in %.500s", err, svg)
				}
				if e, is := token.(xml.StartElement); is && e.Name.Local == "polyline" {
					for _, a := range e.Attr {
						if a.Name.Local == "points" {
							all = append(all, strings.Fields(a.Value))
						}
					}
				}
			}
		}
		return all
	}
	r := loaded()
	lines := polylines(r)
	if len(lines) != 8 || len(lines[0]) != 60 { // max, p99, p50; asked, ended; 2xx, 5xx, no answer
		t.Fatalf("%d lines, the first of %d points, want 8 of 60", len(lines), len(lines[0]))
	}
	if lines[1][30] != "330.7,87.0" { // 456.25 of 1000, 160 high
		t.Errorf("the worst second is drawn at %s", lines[1][30])
	}
	for range 5 {
		r.Load.Seconds = append(r.Load.Seconds, r.Load.Seconds...)
	}
	for i := range r.Load.Seconds {
		r.Load.Seconds[i].AtMS = int64(i+1) * 1000
	}
	for _, l := range polylines(r) {
		if len(l) > 320 {
			t.Errorf("%d points of %d seconds", len(l), len(r.Load.Seconds))
		}
	}
	r.Load.Seconds = r.Load.Seconds[:1]
	if lines := polylines(r); len(lines) > 0 {
		t.Error("a picture of a single second")
	}
	for i := range r.Load.Seconds {
		r.Load.Seconds[i].P99 = math.MaxFloat64
	}
	r.Load.Seconds = append(r.Load.Seconds, r.Load.Seconds[0])
	polylines(r) // and it ends
}

func TestCertificate(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		change func(*reports.Report)
		want   string
	}{
		"certified":   {func(*reports.Report) {}, "certified"},
		"missed":      {func(r *reports.Report) { r.Verdict = reports.Nonconformant }, "not certified"},
		"unproved":    {func(r *reports.Report) { r.Verdict = reports.Incomplete }, "incomplete"},
		"interrupted": {func(r *reports.Report) { r.Interrupted = true }, "incomplete"},
		"broken":      {func(r *reports.Report) { r.Verdict = reports.Failed }, "error"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			dir := t.TempDir()
			r := loaded()
			c.change(r)
			if err := reports.WriteCertificate(dir, r); err == nil {
				t.Error("a certificate without a report")
			}
			if err := errors.Join(reports.WriteAll(dir, r), reports.WriteCertificate(dir, r)); err != nil {
				t.Fatal(err)
			}
			read := func(name string) []byte {
				data, err := os.ReadFile(filepath.Join(dir, name))
				if err != nil {
					t.Fatal(err)
				}
				return data
			}
			var got reports.Certificate
			if err := json.Unmarshal(read("certificate.json"), &got); err != nil {
				t.Fatal(err)
			}
			if got.Result != c.want || got.SHA256 != fmt.Sprintf("%x", sha256.Sum256(read(got.Report))) || got.RPS != 100 || got.Seed != r.Seed || got.Target != r.Target.URL {
				t.Errorf("%+v", got)
			}
		})
	}
	if err := reports.WriteCertificate(t.TempDir(), allPassed()); err == nil {
		t.Error("a certificate without a load")
	}
}

// TestSearchIsShown: what a search tried is told, and drawn over the rate.
func TestSearchIsShown(t *testing.T) {
	t.Parallel()
	r := loaded()
	r.Load.Levels.P99MS = 500
	r.Load.Search = []reports.LoadStep{
		{RPS: 100, OK: true, P99: 3}, {RPS: 200, OK: true, P99: 4}, {RPS: 400, Why: "p99 812 ms", P99: 812}, {RPS: 283, OK: true, P99: 20},
	}
	var console, page bytes.Buffer
	if err := errors.Join(reports.WriteConsole(&console, r, reports.ConsoleOptions{}), reports.WriteHTML(&page, r)); err != nil {
		t.Fatal(err)
	}
	if want := "4 rates tried; 400 a second missed the service levels: p99 812 ms"; !strings.Contains(console.String(), want) {
		t.Errorf("no %q in\n%s", want, console.String())
	}
	// 100, 200, 283 and 400 of 400, and 812 of 1000.
	if want := "160.0,159.5 320.0,159.4 452.8,156.8 640.0,30.1"; !strings.Contains(page.String(), want) {
		t.Errorf("no line %q in the page", want)
	}
	r.Load.Search = r.Load.Search[:2]
	console.Reset()
	if err := reports.WriteConsole(&console, r, reports.ConsoleOptions{}); err != nil || !strings.Contains(console.String(), "all of 2 rates met") {
		t.Errorf("%v\n%s", err, console.String())
	}
}
