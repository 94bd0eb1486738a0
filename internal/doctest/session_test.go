package doctest

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"go.uber.org/goleak"

	"hookdrill/internal/pgtest"
	"hookdrill/internal/testtool"
)

const (
	root = "../.."
	// testKey stands where a page has whsec_….
	testKey = "whsec_ZG9jdW1lbnRlZCBjb21tYW5kcyBhcmUgcnVuIQ=="
	// bound is for a command, and for a server to listen, on a busy machine too.
	bound = 4 * time.Minute
	// farewell is how long a server may take to end.
	farewell = 30 * time.Second
)

// session is the reader of one page: a folder, a shell, and what runs in the background.
type session struct {
	t     *testing.T
	dir   string // where the page is carried out: a copy of the repository, as far as need be
	state string // where the shell keeps its folder and its exported variables
	env   []string
	swaps [][2]string       // what the page writes for what is this reader's own
	ports map[string]string // the ports of the page, and those that stand for them here
	url   string            // what the page calls URL
	runs  map[string]*server
	base  string // of the database that the page calls postgres://…
}

// newSession makes a folder that looks like a clone of the repository with bin/hookdrill built. What
// commands may write into is a copy, everything else a link.
func newSession(t *testing.T) *session {
	t.Helper()
	s := &session{t: t, dir: filepath.Join(t.TempDir(), "hookdrill"), state: t.TempDir(), ports: map[string]string{}, runs: map[string]*server{}}
	clone(t, s.dir)
	if err := os.Link(built(t), filepath.Join(s.dir, "bin", "hookdrill")); err != nil {
		t.Fatal(err)
	}
	s.env = append(environment(t, s.dir), "CLAUDE_WEBHOOK_KEY="+testKey)
	s.write(".curlrc", []byte("silent\nshow-error\n")) // where a terminal is, curl shows no progress either
	t.Cleanup(func() {
		for _, name := range sorted(s.runs) {
			s.stop(name)
		}
	})
	return s
}

func sorted[V any](m map[string]V) []string {
	var out []string
	for k := range m {
		out = append(out, k)
	}
	slices.Sort(out)
	return out
}

// clone links the folders of the repository into a folder, and copies what commands may write to: the
// files beside them, such as go.mod, and the examples, which are started in their own folders.
func clone(t *testing.T, dir string) {
	t.Helper()
	from, err := filepath.Abs(root)
	if err != nil {
		t.Fatal(err)
	}
	entries, err := os.ReadDir(from)
	if err != nil {
		t.Fatal(err)
	}
	if err := os.MkdirAll(filepath.Join(dir, "bin"), 0o750); err != nil {
		t.Fatal(err)
	}
	for _, e := range entries {
		here, there := filepath.Join(from, e.Name()), filepath.Join(dir, e.Name())
		switch {
		case slices.Contains([]string{".git", "bin", "out", "dist"}, e.Name()):
			continue
		case e.Name() == "examples":
			err = os.CopyFS(there, os.DirFS(here))
		case e.IsDir():
			err = os.Symlink(here, there)
		default:
			var data []byte
			if data, err = os.ReadFile(here); err == nil {
				err = os.WriteFile(there, data, 0o600)
			}
		}
		if err != nil {
			t.Fatal(err)
		}
	}
}

// environment is what a command finds: tools, Go's caches, Docker, and nothing that configures hookdrill.
func environment(t *testing.T, dir string) []string {
	t.Helper()
	out, err := exec.CommandContext(t.Context(), "go", "env", "GOCACHE", "GOMODCACHE", "GOPATH", "GOPROXY", "GOSUMDB", "GOTOOLCHAIN").Output()
	if err != nil {
		t.Fatal(err)
	}
	env := []string{
		"PATH=" + filepath.Join(dir, "bin") + ":/usr/bin:" + os.Getenv("PATH"), "HOME=" + dir, "TMPDIR=" + t.TempDir(), "LANG=C.UTF-8", "PYTHONDONTWRITEBYTECODE=1",
		"NODE_PATH=" + strings.Join(append(filepath.SplitList(os.Getenv("NODE_PATH")), "/usr/share/nodejs", "/usr/lib/nodejs"), ":"),
		"DB=" + filepath.Join(dir, "events.db"),
	}
	for i, value := range strings.Split(strings.TrimSpace(string(out)), "\n") {
		env = append(env, []string{"GOCACHE", "GOMODCACHE", "GOPATH", "GOPROXY", "GOSUMDB", "GOTOOLCHAIN"}[i]+"="+value)
	}
	for _, pair := range os.Environ() {
		if name, _, _ := strings.Cut(pair, "="); strings.HasPrefix(name, "DOCKER_") || strings.HasPrefix(name, "TESTCONTAINERS_") || name == "HOOKDRILL_POSTGRES_IMAGE" {
			env = append(env, pair)
		}
	}
	return env
}

// write puts a file into the page's folder.
func (s *session) write(name string, data []byte) {
	s.t.Helper()
	path := filepath.Join(s.dir, name)
	if err := errors.Join(os.MkdirAll(filepath.Dir(path), 0o750), os.WriteFile(path, data, 0o600)); err != nil {
		s.t.Fatal(err)
	}
}

// copy puts a file of the repository into the page's folder.
func (s *session) copy(from, to string) {
	s.t.Helper()
	data, err := os.ReadFile(filepath.Join(root, from))
	if err != nil {
		s.t.Fatal(err)
	}
	s.write(to, data)
}

// read is a file that a command wrote.
func (s *session) read(name string) string {
	s.t.Helper()
	data, err := os.ReadFile(filepath.Join(s.dir, name))
	if err != nil {
		s.t.Fatal(err)
	}
	return string(data)
}

