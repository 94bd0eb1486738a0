package main

import (
	"bytes"
	"compress/gzip"
	"context"
	"fmt"
	"io"
	"net"
	"net/http"
	"strings"
	"sync/atomic"
	"testing"
	"time"
	"unicode/utf8"
)

// The bounds of a run against whatever target: generous for a race detector on
// a busy machine, and far from what an unbounded read would take.
const (
	maxTook   = 40 * time.Second
	maxMemory = 512 << 20
)

// TestHostileTarget: whatever a target answers, the run ends, does not pass,
// and neither the terminal nor the page obeys the target.
func TestHostileTarget(t *testing.T) {
	t.Parallel()
	var flood [5]atomic.Int64
	t.Cleanup(func() { // when every case has ended
		for i := range flood {
			if n := flood[i].Load(); n > maxMemory {
				t.Errorf("flood %d: the target could send %d bytes", i, n)
			}
		}
	})
	tcp := func(handle func(context.Context, net.Conn)) func(*testing.T) string {
		return func(t *testing.T) string { t.Helper(); return serveTCP(t, handle) }
	}
	nasty := "<script>alert(1)</script><img src=x onerror=alert(1)>\x1b[2J\x1b]0;pwned\x07\x00\u202e&#x3c;script&#x3e;]]>\r\n```\n# heading\n[x](javascript:alert(1))"
	controls := strings.NewReplacer("\r", "", "\n", "", "\x00", "").Replace(nasty) // on one line
	head := func(status, oneLine string) string {
		return "HTTP/1.1 " + status + "\r\nServer: " + oneLine + "\r\nX-Nasty: " + oneLine + "\r\nLocation: /" + oneLine + "\r\nAllow: " + oneLine +
			"\r\nContent-Type: text/html\r\nConnection: close\r\n"
	}
	plain := strings.NewReplacer("\x1b", "", "\x07", "").Replace(controls) // as HTTP allows
	const only = "SIG-02,SIG-13,HTTP-03,SIG-18"
	tests := []struct {
		name   string
		target func(*testing.T) string
		code   int
		says   string
	}{
		{"script and escapes, accepted", tcp(scripted(head("200 OK", plain) + "\r\n" + nasty)), 1, ""},
		{"script and escapes, refused", tcp(scripted(head("401 "+plain, plain) + "\r\n" + nasty)), 4, "refused the first valid event with 401"},
		{"script and escapes, redirect", tcp(scripted(head("302 "+plain, plain) + "\r\n" + nasty)), 4, "answered the first valid event with a redirect (302) to /<script>alert(1)</script>"},
		{"script and escapes, method", tcp(scripted(head("405 "+plain, plain) + "\r\n" + nasty)), 4, "does not take POST: it answered 405 and allows <script>"},
		{"script and escapes, no HTTP", tcp(scripted(nasty)), 4, "does not speak HTTP"},
		{"script and escapes in the header", tcp(scripted(head("200 "+controls, controls) + "\r\n")), 4, "is not correct HTTP"},
		{"NULs", tcp(scripted("HTTP/1.1 200 OK\r\nX: \x00\x00\r\nContent-Length: 4\r\n\r\n\x00\x00\x00\x00")), 4, "is not correct HTTP"},
		{"10 GB", tcp(flooding("HTTP/1.1 200 OK\r\nContent-Length: 10000000000\r\n\r\n", "x", &flood[0])), 1, ""},
		{"chunks without end", tcp(flooding("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n", "4\r\nabcd\r\n", &flood[1])), 1, ""},
		{"headers without end", tcp(flooding("HTTP/1.1 200 OK\r\n", "X-Header: yes\r\n", &flood[2])), 4, "a header that does not end"},
		{"one header without end", tcp(flooding("HTTP/1.1 200 OK\r\nX-Header: ", "y", &flood[3])), 4, "a header that does not end"},
		{"interim answers without end", tcp(flooding("", "HTTP/1.1 103 Early Hints\r\nLink: </x>\r\n\r\n", &flood[4])), 4, "a header that does not end"},
		{"gzip bomb", gzipBomb, 1, ""},
		{"two content lengths", tcp(scripted("HTTP/1.1 200 OK\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\nabc")), 4, "is not correct HTTP"},
		{"negative content length", tcp(scripted("HTTP/1.1 200 OK\r\nContent-Length: -1\r\n\r\nabc")), 4, "is not correct HTTP"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			r, report := conform(t, tt.target(t), "--only", only, "--timeout", "1s", "--run-timeout", "20s")
			if r.code != tt.code {
				t.Errorf("exit %d, want %d:\n%s", r.code, tt.code, r.stdout)
			}
			if p := report.Preflight; (p != nil || tt.says != "") && (tt.says == "" || p == nil || !strings.Contains(p.Problem, tt.says)) {
				t.Errorf("preflight %+v, want %q", p, tt.says)
			}
			bounded(t, r)
			harmless(t, r)
		})
	}
}

