package main

import (
	"encoding/json"
	"maps"
	"net"
	"net/http"
	"slices"
	"strings"
	"testing"

	"hookdrill/reports"
)

// refusals are the checks whose right answer is a refusal, and those that read
// what such refusals say or do.
func refusals() []string {
	return strings.Fields("SIG-02 SIG-03 SIG-04 SIG-05 SIG-06 SIG-07 SIG-08 SIG-09 SIG-10 SIG-11 SIG-13 SIG-14 SIG-15 SIG-17 SIG-18 SIG-19 " +
		"PAY-01 PAY-02 PAY-03 PAY-04 RPL-01 RPL-02 RPL-04 RPL-05 RPL-08 HTTP-01 LED-02")
}

// runWide is true for a check that reads every refusal of the run.
func runWide(id string) bool {
	return slices.Contains(strings.Fields("SIG-13 SIG-14 SIG-19 LED-02"), id)
}

// TestRefusalsProveNothingByThemselves: a target that refuses, or fails,
// whatever comes passes no check that wants a refusal.
func TestRefusalsProveNothingByThemselves(t *testing.T) {
	t.Parallel()
	type request = func(w http.ResponseWriter, r *http.Request, body []byte, n int) bool
	after := func(first int, what http.HandlerFunc) request {
		return func(w http.ResponseWriter, r *http.Request, _ []byte, n int) bool {
			if n <= first {
				return false
			}
			what(w, r)
			return true
		}
	}
	hangUp := func(w http.ResponseWriter, _ *http.Request) {
		conn, _, err := http.NewResponseController(w).Hijack()
		if err != nil {
			panic(err)
		}
		_ = conn.Close()
	}
	hang := func(_ http.ResponseWriter, r *http.Request) { <-r.Context().Done() }
	tests := []struct {
		name   string
		first  int // requests that are answered as they should be
		before request
		code   int // 0 for 1 or 3, by what was under way
	}{
		{"accepts everything", 0, after(0, status(200)), 1},
		{"refuses everything", 0, after(0, status(401)), 4},
		{"fails at everything", 0, after(0, status(500)), 4},
		{"accepts the first event and refuses everything else", 1, after(1, status(401)), 1},
		{"refuses everything after the 3rd", 3, after(3, status(401)), 0},
		{"refuses everything after the 10th", 10, after(10, status(401)), 0},
		{"refuses everything after the 10th as malformed", 10, after(10, status(400)), 0},
		{"is not there any more after the 10th", 10, after(10, status(404)), 0},
		{"fails after the 10th", 10, after(10, status(500)), 0},
		{"is unavailable after the 3rd", 3, after(3, status(503)), 0},
		{"hangs up after the 3rd", 3, after(3, hangUp), 0},
		{"hangs after the 10th", 10, after(10, hang), 0},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			only := "SIG-01," + strings.Join(refusals(), ",")
			rc := &receiver{before: tt.before}
			target := rc.serve(t)
			r, report := conform(t, target, "--observe", probeOf(target), "--settle", "500ms", "--timeout", "300ms", "--quiet", "--only", only)
			noRefusalPasses(t, r, report, tt.code, tt.first)
		})
	}
}

// TestTargetDies is the same with a target at whose port nothing listens any
// more after the tenth request.
func TestTargetDies(t *testing.T) {
	t.Parallel()
	rc := &receiver{}
	var gate net.Listener
	rc.before = func(_ http.ResponseWriter, _ *http.Request, _ []byte, n int) bool {
		if n == 10 {
			_ = gate.Close()
		}
		return false
	}
	target, stop := rc.startOn(func(ln net.Listener) { gate = ln })
	t.Cleanup(stop)
	r, report := conform(t, target, "--timeout", "1s", "--quiet", "--only", strings.Join(refusals(), ","))
	noRefusalPasses(t, r, report, 0, 10)
	if !strings.Contains(strings.Join(report.Assumptions, "\n"), "The target stopped answering during ") {
		t.Errorf("the report does not say that the target died: %q", report.Assumptions)
	}
}

// noRefusalPasses wants an exit code, and no refusal that passes unless all that
// was sent for it was among the first requests; for a check that reads the whole
// run it is enough that a refusal and its twins were. Code 0 stands for 1 or 3.
func noRefusalPasses(t *testing.T, r cmdRun, report reports.Report, code, first int) {
	t.Helper()
	if code == 0 && r.code != 1 && r.code != 3 || code != 0 && r.code != code {
		t.Errorf("exit %d, want %d:\n%s", r.code, code, r.stdout)
	}
	sound := map[string]bool{}  // by check: all that was sent for it came in time
	proved := map[string]bool{} // by case: so did its twins and what stands between them
	for i, line := range strings.Split(strings.TrimSpace(read(t, r, "wire.jsonl")), "\n") {
		var sent struct{ Case, Role string }
		if err := json.Unmarshal([]byte(line), &sent); err != nil {
			t.Fatal(err)
		}
		id, _, _ := strings.Cut(sent.Case, "/")
		sound[id] = i < first
		if sent.Role == "control" {
			proved[sent.Case] = i < first
		}
	}
	// One refusal between accepted twins is enough for a check that reads them all.
	anyProved := slices.Contains(slices.Collect(maps.Values(proved)), true)
	judged := 0
	for _, c := range report.Checks {
		if !slices.Contains(refusals(), c.ID) {
			continue
		}
		judged++
		if c.Status == reports.Pass && !sound[c.ID] && !(runWide(c.ID) && anyProved) {
			t.Errorf("%s passes", c.ID)
		}
	}
	if judged == 0 {
		t.Error("no refusal is in the report")
	}
}

// TestRefusalsOfACorrectReceiverPass is the twin of the tests above.
func TestRefusalsOfACorrectReceiverPass(t *testing.T) {
	t.Parallel()
	target := (&receiver{}).serve(t)
	all := refusals()
	_, report := conform(t, target, "--observe", probeOf(target), "--settle", "500ms", "--quiet", "--only", strings.Join(all, ","))
	for _, id := range all {
		if c := check(t, report, id); c.Status != reports.Pass {
			t.Errorf("%s is %s: %s", id, c.Status, c.Why)
		}
	}
}
