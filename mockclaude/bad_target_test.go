package mockclaude

import (
	"bytes"
	"compress/gzip"
	"context"
	"errors"
	"io"
	"log"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync/atomic"
	"testing"
	"time"
)

func quiet() *log.Logger { return log.New(io.Discard, "", 0) }

// reset ends a connection with a RST.
func reset(c net.Conn) {
	c.(*net.TCPConn).SetLinger(0)
	c.Close()
}

const ok = "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"

// TestBadTargets covers what an answer can do wrong. Each target is asked by
// net/http and by hand, with the same record.
func TestBadTargets(t *testing.T) {
	t.Parallel()
	short := 300 * time.Millisecond
	for name, tt := range map[string]struct {
		handle  func(net.Conn)
		timeout time.Duration
		want    ErrKind
		status  int
		show    string
	}{
		"closes at once":   {func(net.Conn) {}, 0, ErrClosed, 0, ""},
		"resets at once":   {reset, 0, ErrClosed, 0, ""},
		"reads and closes": {func(c net.Conn) { readRequest(c) }, 0, ErrClosed, 0, ""},
		"reads and resets": {func(c net.Conn) { readRequest(c); reset(c) }, 0, ErrClosed, 0, ""},
		"hangs":            {func(c net.Conn) { io.Copy(io.Discard, c) }, short, ErrTimeout, 0, ""},
		"half a header": {func(c net.Conn) {
			readRequest(c)
			io.WriteString(c, "HTTP/1.1 200 OK\r\nServ")
		}, 0, ErrTruncated, 0, "HTTP/1.1 200 OK\nServ"},
		"half a header, hangs": {answering("HTTP/1.1 200 OK\r\nServ"), short, ErrTimeout, 0, "Serv"},
		"short body": {func(c net.Conn) {
			readRequest(c)
			io.WriteString(c, "HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nhello")
		}, 0, ErrTruncated, 200, "hello"},
		"short chunk": {func(c net.Conn) {
			readRequest(c)
			io.WriteString(c, "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n")
		}, 0, ErrTruncated, 200, "hello"},
		"short body, hangs": {answering("HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nhello"), short, ErrTimeout, 200, "hello"},
		"endless slow body": {func(c net.Conn) {
			readRequest(c)
			io.WriteString(c, "HTTP/1.1 200 OK\r\n\r\n")
			tick := time.NewTicker(5 * time.Millisecond)
			defer tick.Stop()
			for range tick.C {
				if _, err := io.WriteString(c, "z"); err != nil {
					return
				}
			}
		}, short, ErrTimeout, 200, "zzz"},
		"endless slow header": {func(c net.Conn) {
			readRequest(c)
			io.WriteString(c, "HTTP/1.1 200 OK\r\n")
			tick := time.NewTicker(5 * time.Millisecond)
			defer tick.Stop()
			for range tick.C {
				if _, err := io.WriteString(c, "A: b\r\n"); err != nil {
					return
				}
			}
		}, short, ErrTimeout, 0, "A: b\nA: b"},
		"endless header": {flooding("HTTP/1.1 200 OK\r\n", "A: b\r\n"), 0, ErrTooLarge, 0, "A: b"},
		"endless line":   {flooding("HTTP/1.1 200 OK\r\nA: ", "bbbbbbbbb"), 0, ErrTooLarge, 0, "bbbb"},
		"10 GB": {
			flooding("HTTP/1.1 200 OK\r\nContent-Length: 10737418240\r\n\r\n", strings.Repeat("x", 64<<10)), 0,
			ErrTooLarge, 200, "xxxx",
		},
		"endless chunks": {
			flooding("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n", "5\r\nhello\r\n"), 0, ErrTooLarge, 200, "hello",
		},
		"1xx flood": {flooding("", "HTTP/1.1 103 Early Hints\r\nLink: </x>\r\n\r\n"), 0, ErrTooLarge, 0, "HTTP/1.1 103"},
		"slow 1xx": {func(c net.Conn) {
			readRequest(c)
			tick := time.NewTicker(5 * time.Millisecond)
			defer tick.Stop()
			for range tick.C {
				if _, err := io.WriteString(c, "HTTP/1.1 102 Processing\r\n\r\n"); err != nil {
					return
				}
			}
		}, short, ErrTimeout, 0, ""},
		"some 1xx":         {answering("HTTP/1.1 103 Early Hints\r\nLink: </x>\r\n\r\n" + ok), 0, "", 200, "HTTP/1.1 200 OK\n"},
		"101":              {answering("HTTP/1.1 101 Switching Protocols\r\nUpgrade: x\r\nConnection: upgrade\r\n\r\n"), 0, "", 101, "101"},
		"SSH":              {answering("SSH-2.0-OpenSSH_9.9\r\n"), 0, ErrProtocol, 0, "SSH-2.0"},
		"no version":       {answering("HTTP/x 200 OK\r\n\r\n"), 0, ErrProtocol, 0, "HTTP/x"},
		"no status":        {answering("HTTP/1.1 abc OK\r\n\r\n"), 0, ErrProtocol, 0, "abc"},
		"bad field":        {answering("HTTP/1.1 200 OK\r\nno colon\r\n\r\n"), 0, ErrProtocol, 0, "no colon"},
		"bad length":       {answering("HTTP/1.1 200 OK\r\nContent-Length: -5\r\n\r\n"), 0, ErrProtocol, 0, "-5"},
		"bad chunk":        {answering("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n"), 0, ErrProtocol, 200, "chunked"},
		"HTTP/1.0, closes": {func(c net.Conn) { readRequest(c); io.WriteString(c, "HTTP/1.0 200 OK\r\n\r\nhello") }, 0, "", 200, "hello"},
		"newlines alone":   {answering("HTTP/1.1 200 OK\nContent-Length: 2\n\nok"), 0, "", 200, "ok"},
		"redirect":         {answering("HTTP/1.1 302 Found\r\nLocation: http://127.0.0.1:1/\r\nContent-Length: 0\r\n\r\n"), 0, "", 302, "302"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			both(t, func(t *testing.T, shape Shape) {
				timeout := tt.timeout
				if timeout == 0 {
					timeout = 30 * time.Second
				}
				d := testDelivery(t)
				d.Shape = shape
				e := send(t, testSender(t, rawTarget(t, tt.handle), within(timeout)), d)
				wantErr(t, e, tt.want)
				if e.Status != tt.status || e.Complete != (tt.want == "") || (tt.want != "") != (e.ErrText != "") {
					t.Errorf("%+v", e)
				}
				wantIn(t, e.Response, tt.show)
				if len(e.Response) > keepText+64 || e.ResponseBytes > defaultBound {
					t.Errorf("%d characters, %d bytes", len(e.Response), e.ResponseBytes)
				}
				switch name {
				case "redirect":
					if e.Location != "http://127.0.0.1:1/" {
						t.Errorf("location %q", e.Location)
					}
				case "HTTP/1.0, closes":
					if !e.Closes {
						t.Error("that it closes is not recorded")
					}
				case "10 GB":
					if e.ResponseBytes != defaultBound {
						t.Errorf("%d bytes", e.ResponseBytes)
					}
					wantIn(t, e.Response, "more]")
				}
			})
		})
	}
}

