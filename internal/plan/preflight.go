package plan

import (
	"fmt"

	"hookdrill/mockclaude"
	"hookdrill/scenarios"
)

// PreflightID is the id of the case that every run begins with: the first valid
// event, then the first forged one. It belongs to no requirement.
const PreflightID = "preflight/first valid event then first forged one"

// Preflight draws the case that every run begins with. Of the input it needs the
// contract and the seed.
func Preflight(in Input) (*Case, error) {
	v := variant{Case: scenarios.Case{Steps: []scenarios.Step{
		{Expect: scenarios.ExpectAccepted},
		{Event: "b", Expect: scenarios.ExpectRefused, Sign: &scenarios.Sign{None: true}},
	}}, name: "first valid event then first forged one"}
	c, err := drawCase(in, &scenarios.Scenario{Requirement: "preflight"}, v)
	if err != nil {
		return nil, fmt.Errorf("plan preflight: %w", err)
	}
	return c, nil
}

// Trials draws one more valid event for each of n diagnostic attempts, numbered
// so that a plan does not depend on how many are made.
func Trials(in Input, n int) ([]mockclaude.Event, error) {
	var out []mockclaude.Event
	for i := range n {
		e, err := mockclaude.NewEvent(in.Contract, in.Contract.Types[0].Name, source(in.Seed, "preflight", fmt.Sprint("trial ", i)))
		if err != nil {
			return nil, fmt.Errorf("plan preflight: %w", err)
		}
		out = append(out, e)
	}
	return out, nil
}
