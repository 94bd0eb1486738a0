package engine

import (
	"bufio"
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"runtime"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"
)

// realEngine runs an engine whose transport is the true one, at a thousand times the
// speed.
func realEngine(t testing.TB, url string, with ...func(*Config)) *Engine {
	t.Helper()
	clock, err := ScaledClock(1000)
	if err != nil {
		t.Fatal(err)
	}
	cfg := Config{Contract: claude(t), Clock: clock, Grace: time.Millisecond}
	for _, change := range with {
		change(&cfg)
	}
	e, err := New(cfg)
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	ended := make(chan error, 1)
	go func() { ended <- e.Run(ctx) }()
	t.Cleanup(func() {
		cancel()
		if err := <-ended; err != nil {
			t.Errorf("Run = %v", err)
		}
	})
	if _, err := e.Subscribe(ctx, Subscription{URL: url, Key: []byte("whsec_test")}); err != nil {
		t.Fatal(err)
	}
	return e
}

// until waits until a delivery is finished.
func until(t testing.TB, e *Engine, id uint64) (Delivery, []Attempt) {
	t.Helper()
	updates, stop := e.Watch()
	defer stop()
	deadline := time.After(time.Minute)
	for {
		d, attempts, err := e.Delivery(id)
		if err != nil {
			t.Fatal(err)
		}
		if !d.Finished.IsZero() {
			return d, attempts
		}
		select {
		case <-updates:
		case <-deadline:
			t.Fatalf("not finished: %+v", d)
		}
	}
}

func publishOne(t testing.TB, e *Engine) uint64 {
	t.Helper()
	ev, err := e.Draw(completed)
	if err != nil {
		t.Fatal(err)
	}
	ids, err := e.Publish(context.Background(), ev, Options{})
	if err != nil {
		t.Fatal(err)
	}
	return ids[0]
}

func TestRedirectsAreNotFollowed(t *testing.T) {
	t.Parallel()
	var elsewhere atomic.Int64
	srv := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path == "/elsewhere" {
			elsewhere.Add(1)
			return
		}
		http.Redirect(w, r, "/elsewhere", http.StatusTemporaryRedirect)
	}))
	t.Cleanup(srv.Close)
	e := realEngine(t, srv.URL+"/hook")
	d, attempts := until(t, e, publishOne(t, e))
	if d.State != Abandoned || len(attempts) != 11 || attempts[0].Status != 307 || elsewhere.Load() != 0 {
		t.Errorf("%+v, %d attempts, %d followed", d, len(attempts), elsewhere.Load())
	}
}

// TestAttemptsAreSignedAnew looks at what arrives.
func TestAttemptsAreSignedAnew(t *testing.T) {
	t.Parallel()
	for _, resend := range []string{"anew", "identical"} {
		t.Run(resend, func(t *testing.T) {
			t.Parallel()
			var mu sync.Mutex
			var bodies, signatures []string
			conns := map[string]bool{}
			srv := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
				body, _ := io.ReadAll(r.Body)
				mu.Lock()
				defer mu.Unlock()
				bodies, signatures = append(bodies, string(body)), append(signatures, r.Header.Get("X-Claude-Signature"))
				conns[r.RemoteAddr] = true
				w.WriteHeader(http.StatusInternalServerError)
			}))
			t.Cleanup(srv.Close)
			c := *claude(t)
			c.Retries.Resend = resend
			e := realEngine(t, srv.URL, func(cfg *Config) {
				cfg.Contract = &c
				cfg.Clock, _ = ScaledClock(500)
			})
			until(t, e, publishOne(t, e))
			mu.Lock()
			defer mu.Unlock()
			distinct := map[string]bool{}
			for i, body := range bodies {
				distinct[body] = true
				mac := hmac.New(sha256.New, []byte("whsec_test"))
				io.WriteString(mac, body)
				if want := hex.EncodeToString(mac.Sum(nil)); signatures[i] != want {
					t.Errorf("attempt %d: signature %s, want %s", i+1, signatures[i], want)
				}
			}
			// Eleven attempts at this speed take two seconds.
			if identical := len(distinct) == 1; len(bodies) != 11 || identical != (resend == "identical") {
				t.Errorf("%d attempts with %d bodies", len(bodies), len(distinct))
			}
			if len(conns) != 1 {
				t.Errorf("%d connections for attempts one after another", len(conns))
			}
		})
	}
}

// TestGoroutines: pending deliveries cost none, and none is left.
func TestGoroutines(t *testing.T) {
	srv := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) {}))
	before := runtime.NumGoroutine()
	t.Run("run", func(t *testing.T) {
		e := realEngine(t, srv.URL)
		if err := e.Pause(t.Context(), "", true); err != nil {
			t.Fatal(err)
		}
		for range 2000 {
			publishOne(t, e)
		}
		if n := runtime.NumGoroutine() - before; n > 10 {
			t.Errorf("%d goroutines for 2000 pending deliveries", n)
		}
		if err := e.Pause(t.Context(), "", false); err != nil {
			t.Fatal(err)
		}
		until(t, e, 2000)
	})
	srv.Close()
	for range 1000 {
		if runtime.NumGoroutine() <= before {
			return
		}
		<-time.After(5 * time.Millisecond)
	}
	t.Errorf("%d goroutines before, %d at the end", before, runtime.NumGoroutine())
}

// FuzzAnswers: whatever a target answers, the delivery is delivered or
// abandoned, and the record stays within its bounds.
func FuzzAnswers(f *testing.F) {
	for _, answer := range []string{
		"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n", "HTTP/1.1 503 x\r\nRetry-After: 99999999999999999999\r\nContent-Length: 0\r\n\r\n",
		"HTTP/1.1 503 x\r\nRetry-After: Wed, 21 Oct 9999 07:28:00 GMT\r\nContent-Length: 2\r\n\r\nno", "HTTP/1.1 204 No Content\r\n\r\n",
		"HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 200 OK\r\n\r\n", "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nFFFFFFFFFFFFFFFF\r\n",
		"HTTP/1.1 301 x\r\nLocation: http://127.0.0.1:1/\r\nContent-Length: 0\r\n\r\n", "", "\x00\xff", "HTTP/9.9 999 \r\n\r\n",
		"HTTP/1.1 200 OK\r\nContent-Length: 99999999\r\n\r\n" + strings.Repeat("a", 100_000),
	} {
		f.Add([]byte(answer))
	}
	f.Fuzz(func(t *testing.T, answer []byte) {
		l, err := new(net.ListenConfig).Listen(t.Context(), "tcp", "127.0.0.1:0")
		if err != nil {
			t.Fatal(err)
		}
		var served sync.WaitGroup
		served.Go(func() {
			for {
				c, err := l.Accept()
				if err != nil {
					return
				}
				served.Go(func() {
					defer c.Close()
					if _, err := http.ReadRequest(bufio.NewReader(c)); err == nil {
						c.Write(answer)
					}
				})
			}
		})
		c := *claude(t)
		c.Retries.Waits = c.Retries.Waits[:2]
		e := realEngine(t, "http://"+l.Addr().String()+"/hook", func(cfg *Config) {
			cfg.Contract = &c
			cfg.Clock, _ = ScaledClock(1e6)
		})
		d, attempts := until(t, e, publishOne(t, e))
		if d.State != Delivered && d.State != Abandoned || len(attempts) != d.Attempts {
			t.Errorf("%+v with %d attempts", d, len(attempts))
		}
		for _, a := range attempts {
			if a.OK != (a.Why == "") || a.size() > 32<<10 {
				t.Errorf("attempt = %+v", a)
			}
		}
		l.Close()
		served.Wait()
	})
}