// TestEarlyAnswer sends 32 MB to targets that answer without reading them.
func TestEarlyAnswer(t *testing.T) {
	t.Parallel()
	const early = "HTTP/1.1 413 Content Too Large\r\nContent-Length: 5\r\nConnection: close\r\n\r\nlarge"
	for name, handle := range map[string]func(context.Context, net.Conn){
		"closes": func(_ context.Context, c net.Conn) {
			c.Read(make([]byte, 1024))
			io.WriteString(c, early)
		},
		"closes its side, drains": func(_ context.Context, c net.Conn) {
			c.Read(make([]byte, 1024))
			io.WriteString(c, early)
			c.(*net.TCPConn).CloseWrite()
			io.Copy(io.Discard, c)
		},
		"stays and reads nothing": func(ctx context.Context, c net.Conn) {
			c.Read(make([]byte, 1024))
			io.WriteString(c, strings.Replace(early, "Connection: close\r\n", "", 1))
			<-ctx.Done()
		},
		"answers before the request": func(_ context.Context, c net.Conn) {
			io.WriteString(c, early)
			c.Read(make([]byte, 1))
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			test := func(t *testing.T, shape Shape) {
				t.Helper()
				target := rawTarget(t, func(c net.Conn) { handle(t.Context(), c) })
				d := Delivery{Body: `"{{repeat:33554432:x}}"`, Shape: shape}
				e := send(t, testSender(t, target), d)
				if e.Status != 413 || !e.Complete || e.Err != "" {
					t.Fatalf("status %d, complete %v, %s: %s", e.Status, e.Complete, e.Err, e.ErrText)
				}
				if name == "stays and reads nothing" && e.Sent {
					t.Error("32 MB that nobody read are said to be sent")
				}
				wantIn(t, e.Request, "bytes more]")
			}
			if name == "answers before the request" { // net/http takes that for a fault
				test(t, Shape{Kind: ShapeRaw})
				return
			}
			both(t, test)
		})
	}
}

