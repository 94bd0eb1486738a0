package main

import (
	"encoding/json"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"sync/atomic"
	"testing"

	"hookdrill/reports"
)

// TestRepeatOnAnotherMachine takes nothing along but the file and the key.
func TestRepeatOnAnotherMachine(t *testing.T) {
	t.Parallel()
	var mended, down atomic.Bool
	rc := &receiver{}
	rc.before = func(w http.ResponseWriter, r *http.Request, _ []byte, _ int) bool {
		if down.Load() {
			w.WriteHeader(http.StatusInternalServerError)
			return true
		}
		got := r.Header.Get("X-Claude-Signature")
		if len(got) == 32 && !mended.Load() { // half of a signature
			w.WriteHeader(http.StatusOK)
			return true
		}
		return false
	}
	target := rc.serve(t)
	first, report := conform(t, target, "--quiet", "--only", "SIG-06", "--observe", probeOf(target))
	if first.code != reports.ExitNonconform {
		t.Fatalf("exit %d:\n%s%s", first.code, first.stdout, first.stderr)
	}
	var name, id string
	for _, c := range check(t, report, "SIG-06").Cases {
		if c.Status == reports.Fail {
			name, id = c.File, "SIG-06/"+c.Name
		} else if c.File != "" {
			t.Errorf("%s passed and has the file %s", c.Name, c.File)
		}
	}
	data, err := os.ReadFile(filepath.Join(first.dir, "out", "conformance", name))
	if name == "" || err != nil {
		t.Fatalf("no file: %v", err)
	}
	if strings.Contains(string(data), testKey) {
		t.Fatal("the key is in the file")
	}
	if !strings.Contains(first.stdout, "--observe "+probeOf(target)+" --repeat out/conformance/"+name) {
		t.Errorf("the console does not name the file:\n%s", first.stdout)
	}
	send := func(want int, says string, args ...string) {
		t.Helper()
		dir := t.TempDir()
		if err := os.WriteFile(filepath.Join(dir, "case.json"), data, 0o600); err != nil {
			t.Fatal(err)
		}
		r := runIn(t, dir, nil, nil, append([]string{"conformance", "--quiet", "--repeat", "case.json"}, args...)...)
		if r.code != want || !strings.Contains(r.stdout+r.stderr, says) {
			t.Errorf("exit %d, want %d with %q:\n%s%s", r.code, want, says, r.stdout, r.stderr)
		}
	}
	before := rc.count()
	send(reports.ExitNonconform, "failed  "+id+": it fails as it did")
	if n := rc.count() - before; n != 5 { // the preflight's two, the case and its two twins
		t.Errorf("%d requests for one case", n)
	}
	ids := map[string]int{}
	rc.mu.Lock()
	for _, body := range rc.bodies {
		var e struct{ ID string }
		if json.Unmarshal(body, &e) == nil {
			ids[e.ID]++
		}
	}
	rc.mu.Unlock()
	for event, n := range ids {
		if n > 1 && !strings.HasSuffix(event, "…") {
			t.Errorf("%s was sent %d times", event, n)
		}
	}
	mended.Store(true)
	send(reports.ExitOK, "fixed  "+id)
	send(reports.ExitOK, "fixed  "+id, "--target", target, "--key-env", "CLAUDE_WEBHOOK_KEY", "--observe", probeOf(target))
	send(reports.ExitUsage, "--only would choose another", "--only", "SIG-03")
	send(reports.ExitUsage, "--only with --exec", "--exec", "true")
	down.Store(true)
	send(reports.ExitUnreachable, "unproven  "+id)

	whole := data
	data = []byte(strings.Replace(string(whole), `"cut": 32`, `"cut": 33`, 1))
	send(reports.ExitUsage, "the file was altered")
	data = []byte(strings.Replace(string(whole), `"schema": 1`, `"schema": 2`, 1))
	send(reports.ExitUsage, "it has schema 2")
	data = []byte(`{"schema": 1}`)
	send(reports.ExitUsage, "not a case that hookdrill wrote")
}

// TestTheCommandFindsKeyAndObserver: what the file of a case does not hold stands in the command
// beside it, and a receiver that ended with the run is given no such command.
func TestTheCommandFindsKeyAndObserver(t *testing.T) {
	t.Parallel()
	var f conformanceFlags
	if got := f.sendAgain(); got != "hookdrill conformance --repeat" {
		t.Errorf("%q", got)
	}
	f.keyEnv, f.observe, f.observeQuery = "MY_KEY", "http://127.0.0.1:1/probe", "SELECT id, n FROM effects WHERE id = ANY($1)"
	const want = "hookdrill conformance --key-env MY_KEY --observe http://127.0.0.1:1/probe " +
		"--observe-query 'SELECT id, n FROM effects WHERE id = ANY($1)' --repeat"
	if got := f.sendAgain(); got != want {
		t.Errorf("%q, want %q", got, want)
	}
	f.exec = "python3 app.py"
	if got := f.sendAgain(); got != "" {
		t.Errorf("%q for a receiver that is gone", got)
	}
}
