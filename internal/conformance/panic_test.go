package conformance

import (
	"context"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"
	"time"

	"go.uber.org/goleak"

	"hookdrill/contract"
	"hookdrill/mockclaude"
	"hookdrill/observe"
	"hookdrill/reports"
	"hookdrill/scenarios"
)

// TestMain looks for leaked goroutines. Ginkgo leaves one a run behind, which
// waits for signals.
func TestMain(m *testing.M) {
	goleak.VerifyTestMain(m, goleak.IgnoreAnyFunction(
		"github.com/onsi/ginkgo/v2/internal/interrupt_handler.(*InterruptHandler).registerForInterrupts.func2"))
}

// panicking is an observer with a defect.
type panicking struct {
	// fine is how many questions it answers first.
	fine  int
	asked *int
}

func (panicking) Kind() string   { return "probe" }
func (panicking) Source() string { return "nowhere" }

func (p panicking) Effects(context.Context, []string) (map[string]observe.Effect, error) {
	*p.asked++
	if *p.asked > p.fine {
		panic("observer")
	}
	return map[string]observe.Effect{}, nil
}

// TestPanicIsNoPass: a panic in a spec, wherever it comes from, is the
// harness's own failure and never ends in 0, though every answer was right.
// Runs share Ginkgo's global state, so these do not run in parallel.
func TestPanicIsNoPass(t *testing.T) { //nolint:paralleltest // see above
	calls := 0
	tests := []struct {
		name    string
		change  func(*Config)
		verdict reports.Verdict
		code    int
	}{
		{"nothing panics", func(*Config) {}, reports.Conformant, reports.ExitOK},
		{"each check", func(c *Config) { c.Decided = func(reports.Check) { panic("decided") } }, reports.Failed, reports.ExitInternal},
		{"one check at the end", func(c *Config) {
			c.Decided = func(check reports.Check) {
				if check.ID == "SIG-15" {
					panic("decided")
				}
			}
		}, reports.Failed, reports.ExitInternal},
		{"one case", func(c *Config) {
			c.Now = func() time.Time {
				if calls++; calls == 20 {
					panic("clock")
				}
				return time.Now()
			}
		}, reports.Failed, reports.ExitInternal},
		{"the observer, at the end", func(c *Config) {
			c.Level = string(contract.NeedObserved)
			c.Observers = []observe.Observer{panicking{fine: 1, asked: new(int)}}
		}, reports.Failed, reports.ExitInternal},
		{"the observer, with a check that needs it", func(c *Config) {
			c.Level = string(contract.NeedObserved)
			c.Observers = []observe.Observer{panicking{fine: 1, asked: new(int)}}
			c.Only = append(c.Only, "SIG-14")
		}, reports.Failed, reports.ExitInternal},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			cfg := config(t)
			tt.change(&cfg)
			r, err := Run(t.Context(), cfg)
			if err != nil {
				t.Fatal(err)
			}
			if r.Verdict != tt.verdict || r.ExitCode != tt.code || reports.ExitCode(r) != tt.code {
				t.Errorf("verdict %s, exit %d, want %s and %d: %s", r.Verdict, r.ExitCode, tt.verdict, tt.code, r.Sentence)
				for _, c := range r.Checks {
					t.Logf("%s %s %s", c.ID, c.Status, c.Why)
				}
			}
		})
	}
}

// config is a run that passes: against a receiver that verifies signatures.
func config(t *testing.T) Config {
	t.Helper()
	keys := mockclaude.Keys{Current: []byte("whsec_a2V5")}
	c, err := contract.Load("claude")
	if err != nil {
		t.Fatal(err)
	}
	target, err := url.Parse(verifying(t, string(keys.Current)))
	if err != nil {
		t.Fatal(err)
	}
	cfg := Config{
		Version: "test", Target: target, Contract: c, Keys: keys, Seed: 1, Level: string(contract.NeedWire),
		Only: []string{"SIG-02", "SIG-04", "SIG-15"}, Settle: 100 * time.Millisecond, Timeout: 5 * time.Second, Now: time.Now,
	}
	if cfg.Requirements, err = contract.Requirements(); err != nil {
		t.Fatal(err)
	}
	if cfg.Scenarios, err = scenarios.Builtin(); err != nil {
		t.Fatal(err)
	}
	return cfg
}

func verifying(t *testing.T, key string) string {
	t.Helper()
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if !right(r, key) {
			w.WriteHeader(http.StatusUnauthorized)
		}
	}))
	t.Cleanup(server.Close)
	return server.URL
}

// TestStoppedBeforeItBegan: a run whose context has ended sends nothing and
// says that it was interrupted.
func TestStoppedBeforeItBegan(t *testing.T) { //nolint:paralleltest // Ginkgo's global state
	cfg := config(t)
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	r, err := Run(ctx, cfg)
	if err != nil {
		t.Fatal(err)
	}
	if !r.Interrupted || r.ExitCode != reports.ExitIncomplete || r.Counts[reports.Pass] != 0 || !strings.Contains(r.Sentence, "interrupted") {
		t.Errorf("interrupted %t, exit %d, %v: %s", r.Interrupted, r.ExitCode, r.Counts, r.Sentence)
	}
}
