package doctest

import (
	"bytes"
	"context"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"
)

// server is a command in the background.
type server struct {
	name string
	cmd  *exec.Cmd
	out  *lines // what it wrote to stdout
	log  *lines // and to stderr
	done chan struct{}
	err  error
}

// lines keeps what is written and tells who waits.
type lines struct {
	mu   sync.Mutex
	text bytes.Buffer
	more chan struct{}
	file string // where it is written as well
}

func (l *lines) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	select {
	case l.more <- struct{}{}:
	default:
	}
	if l.file != "" {
		f, err := os.OpenFile(l.file, os.O_APPEND|os.O_CREATE|os.O_WRONLY, 0o600)
		if err != nil {
			return 0, err
		}
		if _, err := f.Write(p); err != nil {
			return 0, err
		}
		if err := f.Close(); err != nil {
			return 0, err
		}
	}
	return l.text.Write(p)
}

func (l *lines) String() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.text.String()
}

// launch starts a command in the background under a name; one of that name is stopped before. Its log
// goes into a file of the page's folder too, if that is named.
func (s *session) launch(name string, env []string, command, log string) *server {
	s.t.Helper()
	s.stop(name)
	sv := &server{name: name, out: &lines{more: make(chan struct{}, 1)}, log: &lines{more: make(chan struct{}, 1)}, done: make(chan struct{})}
	if log != "" {
		sv.log.file = filepath.Join(s.dir, log)
	}
	sv.cmd = s.command(context.WithoutCancel(s.t.Context()), env, command) // it is stopped by name, in order
	sv.cmd.Stdout, sv.cmd.Stderr = sv.out, sv.log
	if err := sv.cmd.Start(); err != nil {
		s.t.Fatal(err)
	}
	s.runs[name] = sv
	go func() {
		defer close(sv.done)
		sv.err = sv.cmd.Wait()
	}()
	return sv
}

// stop ends a server, and all that it started, and waits for that. hookdrill itself ends with 0.
func (s *session) stop(name string) {
	s.t.Helper()
	sv := s.runs[name]
	if sv == nil {
		return
	}
	delete(s.runs, name)
	group := -sv.cmd.Process.Pid
	_ = syscall.Kill(group, syscall.SIGTERM)
	select {
	case <-sv.done:
	case <-time.After(farewell):
		s.t.Errorf("%s does not end", name)
	}
	_ = syscall.Kill(group, syscall.SIGKILL) // whoever of the group is left
	<-sv.done
	if code := sv.cmd.ProcessState.ExitCode(); code != 0 && strings.HasPrefix(name, "hookdrill") {
		s.t.Errorf("%s: exit code %d, %v\n%s\n%s", name, code, sv.err, sv.out, sv.log)
	}
}

// says waits for a line of stdout that begins with a word and a colon.
func (s *session) says(sv *server, word string) {
	s.t.Helper()
	late := time.After(bound)
	for !strings.Contains("\n"+sv.out.String(), "\n"+word+": ") {
		select {
		case <-sv.out.more:
		case <-sv.done:
			s.t.Fatalf("%s ended: %v\n%s\n%s", sv.name, sv.err, sv.out, sv.log)
		case <-late:
			s.t.Fatalf("%s does not say %q\n%s\n%s", sv.name, word, sv.out, sv.log)
		}
	}
}

// listens waits until something listens at a port.
func (s *session) listens(sv *server, port string) {
	s.t.Helper()
	late, tick := time.After(bound), time.NewTicker(50*time.Millisecond)
	defer tick.Stop()
	for {
		conn, err := (&net.Dialer{Timeout: time.Second}).DialContext(s.t.Context(), "tcp", "127.0.0.1:"+port)
		if err == nil {
			_ = conn.Close()
			return
		}
		select {
		case <-tick.C:
		case <-sv.done:
			s.t.Fatalf("%s ended: %v\n%s\n%s", sv.name, sv.err, sv.out, sv.log)
		case <-late:
			s.t.Fatalf("nothing listens at port %s\n%s\n%s", port, sv.out, sv.log)
		}
	}
}

// hookdrill starts hookdrill receiver or hookdrill mock, at ports that are free, and notes which.
func (s *session) hookdrill(kind string, env []string, command, log string) *server {
	s.t.Helper()
	env = append([]string{"HOOKDRILL_LISTEN=127.0.0.1:0"}, env...)
	last, ports := "store", map[string]string{"webhooks": "8080", "admin": "9464"}
	if kind == "mock" {
		env = append(env, "HOOKDRILL_ADMIN_LISTEN=127.0.0.1:0")
		last, ports = "seed", map[string]string{"api": "8474", "management": "8475"}
	}
	sv := s.launch("hookdrill "+kind, env, command, log)
	s.says(sv, last)
	for word, port := range ports {
		if said := regexp.MustCompile(`(?m)^` + word + `: http://127\.0\.0\.1:([0-9]+)`).FindStringSubmatch(sv.out.String()); said != nil {
			s.ports[port] = said[1]
		}
	}
	return sv
}

// freePort is a port that nothing listens on.
func freePort(t *testing.T) string {
	t.Helper()
	l, err := (&net.ListenConfig{}).Listen(t.Context(), "tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = l.Close() }()
	_, port, err := net.SplitHostPort(l.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	return port
}

// app starts a receiver that listens at $PORT, and notes where that is.
func (s *session) app(name string, env []string, command string) *server {
	s.t.Helper()
	port := freePort(s.t)
	s.stop(name)
	sv := s.launch(name, append([]string{"PORT=" + port}, env...), command, "")
	s.listens(sv, port)
	s.ports["8080"] = port
	return sv
}
