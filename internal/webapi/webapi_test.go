package webapi

import (
	"encoding/json"
	"log/slog"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
)

type sample struct {
	Name  string         `json:"name"`
	Count int            `json:"count"`
	Tags  []string       `json:"tags"`
	Data  map[string]any `json:"data"`
}

func problemOf(t *testing.T, w *httptest.ResponseRecorder) problem {
	t.Helper()
	var p problem
	if err := json.Unmarshal(w.Body.Bytes(), &p); err != nil || w.Header().Get("Content-Type") != "application/problem+json" || p.Status != w.Code {
		t.Fatalf("not a problem document: %d %s, %v", w.Code, w.Body, err)
	}
	return p
}

func TestRead(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		media, body  string
		strict, some int
		part         string
	}{
		"right":           {"application/json", `{"name":"a","count":2,"tags":["x"],"data":{}}`, 200, 200, ""},
		"with a charset":  {"application/json; charset=utf-8", `{}`, 200, 200, ""},
		"a form":          {"application/x-www-form-urlencoded", `{}`, 415, 415, "application/json"},
		"text":            {"text/plain", `{}`, 415, 415, ""},
		"no type":         {"", `{}`, 415, 415, ""},
		"unknown":         {"application/json", `{"zebra":1}`, 400, 200, "zebra"},
		"nearly known":    {"application/json", `{"namer":1}`, 400, 400, `did you mean "name"`},
		"another case":    {"application/json", `{"Name":"a"}`, 400, 400, `did you mean "name"`},
		"a wrong type":    {"application/json", `{"count":"two"}`, 400, 400, "count: want a number"},
		"a wrong array":   {"application/json", `{"tags":"x"}`, 400, 400, "tags: want an array"},
		"a wrong object":  {"application/json", `{"data":[]}`, 400, 400, "data: want an object"},
		"a wrong string":  {"application/json", `{"name":{}}`, 400, 400, "name: want a string"},
		"an array":        {"application/json", `[]`, 400, 400, "want a JSON object"},
		"null":            {"application/json", `null`, 400, 400, "want a JSON object"},
		"nothing":         {"application/json", ``, 400, 400, "not JSON"},
		"two values":      {"application/json", `{} {}`, 400, 400, "not JSON"},
		"half":            {"application/json", `{"name":`, 400, 400, "not JSON"},
		"too large":       {"application/json", `{"name":"` + strings.Repeat("a", 1000) + `"}`, 413, 413, "1000 bytes"},
		"deep":            {"application/json", strings.Repeat("[", 900), 400, 400, ""},
		"a number of fun": {"application/json", `{"count":1e99}`, 400, 400, "count"},
	} {
		for how, read := range map[string]func(http.ResponseWriter, *http.Request, int64, any) bool{"Read": Read, "ReadSome": ReadSome} {
			want := map[string]int{"Read": c.strict, "ReadSome": c.some}[how]
			w := httptest.NewRecorder()
			r := httptest.NewRequest(http.MethodPost, "/", strings.NewReader(c.body))
			r.Header.Set("Content-Type", c.media)
			ok := read(w, r, 1000, &sample{})
			if ok != (want == 200) || w.Code != want {
				t.Errorf("%s, %s: %v, %d %s", name, how, ok, w.Code, w.Body)
				continue
			}
			if !ok && !strings.Contains(problemOf(t, w).Detail, c.part) {
				t.Errorf("%s, %s: %s does not say %q", name, how, w.Body, c.part)
			}
		}
	}
}

