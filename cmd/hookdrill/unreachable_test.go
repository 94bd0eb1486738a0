package main

import (
	"bytes"
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"html"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"
	"unicode/utf16"
	"unicode/utf8"

	"hookdrill/reports"
)

// redirectToSlash redirects the path to itself with a slash, where a correct
// receiver is.
func redirectToSlash(t *testing.T) string {
	t.Helper()
	rc := receiver{}
	rc.effects, rc.key = map[string]int{}, testKey
	return serveHTTP(t, func(w http.ResponseWriter, r *http.Request) {
		if !strings.HasSuffix(r.URL.Path, "/") {
			http.Redirect(w, r, r.URL.Path+"/", http.StatusMovedPermanently)
			return
		}
		rc.hook(w, r)
	})
}

func overTLS(t *testing.T) string {
	t.Helper()
	server := httptest.NewUnstartedServer(status(http.StatusOK))
	server.Config.ErrorLog = quiet()
	server.StartTLS()
	t.Cleanup(server.Close)
	return server.URL + hookPath
}

// TestTargetCannotBeJudged: exit 4, and one sentence that says what is wrong.
func TestTargetCannotBeJudged(t *testing.T) {
	t.Parallel()
	tcp := func(handle func(context.Context, net.Conn)) func(*testing.T) string {
		return func(t *testing.T) string { t.Helper(); return serveTCP(t, handle) }
	}
	answers := func(code int) func(*testing.T) string {
		return func(t *testing.T) string { t.Helper(); return serveHTTP(t, status(code)) }
	}
	tests := []struct {
		name   string
		target func(*testing.T) string
		kind   string
		says   string // in the problem, the cause or the mend
	}{
		{"down", closedPort, "refused", "Nothing listens at"},
		{"no such name", func(*testing.T) string { return "http://no-such-host.invalid/hook" }, "dns", "The name no-such-host.invalid does not resolve."},
		{"hanging", tcp(hanging), "timeout", "did not give a complete answer in time (--timeout)"},
		{"resetting", tcp(resetting), "closed", "closed the connection without an answer"},
		{"closing at once", tcp(func(context.Context, net.Conn) {}), "closed", "closed the connection without an answer"},
		{"header that never ends, slowly", tcp(dripping("HTTP/1.1 200 OK\r\n", "X")), "timeout", "did not give a complete answer in time"},
		{"body that never ends, slowly", tcp(dripping("HTTP/1.1 200 OK\r\nContent-Length: 99999\r\n\r\n", "x")), "timeout", "It began an answer (200) and did not end it."},
		{"answer that breaks off", tcp(scripted("HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nabc")), "truncated", "began an answer (200) that broke off"},
		{"redirect to itself with a slash", redirectToSlash, "redirect", hookPath + "/: it accepted the same event."},
		{"not found", answers(http.StatusNotFound), "not_found", "nothing is served at this path"},
		{"method not allowed", answers(http.StatusMethodNotAllowed), "method", "does not take POST"},
		{"server error", answers(http.StatusInternalServerError), "server_error", "the receiver failed by itself"},
		{"unavailable", answers(http.StatusServiceUnavailable), "server_error", "503"},
		{"refuses everything", answers(http.StatusUnauthorized), "unauthorized", "The secret is most likely not the same on both sides"},
		{"refuses everything as malformed", answers(http.StatusBadRequest), "malformed", "It may not have liked the event"},
		{"too many requests", answers(http.StatusTooManyRequests), "refused_event", "429"},
		{"banner of another protocol", tcp(scripted("SSH-2.0-OpenSSH_9.9\r\n")), "no_http", "does not speak HTTP"},
		{"banner before any request", tcp(func(_ context.Context, c net.Conn) {
			_, _ = io.WriteString(c, "220 mail.example ESMTP\r\n")
			readRequest(c)
		}), "no_http", "does not speak HTTP"},
		{"TLS at an http URL", func(t *testing.T) string {
			t.Helper()
			return strings.Replace(overTLS(t), "https:", "http:", 1)
		}, "tls", "Begin the URL with https://."},
		{"plain http at an https URL", func(t *testing.T) string {
			t.Helper()
			return strings.Replace(serveHTTP(t, status(200)), "http:", "https:", 1)
		}, "tls", "Try http://"},
		{"status without meaning", tcp(scripted("HTTP/1.1 999 Never\r\nContent-Length: 0\r\n\r\n")), "server_error", "999"},
		{"switching protocols", tcp(scripted("HTTP/1.1 101 Switching Protocols\r\nUpgrade: x\r\nConnection: Upgrade\r\n\r\n")), "no_http", "101"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			r, report := conform(t, tt.target(t), "--timeout", "1s", "--quiet")
			p := report.Preflight
			if r.code != 4 || p == nil {
				t.Fatalf("exit %d, preflight %+v\n%s", r.code, p, r.stdout)
			}
			if p.Kind != tt.kind || !strings.Contains(p.Problem+"\n"+p.Cause+"\n"+p.Mend, tt.says) || p.Cause == "" || p.Mend == "" {
				t.Errorf("%s, want %s and %q:\n%s\n%s\n%s", p.Kind, tt.kind, tt.says, p.Problem, p.Cause, p.Mend)
			}
			for name, text := range map[string]string{"console": r.stdout, "summary.md": read(t, r, "summary.md")} {
				if !strings.Contains(unescapeMarkdown(text), p.Problem) {
					t.Errorf("the %s does not say %q", name, p.Problem)
				}
			}
			if report.Counts[reports.Pass] != 0 {
				t.Errorf("%d checks pass of a target that was not judged", report.Counts[reports.Pass])
			}
			if len(p.Exchanges) == 0 {
				t.Error("no exchange for evidence")
			}
		})
	}
}