// database is the URL of the page's database, an empty one at first.
func (s *session) database() string {
	s.t.Helper()
	if s.base == "" {
		s.base = pgtest.URL(s.t)
	}
	return s.base
}

// fill puts this reader's own into a text where the page has placeholders and its own addresses, and
// changes nothing else. A port that nothing listens on yet is 0: whoever listens there takes a free one.
func (s *session) fill(text string) string {
	s.t.Helper()
	for _, swap := range s.swaps {
		text = strings.ReplaceAll(text, swap[0], swap[1])
	}
	text = strings.ReplaceAll(text, "whsec_…", testKey)
	text = regexp.MustCompile(`\bURL\b`).ReplaceAllLiteralString(text, cmp.Or(s.url, "URL"))
	if postgres := regexp.MustCompile(`postgres://(?:…|(?:user|reader)@(?:127\.0\.0\.1|localhost):5432/[a-z]+)`); postgres.MatchString(text) {
		text = postgres.ReplaceAllLiteralString(text, s.database())
	}
	return regexp.MustCompile(`\b(127\.0\.0\.1|localhost):(8080|8474|8475|9464)\b`).ReplaceAllStringFunc(text, func(address string) string {
		host, port, _ := strings.Cut(address, ":")
		return host + ":" + cmp.Or(s.ports[port], "0")
	})
}

// script is a command as bash is given it: where the shell stands, with what it exported.
func (s *session) script(command string) []string {
	return []string{"-eu", "-o", "pipefail", "-c", `if [ -f "$STATE/env" ]; then . "$STATE/env"; cd "$(cat "$STATE/pwd")"; fi` + "\n" + command}
}

func (s *session) command(ctx context.Context, env []string, command string) *exec.Cmd {
	cmd := exec.CommandContext(ctx, "bash", s.script(command)...)
	cmd.Dir, cmd.Env = s.dir, append(slices.Concat(s.env, env), "STATE="+s.state)
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	cmd.Cancel = func() error { return syscall.Kill(-cmd.Process.Pid, syscall.SIGKILL) }
	cmd.WaitDelay = farewell
	return cmd
}

// run carries out a command as it stands and waits for it. The variables of env are for it alone; what
// it exports, and the folder that it changes to, are there for the next one.
func (s *session) run(env []string, command string) (out string, code int) {
	s.t.Helper()
	ctx, cancel := context.WithTimeout(s.t.Context(), bound)
	defer cancel()
	var once []string
	for _, pair := range env {
		name, _, _ := strings.Cut(pair, "=")
		once = append(once, name)
	}
	keep := "trap 'unset STATE " + strings.Join(once, " ") + `; export -p >"` + s.state + `/env"; pwd >"` + s.state + `/pwd"' EXIT`
	cmd := s.command(ctx, env, keep+"\n"+command)
	text, err := cmd.CombinedOutput()
	var exit *exec.ExitError
	if err != nil && !errors.As(err, &exit) || ctx.Err() != nil {
		s.t.Fatalf("%s: %v\n%s", command, errors.Join(err, ctx.Err()), text)
	}
	return string(text), cmd.ProcessState.ExitCode()
}

// must carries out a command of the test's own.
func (s *session) must(env []string, command string) string {
	s.t.Helper()
	out, code := s.run(env, command)
	if code != 0 {
		s.t.Fatalf("exit code %d: %s\n%s", code, command, out)
	}
	return out
}

// needs asks for tools. Where they must be there (HOOKDRILL_REQUIRE_TOOLS=1, as in CI) it is a failure that
// they are not.
func needs(t *testing.T, commands ...string) {
	t.Helper()
	for _, c := range commands {
		cmd := exec.CommandContext(t.Context(), "bash", "-c", c)
		cmd.Env = environment(t, t.TempDir())
		if out, err := cmd.CombinedOutput(); err != nil {
			testtool.Missing(t, fmt.Errorf("%s: %w\n%s", c, err, out))
		}
	}
}

// shared is a folder of all pages, with hookdrill in it once the first page has built it.
var shared struct {
	dir  string
	once sync.Once
	err  error
}

// TestMain keeps that folder while the tests run.
func TestMain(m *testing.M) { goleak.VerifyTestMain(tests{pgtest.Tests(m)}) }

type tests struct{ m interface{ Run() int } }

func (t tests) Run() int {
	if shared.dir, shared.err = os.MkdirTemp("", "hookdrill-doctest-"); shared.err != nil {
		_, _ = fmt.Fprintln(os.Stderr, shared.err)
		return 1
	}
	code := t.m.Run()
	if err := os.RemoveAll(shared.dir); err != nil {
		_, _ = fmt.Fprintln(os.Stderr, err)
		code = max(code, 1)
	}
	return code
}

// built is the path of hookdrill as make build makes it, without the race detector.
func built(t *testing.T) string {
	t.Helper()
	shared.once.Do(func() {
		dir := filepath.Join(shared.dir, "hookdrill")
		clone(t, dir)
		cmd := exec.CommandContext(t.Context(), "make", "build")
		cmd.Dir, cmd.Env = dir, environment(t, dir)
		if out, err := cmd.CombinedOutput(); err != nil {
			shared.err = fmt.Errorf("make build: %w\n%s", err, out)
		}
	})
	path := filepath.Join(shared.dir, "hookdrill", "bin", "hookdrill")
	if _, err := os.Stat(path); err != nil || shared.err != nil {
		t.Fatal("there is no hookdrill: ", errors.Join(err, shared.err))
	}
	return path
}
