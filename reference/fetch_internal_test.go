package reference

import (
	"encoding/json"
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"
)

// TestResources: every documented type has its resource, or none when it is
// deleted.
func TestResources(t *testing.T) {
	t.Parallel()
	want := map[string]string{
		"session": "/v1/sessions/x1", "vault": "/v1/vaults/x1", "vault_credential": "/v1/vaults/vlt_1/credentials/x1", "agent": "/v1/agents/x1",
		"deployment": "/v1/deployments/x1", "deployment_run": "/v1/deployment_runs/x1", "environment": "/v1/environments/x1",
		"memory_store": "/v1/memory_stores/x1",
	}
	if n := len(managedTypes()); n != 38 {
		t.Errorf("%d types, want 38", n)
	}
	for _, kind := range managedTypes() {
		body := `{"type":"event","id":"whe_1","created_at":"2026-09-01T12:00:00Z","data":{"type":"` + kind +
			`","id":"x1","vault_id":"vlt_1","session_thread_id":"sthr_1"}}`
		letter, err := readManagedAgents(claim{id: "whe_1"}, nil, []byte(body))
		if err != nil {
			t.Errorf("%s: %v", kind, err)
			continue
		}
		of, state, _ := strings.Cut(kind, ".")
		path, subject := want[of], "x1"
		switch {
		case state == "deleted":
			path = ""
		case strings.HasPrefix(state, "thread_"):
			path, subject = "/v1/sessions/x1/threads/sthr_1", "sthr_1"
		}
		event := letter.event
		if event.Fetch != path || event.TaskID != subject || event.Status != state || event.Type != kind {
			t.Errorf("%s: fetch %q, subject %q, status %q; want %q, %q, %q", kind, event.Fetch, event.TaskID, event.Status, path, subject, state)
		}
	}
}

// hostileIDs are ids that would lead elsewhere if they were put into a path, by
// one server's or proxy's reading or another's.
func hostileIDs() []string {
	return []string{
		"../agents/x", "..", ".", "...", "x/../../y", "x/y", `..\y`, "x?y", "x#y", "@host", "x@host", "//host/x", "http://host/",
		"%2e%2e", "%2e%2e%2fagents", "x%2fy", "%00", "x\x00", "x y", "x\r\nHost: y", "é", ";x", "x:80", strings.Repeat("x", 257),
	}
}

func TestHostileIDsHaveNoPath(t *testing.T) {
	t.Parallel()
	for _, id := range append(hostileIDs(), "") {
		if path := apiPath("sessions", id); path != "" {
			t.Errorf("%q has the path %q", id, path)
		}
		if path := apiPath("vaults", id, "credentials", "x"); path != "" {
			t.Errorf("%q has the path %q", id, path)
		}
	}
	for _, id := range []string{"sesn_011CZkZAtmR3yMPDzynEDxu7", "a.b", "..a", "~", "A-z_0"} {
		if path := apiPath("sessions", id); path != "/v1/sessions/"+id {
			t.Errorf("%q has the path %q", id, path)
		}
	}
}

func FuzzAPIPath(f *testing.F) {
	for _, id := range hostileIDs() {
		f.Add(id)
	}
	base, err := url.Parse("http://api.test:8080/base")
	if err != nil {
		f.Fatal(err)
	}
	f.Fuzz(func(t *testing.T, id string) {
		path := apiPath("sessions", id)
		if path == "" {
			return
		}
		u := base.JoinPath(path)
		again, err := url.Parse(u.String())
		if err != nil || again.Host != "api.test:8080" || again.RawQuery != "" || again.Fragment != "" || again.User != nil {
			t.Fatalf("%q leads to %s", id, u)
		}
		if rest, found := strings.CutPrefix(again.EscapedPath(), "/base/v1/sessions/"); !found || rest != id || strings.Contains(rest, "/") {
			t.Fatalf("%q leads to the path %s", id, again.EscapedPath())
		}
	})
}

func TestBackoff(t *testing.T) {
	t.Parallel()
	var total time.Duration
	for attempt := 1; attempt <= fetchAttempts; attempt++ {
		wait := backoff(attempt)
		want := min(firstWait<<min(attempt-1, 20), longestWait)
		if wait < want*4/5 || wait > want {
			t.Errorf("the wait after attempt %d is %v, want %v to %v", attempt, wait, want*4/5, want)
		}
		total += want
	}
	if total < 45*time.Minute || total > time.Hour {
		t.Errorf("all waits together are %v", total)
	}
	for text, want := range map[string]time.Duration{
		"": 0, "7": 7 * time.Second, "-1": 0, "soon": 0, "999999999999999999": longestWait, "Wed, 21 Oct 2026 07:28:00 GMT": 0, "1e3": 0, "99999999999999999999": 0,
	} {
		if got := retryAfterOf(http.Header{"Retry-After": {text}}); got != want {
			t.Errorf("Retry-After %q = %v, want %v", text, got, want)
		}
	}
}

func TestAPIMistakes(t *testing.T) {
	t.Parallel()
	for text, good := range map[string]bool{
		"http://127.0.0.1:1": true, "https://api.test/base": true, "ftp://x": false, "http://": false, "http://u:p@x": false, "http://x?a=b": false, "http://x#a": false,
	} {
		u, err := url.Parse(text)
		if err != nil {
			t.Fatal(err)
		}
		if err := (API{URL: u, Key: "k"}).wrong(); (err == nil) != good {
			t.Errorf("%s: %v", text, err)
		}
		for _, key := range []string{"", "a b", "k\n", "kéy"} {
			if err := (API{URL: u, Key: key}).wrong(); err == nil || key != "" && strings.Contains(err.Error(), key) {
				t.Errorf("key %q: %v", key, err)
			}
		}
	}
	if (API{Key: "k"}).wrong() == nil {
		t.Error("no URL is taken")
	}
	cfg := Config{Keys: []string{"k"}, Store: struct{ Store }{}, API: &API{URL: &url.URL{Scheme: "http", Host: "x"}, Key: "k"}}
	if err := cfg.Validate(); err == nil || !strings.Contains(err.Error(), "api: the events of claude are whole") {
		t.Errorf("Validate = %v", err)
	}
	cfg.Contract, cfg.Keys = "claude-managed-agents", []string{"whsec_" + strings.Repeat("a", 43) + "="}
	cfg.Keys[0] = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"
	if err := cfg.Validate(); err != nil {
		t.Errorf("Validate = %v", err)
	}
	if _, err := New(cfg); err == nil || !strings.Contains(err.Error(), "cannot keep what is to be fetched") {
		t.Errorf("New = %v", err)
	}
	if _, err := NewHandler(cfg); err == nil || !strings.Contains(err.Error(), "api:") {
		t.Errorf("NewHandler = %v", err)
	}
}

// TestPerhaps: what the sender promises nothing about is never a reason to refuse.
func TestPerhaps(t *testing.T) {
	t.Parallel()
	for raw, want := range map[string]string{`"x"`: "x", `7`: "", `null`: "", `{}`: "", `""`: "", `"\ud800"`: ""} {
		if got := perhaps(map[string]json.RawMessage{"k": json.RawMessage(raw)}, "k"); got != want {
			t.Errorf("%s = %q, want %q", raw, got, want)
		}
	}
}
