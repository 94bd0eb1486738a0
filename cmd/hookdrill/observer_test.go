package main

import (
	"io"
	"net/http"
	"regexp"
	"slices"
	"strings"
	"testing"

	"hookdrill/reports"
)

// TestObserverCannotBeAsked: exit 2 before anything is sent, with a sentence
// that says what is wrong with the observer and what would mend it.
func TestObserverCannotBeAsked(t *testing.T) {
	t.Parallel()
	write := func(code int, text string) func(*testing.T) string {
		return func(t *testing.T) string {
			t.Helper()
			return serveHTTP(t, func(w http.ResponseWriter, _ *http.Request) {
				w.WriteHeader(code)
				_, _ = io.WriteString(w, text)
			})
		}
	}
	tests := []struct {
		name  string
		probe func(*testing.T) string
		says  string
	}{
		{"down", closedPort, "the probe cannot be asked: .*connection refused; check the address"},
		{"a web page", write(200, "<!doctype html><title>Hello</title>"), "the answer is no JSON, in .*Hello"},
		{"server error", write(500, "boom"), `the probe answered 500 with "boom"; look into the target's log`},
		{"not found", write(404, ""), "the probe answered 404 .*check the path, and that observation is switched on"},
		{"forbidden", write(403, ""), "the probe answered 403 .*give it the header that it asks for"},
		{"redirect", write(302, ""), "the probe redirects"},
		{"other JSON", write(200, `{"ok":true}`), `the answer has no "events"`},
		{"terminal escapes", write(200, "\x1b[2J\x1b[31m"), "the answer is no JSON"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			rc := &receiver{}
			r := run(t, nil, "conformance", "--target", rc.serve(t), "--observe", tt.probe(t))
			if r.code != 2 || !regexp.MustCompile(tt.says).MatchString(r.stderr) || strings.Contains(r.stderr, "\x1b") {
				t.Errorf("exit %d, want 2 and %q:\n%s", r.code, tt.says, r.stderr)
			}
			if n := rc.count(); n != 0 {
				t.Errorf("%d deliveries were sent", n)
			}
			if _, err := agreed(r.dir, r.code); err == nil {
				t.Error("there is a report")
			}
		})
	}
}

// TestObserverIsUntrustworthy: an observer that contradicts itself proves
// nothing, and the run does not pass.
func TestObserverIsUntrustworthy(t *testing.T) {
	t.Parallel()
	// The first question is asked before the run, and has nothing to tell.
	later := func(what func(w http.ResponseWriter, ids []string, n int) bool) func(http.ResponseWriter, []string, int) bool {
		return func(w http.ResponseWriter, ids []string, n int) bool { return n > 1 && what(w, ids, n-1) }
	}
	all := func(w http.ResponseWriter, ids []string, count int) bool {
		counts := map[string]int{}
		for _, id := range ids {
			counts[id] = count
		}
		say(w, counts)
		return true
	}
	tests := []struct {
		name  string
		probe func(http.ResponseWriter, []string, int) bool
		why   string
	}{
		{"breaks in the middle", func(w http.ResponseWriter, _ []string, _ int) bool {
			w.WriteHeader(http.StatusInternalServerError)
			return true
		}, "the probe answered 500"},
		{"becomes a web page", func(w http.ResponseWriter, _ []string, _ int) bool {
			_, _ = io.WriteString(w, "<html>")
			return true
		}, "the answer is no JSON"},
		{"hangs up", func(http.ResponseWriter, []string, int) bool { panic(http.ErrAbortHandler) }, "the probe cannot be asked"},
		{"knows events that were never sent", func(w http.ResponseWriter, ids []string, _ int) bool { return all(w, ids, 1) }, "an event that was never sent"},
		{"counts fall", func(w http.ResponseWriter, ids []string, n int) bool { return n > 1 && all(w, ids, 0) }, "first and 0 later"},
	}
	for _, tt := range tests {
		for _, broken := range []bool{false, true} {
			name := tt.name
			if broken {
				name += ", and the target is broken too"
			}
			t.Run(name, func(t *testing.T) {
				t.Parallel()
				rc := &receiver{probe: later(tt.probe)}
				want := reports.ExitIncomplete
				if broken { // it takes everything without a signature
					rc.before = func(_ http.ResponseWriter, r *http.Request, _ []byte, _ int) bool {
						return r.Header.Get("X-Claude-Signature") == ""
					}
					want = reports.ExitNonconform
				}
				target := rc.serve(t)
				r, report := conform(t, target, "--observe", probeOf(target), "--level", "observed", "--settle", "500ms", "--quiet",
					"--only", "SIG-02,SIG-12,SIG-14,IDEM-01,LED-01,LED-02,PAY-12")
				if r.code != want {
					t.Errorf("exit %d, want %d:\n%s", r.code, want, r.stdout)
				}
				if len(report.Observers) != 1 || report.Observers[0].Trusted || !strings.Contains(report.Observers[0].Why, tt.why) {
					t.Errorf("observers %+v, want %q", report.Observers, tt.why)
				}
				for _, id := range []string{"SIG-14", "IDEM-01", "LED-01", "LED-02", "PAY-12"} {
					if c := check(t, report, id); c.Status != reports.NotObserved || !strings.Contains(c.Why, "cannot be trusted") {
						t.Errorf("%s is %s: %s", id, c.Status, c.Why)
					}
				}
			})
		}
	}
}

