package engine

import (
	"context"
	"math/rand/v2"
	"slices"
	"strconv"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"hookdrill/contract"
	"hookdrill/mockclaude"
)

func TestEndpointDisabled(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		disable  contract.Disable
		status   int
		attempts int // until it is disabled; 0 for never
	}{
		"redirect":                     {contract.Disable{Redirect: true}, 307, 1},
		"gone":                         {contract.Disable{Gone: true}, 410, 1},
		"abandoned":                    {contract.Disable{Abandoned: 1}, 500, 11},
		"redirect is heeded by others": {contract.Disable{Gone: true}, 302, 0},
		"never":                        {contract.Disable{}, 410, 0},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				broken := true
				var mu sync.Mutex
				g := &target{answer: func(context.Context, int, mockclaude.Delivery) mockclaude.Exchange {
					mu.Lock()
					defer mu.Unlock()
					if broken {
						return mockclaude.Exchange{Status: c.status}
					}
					return mockclaude.Exchange{Status: 200}
				}}
				con := *claude(t)
				con.Disable = c.disable
				r := start(t, g, func(cfg *Config) { cfg.Contract = &con })
				r.publish(Options{})
				pass(time.Hour)
				second := r.publish(Options{})
				pass(time.Hour)
				got, _ := g.requests()
				ep := r.Endpoints()[0]
				if c.attempts == 0 {
					if ep.Disabled != "" || len(got) != 22 {
						t.Errorf("%d attempts, endpoint = %+v", len(got), ep)
					}
					r.stop()
					return
				}
				if ep.Disabled == "" || len(got) != c.attempts {
					t.Errorf("%d attempts, endpoint = %+v", len(got), ep)
				}
				if d := r.state(second); d.State != Pending || d.Attempts != 0 {
					t.Errorf("accepted while disabled: %+v", d)
				}
				mu.Lock()
				broken = false
				mu.Unlock()
				if ep, err := r.Enable(t.Context(), ep.ID); err != nil || ep.Disabled != "" || ep.Failures != 0 {
					t.Errorf("Enable = %+v, %v", ep, err)
				}
				synctest.Wait()
				if d := r.state(second); d.State != Delivered {
					t.Errorf("after Enable: %+v", d)
				}
				r.stop()
			})
		})
	}
}

func TestSuccessForgivesFailures(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		g := &target{answer: func(_ context.Context, n int, _ mockclaude.Delivery) mockclaude.Exchange {
			if n == 12 {
				return mockclaude.Exchange{Status: 200}
			}
			return mockclaude.Exchange{Status: 500}
		}}
		con := *claude(t)
		con.Disable.Abandoned = 2
		r := start(t, g, func(cfg *Config) { cfg.Contract = &con })
		for i := range 3 { // abandoned, delivered, abandoned
			r.publish(Options{})
			pass(time.Hour)
			if ep := r.Endpoints()[0]; ep.Disabled != "" {
				t.Errorf("disabled after delivery %d: %s", i+1, ep.Disabled)
			}
		}
		r.publish(Options{})
		pass(time.Hour)
		if ep := r.Endpoints()[0]; ep.Disabled == "" {
			t.Error("not disabled after two in a row")
		}
		r.stop()
	})
}

// TestOrderAndConcurrency: what is due first goes first, and never are more
// under way than the endpoint takes.
func TestOrderAndConcurrency(t *testing.T) {
	t.Parallel()
	for _, limit := range []int{1, 3} {
		t.Run(strconv.Itoa(limit), func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				g := &target{answer: func(context.Context, int, mockclaude.Delivery) mockclaude.Exchange {
					pass(time.Second)
					return mockclaude.Exchange{Status: 200}
				}}
				r := start(t, g, func(c *Config) { c.Concurrency = limit })
				if err := r.Pause(t.Context(), "", true); err != nil {
					t.Fatal(err)
				}
				rng := rand.New(rand.NewPCG(1, 1))
				delay := map[string]time.Duration{}
				for range 50 {
					d := time.Duration(rng.IntN(1000)) * time.Millisecond
					id := r.publish(Options{Delay: d})
					delay[r.state(id).EventID] = d
				}
				pass(time.Minute)
				if got, _ := g.requests(); len(got) != 0 {
					t.Errorf("%d attempts while paused", len(got))
				}
				if err := r.Pause(t.Context(), "", false); err != nil {
					t.Fatal(err)
				}
				pass(time.Minute)
				got, _ := g.requests()
				if len(got) != 50 || g.most != limit {
					t.Errorf("%d attempts, %d at once", len(got), g.most)
				}
				if limit == 1 && !slices.IsSortedFunc(got, func(a, b mockclaude.Delivery) int { return int(delay[a.EventID] - delay[b.EventID]) }) {
					t.Error("not in the order of due times")
				}
				r.stop()
			})
		})
	}
}

// TestEndpointsDoNotWaitForEachOther: one that hangs holds up nobody else.
func TestEndpointsDoNotWaitForEachOther(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		quick := &target{}
		hang := &target{answer: func(ctx context.Context, _ int, _ mockclaude.Delivery) mockclaude.Exchange {
			select {
			case <-ctx.Done():
			case <-time.After(10 * time.Second):
			}
			return mockclaude.Exchange{Err: mockclaude.ErrTimeout}
		}}
		r := start(t, quick, func(c *Config) {
			c.Concurrency = 1
			c.Transport = func(s mockclaude.SenderConfig) (Transport, error) {
				if s.Target.Path == "/hang" {
					return hang, nil
				}
				return quick, nil
			}
		})
		r.subscribe(Subscription{URL: "http://127.0.0.1:1/hang"})
		r.subscribe(Subscription{URL: "http://127.0.0.1:1/other", Types: []string{"agent.task.failed"}})
		for range 20 {
			ev, _ := r.Draw(completed)
			if ids, err := r.Publish(t.Context(), ev, Options{}); err != nil || len(ids) != 2 {
				t.Fatalf("Publish = %v, %v", ids, err)
			}
		}
		synctest.Wait()
		if got, _ := quick.requests(); len(got) != 20 {
			t.Errorf("%d attempts to the quick one", len(got))
		}
		if got, _ := hang.requests(); len(got) != 1 {
			t.Errorf("%d attempts to the one that hangs", len(got))
		}
		if s := r.Stats(); s.Delivered != 20 || s.InFlight != 1 || s.Pending != 19 {
			t.Errorf("stats = %+v", s)
		}
		r.stop()
	})
}
