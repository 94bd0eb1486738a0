package suites

import (
	"context"
	"time"

	"hookdrill/internal/plan"
	"hookdrill/mockclaude"
)

const (
	// silentAfter is how many valid events in a row a target leaves without an
	// answer, each for a whole timeout, before it counts as gone.
	silentAfter = 3
	// unwellAfter is how many valid events in a row a target turns away twice,
	// 300 ms apart, before it counts as gone.
	unwellAfter = 5
	// returns and returnEvery bound the wait for a target that may be starting
	// again: 3 s.
	returns     = 12
	returnEvery = 250 * time.Millisecond
)

// health is what is known of the target's instances, by their number.
type health struct {
	silent, unwell map[int]int
	// how and where the target was lost; how is "" while it is there.
	how   loss
	where int
	// waited is true once a lost target was given time to come back.
	waited bool
}

// loss is a way in which a target is lost.
type loss string

const (
	lostRefused loss = "refused" // nothing listens there any more
	lostSilent  loss = "silent"  // it does not answer in time
	lostUnwell  loss = "unwell"  // it hangs up, or says 503 or 429
)

// second reports whether a delivery deserves a second try: the first may have
// met noise, such as a connection that broke, a moment of overload, a restart.
// A target that is lost gets none: its waits would add up to minutes.
func (t *trial) second(d plan.Delivery, e mockclaude.Exchange) bool {
	return t.run.Dead == "" && expectsAnswer(d) && (broken(e) || busy(e))
}

// notice takes account of how a valid event fared in the end; twice says that
// it was tried twice.
func (t *trial) notice(d plan.Delivery, e mockclaude.Exchange, twice bool) {
	h, to := &t.health, d.To
	if e.Err == mockclaude.ErrCanceled {
		return
	}
	if e.Err == mockclaude.ErrTimeout && e.Status == 0 {
		if h.silent[to]++; h.silent[to] >= silentAfter {
			t.lose(lostSilent, to)
		}
		return
	}
	h.silent[to] = 0
	switch {
	case e.Err == mockclaude.ErrRefused:
		t.lose(lostRefused, to)
	case broken(e) || busy(e):
		if twice {
			h.unwell[to]++
		}
		if h.unwell[to] >= unwellAfter {
			t.lose(lostUnwell, to)
		}
	default:
		h.unwell[to] = 0
		if h.how == lostUnwell && h.where == to {
			t.found()
		}
	}
}

func (t *trial) lose(how loss, where int) {
	if t.run.Dead == "" {
		t.run.Dead, t.health.how, t.health.where, t.health.waited = t.c.ID, how, where, false
	}
}

func (r *Runner) found() {
	r.health.unwell[r.health.where] = 0
	r.run.Dead, r.health.how = "", ""
}

// dead reports whether the target has stopped answering, giving one that may
// come back the chance to have done so. One that is silent is not asked again:
// each time would cost a whole timeout.
func (r *Runner) dead(ctx context.Context) bool {
	if r.run.Dead == "" {
		return false
	}
	back := func() bool { return false }
	switch r.health.how {
	case lostRefused:
		back = func() bool { return reachable(ctx, r.target(r.health.where)) }
	case lostUnwell:
		back = func() bool { return r.well(ctx) }
	case lostSilent:
	}
	for try := range returns {
		if back() {
			r.found()
			return false
		}
		// Whoever lost connections has waited for them already, in deliver.
		if r.health.how != lostUnwell || r.health.waited || try == returns-1 || !wait(ctx, returnEvery) {
			break
		}
	}
	r.health.waited = true
	return true
}

// well asks a target that turned valid events away whether it takes one again:
// the first of the run, which it has accepted before, so that nothing is sent
// that the plan does not hold.
func (r *Runner) well(ctx context.Context) bool {
	c := r.cfg.Plan.Case(plan.PreflightID)
	rec := r.run.Cases[plan.PreflightID]
	if c == nil || rec == nil || ctx.Err() != nil {
		return false
	}
	d := c.Deliveries()[0]
	d.To = r.health.where
	e := r.cfg.Sender.Send(ctx, d.Delivery)
	(&trial{Runner: r, c: c, rec: rec}).record(0, d, e, true)
	return e.Status >= 200 && e.Status < 300
}

// Gone says, in a sentence, that the target was lost and did not come back; ""
// when it is there.
func (r *Runner) Gone() string {
	switch {
	case r.run.Dead == "":
		return ""
	case r.health.how == lostUnwell:
		return "The target stopped accepting valid events during " + r.run.Dead + r.at() + ": it hung up, or answered 503 or 429."
	}
	return "The target stopped answering during " + r.run.Dead + r.at() + "."
}

// skipped is why a case is not carried out at a target that was lost.
func (r *Runner) skipped() string {
	if r.health.how == lostUnwell {
		return "the target had stopped accepting valid events during " + r.run.Dead + r.at()
	}
	return "the target had stopped answering during " + r.run.Dead + r.at()
}

// at names the instance that was lost, where there are several.
func (r *Runner) at() string {
	if len(r.cfg.Further) == 0 {
		return ""
	}
	return " (" + r.target(r.health.where).Host + ")"
}

func newHealth() health { return health{silent: map[int]int{}, unwell: map[int]int{}} }
