package reference_test

import (
	"crypto/hmac"
	"crypto/sha1" //nolint:gosec // a wrong algorithm is what is tested
	"crypto/sha256"
	"crypto/sha512"
	"encoding/hex"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"testing/iotest"
	"time"

	"hookdrill/reference"
)

func TestSignature(t *testing.T) {
	t.Parallel()
	body := event("evt_1")
	good := sign(key, body)
	raw := hex.EncodeToString
	sha1MAC := hmac.New(sha1.New, []byte(key))
	sha512MAC := hmac.New(sha512.New, []byte(key))
	_, _ = io.WriteString(sha1MAC, body)
	_, _ = io.WriteString(sha512MAC, body)
	plain, prefixed := sha256.Sum256([]byte(body)), sha256.Sum256([]byte(key+body))

	refused := map[string][]string{
		"none":                  {},
		"empty":                 {""},
		"spaces":                {"    "},
		"random":                {strings.Repeat("3f", 32)},
		"another key":           {sign("whsec_other", body)},
		"the key without whsec": {sign("current_key", body)},
		"an empty key":          {sign("", body)},
		"another event's":       {sign(key, event("evt_2"))},
		"upper case":            {strings.ToUpper(good)},
		"with a prefix":         {"sha256=" + good},
		"cut to 1":              {good[:1]},
		"cut to 8":              {good[:8]},
		"cut to half":           {good[:32]},
		"cut by 1":              {good[:63]},
		"one more":              {good + "0"},
		"a NUL more":            {good + "\x00"},
		"not hex":               {strings.Repeat("z", 64)},
		"not ASCII":             {strings.Repeat("é", 64)},
		"8 KiB":                 {strings.Repeat("a", 8192)},
		"twice":                 {good, good},
		"good, then bad":        {good, "bad"},
		"bad, then good":        {"bad", good},
		"a list":                {good + ", " + good},
		"SHA-1":                 {raw(sha1MAC.Sum(nil))},
		"SHA-512":               {raw(sha512MAC.Sum(nil))},
		"SHA-512 cut":           {raw(sha512MAC.Sum(nil))[:64]},
		"no key":                {raw(plain[:])},
		"hash of key and body":  {raw(prefixed[:])},
	}
	r := newReceiver(t)
	answers := map[string]bool{}
	for name, signatures := range refused {
		rec := r.post(body, signatures...)
		if rec.Code != http.StatusUnauthorized {
			t.Errorf("%s: status = %d, want 401", name, rec.Code)
		}
		answers[rec.Body.String()] = true
		if rec.Header().Get("Server-Timing") != "" {
			t.Errorf("%s: a refusal states its processing time", name)
		}
	}
	// Nothing is parsed before it is verified.
	for _, unsigned := range []string{"garbage", "", `{"id":1}`} {
		rec := r.post(unsigned, good)
		status(t, rec, http.StatusUnauthorized)
		answers[rec.Body.String()] = true
	}
	if len(answers) != 1 {
		t.Errorf("refusals differ: %v", answers)
	}
	if e := r.effect("evt_1"); e.Processed != 0 {
		t.Errorf("refused, and processed %d times", e.Processed)
	}

	status(t, r.post(body, good), http.StatusOK)
	other := event("evt_2")
	status(t, r.post(other, sign(previousKey, other)), http.StatusOK)
	if e := r.effect("evt_1"); e != (reference.Effect{Processed: 1, Status: "completed"}) {
		t.Errorf("effect = %+v", e)
	}
}

func TestSignatureElsewhere(t *testing.T) {
	t.Parallel()
	r := newReceiver(t)
	body := event("evt_1")
	req := httptest.NewRequestWithContext(t.Context(), http.MethodPost, path+"?signature="+sign(key, body), strings.NewReader(body))
	req.Header.Set("X-Signature", sign(key, body))
	req.Header.Set("X-Forwarded-For", "127.0.0.1")
	status(t, r.do(req), http.StatusUnauthorized)
}

