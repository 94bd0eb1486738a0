package engine

import (
	"context"
	"errors"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"hookdrill/mockclaude"
)

func TestNew(t *testing.T) {
	t.Parallel()
	_, err := New(Config{Concurrency: 257, MaxPending: -1, History: -1, Grace: -1})
	for _, field := range []string{"contract:", "concurrency:", "max_pending:", "history:", "grace:"} {
		if err == nil || !strings.Contains(err.Error(), field) {
			t.Errorf("%v does not name %s", err, field)
		}
	}
	for _, speed := range []float64{0, -1, 2_000_000} {
		if _, err := ScaledClock(speed); err == nil {
			t.Errorf("speed %v is allowed", speed)
		}
	}
}

func TestSubscriptionsAreChecked(t *testing.T) {
	t.Parallel()
	e, err := New(Config{Contract: claude(t)})
	if err != nil {
		t.Fatal(err)
	}
	good := Subscription{URL: "http://127.0.0.1/hook", Key: []byte("k")}
	for field, change := range map[string]func(*Subscription){
		"url":         func(s *Subscription) { s.URL = "ftp://127.0.0.1" },
		"url ":        func(s *Subscription) { s.URL = "http://a:b@127.0.0.1/" },
		"url  ":       func(s *Subscription) { s.URL = "http://127.0.0.1/" + strings.Repeat("a", 3000) },
		"url   ":      func(s *Subscription) { s.URL = "http://127.0.0.1/#x" },
		"url    ":     func(s *Subscription) { s.URL = "http:///x" },
		"key":         func(s *Subscription) { s.Key = nil },
		"concurrency": func(s *Subscription) { s.Concurrency = 300 },
		"types":       func(s *Subscription) { s.Types = []string{"a b"} },
		"types ":      func(s *Subscription) { s.Types = make([]string, 65) },
	} {
		s := good
		change(&s)
		var invalid *InvalidError
		if _, err := e.Subscribe(t.Context(), s); !errors.As(err, &invalid) || invalid.Field != strings.TrimSpace(field) {
			t.Errorf("%s: %v", field, err)
		}
	}
}

func TestUnsubscribeCancels(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		journal := newMemory()
		g := &target{answer: func(ctx context.Context, _ int, _ mockclaude.Delivery) mockclaude.Exchange {
			select {
			case <-ctx.Done():
			case <-time.After(time.Minute):
			}
			return mockclaude.Exchange{Status: 500}
		}}
		r := start(t, g, func(c *Config) { c.Concurrency, c.Journal = 1, journal })
		first, second := r.publish(Options{}), r.publish(Options{})
		synctest.Wait()
		ep := r.Endpoints()[0]
		if err := r.Unsubscribe(t.Context(), ep.ID); err != nil {
			t.Fatal(err)
		}
		pass(time.Hour)
		for _, id := range []uint64{first, second} {
			if d := r.state(id); d.State != Canceled {
				t.Errorf("delivery = %+v", d)
			}
		}
		if got, _ := g.requests(); len(got) != 1 || !g.closed {
			t.Errorf("%d requests, closed: %v", len(got), g.closed)
		}
		for what, err := range map[string]error{
			"Unsubscribe": r.Unsubscribe(t.Context(), ep.ID), "Pause": r.Pause(t.Context(), ep.ID, true),
		} {
			if !errors.Is(err, ErrUnknown) {
				t.Errorf("%s = %v", what, err)
			}
		}
		if _, err := r.Redeliver(t.Context(), first); !errors.Is(err, ErrConflict) {
			t.Errorf("Redeliver = %v", err)
		}
		ev, _ := r.Draw(completed)
		if ids, err := r.Publish(t.Context(), ev, Options{}); err != nil || len(ids) != 0 {
			t.Errorf("Publish = %v, %v", ids, err)
		}
		if _, err := r.Publish(t.Context(), ev, Options{Endpoints: []string{ep.ID}}); !errors.Is(err, ErrUnknown) {
			t.Errorf("Publish to it = %v", err)
		}
		r.stop()
		r = start(t, g, func(c *Config) { c.Journal = journal })
		if d := r.state(first); d.State != Canceled {
			t.Errorf("after a restart: %+v", d)
		}
		if eps := r.Endpoints(); len(eps) != 1 || eps[0].ID == ep.ID {
			t.Errorf("endpoints = %+v", eps)
		}
		r.stop()
	})
}

