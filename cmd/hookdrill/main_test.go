package main

import (
	"bytes"
	"context"
	"encoding/json"
	"encoding/xml"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/rogpeppe/go-internal/testscript"
	"go.uber.org/goleak"

	"hookdrill/internal/pgtest"
	"hookdrill/reports"
	"hookdrill/zoo/drills/pgreceiver"
)

// testKey is the signing key of these tests; it has characters that every way
// of escaping changes.
const testKey = "whsec_aGFyZCB0byBndWVzcw+/aGFyZCB0byBndWVzc2==&<x>"

// TestMain makes this binary the hookdrill command when it is called so: the
// tests run it as a process of its own, with signals and exit codes.
func TestMain(m *testing.M) {
	testscript.Main(tests{pgtest.Tests(m)}, map[string]func(){"hookdrill": main, "onpostgres": pgreceiver.Main})
}

// tests looks for leaked goroutines when all tests have ended.
type tests struct{ m interface{ Run() int } }

func (t tests) Run() int {
	code := t.m.Run()
	if err := goleak.Find(); err != nil && code == 0 {
		_, _ = fmt.Fprintln(os.Stderr, err)
		return 1
	}
	return code
}

// cmdRun is one run of the command and all that it left.
type cmdRun struct {
	dir            string // the working directory, with out/ in it
	code           int
	stdout, stderr string
	took           time.Duration
	memory         int64 // the most that was resident, in bytes
}

// run runs hookdrill in a folder of its own and waits for it. The key is in the
// environment as the contract names it; env comes behind it.
func run(t *testing.T, env []string, args ...string) cmdRun {
	t.Helper()
	return runIn(t, t.TempDir(), nil, env, args...)
}

func runIn(t *testing.T, dir string, stdin io.Reader, env []string, args ...string) cmdRun {
	t.Helper()
	cmd := command(t, dir, env, args...)
	var stdout, stderr bytes.Buffer
	cmd.Stdin, cmd.Stdout, cmd.Stderr = stdin, &stdout, &stderr
	start := time.Now()
	if err := cmd.Start(); err != nil {
		t.Fatalf("run hookdrill: %v", err)
	}
	memory := watchMemory(cmd.Process.Pid)
	err := cmd.Wait()
	r := cmdRun{memory: memory(), dir: dir, code: cmd.ProcessState.ExitCode(), stdout: stdout.String(), stderr: stderr.String(), took: time.Since(start)}
	var exit *exec.ExitError
	if err != nil && !errors.As(err, &exit) {
		t.Fatalf("run hookdrill: %v", err)
	}
	if r.code < 0 || strings.Contains(r.stderr, "DATA RACE") || strings.Contains(r.stderr, "goroutine 1 [") {
		t.Fatalf("hookdrill %s ended with %v:\n%s", strings.Join(args, " "), err, r.stderr)
	}
	return r
}

// watchMemory looks how much of a process is resident until the result, the
// most in bytes, is asked for. The usage that a parent is told of a child will
// not do: it counts what the parent held when it made the child.
func watchMemory(pid int) func() int64 {
	done, most := make(chan struct{}), make(chan int64)
	go func() {
		var peak int64
		tick := time.NewTicker(5 * time.Millisecond)
		defer tick.Stop()
		for {
			status, _ := os.ReadFile(fmt.Sprintf("/proc/%d/status", pid))
			if _, after, found := bytes.Cut(status, []byte("VmHWM:")); found {
				var kb int64
				_, _ = fmt.Sscan(string(after), &kb)
				peak = max(peak, kb<<10)
			}
			select {
			case <-tick.C:
			case <-done:
				most <- peak
				return
			}
		}
	}()
	return func() int64 {
		close(done)
		return <-most
	}
}

// command is hookdrill, not yet started; three minutes are more than any test needs, on
// a busy machine too.
func command(t *testing.T, dir string, env []string, args ...string) *exec.Cmd {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), 3*time.Minute)
	t.Cleanup(cancel)
	cmd := exec.CommandContext(ctx, "hookdrill", args...)
	cmd.Dir = dir
	cmd.Env = append([]string{"PATH=" + os.Getenv("PATH"), "HOME=" + dir, "TMPDIR=" + t.TempDir(), "CLAUDE_WEBHOOK_KEY=" + testKey}, env...)
	return cmd
}

// conform runs hookdrill conformance against a target, quietly and once, and
// holds exit code, report.json and junit.xml against each other.
func conform(t *testing.T, target string, args ...string) (cmdRun, reports.Report) {
	t.Helper()
	r := run(t, nil, append([]string{"conformance", "--target", target}, args...)...)
	report, err := agreed(r.dir, r.code)
	if err != nil {
		t.Fatalf("hookdrill %s: %v\n%s\n%s", strings.Join(args, " "), err, r.stdout, r.stderr)
	}
	return r, report
}

