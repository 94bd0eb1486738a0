package zoo

import (
	"bytes"
	"context"
	"crypto/tls"
	"crypto/x509"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"os"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"go.uber.org/goleak"
)

const testKey = "whsec_dGhlIGtleSBvZiB0aGUgem9vJ3Mgb3duIHRlc3Rz"

func TestMain(m *testing.M) {
	goleak.VerifyTestMain(m,
		// fasthttp keeps one clock a process, and cannot stop it.
		goleak.IgnoreAnyFunction("github.com/valyala/fasthttp.updateServerDate.func1"))
}

// sender sends deliveries to one server.
type sender struct {
	t      *testing.T
	server *Server
	client *http.Client
}

func start(t *testing.T, name string, previous ...string) *sender {
	t.Helper()
	s, err := Start(name, testKey, previous...)
	if err != nil {
		t.Fatal(err)
	}
	tr := &http.Transport{
		ForceAttemptHTTP2: true, MaxIdleConnsPerHost: 100,
		ExpectContinueTimeout: time.Minute,
	} // longer than a request may take
	if s.CAFile != "" {
		pem, err := os.ReadFile(s.CAFile)
		if err != nil {
			t.Fatal(err)
		}
		pool := x509.NewCertPool()
		if !pool.AppendCertsFromPEM(pem) {
			t.Fatal("no root in CAFile")
		}
		tr.TLSClientConfig = &tls.Config{RootCAs: pool, MinVersion: tls.VersionTLS12}
	}
	t.Cleanup(func() {
		tr.CloseIdleConnections()
		if err := s.Close(); err != nil {
			t.Errorf("close: %v", err)
		}
		if err := s.Close(); err != nil {
			t.Errorf("close again: %v", err)
		}
	})
	return &sender{t: t, server: s, client: &http.Client{
		Transport: tr, Timeout: 20 * time.Second,
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}}
}

// result is what came back.
type result struct {
	status int
	proto  string
	header http.Header
	body   string
	err    error
}

func (r result) ok() bool      { return r.err == nil && r.status/100 == 2 }
func (r result) refused() bool { return r.err == nil && r.status/100 == 4 }
func (r result) String() string {
	if r.err != nil {
		return r.err.Error()
	}
	return fmt.Sprint(r.status, " ", cut(r.body))
}

func cut(s string) string { return s[:min(len(s), 80)] }

// change alters a request before it is sent.
type change func(*http.Request)

func unsigned() change { return func(r *http.Request) { r.Header.Del(signatureHeader) } }

func with(name, value string) change { return func(r *http.Request) { r.Header.Set(name, value) } }

func by(method string) change { return func(r *http.Request) { r.Method = method } }

func chunked() change { return func(r *http.Request) { r.ContentLength = -1 } }

// signed is the header of a body signed with a key.
func signed(key, body string) change { return with(signatureHeader, sign(key, []byte(body))) }

// send posts a body with the right signature, unless changes say otherwise.
func (s *sender) send(body string, changes ...change) result {
	s.t.Helper()
	return s.sendCtx(s.t.Context(), body, changes...)
}

func (s *sender) sendCtx(ctx context.Context, body string, changes ...change) result {
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, s.server.URL, io.NopCloser(strings.NewReader(body)))
	if err != nil {
		return result{err: err}
	}
	req.ContentLength = int64(len(body))
	req.Header.Set("Content-Type", "application/json")
	req.Header.Set(signatureHeader, sign(testKey, []byte(body)))
	for _, c := range changes {
		c(req)
	}
	resp, err := s.client.Do(req)
	if err != nil {
		return result{err: err}
	}
	defer func() { _ = resp.Body.Close() }()
	b, err := io.ReadAll(resp.Body)
	return result{status: resp.StatusCode, proto: resp.Proto, header: resp.Header, body: string(b), err: err}
}

// effects asks the probe.
func (s *sender) effects(eventIDs ...string) map[string]sight {
	s.t.Helper()
	req, err := http.NewRequestWithContext(s.t.Context(), http.MethodGet, s.server.ObserveURL+"?"+url.Values{"id": eventIDs}.Encode(), nil)
	if err != nil {
		s.t.Fatal(err)
	}
	resp, err := s.client.Do(req)
	if err != nil {
		s.t.Fatal(err)
	}
	defer func() { _ = resp.Body.Close() }()
	var got struct {
		Events map[string]sight `json:"events"`
	}
	if err := json.NewDecoder(resp.Body).Decode(&got); err != nil {
		s.t.Fatal(err)
	}
	return got.Events
}