func TestRotate(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		journal := newMemory()
		var keys []mockclaude.Keys
		var made []*target
		with := func(c *Config) {
			c.Journal = journal
			c.Transport = func(s mockclaude.SenderConfig) (Transport, error) {
				g := &target{answer: always(500)}
				keys, made = append(keys, s.Keys), append(made, g)
				return g, nil
			}
		}
		r := start(t, nil, with)
		r.publish(Options{})
		pass(4 * time.Second) // two retries
		before := r.Endpoints()[0]
		ep, err := r.Rotate(t.Context(), before.ID, []byte("whsec_new"))
		if err != nil || ep.KeyID == before.KeyID {
			t.Errorf("Rotate = %+v, %v", ep, err)
		}
		pass(time.Hour)
		a, _ := made[0].requests()
		b, _ := made[1].requests()
		if len(a) != 3 || len(b) != 8 || !made[0].closed {
			t.Errorf("%d attempts with the old key, %d with the new one", len(a), len(b))
		}
		var invalid *InvalidError
		for _, key := range []string{"", "whsec_new"} {
			if _, err := r.Rotate(t.Context(), ep.ID, []byte(key)); !errors.As(err, &invalid) {
				t.Errorf("Rotate to %q = %v", key, err)
			}
		}
		if _, err := r.Rotate(t.Context(), "we_none", []byte("k")); !errors.Is(err, ErrUnknown) {
			t.Errorf("Rotate = %v", err)
		}
		r.stop()
		r = start(t, nil, with)
		if k := keys[len(keys)-1]; string(k.Current) != "whsec_new" || string(k.Previous) != "whsec_test" {
			t.Errorf("keys after a restart = %q, %q", k.Current, k.Previous)
		}
		r.stop()
	})
}

// TestSubscribeAgain: a subscription of a known id takes its place.
func TestSubscribeAgain(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		journal := newMemory()
		g := &target{answer: always(500)}
		with := func(c *Config) { c.Journal = journal }
		r := start(t, g, with)
		r.subscribe(Subscription{ID: "we_default", URL: "http://127.0.0.1:1/a"})
		ev, _ := r.Draw(completed)
		if _, err := r.Publish(t.Context(), ev, Options{Endpoints: []string{"we_default"}}); err != nil {
			t.Fatal(err)
		}
		r.stop()
		r = start(t, g, with)
		ep := r.subscribe(Subscription{ID: "we_default", URL: "http://127.0.0.1:1/b"})
		if eps := r.Endpoints(); len(eps) != 2 || ep.URL != "http://127.0.0.1:1/b" || ep.Pending+ep.InFlight != 1 {
			t.Errorf("%+v of %+v", ep, eps)
		}
		r.stop()
	})
}

func TestRedeliver(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		g := &target{answer: func(_ context.Context, n int, _ mockclaude.Delivery) mockclaude.Exchange {
			if n <= 11 {
				return mockclaude.Exchange{Status: 500}
			}
			return mockclaude.Exchange{Status: 200}
		}}
		r := start(t, g)
		id := r.publish(Options{})
		synctest.Wait()
		if _, err := r.Redeliver(t.Context(), id); !errors.Is(err, ErrConflict) {
			t.Errorf("Redeliver of a pending one = %v", err)
		}
		pass(time.Hour)
		again, err := r.Redeliver(t.Context(), id)
		if err != nil {
			t.Fatal(err)
		}
		synctest.Wait()
		old, d := r.state(id), r.state(again)
		if old.State != Abandoned || d.State != Delivered || d.EventID != old.EventID || d.Redelivery != id || d.Attempts != 1 {
			t.Errorf("%+v\n%+v", old, d)
		}
		if _, err := r.Redeliver(t.Context(), 99); !errors.Is(err, ErrUnknown) {
			t.Errorf("Redeliver of an unknown one = %v", err)
		}
		r.stop()
	})
}

