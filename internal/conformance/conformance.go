// Package conformance carries out a whole conformance run: plan, preflight,
// suites, verdict. It takes everything it needs as values; environment, flags
// and files of configuration are read by the command.
package conformance

import (
	"cmp"
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"net"
	"net/url"
	"slices"
	"strings"
	"time"

	"hookdrill/internal/drill"
	"hookdrill/internal/plan"
	"hookdrill/internal/preflight"
	"hookdrill/internal/record"
	"hookdrill/internal/repeat"
	"hookdrill/internal/specrun"
	"hookdrill/internal/verdict"
	"hookdrill/mockclaude"
	"hookdrill/observe"
	"hookdrill/reports"
	"hookdrill/suites"
)

// trials is how many diagnostic events a preflight may need.
const trials = 20

// Run carries out the run and returns its report. An error means that there is
// no report: the configuration was wrong, or hookdrill itself failed.
func Run(ctx context.Context, cfg Config) (*reports.Report, error) {
	p, err := Plan(cfg)
	if err != nil {
		return nil, err
	}
	if cfg.PlanLog != nil {
		if err := p.Write(cfg.PlanLog); err != nil {
			return nil, err
		}
	}
	cfg = withWitness(cfg, p)
	sender, err := newSender(cfg, cfg.Target, cfg.Further...)
	if err != nil {
		return nil, err
	}
	defer sender.Close()
	if cfg.RunTimeout > 0 {
		var cancel context.CancelFunc
		ctx, cancel = context.WithTimeout(ctx, cfg.RunTimeout)
		defer cancel()
	}
	if err := fresh(ctx, cfg, p); err != nil {
		return nil, err
	}
	if cfg.Started != nil {
		cfg.Started(p)
	}
	if cfg.Ended != nil {
		defer func() { cfg.Ended(sender.Redactor().Text) }()
	}
	r := &runner{Config: cfg, plan: p, sender: sender, wire: newWire(cfg.WireLog)}
	return r.run(ctx)
}

func newSender(cfg Config, target *url.URL, further ...*url.URL) (*mockclaude.Sender, error) {
	sender, err := mockclaude.NewSender(mockclaude.SenderConfig{
		Target: target, Further: further, Contract: cfg.Contract, Keys: cfg.Keys, Header: cfg.Header, Timeout: cfg.Timeout, Now: cfg.Now,
		// What the certificate is worth is TLS-02's question; every other
		// requirement is judged whatever it is worth.
		TLS: &tls.Config{InsecureSkipVerify: true, MinVersion: tls.VersionTLS10}, //nolint:gosec // see above
	})
	if err == nil && cfg.APIKey != "" {
		sender.Redactor().AddSecret(cfg.APIKey, "["+mockclaude.Keys{Current: []byte(cfg.APIKey)}.ID()+"]")
	}
	return sender, err
}

type runner struct {
	Config
	plan    *plan.Plan
	sender  *mockclaude.Sender
	wire    *wire
	seen    record.Run
	drilled map[string]reports.Check
	called  map[string]reports.Case
	// gone says that the target was lost and did not come back, "" if it was not.
	gone string
}

func (r *runner) run(ctx context.Context) (*reports.Report, error) {
	r.drilled = map[string]reports.Check{}
	if r.Witness != nil {
		r.called = map[string]reports.Case{}
	}
	r.seen = record.Run{Started: r.Now(), Cases: map[string]*record.Case{}}
	in := r.input()
	if err := r.preflight(ctx, &in); err != nil {
		return nil, err
	}
	var specs *specrun.Result
	if in.Head.Preflight == nil {
		suite := suites.NewRunner(suites.Config{
			Plan: r.plan, Target: r.Target, Further: r.Further, Sender: r.sender, Observers: r.Observers, Settle: r.Settle,
			Roots: r.Roots, LogFile: r.LogFile, Drill: r.driller(in.Repeat), Call: r.caller(), Secrets: r.secret, Decided: r.Decided, Seen: r.wire.attempt, Now: r.Now,
			Judge: func(id string) reports.Check { return verdict.Check(in, id) },
		}, &r.seen)
		var err error
		if specs, err = specrun.Run("hookdrill", func() { suite.Register(ctx) }, specrun.Options{}); err != nil {
			return nil, err
		}
		r.gone = suite.Gone()
	}
	if cutShort(ctx, specs) {
		r.seen.Interrupted = true
	}
	r.seen.Duration = r.Now().Sub(r.seen.Started)
	r.head(&in.Head, ctx.Err())
	report := verdict.Judge(in)
	if r.Scenario != "" {
		report.Assumptions = slices.Insert(report.Assumptions, 0, provoked(r.Scenario, report.Checks))
	}
	if specs != nil {
		states := map[string][]string{}
		for label, all := range specs.Specs {
			for _, s := range all {
				states[label] = append(states[label], string(s))
			}
		}
		verdict.Reconcile(report, states, append(specs.Failed, r.panics()...))
	}
	return report, r.wire.close()
}

