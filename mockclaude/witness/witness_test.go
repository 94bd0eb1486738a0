package witness

import (
	"bufio"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"go.uber.org/goleak"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

const key = "sk-ant-api03-the-key-of-the-witness-tests"

func start(t *testing.T, cfg Config) *Witness {
	t.Helper()
	w, err := Start(t.Context(), cfg)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(w.Close)
	return w
}

// raw sends one request as it is written, and returns status and body; 0 when the
// connection was closed without an answer.
func raw(t *testing.T, address, target string, header ...string) (int, http.Header, string) {
	t.Helper()
	conn, err := (&net.Dialer{}).DialContext(t.Context(), "tcp", address)
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	_ = conn.SetDeadline(time.Now().Add(20 * time.Second))
	fmt.Fprintf(conn, "GET %s HTTP/1.1\r\nHost: %s\r\nConnection: close\r\n%s\r\n", target, address, strings.Join(append(header, ""), "\r\n"))
	resp, err := http.ReadResponse(bufio.NewReader(conn), nil)
	if err != nil {
		return 0, nil, ""
	}
	defer resp.Body.Close()
	body, _ := io.ReadAll(resp.Body)
	return resp.StatusCode, resp.Header, string(body)
}

func last(t *testing.T, w *Witness) Call {
	t.Helper()
	all := w.Calls(nil)
	if len(all) == 0 {
		t.Fatal("the witness saw no call")
	}
	return all[len(all)-1]
}

func TestResourcesAreServed(t *testing.T) {
	t.Parallel()
	w := start(t, Config{})
	tests := map[string]struct{ target, id, word string }{
		"session":        {"/v1/sessions/sesn_1?beta=true", "sesn_1", "session"},
		"thread":         {"/v1/sessions/sesn_1/threads/sthr_1", "sthr_1", "session_thread"},
		"agent":          {"/v1/agents/agent_1", "agent_1", "agent"},
		"deployment":     {"/v1/deployments/depl_1", "depl_1", "deployment"},
		"deployment run": {"/v1/deployment_runs/drun_1", "drun_1", "deployment_run"},
		"environment":    {"/v1/environments/env_1", "env_1", "environment"},
		"vault":          {"/v1/vaults/vlt_1", "vlt_1", "vault"},
		"credential":     {"/v1/vaults/vlt_1/credentials/vcrd_1", "vcrd_1", "vault_credential"},
		"memory store":   {"/v1/memory_stores/memstore_1", "memstore_1", "memory_store"},
		"encoded":        {"/v1/agents/%61gent_1", "agent_1", "agent"},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			status, head, body := raw(t, w.Address(), tt.target)
			var got struct{ ID, Type string }
			if err := json.Unmarshal([]byte(body), &got); err != nil {
				t.Fatalf("%s: %v", body, err)
			}
			if status != 200 || got.ID != tt.id || got.Type != tt.word || head.Get("Content-Type") != "application/json" || head.Get("Request-Id") == "" {
				t.Errorf("got %d, %v, %+v; want 200 and %s %s", status, head, got, tt.word, tt.id)
			}
		})
	}
	status, _, body := raw(t, w.Address(), "/v1/sessions/sesn_1/events?limit=20")
	if status != 200 || body != `{"data":[],"next_page":null}`+"\n" {
		t.Errorf("a collection: %d %s, want an empty page", status, body)
	}
}

func TestOtherPathsAreNotFoundAndRecordedRaw(t *testing.T) {
	t.Parallel()
	w := start(t, Config{})
	for _, target := range []string{
		"/", "/v1/sessions", "/v1/sessions/", "/v1/models", "/v1/sessions/../agents/agent_1", "/v1//sessions/sesn_1", "/v1/sessions/a%2F..%2Fb",
		"/v1/sessions/sesn_1/", "/v1/sessions/%2e%2e", "http://elsewhere.example/v1/sessions/sesn_1", "/v1/sessions/sesn_1%", "/V1/sessions/sesn_1",
	} {
		status, _, body := raw(t, w.Address(), target)
		wantStatus := 404
		if strings.HasSuffix(target, "%") {
			continue // net/http refuses it by itself
		}
		if got := last(t, w); status != wantStatus || !strings.Contains(body, `"not_found_error"`) || got.Target != target || got.Status != wantStatus {
			t.Errorf("%s: answered %d %s, recorded %+v", target, status, body, got)
		}
	}
}