func bounded(t *testing.T, r cmdRun) {
	t.Helper()
	if r.took > maxTook || r.memory > maxMemory {
		t.Errorf("it took %s and %d MB", r.took, r.memory>>20)
	}
	all := map[string][]byte{}
	files(t, r.dir, all)
	for name, text := range all {
		if len(text) > 16<<20 {
			t.Errorf("%s has %d MB", name, len(text)>>20)
		}
	}
}

// harmless looks at the console and the page for what would be obeyed.
func harmless(t *testing.T, r cmdRun) {
	t.Helper()
	for name, text := range map[string]string{"stdout": r.stdout, "stderr": r.stderr, "summary.md": read(t, r, "summary.md"), "junit.xml": read(t, r, "junit.xml"), "report.html": read(t, r, "report.html")} {
		if at := strings.IndexFunc(text, func(c rune) bool {
			return c < ' ' && c != '\n' && c != '\t' || c == 0x7f || c == '\u202e' || c >= 0x80 && c < 0xa0
		}); at >= 0 || !utf8.ValidString(text) {
			t.Errorf("%s holds a control character: %q", name, text[max(0, at-40):min(len(text), at+40)])
		}
	}
	page := strings.ToLower(read(t, r, "report.html"))
	for _, bad := range []string{"<script>alert", "<img src=x", `href="javascript:`} {
		if strings.Contains(page, bad) {
			t.Errorf("report.html holds %q", bad)
		}
	}
	if n := strings.Count(page, "<script"); n != 1 { // the page's own, at its end
		t.Errorf("report.html holds %d scripts", n)
	}
}

// gzipBomb answers with 1 MB that would be 1 GB.
func gzipBomb(t *testing.T) string {
	t.Helper()
	var bomb bytes.Buffer
	z := gzip.NewWriter(&bomb)
	if _, err := io.CopyN(z, zeros{}, 8<<20); err != nil {
		t.Fatal(err)
	}
	if err := z.Close(); err != nil {
		t.Fatal(err)
	}
	return serveHTTP(t, func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Encoding", "gzip")
		_, _ = w.Write(bytes.Repeat(bomb.Bytes(), 128)) // one member behind the other is one text
	})
}

type zeros struct{}

func (zeros) Read(p []byte) (int, error) { clear(p); return len(p), nil }

// TestRunTimeout: a target that drags every answer out does not hold the run
// longer than its bound, and what was not reached is unproven.
func TestRunTimeout(t *testing.T) {
	t.Parallel()
	target := serveHTTP(t, func(w http.ResponseWriter, r *http.Request) {
		_, _ = io.Copy(io.Discard, r.Body)
		tick := time.NewTimer(200 * time.Millisecond)
		defer tick.Stop()
		select {
		case <-tick.C:
		case <-r.Context().Done():
		}
		if r.Header.Get("X-Claude-Signature") == "" {
			w.WriteHeader(http.StatusUnauthorized)
		}
		_, _ = fmt.Fprint(w, "in the end")
	})
	r, report := conform(t, target, "--only", "SIG-01,SIG-02,RAW", "--run-timeout", "1s", "--quiet")
	if r.code != 3 || !report.Interrupted || !strings.Contains(strings.Join(report.Assumptions, "\n"), "The run was stopped at its bound of 1s (--run-timeout).") {
		t.Errorf("exit %d, interrupted %t, after %d ms:\n%s", r.code, report.Interrupted, report.DurationMS, r.stdout)
	}
	if r.took > 10*time.Second {
		t.Errorf("it took %s", r.took)
	}
}
