package drill

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"sync"
	"time"

	"hookdrill/mockclaude"
	"hookdrill/observe"
	"hookdrill/reports"
)

// draw draws new events.
func (t *trial) draw(n int) ([]*event, error) {
	var out []*event
	for range n {
		types := t.cfg.Contract.Types
		e, err := mockclaude.NewEvent(t.cfg.Contract, types[t.rng.IntN(len(types))].Name, t.rng)
		if err != nil {
			return nil, fmt.Errorf("draw event: %w", err)
		}
		t.mu.Lock()
		one := &event{number: len(t.events) + 1, Delivery: mockclaude.Delivery{
			EventID: e.ID, Type: e.Type, TaskID: e.TaskID, Body: e.Template(t.cfg.Contract),
			// A kept connection that the receiver closes just then is nobody's fault.
			Header: []mockclaude.Field{{Name: "Connection", Value: "close"}},
		}}
		t.events = append(t.events, one)
		t.mu.Unlock()
		out = append(out, one)
	}
	return out, nil
}

// fresh makes sure that events were not processed before the drill: a seed that the receiver
// has seen would prove nothing.
func (t *trial) fresh(ctx context.Context, events []*event) error {
	ids := make([]string, len(events))
	for i, e := range events {
		ids[i] = e.EventID
	}
	for _, o := range t.cfg.Observers {
		effects, err := t.ask(ctx, o, ids)
		if err != nil {
			return &unseenError{err}
		}
		for _, id := range ids {
			if effects[id].Processed > 0 {
				return fmt.Errorf("seed %d was used against this receiver before; leave --seed out for a new one, or empty its store", t.cfg.Seed)
			}
		}
	}
	return nil
}

// unseenError says that an observer cannot be asked.
type unseenError struct{ err error }

func (e *unseenError) Error() string {
	return "the observer cannot be asked before the drill: " + e.err.Error()
}

func (e *unseenError) Unwrap() error { return e.err }

// ask asks an observer, and again for a time when it says that it is only now that it cannot answer.
func (t *trial) ask(ctx context.Context, o observe.Observer, ids []string) (map[string]observe.Effect, error) {
	end := t.since() + recovery
	for {
		effects, err := o.Effects(ctx, ids)
		seen, is := errors.AsType[*observe.Error](err)
		if err == nil || ctx.Err() != nil || !is || !seen.Temporary || t.since() > end {
			return effects, err //nolint:wrapcheck // it says what failed
		}
		pause(ctx, lookLimit/10)
	}
}

// once delivers an event once.
func (t *trial) once(ctx context.Context, e *event) attempt {
	start := t.since()
	x := t.cfg.Sender.Send(ctx, e.Delivery)
	a := attempt{start, t.since(), x}
	t.add(e, a)
	return a
}

// deliver delivers an event with the contract's retries, scaled, and after them until it is
// acknowledged or its time is over.
func (t *trial) deliver(ctx context.Context, e *event) { t.deliverTelling(ctx, e, nil) }

// deliverTelling also tells of the acknowledgement.
func (t *trial) deliverTelling(ctx context.Context, e *event, acknowledged chan<- struct{}) {
	last := t.since() + recovery
	for i := 0; ctx.Err() == nil; i++ {
		if t.once(ctx, e).acknowledged() {
			if acknowledged != nil {
				acknowledged <- struct{}{}
			}
			return
		}
		wait := time.Second
		if waits := t.cfg.Contract.Retries.Waits; i < len(waits) {
			wait = time.Duration(float64(waits[i]) / t.speed)
			last = t.since() + wait + recovery
		} else if t.since() > last {
			return
		}
		pause(ctx, wait)
	}
}

func pause(ctx context.Context, d time.Duration) {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
	case <-ctx.Done():
	}
}

// traffic delivers events, with retries, one after each wait, until it is waited for.
type traffic struct {
	t    *trial
	ctx  context.Context //nolint:containedctx // the traffic's own, ended by stop
	stop context.CancelFunc
	// steady are the events that come one after another, further those of volleys.
	steady, further []*event
	done            sync.WaitGroup
}

// flow begins to deliver n new events, an event every so often. So many volleys can be added to it.
func (t *trial) flow(ctx context.Context, n int, every time.Duration, volleys int) (*traffic, error) {
	f, err := t.prepare(ctx, n, volleys)
	if err == nil {
		f.begin(every)
	}
	return f, err
}

// prepare draws the events of a flow.
func (t *trial) prepare(ctx context.Context, n, volleys int) (*traffic, error) {
	all, err := t.draw(n + volleys*burst)
	if err != nil {
		return nil, err
	}
	if err := t.fresh(ctx, all); err != nil {
		return nil, err
	}
	f := &traffic{t: t, steady: all[:n], further: all[n:]}
	f.ctx, f.stop = context.WithCancel(ctx)
	return f, nil
}

// begin begins to deliver.
func (f *traffic) begin(every time.Duration) {
	f.t.note("%d events are sent, one every %s, and retried %.0f times as fast as in the contract", len(f.steady), every, f.t.speed)
	f.done.Go(func() {
		for _, e := range f.steady {
			f.done.Go(func() { f.t.deliver(f.ctx, e) })
			pause(f.ctx, every)
		}
	})
}