// TestTrustworthyObserver is the twin of the tests above: with the same
// arguments an honest observer lets a run pass.
func TestTrustworthyObserver(t *testing.T) {
	t.Parallel()
	target := (&receiver{}).serve(t)
	r, report := conform(t, target, "--observe", probeOf(target), "--level", "observed", "--settle", "500ms", "--quiet",
		"--only", "SIG-02,SIG-12,SIG-14,IDEM-01,LED-01,LED-02,PAY-12")
	if r.code != 0 || report.Level != "observed" || report.Counts[reports.Pass] != 7 {
		t.Errorf("exit %d, level %s, %v:\n%s", r.code, report.Level, report.Counts, r.stdout)
	}
}

// TestUsedSeed: a receiver that has had the events of a seed already proves
// nothing when it gets them again.
func TestUsedSeed(t *testing.T) {
	t.Parallel()
	rc := &receiver{}
	target := rc.serve(t)
	args := []string{"--observe", probeOf(target), "--seed", "99", "--only", "IDEM-01", "--settle", "500ms", "--quiet"}
	if r, _ := conform(t, target, args...); r.code != 0 {
		t.Fatalf("the first run ends with %d:\n%s", r.code, r.stdout)
	}
	before := rc.count()
	r := run(t, nil, append([]string{"conformance", "--target", target}, args...)...)
	want := regexp.MustCompile(`seed 99 was used against this receiver before: [1-9][0-9]* of its events are processed already, so a run would prove nothing; leave --seed out`)
	if r.code != 2 || !want.MatchString(r.stderr) {
		t.Errorf("exit %d:\n%s", r.code, r.stderr)
	}
	if n := rc.count(); n != before {
		t.Errorf("%d deliveries were sent", n-before)
	}
}

// TestWithoutObserver: what nobody saw is not claimed.
func TestWithoutObserver(t *testing.T) {
	t.Parallel()
	r, report := conform(t, (&receiver{}).serve(t), "--quick", "--quiet")
	if report.Level != "wire" || len(report.Observers) != 0 {
		t.Errorf("level %s, observers %v", report.Level, report.Observers)
	}
	var unseen []string
	for _, c := range report.Checks {
		if c.Need != "observed" && c.Need != "managed" && c.Need != "log" {
			continue
		}
		if c.Family == "API" && c.Status == reports.NotApplicable {
			continue // this contract's events carry all that they are about
		}
		unseen = append(unseen, c.ID)
		if c.Status != reports.NotObserved {
			t.Errorf("%s needs %s and is %s without one", c.ID, c.Need, c.Status)
		}
	}
	if !slices.Contains(unseen, "IDEM-01") || !slices.Contains(unseen, "LED-01") {
		t.Fatalf("only %v need an observer", unseen)
	}
	summary := unescapeMarkdown(read(t, r, "summary.md"))
	seen, section, found := strings.Cut(summary, "## What could not be seen")
	if !found || !strings.Contains(section, "--observe URL") || !strings.Contains(section, "LED-01") {
		t.Errorf("summary.md does not say what could not be seen:\n%s", summary)
	}
	if !strings.Contains(seen, "`wire`") {
		t.Error("summary.md does not name the level")
	}
	for _, claim := range []string{"effect", "processed once", "exactly once", "duplicate"} {
		if strings.Contains(seen, claim) {
			t.Errorf("summary.md claims something about %q:\n%s", claim, seen)
		}
	}
}
