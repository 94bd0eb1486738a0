// Package certify carries out a whole load test: preflight, load, retries, ledger,
// judgement. It takes everything it needs as values; environment, flags and files of
// configuration are read by the command.
package certify

import (
	"context"
	"crypto/tls"
	"fmt"
	"net/url"
	"sync/atomic"
	"time"

	"github.com/HdrHistogram/hdrhistogram-go"

	"hookdrill/contract"
	"hookdrill/internal/plan"
	"hookdrill/internal/preflight"
	"hookdrill/internal/verdict"
	"hookdrill/loadtest"
	"hookdrill/mockclaude"
	"hookdrill/observe"
	"hookdrill/reports"
)

// Config is one load test.
type Config struct {
	Version  string
	Target   *url.URL
	Bundled  bool
	Contract *contract.Contract
	Keys     mockclaude.Keys
	Header   []mockclaude.Field
	TLS      *tls.Config
	Seed     uint64
	// Profile is the name of the profile that the phases come from.
	Profile string
	// Warmup is how long the phase's first rate comes before it, unmeasured; 0 leaves it out.
	Warmup time.Duration
	Phase  loadtest.Phase
	// Search, unless it is nil, finds the rate of the phase, which is constant then.
	Search *Search
	Mix    loadtest.Mix
	// Forgeries is how long the phase lasts in which half of the requests are
	// forged; 0 leaves it out.
	Forgeries time.Duration
	// RetrySpeed is how many times shorter than in the contract the waits of retries are.
	RetrySpeed float64
	Workers    int
	Ordinary   bool
	Timeout    time.Duration
	Observers  []observe.Observer
	Settle     time.Duration
	Strict     bool
	// Repeat is the command that repeats the run.
	Repeat string
	// Began is told of every phase before it begins, Watch of every second of it.
	Began func(name string, p loadtest.Phase)
	Watch func(loadtest.Second)
	Now   func() time.Time
}

// Result is what came of a load test.
type Result struct {
	Report *reports.Report
	// Latency holds the latencies of the valid events, in µs; nil when there was no load.
	Latency *hdrhistogram.Histogram
}

// Run carries out the load test. An error means that there is no
// report: the configuration was wrong, or hookdrill itself failed.
func Run(ctx context.Context, cfg Config) (*Result, error) {
	r := &run{Config: cfg}
	started := cfg.Now()
	head := reports.Report{
		Schema: reports.Schema, Tool: reports.Tool{Name: "hookdrill", Version: cfg.Version}, Command: "loadtest", Contract: cfg.Contract.Name,
		Level: string(contract.NeedWire), Seed: cfg.Seed, Started: started, Strict: cfg.Strict, Repeat: cfg.Repeat,
		Target: reports.Target{URL: mockclaude.ShowURL(cfg.Target.String()), Bundled: cfg.Bundled}, Observers: []reports.Observer{},
	}
	if len(cfg.Observers) > 0 {
		head.Level = string(contract.NeedObserved)
	}
	if err := r.preflight(ctx, &head); err != nil {
		return nil, err
	}
	var m measured
	if head.Preflight == nil && ctx.Err() == nil {
		var err error
		if m, err = r.measure(ctx); err != nil {
			return nil, err
		}
	}
	m.cfg, m.preflight = &r.Config, head.Preflight
	head.Interrupted = ctx.Err() != nil
	head.Observers = append(head.Observers, m.observers...)
	head.Assumptions = append(head.Assumptions, cfg.Contract.Assumptions...)
	for _, s := range m.tried {
		if s.ours {
			head.Assumptions = append(head.Assumptions, fmt.Sprintf("The target may take more than was found: at %s a second %s.", number(s.rate), s.why))
			break
		}
	}
	catalogue, err := contract.LoadRequirements()
	if err != nil {
		return nil, fmt.Errorf("read catalogue: %w", err)
	}
	head.Checks = judge(catalogue, &m)
	head.Load = m.load()
	head.DurationMS = cfg.Now().Sub(started).Milliseconds()
	head.Families = []reports.FamilyTime{{Family: "LOAD", DurationMS: head.DurationMS, Requests: m.requests()}}
	verdict.Finish(&head)
	out := &Result{Report: &head}
	if m.main != nil {
		out.Latency = m.class(loadtest.Valid).Latency
	}
	return out, nil
}

type run struct {
	Config
	retries *retries
	missed  misses
	// measuring is true during the measured phase, and watch watches it then.
	measuring atomic.Bool
	watch     *watch
}

// preflight sends the first valid event, and says what is wrong if it is refused.
func (r *run) preflight(ctx context.Context, head *reports.Report) error {
	in := plan.Input{Contract: r.Contract, Seed: r.Seed}
	c, err := plan.Preflight(in)
	if err != nil {
		return err //nolint:wrapcheck // it says what failed
	}
	const trials = 20
	events, err := plan.Trials(in, trials)
	if err != nil {
		return err //nolint:wrapcheck // it says what failed
	}
	sender, err := r.sender(r.Target)
	if err != nil {
		return err
	}
	defer sender.Close()
	result := preflight.Check(ctx, preflight.Config{
		Target: r.Target, Contract: r.Contract, Sender: sender, Keys: r.Keys, Case: c, Trial: events, Now: r.Now, To: r.sender,
	})
	head.Target.Server, head.Assumptions = result.Server, result.Notes
	if ctx.Err() == nil {
		head.Preflight = result.Problem
	}
	return nil
}

func (r *run) sender(target *url.URL) (*mockclaude.Sender, error) {
	return mockclaude.NewSender(mockclaude.SenderConfig{ //nolint:wrapcheck // it says what failed
		Target: target, Contract: r.Contract, Keys: r.Keys, Header: r.Header, Timeout: r.Timeout, Now: r.Now, TLS: r.TLS,
	})
}