// agreed reads the report of a run that ended with a code, and says where exit
// code, report.json and junit.xml contradict each other.
func agreed(dir string, code int) (reports.Report, error) {
	var r reports.Report
	out := filepath.Join(dir, "out", "conformance")
	data, err := os.ReadFile(filepath.Join(out, "report.json"))
	if err != nil {
		return r, err
	}
	if err := json.Unmarshal(data, &r); err != nil {
		return r, err
	}
	for _, name := range []string{"report.html", "summary.md", "plan.jsonl", "wire.jsonl"} {
		if _, err := os.Stat(filepath.Join(out, name)); err != nil {
			return r, err
		}
	}
	junit, err := readJUnit(filepath.Join(out, "junit.xml"))
	if err != nil {
		return r, err
	}
	counted := 0
	for _, n := range r.Counts {
		counted += n
	}
	want := codeOf(r)
	switch {
	case r.ExitCode != code || want != code:
		return r, fmt.Errorf("exit code %d, report.json says %d, and its verdict %q means %d", code, r.ExitCode, r.Verdict, want)
	case counted != len(r.Checks):
		return r, fmt.Errorf("%d checks counted, %d there", counted, len(r.Checks))
	case code == 0 && (junit.bad() != 0 || r.Counts[reports.Pass] == 0):
		return r, fmt.Errorf("exit code 0, and junit.xml has %d failures and errors, and %d checks pass", junit.bad(), r.Counts[reports.Pass])
	case code == reports.ExitNonconform && junit.Failures == 0:
		return r, errors.New("exit code 1, and junit.xml has no failure")
	case (code == reports.ExitUnreachable || code == reports.ExitInternal) && junit.Errors == 0:
		return r, fmt.Errorf("exit code %d, and junit.xml has no error", code)
	case code == reports.ExitIncomplete && junit.Skipped == 0:
		return r, errors.New("exit code 3, and junit.xml has nothing skipped")
	}
	return r, junit.matches(r)
}

// codeOf is the exit code that the fields of a report mean, by the design.
func codeOf(r reports.Report) int {
	switch {
	case r.Verdict == reports.Failed:
		return 5
	case r.Preflight != nil:
		return 4
	case !r.Interrupted && r.Baseline != nil && len(r.Baseline.Stale)+len(r.Baseline.Expired) > 0:
		return 1
	case !r.Interrupted && r.Baseline != nil && r.Baseline.Known > 0 && r.Counts[reports.Fail]+r.Counts[reports.NotExercised] == 0:
		return 0
	case r.Interrupted || r.Verdict == reports.Incomplete:
		return 3
	case r.Verdict == reports.Nonconformant:
		return 1
	case r.Verdict == reports.Conformant:
		return 0
	}
	return -1
}

// junit is what these tests read of a JUnit file.
type junit struct {
	Tests    int `xml:"tests,attr"`
	Failures int `xml:"failures,attr"`
	Errors   int `xml:"errors,attr"`
	Skipped  int `xml:"skipped,attr"`
	Cases    []struct {
		Name    string    `xml:"name,attr"`
		Failure *struct{} `xml:"failure"`
		Error   *struct{} `xml:"error"`
		Skipped *struct{} `xml:"skipped"`
	} `xml:"testsuite>testcase"`
}

func readJUnit(path string) (junit, error) {
	var j junit
	data, err := os.ReadFile(path)
	if err != nil {
		return j, err
	}
	return j, xml.Unmarshal(data, &j)
}

func (j junit) bad() int { return j.Failures + j.Errors }

// matches compares each check of a report with its case in the JUnit file.
func (j junit) matches(r reports.Report) error {
	for _, check := range r.Checks {
		found := false
		for _, c := range j.Cases {
			if !strings.HasPrefix(c.Name, check.ID+" ") {
				continue
			}
			found = true
			green := c.Failure == nil && c.Error == nil && c.Skipped == nil
			if green != (check.Status == reports.Pass) {
				return fmt.Errorf("%s is %q, and junit.xml says green: %t", check.ID, check.Status, green)
			}
		}
		if !found {
			return fmt.Errorf("%s is not in junit.xml", check.ID)
		}
	}
	return nil
}

// check finds a check of a report.
func check(t *testing.T, r reports.Report, id string) reports.Check {
	t.Helper()
	at := slices.IndexFunc(r.Checks, func(c reports.Check) bool { return c.ID == id })
	if at < 0 {
		t.Fatalf("the report has no %s", id)
	}
	return r.Checks[at]
}
