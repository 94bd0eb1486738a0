package preflight

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"
	"time"

	"go.uber.org/goleak"

	"hookdrill/contract"
	"hookdrill/internal/plan"
	"hookdrill/mockclaude"
	"hookdrill/scenarios"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

const hookPath = "/webhooks/claude"

// check runs a preflight against a handler, with this key.
func check(t *testing.T, key, path string, h http.HandlerFunc) *Result {
	t.Helper()
	server := httptest.NewServer(h)
	t.Cleanup(server.Close)
	target, err := url.Parse(server.URL + path)
	if err != nil {
		t.Fatal(err)
	}
	return checkURL(t, key, target)
}

func checkURL(t *testing.T, key string, target *url.URL) *Result {
	t.Helper()
	return checkUnder(t, "claude", key, target)
}

func checkUnder(t *testing.T, name, key string, target *url.URL) *Result {
	t.Helper()
	return Check(t.Context(), config(t, name, key, target))
}

// config is that of a preflight at a target.
func config(t *testing.T, name, key string, target *url.URL) Config {
	t.Helper()
	c, err := contract.Load(name)
	if err != nil {
		t.Fatal(err)
	}
	in := plan.Input{Contract: c, Seed: 1}
	if in.Requirements, err = contract.Requirements(); err != nil {
		t.Fatal(err)
	}
	if in.Scenarios, err = scenarios.Builtin(); err != nil {
		t.Fatal(err)
	}
	p, err := plan.Build(in)
	if err != nil {
		t.Fatal(err)
	}
	trial, err := plan.Trials(in, 20)
	if err != nil {
		t.Fatal(err)
	}
	keys := mockclaude.Keys{Current: []byte(key)}
	to := func(u *url.URL) (*mockclaude.Sender, error) {
		return mockclaude.NewSender(mockclaude.SenderConfig{Target: u, Contract: c, Keys: keys, Timeout: 2 * time.Second})
	}
	sender, err := to(target)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(sender.Close)
	return Config{
		Target: target, Contract: c, Sender: sender, To: to, Keys: keys, Case: p.Case(plan.PreflightID), Trial: trial, Now: time.Now,
	}
}

// verifying answers 200 where the signature is the one that a receiver makes,
// and 401 elsewhere.
func verifying(header string, sign func(body []byte) string) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		body, err := io.ReadAll(r.Body)
		if err != nil || r.Header.Get(header) != sign(body) {
			w.WriteHeader(http.StatusUnauthorized)
		}
	}
}

func raw(key string, body []byte) []byte {
	m := hmac.New(sha256.New, []byte(key))
	m.Write(body)
	return m.Sum(nil)
}

func hexOf(key string, body []byte) string { return hex.EncodeToString(raw(key, body)) }

// TestDerivations: each way to verify otherwise is named, and no other.
func TestDerivations(t *testing.T) {
	t.Parallel()
	const header = "X-Claude-Signature"
	const standard = "whsec_MDEyMzQ1Njc4OWFiY2RlZjAxMjM0NTY3"
	with := func(key string) func([]byte) string { return func(b []byte) string { return hexOf(key, b) } }
	tests := []struct {
		name, key, header string
		sign              func([]byte) string
		cause             string
	}{
		{"decoded", standard, header, with("0123456789abcdef01234567"), "decoded from base64, as the key (as Standard Webhooks does)"},
		{"without whsec_", standard, header, with(strings.TrimPrefix(standard, "whsec_")), "strips whsec_ from the secret"},
		{"our secret has white space", " " + standard + " ", header, with(standard), "has white space around it"},
		{"their secret has a newline", standard, header, with(standard + "\n"), "ends in a newline"},
		{"from hexadecimal", "00112233445566778899aabbccddeeff", header, with("\x00\x11\x22\x33\x44\x55\x66\x77\x88\x99\xaa\xbb\xcc\xdd\xee\xff"), "decodes the secret from hexadecimal"},
		{"from base64", "MDEyMzQ1Njc4OWFiY2RlZjAxMjM0NTY3", header, with("0123456789abcdef01234567"), "decodes the secret from base64"},
		{"in base64", standard, header, func(b []byte) string { return base64.StdEncoding.EncodeToString(raw(standard, b)) }, "expects the signature in base64"},
		{"sha256=", standard, header, func(b []byte) string { return "sha256=" + hexOf(standard, b) }, "expects sha256= in front of the signature"},
		{"another header", standard, "X-Signature", with(standard), "looks for the signature in another header"},
		{"GitHub's header", standard, "X-Hub-Signature-256", func(b []byte) string { return "sha256=" + hexOf(standard, b) }, "looks for the signature in another header"},
		{"another secret", standard, header, with("whsec_other"), "The secret is most likely not the same on both sides (ours has the id key:"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			r := check(t, tt.key, hookPath, verifying(tt.header, tt.sign))
			p := r.Problem
			if p == nil || p.Kind != "unauthorized" || !strings.Contains(p.Cause, tt.cause) || p.Mend == "" {
				t.Fatalf("problem %+v, want %q", p, tt.cause)
			}
			if text := marshal(t, p); strings.Contains(text, strings.TrimSpace(tt.key)) {
				t.Errorf("the key is in the problem: %s", text)
			}
			if !strings.Contains(p.Problem, "refused the first valid event with 401") {
				t.Errorf("problem %q", p.Problem)
			}
		})
	}
}