// measure sends the load.
func (r *run) measure(ctx context.Context) (m measured, err error) {
	cfg := loadtest.Config{
		Target: r.Target, Contract: r.Contract, Keys: r.Keys, Header: r.Header, Mix: r.Mix, Workers: r.Workers, Timeout: r.Timeout, Seed: r.Seed,
		Ordinary: r.Ordinary, TLS: r.TLS, Watch: r.second, Missed: r.miss,
	}
	load, err := loadtest.New(cfg) //nolint:contextcheck // its HTTP client dials without a context
	if err != nil {
		return m, err //nolint:wrapcheck // it names every wrong field
	}
	defer load.Close()
	if err := fresh(ctx, r.Observers, load); err != nil {
		return m, err
	}
	phase := func(name string, p loadtest.Phase) (*loadtest.Result, error) {
		if ctx.Err() != nil {
			return nil, nil //nolint:nilnil,nilerr // it is left out; an interrupted run says so in its report
		}
		p.Name, p.Poisson = name, r.Phase.Poisson
		if r.Began != nil {
			r.Began(name, p)
		}
		return load.Run(ctx, p) //nolint:wrapcheck // it names the phase
	}
	if r.Warmup > 0 && len(r.Phase.Stages) > 0 {
		if m.warmup, err = phase("warm-up", loadtest.Steady(r.Phase.Stages[0].Rate, r.Warmup)); err != nil {
			return m, err
		}
	}
	if r.Search != nil {
		if err := r.find(ctx, &m, phase); err != nil {
			return m, err
		}
	}
	for attempt := 1; ; attempt++ {
		if err := r.main(ctx, &m, load, phase); err != nil {
			return m, err
		}
		if r.Search == nil || m.main == nil || attempt == confirmations || ctx.Err() != nil {
			break
		}
		s := r.try(m.main, r.Phase.Peak())
		if s.ok || len(m.tried) > 0 && !m.tried[0].ok {
			break
		}
		m.tried = append(m.tried, s)
		r.at(neat(r.Phase.Peak() * backOff))
	}
	if r.Forgeries > 0 {
		if m.forged, err = r.underForgeries(ctx, cfg); err != nil {
			return m, err
		}
		for class, more := range r.missed.take() {
			m.misses[class] = append(m.misses[class], more...)
		}
	}
	if ctx.Err() == nil {
		m.observe(ctx, r.Observers, load, r.Settle, r.retries)
	}
	return m, nil
}

// main sends the measured phase, and retries what is not acknowledged.
func (r *run) main(ctx context.Context, m *measured, load *loadtest.Load, phase func(string, loadtest.Phase) (*loadtest.Result, error)) (err error) {
	if ctx.Err() != nil {
		return nil // it is left out; an interrupted run says so in its report
	}
	if r.retries, err = startRetries(ctx, r, load); err != nil {
		return err
	}
	defer r.retries.stop()
	r.watch = startWatch(ctx, r.Observers, load)
	r.measuring.Store(true)
	m.main, err = phase(r.Profile, r.Phase)
	r.measuring.Store(false)
	r.watch.stop()
	if err != nil {
		return err
	}
	m.watched, m.said = r.watch.result()
	if m.misses = r.missed.take(); m.misses == nil {
		m.misses = map[loadtest.Class][]miss{}
	}
	m.retries = r.retries.finish(ctx)
	return nil
}

// find searches for the rate of the measured phase.
func (r *run) find(ctx context.Context, m *measured, phase func(string, loadtest.Phase) (*loadtest.Result, error)) error {
	tried, best, err := r.search(ctx, func(rate float64, d time.Duration) (*loadtest.Result, error) {
		return phase("search", loadtest.Steady(rate, d))
	})
	m.tried = tried
	if best == 0 {
		best = r.Search.From // which misses the levels, and the measured phase shows how
	}
	r.at(best)
	return err
}

// at makes the measured phase one with a constant rate.
func (r *run) at(rate float64) { r.Phase.Stages = loadtest.Steady(rate, r.Phase.Duration()).Stages }

// underForgeries sends valid events at the mean rate of the measured phase, and as many forged ones
// between them.
func (r *run) underForgeries(ctx context.Context, cfg loadtest.Config) (*loadtest.Result, error) {
	if ctx.Err() != nil {
		return nil, nil //nolint:nilnil // it is left out
	}
	var load *loadtest.Load
	cfg.Mix = loadtest.Mix{loadtest.Valid: 1, loadtest.Forged: 1}
	cfg.Missed = func(one loadtest.Miss) {
		if one.Class == loadtest.Forged {
			r.missed.add(one, load.EventID)
		}
	}
	cfg.Seed++                     // events of its own
	load, err := loadtest.New(cfg) //nolint:contextcheck // its HTTP client dials without a context
	if err != nil {
		return nil, err //nolint:wrapcheck // it names every wrong field
	}
	defer load.Close()
	p := loadtest.Steady(min(loadtest.MostRate, 2*r.Phase.Mean()), r.Forgeries)
	p.Name, p.Poisson = "half forged", r.Phase.Poisson
	if r.Began != nil {
		r.Began(p.Name, p)
	}
	return load.Run(ctx, p) //nolint:wrapcheck // it names the phase
}

// second is told of every second of every phase.
func (r *run) second(s loadtest.Second) {
	if r.measuring.Load() {
		r.watch.second(s)
	}
	if r.Watch != nil {
		r.Watch(s)
	}
}

// miss is told of what was not answered as it should be.
func (r *run) miss(m loadtest.Miss) {
	if !r.measuring.Load() {
		return
	}
	r.missed.add(m, r.retries.load.EventID)
	if m.Class == loadtest.Valid {
		r.retries.begin(m.Number)
	}
}
