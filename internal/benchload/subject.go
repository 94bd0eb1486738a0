package main

import (
	"bufio"
	"context"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"os/exec"
	"strconv"
	"strings"
	"sync/atomic"
	"syscall"
	"time"
)

// receive serves a receiver that reads a body, counts it, and answers 200. GET /count
// tells how many it has got.
func receive(ctx context.Context, stdout io.Writer) error {
	var got atomic.Int64
	l, err := new(net.ListenConfig).Listen(ctx, "tcp", "127.0.0.1:0")
	if err != nil {
		return fmt.Errorf("listen: %w", err)
	}
	srv := &http.Server{ReadHeaderTimeout: 10 * time.Second, Handler: http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.Method == http.MethodGet {
			_, _ = fmt.Fprint(w, got.Load())
			return
		}
		_, _ = io.Copy(io.Discard, r.Body)
		got.Add(1)
		w.WriteHeader(http.StatusOK)
	})}
	if _, err := fmt.Fprintf(stdout, "http://%s\n", l.Addr()); err != nil {
		return fmt.Errorf("say address: %w", err)
	}
	context.AfterFunc(ctx, func() { _ = srv.Close() })
	_ = srv.Serve(l) // until it is closed
	return nil
}

// subject is the receiver in a process of its own.
type subject struct {
	cmd *exec.Cmd
	url string
}

func startReceiver(ctx context.Context) (*subject, error) {
	self, err := os.Executable()
	if err != nil {
		return nil, fmt.Errorf("start receiver: %w", err)
	}
	cmd := exec.CommandContext(ctx, self, "receive") //nolint:gosec // this very program
	cmd.Cancel = func() error { return cmd.Process.Signal(syscall.SIGTERM) }
	out, err := cmd.StdoutPipe()
	if err != nil {
		return nil, fmt.Errorf("start receiver: %w", err)
	}
	if err := cmd.Start(); err != nil {
		return nil, fmt.Errorf("start receiver: %w", err)
	}
	line, err := bufio.NewReader(out).ReadString('\n')
	if err != nil {
		return nil, fmt.Errorf("start receiver: %w", err)
	}
	return &subject{cmd, strings.TrimSpace(line)}, nil
}

func (s *subject) stop() {
	_ = s.cmd.Process.Signal(syscall.SIGTERM)
	_ = s.cmd.Wait()
}

// count is how many requests the receiver has got.
func (s *subject) count(ctx context.Context) (float64, error) {
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, s.url+"/count", nil)
	if err != nil {
		return 0, fmt.Errorf("ask receiver: %w", err)
	}
	client := &http.Client{Timeout: 10 * time.Second}
	defer client.CloseIdleConnections()
	res, err := client.Do(req)
	if err != nil {
		return 0, fmt.Errorf("ask receiver: %w", err)
	}
	defer res.Body.Close() //nolint:errcheck // it was read
	text, err := io.ReadAll(io.LimitReader(res.Body, 64))
	if err != nil {
		return 0, fmt.Errorf("ask receiver: %w", err)
	}
	n, err := strconv.ParseFloat(string(text), 64)
	if err != nil {
		return 0, fmt.Errorf("ask receiver: %w", err)
	}
	return n, nil
}

// measurement is what a run of a generator came to.
type measurement struct {
	rate float64 // requests that the receiver got a second
	cost float64 // processor time of the generator for a million, in s
}

func measure(ctx context.Context, s *subject, g generator, d time.Duration) (measurement, error) {
	before, err := s.count(ctx)
	if err != nil {
		return measurement{}, err
	}
	ctx, cancel := context.WithTimeout(ctx, d+time.Minute)
	defer cancel()
	cmd := exec.CommandContext(ctx, g.args[0], g.args[1:]...) //nolint:gosec // one of our list
	cmd.Cancel = func() error { return cmd.Process.Signal(syscall.SIGTERM) }
	if output, err := cmd.CombinedOutput(); err != nil {
		return measurement{}, fmt.Errorf("run %s: %w: %.500s", g.name, err, output)
	}
	after, err := s.count(ctx)
	if err != nil {
		return measurement{}, err
	}
	n := after - before
	if n == 0 {
		return measurement{}, fmt.Errorf("run %s: the receiver got nothing", g.name)
	}
	cpu := cmd.ProcessState.UserTime() + cmd.ProcessState.SystemTime()
	return measurement{rate: n / d.Seconds(), cost: cpu.Seconds() / n * 1e6}, nil
}
