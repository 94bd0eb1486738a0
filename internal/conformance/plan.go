package conformance

import (
	"context"

	"hookdrill/internal/plan"
	"hookdrill/mockclaude"
	"hookdrill/suites"
)

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
