package engine

import (
	"context"
	"math/rand/v2"
	"slices"
	"testing"
	"testing/synctest"
	"time"

	"hookdrill/mockclaude"
)

// script is an injector made of one function a move, by the delivery's number.
type script map[uint64]func(m *Move)

func (s script) Next(m *Move, _ *rand.Rand) {
	if change := s[m.Delivery]; change != nil && m.Attempt == 1 {
		m.Fault = "test"
		change(m)
	}
}

func faulty(s script) func(*Config) { return func(c *Config) { c.Faults = s } }

// events are the ids of the events of requests, in order.
func events(got []mockclaude.Delivery, ids ...string) []int {
	var out []int
	for _, d := range got {
		out = append(out, slices.Index(ids, d.EventID)+1)
	}
	return out
}

// run publishes n events one after another under a script, lets an hour pass
// and says which events came, in which order and when.
func runFault(t *testing.T, s script, n int, g *target, with ...func(*Config)) (r *rig, order []int, at []time.Duration) {
	t.Helper()
	r = start(t, g, append(with, faulty(s))...)
	began := time.Now()
	var ids []string
	for range n {
		ids = append(ids, r.state(r.publish(Options{})).EventID)
		synctest.Wait()
	}
	pass(time.Hour)
	synctest.Wait()
	got, times := g.requests()
	for _, when := range times {
		at = append(at, when.Sub(began))
	}
	return r, events(got, ids...), at
}

func TestPostpone(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		r, order, at := runFault(t, script{1: func(m *Move) { m.Postpone = 5 * time.Second }}, 2, &target{})
		if !slices.Equal(order, []int{2, 1}) || at[1] != 5*time.Second {
			t.Errorf("order %v at %v", order, at)
		}
		if _, attempts, _ := r.Delivery(1); len(attempts) != 1 || attempts[0].Fault != "test" || attempts[0].Number != 1 {
			t.Errorf("attempts = %+v", attempts)
		}
		if s := r.Stats(); s.Faults["test"] != 1 || s.Attempts != 2 {
			t.Errorf("stats = %+v", s)
		}
		r.stop()
	})
}

func TestBehind(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		s := script{1: func(m *Move) { m.Behind, m.Postpone = 2, 10*time.Second }}
		r, order, at := runFault(t, s, 4, &target{})
		if !slices.Equal(order, []int{2, 3, 1, 4}) || at[3] != 0 {
			t.Errorf("order %v at %v", order, at)
		}
		r.stop()
	})
	synctest.Test(t, func(t *testing.T) {
		s := script{1: func(m *Move) { m.Behind, m.Postpone = 2, 10*time.Second }}
		r, order, at := runFault(t, s, 2, &target{})
		if !slices.Equal(order, []int{2, 1}) || at[1] != 10*time.Second {
			t.Errorf("with too few others: order %v at %v", order, at)
		}
		r.stop()
	})
}

func TestGather(t *testing.T) {
	t.Parallel()
	gather := func(m *Move) { m.Gather, m.Postpone = 3, 10*time.Second }
	slow := func(context.Context, int, mockclaude.Delivery) mockclaude.Exchange {
		pass(time.Second)
		return mockclaude.Exchange{Status: 200}
	}
	for name, c := range map[string]struct {
		n    int
		when time.Duration
	}{"enough": {3, 0}, "too few": {2, 10 * time.Second}} {
		synctest.Test(t, func(t *testing.T) {
			g := &target{answer: slow}
			r, order, at := runFault(t, script{1: gather, 2: gather, 3: gather}, c.n, g, func(cfg *Config) { cfg.Concurrency = 1 })
			if len(order) != c.n || g.most != c.n {
				t.Errorf("%s: %v, %d at once", name, order, g.most)
			}
			for _, when := range at {
				if when != c.when {
					t.Errorf("%s: at %v", name, at)
				}
			}
			r.stop()
		})
	}
}

func TestLose(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		r, order, _ := runFault(t, script{1: func(m *Move) { m.Lose = true }}, 1, &target{})
		d, attempts, _ := r.Delivery(1)
		if len(order) != 2 || d.State != Delivered || attempts[0].OK || attempts[0].Status != 200 || !attempts[1].OK || attempts[1].Fault != "" {
			t.Errorf("%v %+v %+v", order, d, attempts)
		}
		r.stop()
	})
}

