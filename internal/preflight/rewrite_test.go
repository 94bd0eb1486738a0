package preflight

import (
	"net/url"
	"strings"
	"testing"

	"hookdrill/mockclaude"
	"hookdrill/reports"
)

// TestSpaced: as Python's json.dumps(json.loads(body)) writes it.
func TestSpaced(t *testing.T) {
	t.Parallel()
	tests := []struct{ name, in, want string }{
		{"separators", `{"a":1,"b":[1,2]}`, `{"a": 1, "b": [1, 2]}`},
		{"inside a string", `{"a":"x,y:z","b":"\",:"}`, `{"a": "x,y:z", "b": "\",:"}`},
		{"escaped backslash", `{"a":"\\","b":1}`, `{"a": "\\", "b": 1}`},
		{"beyond ASCII", `{"ä":"é😀"}`, `{"\u00e4": "\u00e9\ud83d\ude00"}`},
		{"empty", ``, ``},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			if got := spaced(tt.in); got != tt.want {
				t.Errorf("got %s, want %s", got, tt.want)
			}
		})
	}
}

// TestUnreachable: every way in which an exchange can go wrong has a sentence,
// a cause and something to do.
func TestUnreachable(t *testing.T) {
	t.Parallel()
	target := &url.URL{Scheme: "http", Host: "receiver.example:8080", Path: "/hook"}
	tests := []struct {
		name     string
		exchange mockclaude.Exchange
		kind     string
		says     string
	}{
		{"dns", mockclaude.Exchange{Err: mockclaude.ErrDNS}, "dns", "The name receiver.example does not resolve."},
		{"refused", mockclaude.Exchange{Err: mockclaude.ErrRefused}, "refused", "Nothing listens at receiver.example:8080"},
		{"dial", mockclaude.Exchange{Err: mockclaude.ErrDial, ErrText: "no route to host"}, "dial", "no route to host"},
		{"tls", mockclaude.Exchange{Err: mockclaude.ErrTLS, ErrText: "bad record"}, "tls", "bad record"},
		{"timeout", mockclaude.Exchange{Err: mockclaude.ErrTimeout}, "timeout", "did not give a complete answer in time"},
		{"closed", mockclaude.Exchange{Err: mockclaude.ErrClosed}, "closed", "closed the connection without an answer"},
		{"truncated", mockclaude.Exchange{Err: mockclaude.ErrTruncated, Status: 200}, "truncated", "began an answer (200) that broke off"},
		{"too large", mockclaude.Exchange{Err: mockclaude.ErrTooLarge, ErrText: "header larger than 65536 bytes"}, "too_large", "a header that does not end"},
		{"no HTTP", mockclaude.Exchange{Err: mockclaude.ErrProtocol, Response: "SSH-2.0"}, "no_http", "does not speak HTTP"},
		{"bad HTTP", mockclaude.Exchange{Err: mockclaude.ErrProtocol, Response: "HTTP/1.1 200 OK", ErrText: "x\x1b"}, "no_http", `is not correct HTTP: x\x1b.`},
		{"canceled", mockclaude.Exchange{Err: mockclaude.ErrCanceled}, "canceled", "stopped before the first answer"},
		{"harness", mockclaude.Exchange{Err: mockclaude.ErrHarness, ErrText: "no"}, "harness", "could not be delivered"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			p := unreachable(target, tt.exchange)
			if p.Kind != tt.kind || !strings.Contains(p.Problem, tt.says) || p.Cause == "" || p.Mend == "" || p.Problem != reports.Clean(p.Problem) {
				t.Errorf("got %+v, want %s and %q", p, tt.kind, tt.says)
			}
		})
	}
}