// provoked says how much of a failure scenario a run brought about.
func provoked(scenario string, checks []reports.Check) string {
	missing := map[reports.Status][]string{}
	done := 0
	for _, c := range checks {
		switch c.Status {
		case reports.Pass, reports.Fail, reports.KnownFail, reports.StaleBaseline:
			done++
		case reports.NotObserved, reports.NotExercised, reports.NotApplicable, reports.Error:
			missing[c.Status] = append(missing[c.Status], c.ID)
		}
	}
	parts := []string{fmt.Sprintf("The scenario %s was provoked by %d of its %d requirements", scenario, done, len(checks))}
	for _, s := range reports.Statuses() {
		if len(missing[s]) > 0 {
			parts = append(parts, strings.ReplaceAll(string(s), "_", " ")+": "+strings.Join(missing[s], ", "))
		}
	}
	return strings.Join(parts, "; ") + "."
}

// driller carries out drills; nil when the target is not in hookdrill's hands.
func (r *runner) driller(repeat func(plan.Check, *plan.Case) string) func(context.Context, string) {
	if r.Receiver == nil {
		return nil
	}
	drills := drill.New(drill.Config{
		Contract: r.Contract, Sender: r.sender, Receiver: r.Receiver, Database: r.Database, Observers: observe.Counting(r.Observers), Settle: r.DrillSettle,
		Address: hostPort(r.Target), Host: r.Target.Host, Via: r.via, Seed: r.Seed, Now: r.Now, Repeat: func(id string) string { return repeat(*r.plan.Check(id), nil) },
	})
	return func(ctx context.Context, id string) { r.drilled[id] = drills.Run(ctx, r.plan.Check(id).Requirement) }
}

// via makes a sender that finds the target at another address.
func (r *runner) via(address string) (*mockclaude.Sender, error) {
	u := *r.Target
	u.Host = address
	return newSender(r.Config, &u)
}

// hostPort is where a URL leads.
func hostPort(u *url.URL) string {
	return net.JoinHostPort(u.Hostname(), cmp.Or(u.Port(), map[string]string{"http": "80", "https": "443"}[u.Scheme]))
}

// cutShort reports whether the run was stopped before its end. Ginkgo listens to
// Ctrl-C too, and may have stopped the specs before ctx has ended.
func cutShort(ctx context.Context, specs *specrun.Result) bool {
	if ctx.Err() != nil || specs == nil {
		return ctx.Err() != nil
	}
	interrupted := false
	for _, states := range specs.Specs {
		interrupted = interrupted || slices.Contains(states, specrun.State("interrupted"))
	}
	if len(specs.Failed) > 0 { // perhaps by the interrupt: then ctx ends in a moment
		select {
		case <-ctx.Done():
		case <-time.After(time.Second):
		}
	}
	return interrupted || ctx.Err() != nil
}

// panics lists the panics in cases that only other checks read: no check of
// the report stands for them.
func (r *runner) panics() []string {
	var out []string
	for _, c := range r.plan.Cases {
		if rec := r.seen.Cases[c.ID]; rec != nil && rec.Panic != "" && r.plan.Check(c.Requirement) == nil {
			out = append(out, c.ID+": the suite panicked: "+rec.Panic)
		}
	}
	return out
}

func (r *runner) secret(text string) bool { return r.sender.Redactor().Text(text) != text }

