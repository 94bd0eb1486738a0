package api

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"

	"go.uber.org/goleak"

	"hookdrill/contract"
	"hookdrill/mockclaude/engine"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// serve runs an engine, paused, with the API before it.
func serve(t testing.TB, with ...func(*engine.Config)) (*engine.Engine, http.Handler) {
	t.Helper()
	c, err := contract.Load("claude")
	if err != nil {
		t.Fatal(err)
	}
	cfg := engine.Config{Contract: c, Seed: 1}
	for _, change := range with {
		change(&cfg)
	}
	e, err := engine.New(cfg)
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
	if err := e.Pause(ctx, "", true); err != nil {
		t.Fatal(err)
	}
	n := 0
	return e, New(Config{Engine: e, Allow: LocalOnly(nil), NewKey: func() string {
		n++
		return fmt.Sprintf("whsec_generated%d", n)
	}})
}

type reply struct {
	code   int
	header http.Header
	body   string
}

func (r reply) field(t testing.TB, name string) string {
	t.Helper()
	var fields map[string]any
	if err := json.Unmarshal([]byte(r.body), &fields); err != nil {
		t.Fatalf("not JSON: %d %s", r.code, r.body)
	}
	if fields[name] == nil {
		return ""
	}
	return fmt.Sprint(fields[name])
}

func call(h http.Handler, method, path, body string) reply {
	r := httptest.NewRequest(method, path, strings.NewReader(body))
	if body != "" {
		r.Header.Set("Content-Type", "application/json")
	}
	w := httptest.NewRecorder()
	h.ServeHTTP(w, r)
	return reply{w.Code, w.Header(), w.Body.String()}
}

func TestTasks(t *testing.T) {
	t.Parallel()
	e, h := serve(t)
	if r := call(h, "POST", "/api/v1/agents/tasks", `{}`); r.code != 202 || r.header.Get("Hookdrill-Deliveries") != "0" {
		t.Errorf("with nobody subscribed: %+v", r)
	}
	call(h, "POST", "/api/v1/subscriptions", `{"url":"http://127.0.0.1:1/hook"}`)
	for name, c := range map[string]struct {
		body      string
		typ, part string
	}{
		"nothing said":   {`{}`, "agent.task.completed", `"result":{`},
		"as users do":    {`{"prompt":"Summarise","model":"claude","input":{"a":[1]},"metadata":{}}`, "agent.task.completed", `"result":{`},
		"completed":      {`{"outcome":"completed","result":{"answer": 42}}`, "agent.task.completed", `"result":{"answer":42}}`},
		"failed":         {`{"outcome":"failed","error":{"code":"{{x"}}`, "agent.task.failed", `"error":{"code":"{\u007bx"}}`},
		"timeout":        {`{"outcome":"timeout","delay":"2s"}`, "agent.task.timeout", `"task_id":`},
		"a long delay":   {`{"delay":"24h"}`, "agent.task.completed", ""},
		"odd whitespace": {" \n{\"outcome\" : \"failed\"}\n", "agent.task.failed", ""},
	} {
		r := call(h, "POST", "/api/v1/agents/tasks", c.body)
		if r.code != 202 || r.header.Get("Hookdrill-Deliveries") != "1" {
			t.Errorf("%s: %+v", name, r)
			continue
		}
		id := r.field(t, "task_id")
		if want := fmt.Sprintf("{\"task_id\":%q}\n", id); r.body != want {
			t.Errorf("%s: %s, want %s", name, r.body, want)
		}
		list, _ := e.Deliveries(engine.Filter{TaskID: id})
		if len(list) != 1 || list[0].Type != c.typ {
			t.Errorf("%s: %+v", name, list)
			continue
		}
		d, _, _ := e.Delivery(list[0].ID)
		if !strings.Contains(d.Body, c.part) || !strings.Contains(d.Body, id) {
			t.Errorf("%s: body %s", name, d.Body)
		}
		if delayed := d.Due.After(d.Created); delayed != strings.Contains(c.body, "delay") {
			t.Errorf("%s: due %s, created %s", name, d.Due, d.Created)
		}
	}
}

