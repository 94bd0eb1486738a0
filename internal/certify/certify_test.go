package certify

import (
	"context"
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"sync"
	"testing"
	"time"

	"go.uber.org/goleak"

	"hookdrill/contract"
	"hookdrill/loadtest"
	"hookdrill/mockclaude"
	"hookdrill/observe"
	"hookdrill/reports"
)

func TestMain(m *testing.M) {
	// It looks for idle connections, sleeps in between, and ends when there are none.
	goleak.VerifyTestMain(m, goleak.IgnoreAnyFunction("github.com/valyala/fasthttp.(*HostClient).connsCleaner"))
}

// certified runs a short load test against a handler.
func certified(t *testing.T, h http.Handler, with ...func(*Config)) *reports.Report {
	t.Helper()
	return certifiedUntil(t.Context(), t, h, with...)
}

// certifiedUntil is certified until ctx ends.
func certifiedUntil(ctx context.Context, t *testing.T, h http.Handler, with ...func(*Config)) *reports.Report {
	t.Helper()
	s := httptest.NewServer(h)
	t.Cleanup(s.Close)
	target, err := url.Parse(s.URL + "/hook")
	if err != nil {
		t.Fatal(err)
	}
	probe, err := url.Parse(s.URL + "/probe")
	if err != nil {
		t.Fatal(err)
	}
	observer, err := observe.NewProbe(observe.ProbeConfig{URL: probe})
	if err != nil {
		t.Fatal(err)
	}
	c, err := contract.Load("claude")
	if err != nil {
		t.Fatal(err)
	}
	// The machine that runs tests may be busy with others.
	levels := *c
	levels.Levels.P99 = contract.Duration(20 * time.Second)
	levels.Timeout = contract.Duration(30 * time.Second)
	cfg := Config{
		Version: "1", Target: target, Contract: &levels, Keys: mockclaude.Keys{Current: []byte(testKey)}, Seed: 3, Profile: "certify",
		Phase: loadtest.Steady(500, 2*time.Second), Mix: loadtest.Mix{80, 10, 7, 3}, RetrySpeed: 10_000, Workers: 64,
		Observers: []observe.Observer{observer}, Settle: time.Second, Repeat: "hookdrill loadtest", Now: time.Now,
	}
	for _, change := range with {
		change(&cfg)
	}
	result, err := Run(ctx, cfg)
	if err != nil {
		t.Fatal(err)
	}
	if result.Report.Preflight == nil && ctx.Err() == nil && (result.Latency == nil || result.Latency.TotalCount() == 0) {
		t.Error("no latencies")
	}
	return result.Report
}

// failed lists the checks that failed.
func failed(r *reports.Report) string {
	var ids []string
	for _, c := range r.Checks {
		if c.Status == reports.Fail {
			ids = append(ids, c.ID)
		}
	}
	return strings.Join(ids, " ")
}

func find(t *testing.T, r *reports.Report, id string) reports.Check {
	t.Helper()
	for _, c := range r.Checks {
		if c.ID == id {
			return c
		}
	}
	t.Fatalf("no check %s", id)
	return reports.Check{}
}

// behind is true for a check that says that the machine was too busy to measure.
func behind(c reports.Check) bool {
	return c.Status == reports.NotExercised && strings.Contains(c.Why, "the generator fell behind")
}

// every spoils every n-th valid request.
func every(n int64, do func(r *receiver, w http.ResponseWriter, id string)) func(*receiver, http.ResponseWriter, string, int64) bool {
	return func(r *receiver, w http.ResponseWriter, id string, k int64) bool {
		if k%n != 0 {
			return false
		}
		do(r, w, id)
		return true
	}
}

// thousand makes a load have more than a thousand valid events.
func thousand(c *Config) { c.Phase.Stages[0].Rate = 800 }