func TestLargeBodyArrives(t *testing.T) {
	t.Parallel()
	both(t, func(t *testing.T, shape Shape) {
		ch := make(chan seen, 1)
		server := httptest.NewServer(seeing(ch))
		defer server.Close()
		e := send(t, testSender(t, server.URL), Delivery{Body: `"{{repeat:4000000:x}}"`, Shape: shape})
		if got := <-ch; len(got.body) != 4_000_002 || !e.Sent || e.Status != 202 || got.header.Get("X-Claude-Signature") != rightHex(got.body) {
			t.Errorf("%d bytes arrived; %+v", len(got.body), e)
		}
	})
}

func TestGzipBombIsNotInflated(t *testing.T) {
	t.Parallel()
	var bomb bytes.Buffer
	w := gzip.NewWriter(&bomb)
	w.Write(make([]byte, 8<<20))
	w.Close()
	both(t, func(t *testing.T, shape Shape) {
		server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Content-Encoding", "gzip")
			w.Write(bomb.Bytes())
		}))
		defer server.Close()
		e := send(t, testSender(t, server.URL), Delivery{Body: "{}", Shape: shape})
		if e.Err != "" || e.ResponseBytes != int64(bomb.Len()) {
			t.Errorf("%+v", e)
		}
		wantIn(t, e.Response, `\x1F\x8B`[4:])
	})
}

