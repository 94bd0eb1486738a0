package loadtest

import (
	"bufio"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"strings"
	"sync"
	"testing"
	"time"

	"hookdrill/mockclaude"
)

// served answers every request with the same bytes, over connections that it closes after
// each or keeps. It tells of every request line and header that comes.
func served(t *testing.T, network string, keep bool, answer func(net.Conn), told func(*http.Request)) *url.URL {
	t.Helper()
	address := map[string]string{"tcp4": "127.0.0.1:0", "tcp6": "[::1]:0"}[network]
	l, err := net.Listen(network, address)
	if err != nil {
		t.Skipf("no %s: %v", network, err)
	}
	var done sync.WaitGroup
	t.Cleanup(func() {
		_ = l.Close()
		done.Wait()
	})
	done.Go(func() {
		for {
			c, err := l.Accept()
			if err != nil {
				return
			}
			done.Go(func() {
				defer c.Close()
				r := bufio.NewReader(c)
				for {
					q, err := http.ReadRequest(r)
					if err != nil {
						return
					}
					_, _ = io.Copy(io.Discard, q.Body)
					if told != nil {
						told(q)
					}
					if answer(c); !keep {
						return
					}
				}
			})
		}
	})
	return &url.URL{Scheme: "http", Host: l.Addr().String(), Path: "/hook"}
}

// TestSameRequest: both clients send the same request, to the same path, however it is
// written.
func TestSameRequest(t *testing.T) {
	t.Parallel()
	var shown []string
	for _, ordinary := range []bool{false, true} {
		var mu sync.Mutex
		var got string
		target := served(t, "tcp4", true, func(c net.Conn) { _, _ = io.WriteString(c, "HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n") }, func(q *http.Request) {
			mu.Lock()
			defer mu.Unlock()
			delete(q.Header, "X-Claude-Signature")
			delete(q.Header, "Accept-Encoding")
			got = fmt.Sprint(q.Method, " ", q.RequestURI, " ", q.Host, " ", q.Header)
		})
		target.Path, target.RawPath, target.RawQuery, target.User = "/a b//../c", "/a%20b//..%2Fc", "x=1%2F2&y=%C3%A4&&", url.UserPassword("me", "secret")
		l := testLoad(t, target, func(c *Config) {
			c.Ordinary = ordinary
			c.Header = []mockclaude.Field{{Name: "X-One", Value: "1"}, {Name: "x-two", Value: "2"}, {Name: "X-One", Value: "3"}, {Name: "Host", Value: "inside.example"}, {Name: "user-agent", Value: "mine"}}
		})
		if r := run(t, l, Steady(10, 100*time.Millisecond)); r.Classes[Valid].Accepted() != 1 {
			t.Fatalf("%+v", r.Classes[Valid])
		}
		mu.Lock()
		shown = append(shown, got)
		mu.Unlock()
	}
	const want = "POST /a%20b//..%2Fc?x=1%2F2&y=%C3%A4&& inside.example map[Accept:[*/*]"
	if shown[0] != shown[1] || !strings.HasPrefix(shown[0], want) || !strings.Contains(shown[0], "X-One:[1 3]") || !strings.Contains(shown[0], "User-Agent:[mine]") {
		t.Errorf("lean:     %s\nordinary: %s", shown[0], shown[1])
	}
}