// TestDefects: each receiver fails the checks that its defect breaks, and no other; a
// correct one fails none.
func TestDefects(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		receiver *receiver
		with     func(*Config)
		want     string
		why      string
	}{
		"correct": {receiver: &receiver{}},
		"correct, with Poisson arrivals and another client": {receiver: &receiver{}, with: func(c *Config) {
			c.Phase.Poisson, c.Ordinary, c.Warmup = true, true, 200*time.Millisecond
		}},
		"correct, refuses what it cannot take, and takes it later": {receiver: &receiver{spoil: func(_ *receiver, w http.ResponseWriter, _ string, n int64) bool {
			if n != 100 {
				return false
			}
			w.WriteHeader(http.StatusServiceUnavailable)
			return true
		}}, with: func(c *Config) { c.Contract.Levels.Errors = 0.005 }},
		"loses one in 1000": {receiver: &receiver{spoil: every(1000, func(*receiver, http.ResponseWriter, string) {})}, with: thousand, want: "LOAD-05", why: "acknowledged and not processed: evt_"},
		"processes one in 1000 twice": {with: thousand, receiver: &receiver{spoil: every(1000, func(r *receiver, _ http.ResponseWriter, id string) {
			r.process(id)
			r.process(id)
		})}, want: "LOAD-05", why: "processed more than once: evt_"},
		"processes duplicates": {receiver: &receiver{spoil: func(r *receiver, _ http.ResponseWriter, id string, _ int64) bool {
			r.process(id)
			return true
		}}, want: "LOAD-05", why: "processed more than once"},
		// The load comes to the five thousandth after fifty.
		"accepts one forged event in 5000": {receiver: &receiver{forge: func(_ http.ResponseWriter, n int64) bool { return (n+4950)%5000 == 0 }}, want: "LOAD-08", why: "1 forged events were answered with 2xx; the first: evt_"},
		"accepts one when half are forged": {receiver: &receiver{forge: func(_ http.ResponseWriter, n int64) bool { return n == 100 }}, with: func(c *Config) {
			c.Forgeries = 500 * time.Millisecond
		}, want: "LOAD-08", why: "200 to a forged one"},
		"processes before it verifies": {receiver: &receiver{early: true}, want: "LOAD-08", why: "were processed, whatever was answered: evt_"},
		"refuses one in 50": {
			receiver: &receiver{spoil: every(50, func(_ *receiver, w http.ResponseWriter, _ string) { w.WriteHeader(http.StatusInternalServerError) })},
			want:     "LOAD-04 LOAD-06", why: ": 500",
		},
		"refuses all after a time": {receiver: &receiver{spoil: func(_ *receiver, w http.ResponseWriter, _ string, n int64) bool {
			if n < 200 {
				return false
			}
			w.WriteHeader(http.StatusInternalServerError)
			return true
		}}, with: func(c *Config) { c.Phase.Stages[0].Rate = 200 }, want: "LOAD-02 LOAD-04 LOAD-06", why: "never acknowledged"},
		"says that it is slow": {receiver: &receiver{spoil: every(20, func(r *receiver, w http.ResponseWriter, id string) {
			w.Header().Set("Server-Timing", "process;dur=150")
			r.once(id)
		})}, want: "LOAD-07", why: "itself says"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			with := c.with
			if with == nil {
				with = func(*Config) {}
			}
			r := certified(t, c.receiver, with)
			if got := failed(r); got != c.want {
				t.Errorf("failed %q, want %q", got, c.want)
				for _, check := range r.Checks {
					t.Logf("%s %s: %s %+v", check.ID, check.Status, check.Why, check.Cases)
				}
			}
			if c.want != "" {
				if check := find(t, r, strings.Fields(c.want)[0]); !strings.Contains(check.Why, c.why) {
					t.Errorf("why %q, want …%s…", check.Why, c.why)
				}
			}
			if l := r.Load; l == nil || l.Sent == 0 || l.Lost == nil || len(l.Seconds) < 2 || l.Classes["valid"].Sent == 0 || l.DeliveredRatio > 1 {
				t.Errorf("load %+v", l)
			}
			must := strings.Trim(strings.ReplaceAll(strings.ReplaceAll(c.want, "LOAD-06", ""), "LOAD-07", ""), " ")
			if want := map[bool]int{true: 0, false: 1}[must == ""]; r.ExitCode != want && (want == 1 || find(t, r, "LOAD-01").Status == reports.Pass) {
				t.Errorf("exit code %d, want %d: %s", r.ExitCode, want, r.Sentence)
			}
		})
	}
}