// TestDiagnosisNamesTheCause: a receiver that refuses the first valid event
// verifies in another way that is in use, and the report says which.
func TestDiagnosisNamesTheCause(t *testing.T) {
	t.Parallel()
	const key = "whsec_MDEyMzQ1Njc4OWFiY2RlZjAxMjM0NTY3" // base64 behind the prefix
	decoded, err := base64.StdEncoding.DecodeString(strings.TrimPrefix(key, "whsec_"))
	if err != nil {
		t.Fatal(err)
	}
	tests := []struct {
		name     string
		receiver *receiver
		cause    string
	}{
		{"another secret", &receiver{key: "whsec_other"}, "The secret is most likely not the same on both sides"},
		{"decodes the secret", &receiver{sign: func(b []byte) string { return mac(string(decoded), b) }}, "decoded from base64, as the key"},
		{"strips whsec_", &receiver{sign: func(b []byte) string { return mac(strings.TrimPrefix(key, "whsec_"), b) }}, "strips whsec_"},
		{"secret with a newline", &receiver{sign: func(b []byte) string { return mac(key+"\n", b) }}, "ends in a newline"},
		{"signature in base64", &receiver{sign: func(b []byte) string { return macBase64(key, b) }}, "expects the signature in base64"},
		{"sha256= in front", &receiver{sign: func(b []byte) string { return "sha256=" + mac(key, b) }}, "expects sha256= in front"},
		{"writes the body again", &receiver{sign: func(b []byte) string { return mac(key, rewritten(b)) }}, "does not verify the bytes that it got"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			if tt.receiver.key == "" {
				tt.receiver.key = key
			}
			target := tt.receiver.serve(t)
			r := run(t, []string{"CLAUDE_WEBHOOK_KEY=" + key}, "conformance", "--target", target, "--quiet")
			report, err := agreed(r.dir, r.code)
			if err != nil || r.code != 4 {
				t.Fatalf("exit %d, %v", r.code, err)
			}
			if p := report.Preflight; p.Kind != "unauthorized" || !strings.Contains(p.Cause, tt.cause) || p.Mend == "" {
				t.Errorf("kind %s, cause %q, want %q", p.Kind, p.Cause, tt.cause)
			}
			if c := check(t, report, "SIG-01"); c.Status != reports.Fail {
				t.Errorf("SIG-01 is %s", c.Status)
			}
		})
	}
}

// rewritten is a body as Python's json.dumps writes it.
func rewritten(body []byte) []byte {
	var out bytes.Buffer
	if json.Indent(&out, body, "", "") != nil {
		return nil
	}
	text := strings.NewReplacer("{\n", "{", "[\n", "[", "\n}", "}", "\n]", "]", ",\n", ", ").Replace(out.String())
	var ascii strings.Builder
	for _, r := range text {
		if r < utf8.RuneSelf {
			ascii.WriteRune(r)
			continue
		}
		for _, unit := range utf16.Encode([]rune{r}) {
			fmt.Fprintf(&ascii, `\u%04x`, unit)
		}
	}
	return []byte(ascii.String())
}

func macBase64(key string, body []byte) string {
	h := hmac.New(sha256.New, []byte(key))
	h.Write(body)
	return base64.StdEncoding.EncodeToString(h.Sum(nil))
}

// TestClockIsNamed: a receiver whose clock is wrong refuses every event.
func TestClockIsNamed(t *testing.T) {
	t.Parallel()
	target := serveHTTP(t, func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Date", time.Now().Add(-time.Hour).UTC().Format(http.TimeFormat))
		w.WriteHeader(http.StatusBadRequest)
	})
	_, report := conform(t, target, "--quiet")
	if p := report.Preflight; p == nil || !strings.Contains(p.Cause, "Its clock differs from ours by -1h0m") {
		t.Errorf("preflight %+v", report.Preflight)
	}
}

func read(t *testing.T, r cmdRun, name string) string {
	t.Helper()
	data, err := os.ReadFile(filepath.Join(r.dir, "out", "conformance", name))
	if err != nil {
		t.Fatal(err)
	}
	return string(data)
}

// unescapeMarkdown takes backslashes and entities out again.
func unescapeMarkdown(text string) string {
	var b strings.Builder
	for i := 0; i < len(text); i++ {
		if text[i] == '\\' && i+1 < len(text) && strings.IndexByte("!\"#$%&'()*+,-./:;<=>?@[\\]^_`{|}~", text[i+1]) >= 0 {
			i++
		}
		b.WriteByte(text[i])
	}
	return html.UnescapeString(b.String())
}