// TestOddAnswers: what HTTP allows is an answer, however odd; and what follows on the same
// connection is not mixed up with it.
func TestOddAnswers(t *testing.T) {
	t.Parallel()
	long := strings.Repeat("x", 3<<20)
	for name, c := range map[string]struct {
		answer  string
		network string
		keep    bool
		drip    time.Duration
		err     string
	}{
		"no length, closed":           {answer: "HTTP/1.1 200 OK\r\nConnection: close\r\n\r\nok"},
		"no length and not announced": {answer: "HTTP/1.1 200 OK\r\n\r\nok"},
		"HTTP/1.0":                    {answer: "HTTP/1.0 200 OK\r\n\r\nok"},
		"HTTP/1.0, kept":              {answer: "HTTP/1.0 200 OK\r\nConnection: keep-alive\r\nContent-Length: 2\r\n\r\nok", keep: true},
		"no reason":                   {answer: "HTTP/1.1 200\r\nContent-Length: 0\r\n\r\n", keep: true},
		"an empty reason":             {answer: "HTTP/1.1 200 \r\nContent-Length: 0\r\n\r\n", keep: true},
		"204":                         {answer: "HTTP/1.1 204 No Content\r\n\r\n", keep: true},
		"chunked, with a trailer":     {answer: "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\nTrailer: X\r\n\r\n2;a=b\r\nok\r\n0\r\nX: y\r\n\r\n", keep: true},
		"100 first":                   {answer: "HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok", keep: true},
		"hints first":                 {answer: "HTTP/1.1 103 Early Hints\r\nLink: </x>\r\n\r\nHTTP/1.1 103 Early Hints\r\n\r\nHTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok", keep: true},
		"a long header":               {answer: "HTTP/1.1 200 OK\r\nX-Long: " + long[:30<<10] + "\r\nContent-Length: 2\r\n\r\nok", keep: true},
		"many cookies":                {answer: "HTTP/1.1 200 OK\r\n" + strings.Repeat("Set-Cookie: a="+long[:200]+"\r\n", 40) + "Content-Length: 0\r\n\r\n", keep: true},
		"a long body":                 {answer: "HTTP/1.1 200 OK\r\nContent-Length: 3145728\r\n\r\n" + long, keep: true},
		"a long body in chunks":       {answer: "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n300000\r\n" + long + "\r\n0\r\n\r\n", keep: true},
		"a long body, no length":      {answer: "HTTP/1.1 200 OK\r\n\r\n" + long},
		"a redirect":                  {answer: "HTTP/1.1 204 OK\r\nLocation: http://127.0.0.1:1/\r\nContent-Length: 0\r\n\r\n", keep: true},
		"compressed":                  {answer: "HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\nContent-Length: 2\r\n\r\nok", keep: true},
		"IPv6":                        {answer: "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok", network: "tcp6", keep: true},
		"dripped":                     {answer: "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok", drip: time.Millisecond, keep: true},
		"dripped beyond the limit":    {answer: "HTTP/1.1 200 OK\r\nContent-Length: 2000\r\n\r\n" + long[:2000], drip: 50 * time.Millisecond, err: errTimeout},
		"a body cut short":            {answer: "HTTP/1.1 200 OK\r\nContent-Length: 20\r\n\r\nok", err: errSevered},
		"no HTTP":                     {answer: "SSH-2.0-OpenSSH_9\r\n", err: errOther},
	} {
		for _, ordinary := range []bool{false, true} {
			t.Run(name+map[bool]string{true: ", ordinary"}[ordinary], func(t *testing.T) {
				t.Parallel()
				network := c.network
				if network == "" {
					network = "tcp4"
				}
				target := served(t, network, c.keep, func(conn net.Conn) {
					if c.drip == 0 {
						_, _ = io.WriteString(conn, c.answer)
						return
					}
					for i := range c.answer {
						<-time.After(c.drip)
						if _, err := conn.Write([]byte{c.answer[i]}); err != nil {
							return
						}
					}
				}, nil)
				limit := 30 * time.Second
				if c.err == errTimeout {
					limit = 300 * time.Millisecond
				}
				l := testLoad(t, target, func(cfg *Config) { cfg.Ordinary, cfg.Workers, cfg.Timeout = ordinary, 2, limit })
				o := run(t, l, Steady(40, 200*time.Millisecond)).Classes[Valid]
				if c.err == "" && o.Statuses[200]+o.Statuses[204] != 8 || c.err != "" && o.Errors[c.err] != 8 {
					t.Errorf("statuses %v, errors %v, want %q", o.Statuses, o.Errors, c.err)
				}
			})
		}
	}
}
