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
	"hookdrill/internal/testtool"
	"hookdrill/reports"
)

// drilled starts a receiver by a command and drills it.
func drilled(t *testing.T, command, only string, env ...string) (cmdRun, reports.Report) {
	t.Helper()
	args := []string{"conformance", "--quiet", "--exec", command, "--observe", "http://127.0.0.1:{port}/probe", "--only", only}
	if strings.HasPrefix(env[0], "DEFECT=") && env[0] != "DEFECT=" {
		args = append(args, "--settle", "5s") // what is lost does not come
	}
	r := run(t, env, args...)
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
	testtool.Need(t, "python3")
	script, err := filepath.Abs("../../zoo/drills/receiver.py")
	if err != nil {
		t.Fatal(err)
	}
	const lost = "acknowledged and not processed"
	for _, c := range []struct{ defect, only, fails, why string }{
		{"", "DUR,IDEM-10", "", ""},
		{"acknowledge-first", "DUR-01", "DUR-01", lost},
		{"answers-first", "DUR-01", "DUR-01", lost},
		{"seen-first", "DUR-01", "DUR-01", lost},
		{"acknowledge-first", "DUR-02", "DUR-02", lost},
		{"cut-off", "DUR-02", "DUR-02", "was the only request"},
		{"deaf", "DUR-02", "DUR-02", "a receiver that does not end is killed"},
		{"memory", "IDEM-10", "IDEM-10", "processed more than once: evt_"},
		{"ephemeral", "DUR-06", "DUR-06", lost},
		{"undo", "DUR-08", "DUR-08", "processed more than once: evt_"},
		{"one-reader", "DUR-09", "DUR-09", "want 2xx within the sender's time limit"},
		{"hasty", "DUR-10", "DUR-10", "the first: 408"},
	} {
		t.Run(c.defect+" "+c.only, func(t *testing.T) {
			t.Parallel()
			r, report := drilled(t, "exec python3 "+script, c.only, "DEFECT="+c.defect, "DB="+filepath.Join(t.TempDir(), "events.db"))
			for _, check := range report.Checks {
				want := reports.Pass
				switch check.ID {
				case c.fails:
					want = reports.Fail
				case "DUR-03", "DUR-04", "DUR-05", "DUR-07":
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
			want := map[bool]int{true: 0, false: 1}[c.fails == ""]
			if c.fails == "DUR-09" || c.fails == "DUR-10" {
				want = 3 // advice, and no MUST is judged beside it
			}
			if r.code != want {
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
			// A job of a killed worker runs again only after some 20 s: in queue mode the receiver
			// is not killed.
			only := map[string]string{"transaction": "DUR,IDEM-10", "queue": "DUR-02,DUR-03"}[mode]
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

// TestDefectsOnPostgreSQL: each receiver fails the drill that its defect breaks.
func TestDefectsOnPostgreSQL(t *testing.T) {
	t.Parallel()
	for defect, c := range map[string]struct{ fails, why string }{
		"swallow":      {"DUR-03", "nothing could be stored then"},
		"no-timeout":   {"DUR-04", "want a 5xx within the sender's time limit"},
		"leak":         {"DUR-05", "want 5 answers with 2xx in a row"},
		"storm":        {"DUR-05", "want 5 answers with 2xx in a row"},
		"marks-apart":  {"DUR-07", "processed more than once: evt_"},
		"commit-blind": {"DUR-07", "acknowledged and not processed"},
	} {
		t.Run(defect, func(t *testing.T) {
			t.Parallel()
			r, report := drilled(t, "exec onpostgres", c.fails, "DEFECT="+defect, "DATABASE_URL="+pgtest.URL(t))
			one := check(t, report, c.fails)
			if one.Status != reports.Fail || !strings.Contains(one.Why, c.why) || r.code != 1 {
				t.Errorf("%s is %s, exit %d: %s %+v", one.ID, one.Status, r.code, one.Why, one.Cases)
			}
		})
	}
}

// TestHeldWrongly: what cannot be drilled is refused before anything is started, and the message names
// the mistake.
func TestHeldWrongly(t *testing.T) {
	t.Parallel()
	const target = "http://127.0.0.1:1/webhooks/claude"
	for name, c := range map[string]struct {
		args []string
		env  []string
		want string
	}{
		"no target":          {[]string{"--start-cmd", "true", "--stop-cmd", "true"}, nil, "--start-cmd and --stop-cmd need --target"},
		"no start":           {[]string{"--target", target, "--stop-cmd", "true"}, nil, "--start-cmd is missing"},
		"no stop":            {[]string{"--target", target, "--start-cmd", "true", "--kill-cmd", "true"}, nil, "--stop-cmd is missing"},
		"both":               {[]string{"--target", target, "--exec", "true", "--start-cmd", "true"}, nil, "exclude each other"},
		"a hook that fails":  {[]string{"--target", target, "--start-cmd", "echo no such unit; exit 5", "--stop-cmd", "true"}, nil, "--start-cmd: it ended with status 5 (echo no such unit; exit 5); it wrote:\nno such unit"},
		"a hook for nothing": {[]string{"--target", target, "--exec-ready", "1s", "--start-cmd", "true", "--stop-cmd", "true"}, nil, "nothing listens at 127.0.0.1:1 1s after --start-cmd"},
		"two instances":      {[]string{"--target", target + ",http://127.0.0.1:2/webhooks/claude", "--exec", "true"}, nil, "--exec starts one receiver, and --target names 2"},
		"managed, not held":  {[]string{"--target", target, "--level", "managed"}, nil, "--exec, or --start-cmd and --stop-cmd"},
		"a socket": {
			[]string{"--exec", "true"},
			[]string{"DATABASE_URL=postgres:///app?host=/var/run/postgresql&password=s3cret"},
			"DATABASE_URL: not a database on TCP: host=/var/run/postgresql in the URL's parameters leads past its host",
		},
		"no URL": {[]string{"--exec", "true"}, []string{"DATABASE_URL=host=db password=s3cret"}, "DATABASE_URL: want a URL such as"},
		"ends":   {[]string{"--exec", "echo sorry; exit 3"}, nil, "--exec: the receiver did not start: it ended: exit status 3; it wrote:\nsorry"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			r := run(t, c.env, append([]string{"conformance"}, c.args...)...)
			if r.code != 2 || !strings.Contains(r.stderr, c.want) || strings.Contains(r.stderr, "s3cret") {
				t.Errorf("exit code %d, want 2 and %q:\n%s", r.code, c.want, r.stderr)
			}
		})
	}
}

// TestHooks: a receiver that commands start, stop and kill is drilled as well, and runs in the end as it
// did before.
func TestHooks(t *testing.T) {
	t.Parallel()
	testtool.Need(t, "python3")
	script, err := filepath.Abs("../../zoo/drills/receiver.py")
	if err != nil {
		t.Fatal(err)
	}
	target := "http://" + freeAddress(t) + "/webhooks/claude"
	u, err := url.Parse(target)
	if err != nil {
		t.Fatal(err)
	}
	pid := filepath.Join(t.TempDir(), "pid")
	start := "python3 " + script + " >/dev/null 2>&1 & echo $! >" + pid
	r := run(t, []string{"DB=" + filepath.Join(t.TempDir(), "events.db")}, "conformance", "--quiet", "--target", target,
		"--observe", "http://"+u.Host+"/probe", "--only", "DUR-01,DUR-02,DUR-03,IDEM-10", "--start-cmd", start,
		"--stop-cmd", "kill $(cat "+pid+")", "--kill-cmd", "kill -9 $(cat "+pid+")")
	report, err := agreed(r.dir, r.code)
	if err != nil {
		t.Fatalf("%v\n%s\n%s", err, r.stdout, r.stderr)
	}
	for id, want := range map[string]reports.Status{"DUR-01": reports.Pass, "DUR-02": reports.Pass, "IDEM-10": reports.Pass, "DUR-03": reports.NotApplicable} {
		if one := check(t, report, id); one.Status != want {
			t.Errorf("%s is %s: %s %+v", id, one.Status, one.Why, one.Cases)
		}
	}
	if !strings.Contains(report.Repeat, "--start-cmd ") || !strings.Contains(report.Repeat, "--kill-cmd ") {
		t.Errorf("repeat: %s", report.Repeat)
	}
	if conn, err := (&net.Dialer{}).DialContext(t.Context(), "tcp", u.Host); err == nil {
		_ = conn.Close()
		t.Error("the receiver did not run before, and runs now")
	}
}

// freeAddress is an address where nothing listens.
func freeAddress(t *testing.T) string {
	t.Helper()
	l, err := (&net.ListenConfig{}).Listen(t.Context(), "tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	return l.Addr().String()
}

// TestFailureScenarios: each runs by its name against the bundled receiver, says what it could not
// exercise, and is repeated by its name.
func TestFailureScenarios(t *testing.T) {
	t.Parallel()
	for name, want := range map[string]struct {
		code   int
		unseen string
	}{
		"signature-bypass": {0, ""}, "silent-failure": {0, "DUR-01, DUR-02, DUR-03"}, "clock-skew-and-replay": {0, ""},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			r := run(t, nil, "conformance", "--quiet", "--scenario", name)
			report, err := agreed(r.dir, r.code)
			if err != nil || r.code != want.code {
				t.Fatalf("exit code %d, %v\n%s\n%s", r.code, err, r.stdout, r.stderr)
			}
			if said := report.Assumptions[0]; !strings.HasPrefix(said, "The scenario "+name+" was provoked by ") || !strings.Contains(said, want.unseen) {
				t.Errorf("%s", said)
			}
			if !strings.Contains(report.Repeat, "--scenario "+name) || strings.Contains(report.Repeat, "--only") {
				t.Errorf("repeat: %s", report.Repeat)
			}
		})
	}
	for args, want := range map[string]string{
		"--scenario silent-failur":                  `--scenario: no failure scenario is called "silent-failur"; did you mean "silent-failure"?`,
		"--scenario silent-failure --only SIG-01":   "--scenario and --only both say what to run; give one",
		"--scenario signature-bypass --level wrong": `--level: "wrong" is not one of`,
	} {
		if r := run(t, nil, append([]string{"conformance"}, strings.Fields(args)...)...); r.code != 2 || !strings.Contains(r.stderr, want) {
			t.Errorf("%s: exit code %d\n%s", args, r.code, r.stderr)
		}
	}
	if r := run(t, nil, "scenarios"); !strings.Contains(r.stdout, "\nsilent-failure         Acknowledged and not processed\n") {
		t.Errorf("%s", r.stdout)
	}
	if r := run(t, nil, "scenarios", "failures", "silent-failure"); r.code != 0 || !strings.Contains(r.stdout, "docs/scenarios/silent-failure.md") {
		t.Errorf("%s", r.stdout)
	}
}
