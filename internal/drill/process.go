package drill

import (
	"context"
	"errors"
	"fmt"
	"time"

	"hookdrill/reports"
)

const (
	// many is how many events a drill sends, every the time between two.
	many  = 60
	every = 20 * time.Millisecond
	// burst is how many events are under way at once when a fault comes.
	burst = 8
	// few is how many events stand for the others where more would prove no more.
	few = 8
	// begun is how long before a stop a lone request must have been sent to count as accepted.
	begun = 100 * time.Millisecond
	// downFor is how long the receiver stays down in an outage.
	downFor = 3 * time.Second
)

// between draws a number from low to high, both included.
func (t *trial) between(low, high int) int { return low + t.rng.IntN(high-low+1) }

// nothing is a verdict when a drill could not be carried out.
func nothing(err error) verdict {
	if _, is := errors.AsType[*unseenError](err); is {
		return verdict{reports.NotObserved, "", err.Error()}
	}
	return verdict{reports.Error, "", err.Error()}
}

// quiet is a verdict when nothing was acknowledged to begin with.
func (t *trial) quiet() verdict {
	return verdict{reports.NotExercised, "", "the receiver acknowledged too few events before the fault, so nothing was proved"}
}

// killed: DUR-01. A kill comes when several events are under way at once, and the first of them
// has just been acknowledged: the others then stand at every point between arrival and answer, where
// a receiver that notes, works and commits in the wrong order gives itself away.
func (t *trial) killed(ctx context.Context) verdict {
	if can, why := t.cfg.Receiver.Kills(); !can {
		return verdict{reports.NotExercised, "", why}
	}
	acks := t.acknowledgements()
	points := []int{t.between(5, 12), t.between(20, 30), t.between(40, 50)}
	f, err := t.flow(ctx, many, every, len(points))
	if err != nil {
		return nothing(err)
	}
	kills := 0
	for i, k := range points {
		if !reach(ctx, acks, k) {
			if i == 0 {
				f.abandon()
				return t.quiet()
			}
			break // all has been delivered, or nothing comes any more, which the effects say
		}
		t.note("the %d. acknowledgement: %d further events are sent at once", k, burst)
		if !f.volley(ctx, i) && i == 0 {
			f.abandon()
			return t.quiet()
		}
		t.note("one of them is acknowledged: the receiver is killed (%s)", t.kill())
		if err := t.cfg.Receiver.Kill(); err != nil {
			f.abandon()
			return unable(err)
		}
		kills++
		t.note("it is gone")
		if err := t.start(ctx); err != nil {
			f.abandon()
			return restarted(err)
		}
	}
	f.wait()
	return verdict{actual: fmt.Sprintf("killed %d times", kills)}
}

// stopped: DUR-02.
func (t *trial) stopped(ctx context.Context) verdict {
	acks := t.acknowledgements()
	k := t.between(10, 30)
	f, err := t.flow(ctx, many, every, 1)
	if err != nil {
		return nothing(err)
	}
	if !reach(ctx, acks, k) {
		f.abandon()
		return t.quiet()
	}
	t.note("the %d. acknowledgement: %d further events are sent at once", k, burst)
	if !f.volley(ctx, 0) {
		f.abandon()
		return t.quiet()
	}
	t.note("one of them is acknowledged: the receiver is asked to stop (%s)", t.asking())
	took, inOrder, err := t.end()
	if err != nil {
		f.abandon()
		return unable(err)
	}
	if err := t.start(ctx); err != nil {
		f.abandon()
		return restarted(err)
	}
	f.wait()
	if !inOrder {
		return verdict{reports.Fail, fmt.Sprintf("still there %s after %s", stopLimit, t.asking()), "a receiver that does not end is killed by whatever stops it, in the middle of what it does"}
	}
	if v, bad := t.alone(ctx); bad {
		return v
	}
	return verdict{actual: fmt.Sprintf("gone %s after %s", took.Round(time.Millisecond), t.asking())}
}

// end asks the receiver to stop and says how that went.
func (t *trial) end() (took time.Duration, inOrder bool, err error) {
	took, inOrder, err = t.stop(stopLimit)
	switch {
	case err != nil:
		t.note("that cannot be done: %v", err)
	case inOrder:
		t.note("it is gone after %s", took.Round(time.Millisecond))
	default:
		t.note("it is still there after %s, and is killed", stopLimit)
	}
	return took, inOrder, err
}