// TestSlow: a target that cannot take the rate fails the checks of that, and no worker bound hides it.
// One that takes its time, and more requests meanwhile, is not accused when the workers are too few.
func TestSlow(t *testing.T) {
	t.Parallel()
	var mu sync.Mutex
	for name, c := range map[string]struct {
		answer func()
		want   reports.Status
		says   string
	}{
		"one after the other": {func() {
			mu.Lock()
			defer mu.Unlock()
			<-time.After(12 * time.Millisecond)
		}, reports.Fail, "kept all 8 workers waiting"},
		"all at once": {func() { <-time.After(150 * time.Millisecond) }, reports.NotExercised, "would do (--workers)"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			slow := http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
				_, _ = io.Copy(io.Discard, r.Body)
				if r.Header.Get("X-Claude-Signature") == "" {
					w.WriteHeader(http.StatusUnauthorized)
					return
				}
				c.answer()
			})
			r := certified(t, slow, func(cfg *Config) {
				levels := *cfg.Contract
				levels.Levels.P99 = contract.Duration(500 * time.Millisecond)
				cfg.Contract, cfg.Observers, cfg.Workers, cfg.Mix = &levels, nil, 8, loadtest.Mix{1}
				cfg.Phase.Stages[0].Rate = 200 // and eight workers make fewer
			})
			for _, id := range []string{"LOAD-01", "LOAD-03"} {
				l := find(t, r, id)
				why := map[string]string{"LOAD-01": c.says, "LOAD-03": "worst in the second"}[id]
				if c.want == reports.NotExercised {
					why = c.says
				}
				if busy := behind(l) && !strings.Contains(l.Why, "workers: "); !busy && (l.Status != c.want || !strings.Contains(l.Why, why)) {
					t.Errorf("%s %s: %s", id, l.Status, l.Why)
				}
			}
			for id, want := range map[string]reports.Status{"LOAD-05": reports.NotObserved, "LOAD-08": reports.NotExercised, "LOAD-09": reports.NotExercised} {
				if got := find(t, r, id); got.Status != want {
					t.Errorf("%s %s: %s", id, got.Status, got.Why)
				}
			}
			if r.Load.Generator.Held == 0 || r.Load.LatencyMS.P99 < 2*r.Load.ServiceMS.P99 {
				t.Errorf("%+v", r.Load)
			}
		})
	}
}

// TestForgeriesSlowDown: a target whose forgeries cost the valid events.
func TestForgeriesSlowDown(t *testing.T) {
	t.Parallel()
	var mu sync.Mutex
	busy := &receiver{forge: func(http.ResponseWriter, int64) bool {
		mu.Lock()
		defer mu.Unlock()
		<-time.After(30 * time.Millisecond) // of what all share
		return false
	}, spoil: func(r *receiver, _ http.ResponseWriter, id string, _ int64) bool {
		mu.Lock()
		defer mu.Unlock()
		r.once(id)
		return true
	}}
	r := certified(t, busy, func(c *Config) {
		levels := *c.Contract
		levels.Levels.P99 = contract.Duration(500 * time.Millisecond)
		c.Contract, c.Mix, c.Forgeries = &levels, loadtest.Mix{1}, time.Second
		c.Phase.Stages[0].Rate = 100
	})
	if l := find(t, r, "LOAD-09"); l.Status != reports.Fail && !behind(l) {
		t.Errorf("LOAD-09 %s: %s %+v", l.Status, l.Why, l.Cases)
	}
}

func TestPreflight(t *testing.T) {
	t.Parallel()
	r := certified(t, http.NotFoundHandler(), func(c *Config) { c.Observers = nil })
	if r.Preflight == nil || r.ExitCode != reports.ExitUnreachable || r.Load != nil {
		t.Errorf("%+v", r)
	}
	for _, c := range r.Checks {
		if c.Status != reports.NotExercised {
			t.Errorf("%s %s", c.ID, c.Status)
		}
	}
}

