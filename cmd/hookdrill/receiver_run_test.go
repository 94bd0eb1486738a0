package main

import (
	"bufio"
	"bytes"
	"context"
	"database/sql"
	"encoding/json"
	"fmt"
	"io"
	"maps"
	"net/http"
	"net/http/httptest"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"hookdrill/internal/testtool"
)

// receiverRun is hookdrill receiver, run in this process.
type receiverRun struct {
	t      *testing.T
	said   map[string]string // what stdout says, by the word before the colon
	stderr *guardedBuffer
	client *http.Client
	stop   func() int // interrupts it and returns the exit code
}

// guardedBuffer may be read while it is written.
type guardedBuffer struct {
	mu   sync.Mutex
	buf  bytes.Buffer
	also io.Writer // nil for none
}

// copyTo appends what was written so far, and what will be, to a file.
func (b *guardedBuffer) copyTo(t *testing.T, name string) {
	t.Helper()
	file, err := os.OpenFile(name, os.O_APPEND|os.O_CREATE|os.O_WRONLY, 0o600)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		b.mu.Lock()
		defer b.mu.Unlock()
		b.also = nil
		_ = file.Close()
	})
	b.mu.Lock()
	defer b.mu.Unlock()
	_, _ = file.Write(b.buf.Bytes())
	b.also = file
}

func (b *guardedBuffer) Write(p []byte) (int, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.also != nil {
		_, _ = b.also.Write(p)
	}
	return b.buf.Write(p)
}

func (b *guardedBuffer) String() string {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.buf.String()
}

// startReceiver starts it on free ports, with the key in its environment.
func startReceiver(t *testing.T, env map[string]string, args ...string) *receiverRun {
	t.Helper()
	all := map[string]string{"CLAUDE_WEBHOOK_KEY": testKey}
	maps.Copy(all, env)
	if _, set := all["PORT"]; !set {
		args = append([]string{"--listen", "127.0.0.1:0"}, args...)
	}
	out, in := io.Pipe()
	r := &receiverRun{t: t, said: map[string]string{}, stderr: new(guardedBuffer)}
	ctx, cancel := context.WithCancel(t.Context())
	code := make(chan int, 1)
	go func() {
		code <- Run(ctx, append([]string{"receiver"}, args...), Streams{
			In: strings.NewReader(""), Out: in, Err: r.stderr,
			Env: func(name string) (string, bool) { value, ok := all[name]; return value, ok },
		})
		_ = in.Close()
	}()
	transport := &http.Transport{MaxIdleConnsPerHost: 100}
	r.client = &http.Client{Transport: transport}
	r.stop = sync.OnceValue(func() int {
		cancel()
		defer transport.CloseIdleConnections()
		return <-code
	})
	t.Cleanup(func() { r.stop() })
	lines := bufio.NewScanner(out)
	for r.said["store"] == "" && lines.Scan() {
		word, rest, _ := strings.Cut(lines.Text(), ": ")
		r.said[word] = rest
	}
	if r.said["store"] == "" {
		t.Fatalf("the receiver ended with %d: %s", r.stop(), r.stderr)
	}
	go func() { _, _ = io.Copy(io.Discard, out) }()
	return r
}

// stamped is an event that is made now.
func stamped(id string) string { return stampedAt(id, time.Now()) }

func stampedAt(id string, t time.Time) string {
	return fmt.Sprintf(`{"id":%q,"type":"agent.task.completed","timestamp":%q,"data":{"task_id":"task_%s","result":{"n":"payload text"}}}`,
		id, t.UTC().Format(time.RFC3339), id)
}

type answered struct {
	code   int
	body   string
	header http.Header
}

func (r *receiverRun) do(method, url, body, signature string) (answered, error) {
	req, err := http.NewRequestWithContext(context.Background(), method, url, strings.NewReader(body))
	if err != nil {
		return answered{}, err
	}
	if signature != "" {
		req.Header.Set("X-Claude-Signature", signature)
	}
	res, err := r.client.Do(req)
	if err != nil {
		return answered{}, err
	}
	defer func() { _ = res.Body.Close() }()
	text, err := io.ReadAll(res.Body)
	return answered{res.StatusCode, string(text), res.Header}, err
}

func (r *receiverRun) deliver(body string) answered {
	r.t.Helper()
	a, err := r.do(http.MethodPost, r.said["webhooks"], body, mac(testKey, []byte(body)))
	if err != nil {
		r.t.Fatal(err)
	}
	return a
}

func (r *receiverRun) get(url string) answered {
	r.t.Helper()
	a, err := r.do(http.MethodGet, url, "", "")
	if err != nil {
		r.t.Fatal(err)
	}
	return a
}

