package managed

import (
	"context"
	"errors"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"go.uber.org/goleak"

	"hookdrill/internal/testtool"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// free is an address where nothing listens.
func free(t *testing.T) string {
	t.Helper()
	l, err := (&net.ListenConfig{}).Listen(t.Context(), "tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	return l.Addr().String()
}

// server is a command, of Python, that listens on a port.
func server(t *testing.T, port string) string {
	t.Helper()
	testtool.Need(t, "python3")
	return "python3 -u -m http.server --bind 127.0.0.1 " + port
}

func start(t *testing.T, command string, ready time.Duration) (*Receiver, string, error) {
	t.Helper()
	address := free(t)
	_, port, err := net.SplitHostPort(address)
	if err != nil {
		t.Fatal(err)
	}
	r, err := New(Config{Command: command, Env: []string{"PORT=" + port}, Address: address, Ready: ready}, t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = r.Close() })
	return r, address, r.Start(t.Context())
}

// TestWaysToStart: however a command starts its server, it runs, and nothing is left of it once
// it was stopped or killed.
func TestWaysToStart(t *testing.T) {
	t.Parallel()
	listen := server(t, "$PORT")
	for name, command := range map[string]string{
		"exec":                "exec " + listen,
		"child":               listen + "; echo ended",
		"pipeline":            listen + " 2>&1 | cat",
		"background":          listen + " &",
		"daemon":              "setsid " + listen + " >/dev/null 2>&1 </dev/null &",
		"two, and one is off": "sleep 1000 & exec " + listen,
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			r, address, err := start(t, command, time.Minute)
			if err != nil {
				t.Fatal(err)
			}
			for _, how := range []string{"stop", "kill"} {
				if !r.Running() || !listening(t.Context(), address) {
					t.Fatalf("before %s: running %t, listening %t", how, r.Running(), listening(t.Context(), address))
				}
				if how == "stop" {
					_, _, err = r.Stop(20 * time.Second)
				} else {
					err = r.Kill()
				}
				if err != nil {
					t.Fatal(err)
				}
				if left := strays(r.mark); r.Running() || listening(t.Context(), address) || len(left) > 0 {
					t.Fatalf("after %s: running %t, listening %t, processes %v", how, r.Running(), listening(t.Context(), address), left)
				}
				if err := r.Start(t.Context()); err != nil {
					t.Fatalf("after %s: %v", how, err)
				}
			}
		})
	}
}

// TestOneSignal: a second SIGTERM would tell a receiver not to end in order.
func TestOneSignal(t *testing.T) {
	t.Parallel()
	r, _, err := start(t, "trap 'echo asked' TERM; "+server(t, "$PORT")+" & while kill -0 $!; do wait; done 2>/dev/null", time.Minute)
	if err != nil {
		t.Fatal(err)
	}
	if _, inOrder, err := r.Stop(20 * time.Second); !inOrder || err != nil {
		t.Errorf("in order %t, %v", inOrder, err)
	}
	if n := strings.Count(r.output(), "asked"); n != 1 {
		t.Errorf("it was asked %d times:\n%s", n, r.output())
	}
}

// TestStartErrors name the mistake.
func TestStartErrors(t *testing.T) {
	t.Parallel()
	listen := server(t, "0")
	for name, c := range map[string]struct {
		command string
		want    []string
	}{
		"ends":         {"echo sorry >&2; exit 3", []string{"it ended: exit status 3", "sorry"}},
		"ends well":    {"true", []string{"it ended at once", "it wrote nothing"}},
		"not there":    {"exec /no/such/program", []string{"it ended: exit status 127", "not found"}},
		"another port": {"exec " + listen, []string{"nothing listens at 127.0.0.1:", "it listens on port ", "PORT"}},
		"never":        {"exec sleep 1000", []string{"nothing listens at", "after 6s"}},
		"floods":       {"yes 0123456789 | head -c 30000000; exit 1", []string{"it ended", "0123456789"}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			r, _, err := start(t, c.command, 6*time.Second)
			var failed *StartError
			if !errors.As(err, &failed) || len(err.Error()) > 4<<10 {
				t.Fatalf("%v", err)
			}
			for _, want := range c.want {
				if !strings.Contains(err.Error(), want) {
					t.Errorf("%v, want %q", err, want)
				}
			}
			if left := strays(r.mark); r.Running() || len(left) > 0 {
				t.Errorf("running %t, processes %v", r.Running(), left)
			}
		})
	}
}

