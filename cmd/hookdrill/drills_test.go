package main

import (
	"encoding/json"
	"net"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"hookdrill/internal/pgtest"
	"hookdrill/reports"
)

// drilled starts a receiver by a command and drills it.
func drilled(t *testing.T, command, only string, env ...string) (cmdRun, reports.Report) {
	t.Helper()
	r := run(t, env, "conformance", "--quiet", "--exec", command, "--observe", "http://127.0.0.1:{port}/probe", "--only", only)
	data, err := os.ReadFile(filepath.Join(r.dir, "out", "conformance", "report.json"))
	if err != nil {
		t.Fatalf("%v\n%s\n%s", err, r.stdout, r.stderr)
	}
	var report reports.Report
	if err := json.Unmarshal(data, &report); err != nil {
		t.Fatal(err)
	}
	if report.ExitCode != r.code || report.Level != "managed" {
		t.Errorf("exit code %d, the report says %d at level %s", r.code, report.ExitCode, report.Level)
	}
	target, err := url.Parse(report.Target.URL)
	if err != nil {
		t.Fatal(err)
	}
	if conn, err := (&net.Dialer{}).DialContext(t.Context(), "tcp", target.Host); err == nil {
		_ = conn.Close()
		t.Errorf("something listens at %s after the run", target.Host)
	}
	return r, report
}

// TestDrills: each receiver, in Python on SQLite, fails the drill that its defect breaks; one
// without a defect fails none.
func TestDrills(t *testing.T) {
	t.Parallel()
	tools(t, "python3")
	script, err := filepath.Abs("../../zoo/drills/receiver.py")
	if err != nil {
		t.Fatal(err)
	}
	for defect, c := range map[string]struct{ only, fails, why string }{
		"":                  {"DUR,IDEM-10", "", ""},
		"acknowledge-first": {"DUR-01", "DUR-01", "acknowledged and not processed: evt_"},
		"seen-first":        {"DUR-01", "DUR-01", "acknowledged and not processed: evt_"},
		"memory":            {"IDEM-10", "IDEM-10", "processed more than once: evt_"},
		"deaf":              {"DUR-02", "DUR-02", "a receiver that does not end is killed"},
	} {
		t.Run(defect, func(t *testing.T) {
			t.Parallel()
			r, report := drilled(t, "exec python3 "+script, c.only, "DEFECT="+defect, "DB="+filepath.Join(t.TempDir(), "events.db"))
			for _, check := range report.Checks {
				want := reports.Pass
				switch check.ID {
				case c.fails:
					want = reports.Fail
				case "DUR-03", "DUR-04", "DUR-05":
					want = reports.NotApplicable // it has no DATABASE_URL
				}
				if check.Status != want {
					t.Errorf("%s is %s, want %s: %s %+v", check.ID, check.Status, want, check.Why, check.Cases)
				}
				if check.ID != c.fails {
					continue
				}
				if !strings.Contains(check.Why, c.why) || len(check.Cases[0].Timeline) < 4 || !strings.Contains(check.Cases[0].Repeat, "--exec 'exec python3 ") {
					t.Errorf("%s: %s; %+v", check.ID, check.Why, check.Cases[0])
				}
			}
			if want := map[bool]int{true: 0, false: 1}[c.fails == ""]; r.code != want {
				t.Errorf("exit code %d, want %d\n%s", r.code, want, r.stdout)
			}
			if _, err := os.Stat(filepath.Join(r.dir, "out", "conformance", "receiver.log")); err != nil {
				t.Error(err)
			}
		})
	}
}

// TestDrillsOnPostgreSQL: the reference receiver keeps what it acknowledged, in both modes,
// whatever becomes of it and of its database.
func TestDrillsOnPostgreSQL(t *testing.T) {
	t.Parallel()
	for _, mode := range []string{"transaction", "queue"} {
		t.Run(mode, func(t *testing.T) {
			t.Parallel()
			// A job of a killed worker runs again only after tens of seconds, longer than a
			// test waits: in queue mode it is only the database that goes.
			only := map[string]string{"transaction": "DUR-01,DUR-03,DUR-04,DUR-05,IDEM-10", "queue": "DUR-03,DUR-04"}[mode]
			r, report := drilled(t, "exec hookdrill receiver --probe --log-level error --mode "+mode, only, "DATABASE_URL="+pgtest.URL(t))
			for _, check := range report.Checks {
				if check.Status != reports.Pass {
					t.Errorf("%s is %s: %s %+v", check.ID, check.Status, check.Why, check.Cases)
				}
			}
			if r.code != 0 {
				t.Errorf("exit code %d\n%s\n%s", r.code, r.stdout, r.stderr)
			}
		})
	}
}