func marshal(t *testing.T, v any) string {
	t.Helper()
	text, err := json.Marshal(v)
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

// TestElsewhere: where another path of the same host takes the event, the
// problem says so.
func TestElsewhere(t *testing.T) {
	t.Parallel()
	only := func(path string, otherwise int) http.HandlerFunc {
		return func(w http.ResponseWriter, r *http.Request) {
			if r.URL.Path != path {
				w.Header().Set("Location", path)
				w.Header().Set("Allow", "GET")
				w.WriteHeader(otherwise)
			}
		}
	}
	tests := []struct {
		name, path string
		handler    http.HandlerFunc
		kind, says string
	}{
		{"slash is missing", "/hook", only("/hook/", 301), "redirect", "/hook/: it accepted the same event."},
		{"slash is too much", "/hook/", only("/hook", 308), "redirect", "/hook: it accepted the same event."},
		{"the contract's path", "/", only(hookPath, 404), "not_found", hookPath + ": it accepted the same event."},
		{"method", "/hook", only(hookPath, 405), "method", hookPath + ": it accepted the same event."},
		{"gone", "/hook", only("/nowhere", 410), "not_found", "Check the path against the route of the receiver"},
		{"redirect to nowhere better", "/hook", only("/nowhere", 302), "redirect", "Give the URL that answers itself"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			p := check(t, "whsec_a", tt.path, tt.handler).Problem
			if p == nil || p.Kind != tt.kind || !strings.Contains(p.Mend, tt.says) {
				t.Errorf("problem %+v, want %s and %q", p, tt.kind, tt.says)
			}
		})
	}
}

// TestNothingWrong: the run goes ahead, with what is worth knowing.
func TestNothingWrong(t *testing.T) {
	t.Parallel()
	const key = "whsec_a"
	right := verifying("X-Claude-Signature", func(b []byte) string { return hexOf(key, b) })
	tests := []struct {
		name    string
		handler http.HandlerFunc
		note    string
		skew    bool
	}{
		{"correct", right, "", false},
		{"no verification", func(http.ResponseWriter, *http.Request) {}, "the signature does not seem to be checked at all", false},
		{"clock behind", func(w http.ResponseWriter, r *http.Request) {
			w.Header().Set("Date", time.Now().Add(-time.Minute).UTC().Format(http.TimeFormat))
			right(w, r)
		}, "The target's clock differs from ours by -1m", true},
		{"answer without end", func(w http.ResponseWriter, r *http.Request) {
			right(w, r)
			_, _ = io.WriteString(w, strings.Repeat("x", 1<<20))
		}, "", false},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			r := check(t, key, hookPath, tt.handler)
			notes := strings.Join(r.Notes, "\n")
			if r.Problem != nil || (tt.note == "") != (notes == "") || !strings.Contains(notes, tt.note) || (r.Skew != 0) != tt.skew {
				t.Errorf("problem %+v, notes %q, skew %s", r.Problem, notes, r.Skew)
			}
			if len(r.Record.Attempts) != 2 || r.Record.Attempts[0].Delivery != 0 || r.Record.Attempts[1].Delivery != 1 {
				t.Errorf("attempts %+v", r.Record.Attempts)
			}
		})
	}
}