// TestInterrupted: what was measured until then is reported, wherever the run was.
func TestInterrupted(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		with func(*Config)
		in   string // the phase in which it is stopped
		sent bool   // whether there is a load then
	}{
		"in the load":          {func(*Config) {}, "certify", true},
		"in the warm-up":       {func(c *Config) { c.Warmup = time.Hour }, "warm-up", false},
		"in a search":          {func(c *Config) { c.Search = &Search{From: 50, To: 1e5, Step: 1200 * time.Millisecond} }, "search", false},
		"while half is forged": {func(c *Config) { c.Phase, c.Forgeries = loadtest.Steady(100, 300*time.Millisecond), time.Hour }, "half forged", true},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			ctx, cancel := context.WithCancel(t.Context())
			defer cancel()
			in, phases := "", 0
			r := certifiedUntil(ctx, t, &receiver{}, func(cfg *Config) {
				cfg.Phase = loadtest.Steady(200, time.Hour)
				cfg.Began = func(name string, _ loadtest.Phase) { in, phases = name, phases+1 }
				cfg.Watch = func(loadtest.Second) {
					if in == c.in && (in != "search" || phases > 1) {
						cancel()
					}
				}
				c.with(cfg)
			})
			if !r.Interrupted || r.ExitCode != reports.ExitIncomplete || failed(r) != "" {
				t.Errorf("interrupted %t, exit %d, failed %q", r.Interrupted, r.ExitCode, failed(r))
			}
			if l := r.Load; c.sent != (l != nil && l.Sent > 0) || c.in == "search" && (l == nil || len(l.Search) == 0) {
				t.Errorf("%+v", l)
			}
			if l := find(t, r, "LOAD-05"); l.Status == reports.Pass || c.sent && !strings.Contains(l.Why, "was stopped before the observer had been asked") {
				t.Errorf("LOAD-05 %s: %s", l.Status, l.Why)
			}
		})
	}
}

func TestUsedSeedAndDeafObserver(t *testing.T) {
	t.Parallel()
	rec := &receiver{}
	s := httptest.NewServer(rec)
	defer s.Close()
	target, err := url.Parse(s.URL)
	if err != nil {
		t.Fatal(err)
	}
	run := func(path string) error {
		probe, err := url.Parse(s.URL + path)
		if err != nil {
			t.Fatal(err)
		}
		o, err := observe.NewProbe(observe.ProbeConfig{URL: probe})
		if err != nil {
			t.Fatal(err)
		}
		c, err := contract.Load("claude")
		if err != nil {
			t.Fatal(err)
		}
		_, err = Run(t.Context(), Config{
			Target: target, Contract: c, Keys: mockclaude.Keys{Current: []byte(testKey)}, Seed: 9, Phase: loadtest.Steady(100, 100*time.Millisecond),
			RetrySpeed: 1000, Workers: 8, Now: time.Now, Observers: []observe.Observer{o}, Settle: time.Second,
		})
		return err
	}
	if err := run("/probe"); err != nil {
		t.Fatal(err)
	}
	if err := run("/probe"); err == nil || !strings.Contains(err.Error(), "seed 9 was used") {
		t.Errorf("the same seed again: %v", err)
	}
	if err := run("/nowhere"); err == nil || !strings.Contains(err.Error(), "observer: ") {
		t.Errorf("an observer that is none: %v", err)
	}
}

// TestStages: a load of several stages is judged as one.
func TestStages(t *testing.T) {
	t.Parallel()
	spike, _ := loadtest.ProfileNamed(loadtest.ProfileSpike)
	r := certified(t, &receiver{}, func(c *Config) { c.Profile, c.Phase = "spike", spike.Phase(500, 2*time.Second) })
	if got := failed(r); got != "" {
		t.Errorf("failed %s", got)
	}
	l := r.Load
	if l.PeakRPS != 500 || l.AskedRPS != 140 || len(l.Stages) != 3 || l.Stages[1] != (reports.LoadStage{DurationMS: 400, RPS: 500}) {
		t.Errorf("peak %v, mean %v, stages %+v", l.PeakRPS, l.AskedRPS, l.Stages)
	}
	if len(l.Blocks) == 0 || len(l.Curve) < 8 || l.Curve[len(l.Curve)-1].Percentile != 100 {
		t.Errorf("%d blocks, curve %+v", len(l.Blocks), l.Curve)
	}
}