func TestTamperedBody(t *testing.T) {
	t.Parallel()
	r := newReceiver(t)
	body := event("evt_1")
	for name, tampered := range map[string]string{
		"a space more": body + " ", "a newline more": body + "\n", "another id": strings.Replace(body, "evt_1", "evt_2", 1),
		"another type": strings.Replace(body, "completed", "failed", 1), "a byte": strings.Replace(body, "task", "tbsk", 1),
		"cut": body[:len(body)-1], "empty": "",
	} {
		if rec := r.post(tampered, sign(key, body)); rec.Code != http.StatusUnauthorized {
			t.Errorf("%s: status = %d, want 401", name, rec.Code)
		}
	}
}

func TestPayload(t *testing.T) {
	t.Parallel()
	const now = `"timestamp":"2026-09-01T12:00:00Z"`
	for _, test := range []struct {
		name, body string
		want       int
	}{
		{"unknown type", `{"id":"evt_1","type":"unheard.of",` + now + `}`, http.StatusOK},
		{"1 KiB id", event(strings.Repeat("a", 1024)), http.StatusOK},
		{"SQL in an id", event(`'; DROP TABLE task_results; --`), http.StatusOK},
		{"NUL in an id", event(`evt_\u0000`), http.StatusOK},
		{"256 KB", `{"id":"evt_1","type":"x",` + now + `,"data":"` + strings.Repeat("a", 256_000) + `"}`, http.StatusOK},
		{"1 MB", `{"id":"evt_1","type":"x",` + now + `,"data":"` + strings.Repeat("a", 1_000_000) + `"}`, http.StatusOK},
		{"more than 1 MiB", `{"id":"evt_1","type":"x",` + now + `,"data":"` + strings.Repeat("a", 1<<20) + `"}`, http.StatusRequestEntityTooLarge},
		{"malformed", `{"id":`, http.StatusBadRequest},
		{"no object", `null`, http.StatusBadRequest},
		{"empty", ``, http.StatusBadRequest},
		{"no id", `{"type":"x",` + now + `}`, http.StatusBadRequest},
		{"no task", `{"id":"evt_1","type":"agent.task.failed",` + now + `,"data":null}`, http.StatusBadRequest},
		{"10 000 deep", `{"id":"evt_1","type":"x",` + now + `,"data":` + strings.Repeat("[", 1e4) + strings.Repeat("]", 1e4) + `}`, http.StatusBadRequest},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			r := newReceiver(t)
			rec := r.signed(test.body)
			status(t, rec, test.want)
			// Also when nobody said how long it would be.
			req := httptest.NewRequestWithContext(t.Context(), http.MethodPost, path, iotest.HalfReader(strings.NewReader(test.body)))
			req.ContentLength = -1
			req.Header.Set(header, sign(key, test.body))
			status(t, r.do(req), test.want)
			if test.want == http.StatusRequestEntityTooLarge && rec.Header().Get("Connection") != "close" {
				t.Error("the connection stays open for the rest of the body")
			}
		})
	}
}

func TestFreshness(t *testing.T) {
	t.Parallel()
	for _, test := range []struct {
		name string
		age  time.Duration
		want int
	}{
		{"now", 0, http.StatusOK},
		{"240 s old", 240 * time.Second, http.StatusOK},
		{"300 s old", 300 * time.Second, http.StatusOK},
		{"301 s old", 301 * time.Second, http.StatusBadRequest},
		{"a day old", 24 * time.Hour, http.StatusBadRequest},
		{"25 years old", 25 * 365 * 24 * time.Hour, http.StatusBadRequest},
		{"1 000 years old", -1, http.StatusBadRequest},
		{"30 s ahead", -30 * time.Second, http.StatusOK},
		{"300 s ahead", -300 * time.Second, http.StatusOK},
		{"301 s ahead", -301 * time.Second, http.StatusBadRequest},
		{"a year ahead", -365 * 24 * time.Hour, http.StatusBadRequest},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			r := newReceiver(t)
			stamped := noon().Add(-test.age).Format(time.RFC3339)
			if test.age == -1 {
				stamped = "1026-09-01T12:00:00Z"
			}
			status(t, r.signed(eventAt("evt_1", stamped)), test.want)
			if got := r.effect("evt_1").Processed; (got == 1) != (test.want == http.StatusOK) {
				t.Errorf("processed = %d", got)
			}
		})
	}
}