func TestPauseOneEndpoint(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		journal := newMemory()
		g := &target{}
		with := func(c *Config) { c.Journal = journal }
		r := start(t, g, with)
		ep := r.Endpoints()[0].ID
		if err := r.Pause(t.Context(), ep, true); err != nil {
			t.Fatal(err)
		}
		id := r.publish(Options{})
		pass(time.Hour)
		r.stop()
		r = start(t, g, with) // and it stays paused
		pass(time.Hour)
		if d := r.state(id); d.State != Pending || !r.Endpoints()[0].Paused {
			t.Errorf("delivery = %+v", d)
		}
		if err := r.Pause(t.Context(), ep, false); err != nil {
			t.Fatal(err)
		}
		synctest.Wait()
		if d := r.state(id); d.State != Delivered {
			t.Errorf("delivery = %+v", d)
		}
		r.stop()
	})
}

func TestBounds(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		r := start(t, &target{}, func(c *Config) { c.MaxPending, c.MaxEndpoints = 2, 1 })
		if _, err := r.Subscribe(t.Context(), Subscription{URL: "http://127.0.0.1/", Key: []byte("k")}); !errors.Is(err, ErrFull) {
			t.Errorf("Subscribe = %v", err)
		}
		if err := r.Pause(t.Context(), "", true); err != nil {
			t.Fatal(err)
		}
		r.publish(Options{})
		r.publish(Options{})
		ev, _ := r.Draw(completed)
		if _, err := r.Publish(t.Context(), ev, Options{}); !errors.Is(err, ErrFull) {
			t.Errorf("Publish = %v", err)
		}
		r.stop()
		for what, err := range map[string]error{
			"Pause": r.Pause(context.Background(), "", false), "Unsubscribe": r.Unsubscribe(context.Background(), "x"),
		} {
			if !errors.Is(err, ErrClosed) {
				t.Errorf("%s after the end = %v", what, err)
			}
		}
		if err := r.Run(t.Context()); !errors.Is(err, ErrConflict) {
			t.Errorf("a second Run = %v", err)
		}
	})
}

func TestHistoryIsBounded(t *testing.T) {
	t.Parallel()
	for name, with := range map[string]func(*Config){
		"by number": func(c *Config) { c.History = 10 },
		"by size":   func(c *Config) { c.HistorySize = 5000 },
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				journal := newMemory()
				r := start(t, &target{}, with, func(c *Config) { c.Journal = journal })
				for range 100 {
					r.publish(Options{})
					synctest.Wait()
				}
				list, _ := r.Deliveries(Filter{})
				attempts, _ := r.Attempts(Filter{})
				s := r.Stats()
				if len(list) == 0 || len(list) > 30 || s.DroppedDeliveries != uint64(100-len(list)) || list[0].ID != 100 {
					t.Errorf("%d deliveries, stats = %+v", len(list), s)
				}
				if len(attempts) == 0 || len(attempts) > 30 || s.DroppedAttempts != uint64(100-len(attempts)) {
					t.Errorf("%d attempts, stats = %+v", len(attempts), s)
				}
				r.stop()
				if len(journal.items) != len(list) || len(journal.attempts) != len(attempts) {
					t.Errorf("the journal has %d and %d", len(journal.items), len(journal.attempts))
				}
			})
		})
	}
}