// processed is how often an event took effect, once want effects were seen or
// two seconds have passed.
func (s *sender) processed(id string, want int) int {
	s.t.Helper()
	for end := time.Now().Add(2 * time.Second); ; {
		if n := s.effects(id)[id].Processed; n == want || time.Now().After(end) {
			return n
		}
		_ = pause(s.t.Context(), 10*time.Millisecond)
	}
}

// eventOf is a body.
func eventOf(id, kind, taskID string, at time.Time) string {
	return fmt.Sprintf(`{"id":%q,"type":%q,"timestamp":%q,"data":{"task_id":%q}}`, id, kind, at.UTC().Format(time.RFC3339), taskID)
}

// fresh is a completed event of this moment.
func fresh(id string) string { return eventOf(id, "agent.task.completed", "task_"+id, time.Now()) }

// barred are the animals that no valid event can enter.
func barred(a Animal) bool {
	return slices.Contains(a.Catches, "SIG-01") && a.Name != "timeout-type-refused" ||
		slices.Contains(a.Also, "SIG-01")
}

func previousKeys(a Animal) []string {
	if a.PreviousKey {
		return []string{"whsec_previous"}
	}
	return nil
}

func TestNamesAreUniqueKebabCase(t *testing.T) {
	t.Parallel()
	kebab := regexp.MustCompile(`^[a-z0-9]+([.-][a-z0-9]+)*$`)
	seen := map[string]bool{}
	for _, a := range All() {
		if !kebab.MatchString(a.Name) {
			t.Errorf("%q is no kebab-case", a.Name)
		}
		if seen[a.Name] {
			t.Errorf("%q is there twice", a.Name)
		}
		seen[a.Name] = true
	}
}

func TestDescriptions(t *testing.T) {
	t.Parallel()
	correct, defective := 0, 0
	for _, a := range All() {
		if (a.Defect == "") == (a.Style == "") {
			t.Errorf("%s: wants either a defect or a style", a.Name)
		}
		if a.Correct() {
			correct++
			if len(a.Catches)+len(a.Also) > 0 {
				t.Errorf("%s is correct, and yet fails %v %v", a.Name, a.Catches, a.Also)
			}
		} else {
			defective++
			if len(a.Catches) == 0 {
				t.Errorf("%s is caught by nothing", a.Name)
			}
		}
		all := slices.Concat(a.Catches, a.Also, a.Advice)
		slices.Sort(all)
		if len(slices.Compact(slices.Clone(all))) != len(all) {
			t.Errorf("%s names an id twice: %v", a.Name, all)
		}
		for _, id := range all {
			if !slices.Contains(checked(), id) {
				t.Errorf("%s: nobody checks %s", a.Name, id)
			}
		}
		for _, id := range a.Also {
			if slices.Contains(should(), id) {
				t.Errorf("%s: %s is a SHOULD, so it belongs into Advice", a.Name, id)
			}
		}
		for _, id := range a.Advice {
			if !slices.Contains(should(), id) {
				t.Errorf("%s: %s is a MUST, so it belongs into Also", a.Name, id)
			}
		}
	}
	if defective < 60 || correct < 8 {
		t.Errorf("%d defective and %d correct animals, want 60 and 8 at least", defective, correct)
	}
}

// checked are the requirements that the zoo has to break. IDEM-10 and DUR need a
// process to kill.
func checked() []string {
	return slices.Concat(span("SIG", 1, 19), span("RAW", 1, 9), span("PAY", 1, 13), span("HTTP", 1, 5),
		span("IDEM", 1, 9), span("ORD", 1, 1), span("RPL", 1, 8), span("TIME", 1, 2), span("RTY", 1, 3),
		span("LED", 1, 2), span("TLS", 1, 5), span("OBS", 1, 2))
}

