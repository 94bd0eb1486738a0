package main

import (
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	"hookdrill/internal/testtool"
)

// TestPrintedCurlWorks runs the command that send prints, as a user would, and
// compares what comes of both.
func TestPrintedCurlWorks(t *testing.T) {
	t.Parallel()
	testtool.Need(t, "bash", "curl", "openssl", "date", "cut")
	nasty := `{"quotes":"it's \"so\" $HOME $(id) ` + "`id`" + ` \\ !! %s","unicode":"ä 😀 \u2028","html":"<&>"}`
	keyFile := filepath.Join(t.TempDir(), "key")
	if err := os.WriteFile(keyFile, []byte(testKey+"\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	tests := []struct {
		name   string
		args   []string
		env    []string
		status string
	}{
		{"ordinary", nil, nil, "200"},
		{"type, id and data", []string{"--type", "agent.task.failed", "--id", "evt_'1'", "--data", nasty}, nil, "200"},
		{"edits", []string{"--set", "livemode=true", "--set", "data.note=it's", "--remove", "data.task_id"}, nil, "200"},
		{"old", []string{"--stamp", "-10m"}, nil, "400"},
		{"a little old", []string{"--stamp", "-1m"}, nil, "200"},
		{"unsigned", []string{"--unsigned"}, nil, "401"},
		{"wrong key", []string{"--wrong-key"}, nil, "401"},
		{"key from another variable", []string{"--key-env", "MY_KEY"}, []string{"CLAUDE_WEBHOOK_KEY=", "MY_KEY=" + testKey}, "200"},
		{"key from a file", []string{"--key-file", keyFile}, []string{"CLAUDE_WEBHOOK_KEY="}, "200"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			rc := &receiver{}
			target := rc.serve(t) + "?tenant=a&b=[1]"
			r := runIn(t, t.TempDir(), nil, tt.env, append([]string{"send", "--target", target}, tt.args...)...)
			if !strings.Contains(r.stdout, "< HTTP/1.1 "+tt.status) {
				t.Fatalf("exit %d, want an answer of %s:\n%s", r.code, tt.status, r.stdout)
			}
			sent, body := rc.request()
			_, curl, found := strings.Cut(r.stdout, "The same with curl:\n")
			if !found || strings.Contains(curl, testKey) {
				t.Fatalf("no curl, or the key in it:\n%s", r.stdout)
			}
			cmd := exec.CommandContext(t.Context(), "bash", "-euo", "pipefail", "-c", curl)
			cmd.Env = append([]string{"PATH=" + os.Getenv("PATH"), "CLAUDE_WEBHOOK_KEY=" + testKey}, tt.env...)
			out, err := cmd.CombinedOutput()
			if err != nil || !strings.HasPrefix(string(out), "HTTP/1.1 "+tt.status) {
				t.Fatalf("curl answers %v, want %s:\n%s\n%s", err, tt.status, curl, out)
			}
			again, bodyAgain := rc.request()
			if rc.count() != 2 {
				t.Errorf("%d requests came", rc.count())
			}
			same(t, sent, again)
			stamp := regexp.MustCompile(`"timestamp":"[^"]*"`)
			if a, b := stamp.ReplaceAllString(body, ""), stamp.ReplaceAllString(bodyAgain, ""); a != b {
				t.Errorf("hookdrill sent\n%s\ncurl sent\n%s", a, b)
			}
		})
	}
}

// same compares two requests by all that a receiver looks at.
func same(t *testing.T, a, b *http.Request) {
	t.Helper()
	if a.Method != b.Method || a.URL.String() != b.URL.String() || a.Header.Get("Content-Type") != b.Header.Get("Content-Type") {
		t.Errorf("hookdrill sent %s %s as %q, curl %s %s as %q", a.Method, a.URL, a.Header.Get("Content-Type"), b.Method, b.URL, b.Header.Get("Content-Type"))
	}
	if x, y := len(a.Header.Get("X-Claude-Signature")), len(b.Header.Get("X-Claude-Signature")); x != y {
		t.Errorf("hookdrill sent a signature of %d characters, curl of %d", x, y)
	}
}

// TestSendToAHostileTarget: what is printed is not obeyed, and the wait has a
// bound.
func TestSendToAHostileTarget(t *testing.T) {
	t.Parallel()
	t.Run("escapes", func(t *testing.T) {
		t.Parallel()
		target := serveTCP(t, scripted("HTTP/1.1 200 OK\r\nConnection: close\r\n\r\n\x1b[2J\x1b]0;pwned\x07 \u202e\r\nnext"))
		r := run(t, nil, "send", "--target", target)
		if r.code != 0 || strings.ContainsAny(r.stdout, "\x1b\x07\u202e") || !strings.Contains(r.stdout, `< \x1b[2J`) {
			t.Errorf("exit %d:\n%q", r.code, r.stdout)
		}
	})
	t.Run("secrets", func(t *testing.T) {
		t.Parallel()
		rc := &receiver{before: echo}
		r := run(t, nil, "send", "--target", rc.serve(t), "--header", "Authorization: "+secretHeader)
		for _, found := range rc.secrets(testKey).in([]byte(r.stdout + r.stderr)) {
			t.Errorf("the console holds %s", found)
		}
	})
	t.Run("hanging", func(t *testing.T) {
		t.Parallel()
		r := run(t, nil, "send", "--target", serveTCP(t, hanging), "--timeout", "300ms")
		if r.code != 4 || !strings.Contains(r.stdout, ": timeout ") || r.took > 10*time.Second {
			t.Errorf("exit %d after %s:\n%s", r.code, r.took, r.stdout)
		}
	})
	t.Run("dripping", func(t *testing.T) {
		t.Parallel()
		r := run(t, nil, "send", "--target", serveTCP(t, dripping("HTTP/1.1 200 OK\r\nContent-Length: 9999\r\n\r\n", "x")), "--timeout", "300ms")
		if r.code != 1 || !strings.Contains(r.stdout, "the answer was not read to its end: timeout") || r.took > 10*time.Second {
			t.Errorf("exit %d after %s, and the answer was never whole:\n%s", r.code, r.took, r.stdout)
		}
	})
}
