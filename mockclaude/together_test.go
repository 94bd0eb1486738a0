package mockclaude

import (
	"crypto/tls"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"sync"
	"sync/atomic"
	"testing"
	"time"
)

// TestTogether has a target that answers nothing until all requests are there.
func TestTogether(t *testing.T) {
	t.Parallel()
	const n = 50
	var all sync.WaitGroup
	all.Add(n)
	server := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		io.Copy(io.Discard, r.Body)
		all.Done()
		all.Wait()
	}))
	defer server.Close()
	ds := make([]Delivery, n)
	for i := range ds {
		ds[i] = testDelivery(t)
		ds[i].EventID = string(rune('A' + i))
	}
	seenConn := map[int64]bool{}
	for i, e := range testSender(t, server.URL).Together(t.Context(), ds) {
		if e.Err != "" || e.Status != 200 || !e.Sent || e.EventID != ds[i].EventID || seenConn[e.Conn] {
			t.Errorf("%d: %+v", i, e)
		}
		seenConn[e.Conn] = true
	}
}

// TestTogetherReleasesNothingEarly has a target that counts TLS handshakes. In
// TLS 1.2 the server sees a connection before the client may write, so the
// count is whole when the first request arrives.
func TestTogetherReleasesNothingEarly(t *testing.T) {
	t.Parallel()
	const n = 40
	var open atomic.Int64
	var began atomic.Pointer[time.Time]
	server := httptest.NewUnstartedServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) {
		if time.Since(*began.Load()) >= gatherTime {
			return // on a busy machine: then the rest is no longer waited for
		}
		if got := open.Load(); got < n { // more when a slow handshake was given up and made again
			t.Errorf("a request came when %d of %d connections were open", got, n)
		}
	}))
	server.TLS = &tls.Config{ //nolint:gosec // the handshake of 1.2 ends on the client before the server
		MaxVersion:       tls.VersionTLS12,
		VerifyConnection: func(tls.ConnectionState) error { open.Add(1); return nil },
	}
	server.StartTLS()
	defer server.Close()
	s := testSender(t, server.URL, func(c *SenderConfig) { c.TLS = server.Client().Transport.(*http.Transport).TLSClientConfig })
	now := time.Now()
	began.Store(&now)
	for i, e := range s.Together(t.Context(), make([]Delivery, n)) {
		if e.Err != "" || e.Status != 200 {
			t.Errorf("%d: %+v", i, e)
		}
	}
}

// TestTogetherPreparesAllFirst holds up the second of two requests while it is
// being stamped, and looks whether the first one goes out meanwhile.
func TestTogetherPreparesAllFirst(t *testing.T) {
	t.Parallel()
	arrived := make(chan struct{}, 2)
	server := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { arrived <- struct{}{} }))
	defer server.Close()
	var calls atomic.Int64
	s := testSender(t, server.URL, func(c *SenderConfig) {
		c.Now = func() time.Time {
			if calls.Add(1) == 2 {
				select {
				case <-arrived:
					t.Error("a request went out before all were ready")
				case <-time.After(100 * time.Millisecond):
				}
			}
			return time.Now()
		}
	})
	for _, e := range s.Together(t.Context(), make([]Delivery, 2)) {
		wantErr(t, e, "")
	}
}

func TestTogetherOneFails(t *testing.T) {
	t.Parallel()
	target := rawTarget(t, answering(ok))
	es := testSender(t, target).Together(t.Context(), []Delivery{{Body: "{{bad}}"}, {Body: "{}"}, {Shape: Shape{Kind: ShapeHTTP2}}})
	wantErr(t, es[0], ErrHarness)
	wantErr(t, es[1], "")
	wantErr(t, es[2], ErrHTTP2)
}

func TestTogetherDialsAgain(t *testing.T) {
	t.Parallel()
	l, err := new(net.ListenConfig).Listen(t.Context(), "tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	address := l.Addr().String()
	l.Close()
	s := testSender(t, "http://"+address)
	var served sync.WaitGroup
	served.Go(func() {
		again, err := new(net.ListenConfig).Listen(t.Context(), "tcp", address)
		if err != nil {
			return // the port was taken: the check below says so
		}
		defer again.Close()
		c, err := again.Accept()
		if err != nil {
			return
		}
		defer c.Close()
		answering(ok)(c)
	})
	es := s.Together(t.Context(), []Delivery{{Body: "{}"}})
	wantErr(t, es[0], "")
	served.Wait()
	refused := testSender(t, "http://127.0.0.1:1", within(150*time.Millisecond))
	wantErr(t, refused.Together(t.Context(), []Delivery{{}})[0], ErrRefused)
}

func TestTrickle(t *testing.T) {
	t.Parallel()
	const n = 10
	got := make(chan int, n)
	target := rawTarget(t, func(c net.Conn) {
		_, body, err := readRequest(c)
		if err == nil {
			t.Error("the whole body arrived")
		}
		got <- len(body)
	})
	ds := make([]Delivery, n)
	for i := range ds {
		ds[i] = testDelivery(t)
	}
	s := testSender(t, target, within(50*time.Millisecond)) // bounds no trickling
	stop := s.Trickle(t.Context(), ds, time.Millisecond)
	<-time.After(150 * time.Millisecond)
	es := stop()
	for i, e := range es {
		wantErr(t, e, ErrAbandoned)
		if e.Sent || e.EventID != ds[i].EventID || e.Duration < 100*time.Millisecond {
			t.Errorf("%d: %+v", i, e)
		}
		if size := <-got; size == 0 || size > 400 {
			t.Errorf("%d bytes arrived", size)
		}
	}
	if again := stop(); &again[0] != &es[0] {
		t.Error("a second stop gives other records")
	}
}

func TestTrickleIsAnsweredOrClosed(t *testing.T) {
	t.Parallel()
	var turn atomic.Int64
	release := make(chan struct{})
	target := rawTarget(t, func(c net.Conn) {
		c.Read(make([]byte, 8192))
		defer func() { release <- struct{}{} }()
		if turn.Add(1)%2 == 0 {
			return
		}
		io.WriteString(c, "HTTP/1.1 408 Request Timeout\r\nConnection: close\r\nContent-Length: 0\r\n\r\n")
	})
	stop := testSender(t, target).Trickle(t.Context(), []Delivery{testDelivery(t), testDelivery(t)}, 5*time.Millisecond)
	<-release
	<-release
	<-time.After(100 * time.Millisecond)
	kinds := map[ErrKind]int{}
	for _, e := range stop() {
		kinds[e.Err]++
		if (e.Status == 408) != (e.Err == "") {
			t.Errorf("%+v", e)
		}
	}
	if kinds[""] != 1 || kinds[ErrClosed] != 1 {
		t.Error(kinds)
	}
}

func TestTrickleToTheEnd(t *testing.T) {
	t.Parallel()
	ch := make(chan seen, 1)
	server := httptest.NewServer(seeing(ch))
	defer server.Close()
	stop := testSender(t, server.URL).Trickle(t.Context(), []Delivery{{Body: `{"a":1}`}}, time.Millisecond)
	got := <-ch
	<-time.After(50 * time.Millisecond)
	if es := stop(); es[0].Err != "" || es[0].Status != 202 || !es[0].Sent || got.body != `{"a":1}` {
		t.Errorf("%+v", es[0])
	}
}
