package loadtest

import (
	"testing"
	"testing/synctest"
	"time"
)

func TestPulse(t *testing.T) {
	t.Parallel()
	began := time.Now()
	p := &pulse{next: began.Add(beatEvery)}
	at := began
	for _, step := range []struct{ wait, want time.Duration }{
		{beatEvery, 0},
		{beatEvery + 3*time.Millisecond, 0},
		{beatEvery + unfelt, 0},
		{300 * time.Millisecond, 290 * time.Millisecond},
		{beatEvery, 290 * time.Millisecond},
		{60 * time.Millisecond, 340 * time.Millisecond},
	} {
		at = at.Add(step.wait)
		if got := p.lost(at); got != step.want {
			t.Errorf("before the beat after %s: lost %s, want %s", at.Sub(began), got, step.want)
		}
		p.beat(at)
		if got := p.lost(at); got != step.want {
			t.Errorf("after the beat after %s: lost %s, want %s", at.Sub(began), got, step.want)
		}
	}
}

// TestLost: time in which the generator gets no processor is taken off the latencies that it makes
// longer, and of no others.
func TestLost(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		// A target that takes 2 ms, and 600 ms from the fourth second on; one worker.
		began := time.Now()
		l := imagine(t, 1, func(at time.Time) time.Duration {
			if at.Sub(began) < 3*time.Second {
				return 2 * time.Millisecond
			}
			return 600 * time.Millisecond
		})
		r := run(t, l, Steady(10, 4*time.Second))
		if r.Lost != 0 || r.Excused != 0 || r.Undisturbed.ValueAtQuantile(99) != r.Classes[Valid].Latency.ValueAtQuantile(99) {
			t.Errorf("an idle machine lost %s, %d excused, p99 %d of %d µs", r.Lost, r.Excused, r.Undisturbed.ValueAtQuantile(99), r.Classes[Valid].Latency.ValueAtQuantile(99))
		}
		if r.InTime == r.Sent || r.Full.TotalCount() == 0 || r.Full.ValueAtQuantile(50) < 590_000 {
			t.Errorf("%d of %d in time, %d held: the test shows nothing", r.InTime, r.Sent, r.Full.TotalCount())
		}
	})
}

// TestLossesOfARequest: what is lost counts from when the pacer was on time last.
func TestLossesOfARequest(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		p := newPacer(t.Context(), Steady(10, time.Second), seeded(1), 1)
		p.precise = pass
		p.pulse.next = time.Now().Add(time.Hour) // no beat is due
		lose := func(d time.Duration) { p.pulse.sum += d }
		p.Pace(0, 0)
		lose(50 * time.Millisecond)
		p.Pace(time.Since(p.began), 1) // waits for its moment
		pass(250 * time.Millisecond)
		lose(20 * time.Millisecond)
		p.Pace(time.Since(p.began), 2) // late
		lose(5 * time.Millisecond)
		for seq, want := range []time.Duration{75 * time.Millisecond, 25 * time.Millisecond, 25 * time.Millisecond} {
			if got := p.lost(uint64(seq), time.Now()); got != want {
				t.Errorf("request %d lost %s, want %s", seq, got, want)
			}
		}
	})
}
