package main

import (
	"encoding/json"
	"fmt"
	"maps"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"

	"hookdrill/reports"
)

// hosts notes to which host each event was sent.
type hosts struct {
	mu     sync.Mutex
	events map[string]map[string]int // by event and host
}

func (h *hosts) note(_ http.ResponseWriter, r *http.Request, body []byte, _ int) bool {
	var event struct{ ID string }
	if json.Unmarshal(body, &event) != nil || event.ID == "" {
		return false
	}
	h.mu.Lock()
	defer h.mu.Unlock()
	if h.events == nil {
		h.events = map[string]map[string]int{}
	}
	if h.events[event.ID] == nil {
		h.events[event.ID] = map[string]int{}
	}
	h.events[event.ID][r.Host]++
	return false
}

func hostOf(t *testing.T, raw string) string {
	t.Helper()
	u, err := url.Parse(raw)
	if err != nil {
		t.Fatal(err)
	}
	return u.Host
}

// TestTwoInstances: two instances of a correct receiver on one store are judged
// as one receiver, and copies of an event meet both.
func TestTwoInstances(t *testing.T) {
	t.Parallel()
	var h hosts
	rc := &receiver{before: h.note}
	one, two := rc.serve(t), rc.serve(t)
	r, report := conform(t, one+","+two, "--observe", probeOf(two), "--settle", "500ms", "--quiet", "--only", "SIG-02,SIG-14,IDEM-01,IDEM-02,IDEM-03,LED")
	if r.code != 0 {
		t.Errorf("exit %d:\n%s", r.code, r.stdout)
	}
	if report.Target.URL != one || !slices.Equal(report.Target.URLs, []string{one, two}) || !strings.Contains(report.Repeat, "--target '"+one+","+two+"'") {
		t.Errorf("target %+v, repeat %s", report.Target, report.Repeat)
	}
	for name, text := range map[string]string{"console": r.stdout, "report.html": read(t, r, "report.html"), "summary.md": read(t, r, "summary.md")} {
		if !strings.Contains(text, one+", "+two) {
			t.Errorf("the %s does not show both instances", name)
		}
	}
	together := map[string]int{}
	twins := map[string]string{} // by case with twins: the one instance for all of it
	alone := map[string]bool{}   // events of such cases
	for line := range strings.SplitSeq(strings.TrimSpace(read(t, r, "wire.jsonl")), "\n") {
		var sent struct {
			Case, Role, Target, Request string
			Event                       string `json:"event_id"`
		}
		if err := json.Unmarshal([]byte(line), &sent); err != nil {
			t.Fatal(err)
		}
		if sent.Target != one && sent.Target != two || !strings.Contains(sent.Request, "\nHost: "+hostOf(t, sent.Target)+"\n") {
			t.Fatalf("%s: target %q of\n%s", sent.Case, sent.Target, sent.Request)
		}
		if sent.Role == "control" {
			twins[sent.Case] = sent.Target
		}
		if at, ok := twins[sent.Case]; ok {
			alone[sent.Event] = true
			if at != sent.Target {
				t.Errorf("%s has twins at %s and goes to %s", sent.Case, at, sent.Target)
			}
		}
		if strings.HasPrefix(sent.Case, "IDEM-02/") {
			together[sent.Target]++
		}
	}
	copied := 0
	for id, at := range h.events {
		sum, most, least := 0, 0, len(h.events)
		for _, host := range []string{hostOf(t, one), hostOf(t, two)} {
			sum, most, least = sum+at[host], max(most, at[host]), min(least, at[host])
		}
		if sum < 2 || alone[id] {
			continue
		}
		copied++
		if most-least > 1 {
			t.Errorf("the copies of %s went to %v", id, at)
		}
	}
	if copied < 5 {
		t.Errorf("only %d events came more than once", copied)
	}
	if together[one] < 5 || together[two] < 5 {
		t.Errorf("simultaneous copies went to %v", together)
	}
}

