package certify

import (
	"context"
	"net/http"
	"strings"
	"sync"
	"testing"
	"time"

	"hookdrill/contract"
	"hookdrill/loadtest"
	"hookdrill/observe"
	"hookdrill/reports"
)

// TestSlowsDown: a target that is quick at first, and slow after a time.
func TestSlowsDown(t *testing.T) {
	t.Parallel()
	var began sync.Once
	var at time.Time
	tiring := &receiver{spoil: func(r *receiver, _ http.ResponseWriter, id string, _ int64) bool {
		began.Do(func() { at = time.Now() })
		if time.Since(at) > time.Second {
			<-time.After(150 * time.Millisecond)
		}
		r.once(id)
		return true
	}}
	r := certified(t, tiring, func(c *Config) {
		c.Contract.Levels.P99 = contract.Duration(100 * time.Millisecond)
		c.Phase.Stages[0].Rate, c.Workers = 100, 256
	})
	if l := find(t, r, "LOAD-03"); !behind(l) && (l.Status != reports.Fail || !strings.Contains(l.Why, "worst in the second that ended")) {
		t.Errorf("LOAD-03 %s: %s", l.Status, l.Why)
	}
	if got := failed(r); got != "" && got != "LOAD-03" {
		t.Errorf("failed %s", got)
	}
	if s := r.Load.Seconds; len(s) > 1 && s[0].P50 >= 150 {
		t.Logf("slow from the first second on, on a busy machine: %+v", s)
	}
}

// TestLeaks: a target whose pool of connections loses one with every tenth event answers, when
// none is left, nothing.
func TestLeaks(t *testing.T) {
	t.Parallel()
	pool := make(chan struct{}, 20)
	leaky := &receiver{spoil: func(r *receiver, w http.ResponseWriter, id string, n int64) bool {
		select {
		case pool <- struct{}{}:
		case <-time.After(20 * time.Millisecond):
			w.WriteHeader(http.StatusServiceUnavailable)
			return true
		}
		r.once(id)
		if n%10 != 0 {
			<-pool
		}
		return true
	}}
	r := certified(t, leaky, func(c *Config) { c.Phase.Stages[0].Rate, c.Workers = 300, 256 })
	if got := failed(r); got != "LOAD-02 LOAD-04 LOAD-06" {
		t.Errorf("failed %s", got)
	}
	for _, id := range []string{"LOAD-02", "LOAD-04"} {
		if l := find(t, r, id); l.Status != reports.Fail || !strings.Contains(l.Why, "503") {
			t.Errorf("%s %s: %s", id, l.Status, l.Why)
		}
	}
	if l := find(t, r, "LOAD-05"); l.Status != reports.Pass {
		t.Errorf("LOAD-05 %s: %s", l.Status, l.Why)
	}
}

// doubled is an observer to whom everything has happened twice.
type doubled struct{ observe.Observer }

func (doubled) Effects(_ context.Context, ids []string) (map[string]observe.Effect, error) {
	out := map[string]observe.Effect{}
	for _, id := range ids {
		out[id] = observe.Effect{Processed: 2}
	}
	return out, nil
}

// TestWatch: what was said while the load ran must still hold afterwards.
func TestWatch(t *testing.T) {
	t.Parallel()
	var said reports.Check
	r := certified(t, &receiver{}, func(c *Config) {
		c.Phase.Stages[0] = loadtest.Stage{Duration: 500 * time.Millisecond, Rate: 200}
		honest := c.Observers[0]
		said = watched(t, c, honest)
	})
	if w := r.Load.Watched; w == nil {
		t.Error("nobody watched")
	}
	if said.Status != reports.NotObserved || !strings.Contains(said.Why, "while the load ran it said that evt_") {
		t.Errorf("%s: %s", said.Status, said.Why)
	}
}

// watched sends a load, asks an observer that lies while it runs, and judges it with one that
// does not.
func watched(t *testing.T, c *Config, honest observe.Observer) reports.Check {
	t.Helper()
	load, err := loadtest.New(loadtest.Config{Target: c.Target, Contract: c.Contract, Keys: c.Keys, Seed: 77})
	if err != nil {
		t.Fatal(err)
	}
	defer load.Close()
	m := measured{cfg: c}
	if m.main, err = load.Run(t.Context(), c.Phase); err != nil {
		t.Fatal(err)
	}
	w := startWatch(t.Context(), []observe.Observer{doubled{honest}}, load)
	for range watchAge + 1 {
		w.second(loadtest.Second{Asked: 100})
	}
	w.stop()
	if m.watched, m.said = w.result(); m.watched.Doubled != 100 || m.watched.Asked != 100 {
		t.Errorf("watched %+v", m.watched)
	}
	m.observe(t.Context(), []observe.Observer{honest}, load, time.Second, &retries{})
	f := effectsOnce(&m)
	return reports.Check{Status: f.status, Why: f.why}
}