func (t *trial) asking() string {
	stop, _ := t.cfg.Receiver.Means()
	return stop
}

func (t *trial) kill() string {
	_, kill := t.cfg.Receiver.Means()
	return kill
}

// alone stops a receiver that takes its time for an event in the middle of one. Only a request
// with nothing beside it is judged: of several, a receiver of few threads may not have accepted
// all, and what waits at the door accuses nobody.
func (t *trial) alone(ctx context.Context) (verdict, bool) {
	usual := time.Duration(0)
	for range 3 { // the quickest of some: the first after a start is slow with many
		one, err := t.draw(1)
		if err != nil {
			return nothing(err), true
		}
		a := t.once(ctx, one[0])
		if took := a.end - a.start; usual == 0 || took < usual {
			usual = took
		}
	}
	t.retried(ctx, t.sent()) // a busy receiver may have turned one of them away
	if usual < 2*begun {
		return verdict{}, false // too quick to be met in the middle
	}
	one, err := t.draw(1)
	if err != nil {
		return nothing(err), true
	}
	t.note("an event alone takes %s: one is sent", usual.Round(time.Millisecond))
	answered := make(chan attempt, 1)
	go func() { answered <- t.once(ctx, one[0]) }()
	pause(ctx, begun)
	asked := t.since()
	t.note("%s later the receiver is asked to stop (%s)", begun, t.asking())
	_, _, err = t.end()
	a := <-answered
	if err != nil {
		return unable(err), true
	}
	if err := t.start(ctx); err != nil {
		return restarted(err), true
	}
	t.retried(ctx, t.events)
	if a.end < asked || !a.Sent || a.Status > 0 {
		return verdict{}, false
	}
	t.blame(one...)
	return verdict{
		reports.Fail, "a request that it had begun was not answered",
		fmt.Sprintf("%s was the only request, sent whole %s before the receiver was asked to stop (%s), and was cut off by that", one[0].EventID, begun, t.asking()),
	}, true
}

// copyAfterRestart: IDEM-10.
func (t *trial) copyAfterRestart(ctx context.Context) verdict {
	events, err := t.draw(few)
	if err != nil {
		return nothing(err)
	}
	if err := t.fresh(ctx, events); err != nil {
		return nothing(err)
	}
	for _, e := range events {
		t.deliver(ctx, e)
	}
	t.note("%d events have been delivered", len(events))
	if _, bad := t.undelivered(); bad {
		return t.quiet()
	}
	if v := t.effects(ctx, ""); v.status == reports.Fail {
		return verdict{reports.NotExercised, v.actual, "the events had not one effect each before the restart: " + v.why}
	}
	t.note("the receiver is asked to stop (%s)", t.asking())
	took, _, err := t.stop(patience)
	if err != nil {
		return unable(err)
	}
	t.note("it is gone after %s", took.Round(time.Millisecond))
	if err := t.start(ctx); err != nil {
		return restarted(err)
	}
	refused := 0
	for _, e := range events {
		if !t.once(ctx, e).acknowledged() {
			refused++
		}
	}
	t.note("copies of all have been sent, %d of them not acknowledged", refused)
	if refused == len(events) {
		return verdict{reports.NotExercised, "", "no copy was acknowledged after the restart, so it was not seen that they are looked at"}
	}
	return verdict{actual: "copies after a restart"}
}

// outage: DUR-06.
func (t *trial) outage(ctx context.Context) verdict {
	acks := t.acknowledgements()
	k := t.between(10, 20)
	f, err := t.flow(ctx, many, 5*every, 0)
	if err != nil {
		return nothing(err)
	}
	if !reach(ctx, acks, k) {
		f.abandon()
		return t.quiet()
	}
	t.note("the %d. acknowledgement: the receiver is stopped (%s)", k, t.asking())
	if _, _, err := t.stop(patience); err != nil {
		f.abandon()
		return unable(err)
	}
	t.note("it is gone, and stays away for %s", downFor)
	pause(ctx, downFor)
	if err := t.start(ctx); err != nil {
		f.abandon()
		return restarted(err)
	}
	f.wait()
	return verdict{actual: fmt.Sprintf("down for %s", downFor)}
}
