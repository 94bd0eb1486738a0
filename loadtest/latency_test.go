package loadtest

import (
	"context"
	"math"
	"net/url"
	"slices"
	"strconv"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"hookdrill/mockclaude"
)

// imagined is a target in virtual time.
type imagined struct {
	takes func(at time.Time) time.Duration
}

func (c imagined) send(*lane, []byte, []mockclaude.Minted) (answer, error) {
	pass(c.takes(time.Now()))
	return answer{status: 200}, nil
}

func (imagined) close() {}

func pass(d time.Duration) {
	if d > 0 {
		<-time.After(d)
	}
}

// imagine is a load whose target is imagined.
func imagine(t *testing.T, workers int, takes func(at time.Time) time.Duration) *Load {
	t.Helper()
	u, err := url.Parse("http://127.0.0.1:1/")
	if err != nil {
		t.Fatal(err)
	}
	l := testLoad(t, u, func(c *Config) { c.Workers = workers })
	l.client, l.pause = imagined{takes}, pass
	return l
}

// TestLatencyOfAStall: with a target that stalls, the p99 is the one that follows
// from the schedule, however many workers there are. Counted from when a request was
// sent, a bounded number of workers sees nothing of it.
func TestLatencyOfAStall(t *testing.T) {
	t.Parallel()
	const (
		rate   = 2000
		period = 5 * time.Second
		stall  = 500 * time.Millisecond
	)
	// Of the events of a period those due in the stall wait for its end.
	var exact []float64
	for n := range int(rate * period.Seconds()) {
		at := time.Duration(n) * time.Second / rate
		exact = append(exact, max(0, (stall-at).Seconds()))
	}
	slices.Sort(exact)
	want := exact[len(exact)*99/100]
	for _, workers := range []int{50, MostWorkers} {
		t.Run(strconv.Itoa(workers), func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				began := time.Now()
				l := imagine(t, workers, func(at time.Time) time.Duration {
					return max(0, stall-at.Sub(began)%period) + 100*time.Microsecond
				})
				r := run(t, l, Steady(rate, 2*period))
				o := r.Classes[Valid]
				got, service := float64(o.Latency.ValueAtQuantile(99))/1e6, float64(o.Service.ValueAtQuantile(99))/1e6
				t.Logf("exact %.4f s, latency %.4f s, service %.4f s; %d of %d held", want, got, service, r.Held, r.Sent)
				if math.Abs(got-want) > 0.01*want {
					t.Errorf("p99 is %.4f s, want %.4f within 1 %%", got, want)
				}
				if bounded := workers == 50; bounded && (service > 0.01 || r.Held < 1500) {
					t.Errorf("the service time's p99 is %.4f s, and %d were held: the workers did not queue, and the test shows nothing", service, r.Held)
				} else if !bounded && r.Held > 0 {
					t.Errorf("%d were held, of workers without a bound", r.Held)
				}
				if late := r.Lag.Max(); late > 1 {
					t.Errorf("the generator was %d µs late, in virtual time", late)
				}
			})
		})
	}
}

// TestMoments: every request is sent when it is due.
func TestMoments(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		began := time.Now()
		var at []time.Duration
		l := imagine(t, 1, func(now time.Time) time.Duration {
			at = append(at, now.Sub(began))
			return time.Millisecond
		})
		run(t, l, Steady(10, time.Second))
		for i, d := range at {
			if want := time.Duration(i) * 100 * time.Millisecond; d != want {
				t.Errorf("request %d was sent at %s, want %s", i, d, want)
			}
		}
		if len(at) != 10 {
			t.Errorf("%d requests, want 10", len(at))
		}
	})
}

// TestSlowRates: a load lasts as long as it was asked to, though nothing is due at its end.
func TestSlowRates(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		l := imagine(t, 8, func(time.Time) time.Duration { return time.Millisecond })
		if r := run(t, l, Steady(0.5, 8*time.Second)); r.Sent != 4 || r.Took != 8*time.Second {
			t.Errorf("sent %d in %s, want 4 in 8s", r.Sent, r.Took)
		}
	})
}

func TestStopped(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		l := imagine(t, 8, func(time.Time) time.Duration { return 70 * time.Millisecond })
		ctx, cancel := context.WithTimeout(t.Context(), 305*time.Millisecond)
		defer cancel()
		r, err := l.Run(ctx, Steady(100, time.Hour))
		if err != nil || !r.Stopped || r.Sent != 31 || r.Ended < 305*time.Millisecond || r.Ended > 380*time.Millisecond {
			t.Errorf("stopped %t, sent %d, ended after %s, %v", r.Stopped, r.Sent, r.Ended, err)
		}
		if o := r.Classes[Valid]; o.Accepted() != 31 {
			t.Errorf("%d accepted: what was under way is lost", o.Accepted())
		}
	})
}

// TestSeconds: what who watches is told of adds up.
func TestSeconds(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		l := imagine(t, 8, func(time.Time) time.Duration { return 5 * time.Millisecond })
		var told []Second
		l.cfg.Watch = func(s Second) { told = append(told, s) }
		r := run(t, l, Steady(40, 3500*time.Millisecond))
		if len(told) != 4 || !slices.Equal(told, r.Seconds) {
			t.Fatalf("%d seconds, want 4: %+v", len(told), told)
		}
		for i, want := range []uint64{40, 40, 40, 20} {
			if s := told[i]; s.Sent < want-1 || s.Sent > want+1 || s.Accepted != s.Sent || s.P99 < 4900*time.Microsecond || s.P99 > 5100*time.Microsecond {
				t.Errorf("second %d: %+v, want %d of 5 ms", i, s, want)
			}
		}
	})
}

// BenchmarkEngine is the whole of the load but for the network.
func BenchmarkEngine(b *testing.B) {
	u, err := url.Parse("http://127.0.0.1:1/")
	if err != nil {
		b.Fatal(err)
	}
	l := testLoad(b, u)
	l.client = imagined{func(time.Time) time.Duration { return 0 }}
	b.ReportAllocs()
	b.ResetTimer()
	const rate = MostRate
	d := time.Duration(float64(b.N) / rate * float64(time.Second))
	r, err := l.Run(b.Context(), Steady(rate, max(d, 1)))
	if err != nil {
		b.Fatal(err)
	}
	b.ReportMetric(float64(r.Sent)/r.Ended.Seconds(), "events/s")
}

// TestMissed: what was not answered as it should be is told, and nothing else.
func TestMissed(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		l := imagine(t, 8, func(time.Time) time.Duration { return time.Millisecond })
		l.deck = newDeck(Mix{70, 10, 10, 10}, 3)
		var mu sync.Mutex
		missed := map[Class]int{}
		l.cfg.Missed = func(m Miss) {
			mu.Lock()
			defer mu.Unlock()
			missed[m.Class]++
			if m.Status != 200 || m.Err != "" || m.Took != time.Millisecond || l.Event(m.Number).ID != l.EventID(m.Number) {
				t.Errorf("%+v", m)
			}
		}
		r := run(t, l, Steady(300, time.Second))
		for _, c := range Classes() {
			want := 0
			if c.Refused() {
				want = int(r.Classes[c].Sent)
			}
			if missed[c] != want || r.Classes[c].Sent == 0 {
				t.Errorf("%s: told of %d, want %d", c, missed[c], want)
			}
		}
		if r.InTime != r.Sent {
			t.Errorf("%d of %d in time", r.InTime, r.Sent)
		}
	})
}
