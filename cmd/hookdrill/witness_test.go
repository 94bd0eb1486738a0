package main

import (
	"encoding/json"
	"io/fs"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	"hookdrill/internal/testtool"
	"hookdrill/reports"
)

const thin = "claude-managed-agents"

// thinReceiver is the command of a receiver of thin events, in Python.
func thinReceiver(t *testing.T) string {
	t.Helper()
	testtool.Need(t, "python3")
	script, err := filepath.Abs("../../zoo/thin/receiver.py")
	if err != nil {
		t.Fatal(err)
	}
	return "exec python3 " + script
}

func reported(t *testing.T, r cmdRun) reports.Report {
	t.Helper()
	data, err := os.ReadFile(filepath.Join(r.dir, "out", "conformance", "report.json"))
	if err != nil {
		t.Fatalf("%v\n%s\n%s", err, r.stdout, r.stderr)
	}
	var report reports.Report
	if err := json.Unmarshal(data, &report); err != nil {
		t.Fatal(err)
	}
	return report
}

// TestWitness: a receiver that hookdrill starts calls the API that hookdrill plays, and is
// judged by what it calls, at level observed.
func TestWitness(t *testing.T) {
	t.Parallel()
	command := thinReceiver(t)
	for defect, c := range map[string]struct {
		only  string
		fails string
	}{
		"":        {"API-01,API-02,API-03,API-04,API-05,API-06", ""},
		"pastes":  {"API-02,API-03", "API-02"},
		"links":   {"API-02,API-06", "API-02"},
		"forgets": {"API-03,API-04/500 on the first fetch", "API-04"},
		"talks":   {"API-01,API-03", ""},
	} {
		t.Run("defect "+defect, func(t *testing.T) {
			t.Parallel()
			args := []string{"conformance", "--quiet", "--contract", thin, "--exec", command, "--only", c.only}
			r := run(t, []string{"DEFECT=" + defect, "NO_PROXY=127.0.0.1"}, args...)
			report := reported(t, r)
			if report.Level != "observed" || len(report.Observers) != 1 || report.Observers[0].Kind != "witness" || !report.Observers[0].Trusted {
				t.Errorf("level %s, observers %+v; want observed by a witness", report.Level, report.Observers)
			}
			for _, check := range report.Checks {
				want := reports.Pass
				if check.ID == c.fails {
					want = reports.Fail
				}
				if check.Status != want {
					t.Errorf("%s is %s, want %s: %s %+v", check.ID, check.Status, want, check.Why, check.Cases)
				}
				for _, one := range check.Cases {
					if len(one.Timeline) < 3 || !strings.Contains(one.Repeat, "--exec 'exec python3 ") || !strings.Contains(one.Repeat, "--contract "+thin) {
						t.Errorf("%s/%s: timeline %q, repeat %q", check.ID, one.Name, one.Timeline, one.Repeat)
					}
				}
			}
			if want := map[bool]int{true: 0, false: 1}[c.fails == ""]; r.code != want {
				t.Errorf("exit code %d, want %d\n%s\n%s", r.code, want, r.stdout, r.stderr)
			}
			noAPIKey(t, r)
			if text := content(t, filepath.Join(r.dir, "out", "conformance", "receiver.log")); defect == "talks" && !strings.Contains(text, "fetching with [key:") {
				t.Errorf("the receiver's log does not name the key by its id: %.200s", text)
			}
		})
	}
}

func content(t *testing.T, file string) string {
	t.Helper()
	data, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	return string(data)
}

// noAPIKey looks for keys of the API in all that a run printed and wrote.
func noAPIKey(t *testing.T, r cmdRun) {
	t.Helper()
	made := regexp.MustCompile(`sk-ant-[a-z]+-[0-9a-f]{8,}`)
	if found := made.FindString(r.stdout + r.stderr); found != "" {
		t.Errorf("a key of the API was printed: %s", found)
	}
	err := filepath.WalkDir(filepath.Join(r.dir, "out"), func(path string, d fs.DirEntry, err error) error {
		if err == nil && !d.IsDir() {
			if found := made.FindString(content(t, path)); found != "" {
				t.Errorf("a key of the API is in %s: %s", path, found)
			}
		}
		return err
	})
	if err != nil {
		t.Error(err)
	}
}