// until waits for what comes true by itself.
func (r *receiverRun) until(what func() bool) {
	r.t.Helper()
	tick := time.NewTicker(5 * time.Millisecond)
	defer tick.Stop()
	deadline := time.After(30 * time.Second)
	for !what() {
		select {
		case <-tick.C:
		case <-deadline:
			r.t.Fatalf("it did not come true within 30 s\n%s", r.stderr)
		}
	}
}

func TestReceiverAsAUserRunsIt(t *testing.T) {
	t.Parallel()
	data := filepath.Join(t.TempDir(), "events.db")
	r := startReceiver(t, nil, "--data", data, "--admin-listen", "127.0.0.1:0", "--probe")
	if got := r.said["store"]; !strings.Contains(got, "SQLite") || !strings.Contains(got, data) {
		t.Errorf("store: %s", got)
	}
	body := stamped("evt_1")
	if a := r.deliver(body); a.code != http.StatusOK || !strings.HasPrefix(a.header.Get("Server-Timing"), "process;dur=") {
		t.Errorf("answer = %+v", a)
	}
	if a, err := r.do(http.MethodPost, r.said["webhooks"], body, "forged"); err != nil || a.code != http.StatusUnauthorized {
		t.Errorf("a forged event = %+v, %v", a, err)
	}
	if a := r.get(r.said["probe"] + "?id=evt_1"); a.body != `{"events":{"evt_1":{"processed":1,"status":"completed"}}}` {
		t.Errorf("probe = %+v", a)
	}
	main := strings.TrimSuffix(r.said["webhooks"], "/webhooks/claude")
	for _, url := range []string{main, r.said["admin"]} {
		for _, path := range []string{"/healthz", "/readyz"} {
			if a := r.get(url + path); a.code != http.StatusOK {
				t.Errorf("%s%s = %+v", url, path, a)
			}
		}
	}
	if a := r.get(main + "/metrics"); a.code != http.StatusNotFound {
		t.Errorf("the world may read the metrics: %d", a.code)
	}
	metrics := r.get(r.said["admin"] + "/metrics").body
	for _, line := range []string{
		`hookdrill_receiver_deliveries_total{outcome="processed"} 1`, `hookdrill_receiver_deliveries_total{outcome="unauthorized"} 1`,
		"hookdrill_receiver_ready 1", "hookdrill_receiver_in_flight_limit 1024", `version="` + version + `"`,
	} {
		if !strings.Contains(metrics, line) {
			t.Errorf("the metrics lack %s", line)
		}
	}
	promtool(t, metrics)
	if code := r.stop(); code != 0 {
		t.Errorf("exit code = %d: %s", code, r.stderr)
	}
	// The log is JSON, and says nothing that it must not.
	for decoder := json.NewDecoder(strings.NewReader(r.stderr.String())); decoder.More(); {
		var line map[string]any
		if err := decoder.Decode(&line); err != nil {
			t.Fatalf("the log is no JSON: %v\n%s", err, r.stderr)
		}
	}
	for _, secret := range []string{testKey, mac(testKey, []byte(body)), "forged", "payload text"} {
		if strings.Contains(r.stderr.String(), secret) {
			t.Errorf("the log holds %q", secret)
		}
	}
}

// promtool has promtool read the text of metrics, where there is one.
func promtool(t *testing.T, metrics string) {
	t.Helper()
	path, err := exec.LookPath("promtool")
	if err != nil && !testtool.Required() {
		t.Logf("the metrics' text is not checked: %v", err)
		return
	}
	cmd := exec.CommandContext(t.Context(), path, "check", "metrics")
	cmd.Stdin = strings.NewReader(metrics)
	if out, err := cmd.CombinedOutput(); err != nil {
		t.Errorf("promtool check metrics: %v\n%s", err, out)
	}
}