// volley delivers the events of the i-th volley, all at once, and returns when the first
// of them is acknowledged; false when none is for a time.
func (f *traffic) volley(ctx context.Context, i int) bool {
	first := make(chan struct{}, burst)
	for _, e := range f.further[i*burst : (i+1)*burst] {
		f.done.Go(func() { f.t.deliverTelling(f.ctx, e, first) })
	}
	limit := time.NewTimer(30 * time.Second)
	defer limit.Stop()
	select {
	case <-first:
		return true
	case <-limit.C:
	case <-ctx.Done():
	}
	return false
}

func (f *traffic) wait() {
	f.done.Wait()
	f.stop()
	f.t.note("every event has been delivered, or given up")
}

// abandon ends the traffic where it is.
func (f *traffic) abandon() {
	f.stop()
	f.done.Wait()
}

// reach waits until so many events are acknowledged. It is false when ctx ended, or
// nothing was acknowledged for a time.
func reach(ctx context.Context, acks <-chan int, k int) bool {
	limit := time.NewTimer(30 * time.Second)
	defer limit.Stop()
	for {
		select {
		case n := <-acks:
			if n >= k {
				return true
			}
		case <-limit.C:
			return false
		case <-ctx.Done():
			return false
		}
	}
}

// sent are the events that were sent at all.
func (t *trial) sent() (out []*event) {
	for _, e := range t.events {
		if len(e.attempts) > 0 {
			out = append(out, e)
		}
	}
	return out
}

// undelivered says which events were never acknowledged, though they should be in the end.
func (t *trial) undelivered() (verdict, bool) {
	var never []*event
	sent := t.sent()
	for _, e := range sent {
		if !e.acknowledged() {
			never = append(never, e)
		}
	}
	if len(never) == 0 {
		return verdict{}, false
	}
	t.blame(never...)
	last := never[0].attempts[len(never[0].attempts)-1].said()
	return verdict{
		reports.Fail, fmt.Sprintf("%d of %d events were never acknowledged", len(never), len(sent)),
		fmt.Sprintf("%d events were not acknowledged by any retry, nor %s later: %s (in the end: %s)", len(never), recovery, names(never), last),
	}, true
}

// effects judges the effects of all events: each acknowledged one must have exactly one.
func (t *trial) effects(ctx context.Context, actual string) verdict {
	if v, bad := t.undelivered(); bad {
		return v
	}
	if len(t.cfg.Observers) == 0 {
		return verdict{reports.NotObserved, actual, "nothing wrong was answered, and nobody could say what the receiver did with it (--observe)"}
	}
	expect := map[string]observe.Expectation{}
	sent := t.sent()
	for _, e := range sent {
		expect[e.EventID] = observe.Expectation{Min: 1, Max: 1}
	}
	for _, o := range t.cfg.Observers {
		result, err := observe.Settle(ctx, o, expect, observe.SettleConfig{Max: t.cfg.Settle})
		if err != nil {
			return verdict{reports.NotObserved, actual, "the observer cannot be asked: " + err.Error()}
		}
		if !result.Trusted {
			return verdict{reports.NotObserved, actual, "the observer cannot be trusted: " + result.Why}
		}
		var lost, doubled []*event
		for _, e := range sent {
			e.effect, e.seen = result.Effects[e.EventID].Processed, true
			switch {
			case e.effect == 0:
				lost = append(lost, e)
			case e.effect > 1:
				doubled = append(doubled, e)
			}
		}
		t.note("after %s of waiting %d events were looked at: %d have no effect, %d more than one", result.Waited.Round(100*time.Millisecond), len(sent), len(lost), len(doubled))
		if len(lost)+len(doubled) > 0 {
			t.blame(lost...)
			t.blame(doubled...)
			var why []string
			if len(lost) > 0 {
				why = append(why, fmt.Sprintf("acknowledged and not processed %s later: %s", result.Waited.Round(time.Second), names(lost)))
			}
			if len(doubled) > 0 {
				why = append(why, "processed more than once: "+names(doubled))
			}
			return verdict{reports.Fail, fmt.Sprintf("of %d events %d lost, %d processed twice", len(sent), len(lost), len(doubled)), strings.Join(why, "; ")}
		}
	}
	if actual != "" {
		actual += "; "
	}
	return verdict{reports.Pass, fmt.Sprintf("%s%d events, each with one effect", actual, len(sent)), ""}
}

// look asks once what became of the events that show what is wrong, where nobody has asked yet:
// for the timeline alone.
func (t *trial) look(ctx context.Context) {
	var ids []string
	for _, e := range t.blamed {
		if !e.seen {
			ids = append(ids, e.EventID)
		}
	}
	if len(t.cfg.Observers) == 0 || len(ids) == 0 {
		return
	}
	ctx, cancel := context.WithTimeout(ctx, lookLimit)
	defer cancel()
	effects, err := t.cfg.Observers[0].Effects(ctx, ids)
	if err != nil {
		return
	}
	for _, e := range t.blamed {
		if !e.seen {
			e.effect, e.seen = effects[e.EventID].Processed, true
		}
	}
}

// lookLimit bounds that question.
const lookLimit = 5 * time.Second
