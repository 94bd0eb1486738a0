package zoo

import (
	"bufio"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"time"
)

func rawSymptoms() map[string]symptom {
	unusual := func(text string) symptom {
		return refusedToo(func() string { return stamped(envelope(`"evt_1"`, completed, `,"data":{"task_id":"t"},"x":`+text)) })
	}
	return map[string]symptom{
		"reserialised-json": func(s *sender) bool {
			for _, text := range []string{`1.0`, `1e3`, `"\/"`, `"\u00e9"`, `12345678901234567890`, ` 1`} {
				if !unusual(text)(s) {
					return false
				}
			}
			body := fresh("evt_1")
			return s.send(strings.Replace(fresh("evt_2"), "task_", "é🎉\u2028", 1)).ok() && s.send(body+" ", signed(testKey, body)).ok()
		},
		"reserialised-with-spaces": func(s *sender) bool {
			return s.send(fresh("evt_1")).refused() &&
				s.send(stamped(`{"id": "evt_1", "type": "a", "timestamp": STAMP, "x": [1, {}], "y": [true, null]}`)).ok()
		},
		"body-trimmed": func(s *sender) bool {
			body := fresh("evt_1")
			return s.send(body+"\n").refused() && s.send(body+"\n", signed(testKey, body)).ok()
		},
		"newlines-normalised": unusual("\r\n1"),
		"ascii-only":          unusual(`"é"`),
		"invalid-bytes-dropped": func(s *sender) bool {
			body := fresh("evt_1")
			return s.send(body+"\xff", signed(testKey, body)).ok()
		},
		"latin1-decoded":        unusual(`"é"`),
		"content-type-compared": refusedToo(func() string { return fresh("evt_1") }, with("Content-Type", "application/json; charset=utf-8")),
		"chunked-refused": func(s *sender) bool {
			return s.send(fresh("evt_1"), chunked()).status == http.StatusLengthRequired
		},
		"content-length-trusted": refusedToo(func() string { return fresh("evt_1") }, chunked()),
		"first-read-only": func(s *sender) bool {
			text := s.text(fresh("evt_1"))
			return s.raw(text[:len(text)-20], text[len(text)-20:])[0] == http.StatusUnauthorized
		},
		"expect-refused": func(s *sender) bool {
			return s.send(fresh("evt_1"), with("Expect", "100-continue")).status == http.StatusExpectationFailed
		},
		"http1-only": func(s *sender) bool { return s.send(fresh("evt_1")).proto == "HTTP/1.1" },
		"refusal-leaves-body-unread": func(s *sender) bool {
			bare := strings.Replace(s.text(fresh("evt_1")), signatureHeader, "X-Other", 1)
			return slices.Equal(s.raw(bare+s.text(fresh("evt_2"))), []int{401, 400})
		},
		"refusal-miscounts-length": func(s *sender) bool {
			wrong := strings.Replace(s.text(fresh("evt_1")), signatureHeader+": ", signatureHeader+": 0", 1)
			return slices.Equal(s.raw(wrong+s.text(fresh("evt_2"))), []int{401, 0})
		},
	}
}

// text is a signed request as it travels.
func (s *sender) text(body string) string {
	u, err := url.Parse(s.server.URL)
	if err != nil {
		s.t.Fatal(err)
	}
	return fmt.Sprintf("POST %s HTTP/1.1\r\nHost: %s\r\nContent-Type: application/json\r\n%s: %s\r\nContent-Length: %d\r\n\r\n%s",
		u.Path, u.Host, signatureHeader, sign(testKey, []byte(body)), len(body), body)
}

// raw writes pieces to one connection and reads two answers, or as many as come
// within a second; 0 stands for what is no answer.
func (s *sender) raw(pieces ...string) []int {
	s.t.Helper()
	u, err := url.Parse(s.server.URL)
	if err != nil {
		s.t.Fatal(err)
	}
	c, err := new(net.Dialer).DialContext(s.t.Context(), "tcp", u.Host)
	if err != nil {
		s.t.Fatal(err)
	}
	defer func() { _ = c.Close() }()
	for i, p := range pieces {
		if i > 0 {
			_ = pause(s.t.Context(), 50*time.Millisecond)
		}
		if _, err := io.WriteString(c, p); err != nil {
			s.t.Fatal(err)
		}
	}
	var statuses []int
	for br := bufio.NewReader(c); len(statuses) < 2; {
		_ = c.SetReadDeadline(time.Now().Add(2 * time.Second))
		if _, err := br.Peek(1); err != nil {
			break
		}
		resp, err := http.ReadResponse(br, nil)
		if err != nil {
			return append(statuses, 0)
		}
		_, _ = io.Copy(io.Discard, resp.Body)
		_ = resp.Body.Close()
		if statuses = append(statuses, resp.StatusCode); strings.Count(strings.Join(pieces, ""), "POST ") == 1 {
			break
		}
	}
	return statuses
}