func TestReceiverNamesEveryWrongValue(t *testing.T) {
	t.Parallel()
	config := filepath.Join(t.TempDir(), "hookdrill.yaml")
	if err := os.WriteFile(config, []byte("tolerance: soon\nmax_inflight: 3\nidle_timeout: 1s\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	data := filepath.Join(t.TempDir(), "events.db")
	var stderr bytes.Buffer
	env := map[string]string{
		"HOOKDRILL_MAX_BODY": "x", "HOOKDRILL_RETENTION": "-1h", "HOOKDRILL_MAX_CONNS": "0", "HOOKDRILL_LOG_LEVEL": "loud",
		"HOOKDRILL_PROBE": "perhaps", "HOOKDRILL_PATH": "webhooks", "HOOKDRILL_WRITE_TIMEOUT": "1s", "PORT": "http",
		"OTEL_EXPORTER_OTLP_ENDPOINT": "https://user:hunter2@collector", "CLAUDE_WEBHOOK_KEY": "",
	}
	code := Run(t.Context(), []string{"receiver", "--config", config, "--data", data}, Streams{
		In: strings.NewReader(""), Out: io.Discard, Err: &stderr,
		Env: func(name string) (string, bool) { value, ok := env[name]; return value, ok },
	})
	if code != 2 {
		t.Errorf("exit code = %d", code)
	}
	for _, want := range []string{
		"HOOKDRILL_MAX_BODY", "HOOKDRILL_RETENTION", "HOOKDRILL_MAX_CONNS", "HOOKDRILL_LOG_LEVEL", "HOOKDRILL_PROBE", "path:",
		"write_timeout:", "PORT", "OTEL_EXPORTER_OTLP_ENDPOINT", "CLAUDE_WEBHOOK_KEY",
		"tolerance: want", `unknown key "max_inflight"; did you mean "max_in_flight"?`,
	} {
		if !strings.Contains(stderr.String(), want) {
			t.Errorf("%s is not named in:\n%s", want, &stderr)
		}
	}
	if strings.Contains(stderr.String(), "hunter2") {
		t.Error("the error shows a password")
	}
	if _, err := os.Stat(data); err == nil {
		t.Error("a store was made although the configuration is wrong")
	}
}

func TestReceiverListensOnPORT(t *testing.T) {
	t.Parallel()
	data := filepath.Join(t.TempDir(), "events.db")
	r := startReceiver(t, map[string]string{"PORT": "0"}, "--data", data)
	if !strings.HasPrefix(r.said["webhooks"], "http://127.0.0.1:") || strings.Contains(r.said["webhooks"], ":8080/") {
		t.Errorf("webhooks: %s", r.said["webhooks"])
	}
	// Whoever names an address gets that one.
	for _, env := range []map[string]string{{"PORT": "1", "HOOKDRILL_LISTEN": "127.0.0.1:0"}} {
		other := startReceiver(t, env, "--data", data)
		if a := other.deliver(stamped("evt_1")); a.code != http.StatusOK {
			t.Errorf("answer = %+v", a)
		}
	}
}

func TestReceiverSettings(t *testing.T) {
	t.Parallel()
	config := filepath.Join(t.TempDir(), "hookdrill.yaml")
	if err := os.WriteFile(config, []byte("max_body: 2 KiB\npath: /hooks\ntolerance: 1h\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	r := startReceiver(t, map[string]string{"HOOKDRILL_TOLERANCE": "1m", "HOOKDRILL_LOG_LEVEL": "error"},
		"--config", config, "--data", filepath.Join(t.TempDir(), "events.db"))
	if !strings.HasSuffix(r.said["webhooks"], "/hooks") {
		t.Errorf("webhooks: %s", r.said["webhooks"])
	}
	// Too old for the environment's minute, not for the file's hour.
	old := stampedAt("evt_1", time.Now().Add(-10*time.Minute))
	for body, want := range map[string]int{
		old:                       http.StatusBadRequest,
		stamped("evt_2"):          http.StatusOK,
		strings.Repeat("a", 2049): http.StatusRequestEntityTooLarge,
	} {
		if a := r.deliver(body); a.code != want {
			t.Errorf("%.40s… = %+v, want %d", body, a, want)
		}
	}
	if code := r.stop(); code != 0 || r.stderr.String() != "" {
		t.Errorf("exit code = %d, log at error: %s", code, r.stderr)
	}
}

// TestReceiverStopsUnderTraffic interrupts it in the middle of deliveries and
// asks a second one, on the same data, about each that was acknowledged.
func TestReceiverStopsUnderTraffic(t *testing.T) {
	t.Parallel()
	data := filepath.Join(t.TempDir(), "events.db")
	r := startReceiver(t, nil, "--data", data, "--drain-delay", "50ms")
	var mu sync.Mutex
	var acknowledged []string
	var senders sync.WaitGroup
	for w := range 8 {
		senders.Go(func() {
			for i := 0; ; i++ {
				id := fmt.Sprintf("evt_%d_%d", w, i)
				body := stamped(id)
				a, err := r.do(http.MethodPost, r.said["webhooks"], body, mac(testKey, []byte(body)))
				if err != nil {
					return // it is gone
				}
				if a.code != http.StatusOK {
					t.Errorf("%s = %+v", id, a)
				}
				mu.Lock()
				acknowledged = append(acknowledged, id)
				mu.Unlock()
			}
		})
	}
	r.until(func() bool { mu.Lock(); defer mu.Unlock(); return len(acknowledged) > 100 })
	if code := r.stop(); code != 0 {
		t.Errorf("exit code = %d: %s", code, r.stderr)
	}
	senders.Wait()

	again := startReceiver(t, nil, "--data", data, "--probe")
	for from := 0; from < len(acknowledged); from += 50 {
		ids := acknowledged[from:min(from+50, len(acknowledged))]
		var found struct {
			Events map[string]struct{ Processed int }
		}
		if err := json.Unmarshal([]byte(again.get(again.said["probe"]+"?"+url.Values{"id": ids}.Encode()).body), &found); err != nil {
			t.Fatal(err)
		}
		for _, id := range ids {
			if found.Events[id].Processed != 1 {
				t.Errorf("%s was acknowledged, and processed %d times", id, found.Events[id].Processed)
			}
		}
	}
}

// TestReceiverOverload holds the store's write lock, so that deliveries wait.
func TestReceiverOverload(t *testing.T) {
	t.Parallel()
	data := filepath.Join(t.TempDir(), "events.db")
	r := startReceiver(t, nil, "--data", data, "--admin-listen", "127.0.0.1:0", "--max-in-flight", "2", "--retry-after", "7s",
		"--store-timeout", "30s", "--write-timeout", "1m")
	// The receiver prunes at its start, and has the file to itself meanwhile.
	db, err := sql.Open("sqlite", "file:"+data+"?_busy_timeout=10000")
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = db.Close() }()
	db.SetMaxOpenConns(1)
	if _, err := db.ExecContext(t.Context(), "BEGIN IMMEDIATE"); err != nil {
		t.Fatal(err)
	}
	// A delivery that has waited for the database for 5 s is answered 503, so
	// those that take the places up come again.
	var waiting sync.WaitGroup
	for i := range 2 {
		waiting.Go(func() {
			for t.Context().Err() == nil {
				body := stamped(fmt.Sprint("evt_waits_", i))
				if a, err := r.do(http.MethodPost, r.said["webhooks"], body, mac(testKey, []byte(body))); err == nil && a.code == http.StatusOK {
					return
				}
			}
		})
	}
	r.until(func() bool {
		return strings.Contains(r.get(r.said["admin"]+"/metrics").body, "\nhookdrill_receiver_in_flight 2\n")
	})
	body := stamped("evt_1")
	r.until(func() bool {
		a := r.deliver(body)
		return a.code == http.StatusServiceUnavailable && a.header.Get("Retry-After") == "7" && a.body == `{"error":"overloaded"}`
	})
	if _, err := db.ExecContext(t.Context(), "ROLLBACK"); err != nil {
		t.Fatal(err)
	}
	waiting.Wait()
	if a := r.deliver(body); a.code != http.StatusOK || a.body != `{"status":"processed"}` {
		t.Errorf("afterwards = %+v", a)
	}
	if code := r.stop(); code != 0 {
		t.Errorf("exit code = %d", code)
	}
}

func TestReceiverSendsTraces(t *testing.T) {
	t.Parallel()
	var mu sync.Mutex
	var got []byte
	var paths []string
	collector := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, req *http.Request) {
		body, _ := io.ReadAll(req.Body)
		mu.Lock()
		defer mu.Unlock()
		got = append(got, body...)
		paths = append(paths, req.URL.Path)
	}))
	defer collector.Close()
	r := startReceiver(t, map[string]string{"OTEL_EXPORTER_OTLP_ENDPOINT": collector.URL + "/otlp"}, "--data", filepath.Join(t.TempDir(), "events.db"))
	body := stamped("evt_1")
	if a := r.deliver(body); a.code != http.StatusOK {
		t.Errorf("answer = %+v", a)
	}
	if code := r.stop(); code != 0 { // which sends the last spans
		t.Errorf("exit code = %d: %s", code, r.stderr)
	}
	collector.CloseClientConnections()
	mu.Lock()
	defer mu.Unlock()
	if len(paths) == 0 || paths[0] != "/otlp/v1/traces" {
		t.Errorf("spans went to %v", paths)
	}
	for _, name := range []string{"webhook delivery", "verify", "dedupe", "hookdrill-receiver", "agent.task.completed"} {
		if !bytes.Contains(got, []byte(name)) {
			t.Errorf("no %q arrived", name)
		}
	}
	for _, secret := range []string{testKey, mac(testKey, []byte(body)), "payload text", "evt_1", "task_"} {
		if bytes.Contains(got, []byte(secret)) {
			t.Errorf("the traces hold %q", secret)
		}
	}
}

// TestReceiverWithoutCollector: a collector that is away costs a line in the
// log, and nothing else.
func TestReceiverWithoutCollector(t *testing.T) {
	t.Parallel()
	gone := httptest.NewServer(http.NotFoundHandler())
	gone.Close()
	r := startReceiver(t, map[string]string{"OTEL_EXPORTER_OTLP_TRACES_ENDPOINT": gone.URL}, "--data", filepath.Join(t.TempDir(), "events.db"))
	if a := r.deliver(stamped("evt_1")); a.code != http.StatusOK {
		t.Errorf("answer = %+v", a)
	}
	if code := r.stop(); code != 0 || !strings.Contains(r.stderr.String(), `"message":"traces not sent"`) {
		t.Errorf("exit code = %d: %s", code, r.stderr)
	}
}
