package engine

import (
	"context"
	"fmt"
	"hash/crc32"
	"strconv"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"hookdrill/mockclaude"
)

// checkSchedule checks the waits between attempts against the contract's.
func checkSchedule(t *testing.T, at []time.Time, speed float64) {
	t.Helper()
	for i := 1; i < len(at); i++ {
		wait, nominal := at[i].Sub(at[i-1]).Seconds()*speed, float64(int(1)<<(i-1))
		if wait < 0.9*nominal-0.001 || wait > 1.1*nominal+0.001 {
			t.Errorf("attempt %d came after %.3f s, want %v s within 10 %%", i+1, wait, nominal)
		}
	}
}

func TestElevenAttemptsThenAbandoned(t *testing.T) {
	t.Parallel()
	for _, speed := range []float64{1, 100} {
		t.Run(fmt.Sprint(speed), func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				clock, err := ScaledClock(speed)
				if err != nil {
					t.Fatal(err)
				}
				g := &target{answer: always(500)}
				r := start(t, g, func(c *Config) { c.Clock = clock })
				id := r.publish(Options{})
				pass(time.Hour)
				synctest.Wait()
				_, at := g.requests()
				if len(at) != 11 {
					t.Fatalf("%d attempts, want 11", len(at))
				}
				checkSchedule(t, at, speed)
				exact := 0
				for i := 1; i < len(at); i++ {
					if at[i].Sub(at[i-1]) == clock.Lasts(time.Second<<(i-1)) {
						exact++
					}
				}
				if exact > 2 {
					t.Errorf("%d of 10 waits have no jitter", exact)
				}
				d := r.state(id)
				if d.State != Abandoned || d.Attempts != 11 || d.Status != 500 || d.Finished != at[10].UTC() {
					t.Errorf("delivery = %+v", d)
				}
				dead, _ := r.Deliveries(Filter{State: Abandoned})
				if len(dead) != 1 || dead[0].ID != id {
					t.Errorf("dead letters = %+v", dead)
				}
				_, attempts, _ := r.Delivery(id)
				for i, a := range attempts {
					if a.Number != i+1 || a.OK || a.Why != "answered with 500" || a.Status != 500 {
						t.Errorf("attempt %d = %+v", i+1, a)
					}
					if want := i < 10; (a.NextWait > 0) != want {
						t.Errorf("attempt %d: next wait %v", i+1, a.NextWait)
					}
				}
				s := r.Stats()
				if len(attempts) != 11 || s.Attempts != 11 || s.Failed != 11 || s.Abandoned != 1 || s.Pending != 0 || s.InFlight != 0 {
					t.Errorf("%d attempts, stats = %+v", len(attempts), s)
				}
				r.stop()
			})
		})
	}
}

func TestSuccessStopsTheSchedule(t *testing.T) {
	t.Parallel()
	for n := 1; n <= 11; n++ {
		t.Run(strconv.Itoa(n), func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				g := &target{answer: func(_ context.Context, i int, _ mockclaude.Delivery) mockclaude.Exchange {
					if i == n {
						return mockclaude.Exchange{Status: 204}
					}
					return mockclaude.Exchange{Err: mockclaude.ErrTimeout}
				}}
				r := start(t, g)
				id := r.publish(Options{})
				pass(2 * time.Hour)
				_, at := g.requests()
				checkSchedule(t, at, 1)
				if d := r.state(id); d.State != Delivered || d.Attempts != n || len(at) != n || d.Status != 204 || d.Err != "" {
					t.Errorf("%d requests, delivery = %+v", len(at), d)
				}
				r.stop()
			})
		})
	}
}

// TestSameSeedSameMoments runs the same twice, and with another seed.
func TestSameSeedSameMoments(t *testing.T) {
	t.Parallel()
	story := func(t *testing.T, seed uint64) string {
		t.Helper()
		var out strings.Builder
		synctest.Test(t, func(t *testing.T) {
			g := &target{answer: always(503)}
			r := start(t, g, func(c *Config) { c.Seed, c.Concurrency = seed, 1 })
			began := time.Now()
			for range 3 {
				r.publish(Options{})
			}
			pass(time.Hour)
			got, at := g.requests()
			for i, d := range got {
				fmt.Fprintln(&out, at[i].Sub(began), d.EventID, crc32.ChecksumIEEE([]byte(d.Body)))
			}
			r.stop()
		})
		return out.String()
	}
	one := story(t, 1)
	if again := story(t, 1); again != one {
		t.Errorf("the same seed gave\n%s\nand\n%s", one, again)
	}
	if story(t, 2) == one {
		t.Error("another seed gave the same")
	}
}

