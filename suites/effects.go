package suites

import (
	"context"
	"fmt"
	"maps"
	"strings"
	"time"

	"hookdrill/internal/record"
	"hookdrill/observe"
	"hookdrill/scenarios"
)

// decided is a decision about a case that is no exchange of requests.
type decided = record.Decision

// observe asks every observer about every event of the plan until the effects
// stand still, and records what they say. Observers that contradict themselves
// or each other are recorded as untrustworthy; an observer that cannot be asked
// is so too.
func (r *Runner) observe(ctx context.Context) {
	if len(r.cfg.Observers) == 0 {
		return
	}
	expect := r.expectations()
	counting := observe.Counting(r.cfg.Observers)
	out := &record.Effects{Counts: map[string]int{}, States: map[string]string{}, Trusted: true, Settled: true, Uncounted: len(counting) == 0}
	for _, o := range r.cfg.Observers {
		partial, is := o.(observe.Partial)
		if is && !r.begun(ctx, partial, expect, out) {
			return // an interrupted run has nothing to show
		}
	}
	var results []observe.Result
	for _, o := range counting {
		result, err := observe.Settle(ctx, o, expect, observe.SettleConfig{Max: r.cfg.Settle, Canaries: r.cfg.Plan.Canaries})
		if ctx.Err() != nil {
			return // an interrupted run has no effects to show
		}
		if err != nil {
			out.Trusted, out.Why = false, err.Error()
			r.run.Effects = out
			return
		}
		results = append(results, result)
		out.Waited += result.Waited
		out.Settled = out.Settled && result.Settled
		if !result.Trusted {
			out.Trusted, out.Why = false, result.Why
		}
		for id, e := range result.Effects {
			out.Counts[id] = max(out.Counts[id], e.Processed)
			if e.Status != "" {
				out.States[id] = e.Status
			}
		}
	}
	for i := 1; i < len(results); i++ {
		if differ := observe.Compare(results[0], results[i]); len(differ) > 0 {
			out.Trusted = false
			out.Why = fmt.Sprintf("two observers disagree about %d events: %s", len(differ), strings.Join(differ[:min(3, len(differ))], "; "))
		}
	}
	r.run.Effects = out
}

// begun asks a partial observer which events the receiver was at work on. It reports
// false when the run was stopped.
func (r *Runner) begun(ctx context.Context, o observe.Partial, expect map[string]observe.Expectation, out *record.Effects) bool {
	seen := map[string]observe.Expectation{}
	for id, e := range expect {
		if o.Sees(id) {
			seen[id] = e
		}
	}
	result, err := observe.Settle(ctx, o, seen, observe.SettleConfig{Max: r.cfg.Settle, Canaries: r.cfg.Plan.Canaries})
	if ctx.Err() != nil {
		return false
	}
	out.Waited += result.Waited
	if out.Uncounted {
		out.Settled = out.Settled && result.Settled
		switch {
		case err != nil:
			out.Trusted, out.Why = false, err.Error()
		case !result.Trusted:
			out.Trusted, out.Why = false, result.Why
		}
	}
	if err != nil || !result.Trusted {
		return true
	}
	if out.Begun == nil {
		out.Begun = map[string]bool{}
	}
	for id := range seen {
		out.Begun[id] = out.Begun[id] || result.Effects[id].Processed > 0
	}
	return true
}

// expectations is how many effects each event is waited for.
func (r *Runner) expectations() map[string]observe.Expectation {
	out := map[string]observe.Expectation{}
	for _, c := range r.cfg.Plan.Cases {
		rec := r.run.Cases[c.ID]
		if rec == nil {
			continue
		}
		planned := c.Deliveries()
		for _, a := range rec.Attempts {
			if a.Delivery < 0 || a.Delivery >= len(planned) || a.EventID == "" {
				continue
			}
			e := out[a.EventID]
			if planned[a.Delivery].Effect == scenarios.EffectOnce && a.Status >= 200 && a.Status < 300 {
				e.Min = 1
			}
			out[a.EventID] = e
		}
	}
	return out
}

// Before asks every observer about every event of the plan, before anything is
// sent, and returns those that already had an effect: with them a run would
// prove nothing. It is an error when an observer cannot be asked.
func Before(ctx context.Context, observers []observe.Observer, ids []string) ([]string, error) {
	known := map[string]bool{}
	for _, o := range observers {
		ctx, cancel := context.WithTimeout(ctx, 30*time.Second)
		effects, err := o.Effects(ctx, ids)
		cancel()
		if err != nil {
			return nil, err
		}
		for id, e := range effects {
			if e.Processed > 0 {
				known[id] = true
			}
		}
	}
	var out []string
	for id := range maps.Keys(known) {
		out = append(out, id)
	}
	return out, nil
}