// TestWitnessOfAReceiverThatRuns: without --exec the receiver is told where the API will
// be, and hookdrill which key to expect.
func TestWitnessOfAReceiverThatRuns(t *testing.T) {
	t.Parallel()
	command := thinReceiver(t)
	_, port, _ := net.SplitHostPort(freePort(t))
	api := freePort(t)
	const key = "sk-ant-ours-0123456789abcdef"
	const signing = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSwMfKQ9r8GKYo="
	cmd := exec.CommandContext(t.Context(), "/bin/sh", "-c", command)
	cmd.Env = append(os.Environ(), "PORT="+port, "ANTHROPIC_BASE_URL=http://"+api, "ANTHROPIC_API_KEY="+key, "ANTHROPIC_WEBHOOK_SIGNING_KEY="+signing, "NO_PROXY=127.0.0.1")
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = cmd.Process.Kill(); _ = cmd.Wait() })
	for {
		conn, err := (&net.Dialer{Timeout: time.Second}).DialContext(t.Context(), "tcp", "127.0.0.1:"+port)
		if err == nil {
			_ = conn.Close()
			break
		}
		select {
		case <-time.After(20 * time.Millisecond):
		case <-t.Context().Done():
			t.Fatal("the receiver does not listen")
		}
	}
	args := []string{
		"conformance", "--quiet", "--contract", thin, "--target", "http://127.0.0.1:" + port + "/webhooks/claude", "--key-env", "SIGNING",
		"--witness", api, "--api-key-env", "OURS", "--only", "API-01,API-03,LED-01",
	}
	r := run(t, []string{"SIGNING=" + signing, "OURS=" + key}, args...)
	report := reported(t, r)
	for _, check := range report.Checks {
		// The witness shows that nothing was lost, and not that nothing was doubled.
		if want := map[bool]reports.Status{true: reports.NotObserved, false: reports.Pass}[check.ID == "LED-01"]; check.Status != want {
			t.Errorf("%s is %s, want %s: %s %+v", check.ID, check.Status, want, check.Why, check.Cases)
		}
	}
	if r.code != 3 || report.Level != "observed" || !strings.Contains(report.Repeat, "--witness "+api+" --api-key-env OURS") {
		t.Errorf("exit %d, level %s, repeat %q\n%s", r.code, report.Level, report.Repeat, r.stderr)
	}
	noAPIKey(t, r)
	wire := run(t, []string{"SIGNING=" + signing, "OURS=" + key}, append(args, "--level", "wire")...)
	for _, check := range reported(t, wire).Checks {
		if check.Status != reports.NotObserved {
			t.Errorf("at level wire %s is %s: %s", check.ID, check.Status, check.Why)
		}
	}
}

// TestWitnessFlags: flags that would do nothing are refused with the reason.
func TestWitnessFlags(t *testing.T) {
	t.Parallel()
	const target = "http://127.0.0.1:1/"
	tests := map[string]struct {
		args []string
		says string
	}{
		"events that name nothing": {[]string{"--target", target, "--witness", "127.0.0.1:0"}, "the contract claude name nothing that a receiver would fetch"},
		"the bundled receiver":     {[]string{"--contract", thin, "--witness", "127.0.0.1:0"}, "without --target"},
		"a key for nobody":         {[]string{"--contract", thin, "--target", target, "--api-key-env", "A"}, "--witness is missing"},
		"no such variable":         {[]string{"--contract", thin, "--target", target, "--witness", "127.0.0.1:0", "--api-key-env", "NO_SUCH"}, "NO_SUCH is not set"},
		"no address":               {[]string{"--contract", thin, "--target", target, "--witness", "8475"}, "want host:port"},
		"an address of others":     {[]string{"--contract", thin, "--target", target, "--witness", "192.0.2.1:1"}, "--witness"},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			env := []string{"CLAUDE_WEBHOOK_KEY=whsec_x", "ANTHROPIC_WEBHOOK_SIGNING_KEY=whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSwMfKQ9r8GKYo="}
			r := run(t, env, append([]string{"conformance"}, tt.args...)...)
			if r.code != 2 || !strings.Contains(r.stderr, tt.says) {
				t.Errorf("exit %d, want 2 and %q:\n%s", r.code, tt.says, r.stderr)
			}
		})
	}
}
