package callback

import (
	"context"
	"fmt"
	"time"

	"hookdrill/reports"
)

// slow sends an event while the API takes its time: it must be acknowledged all the same.
func (t *trial) slow(ctx context.Context) finding {
	e := t.ordinary()
	t.behave(e)
	a := t.send(ctx, e, "the event")
	fetched := t.awaitFetch(ctx, e, 0)
	t.cfg.Witness.Clear(e.TaskID) // whoever works behind the answer need not wait
	if !fetched {
		return finding{reports.NotObserved, a.said(), "the resource was not fetched, so the receiver never met a slow API"}
	}
	call := t.about(e)[0]
	waited := a.came.Sub(call.Began)
	took := a.Duration.Round(time.Millisecond)
	switch {
	case !a.acknowledged():
		return finding{
			reports.Fail, fmt.Sprintf("%s after %s", a.said(), took),
			"while the API is slow no event is acknowledged: the sender repeats them all, on top of the new ones",
		}
	case waited >= t.call.Delay/2 || !call.Ended.IsZero() && a.came.After(call.Ended) && call.Began.Before(a.came):
		return finding{
			reports.Fail, fmt.Sprintf("%s after %s, of which %s waiting for the API", a.said(), took, waited.Round(time.Millisecond)),
			"the answer waits for the API: when that is slow the sender's time is up, and it sends again what is being worked on",
		}
	}
	return finding{reports.Pass, fmt.Sprintf("%s after %s, while the API had not answered", a.said(), took), ""}
}
