package reference_test

import (
	"bufio"
	"fmt"
	"io"
	"net"
	"net/http"
	"strings"
	"sync"
	"testing"
	"time"

	"hookdrill/reference"
)

func addressOf(r *reference.Receiver) string {
	return strings.TrimPrefix(strings.TrimSuffix(r.URL(), path), "http://")
}

// connect opens a connection that asks for nothing yet.
func connect(t *testing.T, r *reference.Receiver) net.Conn {
	t.Helper()
	conn, err := new(net.Dialer).DialContext(t.Context(), "tcp", addressOf(r))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = conn.Close() })
	return conn
}

// told is an answer whose body is read.
type told struct {
	StatusCode int
	Header     http.Header
	Close      bool // the connection, after it
}

// ask sends GET /healthz and returns the answer.
func ask(t *testing.T, conn net.Conn) told {
	t.Helper()
	if _, err := io.WriteString(conn, "GET /healthz HTTP/1.1\r\nHost: x\r\n\r\n"); err != nil {
		t.Fatal(err)
	}
	res, err := http.ReadResponse(bufio.NewReader(conn), nil)
	if err != nil {
		t.Fatal(err)
	}
	_, _ = io.Copy(io.Discard, res.Body)
	_ = res.Body.Close()
	return told{res.StatusCode, res.Header, res.Close}
}

func TestConnectionsAreBounded(t *testing.T) {
	t.Parallel()
	const places = 4
	metrics := reference.NewMetrics("test")
	r, _ := running(t, func(c *reference.Config) { c.MaxConns, c.Metrics, c.HeaderTimeout = places, metrics, time.Minute })
	var held []net.Conn
	for range places - 1 {
		conn := connect(t, r)
		if res := ask(t, conn); res.StatusCode != http.StatusOK {
			t.Fatalf("status = %d", res.StatusCode)
		}
		held = append(held, conn)
	}
	held = append(held, connect(t, r)) // one that takes its time; an answer would tell it to leave
	until(t, func() bool { return value(t, metrics, "hookdrill_receiver_connections") == places })

	c := client(t)
	for i := range 10 {
		res := post(t, c, r, event(fmt.Sprint("evt_", i)))
		if res.StatusCode != http.StatusServiceUnavailable || res.Header.Get("Retry-After") != "1" || !res.Close {
			t.Fatalf("answer = %d, %v", res.StatusCode, res.Header)
		}
	}
	if got := value(t, metrics, "hookdrill_receiver_connections_refused_total", "how", "answered"); got != 10 {
		t.Errorf("answered = %v, want 10", got)
	}
	if res := ask(t, held[0]); res.StatusCode != http.StatusOK {
		t.Errorf("a connection that was there = %d", res.StatusCode)
	}
	for _, conn := range held {
		_ = conn.Close()
	}
	until(t, func() bool { return value(t, metrics, "hookdrill_receiver_connections") == 0 })
	if res := post(t, c, r, event("evt_1")); res.StatusCode != http.StatusOK {
		t.Errorf("after the others had gone: %d", res.StatusCode)
	}
}

// TestRefusalsAreBounded opens far more connections than are answered at once,
// none of which asks for anything.
func TestRefusalsAreBounded(t *testing.T) {
	t.Parallel()
	metrics := reference.NewMetrics("test")
	r, stop := running(t, func(c *reference.Config) { c.MaxConns, c.Metrics = 1, metrics })
	held := connect(t, r)
	ask(t, held)
	var conns []net.Conn
	for range 300 {
		conns = append(conns, connect(t, r))
	}
	for _, conn := range conns { // each is closed, told or not
		_, _ = io.Copy(io.Discard, conn)
	}
	silent := value(t, metrics, "hookdrill_receiver_connections_refused_total", "how", "silent")
	closed := value(t, metrics, "hookdrill_receiver_connections_refused_total", "how", "closed")
	if silent+closed != 300 || silent == 0 || closed == 0 {
		t.Errorf("%v waited for, %v closed at once", silent, closed)
	}
	_ = held.Close()
	until(t, func() bool { return value(t, metrics, "hookdrill_receiver_connections") == 0 })
	if res := post(t, client(t), r, event("evt_1")); res.StatusCode != http.StatusOK {
		t.Errorf("status = %d", res.StatusCode)
	}
	if err := stop(); err != nil {
		t.Error(err)
	}
}

func TestCrowdedReceiverKeepsNoConnection(t *testing.T) {
	t.Parallel()
	r, _ := running(t, func(c *reference.Config) { c.MaxConns = 8 })
	var open []net.Conn
	for i := range 8 {
		open = append(open, connect(t, r))
		if res := ask(t, open[i]); res.Close != (i >= 6) {
			t.Errorf("connection %d of 8: Connection: close is %v", i+1, res.Close)
		}
	}
}

// TestSlowClientsCostNothing opens many connections that send a byte now and
// then, in the head or in the body, beside good deliveries.
func TestSlowClientsCostNothing(t *testing.T) {
	t.Parallel()
	const slow = 500
	metrics := reference.NewMetrics("test")
	r, _ := running(t, func(c *reference.Config) {
		c.Metrics, c.HeaderTimeout, c.ReadTimeout = metrics, time.Second, 2*time.Second
	})
	head := "POST " + path + " HTTP/1.1\r\nHost: x\r\nX-Claude-Signature: " + strings.Repeat("0", 64) + "\r\n"
	var drips sync.WaitGroup
	done := make(chan struct{})
	for i := range slow {
		conn := connect(t, r)
		start := head
		if i%2 == 0 { // as much as may be announced
			start += "Content-Length: 1048576\r\n\r\n{"
		}
		if _, err := io.WriteString(conn, start); err != nil {
			t.Fatal(err)
		}
		drips.Go(func() {
			tick := time.NewTicker(50 * time.Millisecond)
			defer tick.Stop()
			for {
				select {
				case <-tick.C:
				case <-done:
					return
				}
				if _, err := io.WriteString(conn, "a"); err != nil {
					return // cut off
				}
			}
		})
	}
	until(t, func() bool { return value(t, metrics, "hookdrill_receiver_connections") >= slow/2 })
	c := client(t)
	var good sync.WaitGroup
	for w := range 4 {
		good.Go(func() {
			for i := range 50 {
				if code, err := send(t, c, r.URL(), event(fmt.Sprintf("evt_%d_%d", w, i))); code != http.StatusOK || err != nil {
					t.Errorf("a good delivery = %d, %v", code, err)
				}
			}
		})
	}
	good.Wait()
	if got := value(t, metrics, "hookdrill_receiver_large_bodies"); got != 0 {
		t.Errorf("%v places for large bodies are taken by bodies that were only announced", got)
	}
	c.CloseIdleConnections()
	// They are all cut off, though none of them ever stops sending.
	until(t, func() bool { return value(t, metrics, "hookdrill_receiver_connections") == 0 })
	close(done)
	drips.Wait()
}

// post sends a signed body and returns the answer.
func post(t *testing.T, c *http.Client, r *reference.Receiver, body string) told {
	t.Helper()
	req, err := http.NewRequestWithContext(t.Context(), http.MethodPost, r.URL(), strings.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	req.Header.Set(header, sign(key, body))
	res, err := c.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	_, _ = io.Copy(io.Discard, res.Body)
	_ = res.Body.Close()
	return told{res.StatusCode, res.Header, res.Close}
}
