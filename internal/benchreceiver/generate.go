package main

import (
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"hash"
	"net/url"
	"strconv"
	"sync"
	"sync/atomic"
	"time"

	"github.com/HdrHistogram/hdrhistogram-go"
	"github.com/valyala/fasthttp"
	"golang.org/x/sync/errgroup"
)

// benchKey signs the events of a measurement, and is good nowhere else.
const benchKey = "whsec_bench"

const (
	attemptTimeout = 10 * time.Second
	// pacedWorkers bounds the deliveries of a paced measurement that are under
	// way at once; the latency counts from when each was due, so that waiting
	// for a worker is in it.
	pacedWorkers = 128
)

// generator sends unique signed events to one receiver.
type generator struct {
	client *fasthttp.HostClient
	uri    string
	next   atomic.Int64
}

func newGenerator(target string) *generator {
	g := &generator{uri: target}
	host := target
	if u, err := url.Parse(target); err == nil {
		host = u.Host
	}
	g.client = &fasthttp.HostClient{
		Addr: host, MaxConns: 4096, ReadTimeout: attemptTimeout, WriteTimeout: attemptTimeout, MaxIdleConnDuration: time.Minute,
		NoDefaultUserAgentHeader: true, DisablePathNormalizing: true, MaxResponseBodySize: 64 << 10,
		RetryIf: func(*fasthttp.Request) bool { return false }, //nolint:staticcheck // a repeated event would count as a duplicate
	}
	g.next.Store(time.Now().UnixNano())
	return g
}

func (g *generator) close() { g.client.CloseIdleConnections() }

// sender sends one event after the other without allocating.
type sender struct {
	g    *generator
	req  *fasthttp.Request
	res  *fasthttp.Response
	mac  hash.Hash
	body []byte
	sum  []byte
	hex  []byte
}

func (g *generator) sender() *sender {
	s := &sender{g: g, req: &fasthttp.Request{}, res: &fasthttp.Response{}, mac: hmac.New(sha256.New, []byte(benchKey))}
	s.req.Header.SetMethod(fasthttp.MethodPost)
	s.req.SetRequestURI(g.uri)
	s.req.Header.SetContentType("application/json")
	return s
}

// filler makes an event as long as a usual one, some 400 bytes.
const filler = `"summary":"Deployed the preview environment and left notes for the engineer on call.","stop_reason":"end_turn","steps":16,` +
	`"duration_ms":391408,"usage":{"input_tokens":44125,"output_tokens":3301}`

func (s *sender) send() (bool, error) {
	id := s.g.next.Add(1)
	b := s.body[:0]
	b = append(b, `{"id":"evt_`...)
	b = strconv.AppendInt(b, id, 36)
	b = append(b, `","type":"agent.task.completed","timestamp":"`...)
	b = time.Now().UTC().AppendFormat(b, time.RFC3339)
	b = append(b, `","data":{"task_id":"task_`...)
	b = strconv.AppendInt(b, id, 36)
	b = append(b, `","result":{`...)
	b = append(b, filler...)
	b = append(b, `}}}`...)
	s.body = b
	s.mac.Reset()
	s.mac.Write(b)
	s.sum = s.mac.Sum(s.sum[:0])
	s.hex = hex.AppendEncode(s.hex[:0], s.sum)
	s.req.Header.SetBytesV("X-Claude-Signature", s.hex)
	s.req.SetBodyRaw(b)
	if err := s.g.client.DoTimeout(s.req, s.res, attemptTimeout); err != nil {
		return false, fmt.Errorf("send: %w", err)
	}
	return s.res.StatusCode() == fasthttp.StatusOK, nil
}

// outcome is what a measurement saw.
type outcome struct {
	accepted, refused int
	took              time.Duration
	latency           *hdrhistogram.Histogram // µs, of a paced one
}

// saturate sends on a number of connections, each as fast as it is answered.
func (g *generator) saturate(ctx context.Context, conns int, d time.Duration) (outcome, error) {
	var out outcome
	var mu sync.Mutex
	began := time.Now()
	end := began.Add(d)
	group, ctx := errgroup.WithContext(ctx)
	for range conns {
		group.Go(func() error {
			s := g.sender()
			accepted, refused := 0, 0
			for time.Now().Before(end) && ctx.Err() == nil {
				ok, err := s.send()
				switch {
				case err != nil:
					return err
				case ok:
					accepted++
				default:
					refused++
				}
			}
			mu.Lock()
			defer mu.Unlock()
			out.accepted += accepted
			out.refused += refused
			return ctx.Err()
		})
	}
	err := group.Wait()
	out.took = time.Since(began)
	if err == nil && out.accepted == 0 {
		err = fmt.Errorf("nothing was accepted, %d refused", out.refused)
	}
	return out, err
}

// paced sends at a rate, whatever the answers do.
func (g *generator) paced(ctx context.Context, rate int, d time.Duration) (outcome, error) {
	out := outcome{latency: hdrhistogram.New(1, time.Hour.Microseconds(), 3)}
	due := make(chan time.Time, rate*int(d/time.Second+1))
	var mu sync.Mutex
	group, ctx := errgroup.WithContext(ctx)
	for range pacedWorkers {
		group.Go(func() error {
			s := g.sender()
			for at := range due {
				ok, err := s.send()
				if err != nil {
					return err
				}
				took := time.Since(at)
				mu.Lock()
				_ = out.latency.RecordValue(max(1, took.Microseconds()))
				if ok {
					out.accepted++
				} else {
					out.refused++
				}
				mu.Unlock()
			}
			return nil
		})
	}
	group.Go(func() error {
		defer close(due)
		began := time.Now()
		interval := time.Second / time.Duration(rate)
		tick := time.NewTicker(time.Millisecond)
		defer tick.Stop()
		for n := 0; time.Duration(n)*interval < d; {
			for at := time.Duration(n) * interval; at <= time.Since(began) && at < d; at = time.Duration(n) * interval {
				due <- began.Add(at)
				n++
			}
			select {
			case <-tick.C:
			case <-ctx.Done():
				return ctx.Err()
			}
		}
		return nil
	})
	err := group.Wait()
	out.took = d
	return out, err
}