func TestKeys(t *testing.T) {
	t.Parallel()
	tests := map[string]struct {
		handed, header string
		status         int
		state          string
	}{
		"right":            {key, "X-Api-Key: " + key, 200, KeyRight},
		"right as bearer":  {key, "Authorization: Bearer " + key, 200, KeyRight},
		"wrong":            {key, "X-Api-Key: sk-ant-other", 401, KeyWrong},
		"none":             {key, "X-Other: 1", 401, KeyNone},
		"basic is no key":  {key, "Authorization: Basic " + key, 401, KeyNone},
		"nothing to check": {"", "X-Api-Key: " + key, 200, KeyUnchecked},
		"nothing at all":   {"", "X-Other: 1", 200, KeyNone},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := start(t, Config{Key: tt.handed})
			status, _, body := raw(t, w.Address(), "/v1/sessions/sesn_1", tt.header)
			got := last(t, w)
			if status != tt.status || got.Key != tt.state || got.Status != status {
				t.Errorf("answered %d %s, recorded key %s and %d; want %d and %s", status, body, got.Key, got.Status, tt.status, tt.state)
			}
			if (got.KeyID == "") != (tt.state == KeyNone) || got.KeyID != "" && !strings.HasPrefix(got.KeyID, "key:") {
				t.Errorf("key id %q", got.KeyID)
			}
			if !got.About("sesn_1") {
				t.Error("a call with the wrong key is a call about the resource all the same")
			}
		})
	}
}

// TestTheKeyIsRecordedNowhere: wherever a receiver puts the key, the record names it
// by its id.
func TestTheKeyIsRecordedNowhere(t *testing.T) {
	t.Parallel()
	w := start(t, Config{Key: key})
	raw(t, w.Address(), "/v1/sessions/sesn_1?api_key="+key, "X-Api-Key: "+key, "User-Agent: curl "+key, "Anthropic-Version: "+key, "Anthropic-Beta: "+key)
	raw(t, w.Trap(""), "/leak/"+key, "User-Agent: "+key)
	if !w.Wait(t.Context(), func() bool { return w.Total() == 2 }) {
		t.Fatal("not both calls were seen")
	}
	text, err := json.Marshal(w.Calls(nil))
	if err != nil {
		t.Fatal(err)
	}
	if strings.Contains(string(text), key) {
		t.Errorf("the key is in the record: %s", text)
	}
	if !strings.Contains(string(text), w.KeyID()) {
		t.Errorf("the key's id %s is not in the record: %s", w.KeyID(), text)
	}
}

func TestTheTrapSeesWhateverComes(t *testing.T) {
	t.Parallel()
	w := start(t, Config{Key: key})
	tests := []struct{ name, sent, method, target, key string }{
		{"with the key", "GET /M?x=1 HTTP/1.1\r\nHost: h\r\nx-api-key: " + key + "\r\n\r\n", "GET", "/M?x=1", KeyRight},
		{"without a key", "GET /v1/sessions/M HTTP/1.1\r\nHost: h\r\n\r\n", "GET", "/v1/sessions/M", KeyNone},
		{"the key elsewhere", "GET /M HTTP/1.1\r\nCookie: k=" + key + "\r\n\r\n", "GET", "/M", KeyRight},
		{"a proxy's request", "CONNECT api.example:443 HTTP/1.1\r\nHost: api.example:443\r\n\r\n", "CONNECT", "api.example:443", KeyNone},
		{"a handshake", "\x16\x03\x01\x02\x00\x01", "", "(a TLS handshake)", KeyNone},
		{"nothing", "", "", "(a connection without a request)", KeyNone},
		{"something else", "hello\r\n\r\n", "", "(bytes that are no HTTP)", KeyNone},
	}
	for i, tt := range tests {
		conn, err := (&net.Dialer{}).DialContext(t.Context(), "tcp", w.Trap(""))
		if err != nil {
			t.Fatal(err)
		}
		io.WriteString(conn, tt.sent)
		conn.(*net.TCPConn).CloseWrite()
		io.Copy(io.Discard, conn)
		conn.Close()
		if !w.Wait(t.Context(), func() bool { return w.Total() == int64(i+1) }) {
			t.Fatalf("%s: not seen", tt.name)
		}
		if got := last(t, w); !got.Trapped || got.Method != tt.method || got.Target != tt.target || got.Key != tt.key {
			t.Errorf("%s: recorded %+v", tt.name, got)
		}
	}
	if host, _, _ := net.SplitHostPort(w.Trap("host.docker.internal")); host != "host.docker.internal" {
		t.Errorf("Trap() under another name: %s", host)
	}
}

