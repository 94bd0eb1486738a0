// Package plan draws everything random about a run before it starts: ids,
// payloads, mutations, order. It is pure: the same input gives the same plan,
// byte for byte.
//
// Each case draws from (seed, requirement id, case name), so that running a
// subset changes nothing else. Timestamps and signatures are not in a plan:
// they are made at the moment of sending.
package plan

import (
	"encoding/json"
	"fmt"
	"io"
	"time"

	"hookdrill/contract"
	"hookdrill/mockclaude"
	"hookdrill/scenarios"
)

// Plan is a whole run before it happens.
type Plan struct {
	Seed     uint64
	Contract *contract.Contract
	// Checks are the requirements that the run reports, in catalogue order.
	Checks []Check
	// Cases are all cases to carry out, in order. Some belong to requirements
	// that are not reported but read by one that is.
	Cases []*Case
	// Canaries are event ids that are never sent.
	Canaries []string
	// LeftOut names the requirements that a quick run or a selection left out.
	LeftOut []string
	// Narrowed is true when less than the whole catalogue was selected, Partial names the
	// selected requirements of which some cases were left out.
	Narrowed bool
	Partial  map[string]bool
	// Guessable is true when the receiver's key is one that a case would have tried as a wrong one.
	Guessable bool
}

// Check is one requirement and how it is to be judged.
type Check struct {
	contract.Requirement
	// Reads names the requirements whose cases the check reads besides its own;
	// "*" is the whole run.
	Reads []string
	// Judge is one of the scenarios.Judge… constants.
	Judge string
	Limit time.Duration
	// Status is the status for scenarios.JudgeStatus, 0 for the contract's own.
	Status int
	// NotApplicable says why the requirement cannot apply here, "" if it does.
	NotApplicable string
}

// Case is one trial, resolved.
type Case struct {
	// ID is the requirement's id, a slash, and the case's name.
	ID          string        `json:"case"`
	Requirement string        `json:"requirement"`
	Name        string        `json:"name"`
	Judge       string        `json:"judge,omitempty"`
	Limit       time.Duration `json:"limit,omitempty"`
	// Control is true when the case must stand between two accepted twins.
	Control bool   `json:"control,omitempty"`
	Steps   []Step `json:"steps,omitempty"`
	// OneMoment stamps every delivery of the case with the same moment.
	OneMoment bool `json:"one_moment,omitempty"`
	// State maps an event id to the state that an observer must report for it.
	State map[string]string `json:"state,omitempty"`
	// Effects maps an event id to the number of effects that the case is to
	// have; ids whose number depends on the answers are left to the ledger.
	Effects map[string]int `json:"effects,omitempty"`
	// Call is a trial of what the receiver calls, which is made without steps.
	Call *scenarios.Call `json:"call,omitempty"`
}

// Step is one thing that is done.
type Step struct {
	Mode       string        `json:"mode,omitempty"`
	Wait       time.Duration `json:"wait,omitempty"`
	Deliveries []Delivery    `json:"deliveries"`
	// Background is what is under way meanwhile, for the modes that need it.
	Background []Delivery    `json:"background,omitempty"`
	Every      time.Duration `json:"every,omitempty"`
}

// Delivery is one planned delivery and what is to come of it.
type Delivery struct {
	mockclaude.Delivery
	Role   string `json:"role"` // control, premise or case
	Expect string `json:"expect"`
	Status int    `json:"status,omitempty"`
	Effect string `json:"effect"` // once, maybe or never
	// Echo is a text that the answer must hold, "" for none.
	Echo string `json:"echo,omitempty"`
}

// The roles of a delivery.
const (
	RoleControl = "control"
	RoleCase    = "case"
	// RolePremise is what a case builds on: answered otherwise than expected, it
	// proves nothing.
	RolePremise = "premise"
)

// Deliveries lists every delivery of the case in the order in which attempts
// number them: step by step, the background of a step after its deliveries.
func (c *Case) Deliveries() []Delivery {
	var all []Delivery
	for _, s := range c.Steps {
		all = append(all, s.Deliveries...)
		all = append(all, s.Background...)
	}
	return all
}

// Case finds a planned case by its id, nil if there is none.
func (p *Plan) Case(id string) *Case {
	for _, c := range p.Cases {
		if c.ID == id {
			return c
		}
	}
	return nil
}

// Check finds a planned check by its id, nil if it was not selected.
func (p *Plan) Check(id string) *Check {
	for i := range p.Checks {
		if p.Checks[i].ID == id {
			return &p.Checks[i]
		}
	}
	return nil
}

// EventIDs lists the ids of all events that the plan sends, each once, in the
// order of sending.
func (p *Plan) EventIDs() []string {
	seen := map[string]bool{}
	var ids []string
	for _, c := range p.Cases {
		for _, d := range c.Deliveries() {
			if d.EventID != "" && !seen[d.EventID] {
				seen[d.EventID] = true
				ids = append(ids, d.EventID)
			}
		}
	}
	return ids
}

// Write writes the plan as JSON lines, a case a line.
func (p *Plan) Write(w io.Writer) error {
	enc := json.NewEncoder(w)
	enc.SetEscapeHTML(false)
	for _, c := range p.Cases {
		if err := enc.Encode(c); err != nil {
			return fmt.Errorf("write plan: %w", err)
		}
	}
	return nil
}
