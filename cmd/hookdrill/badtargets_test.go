package main

import (
	"bufio"
	"context"
	"fmt"
	"io"
	"log"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"
	"time"
)

const hookPath = "/webhooks/claude"

// serveHTTP serves a handler until the end of the test, and returns the URL of
// the contract's path.
func serveHTTP(t *testing.T, h http.HandlerFunc) string {
	t.Helper()
	server := httptest.NewServer(h)
	t.Cleanup(server.Close)
	return server.URL + hookPath
}

// status answers everything alike.
func status(code int) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		_, _ = io.Copy(io.Discard, r.Body)
		w.WriteHeader(code)
	}
}

// serveTCP hands every connection to a function, with a context that ends with
// the test, and returns the URL of the contract's path.
func serveTCP(t *testing.T, handle func(context.Context, net.Conn)) string {
	t.Helper()
	ln, err := (&net.ListenConfig{}).Listen(t.Context(), "tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	var running sync.WaitGroup
	running.Go(func() {
		for {
			conn, err := ln.Accept()
			if err != nil {
				return
			}
			running.Go(func() {
				stop := context.AfterFunc(ctx, func() { _ = conn.Close() })
				defer stop()
				defer conn.Close()
				handle(ctx, conn)
			})
		}
	})
	t.Cleanup(func() {
		cancel()
		_ = ln.Close()
		running.Wait()
	})
	return "http://" + ln.Addr().String() + hookPath
}

// scripted reads a request and answers with these bytes, then closes.
func scripted(answer string) func(context.Context, net.Conn) {
	return func(_ context.Context, conn net.Conn) {
		readRequest(conn)
		_, _ = io.WriteString(conn, answer)
		if tcp, ok := conn.(*net.TCPConn); ok {
			_ = tcp.CloseWrite()
			_, _ = io.Copy(io.Discard, conn)
		}
	}
}

// readRequest reads one request with its body.
func readRequest(conn net.Conn) {
	r, err := http.ReadRequest(bufio.NewReader(conn))
	if err != nil {
		return
	}
	_, _ = io.Copy(io.Discard, r.Body)
}

// dripping answers with a beginning and then the same piece for ever, slowly.
func dripping(beginning, piece string) func(context.Context, net.Conn) {
	return func(ctx context.Context, conn net.Conn) {
		readRequest(conn)
		_, _ = io.WriteString(conn, beginning)
		tick := time.NewTicker(20 * time.Millisecond)
		defer tick.Stop()
		for {
			select {
			case <-ctx.Done():
				return
			case <-tick.C:
				if _, err := io.WriteString(conn, piece); err != nil {
					return
				}
			}
		}
	}
}

// flooding answers with a beginning and then the same piece for ever, as fast
// as it can, and counts the bytes.
func flooding(beginning, piece string, sent *atomic.Int64) func(context.Context, net.Conn) {
	return func(_ context.Context, conn net.Conn) {
		readRequest(conn)
		_, _ = io.WriteString(conn, beginning)
		block := []byte(strings.Repeat(piece, 1+(64<<10)/len(piece)))
		for {
			n, err := conn.Write(block)
			sent.Add(int64(n))
			if err != nil {
				return
			}
		}
	}
}

// hanging accepts and says nothing.
func hanging(ctx context.Context, conn net.Conn) {
	readRequest(conn)
	<-ctx.Done()
}

// resetting reads the request and resets the connection.
func resetting(_ context.Context, conn net.Conn) {
	readRequest(conn)
	if tcp, ok := conn.(*net.TCPConn); ok {
		_ = tcp.SetLinger(0)
	}
}

// closedPort is a port at which nothing listens, and which nobody else gets
// while the test runs: it is bound.
func closedPort(t *testing.T) string {
	t.Helper()
	fd, err := syscall.Socket(syscall.AF_INET, syscall.SOCK_STREAM, 0)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = syscall.Close(fd) })
	if err := syscall.Bind(fd, &syscall.SockaddrInet4{Addr: [4]byte{127, 0, 0, 1}}); err != nil {
		t.Fatal(err)
	}
	address, err := syscall.Getsockname(fd)
	if err != nil {
		t.Fatal(err)
	}
	bound, ok := address.(*syscall.SockaddrInet4)
	if !ok {
		t.Fatalf("bound to %T", address)
	}
	return fmt.Sprintf("http://127.0.0.1:%d%s", bound.Port, hookPath)
}

// quiet is a server's log that nobody reads.
func quiet() *log.Logger { return log.New(io.Discard, "", 0) }
