package observe

import (
	"context"
	"errors"
	"maps"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"
)

// script is an Observer whose answer depends on the time since its first poll.
type script struct {
	t      *testing.T
	answer func(at time.Duration) (map[string]Effect, error)
	took   time.Duration // of each poll
	start  time.Time
	polls  []time.Duration
	ids    []string
}

func (*script) Kind() string   { return "probe" }
func (*script) Source() string { return "http://probe.example/" }

func (s *script) Effects(ctx context.Context, ids []string) (map[string]Effect, error) {
	if s.start.IsZero() {
		s.start = time.Now()
	}
	at := time.Since(s.start)
	s.polls, s.ids = append(s.polls, at), ids
	if len(s.polls) > 1000 {
		s.t.Fatal("polled a thousand times")
	}
	if s.took > 0 {
		if err := wait(ctx, s.took); err != nil {
			return nil, err
		}
	}
	return s.answer(at)
}

// counts answers with the effects of the latest step whose time has come.
func counts(steps ...step) func(time.Duration) (map[string]Effect, error) {
	return func(at time.Duration) (map[string]Effect, error) {
		effects := map[string]Effect{}
		for _, s := range steps {
			if at >= s.at {
				effects = map[string]Effect{"a": {Processed: s.a}, "b": {Processed: s.b}, "canary": {Processed: s.canary}}
			}
		}
		return effects, nil
	}
}

type step struct {
	at           time.Duration
	a, b, canary int
}

const ms = time.Millisecond

func TestSettle(t *testing.T) {
	t.Parallel()
	one := Expectation{Min: 1, Max: 1}
	tests := []struct {
		name    string
		answer  func(time.Duration) (map[string]Effect, error)
		took    time.Duration
		expect  map[string]Expectation
		cfg     SettleConfig
		a, b    int
		settled bool
		why     string
		waited  time.Duration
		polls   int
	}{
		{
			name:   "all at once still waits one quiet",
			answer: counts(step{0, 1, 1, 0}), expect: map[string]Expectation{"a": one, "b": one},
			a: 1, b: 1, settled: true, waited: 400 * ms, polls: 2,
		},
		{
			name:   "a double within the quiet is seen",
			answer: counts(step{0, 1, 0, 0}, step{300 * ms, 2, 0, 0}), expect: map[string]Expectation{"a": one},
			a: 2, settled: true, waited: 800 * ms, polls: 3,
		},
		{
			name:   "nothing is expected and nothing comes",
			answer: counts(step{}), expect: map[string]Expectation{"a": {}},
			settled: true, waited: 400 * ms, polls: 2,
		},
		{
			name: "an effect that comes late is waited for",
			// polls at 0 50 150 350 750 1150 and, a quiet later, 1550
			answer: counts(step{0, 0, 1, 0}, step{1000 * ms, 1, 1, 0}), expect: map[string]Expectation{"a": one, "b": one},
			a: 1, b: 1, settled: true, waited: 1550 * ms, polls: 7,
		},
		{
			name:   "an effect that never comes is given up at the bound",
			answer: counts(step{0, 0, 1, 0}), expect: map[string]Expectation{"a": one, "b": one},
			b: 1, settled: true, waited: 5000 * ms, polls: 16,
		},
		{
			name: "a backlog is waited for as long as it shrinks",
			// 0, 1 and 2 of a come at 0, 4 s and 8 s: each less than the bound after the last
			answer: counts(step{0, 0, 1, 0}, step{4000 * ms, 1, 1, 0}, step{8000 * ms, 2, 1, 0}), expect: map[string]Expectation{"a": {Min: 2, Max: 2}, "b": one},
			a: 2, b: 1, settled: true, waited: 8750 * ms, polls: 25,
		},
		{
			name:   "the bound is the config's",
			answer: counts(step{}), expect: map[string]Expectation{"a": one}, cfg: SettleConfig{Max: 1000 * ms, Quiet: 100 * ms},
			settled: true, waited: 1000 * ms, polls: 6,
		},
		{
			name:   "an effect shortly before the bound gets a quiet of its own",
			answer: counts(step{}, step{4900 * ms, 1, 0, 0}), expect: map[string]Expectation{"a": one},
			a: 1, settled: true, waited: 5400 * ms, polls: 17,
		},
		{
			name: "effects that never stand still are given up",
			answer: func(at time.Duration) (map[string]Effect, error) {
				return map[string]Effect{"a": {Processed: 1 + int(at/ms)}}, nil
			}, expect: map[string]Expectation{"a": one},
			a: 5601, settled: false, waited: 5600 * ms, polls: 15,
		},
		{
			name: "a status that changes is movement",
			answer: func(at time.Duration) (map[string]Effect, error) {
				if at < 300*ms {
					return map[string]Effect{"a": {1, "running"}}, nil
				}
				return map[string]Effect{"a": {1, "completed"}}, nil
			}, expect: map[string]Expectation{"a": one},
			a: 1, settled: true, waited: 800 * ms, polls: 3,
		},
		{
			name:   "slow polls count quiet from the end of one to the start of the next",
			answer: counts(step{0, 1, 0, 0}), took: 300 * ms, expect: map[string]Expectation{"a": one},
			a: 1, settled: true, waited: 1000 * ms, polls: 2,
		},
		{
			name:   "polls that take longer than the wait still see that nothing moves",
			answer: counts(step{0, 1, 0, 0}), took: 3000 * ms, expect: map[string]Expectation{"a": one, "b": one},
			a: 1, settled: true, waited: 9051 * ms, polls: 3,
		},
		{
			name:   "a count that falls is a contradiction",
			answer: counts(step{0, 2, 0, 0}, step{100 * ms, 1, 1, 0}), expect: map[string]Expectation{"a": one, "b": one},
			a: 1, b: 1, settled: true, waited: 550 * ms, polls: 4,
			why: `the probe contradicts itself: it counted 2 for "a" first and 1 later`,
		},
		{
			name: "an event that disappears is a contradiction",
			answer: func(at time.Duration) (map[string]Effect, error) {
				if at == 0 {
					return map[string]Effect{"a": {Processed: 1}}, nil
				}
				return nil, nil
			}, expect: map[string]Expectation{"a": {Min: 0, Max: 1}},
			settled: true, waited: 800 * ms, polls: 3,
			why: `the probe contradicts itself: it counted 1 for "a" first and 0 later`,
		},
		{
			name:   "an effect of a canary is a contradiction",
			answer: counts(step{0, 1, 0, 1}), expect: map[string]Expectation{"a": one}, cfg: SettleConfig{Canaries: []string{"canary"}},
			a: 1, settled: true, waited: 400 * ms, polls: 2,
			why: `the probe contradicts itself: it counts 1 for "canary", an event that was never sent`,
		},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				o := &script{t: t, answer: tt.answer, took: tt.took}
				got, err := Settle(t.Context(), o, tt.expect, tt.cfg)
				if err != nil {
					t.Fatal(err)
				}
				if got.Effects["a"].Processed != tt.a || got.Effects["b"].Processed != tt.b {
					t.Errorf("effects %v, want a %d, b %d", got.Effects, tt.a, tt.b)
				}
				if _, ok := got.Effects["canary"]; ok && len(tt.cfg.Canaries) > 0 {
					t.Error("the canary stands among the effects")
				}
				if got.Settled != tt.settled || got.Trusted != (tt.why == "") || got.Why != tt.why {
					t.Errorf("settled %t, trusted %t, why %q", got.Settled, got.Trusted, got.Why)
				}
				if got.Waited != tt.waited || got.Polls != tt.polls {
					t.Errorf("waited %s in %d polls (%v), want %s in %d", got.Waited, got.Polls, o.polls, tt.waited, tt.polls)
				}
				if got.Kind != "probe" || got.Source != o.Source() {
					t.Errorf("named %s %s", got.Kind, got.Source)
				}
			})
		})
	}
}

