package main

import (
	"bufio"
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"hookdrill/mockclaude/engine"
)

// process is hookdrill in a process of its own, so that it can be killed.
type process struct {
	t    *testing.T
	said map[string]string // what stdout says, by the word before the colon
	log  *guardedBuffer
	cmd  *exec.Cmd
	end  func()
}

// launch starts hookdrill and reads what it says up to the line that begins
// with last.
func launch(t *testing.T, dir string, env []string, last string, args ...string) *process {
	t.Helper()
	p := &process{t: t, said: map[string]string{}, log: new(guardedBuffer)}
	p.cmd = exec.CommandContext(t.Context(), "hookdrill", args...)
	p.cmd.Dir, p.cmd.Stderr = dir, p.log
	p.cmd.Env = append([]string{"PATH=" + os.Getenv("PATH"), "HOME=" + dir}, env...)
	out, err := p.cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := p.cmd.Start(); err != nil {
		t.Fatal(err)
	}
	p.end = sync.OnceFunc(func() { _ = p.cmd.Wait() })
	t.Cleanup(p.kill)
	lines := bufio.NewScanner(out)
	for p.said[last] == "" && lines.Scan() {
		word, rest, _ := strings.Cut(lines.Text(), ": ")
		p.said[word] = rest
	}
	if p.said[last] == "" {
		p.kill()
		t.Fatalf("hookdrill %s said %v: %s", strings.Join(args, " "), p.said, p.log)
	}
	return p
}

// kill ends it as a crash does.
func (p *process) kill() {
	_ = p.cmd.Process.Kill()
	p.end()
}

// stop interrupts it and returns its exit code.
func (p *process) stop() int {
	_ = p.cmd.Process.Signal(os.Interrupt)
	p.end()
	return p.cmd.ProcessState.ExitCode()
}

func launchMock(t *testing.T, dir string, env []string, args ...string) *process {
	t.Helper()
	return launch(t, dir, env, "seed", append([]string{"mock", "--listen", "127.0.0.1:0", "--admin-listen", "127.0.0.1:0"}, args...)...)
}

// ask makes a request and decodes its answer.
func ask[T any](t *testing.T, method, url, body string) (status int, out T) {
	t.Helper()
	req, err := http.NewRequestWithContext(t.Context(), method, url, strings.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	req.Header.Set("Content-Type", "application/json")
	client := &http.Client{Transport: &http.Transport{DisableKeepAlives: true}, Timeout: 30 * time.Second}
	resp, err := client.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	text, err := io.ReadAll(resp.Body)
	if err != nil {
		t.Fatal(err)
	}
	if err := json.Unmarshal(text, &out); err != nil {
		t.Fatalf("%s %s: %d %s: %v", method, url, resp.StatusCode, text, err)
	}
	return resp.StatusCode, out
}

type story struct {
	Delivery engine.Delivery
	Attempts []engine.Attempt
}

// delivered polls the history until a delivery is as it should be.
func (p *process) delivered(id int, right func(story) bool) story {
	p.t.Helper()
	late := time.After(time.Minute)
	for {
		_, s := ask[story](p.t, http.MethodGet, p.said["management"]+"/api/deliveries/"+strconv.Itoa(id), "")
		if right(s) {
			return s
		}
		select {
		case <-time.After(20 * time.Millisecond):
		case <-late:
			p.t.Fatalf("delivery %d: %+v\n%s", id, s, p.log)
		}
	}
}

func task(t *testing.T, mock *process, body string) {
	t.Helper()
	status, answer := ask[map[string]string](t, http.MethodPost, mock.said["api"]+"/api/v1/agents/tasks", body)
	if status != http.StatusAccepted || !strings.HasPrefix(answer["task_id"], "task_") || len(answer) != 1 {
		t.Fatalf("%d %v", status, answer)
	}
}

func freePort(t *testing.T) string {
	t.Helper()
	l, err := new(net.ListenConfig).Listen(t.Context(), "tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	return l.Addr().String()
}

// TestMockAndReceiver: a task is posted while the bundled receiver is dead;
// when it is back, the event is delivered, once.
func TestMockAndReceiver(t *testing.T) {
	t.Parallel()
	dir, env := t.TempDir(), []string{"CLAUDE_WEBHOOK_KEY=" + testKey}
	addr := freePort(t)
	receive := func() *process {
		return launch(t, dir, env, "store", "receiver", "--listen", addr, "--data", "events.db", "--probe")
	}
	receiver := receive()
	mock := launchMock(t, dir, env, "--target", receiver.said["webhooks"], "--speed", "10", "--data", "mock")
	task(t, mock, `{"prompt":"Summarise"}`)
	first := mock.delivered(1, func(s story) bool { return s.Delivery.State == engine.Delivered })
	receiver.kill()
	task(t, mock, `{"outcome":"failed"}`)
	mock.delivered(2, func(s story) bool { return s.Delivery.Attempts >= 3 })
	receiver = receive()
	second := mock.delivered(2, func(s story) bool { return s.Delivery.State == engine.Delivered })
	for i, a := range second.Attempts {
		if last := i == len(second.Attempts)-1; a.OK != last || a.Number != i+1 || !last && a.Err == "" {
			t.Errorf("attempt %d = %+v", i+1, a)
		}
	}
	for _, s := range []story{first, second} {
		_, seen := ask[struct {
			Events map[string]struct{ Processed int }
		}](t, http.MethodGet, receiver.said["probe"]+"?id="+s.Delivery.EventID, "")
		if n := seen.Events[s.Delivery.EventID].Processed; n != 1 {
			t.Errorf("%s was processed %d times", s.Delivery.EventID, n)
		}
	}
	if code := mock.stop(); code != 0 {
		t.Errorf("exit %d: %s", code, mock.log)
	}
}

// TestMockKilled kills the mock between two attempts.
func TestMockKilled(t *testing.T) {
	t.Parallel()
	var mu sync.Mutex
	got := map[string]int{}
	up := false
	srv := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		var ev struct{ ID string }
		_ = json.NewDecoder(r.Body).Decode(&ev)
		mu.Lock()
		defer mu.Unlock()
		got[ev.ID]++
		if !up {
			w.WriteHeader(http.StatusServiceUnavailable)
		}
	}))
	t.Cleanup(srv.Close)
	dir := t.TempDir()
	args := []string{"--target", srv.URL + "/hook", "--speed", "10", "--data", "mock", "--seed", "5"}
	mock := launchMock(t, dir, nil, args...)
	key := mock.said["key"]
	for range 20 {
		task(t, mock, `{}`)
	}
	mock.delivered(20, func(s story) bool { return s.Delivery.Attempts >= 2 })
	mock.kill()
	mu.Lock()
	up = true
	mu.Unlock()
	mock = launchMock(t, dir, nil, args...)
	for id := 1; id <= 20; id++ {
		s := mock.delivered(id, func(s story) bool { return s.Delivery.State == engine.Delivered })
		if s.Delivery.Attempts < 2 || len(s.Attempts) != s.Delivery.Attempts {
			t.Errorf("delivery %d: %+v, %d attempts in the history", id, s.Delivery, len(s.Attempts))
		}
	}
	mu.Lock()
	if len(got) != 20 {
		t.Errorf("%d events came", len(got))
	}
	mu.Unlock()
	if mock.said["key"] != key {
		t.Errorf("key: %s, then %s", key, mock.said["key"])
	}
	var stderr bytes.Buffer
	other := exec.CommandContext(t.Context(), "hookdrill", "mock", "--listen", "127.0.0.1:0", "--admin-listen", "127.0.0.1:0", "--data", "mock")
	other.Dir, other.Stderr = dir, &stderr
	if err := other.Run(); other.ProcessState.ExitCode() != 2 || !strings.Contains(stderr.String(), "another hookdrill mock") {
		t.Errorf("a second one: %v %s", err, &stderr)
	}
	if code := mock.stop(); code != 0 {
		t.Errorf("exit %d: %s", code, mock.log)
	}
}

