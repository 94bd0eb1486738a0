package callback

import (
	"context"
	"fmt"

	"hookdrill/reports"
)

// same sends two events about one resource, the second when the receiver is done with the
// first: it must fetch the resource again, for it has changed again.
func (t *trial) same(ctx context.Context) finding {
	first := t.ordinary()
	second := t.ordinary()
	if len(t.types) > 1 {
		e, err := t.draw(t.types[1])
		if err != nil {
			return finding{reports.Error, "", "no event can be made: " + err.Error()}
		}
		second = e
	}
	second.name(first.TaskID)
	a := t.send(ctx, first, "the first event ("+first.Type+")")
	if !a.acknowledged() {
		return finding{reports.NotExercised, a.said(), "the first of the two events was not acknowledged"}
	}
	if !t.awaitFetch(ctx, first, 0) {
		return finding{reports.NotObserved, a.said(), "the resource of the first event was not fetched"}
	}
	t.rest(ctx)
	done := t.cfg.Witness.Total()
	b := t.send(ctx, second, "the second event ("+second.Type+")")
	if !b.acknowledged() {
		return finding{reports.Fail, a.said() + ", then " + b.said(), "a second event about the same resource was not acknowledged"}
	}
	if t.awaitFetch(ctx, second, done) {
		return finding{reports.Pass, fmt.Sprintf("%s, then %s; a fetch after each", a.said(), b.said()), ""}
	}
	if counted, n := t.effects(ctx, second); counted && n > 0 {
		return finding{reports.Pass, fmt.Sprintf("%s, then %s; the observer counts an effect of each", a.said(), b.said()), ""}
	}
	return finding{
		reports.Fail, fmt.Sprintf("%s, then %s; one fetch, and none for the second event within %s", a.said(), b.said(), t.cfg.Settle),
		"the second event was taken for a duplicate because it is about the same resource: that a run has ended is never learned",
	}
}