func TestBeforeAndAfter(t *testing.T) {
	t.Parallel()
	for _, together := range []bool{false, true} {
		synctest.Test(t, func(t *testing.T) {
			g := &target{answer: func(_ context.Context, _ int, d mockclaude.Delivery) mockclaude.Exchange {
				if d.Sign.Mode == mockclaude.SignNone {
					return mockclaude.Exchange{Status: 401}
				}
				return mockclaude.Exchange{Status: 200}
			}}
			r, order, at := runFault(t, script{1: func(m *Move) {
				m.Together = together
				unsigned := m.Request
				unsigned.Sign.Mode = mockclaude.SignNone
				m.Before = []Extra{{Request: unsigned}}
				m.After = []Extra{{Copy: true}, {Wait: 3 * time.Second, Request: m.Request}}
			}}, 1, g)
			got, _ := g.requests()
			if len(order) != 4 || got[0].Sign.Mode != mockclaude.SignNone {
				t.Fatalf("%d requests: %+v", len(order), got)
			}
			d, attempts, _ := r.Delivery(1)
			if d.State != Delivered || d.Attempts != 1 || len(attempts) != 4 {
				t.Errorf("%+v, %d requests", d, len(attempts))
			}
			extras, pinned := 0, 0
			for _, a := range attempts {
				if a.Extra {
					extras++
				}
			}
			for _, d := range got {
				if !d.Stamp.At.IsZero() {
					pinned++
				}
			}
			if extras != 3 || pinned != 2 {
				t.Errorf("%d extras, %d stamped alike, want 3 and 2", extras, pinned)
			}
			if !together && at[3] != 3*time.Second {
				t.Errorf("at %v", at)
			}
			if s := r.Stats(); s.Attempts != 1 || s.Extra != 3 || s.Failed != 0 {
				t.Errorf("stats = %+v", s)
			}
			r.stop()
		})
	}
}

// TestGiveUp: the retry comes while the first request goes on, also where only
// one attempt at a time is allowed.
func TestGiveUp(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		g := &target{answer: func(_ context.Context, n int, _ mockclaude.Delivery) mockclaude.Exchange {
			if n == 1 {
				pass(10 * time.Second)
			}
			return mockclaude.Exchange{Status: 200}
		}}
		r, order, at := runFault(t, script{1: func(m *Move) { m.GiveUp = 2 * time.Second }}, 1, g, func(c *Config) { c.Concurrency = 1 })
		if len(order) != 2 || at[1] < 2900*time.Millisecond || at[1] > 3100*time.Millisecond {
			t.Fatalf("%v at %v", order, at)
		}
		d, attempts, _ := r.Delivery(1)
		if d.State != Delivered || d.Attempts != 2 || len(attempts) != 3 {
			t.Fatalf("%+v\n%+v", d, attempts)
		}
		if a := attempts[0]; a.OK || a.Late || a.Number != 1 || a.Err != mockclaude.ErrTimeout {
			t.Errorf("given up: %+v", a)
		}
		if a := attempts[1]; !a.OK || a.Number != 2 {
			t.Errorf("retry: %+v", a)
		}
		if a := attempts[2]; !a.Late || !a.OK || a.Number != 1 {
			t.Errorf("late: %+v", a)
		}
		if s := r.Stats(); s.InFlight != 0 || s.Delivered != 1 || s.Attempts != 2 {
			t.Errorf("stats = %+v", s)
		}
		r.stop()
	})
}

// TestHeldIsNotLost: what a fault holds back survives a restart.
func TestHeldIsNotLost(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		journal := newMemory()
		far := func(m *Move) { m.Gather, m.Postpone = 100, time.Hour }
		r := start(t, &target{}, faulty(script{1: far, 2: far}), func(c *Config) { c.Journal = journal })
		r.publish(Options{})
		r.publish(Options{})
		synctest.Wait()
		r.stop()
		g := &target{}
		r = start(t, g, func(c *Config) { c.Journal = journal })
		pass(2 * time.Hour)
		if got, _ := g.requests(); len(got) != 2 {
			t.Errorf("%d attempts after the restart", len(got))
		}
		r.stop()
	})
}
