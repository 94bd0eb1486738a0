package engine

import (
	"context"
	"errors"
	"testing"
	"testing/synctest"
	"time"

	"hookdrill/mockclaude"
)

// TestRestart stops the engine after some attempts, once orderly and once as a
// kill would, and goes on with another on the same journal.
func TestRestart(t *testing.T) {
	t.Parallel()
	for name, killed := range map[string]bool{"stopped": false, "killed": true} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				journal := newMemory()
				with := func(c *Config) { c.Journal = journal }
				first := &target{answer: always(500)}
				r := start(t, first, with)
				id := r.publish(Options{})
				later := r.publish(Options{Delay: 90 * time.Second})
				pass(20 * time.Second) // 1, 2, 4, 8
				synctest.Wait()
				before, beforeAt := first.requests()
				if len(before) != 5 {
					t.Fatalf("%d attempts before, want 5", len(before))
				}
				if killed {
					journal = journal.copyOf()
				}
				r.stop()
				pass(3 * time.Second)
				second := &target{answer: always(500)}
				r = start(t, second, with)
				if d := r.state(id); d.Attempts != 5 || d.State != Pending {
					t.Errorf("after the restart: %+v", d)
				}
				pass(time.Hour)
				synctest.Wait()
				after, afterAt := second.requests()
				var mine []time.Time
				for i, d := range after {
					if d.EventID == before[0].EventID {
						mine = append(mine, afterAt[i])
					}
				}
				if len(mine) != 6 {
					t.Errorf("%d attempts after, want 6", len(mine))
				}
				checkSchedule(t, append(beforeAt, mine...), 1)
				if d := r.state(id); d.State != Abandoned || d.Attempts != 11 {
					t.Errorf("delivery = %+v", d)
				}
				if d := r.state(later); d.State != Abandoned || d.Attempts != 11 {
					t.Errorf("the delayed delivery = %+v", d)
				}
				if _, attempts, _ := r.Delivery(id); len(attempts) != 11 {
					t.Errorf("the history has %d attempts", len(attempts))
				}
				if s := r.Stats(); s.Accepted != 2 || s.Abandoned != 2 || s.Attempts != 22 {
					t.Errorf("stats = %+v", s)
				}
				if ev, _ := r.Draw(completed); ev.ID == before[0].EventID {
					t.Error("the events begin anew")
				}
				r.stop()
			})
		})
	}
}

// TestKilledInFlight: what was under way when the process died is sent again.
func TestKilledInFlight(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		journal := newMemory()
		hang := &target{answer: func(ctx context.Context, _ int, _ mockclaude.Delivery) mockclaude.Exchange {
			<-ctx.Done()
			return mockclaude.Exchange{}
		}}
		r := start(t, hang, func(c *Config) { c.Journal = journal })
		id := r.publish(Options{})
		synctest.Wait()
		if d := r.state(id); d.State != InFlight {
			t.Fatalf("delivery = %+v", d)
		}
		left := journal.copyOf()
		r.stop()
		for _, j := range []*memory{left, journal} {
			g := &target{}
			r = start(t, g, func(c *Config) { c.Journal = j })
			synctest.Wait()
			if d := r.state(id); d.State != Delivered || d.Attempts != 1 {
				t.Errorf("delivery = %+v", d)
			}
			r.stop()
		}
	})
}

func TestJournalFails(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		journal := newMemory()
		r := start(t, &target{}, func(c *Config) { c.Journal = journal })
		full := errors.New("disk full")
		journal.mu.Lock()
		journal.fail = full
		journal.mu.Unlock()
		ev, _ := r.Draw(completed)
		if _, err := r.Publish(t.Context(), ev, Options{}); !errors.Is(err, full) || !errors.Is(err, ErrClosed) {
			t.Errorf("Publish = %v", err)
		}
		if err := <-r.ended; !errors.Is(err, full) {
			t.Errorf("Run = %v", err)
		}
		if _, err := r.Publish(t.Context(), ev, Options{}); !errors.Is(err, full) || !errors.Is(err, ErrClosed) {
			t.Errorf("Publish afterwards = %v", err)
		}
	})
}