func TestGuard(t *testing.T) {
	t.Parallel()
	loop, all := &net.TCPAddr{IP: net.IPv4(127, 0, 0, 1)}, &net.TCPAddr{IP: net.IPv4zero}
	for name, c := range map[string]struct {
		addr   net.Addr
		host   string
		header map[string]string
		want   int
	}{
		"localhost":               {loop, "localhost:8475", nil, 200},
		"an address":              {loop, "127.0.0.1:8475", nil, 200},
		"an IPv6 address":         {loop, "[::1]:8475", nil, 200},
		"without a port":          {loop, "localhost", nil, 200},
		"a name led here":         {loop, "attacker.example:8475", nil, 403},
		"a name that begins so":   {loop, "localhost.attacker.example", nil, 403},
		"no host":                 {loop, "", nil, 403},
		"another address":         {loop, "192.168.0.1", nil, 403},
		"any name from outside":   {all, "mock.internal:80", nil, 200},
		"own origin":              {loop, "localhost:1", map[string]string{"Origin": "http://localhost:1"}, 200},
		"another origin":          {loop, "localhost:1", map[string]string{"Origin": "http://attacker.example"}, 403},
		"another port's origin":   {loop, "localhost:1", map[string]string{"Origin": "http://localhost:2"}, 403},
		"no origin to speak of":   {loop, "localhost:1", map[string]string{"Origin": "null"}, 403},
		"cross-site":              {loop, "localhost:1", map[string]string{"Sec-Fetch-Site": "cross-site"}, 403},
		"same-origin":             {loop, "localhost:1", map[string]string{"Sec-Fetch-Site": "same-origin"}, 200},
		"another origin, outside": {all, "mock.internal", map[string]string{"Origin": "http://attacker.example"}, 403},
	} {
		h := Guard(c.addr, slog.New(slog.DiscardHandler), http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { Write(w, 200, 1) }))
		w := httptest.NewRecorder()
		r := httptest.NewRequest(http.MethodGet, "/", nil)
		r.Host = c.host
		for k, v := range c.header {
			r.Header.Set(k, v)
		}
		h.ServeHTTP(w, r)
		if w.Code != c.want {
			t.Errorf("%s: %d, want %d", name, w.Code, c.want)
		}
	}
}

func TestGuardTurnsAPanicIntoAProblem(t *testing.T) {
	t.Parallel()
	var log strings.Builder
	h := Guard(&net.TCPAddr{}, slog.New(slog.NewTextHandler(&log, nil)), http.HandlerFunc(func(http.ResponseWriter, *http.Request) { panic("oh") }))
	w := httptest.NewRecorder()
	h.ServeHTTP(w, httptest.NewRequest(http.MethodGet, "/", nil))
	if problemOf(t, w); w.Code != 500 || !strings.Contains(log.String(), "oh") || strings.Contains(w.Body.String(), "oh") {
		t.Errorf("%d %s, log %s", w.Code, w.Body, &log)
	}
}

func TestMux(t *testing.T) {
	t.Parallel()
	var m Mux
	ok := func(w http.ResponseWriter, r *http.Request) { Write(w, 200, r.PathValue("id")) }
	m.Handle("GET /things", ok)
	m.Handle("POST /things", ok)
	m.Handle("GET /things/{id}", ok)
	for name, c := range map[string]struct {
		method, path string
		want         int
		allow        string
	}{
		"a thing": {"GET", "/things/1", 200, ""}, "head": {"HEAD", "/things", 200, ""}, "no method": {"PUT", "/things", 405, "GET, HEAD, POST"},
		"nowhere": {"GET", "/other", 404, ""}, "twice a slash": {"GET", "//things", 404, ""}, "dots": {"GET", "/things/../things", 404, ""},
		"a slash more": {"GET", "/things/", 404, ""}, "odd method": {"BREW", "/things/1", 405, "GET, HEAD"},
	} {
		w := httptest.NewRecorder()
		m.ServeHTTP(w, httptest.NewRequest(c.method, c.path, nil))
		if w.Code != c.want || w.Header().Get("Allow") != c.allow {
			t.Errorf("%s: %d, Allow %q", name, w.Code, w.Header().Get("Allow"))
		}
		if w.Code >= 400 {
			problemOf(t, w)
		}
	}
}