func TestMockKeys(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	made := launchMock(t, dir, nil, "--target", "http://127.0.0.1:1/hook")
	file := filepath.Join(dir, "out", "mock", "key")
	text, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	key := strings.TrimSpace(string(text))
	info, err := os.Stat(file)
	if err != nil || info.Mode().Perm() != 0o600 || !strings.HasPrefix(key, "whsec_") {
		t.Errorf("%v %v", info.Mode(), err)
	}
	all := fmt.Sprint(made.said) + made.log.String()
	if !strings.HasPrefix(made.said["key"], "file out/mock/key (key:") || strings.Contains(all, key) {
		t.Errorf("it says %s", all)
	}
	shown := launchMock(t, dir, nil, "--show-key")
	if shown.said["key value"] != key {
		t.Errorf("--show-key: %v", shown.said)
	}
	named := launchMock(t, dir, []string{"MY_KEY=whsec_mine"}, "--key-env", "MY_KEY", "--show-key")
	if named.said["key value"] != "whsec_mine" || !strings.HasPrefix(named.said["key"], "environment variable MY_KEY") {
		t.Errorf("--key-env: %v", named.said)
	}
	filed := launchMock(t, dir, []string{"CLAUDE_WEBHOOK_KEY=whsec_other"}, "--key-file", "own")
	if !strings.HasPrefix(filed.said["key"], "file own (") {
		t.Errorf("--key-file: %v", filed.said)
	}
	// Nothing that either listener answers holds the key.
	for _, path := range []string{"/api/endpoints", "/api/stats", "/api/deliveries", "/api/attempts"} {
		_, answer := ask[any](t, http.MethodGet, made.said["management"]+path, "")
		if strings.Contains(fmt.Sprint(answer), key) {
			t.Errorf("%s holds the key", path)
		}
	}
}

// TestMockFaults runs a programme end to end.
func TestMockFaults(t *testing.T) {
	t.Parallel()
	var mu sync.Mutex
	var got []string
	srv := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		body, _ := io.ReadAll(r.Body)
		mu.Lock()
		defer mu.Unlock()
		got = append(got, r.Header.Get("X-Claude-Signature")+string(body))
	}))
	t.Cleanup(srv.Close)
	dir := t.TempDir()
	programme := "title: one replay and one forgery\nsteps:\n  - {fault: replay, with: {copies: 2}}\n  - {fault: forge, with: {how: unsigned}}\n"
	if err := os.WriteFile(filepath.Join(dir, "own.yaml"), []byte(programme), 0o600); err != nil {
		t.Fatal(err)
	}
	mock := launchMock(t, dir, nil, "--target", srv.URL, "--faults", "own.yaml", "--concurrency", "1")
	for id := 1; id <= 3; id++ {
		task(t, mock, `{}`)
		mock.delivered(id, func(s story) bool {
			return s.Delivery.State == engine.Delivered && len(s.Attempts) == map[int]int{1: 3, 2: 2, 3: 1}[id]
		})
	}
	mu.Lock()
	defer mu.Unlock()
	if len(got) != 6 || got[0] != got[1] || got[0] != got[2] || !strings.HasPrefix(got[3], "{") || strings.HasPrefix(got[4], "{") {
		t.Errorf("got %d requests:\n%s", len(got), strings.Join(got, "\n"))
	}
}
