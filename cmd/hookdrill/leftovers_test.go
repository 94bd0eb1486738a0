package main

import (
	"bytes"
	"errors"
	"net"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"syscall"
	"testing"
	"time"

	"hookdrill/internal/testtool"
	"hookdrill/reports"
)

// TestNothingIsLeft: however a run ends, its receiver, what that has started, its port and the temporary
// files are gone.
func TestNothingIsLeft(t *testing.T) {
	t.Parallel()
	testtool.Need(t, "python3")
	script, err := filepath.Abs("../../zoo/drills/receiver.py")
	if err != nil {
		t.Fatal(err)
	}
	send := func(signals ...os.Signal) func(t *testing.T, cmd *exec.Cmd) {
		return func(t *testing.T, cmd *exec.Cmd) {
			t.Helper()
			for _, s := range signals {
				if err := cmd.Process.Signal(s); err != nil {
					t.Error(err)
				}
			}
		}
	}
	twice := func(t *testing.T, cmd *exec.Cmd) {
		t.Helper()
		send(os.Interrupt)(t, cmd)
		awaitFile(t, filepath.Join(cmd.Dir, "out", "conformance", "report.json")) // the deaf receiver is still there
		send(os.Interrupt)(t, cmd)
	}
	for _, tt := range []struct {
		name, defect string
		do           func(t *testing.T, cmd *exec.Cmd)
		code         int
	}{
		{"success", "", nil, 0},
		{"failure", "memory", nil, 1},
		{"Ctrl-C", "", send(os.Interrupt), 3},
		{"Ctrl-C, and again", "deaf", twice, 130},
		{"SIGTERM", "", send(syscall.SIGTERM), 3},
		{"SIGKILL", "", send(syscall.SIGKILL), -1},
		{"a crash", "", send(syscall.SIGQUIT), 2},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			dir := t.TempDir()
			cmd := command(t, dir, []string{"DEFECT=" + tt.defect, "DB=" + filepath.Join(dir, "events.db")}, "conformance", "--exec",
				"setsid sleep 1000 & sleep 1000 & exec python3 "+script, "--observe", "http://127.0.0.1:{port}/probe", "--only", "IDEM-10", "--settle", "2s")
			stderr := &waiting{want: []byte("at level managed"), came: make(chan struct{})}
			cmd.Stderr = stderr
			if err := cmd.Start(); err != nil {
				t.Fatal(err)
			}
			<-stderr.came
			target := regexp.MustCompile(`http://\S+`).FindString(stderr.text())
			if tt.do != nil {
				tt.do(t, cmd)
			}
			err := cmd.Wait()
			var exit *exec.ExitError
			if err != nil && !errors.As(err, &exit) {
				t.Fatal(err)
			}
			if code := cmd.ProcessState.ExitCode(); code != tt.code {
				t.Errorf("exit code %d, want %d\n%s", code, tt.code, stderr.text())
			}
			nothingLeft(t, target, temporary(cmd.Env))
		})
	}
}

// TestNothingIsLeftByAPanic: a defect of hookdrill leaves nothing either.
func TestNothingIsLeftByAPanic(t *testing.T) {
	testtool.Need(t, "python3")
	script, err := filepath.Abs("../../zoo/drills/receiver.py")
	if err != nil {
		t.Fatal(err)
	}
	tmp := t.TempDir()
	t.Setenv("TMPDIR", tmp)
	t.Setenv("DB", filepath.Join(t.TempDir(), "events.db"))
	stderr := &panicking{}
	code := Run(t.Context(), []string{
		"conformance", "--exec", "exec python3 " + script, "--observe", "http://127.0.0.1:{port}/probe", "--only", "IDEM-10", "--out", t.TempDir(),
	}, Streams{In: strings.NewReader(""), Out: &bytes.Buffer{}, Err: stderr, Env: os.LookupEnv})
	if code != reports.ExitInternal || !strings.Contains(stderr.after.String(), "a defect of hookdrill: nobody can read this") {
		t.Errorf("exit code %d:\n%s", code, stderr.after.String())
	}
	nothingLeft(t, stderr.target, tmp)
}

// panicking is a console that panics once, at what is said when the run has started.
type panicking struct {
	target string
	after  bytes.Buffer
}

func (p *panicking) Write(b []byte) (int, error) {
	if p.target == "" && bytes.Contains(b, []byte("at level managed")) {
		p.target = regexp.MustCompile(`http://\S+`).FindString(string(b))
		panic("nobody can read this")
	}
	return p.after.Write(b)
}

func temporary(env []string) string {
	for _, e := range env {
		if dir, is := strings.CutPrefix(e, "TMPDIR="); is {
			return dir
		}
	}
	return ""
}

// nothingLeft waits until nothing listens at a target, no process knows the folder for temporary
// files, and nothing of a run is in it.
func nothingLeft(t *testing.T, target, tmp string) {
	t.Helper()
	u, err := url.Parse(target)
	if err != nil || u.Host == "" {
		t.Fatalf("target %q: %v", target, err)
	}
	tick := time.NewTicker(20 * time.Millisecond)
	defer tick.Stop()
	late := time.After(time.Minute)
	for {
		files, _ := filepath.Glob(filepath.Join(tmp, "hookdrill-*"))
		processes := knowing(tmp)
		conn, err := (&net.Dialer{}).DialContext(t.Context(), "tcp", u.Host)
		if err == nil {
			_ = conn.Close()
		}
		if err != nil && len(files) == 0 && len(processes) == 0 {
			return
		}
		select {
		case <-tick.C:
		case <-late:
			t.Fatalf("listening %t, files %v, processes %v", err == nil, files, processes)
		}
	}
}

// knowing lists the processes, but for this one, whose environment holds a folder.
func knowing(dir string) (out []string) {
	all, _ := filepath.Glob("/proc/[0-9]*/environ")
	for _, name := range all {
		pid := filepath.Base(filepath.Dir(name))
		data, err := os.ReadFile(name)
		if err != nil || !bytes.Contains(data, []byte("TMPDIR="+dir+"\x00")) {
			continue
		}
		command, _ := os.ReadFile("/proc/" + pid + "/cmdline")
		out = append(out, pid+" "+strings.ReplaceAll(string(command), "\x00", " "))
	}
	return out
}