func TestWhatDelivers(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		x    mockclaude.Exchange
		want bool
	}{
		"200":             {mockclaude.Exchange{Status: 200}, true},
		"204":             {mockclaude.Exchange{Status: 204}, true},
		"299":             {mockclaude.Exchange{Status: 299}, true},
		"a long answer":   {mockclaude.Exchange{Status: 200, Err: mockclaude.ErrTooLarge}, true},
		"no answer":       {mockclaude.Exchange{}, false},
		"a redirect":      {mockclaude.Exchange{Status: 302}, false},
		"bad request":     {mockclaude.Exchange{Status: 400}, false},
		"gone":            {mockclaude.Exchange{Status: 410}, false},
		"server error":    {mockclaude.Exchange{Status: 500}, false},
		"a broken 200":    {mockclaude.Exchange{Status: 200, Err: mockclaude.ErrTruncated}, false},
		"a timed out 200": {mockclaude.Exchange{Status: 200, Err: mockclaude.ErrTimeout}, false},
		"refused":         {mockclaude.Exchange{Err: mockclaude.ErrRefused}, false},
	} {
		if ok, why := judge(c.x); ok != c.want || ok == (why != "") {
			t.Errorf("%s: %v, %q", name, ok, why)
		}
	}
}

func TestRetryAfter(t *testing.T) {
	t.Parallel()
	date := func(d time.Duration) func() string {
		return func() string { return time.Now().Add(d).UTC().Format("Mon, 02 Jan 2006 15:04:05 GMT") }
	}
	text := func(s string) func() string { return func() string { return s } }
	for name, c := range map[string]struct {
		status   int
		value    func() string
		min, max time.Duration
	}{
		"longer than the schedule":  {503, text("30"), 30 * time.Second, 30 * time.Second},
		"too many requests":         {429, text("7"), 7 * time.Second, 7 * time.Second},
		"shorter than the schedule": {503, text("0"), 900 * time.Millisecond, 1100 * time.Millisecond},
		"of another status":         {500, text("30"), 900 * time.Millisecond, 1100 * time.Millisecond},
		"a date":                    {503, date(time.Minute), 59 * time.Second, 61 * time.Second},
		"a date in the past":        {503, date(-time.Hour), 900 * time.Millisecond, 1100 * time.Millisecond},
		"more than is heeded":       {503, text("999999"), time.Hour, time.Hour},
		"more than a number holds":  {503, text("99999999999999999999999"), time.Hour, time.Hour},
		"negative":                  {503, text("-5"), 900 * time.Millisecond, 1100 * time.Millisecond},
		"words":                     {503, text("soon"), 900 * time.Millisecond, 1100 * time.Millisecond},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				g := &target{answer: func(_ context.Context, n int, _ mockclaude.Delivery) mockclaude.Exchange {
					if n == 1 {
						return mockclaude.Exchange{Status: c.status, RetryAfter: c.value()}
					}
					return mockclaude.Exchange{Status: 200}
				}}
				r := start(t, g)
				r.publish(Options{})
				pass(2 * time.Hour)
				_, at := g.requests()
				if len(at) != 2 {
					t.Fatalf("%d attempts", len(at))
				}
				if wait := at[1].Sub(at[0]); wait < c.min || wait > c.max {
					t.Errorf("came again after %s, want %s to %s", wait, c.min, c.max)
				}
				r.stop()
			})
		})
	}
	if d := retryAfter(mockclaude.Exchange{Status: 503, RetryAfter: "30"}, 0); d != 0 {
		t.Errorf("a sender that heeds none waits %s", d)
	}
}

func TestResend(t *testing.T) {
	t.Parallel()
	for _, resend := range []string{"anew", "identical"} {
		t.Run(resend, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				g := &target{answer: always(500)}
				c := *claude(t)
				c.Retries.Resend = resend
				journal := newMemory()
				with := func(cfg *Config) { cfg.Contract, cfg.Journal = &c, journal }
				r := start(t, g, with)
				r.publish(Options{})
				pass(5 * time.Second)
				r.stop()
				r = start(t, g, with)
				pass(time.Hour)
				got, at := g.requests()
				if len(got) != 11 {
					t.Fatalf("%d attempts", len(got))
				}
				for i, d := range got {
					if d.EventID != got[0].EventID || d.Body != got[0].Body {
						t.Errorf("attempt %d is of another event", i+1)
					}
					if identical := d.Stamp.At.Equal(at[0]); identical != (resend == "identical") {
						t.Errorf("attempt %d is stamped %s, the first was at %s", i+1, d.Stamp.At, at[0])
					}
				}
				r.stop()
			})
		})
	}
}