func TestSettleAsksAboutEverything(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		o := &script{t: t, answer: counts(step{})}
		got, err := Settle(t.Context(), o, map[string]Expectation{"b": {}, "a": {}, "": {}, "n\x00": {Min: 1, Max: 1}},
			SettleConfig{Canaries: []string{"canary"}})
		if err != nil {
			t.Fatal(err)
		}
		if want := []string{"a", "b", "canary"}; !slices.Equal(o.ids, want) {
			t.Errorf("asked about %q, want %q", o.ids, want)
		}
		if want := []string{"", "n\x00"}; !slices.Equal(got.Unseen, want) {
			t.Errorf("unseen %q, want %q", got.Unseen, want)
		}
		if got.Waited != 400*ms {
			t.Errorf("waited %s for what nobody can be asked about", got.Waited)
		}
	})
}

func TestSettleErrors(t *testing.T) {
	t.Parallel()
	permanent := &Error{Source: "s", Problem: "p", Mend: "m"}
	temporary := &Error{Source: "s", Problem: "p", Mend: "m", Temporary: true}
	failUntil := func(end time.Duration, err error) func(time.Duration) (map[string]Effect, error) {
		return func(at time.Duration) (map[string]Effect, error) {
			if at < end {
				return nil, err
			}
			return map[string]Effect{"a": {Processed: 1}}, nil
		}
	}
	tests := []struct {
		name   string
		answer func(time.Duration) (map[string]Effect, error)
		want   error
		waited time.Duration
		polls  int // made
	}{
		{"a mistake ends it at once", failUntil(time.Hour, permanent), permanent, 0, 1},
		{"any other error too", failUntil(time.Hour, context.Canceled), context.Canceled, 0, 1},
		{"a temporary failure is asked again", failUntil(100*ms, temporary), nil, 550 * ms, 4},
		{"one that stays ends at the bound", failUntil(time.Hour, temporary), temporary, 5000 * ms, 16},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				o := &script{t: t, answer: tt.answer}
				got, err := Settle(t.Context(), o, map[string]Expectation{"a": {Min: 1, Max: 1}}, SettleConfig{})
				if !errors.Is(err, tt.want) || got.Settled != (tt.want == nil) {
					t.Errorf("got %v, settled %t, want %v", err, got.Settled, tt.want)
				}
				if got.Waited != tt.waited || len(o.polls) != tt.polls {
					t.Errorf("waited %s in polls at %v, want %s in %d", got.Waited, o.polls, tt.waited, tt.polls)
				}
			})
		})
	}
}