func should() []string {
	return ids("SIG-11", "SIG-15", "SIG-18", "SIG-19", "RAW-08", "PAY-11", "PAY-13", "HTTP-03", "HTTP-04", "HTTP-05",
		"IDEM-03", "IDEM-05", "ORD-01", "RPL-07", "TIME-02", "TLS-04", "TLS-05", "OBS-02")
}

func TestEveryRequirementHasAnAnimal(t *testing.T) {
	t.Parallel()
	var caught []string
	for _, a := range All() {
		caught = append(caught, a.Catches...)
	}
	for _, id := range checked() {
		if !slices.Contains(caught, id) {
			t.Errorf("no animal breaks %s", id)
		}
	}
}

func TestUnknownAnimal(t *testing.T) {
	t.Parallel()
	if s, err := Start("unicorn", testKey); err == nil {
		t.Errorf("started %v", s)
	}
}

// TestEveryAnimalTakesValidEvents starts each one alone; all run side by side.
func TestEveryAnimalTakesValidEvents(t *testing.T) {
	t.Parallel()
	for _, a := range All() {
		t.Run(a.Name, func(t *testing.T) {
			t.Parallel()
			s := start(t, a.Name, previousKeys(a)...)
			got := s.send(fresh("evt_1"))
			if got.ok() == barred(a) {
				t.Fatalf("valid event: %v", got)
			}
			if (s.server.LogFile != "") != a.Log {
				t.Errorf("LogFile %q", s.server.LogFile)
			}
			if barred(a) {
				return
			}
			if n := s.processed("evt_1", 1); n != 1 {
				t.Errorf("processed %d times", n)
			}
		})
	}
}

// TestWholeZooInOneProcess has every animal up at the same time.
func TestWholeZooInOneProcess(t *testing.T) {
	t.Parallel()
	var servers []*sender
	for _, a := range All() {
		servers = append(servers, start(t, a.Name, previousKeys(a)...))
	}
	seen := map[string]bool{}
	for _, s := range servers {
		if seen[s.server.URL] || seen[s.server.ObserveURL] {
			t.Fatalf("%s is taken twice", s.server.URL)
		}
		seen[s.server.URL], seen[s.server.ObserveURL] = true, true
		if got := s.effects("evt_1"); len(got) != 0 {
			t.Errorf("%s begins with %v", s.server.URL, got)
		}
	}
}

// TestCloseRemovesFiles also shows that the port is free again.
func TestCloseRemovesFiles(t *testing.T) {
	t.Parallel()
	s, err := Start("correct-log", testKey)
	if err != nil {
		t.Fatal(err)
	}
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	if _, err := os.Stat(s.LogFile); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("log after Close: %v", err)
	}
	req, _ := http.NewRequestWithContext(t.Context(), http.MethodGet, s.ObserveURL, nil)
	if resp, err := new(http.Client).Do(req); err == nil {
		_ = resp.Body.Close()
		t.Error("probe answers after Close")
	}
}

func TestProbe(t *testing.T) {
	t.Parallel()
	s := start(t, "correct-plain")
	now := time.Now()
	for i, kind := range []string{"agent.task.failed", "agent.task.timeout", "agent.unheard.of"} {
		if got := s.send(eventOf(fmt.Sprint("evt_", i), kind, fmt.Sprint("task_", i), now)); !got.ok() {
			t.Fatalf("%s: %v", kind, got)
		}
	}
	got := s.effects("evt_0", "evt_1", "evt_2", "evt_3")
	want := map[string]sight{"evt_0": {1, "failed"}, "evt_1": {1, "timeout"}, "evt_2": {1, ""}}
	if fmt.Sprint(got) != fmt.Sprint(want) {
		t.Errorf("probe says %v, want %v", got, want)
	}
	bare := start(t, "correct-bare-probe")
	bare.send(fresh("evt_1"))
	if got := bare.effects("evt_1")["evt_1"]; got != (sight{Processed: 1}) {
		t.Errorf("bare probe says %v", got)
	}
}

// bytesOf is a JSON body of a size.
func bytesOf(id string, size int) string {
	head := strings.TrimSuffix(fresh(id), "}")
	return head + `,"pad":"` + string(bytes.Repeat([]byte("x"), size-len(head)-10)) + `"}`
}