func TestTasksRefused(t *testing.T) {
	t.Parallel()
	_, h := serve(t)
	for name, c := range map[string]struct {
		body string
		code int
		part string
	}{
		"an unknown outcome":      {`{"outcome":"won"}`, 400, "completed, failed, timeout"},
		"a wrong name":            {`{"outcom":"failed"}`, 400, `did you mean \"outcome\"`},
		"a delay without a unit":  {`{"delay":"5"}`, 400, "1.5s"},
		"a number for a delay":    {`{"delay":5}`, 400, "want a string"},
		"a negative delay":        {`{"delay":"-1s"}`, 400, "delay"},
		"too long a delay":        {`{"delay":"25h"}`, 400, "delay"},
		"a result of a failure":   {`{"outcome":"failed","result":{}}`, 400, "has none"},
		"a result that is a text": {`{"result":"x"}`, 400, "want an object"},
		"no JSON":                 {`prompt=x`, 400, "not JSON"},
		"too large":               {`{"prompt":"` + strings.Repeat("a", mostTask) + `"}`, 413, ""},
	} {
		r := call(h, "POST", "/api/v1/agents/tasks", c.body)
		if r.code != c.code || !strings.Contains(r.body, c.part) || r.header.Get("Content-Type") != "application/problem+json" {
			t.Errorf("%s: %+v", name, r)
		}
	}
}

func TestSubscriptions(t *testing.T) {
	t.Parallel()
	_, h := serve(t)
	const path = "/api/v1/subscriptions"
	made := call(h, "POST", path, `{"url":"http://127.0.0.1:1/hook?token=geheim","types":["agent.task.failed"],"concurrency":3}`)
	id, key := made.field(t, "id"), made.field(t, "key")
	if made.code != 201 || key != "whsec_generated1" || made.header.Get("Location") != path+"/"+id || made.field(t, "concurrency") != "3" {
		t.Fatalf("create: %+v", made)
	}
	own := call(h, "POST", path, `{"url":"http://localhost:1/","key":"whsec_my own key"}`)
	if own.code != 201 || own.field(t, "key") != "whsec_my own key" {
		t.Errorf("create with a key: %+v", own)
	}
	rotated := call(h, "POST", path+"/"+id+"/rotate", "")
	if rotated.code != 200 || rotated.field(t, "key") != "whsec_generated2" || rotated.field(t, "key_id") == made.field(t, "key_id") {
		t.Errorf("rotate: %+v", rotated)
	}
	if r := call(h, "POST", path+"/"+id+"/rotate", `{"key":"whsec_chosen"}`); r.code != 200 || r.field(t, "key") != "whsec_chosen" {
		t.Errorf("rotate to a key: %+v", r)
	}
	if r := call(h, "POST", path+"/"+id+"/rotate", `{"key":"whsec_chosen"}`); r.code != 400 || strings.Contains(r.body, "whsec_chosen") {
		t.Errorf("rotate to the same: %+v", r)
	}
	for _, r := range []reply{call(h, "GET", path, ""), call(h, "GET", path+"/"+id, ""), call(h, "POST", path+"/"+id+"/enable", "")} {
		if r.code != 200 || strings.Contains(r.body, "whsec_") || strings.Contains(r.body, "geheim") || !strings.Contains(r.body, id) {
			t.Errorf("%+v", r)
		}
	}
	if r := call(h, "DELETE", path+"/"+id, ""); r.code != 204 || r.body != "" {
		t.Errorf("delete: %+v", r)
	}
	for method, p := range map[string]string{"GET": path + "/" + id, "DELETE": path + "/" + id, "POST": path + "/" + id + "/enable"} {
		if r := call(h, method, p, ""); r.code != 404 || r.field(t, "status") != "404" {
			t.Errorf("%s of a deleted one: %+v", method, r)
		}
	}
}

