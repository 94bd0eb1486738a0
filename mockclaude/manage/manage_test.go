package manage

import (
	"bufio"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"
	"time"

	"go.uber.org/goleak"

	"hookdrill/contract"
	"hookdrill/mockclaude"
	"hookdrill/mockclaude/engine"
	"hookdrill/mockclaude/faults"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// target answers 500 to failures and 200 to all else.
type target struct{}

func (target) Send(_ context.Context, d mockclaude.Delivery) mockclaude.Exchange {
	x := mockclaude.Exchange{EventID: d.EventID, Status: 200, Start: time.Now(), Response: "<script>alert(1)</script>"}
	if d.Type == "agent.task.failed" {
		x.Status = 500
	}
	return x
}

func (g target) Together(ctx context.Context, ds []mockclaude.Delivery) []mockclaude.Exchange {
	var out []mockclaude.Exchange
	for _, d := range ds {
		out = append(out, g.Send(ctx, d))
	}
	return out
}

func (target) Close() {}

type rig struct {
	*engine.Engine
	t testing.TB
	h http.Handler
	j *faults.Injector
}

func serve(t testing.TB, with ...func(*Config)) *rig {
	t.Helper()
	c, err := contract.Load("claude")
	if err != nil {
		t.Fatal(err)
	}
	j := faults.NewInjector(nil)
	clock, err := engine.ScaledClock(1e5)
	if err != nil {
		t.Fatal(err)
	}
	e, err := engine.New(engine.Config{
		Contract: c, Seed: 1, Clock: clock, Faults: j, History: 500, MaxPending: 5000,
		Transport: func(mockclaude.SenderConfig) (engine.Transport, error) { return target{}, nil },
	})
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	ended := make(chan error, 1)
	go func() { ended <- e.Run(ctx) }()
	t.Cleanup(func() {
		cancel()
		<-ended
	})
	if _, err := e.Subscribe(ctx, engine.Subscription{URL: "http://127.0.0.1:1/hook?token=geheim", Key: []byte("whsec_secret")}); err != nil {
		t.Fatal(err)
	}
	cfg := Config{Engine: e, Faults: j, Seed: 1, Speed: 1e5, Started: time.Now()}
	for _, change := range with {
		change(&cfg)
	}
	return &rig{e, t, New(cfg), j}
}

func (r *rig) call(method, path, body string) (int, string) {
	r.t.Helper()
	req := httptest.NewRequest(method, path, strings.NewReader(body))
	if body != "" {
		req.Header.Set("Content-Type", "application/json")
	}
	w := httptest.NewRecorder()
	r.h.ServeHTTP(w, req)
	text := w.Body.String()
	if w.Code != http.StatusNoContent && !json.Valid([]byte(text)) {
		r.t.Errorf("%s %s: %d, not JSON: %.200s", method, path, w.Code, text)
	}
	if w.Code >= 400 && w.Header().Get("Content-Type") != "application/problem+json" {
		r.t.Errorf("%s %s: %d %s", method, path, w.Code, w.Header().Get("Content-Type"))
	}
	if strings.Contains(text, "whsec_secret") || strings.Contains(text, "geheim") || strings.Contains(text, "<script>") {
		r.t.Errorf("%s %s gives away, or does not escape: %s", method, path, text)
	}
	return w.Code, text
}

// want calls and compares the status, and a part of the answer.
func (r *rig) want(code int, part, method, path, body string) string {
	r.t.Helper()
	got, text := r.call(method, path, body)
	if got != code || !strings.Contains(text, part) {
		r.t.Errorf("%s %s %s: %d %s, want %d …%s…", method, path, body, got, text, code, part)
	}
	return text
}

// finished waits until nothing is pending.
func (r *rig) finished() {
	r.t.Helper()
	updates, stop := r.Watch()
	defer stop()
	late := time.After(time.Minute)
	for {
		if s := r.Stats(); s.Pending+s.InFlight == 0 {
			return
		}
		select {
		case <-updates:
		case <-late:
			r.t.Fatal("deliveries are still pending")
		}
	}
}

func TestHistory(t *testing.T) {
	t.Parallel()
	r := serve(t)
	r.want(202, `"accepted":3`, "POST", "/api/events", `{"type":"agent.task.completed","count":3}`)
	r.want(202, `"note":"the contract does not`, "POST", "/api/events", `{"type":"user.own","id":"evt_own","task_id":"task_own","data":{"a":1}}`)
	r.finished()
	r.want(202, `"accepted":1`, "POST", "/api/events", `{"type":"agent.task.failed","task_id":"task_\"x"}`)
	r.finished()
	list := r.want(200, `"state":"abandoned"`, "GET", "/api/deliveries?limit=2", "")
	if !strings.Contains(list, `"next":4`) || strings.Contains(list, `"body"`) {
		t.Errorf("list = %s", list)
	}
	r.want(200, `"id":1,`, "GET", "/api/deliveries?before=4&limit=3", "")
	r.want(200, `"event_id":"evt_own"`, "GET", "/api/deliveries?task_id=task_own", "")
	r.want(200, `"deliveries":[]`, "GET", "/api/deliveries?state=pending", "")
	r.want(200, `"id":5`, "GET", "/api/dead-letters", "")
	r.want(200, `\"a\":1`, "GET", "/api/deliveries/4", "")
	r.want(200, `task_\\\"x`, "GET", "/api/deliveries/5", "")
	if text := r.want(200, `"next_wait_s"`, "GET", "/api/attempts?failed=true&limit=1000", ""); strings.Count(text, `"delivery":5`) != 11 {
		t.Errorf("attempts = %s", text)
	}
	r.want(200, `"attempts":[]`, "GET", "/api/attempts?delivery=5&until=100", "")
	r.want(200, `"contract":"claude"`, "GET", "/api/stats", "")
	r.want(200, `"abandoned":1`, "GET", "/api/stats", "")
	r.want(200, `"id":"we_000001"`, "GET", "/api/endpoints", "")
	r.want(202, `"delivery":6`, "POST", "/api/deliveries/1/redeliver", "{}")
	r.finished()
	r.want(200, `"redelivery_of":1`, "GET", "/api/deliveries/6", "")
}

func TestLevers(t *testing.T) {
	t.Parallel()
	r := serve(t)
	r.want(200, `"paused":true`, "POST", "/api/pause", "")
	r.want(202, `"deliveries":[1]`, "POST", "/api/events", `{"type":"agent.task.completed","endpoints":["we_000001"],"delay":"1ms"}`)
	r.want(409, "pending", "POST", "/api/deliveries/1/redeliver", "")
	r.want(201, `"id":1`, "POST", "/api/faults", `{"fault":"drop","count":2,"on":"any"}`)
	r.want(201, `"id":2`, "POST", "/api/faults", `{"fault":"duplicate","with":{"copies":2},"match":{"types":["x"]}}`)
	r.want(200, `"left":2`, "GET", "/api/faults", "")
	r.want(204, "", "DELETE", "/api/faults/2", "")
	r.want(404, "no such injection", "DELETE", "/api/faults/2", "")
	r.want(200, `"paused":false`, "POST", "/api/resume", "{}")
	r.finished()
	if text := r.want(200, "", "GET", "/api/attempts?fault=drop", ""); strings.Count(text, "dropped on purpose") != 2 {
		t.Errorf("attempts = %s", text)
	}
	r.want(201, "", "POST", "/api/faults", `{"fault":"drop","count":2,"on":"any"}`)
	r.want(204, "", "DELETE", "/api/faults", "")
	r.want(200, `"injected":[]`, "GET", "/api/faults", "")
	r.want(200, `"we_000001"`, "POST", "/api/pause", `{"endpoint":"we_000001"}`)
	r.want(200, `"paused":true`, "GET", "/api/endpoints", "")
	r.want(200, "", "POST", "/api/resume", `{"endpoint":"we_000001"}`)
	r.want(200, `"id":"we_000001"`, "POST", "/api/endpoints/we_000001/enable", "")
}

func TestRefused(t *testing.T) {
	t.Parallel()
	r := serve(t)
	for _, c := range []struct {
		code                     int
		part, method, path, body string
	}{
		{400, `did you mean \"state\"`, "GET", "/api/deliveries?stat=pending", ""},
		{400, "want one of pending", "GET", "/api/deliveries?state=done", ""},
		{400, "limit: want a number from 1 to 1000", "GET", "/api/deliveries?limit=1001", ""},
		{400, "since: want a time", "GET", "/api/deliveries?since=yesterday", ""},
		{400, "before", "GET", "/api/attempts?before=0", ""},
		{400, "more than once", "GET", "/api/attempts?type=a&type=b", ""},
		{400, "not well-formed", "GET", "/api/attempts?type=%zz", ""},
		{400, "failed: want true or false", "GET", "/api/attempts?failed=1", ""},
		{400, "unknown parameter", "GET", "/api/stats?x=1", ""},
		{400, "unknown parameter", "GET", "/api/dead-letters?state=pending", ""},
		{404, "not known", "GET", "/api/deliveries/99", ""},
		{404, "want a number", "GET", "/api/deliveries/last", ""},
		{404, "nothing is served", "GET", "/api/none", ""},
		{405, "GET", "POST", "/api/stats", ""},
		{400, "type: missing", "POST", "/api/events", "{}"},
		{400, "count", "POST", "/api/events", `{"type":"a","count":10001}`},
		{400, "cannot have one id", "POST", "/api/events", `{"type":"a","count":2,"id":"evt_1"}`},
		{400, "want an object", "POST", "/api/events", `{"type":"a","data":[]}`},
		{400, "delay", "POST", "/api/events", `{"type":"a","delay":"soon"}`},
		{404, "we_none", "POST", "/api/events", `{"type":"a","endpoints":["we_none"]}`},
		{404, "we_none", "POST", "/api/pause", `{"endpoint":"we_none"}`},
		{400, "did you mean", "POST", "/api/faults", `{"fault":"dorp"}`},
		{400, "copies", "POST", "/api/faults", `{"fault":"duplicate","with":{"copies":1000}}`},
		{400, "unknown field", "POST", "/api/faults", `{"fault":"drop","zebra":1}`},
		{404, "", "POST", "/api/deliveries/1/redeliver", ""},
		{404, "", "POST", "/api/endpoints/we_none/enable", ""},
	} {
		r.want(c.code, c.part, c.method, c.path, c.body)
	}
}

// events reads server-sent events.
func events(t *testing.T, body io.Reader, n int) []string {
	t.Helper()
	var out []string
	lines := bufio.NewScanner(body)
	name := ""
	for len(out) < n && lines.Scan() {
		line := lines.Text()
		switch {
		case strings.HasPrefix(line, "event: "):
			name = strings.TrimPrefix(line, "event: ")
		case strings.HasPrefix(line, "data: "):
			if !json.Valid([]byte(line[6:])) {
				t.Errorf("not JSON: %s", line)
			}
			out = append(out, name)
		case strings.HasPrefix(line, ":"):
			out = append(out, "comment")
		}
	}
	return out
}

func open(t *testing.T, srv *httptest.Server) *http.Response {
	t.Helper()
	req, err := http.NewRequestWithContext(t.Context(), http.MethodGet, srv.URL+"/api/live", nil)
	if err != nil {
		t.Fatal(err)
	}
	resp, err := srv.Client().Do(req)
	if err != nil {
		t.Fatal(err)
	}
	return resp
}

func TestLive(t *testing.T) {
	t.Parallel()
	done := make(chan struct{})
	r := serve(t, func(c *Config) { c.Done = done })
	srv := httptest.NewServer(r.h)
	t.Cleanup(srv.Close)
	resp := open(t, srv)
	defer resp.Body.Close()
	if resp.StatusCode != 200 || resp.Header.Get("Content-Type") != "text/event-stream" {
		t.Fatalf("%+v", resp)
	}
	if got := events(t, resp.Body, 1); fmt.Sprint(got) != "[hello]" {
		t.Errorf("begins with %v", got)
	}
	r.want(202, "", "POST", "/api/events", `{"type":"agent.task.completed"}`)
	if got := events(t, resp.Body, 4); fmt.Sprint(got) != "[delivery delivery delivery attempt]" {
		t.Errorf("got %v", got)
	}
	close(done)
	if rest, err := io.ReadAll(resp.Body); err != nil || len(rest) > 2000 {
		t.Errorf("after the end: %q, %v", rest, err)
	}
}

func TestHeartbeat(t *testing.T) {
	t.Parallel()
	r := serve(t, func(c *Config) { c.Heartbeat = 5 * time.Millisecond })
	srv := httptest.NewServer(r.h)
	t.Cleanup(srv.Close)
	resp := open(t, srv)
	defer resp.Body.Close()
	if got := events(t, resp.Body, 3); fmt.Sprint(got) != "[hello comment comment]" {
		t.Errorf("got %v", got)
	}
}

func TestWatchersAreBounded(t *testing.T) {
	t.Parallel()
	r := serve(t)
	srv := httptest.NewServer(r.h)
	t.Cleanup(srv.Close)
	for range mostWatchers {
		defer open(t, srv).Body.Close()
	}
	resp := open(t, srv)
	defer resp.Body.Close()
	if resp.StatusCode != http.StatusServiceUnavailable || resp.Header.Get("Retry-After") == "" {
		t.Errorf("one too many: %d", resp.StatusCode)
	}
	srv.CloseClientConnections()
}

// FuzzManage: whatever is sent, the answer is JSON and no failure of ours.
func FuzzManage(f *testing.F) {
	for _, s := range [][4]string{
		{"GET", "/api/deliveries", "state=pending&limit=3", ""},
		{"GET", "/api/attempts", "since=-99999999999&until=1e9&before=18446744073709551615", ""},
		{"POST", "/api/events", "", `{"type":"{{stamp","data":{"{{hex:00}}":1},"id":"\u0000"}`},
		{"POST", "/api/faults", "", `{"fault":"zombie","with":{"after":null},"match":null}`},
		{"DELETE", "/api/faults/0", "", ""},
		{"POST", "/api/deliveries/1/redeliver", "", "{}"},
		{"POST", "/api/pause", "", `{"endpoint":"\ud800"}`},
	} {
		f.Add(s[0], s[1], s[2], s[3])
	}
	r := serve(f)
	f.Fuzz(func(t *testing.T, method, path, query, body string) {
		if path == "/api/live" || !strings.HasPrefix(path, "/api/") {
			return
		}
		req, err := http.NewRequestWithContext(t.Context(), method, "http://127.0.0.1/", strings.NewReader(body))
		if err != nil {
			return
		}
		req.URL = &url.URL{Scheme: "http", Host: "127.0.0.1", Path: path, RawQuery: query}
		req.Header.Set("Content-Type", "application/json")
		w := httptest.NewRecorder()
		r.h.ServeHTTP(w, req)
		if w.Code >= 500 && !strings.Contains(w.Body.String(), "Full") {
			t.Errorf("%s %q: %d %s", method, path, w.Code, w.Body)
		}
		if w.Code != http.StatusNoContent && !json.Valid(w.Body.Bytes()) {
			t.Errorf("%s %q: %d, not JSON: %.300s", method, path, w.Code, w.Body)
		}
	})
}
