package main

import (
	"bytes"
	"encoding/json"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"hookdrill/internal/pgtest"
	"hookdrill/reports"
)

// loaded reads the report of a load test, and says where it and the exit code
// contradict each other.
func loaded(t *testing.T, r cmdRun) reports.Report {
	t.Helper()
	dir := filepath.Join(r.dir, "out", "loadtest")
	data, err := os.ReadFile(filepath.Join(dir, "report.json"))
	if err != nil {
		t.Fatalf("%v\n%s\n%s", err, r.stdout, r.stderr)
	}
	var report reports.Report
	if err := json.Unmarshal(data, &report); err != nil {
		t.Fatal(err)
	}
	junit, err := readJUnit(filepath.Join(dir, "junit.xml"))
	if err != nil {
		t.Fatal(err)
	}
	if err := junit.matches(report); err != nil {
		t.Error(err)
	}
	for _, name := range []string{"report.html", "summary.md", "latency.hgrm", "certificate.json"} {
		if info, err := os.Stat(filepath.Join(dir, name)); err != nil || info.Size() == 0 {
			t.Errorf("%s: %v", name, err)
		}
	}
	if report.ExitCode != r.code || report.Command != "loadtest" || report.Load == nil || len(report.Checks) != 9 {
		t.Errorf("exit code %d, the report has %+v\n%s", r.code, report, r.stderr)
	}
	if strings.Contains(string(data)+r.stdout+r.stderr, testKey) {
		t.Error("the key is shown")
	}
	return report
}

// rightUnder says which checks of a load failed or were not proved that no busy machine
// excuses.
func rightUnder(t *testing.T, r reports.Report) {
	t.Helper()
	speed := []string{"LOAD-01", "LOAD-03", "LOAD-07", "LOAD-09"} // benchmarks measure speed
	for _, c := range r.Checks {
		if c.Status != reports.Pass && !slices.Contains(speed, c.ID) {
			t.Errorf("%s is %s: %s", c.ID, c.Status, c.Why)
		}
	}
}

func TestLoadtestBundled(t *testing.T) {
	t.Parallel()
	for name, env := range map[string][]string{
		"embedded":   {"DOCKER_HOST=tcp://127.0.0.1:1"},
		"PostgreSQL": {"DATABASE_URL=" + pgtest.URL(t)},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			r := run(t, env, "loadtest", "--rate", "200", "--duration", "2s", "--warmup", "200ms", "--timeout", "30s", "--seed", "77")
			report := loaded(t, r)
			if !strings.Contains(r.stderr, name) || report.Level != "observed" || !report.Target.Bundled {
				t.Errorf("level %s\n%s", report.Level, r.stderr)
			}
			rightUnder(t, report)
			l := report.Load
			if l.AskedRPS != 200 || l.Sent != 400 || l.Lost == nil || *l.Lost+*l.Duplicates+*l.Unexpected > 0 || l.Classes["forged"].Accepted > 0 {
				t.Errorf("load %+v", l)
			}
		})
	}
}

func TestLoadtestTarget(t *testing.T) {
	t.Parallel()
	rec := startReceiver(t, nil, "--probe", "--data", filepath.Join(t.TempDir(), "receiver.db"))
	args := []string{
		"loadtest", "--target", rec.said["webhooks"], "--observe", rec.said["probe"], "--rate", "300", "--duration", "1s", "--warmup", "0s", "--timeout", "30s",
		"--arrival", "poisson", "--client", "ordinary", "--mix", "valid=1,forged=1", "--forgeries", "0s", "--seed", "8",
	}
	r := run(t, nil, args...)
	report := loaded(t, r)
	rightUnder(t, report)
	for _, part := range []string{"--rate 300", "--duration 1s", "--arrival poisson", "--client ordinary", "--warmup 0s", "--timeout 30s", "--forgeries 0s", "--mix 'valid=1,forged=1'"} {
		if !strings.Contains(report.Repeat, part) {
			t.Errorf("no %s in %s", part, report.Repeat)
		}
	}
	if again := run(t, nil, args...); again.code != reports.ExitUsage || !strings.Contains(again.stderr, "seed 8 was used") {
		t.Errorf("the same seed again: exit code %d: %s", again.code, again.stderr)
	}
}

// TestLoadtestInterrupted: Ctrl-C reports what was measured.
func TestLoadtestInterrupted(t *testing.T) {
	t.Parallel()
	var stdout bytes.Buffer
	i := interruptible(t, &stdout, "certify", "loadtest", "--target", startReceiver(t, nil, "--data", filepath.Join(t.TempDir(), "receiver.db")).said["webhooks"], "--rate", "50", "--duration", "10m", "--warmup", "0s")
	i.press(t)
	err := i.Wait()
	r := cmdRun{dir: i.dir, code: i.ProcessState.ExitCode(), stdout: stdout.String(), stderr: <-i.rest}
	if r.code != reports.ExitIncomplete {
		t.Errorf("exit code %d, %v\n%s\n%s", r.code, err, r.stdout, r.stderr)
	}
	if report := loaded(t, r); !report.Interrupted || report.Load.Sent == 0 {
		t.Errorf("%+v", report.Load)
	}
}