// A poll that fails after good ones does not hurry the next.
func TestSettleFailureBetween(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		o := &script{t: t, answer: func(at time.Duration) (map[string]Effect, error) {
			if at > 0 && at < 1000*ms {
				return nil, &Error{Temporary: true}
			}
			return map[string]Effect{"a": {Processed: 1}}, nil
		}}
		got, err := Settle(t.Context(), o, map[string]Expectation{"a": {Min: 1, Max: 1}}, SettleConfig{})
		if err != nil || !got.Settled {
			t.Fatalf("got %+v, %v", got, err)
		}
		if want := []time.Duration{0, 400 * ms, 450 * ms, 550 * ms, 750 * ms, 1150 * ms}; !slices.Equal(o.polls, want) {
			t.Errorf("polls at %v, want %v", o.polls, want)
		}
	})
}

func TestSettleEndsWithContext(t *testing.T) {
	t.Parallel()
	for name, took := range map[string]time.Duration{"between polls": 0, "during a poll": time.Minute} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				ctx, cancel := context.WithTimeout(t.Context(), 170*ms)
				defer cancel()
				o := &script{t: t, answer: counts(step{0, 0, 1, 0}), took: took}
				got, err := Settle(ctx, o, map[string]Expectation{"a": {Min: 1, Max: 1}}, SettleConfig{})
				if !errors.Is(err, context.DeadlineExceeded) || got.Settled || got.Waited != 170*ms {
					t.Errorf("got %+v, %v", got, err)
				}
			})
		})
	}
}

func TestSettleValidates(t *testing.T) {
	t.Parallel()
	o := &script{t: t, answer: func(time.Duration) (map[string]Effect, error) {
		t.Error("polled")
		return nil, nil
	}}
	_, err := Settle(t.Context(), o, nil, SettleConfig{Quiet: -1, Max: -1, Canaries: []string{""}})
	for _, want := range []string{"settle quiet", "settle max", "settle canaries[0]"} {
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("got %v, want %s", err, want)
		}
	}
}

// Settle leaves the observer's own map alone.
func TestSettleKeepsTheAnswer(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		answer := map[string]Effect{"a": {}, "canary": {Processed: 1}}
		before := maps.Clone(answer)
		o := &script{t: t, answer: func(time.Duration) (map[string]Effect, error) { return answer, nil }}
		if _, err := Settle(t.Context(), o, map[string]Expectation{"a": {}}, SettleConfig{Canaries: []string{"canary"}}); err != nil {
			t.Fatal(err)
		}
		if !maps.Equal(answer, before) {
			t.Errorf("the answer became %v", answer)
		}
	})
}

func TestCompare(t *testing.T) {
	t.Parallel()
	tests := []struct {
		name string
		a, b map[string]Effect
		want []string
	}{
		{"agree", map[string]Effect{"a": {1, "completed"}}, map[string]Effect{"a": {1, "completed"}}, nil},
		{"absent is zero", map[string]Effect{"a": {}}, nil, nil},
		{"one says no status", map[string]Effect{"a": {1, "completed"}}, map[string]Effect{"a": {Processed: 1}}, nil},
		{"counts, sorted", map[string]Effect{"b": {Processed: 1}, "a": {Processed: 2}}, map[string]Effect{"b": {Processed: 2}}, []string{
			`the probe counts 2 for "a", the sql 0`, `the probe counts 1 for "b", the sql 2`,
		}},
		{"only the second knows it", nil, map[string]Effect{"a": {Processed: 1}}, []string{`the probe counts 0 for "a", the sql 1`}},
		{"statuses", map[string]Effect{"a": {1, "completed"}}, map[string]Effect{"a": {1, "failed"}}, []string{
			`the probe says "completed" of "a", the sql "failed"`,
		}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			got := Compare(Result{Kind: "probe", Effects: tt.a}, Result{Kind: "sql", Effects: tt.b})
			if !slices.Equal(got, tt.want) {
				t.Errorf("got %q, want %q", got, tt.want)
			}
		})
	}
}

func TestExpectationMet(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		e    Expectation
		n    int
		want bool
	}{
		{Expectation{}, 0, true},
		{Expectation{}, 1, false},
		{Expectation{1, 1}, 0, false},
		{Expectation{1, 1}, 1, true},
		{Expectation{1, 1}, 2, false},
		{Expectation{0, 1}, 0, true},
	} {
		if got := tt.e.Met(tt.n); got != tt.want {
			t.Errorf("%+v met by %d: %t", tt.e, tt.n, got)
		}
	}
}
