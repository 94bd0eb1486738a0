package callback

import (
	"context"
	"fmt"
	"slices"
	"time"

	"hookdrill/mockclaude/witness"
	"hookdrill/observe"
	"hookdrill/reports"
)

// mostAttempts is how often the sender delivers an event; again is the pause between two
// attempts, so that what the receiver does meanwhile is seen. The contract waits longer.
const (
	mostAttempts = 3
	again        = 500 * time.Millisecond
)

// behaviour is how the API answers about the trial's resource.
func (t *trial) behave(e *event) {
	c := t.call
	b := witness.Behaviour{Status: c.Status, Drop: c.Drop, First: c.First, RetryAfter: c.RetryAfter, Delay: c.Delay}
	if err := t.cfg.Witness.Set(e.TaskID, b); err != nil {
		panic(err) // the scenario was checked
	}
}

// unknown sends an event about a resource that the API does not have.
func (t *trial) unknown(ctx context.Context) finding {
	e := t.ordinary()
	t.behave(e)
	a := t.send(ctx, e, "the event")
	fetched := t.awaitFetch(ctx, e, 0)
	switch {
	case !fetched && a.acknowledged():
		return finding{reports.NotObserved, a.said(), "the resource was not fetched, so the receiver never met the API's answer"}
	case !fetched:
		return finding{reports.NotExercised, a.said(), "an ordinary event was not acknowledged, and its resource not fetched: what it does about the API's answer was not seen"}
	case !a.acknowledged():
		return finding{
			reports.Fail, a.said(),
			"the resource is gone, and no retry brings it back: the sender repeats the event until it gives up, and may disable the endpoint for it",
		}
	}
	return finding{reports.Pass, fmt.Sprintf("%s; the API answered %d", a.said(), t.call.Status), ""}
}

// failing sends an event whose resource the API cannot give at first. The event is
// repeated, as the sender would, until it is acknowledged.
func (t *trial) failing(ctx context.Context) finding {
	e := t.ordinary()
	t.behave(e)
	var a answer
	for n := range mostAttempts {
		if n > 0 {
			t.wait(ctx, again, func() bool { return false })
		}
		if a = t.send(ctx, e, fmt.Sprintf("attempt %d", n+1)); a.acknowledged() || ctx.Err() != nil {
			break
		}
	}
	if !t.awaitFetch(ctx, e, 0) {
		return finding{reports.NotObserved, a.said(), "the resource was not fetched, so the receiver never met the API's failure"}
	}
	got := func() bool { return slices.ContainsFunc(t.about(e), witness.Call.OK) }
	if !a.acknowledged() {
		return finding{
			reports.Fail, a.said(),
			fmt.Sprintf("the API failed once, and none of %d attempts to deliver the event was acknowledged: the sender gives it up", mostAttempts),
		}
	}
	if t.wait(ctx, t.cfg.Patience, got) {
		return finding{reports.Pass, a.said() + "; the resource was fetched again, and given", ""}
	}
	if counted, n := t.effects(ctx, e); counted && n > 0 {
		// An effect that needed nothing of the resource, or one that was made without it.
		return finding{
			reports.NotObserved, fmt.Sprintf("%s; not fetched again within %s, and the observer counts an effect", a.said(), t.cfg.Patience),
			"the API never gave the resource, and the observer counts an effect all the same: whether it could do without, nobody can see",
		}
	}
	return finding{
		reports.Fail, fmt.Sprintf("%s; not fetched again within %s", a.said(), t.cfg.Patience),
		"the event was acknowledged, the fetch failed, and nobody tried again: what the event was about is never seen (--settle waits longer than 30 s)",
	}
}

// effects asks the observers that count how often an event took effect. It reports false
// when nobody could say.
func (t *trial) effects(ctx context.Context, e *event) (counted bool, n int) {
	for _, o := range t.cfg.Observers {
		result, err := observe.Settle(ctx, o, map[string]observe.Expectation{e.ID: {Min: 1}}, observe.SettleConfig{Max: t.cfg.Settle})
		if err != nil || !result.Trusted {
			continue
		}
		counted, n = true, max(n, result.Effects[e.ID].Processed)
	}
	return counted, n
}