func TestLists(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		g := &target{answer: func(_ context.Context, n int, _ mockclaude.Delivery) mockclaude.Exchange {
			if n == 4 {
				return mockclaude.Exchange{Status: 500}
			}
			return mockclaude.Exchange{Status: 200}
		}}
		r := start(t, g, faulty(script{2: func(m *Move) { m.After = []Extra{{Request: m.Request}} }}))
		var third time.Time
		for i := range 5 {
			if i == 2 {
				third = time.Now()
			}
			typ := completed
			if i == 4 {
				typ = "agent.task.failed"
			}
			ev, _ := r.Draw(typ)
			if _, err := r.Publish(t.Context(), ev, Options{}); err != nil {
				t.Fatal(err)
			}
			pass(time.Minute)
		}
		d := r.state(2)
		for name, c := range map[string]struct {
			f    Filter
			want []uint64
			next uint64
		}{
			"all":      {Filter{}, []uint64{5, 4, 3, 2, 1}, 0},
			"page":     {Filter{Limit: 2}, []uint64{5, 4}, 4},
			"second":   {Filter{Limit: 2, Before: 4}, []uint64{3, 2}, 2},
			"last":     {Filter{Limit: 2, Before: 2}, []uint64{1}, 0},
			"type":     {Filter{Type: "agent.task.failed"}, []uint64{5}, 0},
			"event":    {Filter{EventID: d.EventID}, []uint64{2}, 0},
			"task":     {Filter{TaskID: d.TaskID}, []uint64{2}, 0},
			"endpoint": {Filter{Endpoint: "we_none"}, nil, 0},
			"state":    {Filter{State: Pending}, nil, 0},
			"since":    {Filter{Since: third}, []uint64{5, 4, 3}, 0},
			"until":    {Filter{Until: third}, []uint64{2, 1}, 0},
		} {
			list, next := r.Deliveries(c.f)
			var ids []uint64
			for _, d := range list {
				ids = append(ids, d.ID)
			}
			if len(ids) != len(c.want) || next != c.next {
				t.Errorf("%s: %v, next %d", name, ids, next)
			}
			for i := range min(len(ids), len(c.want)) {
				if ids[i] != c.want[i] {
					t.Errorf("%s: %v, want %v", name, ids, c.want)
				}
			}
		}
		for name, c := range map[string]struct {
			f    Filter
			want int
			next bool
		}{
			"all": {Filter{}, 7, false}, "page": {Filter{Limit: 3}, 3, true}, "delivery": {Filter{Delivery: 2}, 2, false},
			"failed": {Filter{Failed: true}, 1, false}, "fault": {Filter{Fault: "test"}, 2, false}, "since": {Filter{Since: third}, 4, false},
		} {
			list, next := r.Attempts(c.f)
			if len(list) != c.want || (next != 0) != c.next {
				t.Errorf("attempts by %s: %d, next %d", name, len(list), next)
			}
		}
		r.stop()
	})
}

func TestWatch(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		r := start(t, &target{})
		updates, stop := r.Watch()
		slow, stopSlow := r.Watch()
		defer stopSlow()
		id := r.publish(Options{})
		synctest.Wait()
		var states []State
		attempts := 0
		for len(updates) > 0 {
			switch u := <-updates; {
			case u.Delivery != nil && u.Delivery.ID == id:
				states = append(states, u.Delivery.State)
			case u.Attempt != nil:
				attempts++
			}
		}
		if len(states) != 3 || states[0] != Pending || states[1] != InFlight || states[2] != Delivered || attempts != 1 {
			t.Errorf("states %v, %d attempts", states, attempts)
		}
		stop()
		stop()
		if _, open := <-updates; open {
			t.Error("still open after stop")
		}
		for range 2000 {
			r.publish(Options{})
		}
		synctest.Wait()
		told := len(slow)
		for range told {
			<-slow
		}
		r.publish(Options{})
		synctest.Wait()
		if u := <-slow; u.Missed == 0 || u.Missed+uint64(told) < 4*2000 {
			t.Errorf("told of %d, then %+v", told, u)
		}
		r.stop()
		for range slow {
		}
		closed, _ := r.Watch()
		if _, open := <-closed; open {
			t.Error("open after the end")
		}
	})
}