// TestPortInUse: what listens there already is not taken for the receiver.
func TestPortInUse(t *testing.T) {
	t.Parallel()
	l, err := (&net.ListenConfig{}).Listen(t.Context(), "tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	r, err := New(Config{Command: "exec sleep 1000", Address: l.Addr().String()}, t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	defer r.Close()
	var start *StartError
	if err := r.Start(t.Context()); !errors.As(err, &start) || !start.Busy || !strings.Contains(err.Error(), "listens at "+l.Addr().String()+" already") {
		t.Error(err)
	}
}

// TestPortGivenBackLate: what had the port before may take a moment to be gone.
func TestPortGivenBackLate(t *testing.T) {
	t.Parallel()
	l, err := (&net.ListenConfig{}).Listen(t.Context(), "tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	go func() { // closes once it was looked for
		if conn, err := l.Accept(); err == nil {
			_ = conn.Close()
		}
		_ = l.Close()
	}()
	r, err := New(Config{Command: "exit 7", Address: l.Addr().String()}, t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	defer r.Close()
	var start *StartError
	if err := r.Start(t.Context()); !errors.As(err, &start) || start.Busy {
		t.Errorf("%v, want an end at once", err)
	}
}

// TestPortTaken: somebody who takes the port while the command starts is not taken for the receiver.
func TestPortTaken(t *testing.T) {
	t.Parallel()
	address := free(t)
	r, err := New(Config{Command: "sleep 0.1; echo in use; exit 1", Address: address}, t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	defer r.Close()
	taken := make(chan net.Listener, 1)
	go func() {
		for tick := time.NewTicker(time.Millisecond); !r.Running(); { // until it is under way
			<-tick.C
		}
		l, err := (&net.ListenConfig{}).Listen(context.WithoutCancel(t.Context()), "tcp", address)
		if err != nil {
			t.Error(err)
		}
		taken <- l
	}()
	err = r.Start(t.Context())
	_ = (<-taken).Close()
	if err == nil || !strings.Contains(err.Error(), "it ended: exit status 1; it wrote:\nin use") {
		t.Error(err)
	}
}

// TestDeaf: a receiver that does not heed SIGTERM is killed after the limit, and that is said.
func TestDeaf(t *testing.T) {
	t.Parallel()
	r, address, err := start(t, "trap '' TERM; "+server(t, "$PORT")+" & while :; do wait; done", time.Minute)
	if err != nil {
		t.Fatal(err)
	}
	if _, inOrder, err := r.Stop(time.Second); inOrder || err != nil || r.Running() || listening(t.Context(), address) {
		t.Errorf("in order %t, %v, running %t", inOrder, err, r.Running())
	}
}

// TestGuard: should hookdrill be gone, all that it started ends, and its folder is removed.
func TestGuard(t *testing.T) {
	t.Parallel()
	mark := "HOOKDRILL_RUN=" + t.Name()
	scratch := filepath.Join(t.TempDir(), "scratch")
	if err := os.Mkdir(scratch, 0o700); err != nil {
		t.Fatal(err)
	}
	g, err := newGuard(mark, scratch)
	if err != nil {
		t.Fatal(err)
	}
	cmd := exec.CommandContext(context.WithoutCancel(t.Context()), "/bin/sh", "-c", "setsid sleep 1000 & sleep 1000")
	cmd.Env = append(os.Environ(), mark)
	group(cmd)
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	g.watch(cmd.Process.Pid)
	for tick := time.NewTicker(poll); len(strays(mark)) < 3; { // until the shell has started both
		<-tick.C
	}
	_ = g.pipe.Close() // as the kernel does for the dead
	_ = cmd.Wait()
	_ = g.cmd.Wait()
	if _, err := os.Stat(scratch); err == nil || alive(cmd, mark) {
		t.Errorf("folder: %v, processes %v", err, strays(mark))
	}
}

// TestCrash: a receiver that ended by itself is started again, and nothing that watched over it ends the
// next one.
func TestCrash(t *testing.T) {
	t.Parallel()
	r, address, err := start(t, "exec "+server(t, "$PORT"), time.Minute)
	if err != nil {
		t.Fatal(err)
	}
	first := r.guard
	_ = r.cmd.Process.Kill()
	<-r.ended
	if r.Running() {
		t.Fatal("it runs after its end")
	}
	if err := r.Start(t.Context()); err != nil {
		t.Fatal(err)
	}
	if first.cmd.ProcessState == nil {
		t.Error("the guard of the first still stands by")
	}
	if !r.Running() || !listening(t.Context(), address) {
		t.Error("the second is gone")
	}
}

// TestHooks: a receiver in other hands is started, stopped and killed by commands.
func TestHooks(t *testing.T) {
	t.Parallel()
	address := free(t)
	_, port, err := net.SplitHostPort(address)
	if err != nil {
		t.Fatal(err)
	}
	pid := filepath.Join(t.TempDir(), "pid")
	h, err := NewHooks(HooksConfig{
		Start: server(t, "$PORT") + " >/dev/null 2>&1 & echo $! >" + pid,
		Stop:  "kill $(cat " + pid + ")", Kill: "kill -9 $(cat " + pid + ")", Env: []string{"PORT=" + port}, Address: address, Ready: time.Minute,
	})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = h.run(context.Background(), "", h.cfg.Kill, time.Minute) })
	for _, kill := range []bool{false, true} {
		if err := h.Start(t.Context()); err != nil || !h.Running() {
			t.Fatalf("%v, running %t", err, h.Running())
		}
		inOrder := true
		if kill {
			err = h.Kill()
		} else {
			_, inOrder, err = h.Stop(20 * time.Second)
		}
		if err != nil || !inOrder || h.Running() {
			t.Fatalf("kill %t: %v, in order %t, running %t", kill, err, inOrder, h.Running())
		}
	}
}

// TestHooksThatFail name the flag and quote what the command wrote.
func TestHooksThatFail(t *testing.T) {
	t.Parallel()
	h, err := NewHooks(HooksConfig{Start: "echo no such unit >&2; exit 5", Stop: "exit 4", Kill: "exit 3", Address: free(t), Ready: time.Second})
	if err != nil {
		t.Fatal(err)
	}
	_, _, stopped := h.Stop(time.Second)
	for want, err := range map[string]error{
		"--start-cmd: it ended with status 5 (echo no such unit >&2; exit 5); it wrote:\nno such unit": h.Start(t.Context()),
		"--stop-cmd: it ended with status 4 (exit 4)":                                                  stopped,
		"--kill-cmd: it ended with status 3 (exit 3)":                                                  h.Kill(),
	} {
		if err == nil || err.Error() != want {
			t.Errorf("%v, want %s", err, want)
		}
	}
	h.cfg.Start = "true"
	if err := h.Start(t.Context()); err == nil || !strings.Contains(err.Error(), "1s after --start-cmd") {
		t.Error(err)
	}
	if _, err := NewHooks(HooksConfig{Address: "x"}); err == nil || !strings.Contains(err.Error(), "start: empty") || !strings.Contains(err.Error(), "address: want host:port") {
		t.Error(err)
	}
}