func TestBehaviours(t *testing.T) {
	t.Parallel()
	w := start(t, Config{})
	tests := map[string]struct {
		Behaviour
		want []int // the statuses of calls in turn; 0 is a closed connection
	}{
		"always":      {Behaviour{Status: 404}, []int{404, 404, 404}},
		"first fails": {Behaviour{Status: 500, First: 1}, []int{500, 200, 200}},
		"busy":        {Behaviour{Status: 429, First: 2, RetryAfter: 1500 * time.Millisecond}, []int{429, 429, 200}},
		"dropped":     {Behaviour{Drop: true, First: 1}, []int{0, 200}},
		"delayed":     {Behaviour{Delay: 20 * time.Millisecond}, []int{200}},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			id := "sesn_" + strings.ReplaceAll(name, " ", "_")
			if err := w.Set(id, tt.Behaviour); err != nil {
				t.Fatal(err)
			}
			var got []int
			for range tt.want {
				began := time.Now()
				status, head, _ := raw(t, w.Address(), "/v1/sessions/"+id)
				got = append(got, status)
				if retry := head.Get("Retry-After"); status == 429 && retry != "2" || status == 200 && retry != "" {
					t.Errorf("Retry-After %q with %d", retry, status)
				}
				if time.Since(began) < tt.Delay {
					t.Errorf("answered after %s, before the delay of %s", time.Since(began), tt.Delay)
				}
			}
			if !slices.Equal(got, tt.want) {
				t.Errorf("answers %v, want %v", got, tt.want)
			}
			w.Clear(id)
			if status, _, _ := raw(t, w.Address(), "/v1/sessions/"+id); status != 200 {
				t.Errorf("after Clear: %d", status)
			}
			if status, _, _ := raw(t, w.Address(), "/v1/sessions/sesn_another"); status != 200 {
				t.Errorf("another resource: %d", status)
			}
		})
	}
}

func TestBehavioursThatMakeNoSense(t *testing.T) {
	t.Parallel()
	w := start(t, Config{})
	for name, b := range map[string]Behaviour{
		"status": {Status: 200}, "first": {Status: 500, First: -1}, "needs a status": {First: 1}, "excludes": {Status: 500, Drop: true}, "negative": {Delay: -1},
	} {
		if err := w.Set("x", b); err == nil || !strings.Contains(err.Error(), name) {
			t.Errorf("Set(%+v) error = %v, want one that says %q", b, err, name)
		}
	}
}

// TestDelaysEndEarly: clearing a resource answers who waits for it, and a caller that
// leaves is noticed.
func TestDelaysEndEarly(t *testing.T) {
	t.Parallel()
	w := start(t, Config{})
	for _, id := range []string{"sesn_cleared", "sesn_left"} {
		if err := w.Set(id, Behaviour{Delay: time.Hour}); err != nil {
			t.Fatal(err)
		}
	}
	answered := make(chan int, 1)
	go func() {
		status, _, _ := raw(t, w.Address(), "/v1/sessions/sesn_cleared")
		answered <- status
	}()
	about := func(id string, more func(Call) bool) func() bool {
		return func() bool { return len(w.Calls(func(c Call) bool { return c.About(id) && more(c) })) == 1 }
	}
	w.Wait(t.Context(), about("sesn_cleared", func(c Call) bool { return c.Ended.IsZero() }))
	w.Clear("sesn_cleared")
	if status := <-answered; status != 200 {
		t.Errorf("answered %d once cleared, want 200", status)
	}
	ctx, cancel := context.WithCancel(t.Context())
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, w.URL()+"/v1/sessions/sesn_left", http.NoBody)
	if err != nil {
		t.Fatal(err)
	}
	gone := make(chan struct{})
	go func() {
		defer close(gone)
		client := &http.Client{Transport: &http.Transport{DisableKeepAlives: true}}
		if resp, err := client.Do(req); err == nil {
			resp.Body.Close()
		}
	}()
	w.Wait(t.Context(), about("sesn_left", func(Call) bool { return true }))
	cancel()
	<-gone
	w.Wait(t.Context(), about("sesn_left", func(c Call) bool { return !c.Ended.IsZero() }))
	if got := last(t, w); !got.Left {
		t.Errorf("the caller left, and the record says %+v", got)
	}
}

func TestCloseAnswersWhoWaits(t *testing.T) {
	t.Parallel()
	w, err := Start(t.Context(), Config{})
	if err != nil {
		t.Fatal(err)
	}
	if err := w.Set("sesn_1", Behaviour{Delay: time.Hour}); err != nil {
		t.Fatal(err)
	}
	done := make(chan struct{})
	go func() { defer close(done); raw(t, w.Address(), "/v1/sessions/sesn_1") }()
	w.Wait(t.Context(), func() bool { return w.Total() == 1 })
	w.Close()
	<-done
	w.Close()
	if w.Total() != 1 {
		t.Error("the account is gone")
	}
}

