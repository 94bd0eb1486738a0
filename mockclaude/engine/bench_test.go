package engine

import (
	"context"
	"runtime"
	"strconv"
	"testing"
	"time"

	"hookdrill/mockclaude"
)

// BenchmarkPending accepts events while the engine is paused and then delivers
// them all. It reports, for each delivery, what accepting and delivering cost,
// the memory held beyond the body while it was pending, and the most goroutines
// there were.
func BenchmarkPending(b *testing.B) {
	for _, n := range []int{10_000, 100_000, 1_000_000} {
		b.Run(strconv.Itoa(n), func(b *testing.B) {
			for range b.N {
				pendingRun(b, n)
			}
		})
	}
}

func pendingRun(b *testing.B, n int) {
	b.Helper()
	e, err := New(Config{Contract: claude(b), Transport: func(mockclaude.SenderConfig) (Transport, error) { return instant{}, nil }})
	if err != nil {
		b.Fatal(err)
	}
	ctx, cancel := context.WithCancel(b.Context())
	ended := make(chan error, 1)
	go func() { ended <- e.Run(ctx) }()
	if _, err := e.Subscribe(ctx, Subscription{URL: "http://127.0.0.1:1/", Key: []byte("k")}); err != nil {
		b.Fatal(err)
	}
	if err := e.Pause(ctx, "", true); err != nil {
		b.Fatal(err)
	}
	events := make([]mockclaude.Event, 1000)
	for i := range events {
		if events[i], err = e.Draw(completed); err != nil {
			b.Fatal(err)
		}
	}
	before := held()
	bodies := 0
	began := time.Now()
	for i := range n {
		// Each has a due time of its own, in no order.
		if _, err := e.Publish(ctx, events[i%len(events)], Options{Delay: time.Duration(i*7919%n) * time.Nanosecond}); err != nil {
			b.Fatal(err)
		}
	}
	accepted := time.Since(began)
	memory := held() - before
	for _, it := range e.items {
		bodies += len(it.body)
	}
	most := 0
	began = time.Now()
	if err := e.Pause(ctx, "", false); err != nil {
		b.Fatal(err)
	}
	for e.Stats().Delivered < uint64(n) {
		most = max(most, runtime.NumGoroutine())
		select {
		case <-time.After(time.Millisecond):
		case <-ctx.Done():
		}
	}
	drained := time.Since(began)
	cancel()
	if err := <-ended; err != nil {
		b.Fatal(err)
	}
	b.ReportMetric(float64(accepted.Nanoseconds())/float64(n), "ns/accepted")
	b.ReportMetric(float64(drained.Nanoseconds())/float64(n), "ns/delivered")
	b.ReportMetric((float64(memory)-float64(bodies))/float64(n), "B/pending")
	b.ReportMetric(float64(bodies)/float64(n), "B/body")
	b.ReportMetric(float64(most), "goroutines")
}

// held is how much memory is in use.
func held() int64 {
	runtime.GC()
	runtime.GC()
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	return int64(m.HeapAlloc)
}

// instant acknowledges everything at once.
type instant struct{}

func (instant) Send(_ context.Context, d mockclaude.Delivery) mockclaude.Exchange {
	return mockclaude.Exchange{EventID: d.EventID, Status: 200}
}

func (i instant) Together(ctx context.Context, ds []mockclaude.Delivery) []mockclaude.Exchange {
	out := make([]mockclaude.Exchange, 0, len(ds))
	for _, d := range ds {
		out = append(out, i.Send(ctx, d))
	}
	return out
}

func (instant) Close() {}
