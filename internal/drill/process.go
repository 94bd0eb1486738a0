package drill

import (
	"context"
	"fmt"
	"time"

	"hookdrill/reports"
)

const (
	// many is how many events a drill sends, every the time between two.
	many  = 60
	every = 20 * time.Millisecond
	// few is how many events stand for the others where more would prove no more.
	few = 8
	// begun is how long before a stop a request must have been sent to count as accepted.
	begun = 100 * time.Millisecond
	// downFor is how long the receiver stays down in an outage.
	downFor = 3 * time.Second
)

// between draws a number from low to high, both included.
func (t *trial) between(low, high int) int { return low + t.rng.IntN(high-low+1) }

func nothing(err error) verdict { return verdict{reports.Error, "", err.Error()} }

// quiet is a verdict when nothing was acknowledged to begin with.
func (t *trial) quiet() verdict {
	return verdict{reports.NotExercised, "", "the receiver acknowledged too few events before the fault, so nothing was proved"}
}

// killed: DUR-01.
func (t *trial) killed(ctx context.Context) verdict {
	acks := t.acknowledgements()
	points := []int{t.between(5, 20), t.between(30, 50)}
	f, err := t.flow(ctx, many, every)
	if err != nil {
		return nothing(err)
	}
	for i, k := range points {
		if !reach(ctx, acks, k) {
			if i == 0 {
				f.abandon()
				return t.quiet()
			}
			break // all has been delivered, or nothing comes any more, which the effects say
		}
		t.note("the %d. acknowledgement: the receiver is killed (SIGKILL)", k)
		t.cfg.Receiver.Kill()
		t.note("it is gone")
		if err := t.start(ctx); err != nil {
			f.abandon()
			return restarted(err)
		}
	}
	f.wait()
	return verdict{actual: fmt.Sprintf("killed after %d and %d acknowledgements", points[0], points[1])}
}

// stopped: DUR-02.
func (t *trial) stopped(ctx context.Context) verdict {
	acks := t.acknowledgements()
	k := t.between(10, 30)
	f, err := t.flow(ctx, many, every)
	if err != nil {
		return nothing(err)
	}
	if !reach(ctx, acks, k) {
		f.abandon()
		return t.quiet()
	}
	asked := t.since()
	t.note("the %d. acknowledgement: the receiver is asked to stop (SIGTERM)", k)
	took, inOrder := t.stop(stopLimit)
	if !inOrder {
		t.note("it is still there after %s, and is killed", stopLimit)
	} else {
		t.note("it is gone after %s", took.Round(time.Millisecond))
	}
	if err := t.start(ctx); err != nil {
		f.abandon()
		return restarted(err)
	}
	f.wait()
	if !inOrder {
		return verdict{reports.Fail, fmt.Sprintf("still there %s after SIGTERM", stopLimit), "a receiver that does not end is killed by whatever stops it, in the middle of what it does"}
	}
	if dropped := t.dropped(asked); len(dropped) > 0 {
		t.blame(dropped...)
		return verdict{
			reports.Fail, fmt.Sprintf("%d requests that it had begun were not answered", len(dropped)),
			"sent whole " + begun.String() + " or more before the SIGTERM and cut off by it: " + names(dropped),
		}
	}
	return verdict{actual: fmt.Sprintf("gone %s after SIGTERM", took.Round(time.Millisecond))}
}

// dropped are the events of which a request was under way, and sent whole, for some time when
// the receiver was asked to stop, and that request got no answer.
func (t *trial) dropped(asked time.Duration) (out []*event) {
	for _, e := range t.events {
		for _, a := range e.attempts {
			if a.start < asked-begun && a.end > asked && a.Sent && a.Status == 0 {
				out = append(out, e)
			}
		}
	}
	return out
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
	t.note("the receiver is asked to stop (SIGTERM)")
	took, _ := t.stop(patience)
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
	f, err := t.flow(ctx, many, 5*every)
	if err != nil {
		return nothing(err)
	}
	if !reach(ctx, acks, k) {
		f.abandon()
		return t.quiet()
	}
	t.note("the %d. acknowledgement: the receiver is stopped", k)
	t.stop(patience)
	t.note("it is gone, and stays away for %s", downFor)
	pause(ctx, downFor)
	if err := t.start(ctx); err != nil {
		f.abandon()
		return restarted(err)
	}
	f.wait()
	return verdict{actual: fmt.Sprintf("down for %s", downFor)}
}
