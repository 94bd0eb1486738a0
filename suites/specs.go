package suites

import (
	"context"
	"fmt"
	"strings"

	"github.com/onsi/ginkgo/v2"
	"github.com/onsi/gomega"
	"github.com/onsi/gomega/types"

	"hookdrill/contract"
	"hookdrill/internal/plan"
	"hookdrill/reports"
	"hookdrill/scenarios"
)

// Register builds the spec tree of a run: what is read but not reported first,
// then a container for each family in catalogue order, then what can be judged
// only at the end. Whoever calls it runs Ginkgo.
//
// The specs heed ctx, not Ginkgo's own context: one end of the run for all. They
// take Ginkgo's all the same: only a spec that does is given time to end when
// the run is interrupted, rather than left running.
func (r *Runner) Register(ctx context.Context) {
	// One ordered container: Ginkgo shuffles top-level ones, and what is judged at
	// the end must come last.
	ginkgo.Describe("the contract", ginkgo.Ordered, ginkgo.ContinueOnFailure, func() {
		r.support(ctx)
		for _, family := range r.families() {
			ginkgo.Describe(family, func() {
				for i := range r.cfg.Plan.Checks {
					if check := &r.cfg.Plan.Checks[i]; check.Family == family {
						r.spec(ctx, check)
					}
				}
			})
		}
		r.end(ctx)
	})
}

// support carries out the cases of requirements that are not reported
// themselves but read by one that is.
func (r *Runner) support(ctx context.Context) {
	var cases []*plan.Case
	for _, c := range r.cfg.Plan.Cases {
		if r.cfg.Plan.Check(c.Requirement) == nil {
			cases = append(cases, c)
		}
	}
	if len(cases) == 0 {
		return
	}
	ginkgo.It("carries out what other checks read", func(ginkgo.SpecContext) {
		for _, c := range cases {
			r.carry(ctx, c)
		}
	})
}

// spec registers one requirement. It asserts at once what its own exchanges
// decide, and leaves the rest to the end of the run.
func (r *Runner) spec(ctx context.Context, check *plan.Check) {
	ginkgo.It(check.ID+" "+check.Title, ginkgo.Label(check.ID), func(ginkgo.SpecContext) {
		for _, c := range r.cfg.Plan.Cases {
			if c.Requirement == check.ID {
				r.carry(ctx, c)
			}
		}
		if late(check) {
			return
		}
		if check.Judge == scenarios.JudgeTLS {
			r.decide(check, r.inspectAll(ctx))
		}
		r.assert(check)
	})
}

// late reports whether a check can be judged only when the run is over.
func late(check *plan.Check) bool {
	return check.Need == contract.NeedManaged || check.Need == contract.NeedObserved || check.Need == contract.NeedLog || len(check.Reads) > 0
}

// end registers what is judged when everything has been sent: effects, the
// ledger, the log, and whatever reads other checks' exchanges.
func (r *Runner) end(ctx context.Context) {
	ginkgo.Describe("at the end of the run", func() {
		ginkgo.It("waits until effects stand still", func(ginkgo.SpecContext) {
			r.observe(ctx)
		})
		for i := range r.cfg.Plan.Checks {
			check := &r.cfg.Plan.Checks[i]
			if !late(check) || check.Need == contract.NeedManaged {
				continue
			}
			ginkgo.It(check.ID+" "+check.Title, ginkgo.Label(check.ID), func(ginkgo.SpecContext) {
				switch check.Judge {
				case scenarios.JudgeLog:
					r.decide(check, r.readLog)
				case scenarios.JudgeCalls:
					r.calls(ctx, check)
				}
				r.assert(check)
			})
		}
		r.drills(ctx)
	})
}

// calls carries out trials of what the receiver calls.
func (r *Runner) calls(ctx context.Context, check *plan.Check) {
	if r.cfg.Call != nil && check.NotApplicable == "" && ctx.Err() == nil && !r.dead(ctx) {
		r.cfg.Call(ctx, check.ID)
	}
	if ctx.Err() != nil {
		r.run.Interrupted = true
	}
}

// drills registers what stops and kills the target. It comes last.
func (r *Runner) drills(ctx context.Context) {
	for i := range r.cfg.Plan.Checks {
		check := &r.cfg.Plan.Checks[i]
		if check.Need != contract.NeedManaged {
			continue
		}
		ginkgo.It(check.ID+" "+check.Title, ginkgo.Label(check.ID), func(ginkgo.SpecContext) {
			if r.cfg.Drill != nil && check.Unchecked == "" && ctx.Err() == nil {
				r.cfg.Drill(ctx, check.ID)
			}
			if ctx.Err() != nil {
				r.run.Interrupted = true
			}
			r.assert(check)
		})
	}
}

// inspectAll binds the context to the inspection of a connection.
func (r *Runner) inspectAll(ctx context.Context) func(string) decided {
	return func(id string) decided { return r.inspect(ctx, id) }
}

// decide records the decision about each case of a check that is no exchange.
func (r *Runner) decide(check *plan.Check, by func(id string) decided) {
	for _, c := range r.cfg.Plan.Cases {
		if rec := r.run.Cases[c.ID]; c.Requirement == check.ID && rec != nil {
			d := by(check.ID)
			rec.Decided = &d
		}
	}
}

// assert asserts that a check conforms, by the verdict on what was recorded. A
// check that proved nothing is skipped, never passed.
func (r *Runner) assert(check *plan.Check) {
	result := r.cfg.Judge(check.ID)
	if r.cfg.Decided != nil {
		r.cfg.Decided(result)
	}
	switch result.Status {
	case reports.NotObserved, reports.NotExercised, reports.NotApplicable:
		ginkgo.Skip(result.Why)
	default:
		gomega.Expect(result).To(Conform())
	}
}

func (r *Runner) families() []string {
	var out []string
	seen := map[string]bool{}
	for _, c := range r.cfg.Plan.Checks {
		if !seen[c.Family] {
			seen[c.Family] = true
			out = append(out, c.Family)
		}
	}
	return out
}

// Conform is a Gomega matcher for a judged check: it matches one that passed,
// and says what was expected and seen of one that did not.
func Conform() types.GomegaMatcher { return conform{} }

type conform struct{}

func (conform) Match(actual any) (bool, error) {
	check, ok := actual.(reports.Check)
	if !ok {
		return false, fmt.Errorf("conform: want a reports.Check, have %T", actual)
	}
	return check.Status == reports.Pass, nil
}

func (conform) FailureMessage(actual any) string {
	check, ok := actual.(reports.Check)
	if !ok {
		return "not a check"
	}
	var msg strings.Builder
	msg.WriteString(check.ID + " " + check.Title + ": " + check.Why)
	for _, c := range check.Cases {
		if c.Status == reports.Fail {
			fmt.Fprintf(&msg, "\n  %s: expected %s, got %s", c.Name, c.Expected, c.Actual)
		}
	}
	return msg.String()
}

func (conform) NegatedFailureMessage(actual any) string {
	check, ok := actual.(reports.Check)
	if !ok {
		return "not a check"
	}
	return check.ID + " conforms, and was expected not to"
}
