package main

import (
	"bufio"
	"bytes"
	"errors"
	"io"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"hookdrill/reports"
)

// interrupted is a run that is under way.
type interrupted struct {
	*exec.Cmd
	rest chan string // what comes on stderr from now on
	dir  string
}

// interruptible starts a run, and returns it as soon as a line of stderr holds
// text.
func interruptible(t *testing.T, stdout io.Writer, text string, args ...string) *interrupted {
	t.Helper()
	i := &interrupted{dir: t.TempDir(), rest: make(chan string, 1)}
	i.Cmd = command(t, i.dir, nil, args...)
	i.Stdout = stdout
	stderr, err := i.StderrPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := i.Start(); err != nil {
		t.Fatal(err)
	}
	lines := bufio.NewReader(stderr)
	for {
		line, err := lines.ReadString('\n')
		if err != nil {
			t.Fatalf("no line with %q came: %v", text, err)
		}
		if strings.Contains(line, text) {
			break
		}
	}
	go func() {
		rest, _ := io.ReadAll(lines)
		i.rest <- string(rest)
	}()
	return i
}

// press is Ctrl-C.
func (i *interrupted) press(t *testing.T) {
	t.Helper()
	if err := i.Process.Signal(os.Interrupt); err != nil {
		t.Fatal(err)
	}
}

// end waits for the run and returns its exit code, -1 for a signal.
func (i *interrupted) end(t *testing.T) int {
	t.Helper()
	<-i.rest
	err := i.Wait()
	var exit *exec.ExitError
	if err != nil && !errors.As(err, &exit) {
		t.Fatal(err)
	}
	return i.ProcessState.ExitCode()
}

// TestInterrupt: Ctrl-C writes what there is, and says so.
func TestInterrupt(t *testing.T) {
	t.Parallel()
	target := (&receiver{}).serve(t)
	var stdout bytes.Buffer
	i := interruptible(t, &stdout, "SIG-02", "conformance", "--target", target, "--observe", probeOf(target))
	start := time.Now()
	i.press(t)
	code := i.end(t)
	report, err := agreed(i.dir, code)
	if err != nil || code != 3 {
		t.Fatalf("exit %d, %v", code, err)
	}
	if took := time.Since(start); took > 10*time.Second {
		t.Errorf("it took %s to end", took)
	}
	if !report.Interrupted || report.Verdict != reports.Incomplete {
		t.Errorf("interrupted %t, verdict %s", report.Interrupted, report.Verdict)
	}
	if c := check(t, report, "SIG-02"); c.Status != reports.Pass {
		t.Errorf("SIG-02 was decided, and is %s", c.Status)
	}
	for _, id := range []string{"RTY-03", "LED-01", "IDEM-01"} {
		if c := check(t, report, id); c.Status == reports.Pass {
			t.Errorf("%s was not reached, and passes", id)
		}
	}
	if !strings.Contains(stdout.String(), "interrupted: what was not reached is not in these numbers") {
		t.Errorf("the console does not say that the run was interrupted:\n%s", stdout.String())
	}
}

// TestInterruptWithAFailure: an interrupted run ends with 3 even where
// something had failed by then, and the report says both.
func TestInterruptWithAFailure(t *testing.T) {
	t.Parallel()
	i := interruptible(t, nil, "SIG-02", "conformance", "--target", serveHTTP(t, status(http.StatusOK)))
	i.press(t)
	code := i.end(t)
	report, err := agreed(i.dir, code)
	if err != nil || code != 3 || !report.Interrupted || report.Verdict != reports.Nonconformant {
		t.Errorf("exit %d, verdict %s, %v", code, report.Verdict, err)
	}
}

// TestInterruptWhileAsked: a run that is stopped before anything was sent was
// not configured wrongly.
func TestInterruptWhileAsked(t *testing.T) {
	t.Parallel()
	tests := []struct {
		name string
		hang func(rc *receiver, come func(*http.Request))
		args func(target string) []string
	}{
		{"the observer", func(rc *receiver, come func(*http.Request)) {
			rc.probe = func(_ http.ResponseWriter, _ []string, _ int) bool {
				come(rc.question)
				return true
			}
		}, func(target string) []string { return []string{"--observe", probeOf(target)} }},
		{"the target", func(rc *receiver, come func(*http.Request)) {
			rc.before = func(_ http.ResponseWriter, r *http.Request, _ []byte, _ int) bool { come(r); return true }
		}, func(string) []string { return nil }},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			came := make(chan struct{})
			once := sync.OnceFunc(func() { close(came) })
			rc := &receiver{}
			tt.hang(rc, func(r *http.Request) { once(); <-r.Context().Done() })
			target := rc.serve(t)
			dir := t.TempDir()
			cmd := command(t, dir, nil, append([]string{"conformance", "--target", target, "--quiet"}, tt.args(target)...)...)
			if err := cmd.Start(); err != nil {
				t.Fatal(err)
			}
			<-came
			if err := cmd.Process.Signal(os.Interrupt); err != nil {
				t.Fatal(err)
			}
			err := cmd.Wait()
			report, wrong := agreed(dir, cmd.ProcessState.ExitCode())
			if wrong != nil || cmd.ProcessState.ExitCode() != 3 || !report.Interrupted || report.Counts[reports.Pass] != 0 {
				t.Errorf("%v, %v, interrupted %t, %v", err, wrong, report.Interrupted, report.Counts)
			}
		})
	}
}

// TestSecondInterruptKills: whoever insists does not wait for the end, here for
// a console that nobody reads.
func TestSecondInterruptKills(t *testing.T) {
	t.Parallel()
	reading, console, err := os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	defer reading.Close()
	defer console.Close()
	if err := console.SetWriteDeadline(time.Now().Add(100 * time.Millisecond)); err != nil {
		t.Fatal(err)
	}
	for err == nil { // until it is full
		_, err = console.Write(make([]byte, 4<<10))
	}
	i := interruptible(t, console, "SIG-02", "conformance", "--target", (&receiver{}).serve(t))
	i.press(t)
	awaitFile(t, filepath.Join(i.dir, "out", "conformance", "summary.md"))
	i.press(t)
	if code := i.end(t); code != 130 {
		t.Errorf("exit %d, want 130", code)
	}
}

// awaitFile waits until there is a file.
func awaitFile(t *testing.T, name string) {
	t.Helper()
	tick := time.NewTicker(10 * time.Millisecond)
	defer tick.Stop()
	late := time.After(30 * time.Second)
	for {
		if _, err := os.Stat(name); err == nil {
			return
		}
		select {
		case <-tick.C:
		case <-late:
			t.Fatalf("%s does not come", name)
		}
	}
}
