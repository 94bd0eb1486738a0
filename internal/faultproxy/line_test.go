package faultproxy

import (
	"context"
	"errors"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"strings"
	"sync/atomic"
	"syscall"
	"testing"
	"time"
)

// TestLine: the receiver gets the request, and the sender hears nothing, or too late.
func TestLine(t *testing.T) {
	t.Parallel()
	var came atomic.Int32
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		_, _ = io.Copy(io.Discard, r.Body)
		came.Add(1)
		_, _ = io.WriteString(w, "done")
	}))
	t.Cleanup(server.Close)
	l, err := NewLine(strings.TrimPrefix(server.URL, "http://"))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { l.Close(t.Context()) })
	post := func(limit time.Duration, body string) error {
		ctx, cancel := context.WithTimeout(t.Context(), limit)
		defer cancel()
		req, err := http.NewRequestWithContext(ctx, http.MethodPost, "http://"+l.Address(), strings.NewReader(body))
		if err != nil {
			t.Fatal(err)
		}
		client := http.Client{Transport: &http.Transport{DisableKeepAlives: true}}
		res, err := client.Do(req)
		if err != nil {
			return err
		}
		defer res.Body.Close()
		_, err = io.ReadAll(res.Body)
		return err
	}
	if err := post(time.Minute, ""); err != nil {
		t.Fatal(err)
	}
	if err := l.Reset(); err != nil {
		t.Fatal(err)
	}
	if err := post(time.Minute, ""); !errors.Is(err, syscall.ECONNRESET) || came.Load() != 2 {
		t.Errorf("reset: %v, %d requests came", err, came.Load())
	}
	l.Heal(t.Context())
	if err := l.Cut(5); err != nil {
		t.Fatal(err)
	}
	if err := post(time.Minute, ""); err == nil || came.Load() != 3 {
		t.Errorf("cut: %v, %d requests came", err, came.Load())
	}
	l.Heal(t.Context())
	if err := l.Silence(); err != nil {
		t.Fatal(err)
	}
	if err := post(200*time.Millisecond, ""); !errors.Is(err, context.DeadlineExceeded) || came.Load() != 3 {
		t.Errorf("silence: %v, %d requests came", err, came.Load())
	}
	l.Heal(t.Context())
	if err := l.Narrow(1); err != nil {
		t.Fatal(err)
	}
	began := time.Now()
	if err := post(time.Minute, strings.Repeat("x", 1024)); err != nil || time.Since(began) < 500*time.Millisecond {
		t.Errorf("narrow: %v after %s", err, time.Since(began))
	}
	l.Heal(t.Context())
	if err := post(time.Minute, ""); err != nil {
		t.Errorf("healed: %v", err)
	}
}

// A dead line says nothing, not even that the sender has hung up: the receiver waits until it is healed.
func TestSilenceHidesTheEnd(t *testing.T) {
	t.Parallel()
	listener, err := (&net.ListenConfig{}).Listen(t.Context(), "tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = listener.Close() }()
	l, err := NewLine(listener.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close(t.Context())
	sender, err := (&net.Dialer{}).DialContext(t.Context(), "tcp", l.Address())
	if err != nil {
		t.Fatal(err)
	}
	receiver, err := listener.Accept()
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = receiver.Close() }()
	if _, err := io.WriteString(sender, "half"); err != nil {
		t.Fatal(err)
	}
	if _, err := io.ReadFull(receiver, make([]byte, 4)); err != nil {
		t.Fatal(err)
	}
	if err := l.Silence(); err != nil {
		t.Fatal(err)
	}
	if err := sender.Close(); err != nil {
		t.Fatal(err)
	}
	if err := receiver.SetReadDeadline(time.Now().Add(500 * time.Millisecond)); err != nil {
		t.Fatal(err)
	}
	if n, err := receiver.Read(make([]byte, 1)); !errors.Is(err, os.ErrDeadlineExceeded) {
		t.Errorf("the receiver heard of the end: %d bytes, %v", n, err)
	}
	l.Heal(t.Context())
	if err := receiver.SetReadDeadline(time.Time{}); err != nil {
		t.Fatal(err)
	}
	if n, err := receiver.Read(make([]byte, 1)); err == nil {
		t.Errorf("after it was healed %d bytes came", n)
	}
}
