package zoo

import (
	"context"
	"crypto/sha256"
	"net/http"
	"time"
)

// seen are the requirements that look at effects, and so may meet one that an
// unreliable receiver lost.
func seen() []string {
	return ids("PAY-12", "IDEM-01", "IDEM-02", "IDEM-04", "IDEM-06", "IDEM-07", "IDEM-08", "IDEM-09", "RTY-01", "RTY-02", "RTY-03")
}

// seenAdvice is the same for advice.
func seenAdvice() []string { return ids("IDEM-05", "ORD-01") }

// effectDefects are the receivers whose effects are the wrong ones.
func effectDefects() []Animal {
	return []Animal{
		parsing("timeout-type-refused", "one documented type is refused: nobody wrote its handler",
			ids("SIG-01"), ids("PAY-12"), func(d *delivery, a *answer) *answer {
				if a == nil && d.event.state == "timeout" {
					return say(http.StatusBadRequest, "unknown type")
				}
				return a
			}),
		{
			Name: "failure-handler-fails-silently", Defect: "the handler of failed tasks throws, and the event is acknowledged all the same",
			Catches: ids("PAY-12", "LED-01"),
			// Wherever a failed task stands for any event.
			Also:   ids("IDEM-06", "IDEM-08"),
			Advice: ids("ORD-01"),
			breed: func(rc *receiver) {
				rc.take = func(d *delivery) *answer {
					if d.event.state == "failed" {
						return done()
					}
					return rc.processOnce(d)
				}
			},
		},
		parsing("failed-recorded-as-completed", "a failed task is recorded as completed",
			ids("PAY-12"), nil, func(d *delivery, a *answer) *answer {
				if d.event.state == "failed" {
					d.event.state = "completed"
				}
				return a
			}),
		{
			Name: "older-event-overwrites", Defect: "the state of a task is that of the event that came last, not of the newest",
			Catches: ids("ORD-01"),
			breed: func(rc *receiver) {
				rc.take = func(d *delivery) *answer {
					d.event.at = time.Now()
					return rc.processOnce(d)
				}
			},
		},
	}
}

// ledgerDefects are the receivers that lose what they acknowledged, or act on
// what they refused.
func ledgerDefects() []Animal {
	return []Animal{
		{
			Name: "loses-one-in-twenty-five", Defect: "one event in twenty-five is marked, fails, and is acknowledged",
			Catches: ids("LED-01"),
			Also:    seen(),
			Advice:  seenAdvice(),
			breed: func(rc *receiver) {
				rc.take = func(d *delivery) *answer {
					if h := sha256.Sum256([]byte(d.event.id)); h[0] >= 10 {
						return rc.processOnce(d)
					}
					rc.store.mark(rc.key(d))
					return done()
				}
			},
		},
		{
			Name: "queue-drops-when-full", Defect: "events are acknowledged into a queue of eight, and dropped when it is full",
			Catches: ids("LED-01"),
			Also:    seen(),
			Advice:  seenAdvice(),
			breed: func(rc *receiver) {
				queue := make(chan event, 8)
				rc.worker = func(ctx context.Context) {
					for {
						select {
						case e := <-queue:
							if pause(ctx, 10*time.Millisecond) != nil {
								return
							}
							rc.store.apply(e)
						case <-ctx.Done():
							return
						}
					}
				}
				rc.take = func(d *delivery) *answer {
					if !rc.store.mark(rc.key(d)) {
						return duplicate()
					}
					select {
					case queue <- d.event:
					default: // full: nobody hears of it
					}
					return done()
				}
			},
		},
		{
			Name: "doubles-one-in-twenty-five", Defect: "one event in twenty-five takes effect in the handler and again in a repair job",
			Catches: ids("LED-01"),
			Also:    seen(),
			Advice:  seenAdvice(),
			breed: func(rc *receiver) {
				rc.take = func(d *delivery) *answer {
					a := rc.processOnce(d)
					if h := sha256.Sum256([]byte(d.event.id)); h[0] < 10 && a.text == done().text {
						rc.store.apply(d.event)
					}
					return a
				}
			},
		},
		{
			Name: "stale-event-takes-effect", Defect: "an event that is not fresh is refused, after it took effect",
			Catches: ids("LED-02", "SIG-14"),
			breed: func(rc *receiver) {
				rc.fresh = func(d *delivery) *answer {
					a := rc.isFresh(d)
					if a != nil {
						rc.take(d)
					}
					return a
				}
			},
		},
	}
}