// TestInstancesThatDoNotShare: instances that each remember for themselves what
// they have seen process what the other has processed.
func TestInstancesThatDoNotShare(t *testing.T) {
	t.Parallel()
	one, two := &receiver{}, &receiver{}
	one.probe = func(w http.ResponseWriter, ids []string, _ int) bool {
		counts := map[string]int{}
		for _, rc := range []*receiver{one, two} {
			rc.mu.Lock()
			for _, id := range ids {
				counts[id] += rc.effects[id]
			}
			rc.mu.Unlock()
		}
		say(w, counts)
		return true
	}
	first, second := one.serve(t), two.serve(t)
	args := []string{"--observe", probeOf(first), "--settle", "500ms", "--quiet", "--only", "IDEM-01,IDEM-02"}
	r, report := conform(t, first+","+second, args...)
	if r.code != 1 {
		t.Errorf("exit %d:\n%s", r.code, r.stdout)
	}
	for _, id := range []string{"IDEM-01", "IDEM-02"} {
		c := check(t, report, id)
		if c.Status != reports.Fail || !strings.Contains(c.Why, "2 times") {
			t.Errorf("%s is %s: %s", id, c.Status, c.Why)
		}
		targets := map[string]bool{}
		for _, x := range c.Cases[0].Exchanges {
			targets[x.Target] = true
		}
		if !targets[first] || !targets[second] {
			t.Errorf("the exchanges of %s went to %v", id, slices.Collect(maps.Keys(targets)))
		}
	}
	// The twin: the first instance alone is correct.
	if r, _ := conform(t, first, args...); r.code != 0 {
		t.Errorf("one instance alone ends with %d:\n%s", r.code, r.stdout)
	}
}

// TestCurlNamesTheInstance: the command for a request names the instance that
// it went to.
func TestCurlNamesTheInstance(t *testing.T) {
	t.Parallel()
	rc := &receiver{before: func(_ http.ResponseWriter, r *http.Request, _ []byte, _ int) bool {
		return r.Header.Get("X-Claude-Signature") == ""
	}}
	one, two := rc.serve(t), rc.serve(t)
	_, report := conform(t, one+","+two, "--quiet", "--only", "SIG-02,SIG-03,RAW")
	c := check(t, report, "SIG-02")
	named := map[string]bool{}
	for _, one := range c.Cases {
		x := one.Exchanges[0]
		if one.Status != reports.Fail || x.Target == "" || !strings.Contains(one.Curl, x.Target+" ") || !strings.Contains(x.Request, "\nHost: "+hostOf(t, x.Target)+"\n") {
			t.Errorf("%s is %s, went to %q: %s\n%s", one.Name, one.Status, x.Target, one.Curl, x.Request)
		}
		named[x.Target] = true
	}
	if len(named) == 0 {
		t.Error("SIG-02 has no case")
	}
}

