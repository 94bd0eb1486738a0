package suites

import (
	"context"
	"net/url"
	"strings"

	"hookdrill/internal/record"
	"hookdrill/reports"
)

// inspect decides the TLS requirement with the given id, for every instance of
// the target: the worst of them decides, and says which it is.
func (r *Runner) inspect(ctx context.Context, id string) record.Decision {
	worst := r.inspectOne(ctx, id, r.cfg.Target)
	if len(r.cfg.Further) == 0 {
		return worst
	}
	rank := map[string]int{string(reports.Fail): 3, string(reports.NotExercised): 2, string(reports.NotApplicable): 1}
	at := r.cfg.Target
	actual := []string{at.Host + ": " + worst.Actual}
	for _, u := range r.cfg.Further {
		d := r.inspectOne(ctx, id, u)
		actual = append(actual, u.Host+": "+d.Actual)
		if rank[d.Status] > rank[worst.Status] {
			worst, at = d, u
		}
	}
	if worst.Actual = strings.Join(actual, ", "); worst.Why != "" {
		worst.Why = at.Host + ": " + worst.Why
	}
	return worst
}

// inspectOne decides the requirement for one instance.
func (r *Runner) inspectOne(ctx context.Context, id string, target *url.URL) record.Decision {
	one := &Runner{cfg: r.cfg, run: r.run}
	one.cfg.Target, one.cfg.Further = target, nil
	return one.inspectTarget(ctx, id)
}