// TestWarm: a receiver that was started just now is given the time to become ready, and none that says
// something else.
func TestWarm(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		warm          time.Duration
		status, tries int
		want          bool
	}{
		"a receiver that hookdrill started": {time.Minute, http.StatusServiceUnavailable, 3, true},
		"any other":                         {0, http.StatusServiceUnavailable, 1, false},
		"one that failed":                   {time.Minute, http.StatusInternalServerError, 1, false},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			asked := 0 // of the one valid event; derivations are tried behind it
			server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
				if asked++; asked < 3 {
					w.WriteHeader(c.status)
				}
			}))
			t.Cleanup(server.Close)
			target, err := url.Parse(server.URL)
			if err != nil {
				t.Fatal(err)
			}
			cfg := config(t, "claude", "whsec_warm_0123456789", target)
			cfg.Warm = c.warm
			got := Check(t.Context(), cfg)
			if (got.Problem == nil) != c.want || c.want && len(got.Record.Attempts) != c.tries+1 {
				t.Errorf("%+v after %d attempts", got.Problem, len(got.Record.Attempts))
			}
		})
	}
}

// TestClockFirst: with a clock that is far off, no other cause is looked for.
func TestClockFirst(t *testing.T) {
	t.Parallel()
	r := check(t, "whsec_a", hookPath, func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Date", time.Now().Add(10*time.Minute).UTC().Format(http.TimeFormat))
		w.WriteHeader(http.StatusUnauthorized)
	})
	if p := r.Problem; p == nil || !strings.Contains(p.Cause, "every event looks stale") || len(r.Record.Attempts) != 1 {
		t.Errorf("problem %+v after %d attempts", r.Problem, len(r.Record.Attempts))
	}
}

// TestDerivationsOfAnotherContract: mistakes that a receiver of Standard Webhooks makes.
func TestDerivationsOfAnotherContract(t *testing.T) {
	t.Parallel()
	const secret = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"
	raw, err := base64.StdEncoding.DecodeString(strings.TrimPrefix(secret, "whsec_"))
	if err != nil {
		t.Fatal(err)
	}
	sign := func(key, content string) string {
		mac := hmac.New(sha256.New, []byte(key))
		mac.Write([]byte(content))
		return base64.StdEncoding.EncodeToString(mac.Sum(nil))
	}
	content := func(h http.Header, body []byte) string {
		return h.Get("webhook-id") + "." + h.Get("webhook-timestamp") + "." + string(body)
	}
	for name, tt := range map[string]struct {
		want  func(h http.Header, body []byte) string
		cause string
	}{
		"whole secret":  {func(h http.Header, body []byte) string { return "v1," + sign(secret, content(h, body)) }, "takes the whole secret string"},
		"body alone":    {func(_ http.Header, body []byte) string { return "v1," + sign(string(raw), string(body)) }, "over the body alone"},
		"no label":      {func(h http.Header, body []byte) string { return sign(string(raw), content(h, body)) }, "expects the bare signature"},
		"another label": {func(http.Header, []byte) string { return "never" }, "not the same on both sides"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			srv := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
				body, err := io.ReadAll(r.Body)
				if err != nil || r.Header.Get("webhook-signature") != tt.want(r.Header, body) {
					w.WriteHeader(http.StatusUnauthorized)
				}
			}))
			t.Cleanup(srv.Close)
			target, err := url.Parse(srv.URL)
			if err != nil {
				t.Fatal(err)
			}
			p := checkUnder(t, "standard-webhooks", secret, target).Problem
			if p == nil || !strings.Contains(p.Cause, tt.cause) || p.Mend == "" {
				t.Fatalf("problem %+v, want %q", p, tt.cause)
			}
		})
	}
}