func TestDialErrors(t *testing.T) {
	t.Parallel()
	l, err := new(net.ListenConfig).Listen(t.Context(), "tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	free := l.Addr().String()
	l.Close()
	d := testDelivery(t)
	e := send(t, testSender(t, "http://"+free), d)
	wantErr(t, e, ErrRefused)
	if e.EventID != d.EventID || e.Sent || e.Conn != 0 {
		t.Errorf("%+v", e)
	}
	wantIn(t, e.Request, "POST / HTTP/1.1\n")
	wantErr(t, send(t, testSender(t, "http://no-such-host.invalid/"), d), ErrDNS)
}

func TestDialFaultKinds(t *testing.T) {
	t.Parallel()
	for want, err := range map[ErrKind]error{
		ErrDNS: &net.OpError{Err: &net.DNSError{IsNotFound: true}}, ErrDial: errors.New("no route to host"),
		ErrTimeout: &net.OpError{Err: context.DeadlineExceeded},
	} {
		if kind, _ := kindOf(dialFault(t.Context(), err)); kind != want {
			t.Errorf("%v: %s, want %s", err, kind, want)
		}
	}
}

func TestCanceled(t *testing.T) {
	t.Parallel()
	both(t, func(t *testing.T, shape Shape) {
		ctx, cancel := context.WithCancel(t.Context())
		defer cancel()
		target := rawTarget(t, func(c net.Conn) {
			readRequest(c)
			cancel()
			io.Copy(io.Discard, c)
		})
		s := testSender(t, target)
		d := testDelivery(t)
		d.Shape = shape
		wantErr(t, s.Send(ctx, d), ErrCanceled)
		wantErr(t, s.Send(ctx, d), ErrCanceled)
	})
}

func TestCloseEndsExchanges(t *testing.T) {
	t.Parallel()
	both(t, func(t *testing.T, shape Shape) {
		arrived := make(chan struct{})
		var once atomic.Bool
		s := testSender(t, rawTarget(t, func(c net.Conn) {
			readRequest(c)
			if once.CompareAndSwap(false, true) {
				close(arrived)
			}
			io.Copy(io.Discard, c)
		}))
		d := testDelivery(t)
		d.Shape = shape
		done := make(chan Exchange)
		go func() { done <- s.Send(t.Context(), d) }()
		<-arrived
		s.Close()
		wantErr(t, <-done, ErrCanceled)
		wantErr(t, s.Send(t.Context(), d), ErrCanceled)
	})
}

func TestExpect(t *testing.T) {
	t.Parallel()
	d := testDelivery(t)
	d.Shape.Kind = ShapeExpect
	refuse := rawTarget(t, func(c net.Conn) {
		buf := make([]byte, 4096)
		n, _ := c.Read(buf)
		io.WriteString(c, "HTTP/1.1 103 Early Hints\r\n\r\nHTTP/1.1 401 Unauthorized\r\nContent-Length: 0\r\n\r\n")
		if rest, _ := io.ReadAll(c); len(rest) > 0 || !bytes.HasSuffix(buf[:n], []byte("\r\n\r\n")) {
			t.Errorf("the body was sent: %q", rest)
		}
	})
	if e := send(t, testSender(t, refuse), d); e.Status != 401 || e.Err != "" || e.Sent || !e.Complete {
		t.Errorf("%+v", e)
	}
	silent := rawTarget(t, answering(ok)) // never says 100, waits for the body
	if e := send(t, testSender(t, silent), d); e.Status != 200 || !e.Sent {
		t.Errorf("%+v", e)
	}
}

func TestCutAndAbandon(t *testing.T) {
	t.Parallel()
	type arrival struct {
		body int
		err  error
	}
	for name, tt := range map[string]struct {
		shape Shape
		want  func(whole int) int
	}{
		"cut":         {Shape{Kind: ShapeCut, CutAt: 50}, func(n int) int { return n / 2 }},
		"cut early":   {Shape{Kind: ShapeCut}, func(int) int { return 0 }},
		"abandon":     {Shape{Kind: ShapeAbandon}, func(n int) int { return n }},
		"give up":     {Shape{Kind: ShapeAbandon, GiveUp: 50 * time.Millisecond}, func(n int) int { return n }},
		"cut at 100%": {Shape{Kind: ShapeCut, CutAt: 100}, func(n int) int { return n }},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			ch := make(chan arrival, 1)
			target := rawTarget(t, func(c net.Conn) {
				r, body, err := readRequest(c)
				if r == nil {
					return
				}
				ch <- arrival{len(body), err}
				io.Copy(io.Discard, c)
			})
			d := testDelivery(t)
			d.Shape = tt.shape
			s := testSender(t, target)
			p, err := s.prepare(d, time.Now())
			if err != nil {
				t.Fatal(err)
			}
			want := tt.want(len(p.body))
			e := send(t, s, d)
			wantErr(t, e, ErrAbandoned)
			got := <-ch
			if whole := want == len(p.body); e.Sent != whole || (got.err == nil) != whole || got.body != want {
				t.Errorf("%d bytes arrived, %v; sent %v; want %d", got.body, got.err, e.Sent, want)
			}
			if e.Status != 0 || e.Duration < tt.shape.GiveUp {
				t.Errorf("%+v", e)
			}
		})
	}
}