// TestOneInstanceIsWrong: every instance must accept a valid event, and the
// report names the one that does not; one that goes later is named too.
func TestOneInstanceIsWrong(t *testing.T) {
	t.Parallel()
	t.Run("down", func(t *testing.T) {
		t.Parallel()
		bad := closedPort(t)
		r, report := conform(t, (&receiver{}).serve(t)+","+bad, "--quiet", "--timeout", "1s")
		if p := report.Preflight; r.code != 4 || p == nil || p.Kind != "refused" || !strings.HasPrefix(p.Problem, "Instance 2 of 2, "+bad+": Nothing listens at") {
			t.Errorf("exit %d, %+v", r.code, p)
		}
	})
	t.Run("another key", func(t *testing.T) {
		t.Parallel()
		bad := (&receiver{key: "whsec_other"}).serve(t)
		r, report := conform(t, (&receiver{}).serve(t)+","+bad, "--quiet")
		p := report.Preflight
		if r.code != 4 || p == nil || p.Kind != "unauthorized" || !strings.HasPrefix(p.Problem, "Instance 2 of 2, "+bad) {
			t.Fatalf("exit %d, %+v", r.code, p)
		}
		if last := p.Exchanges[len(p.Exchanges)-1]; last.Target != bad {
			t.Errorf("the diagnosis asked %q", last.Target)
		}
	})
	t.Run("hangs up later", func(t *testing.T) {
		t.Parallel()
		rc := &receiver{before: func(w http.ResponseWriter, _ *http.Request, _ []byte, n int) bool {
			if n > 10 {
				w.WriteHeader(http.StatusServiceUnavailable)
			}
			return n > 10
		}}
		good, bad := (&receiver{}).serve(t), rc.serve(t)
		r, report := conform(t, good+","+bad, "--quiet", "--only", "SIG-01,"+strings.Join(refusals(), ","))
		if r.code != 1 && r.code != 3 {
			t.Errorf("exit %d", r.code)
		}
		if text := strings.Join(report.Assumptions, "\n"); !strings.Contains(text, "("+hostOf(t, bad)+"): it hung up") {
			t.Errorf("the report does not name the instance: %s", text)
		}
		if c := check(t, report, "HTTP-01"); c.Status == reports.Pass {
			t.Error("HTTP-01 passes")
		}
	})
}

// TestInstancesInTheConfiguration: a list, and the flag given twice.
func TestInstancesInTheConfiguration(t *testing.T) {
	t.Parallel()
	rc := &receiver{}
	one, two := rc.serve(t), rc.serve(t)
	want := []string{one, two}
	dir := t.TempDir()
	if err := os.WriteFile(filepath.Join(dir, "hookdrill.yaml"), []byte("target:\n  - "+one+"\n  - "+two+"\nonly: SIG-12\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	r := runIn(t, dir, nil, nil, "conformance", "--quiet")
	if report, err := agreed(dir, r.code); err != nil || r.code != 0 || !slices.Equal(report.Target.URLs, want) {
		t.Errorf("a list: exit %d, %v, %v\n%s", r.code, err, report.Target, r.stderr)
	}
	if r, report := conform(t, one, "--target", two, "--only", "SIG-12", "--quiet"); r.code != 0 || !slices.Equal(report.Target.URLs, want) {
		t.Errorf("given twice: exit %d, %v", r.code, report.Target)
	}
}

// TestWrongTargets: exit 2 and one sentence that says what is wrong.
func TestWrongTargets(t *testing.T) {
	t.Parallel()
	var many []string
	for i := range maxInstances + 1 {
		many = append(many, fmt.Sprintf("http://h%d/x", i))
	}
	tests := []struct {
		name, command, target, says string
	}{
		{"paths", "conformance", "http://a/x,http://b/y", "http://a/x and http://b/y differ in their path; instances of one receiver have the same scheme, path and query"},
		{"schemes", "conformance", "http://a/x,https://b/x", "http://a/x and https://b/x differ in their scheme"},
		{"queries", "conformance", "http://a/x?token=abc,http://b/x?token=def", "http://a/x?token=*** and http://b/x?token=*** differ in their query"},
		{"twice", "conformance", "http://a/x, http://b/x, http://A:80/x", "http://a/x and http://A:80/x are the same instance"},
		{"too many", "conformance", strings.Join(many, ","), "17 instances are given, and 16 are the most"},
		{"host alone", "conformance", "http://a,b", "is not one whole URL: several are separated by commas"},
		{"nothing behind a comma", "conformance", "http://a/x,", "is not one whole URL"},
		{"send", "send", "http://a/x,http://b/x", "send takes one target, and 2 are given"},
		{"password", "conformance", "ftp://user:sesame@a/x", "does not begin with http"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			r := run(t, nil, tt.command, "--target", tt.target)
			if r.code != 2 || !strings.Contains(r.stderr, tt.says) || strings.Contains(r.stderr, "sesame") || strings.Contains(r.stderr, "abc") {
				t.Errorf("exit %d, want 2 and %q:\n%s", r.code, tt.says, r.stderr)
			}
		})
	}
}
