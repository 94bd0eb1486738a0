// Package conformance carries out a whole conformance run: plan, preflight,
// suites, verdict. It takes everything it needs as values; environment, flags
// and files of configuration are read by the command.
package conformance

import (
	"bufio"
	"cmp"
	"context"
	"crypto/tls"
	"crypto/x509"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/url"
	"slices"
	"strings"
	"time"

	"hookdrill/contract"
	"hookdrill/internal/drill"
	"hookdrill/internal/faultproxy"
	"hookdrill/internal/plan"
	"hookdrill/internal/preflight"
	"hookdrill/internal/record"
	"hookdrill/internal/repeat"
	"hookdrill/internal/specrun"
	"hookdrill/internal/verdict"
	"hookdrill/mockclaude"
	"hookdrill/mockclaude/witness"
	"hookdrill/observe"
	"hookdrill/reports"
	"hookdrill/scenarios"
	"hookdrill/suites"
)

// trials is how many diagnostic events a preflight may need.
const trials = 20

// Config is one conformance run.
type Config struct {
	Version string
	Target  *url.URL
	// Further are the target's other instances: one receiver behind a load
	// balancer, whose state they share.
	Further  []*url.URL
	Bundled  bool
	Contract *contract.Contract
	Keys     mockclaude.Keys
	// KeyEnv or KeyFile says where the key came from, for the repeat commands.
	KeyEnv, KeyFile string
	Header          []mockclaude.Field
	Requirements    []contract.Requirement
	Scenarios       []scenarios.Scenario
	Seed            uint64
	Only, Skip      []string
	// Scenario is the name of the failure scenario whose requirements Only holds, "" for none.
	Scenario      string
	Quick, Strict bool
	// Again is a case to carry out once more in place of a whole run; nil for a run.
	Again *Again
	// Baseline holds known failures; nil for none.
	Baseline *verdict.Known
	// Level is wire or observed.
	Level     string
	Observers []observe.Observer
	// Witness plays the API that a receiver of thin events calls back, nil when nobody
	// does. It is an observer beside Observers. APIKey is the key that the receiver calls
	// it with: a secret like the others, "" when none is known.
	Witness *witness.Witness
	APIKey  string
	Settle  time.Duration
	// DrillSettle is Settle for drills, after which workers may have to wait for what a killed
	// one had begun.
	DrillSettle time.Duration
	// Timeout bounds one attempt, RunTimeout the whole run.
	Timeout, RunTimeout time.Duration
	Roots               *x509.CertPool
	LogFile             string
	// Receiver is the target as a command that can be stopped and started, nil when it is
	// not in hookdrill's hands; Database is the proxy in front of its database, if it has one.
	Receiver drill.Receiver
	Database *faultproxy.Proxy
	// TargetText is the target as repeat commands give it: "" for its URL, - for nothing.
	TargetText string
	// Extra are flags to pass on in repeat commands, quoted already.
	Extra []string
	// PlanLog and WireLog receive plan.jsonl and wire.jsonl; nil drops them.
	PlanLog, WireLog io.Writer
	// Decided is told of each check as soon as it is decided.
	Decided func(reports.Check)
	// Started is told of the plan before anything is sent.
	Started func(*plan.Plan)
	// Ended is told, before the run's secrets are forgotten, how they are taken out of a text;
	// nil for none.
	Ended func(redact func(string) string)
	Now   func() time.Time
}

// Again is a planned case of an earlier run and its check.
type Again struct {
	Check plan.Check
	Case  *plan.Case
}

// UsedSeedError says that events of the plan were processed before the run.
type UsedSeedError struct {
	Seed   uint64
	Events int
}

func (e *UsedSeedError) Error() string {
	return fmt.Sprintf("seed %d was used against this receiver before: %d of its events are processed already, so a run would prove nothing; "+
		"leave --seed out for a new one, or empty the receiver's store", e.Seed, e.Events)
}

// ObserverError says that an observer cannot be asked.
type ObserverError struct{ Err error }

func (e *ObserverError) Error() string { return "observer: " + e.Err.Error() }

// Unwrap gives the cause.
func (e *ObserverError) Unwrap() error { return e.Err }