func TestDuplicates(t *testing.T) {
	t.Parallel()
	r := newReceiver(t)
	body := event("evt_1")
	status(t, r.signed(body), http.StatusOK)
	for name, again := range map[string]string{
		"the same bytes": body,
		"stamped anew":   eventAt("evt_1", "2026-09-01T12:01:00Z"),
		"other data":     strings.Replace(body, "agent.task.completed", "agent.task.failed", 1),
		"another type":   `{"id":"evt_1","type":"x","timestamp":"2026-09-01T12:00:00Z"}`,
	} {
		rec := r.signed(again)
		if rec.Code != http.StatusOK || rec.Body.String() != `{"status":"duplicate"}` {
			t.Errorf("%s: %d %s", name, rec.Code, rec.Body)
		}
	}
	if e := r.effect("evt_1"); e != (reference.Effect{Processed: 1, Status: "completed"}) {
		t.Errorf("effect = %+v, want the first, once", e)
	}
}

func TestCopiesAtOnce(t *testing.T) {
	t.Parallel()
	r := newReceiver(t)
	body := event("evt_1")
	var wg sync.WaitGroup
	for range 50 {
		wg.Go(func() { status(t, r.signed(body), http.StatusOK) })
	}
	wg.Wait()
	if e := r.effect("evt_1"); e.Processed != 1 {
		t.Errorf("processed = %d, want 1", e.Processed)
	}
}

func TestOlderEventDoesNotOverwrite(t *testing.T) {
	t.Parallel()
	r := newReceiver(t)
	about := func(id, kind, timestamp string) string {
		return fmt.Sprintf(`{"id":%q,"type":"agent.task.%s","timestamp":%q,"data":{"task_id":"task_1"}}`, id, kind, timestamp)
	}
	status(t, r.signed(about("evt_2", "completed", "2026-09-01T12:00:00Z")), http.StatusOK)
	status(t, r.signed(about("evt_1", "failed", "2026-09-01T21:59:59+10:00")), http.StatusOK)
	for _, id := range []string{"evt_1", "evt_2"} {
		if e := r.effect(id); e != (reference.Effect{Processed: 1, Status: "completed"}) {
			t.Errorf("effect of %s = %+v", id, e)
		}
	}
}

func TestMethodsAndPaths(t *testing.T) {
	t.Parallel()
	r := newReceiver(t)
	body := event("evt_1")
	for _, test := range []struct {
		method, path string
		want         int
		allow        string
	}{
		{http.MethodGet, path, 405, "POST"},
		{http.MethodHead, path, 405, "POST"},
		{http.MethodPut, path, 405, "POST"},
		{http.MethodPatch, path, 405, "POST"},
		{http.MethodDelete, path, 405, "POST"},
		{http.MethodOptions, path, 405, "POST"},
		{http.MethodPut, path + "/", 405, "POST"},
		{http.MethodPost, path, 200, ""},
		{http.MethodPost, path + "/", 200, ""},
		{http.MethodPost, "/webhooks", 404, ""},
		{http.MethodPost, "/webhooks//claude", 404, ""},
		{http.MethodPost, "/WEBHOOKS/CLAUDE", 404, ""},
		{http.MethodPost, "/", 404, ""},
		{http.MethodGet, "/healthz", 200, ""},
		{http.MethodHead, "/healthz", 200, ""},
		{http.MethodPost, "/healthz", 405, "GET, HEAD"},
		{http.MethodPost, "/probe", 405, "GET"},
	} {
		req := httptest.NewRequestWithContext(t.Context(), test.method, test.path, strings.NewReader(body))
		req.Header.Set(header, sign(key, body))
		rec := r.do(req)
		if rec.Code != test.want || rec.Header().Get("Allow") != test.allow {
			t.Errorf("%s %s = %d, Allow %q; want %d, %q", test.method, test.path, rec.Code, rec.Header().Get("Allow"), test.want, test.allow)
		}
	}
}