func (r *runner) input() verdict.Input {
	commands := repeat.Run{
		Target: r.Target, TargetText: r.TargetText, Further: r.Further, Contract: r.Contract, KeyEnv: r.KeyEnv, KeyFile: r.KeyFile, Extra: r.Extra, Seed: r.Seed, Bundled: r.Bundled,
		Observed: len(r.Observers) > 0,
	}
	in := verdict.Input{Plan: r.plan, Run: &r.seen, Drilled: r.drilled, Called: r.called, Strict: r.Strict, Baseline: r.Baseline, Repeat: commands.Command, Head: reports.Report{
		Schema: reports.Schema, Tool: reports.Tool{Name: "hookdrill", Version: r.Version}, Command: "conformance",
		Contract: r.Contract.Name, Level: r.Level, Seed: r.Seed, Started: r.seen.Started,
		Target: r.target(), Repeat: commands.Whole(selection(r.Config)),
	}}
	if !r.Bundled {
		in.Curl = commands.Curl
	}
	return in
}

// target is the target as the report shows it.
func (r *runner) target() reports.Target {
	t := reports.Target{URL: mockclaude.ShowURL(r.Target.String()), Bundled: r.Bundled}
	for i, u := range r.Further {
		if i == 0 {
			t.URLs = append(t.URLs, t.URL)
		}
		t.URLs = append(t.URLs, mockclaude.ShowURL(u.String()))
	}
	return t
}

// warmUp is how long a receiver that was started for the run may answer 503 to the first event.
const warmUp = 30 * time.Second

func (r *runner) preflight(ctx context.Context, in *verdict.Input) error {
	events, err := plan.Trials(input(r.Config), trials+len(r.Further))
	if err != nil {
		return err
	}
	c := r.plan.Case(plan.PreflightID)
	var warm time.Duration
	if r.Receiver != nil { // it was started just now
		warm = warmUp
	}
	result := preflight.Check(ctx, preflight.Config{
		Warm:   warm,
		Target: r.Target, Further: r.Further, Contract: r.Contract, Sender: r.sender, Keys: r.Keys, Case: c,
		Trial: events[:trials], Each: events[trials:], Now: r.Now,
		To: func(u *url.URL) (*mockclaude.Sender, error) { return newSender(r.Config, u) },
	})
	for _, a := range result.Record.Attempts {
		r.wire.attempt(c, plan.Delivery{Role: "preflight"}, a)
	}
	r.seen.Cases[c.ID] = result.Record
	r.seen.Skew, r.seen.Server = result.Skew, result.Server
	in.Head.Target.Server = result.Server
	in.Head.Preflight = result.Problem
	in.Head.Assumptions = result.Notes
	if ctx.Err() != nil {
		in.Head.Preflight, r.seen.Interrupted = nil, true
	}
	return nil
}

// head fills in what is known only at the end.
func (r *runner) head(head *reports.Report, stopped error) {
	head.DurationMS = r.seen.Duration.Milliseconds()
	head.Assumptions = append(head.Assumptions, r.Contract.Assumptions...)
	head.LeftOut = r.plan.LeftOut
	if r.plan.Guessable {
		head.Assumptions = append(head.Assumptions, "The configured key is one of the placeholders that everybody tries, so that it is not among the wrong ones here; with such a key in production, anybody can sign.")
	}
	if len(r.plan.LeftOut) > 0 {
		head.Assumptions = append(head.Assumptions, "The selection leaves out: "+strings.Join(r.plan.LeftOut, ", ")+".")
	}
	if errors.Is(stopped, context.DeadlineExceeded) {
		head.Assumptions = append(head.Assumptions, fmt.Sprintf("The run was stopped at its bound of %s (--run-timeout).", r.RunTimeout))
	}
	if r.Target.String() != mockclaude.ShowURL(r.Target.String()) {
		head.Assumptions = append(head.Assumptions, "The target's URL holds values that look like secrets and are shown as ***; put them in again before you run a command of this report.")
	}
	if r.gone != "" {
		head.Assumptions = append(head.Assumptions, r.gone)
	}
	head.Observers = []reports.Observer{}
	for _, o := range r.Observers {
		one := reports.Observer{Kind: o.Kind(), Source: o.Source(), Trusted: true}
		if fx := r.seen.Effects; fx != nil {
			one.Trusted, one.Why = fx.Trusted, fx.Why
			if !fx.Settled {
				one.Why = "effects were still moving when the wait for them ended (--settle)"
			}
		}
		head.Observers = append(head.Observers, one)
	}
}