// Plan draws the plan of a run without running it.
func Plan(cfg Config) (*plan.Plan, error) {
	in := input(cfg)
	if cfg.Baseline != nil {
		for _, e := range cfg.Baseline.File.Known {
			in.Baseline = append(in.Baseline, e.ID)
		}
	}
	p, err := build(in, cfg.Again)
	if err != nil {
		return nil, err
	}
	deal(p, 1+len(cfg.Further))
	return p, nil
}

func build(in plan.Input, again *Again) (*plan.Plan, error) {
	if again != nil {
		return plan.Again(in, again.Check, again.Case)
	}
	return plan.Build(in)
}

func input(cfg Config) plan.Input {
	return plan.Input{
		Contract: cfg.Contract, Requirements: cfg.Requirements, Scenarios: cfg.Scenarios, Seed: cfg.Seed,
		Only: cfg.Only, Skip: cfg.Skip, Quick: cfg.Quick,
		HTTPS: cfg.Target != nil && cfg.Target.Scheme == "https", PreviousKey: len(cfg.Keys.Previous) > 0, Managed: cfg.Receiver != nil,
		WhsecKey: canSign(cfg, mockclaude.AlgWhsecBase64),
		IsKey:    cfg.isKey,
	}
}

// isKey reports whether text is a key that is configured.
func (c Config) isKey(text string) bool {
	return len(c.Keys.Current) > 0 && text == string(c.Keys.Current) || len(c.Keys.Previous) > 0 && text == string(c.Keys.Previous)
}

// canSign is true when the keys of a run can sign with an algorithm that is not the
// contract's own.
func canSign(cfg Config, algorithm string) bool {
	signer, err := mockclaude.NewSigner(cfg.Contract, cfg.Keys)
	return err == nil && signer.CanSign(mockclaude.Sign{Mode: mockclaude.SignAlgorithm, Algorithm: algorithm}) == nil
}

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

// fresh makes sure that observers can be asked and know none of the events.
func fresh(ctx context.Context, cfg Config, p *plan.Plan) error {
	if len(cfg.Observers) == 0 {
		return nil
	}
	known, err := suites.Before(ctx, cfg.Observers, p.EventIDs())
	if ctx.Err() != nil {
		return nil //nolint:nilerr // the run was stopped, and says so in its report
	}
	if err != nil {
		return &ObserverError{Err: err}
	}
	if len(known) > 0 {
		return &UsedSeedError{Seed: cfg.Seed, Events: len(known)}
	}
	return nil
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

func selection(cfg Config) []string {
	var out []string
	if cfg.Scenario != "" {
		out = append(out, "--scenario "+cfg.Scenario)
	} else if len(cfg.Only) > 0 {
		out = append(out, "--only "+repeat.Quote(strings.Join(cfg.Only, ",")))
	}
	if len(cfg.Skip) > 0 {
		out = append(out, "--skip "+repeat.Quote(strings.Join(cfg.Skip, ",")))
	}
	if cfg.Quick {
		out = append(out, "--quick")
	}
	if cfg.Strict {
		out = append(out, "--strict")
	}
	return out
}

func (r *runner) preflight(ctx context.Context, in *verdict.Input) error {
	events, err := plan.Trials(input(r.Config), trials+len(r.Further))
	if err != nil {
		return err
	}
	c := r.plan.Case(plan.PreflightID)
	result := preflight.Check(ctx, preflight.Config{
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

// wire writes wire.jsonl, an exchange a line.
type wire struct {
	buf *bufio.Writer
	enc *json.Encoder
	err error
}

func newWire(w io.Writer) *wire {
	if w == nil {
		w = io.Discard
	}
	buf := bufio.NewWriter(w)
	enc := json.NewEncoder(buf)
	enc.SetEscapeHTML(false)
	return &wire{buf: buf, enc: enc}
}

// attempt writes one attempt. The first error is kept for close.
func (w *wire) attempt(c *plan.Case, d plan.Delivery, a record.Attempt) {
	line := struct {
		Case  string `json:"case"`
		Role  string `json:"role"`
		Again bool   `json:"again,omitempty"`
		mockclaude.Exchange
	}{c.ID, d.Role, a.Again, a.Exchange}
	if err := w.enc.Encode(line); err != nil && w.err == nil {
		w.err = fmt.Errorf("write wire.jsonl: %w", err)
	}
}

func (w *wire) close() error {
	if err := w.buf.Flush(); err != nil && w.err == nil {
		w.err = fmt.Errorf("write wire.jsonl: %w", err)
	}
	return w.err
}