func TestStoreFails(t *testing.T) {
	t.Parallel()
	for name, store := range map[string]brokenStore{
		"with an error": {err: errBroken}, "without an outcome": {},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			r := newReceiver(t, func(c *reference.Config) { c.Store = store })
			status(t, r.signed(event("evt_1")), http.StatusServiceUnavailable)
			if lines := r.lines(); len(lines) != 1 || lines[0]["level"] != "ERROR" || lines[0]["error"] == nil {
				t.Errorf("log = %v", lines)
			}
		})
	}
}

func TestPanicIsAnswered(t *testing.T) {
	t.Parallel()
	r := newReceiver(t, func(c *reference.Config) { c.Store = brokenStore{panic: "payload with " + key} })
	rec := r.signed(event("evt_1"))
	status(t, rec, http.StatusInternalServerError)
	lines := r.lines()
	if len(lines) != 1 || !strings.Contains(fmt.Sprint(lines[0]["stack"]), "handler.go") {
		t.Errorf("log = %v, want one line with a stack", lines)
	}
	if strings.Contains(r.log.String(), key) || strings.Contains(rec.Body.String(), "goroutine") {
		t.Error("the panic's value was logged, or its stack was sent")
	}
}

func TestServerTiming(t *testing.T) {
	t.Parallel()
	now := noon()
	r := newReceiver(t, func(c *reference.Config) {
		c.Now = func() time.Time { now = now.Add(1500 * time.Microsecond); return now }
	})
	for _, body := range []string{event("evt_1"), event("evt_1"), `{}`} {
		if got := r.signed(body).Header().Get("Server-Timing"); got != "process;dur=1.500" {
			t.Errorf("Server-Timing = %q", got)
		}
	}
}

func TestLog(t *testing.T) {
	t.Parallel()
	r := newReceiver(t)
	body := event("evt_1")
	r.signed(body)
	r.signed(body)
	r.post(body, "forged")
	r.post(body)
	r.signed(eventAt("evt_2", "2020-01-01T00:00:00Z"))
	r.do(httptest.NewRequestWithContext(t.Context(), http.MethodPost, path+"?"+sign(key, body), strings.NewReader(body)))

	lines := r.lines()
	if len(lines) != 6 {
		t.Fatalf("%d lines, want one a delivery", len(lines))
	}
	for _, line := range lines {
		for _, field := range []string{"timestamp", "level", "logger", "message"} {
			if line[field] == nil {
				t.Errorf("no %s in %v", field, line)
			}
		}
	}
	for field, want := range map[string]any{
		"event_id": "evt_1", "event_type": "agent.task.completed", "task_id": "task_evt_1", "processing_time_ms": 0.0,
		"outcome": "processed", "level": "INFO",
	} {
		if lines[0][field] != want {
			t.Errorf("%s = %v, want %v", field, lines[0][field], want)
		}
	}
	for i, want := range []any{nil, nil, "signature_wrong", "signature_missing", "timestamp_too_old", "signature_missing"} {
		if lines[i]["reason"] != want {
			t.Errorf("reason of line %d = %v, want %v", i, lines[i]["reason"], want)
		}
	}
	for _, secret := range []string{key, previousKey, sign(key, body), "forged", `"n"`} {
		if strings.Contains(r.log.String(), secret) {
			t.Errorf("the log holds %q", secret)
		}
	}
}
