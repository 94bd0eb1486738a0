// Package callback tries a receiver of events that carry only an id: what it fetches by
// that id, when, and where an id leads it that was made to mislead.
//
// The witness plays the API and keeps account of the calls. Nothing is concluded from
// calls that do not come: a receiver that fetches nothing for ordinary events shows
// nothing about odd ones.
package callback

import (
	"context"
	"fmt"
	"strings"
	"time"

	"golang.org/x/sync/errgroup"

	"hookdrill/contract"
	"hookdrill/internal/plan"
	"hookdrill/mockclaude"
	"hookdrill/mockclaude/witness"
	"hookdrill/observe"
	"hookdrill/reports"
)

// Config is what trials need.
type Config struct {
	Contract *contract.Contract
	Sender   *mockclaude.Sender
	Witness  *witness.Witness
	// Observers count effects; they may settle what the witness leaves open.
	Observers []observe.Observer
	// Settle is how long a fetch is waited for; 0 is 5 s.
	Settle time.Duration
	// Patience is how long is waited for a receiver to fetch again what the API failed to
	// give it; 0 is 30 s, or Settle when that is longer.
	Patience time.Duration
	// Still is how long no call must come before it counts that none did; 0 is 400 ms.
	Still time.Duration
	Seed  uint64
	Now   func() time.Time
}

const (
	usualSettle   = 5 * time.Second
	usualPatience = 30 * time.Second
	usualStill    = 400 * time.Millisecond
	// together is how many cases of one requirement go on at once, where each has a
	// resource of its own and none looks at what the others do.
	together = 8
)

// Trials are carried out against one receiver, one requirement after the other.
type Trials struct {
	cfg Config
	// fetched are the types for which the receiver was seen to fetch, in the contract's
	// order, once it was looked at; host is the name under which it calls the witness.
	looked  bool
	fetched []string
	host    string
	// blind says why the receiver cannot be tried; "" when it can.
	blind string
}

// New makes trials.
func New(cfg Config) *Trials {
	if cfg.Settle == 0 {
		cfg.Settle = usualSettle
	}
	if cfg.Patience == 0 {
		cfg.Patience = max(usualPatience, cfg.Settle)
	}
	if cfg.Still == 0 {
		cfg.Still = usualStill
	}
	return &Trials{cfg: cfg}
}

// script is how the cases of a requirement are tried.
type script struct {
	right string
	do    func(*trial, context.Context) finding
}

func scripts() map[string]script {
	return map[string]script{
		"API-01": {"no call to the API", (*trial).forged},
		"API-02": {"no call but for the one resource, and none to another host", (*trial).hostile},
		"API-03": {"2xx", (*trial).unknown},
		"API-04": {"acknowledged, and fetched again", (*trial).failing},
		"API-05": {"2xx before the API has answered", (*trial).slow},
		"API-06": {"2xx for both, and a fetch for each", (*trial).same},
	}
}

// Known reports whether there is a script for a requirement.
func Known(id string) bool { _, known := scripts()[id]; return known }

// finding is what came of a case.
type finding struct {
	status      reports.Status
	actual, why string
}

// Run tries the cases of one requirement, and returns what came of each by its id.
// Cases that the end of ctx cut short are not exercised.
func (t *Trials) Run(ctx context.Context, id string, cases []*plan.Case) map[string]reports.Case {
	s, known := scripts()[id]
	if !known {
		return nil
	}
	if !t.looked && ctx.Err() == nil {
		t.look(ctx)
	}
	results := make([]reports.Case, len(cases))
	var g errgroup.Group
	g.SetLimit(together)
	for i, c := range cases {
		if !trapped(c) {
			g.Go(func() error {
				results[i] = t.one(ctx, s, c)
				return nil
			})
		}
	}
	_ = g.Wait() // the trials return no errors
	for i, c := range cases {
		if trapped(c) { // one after the other: what comes to the trap need not say what led there
			results[i] = t.one(ctx, s, c)
		}
	}
	out := make(map[string]reports.Case, len(cases))
	for i, c := range cases {
		out[c.ID] = results[i]
	}
	return out
}

// trapped reports whether the id of a case names the trap.
func trapped(c *plan.Case) bool { return c.Call != nil && strings.Contains(c.Call.ID, "{{trap}}") }

// one tries one case.
func (t *Trials) one(ctx context.Context, s script, c *plan.Case) (out reports.Case) {
	out = reports.Case{Name: c.Name, Expected: s.right, Exchanges: []reports.Exchange{}}
	if t.blind != "" {
		out.Status, out.Why = reports.NotObserved, t.blind
		return out
	}
	run := newTrial(t, c)
	defer func() {
		if p := recover(); p != nil {
			out.Status, out.Why = reports.Error, fmt.Sprintf("the trial panicked: %v", p)
		}
	}()
	found := finding{status: reports.NotApplicable, why: run.unfit}
	if run.unfit == "" {
		found = s.do(run, ctx)
	}
	if ctx.Err() != nil {
		found = finding{status: reports.NotExercised, why: "the run was interrupted in this case"}
	}
	out.Status, out.Actual, out.Why = found.status, run.redact(found.actual), run.redact(found.why)
	out.Exchanges, out.Timeline = run.evidence(), run.told()
	return out
}