func TestSubscriptionsRefused(t *testing.T) {
	t.Parallel()
	_, h := serve(t, func(c *engine.Config) { c.MaxEndpoints = 1 })
	for name, c := range map[string]struct {
		body string
		code int
		part string
	}{
		"no URL":             {`{}`, 400, "url: missing"},
		"another scheme":     {`{"url":"file:///etc/passwd"}`, 400, "http://"},
		"a public address":   {`{"url":"http://93.184.216.34/"}`, 400, "--i-operate 93.184.216.34"},
		"a mapped one":       {`{"url":"http://[::ffff:93.184.216.34]/"}`, 400, "--i-operate"},
		"a name of nobody's": {`{"url":"http://nobody.invalid/"}`, 400, "--i-operate nobody.invalid"},
		"a password":         {`{"url":"http://a:b@127.0.0.1/"}`, 400, "password"},
		"a short key":        {`{"url":"http://127.0.0.1/","key":"short"}`, 400, "8 to 1024"},
		"many at once":       {`{"url":"http://127.0.0.1/","concurrency":1000}`, 400, "concurrency"},
		"an unknown field":   {`{"url":"http://127.0.0.1/","zebra":1}`, 400, "zebra"},
	} {
		r := call(h, "POST", "/api/v1/subscriptions", c.body)
		if r.code != c.code || !strings.Contains(r.body, c.part) || strings.Contains(r.body, "whsec_") {
			t.Errorf("%s: %+v", name, r)
		}
	}
	call(h, "POST", "/api/v1/subscriptions", `{"url":"http://127.0.0.1/"}`)
	if r := call(h, "POST", "/api/v1/subscriptions", `{"url":"http://127.0.0.1/"}`); r.code != 503 || r.header.Get("Retry-After") == "" {
		t.Errorf("one too many: %+v", r)
	}
}

func TestLocalOnly(t *testing.T) {
	t.Parallel()
	allow := LocalOnly([]string{"Receiver.example"})
	for raw, want := range map[string]bool{
		"http://127.0.0.1/": true, "http://[::1]:80/": true, "http://10.1.2.3/": true, "http://192.168.1.1/": true, "http://172.16.0.1/": true,
		"http://[fd00::1]/": true, "http://169.254.1.1/": true, "http://localhost/": true, "https://receiver.example/": true,
		"http://8.8.8.8/": false, "http://[2001:4860:4860::8888]/": false, "http://0.0.0.0/": false, "http://172.32.0.1/": false,
		"http://other.receiver.example/": false, "http://nobody.invalid/": false,
	} {
		u, err := url.Parse(raw)
		if err != nil {
			t.Fatal(err)
		}
		if err := allow(t.Context(), u); (err == nil) != want {
			t.Errorf("%s: %v", raw, err)
		}
	}
}

// FuzzAPI: whatever is sent, the answer is JSON and no failure of ours.
func FuzzAPI(f *testing.F) {
	for _, seed := range [][3]string{
		{"POST", "/api/v1/agents/tasks", `{"outcome":"failed","error":{},"delay":"1s"}`},
		{"POST", "/api/v1/subscriptions", `{"url":"http://127.0.0.1/"}`},
		{"POST", "/api/v1/subscriptions", `{"url":"http://%zz/","types":[""],"concurrency":-1,"key":"\u0000"}`},
		{"DELETE", "/api/v1/subscriptions/we_000001", ``},
		{"GET", "/api/v1/subscriptions/%00", ``},
		{"POST", "/api/v1/agents/tasks", `{"result":{"{{stamp":"}}"}}`},
		{"POST", "/api/v1/subscriptions/we_000001/rotate", `{"key":null}`},
		{"POST", "/api/v1/agents/tasks", strings.Repeat(`{"result":`, 20000)},
	} {
		f.Add(seed[0], seed[1], seed[2])
	}
	_, h := serve(f, func(c *engine.Config) { c.MaxEndpoints, c.MaxPending = 20, 1000 })
	f.Fuzz(func(t *testing.T, method, path, body string) {
		u, err := url.ParseRequestURI(path)
		if err != nil || u.Host != "" {
			return
		}
		r, err := http.NewRequestWithContext(t.Context(), method, "http://127.0.0.1", io.NopCloser(strings.NewReader(body)))
		if err != nil {
			return
		}
		r.URL.Path = u.Path
		r.Header.Set("Content-Type", "application/json")
		w := httptest.NewRecorder()
		h.ServeHTTP(w, r)
		full := w.Code == http.StatusServiceUnavailable && strings.Contains(w.Body.String(), "full")
		if w.Code >= 500 && !full {
			t.Errorf("%s %q: %d %s", method, path, w.Code, w.Body)
		}
		if w.Code != http.StatusNoContent && !json.Valid(w.Body.Bytes()) {
			t.Errorf("%s %q: %d, not JSON: %.300s", method, path, w.Code, w.Body)
		}
		if w.Code >= 400 && w.Header().Get("Content-Type") != "application/problem+json" || w.Body.Len() > 64<<10 {
			t.Errorf("%s %q: %d %s, %d bytes", method, path, w.Code, w.Header().Get("Content-Type"), w.Body.Len())
		}
	})
}