func TestMemoryIsBounded(t *testing.T) {
	t.Parallel()
	w := start(t, Config{Keep: 8})
	for i := range 50 {
		w.add(&Call{IDs: []string{fmt.Sprint("sesn_", i%25)}})
	}
	all := w.Calls(nil)
	if len(all) > 8 || all[len(all)-1].Number != 50 || w.Total() != 50 {
		t.Errorf("kept %d calls, the last is number %d of %d", len(all), all[len(all)-1].Number, w.Total())
	}
	counts, whole := w.Fetched([]string{"sesn_0", "sesn_24", "sesn_never"})
	if !whole || counts["sesn_0"] != 2 || counts["sesn_24"] != 2 || len(counts) != 2 {
		t.Errorf("Fetched() = %v, %v; counts outlive the calls", counts, whole)
	}
	for i := range mostIDs {
		w.add(&Call{IDs: []string{fmt.Sprint("more_", i)}})
	}
	if _, whole := w.Fetched([]string{"sesn_0"}); whole {
		t.Error("too many resources to count, and it says that it knows them all")
	}
}

func TestIntact(t *testing.T) {
	t.Parallel()
	tests := []struct {
		id, target   string
		holds, whole bool
	}{
		{"../agents/M", "/v1/sessions/..%2Fagents%2FM?beta=true", true, true},
		{"../agents/M", "/v1/sessions/../agents/M", true, false},
		{"../agents/M", "/v1/agents/M", true, false},
		{"sesn_M?admin=1", "/v1/sessions/sesn_M%3Fadmin=1", true, true},
		{"sesn_M?admin=1", "/v1/sessions/sesn_M?admin=1", true, false},
		{"sesn_M#x", "/v1/sessions/sesn_M", true, false},
		{"sesn_M#x", "/v1/sessions/sesn_M%23x", true, true},
		{"%2e%2e%2fagents%2fM", "/v1/sessions/%2e%2e%2fagents%2fM", true, false},
		{"%2e%2e%2fagents%2fM", "/v1/sessions/%252e%252e%252fagents%252fM", true, true},
		{"../agents/M", "/v1/sessions/..%252Fagents%252FM", true, true},
		{"..%2fagents%2fM", "/v1/sessions/..%2fagents%2fM", true, false},
		{"../a/M", "/v1/sessions/%2e%2e/a/M", true, false},
		{"@host:1/M", "/v1/sessions/@host:1%2FM", true, true},
		{"@host:1/M", "/M", true, false},
		{"sesn_M", "/v1/sessions/sesn_M/events", true, true},
		{"a/M", "/v1/sessions?id=a%2FM", true, true},
		{"sesn_M", "/v1/sessions/sesn_N", false, false},
	}
	for _, tt := range tests {
		c := Call{Target: tt.target}
		if c.Holds("M") != tt.holds || c.Intact(tt.id) != tt.whole {
			t.Errorf("%s of %s: Holds %v, Intact %v; want %v, %v", tt.target, tt.id, c.Holds("M"), c.Intact(tt.id), tt.holds, tt.whole)
		}
	}
}

func TestFetchable(t *testing.T) {
	t.Parallel()
	for typ, want := range map[string]bool{
		"session.status_idled": true, "session.deleted": false, "deployment_run.started": true, "vault_credential.refresh_failed": true,
		"memory_store.created": true, "user_profile.created": false, "agent": false, "agent.task.completed": false, "something.else": false,
	} {
		if Fetchable(typ) != want {
			t.Errorf("Fetchable(%s) = %v, want %v", typ, !want, want)
		}
	}
}

func TestConfigNamesEveryMistake(t *testing.T) {
	t.Parallel()
	_, err := Start(t.Context(), Config{Listen: "8475", Key: "a b", Keep: -1})
	for _, want := range []string{"listen", "key", "keep"} {
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("Start() error = %v, want one that names %s", err, want)
		}
	}
	if err != nil && strings.Contains(err.Error(), "a b") {
		t.Error("the error shows the key")
	}
}

func TestOnlyReading(t *testing.T) {
	t.Parallel()
	w := start(t, Config{})
	req, err := http.NewRequestWithContext(t.Context(), http.MethodPost, w.URL()+"/v1/sessions/sesn_1/events", strings.NewReader("{}"))
	if err != nil {
		t.Fatal(err)
	}
	resp, err := (&http.Client{Transport: &http.Transport{DisableKeepAlives: true}}).Do(req)
	if err != nil {
		t.Fatal(err)
	}
	resp.Body.Close()
	if got := last(t, w); resp.StatusCode != 405 || got.Method != "POST" || !got.About("sesn_1") {
		t.Errorf("a POST: answered %d, recorded %+v", resp.StatusCode, got)
	}
}
