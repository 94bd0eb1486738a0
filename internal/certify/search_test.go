package certify

import (
	"context"
	"errors"
	"net/http"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/HdrHistogram/hdrhistogram-go"

	"hookdrill/contract"
	"hookdrill/loadtest"
	"hookdrill/reports"
)

// imagined is the result of a phase at a rate, in front of a target that has a limit.
func imagined(rate, limit float64) *loadtest.Result {
	h := func(ms int64) *hdrhistogram.Histogram {
		out := hdrhistogram.New(1, 3_600_000_000, 3)
		_ = out.RecordValues(ms*1000, 1000)
		return out
	}
	latency := int64(5)
	if rate > limit {
		latency = 900
	}
	r := &loadtest.Result{Asked: 1000, Sent: 1000, InTime: 1000, Lag: h(0), Processing: h(1)}
	r.Classes[loadtest.Valid] = &loadtest.Outcome{Sent: 1000, Statuses: map[int]uint64{200: 1000}, Latency: h(latency), Service: h(5)}
	return r
}

func searching(t *testing.T, s Search) *run {
	t.Helper()
	c, err := contract.Load("claude")
	if err != nil {
		t.Fatal(err)
	}
	return &run{Config: Config{Contract: c, Search: &s, Phase: loadtest.Steady(s.From, time.Second)}}
}

func TestSearch(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		limit, to float64
		low, high float64 // of what is found
		most      int     // of steps
	}{
		"in the middle":      {730, 1e6, 730 / 1.1, 730, 8},
		"at a step":          {400, 1e6, 400 / 1.1, 400, 8},
		"below the first":    {50, 1e6, 0, 0, 1},
		"above the highest":  {1e6, 1000, 1000, 1000, 5},
		"just above a step":  {805, 1e6, 805 / 1.1, 805, 9},
		"just below a step":  {795, 1e6, 795 / 1.1, 795, 9},
		"the highest at one": {1e6, 100, 100, 100, 1},
	} {
		r := searching(t, Search{From: 100, To: c.to, Step: time.Second})
		tried, best, err := r.search(t.Context(), func(rate float64, d time.Duration) (*loadtest.Result, error) {
			if d != time.Second {
				t.Errorf("%s: a step of %s", name, d)
			}
			return imagined(rate, c.limit), nil
		})
		if err != nil || best < c.low || best > c.high || len(tried) > c.most || len(tried) == 0 {
			t.Errorf("%s: found %v after %d steps, %v, want %v to %v after %d at most", name, best, len(tried), err, c.low, c.high, c.most)
		}
		for _, s := range tried {
			if s.ok != (s.rate <= c.limit) || s.ok != (s.why == "") {
				t.Errorf("%s: %+v", name, s)
			}
		}
	}
}

func TestSearchEnds(t *testing.T) {
	t.Parallel()
	r := searching(t, Search{From: 100, To: 1e6, Step: time.Second})
	ctx, cancel := context.WithCancel(t.Context())
	tried, best, err := r.search(ctx, func(rate float64, _ time.Duration) (*loadtest.Result, error) {
		if rate > 150 {
			cancel()
		}
		return imagined(rate, 1e9), nil
	})
	if err != nil || len(tried) != 1 || best != 100 {
		t.Errorf("stopped: %d steps, %v, %v", len(tried), best, err)
	}
	broken := errors.New("broken")
	if _, _, err := r.search(t.Context(), func(float64, time.Duration) (*loadtest.Result, error) { return nil, broken }); !errors.Is(err, broken) {
		t.Errorf("an error: %v", err)
	}
	slow := imagined(1, 2)
	slow.Lag = hdrhistogram.New(1, 3_600_000_000, 3)
	_ = slow.Lag.RecordValues(200_000, 1000)
	if s := r.try(slow, 1); s.ok || !s.ours || !strings.Contains(s.why, "generator") {
		t.Errorf("a generator that is behind: %+v", s)
	}
}

// TestFindMax: a target that takes two hundred a second and no more.
func TestFindMax(t *testing.T) {
	t.Parallel()
	var mu sync.Mutex
	limited := &receiver{spoil: func(r *receiver, _ http.ResponseWriter, id string, _ int64) bool {
		mu.Lock()
		defer mu.Unlock()
		<-time.After(5 * time.Millisecond)
		r.once(id)
		return true
	}}
	r := certified(t, limited, func(c *Config) {
		c.Contract.Levels.P99 = contract.Duration(100 * time.Millisecond)
		c.Search = &Search{From: 20, To: 10_000, Step: 500 * time.Millisecond}
		c.Mix, c.Phase.Stages[0].Duration = loadtest.Mix{1}, time.Second
	})
	l := r.Load
	if l == nil || len(l.Search) == 0 || l.AskedRPS > 260 {
		t.Fatalf("%+v", l)
	}
	if l.Search[0].OK && l.Search[len(l.Search)-1].RPS < 20 {
		t.Errorf("%+v", l.Search)
	}
	missed := false
	for _, s := range l.Search {
		missed = missed || !s.OK
		if s.RPS > 300 && s.OK {
			t.Errorf("%v a second were met", s.RPS)
		}
	}
	if !missed {
		t.Error("no rate was missed")
	}
	if l.Lost == nil || *l.Lost > 0 {
		t.Error("the ledger does not cover the search")
	}
	if r.Verdict == reports.Conformant && l.LatencyMS.P99 >= 100 {
		t.Errorf("certified with a p99 of %v", l.LatencyMS.P99)
	}
}
