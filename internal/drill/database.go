package drill

import (
	"context"
	"fmt"
	"slices"
	"sync"
	"time"

	"hookdrill/mockclaude"
	"hookdrill/reports"
)

const (
	// flood is how many events come at once while the database is slow, slow how much
	// longer it takes.
	flood = 200
	slow  = time.Second
	// wave is how many events come at once before the fault, waves how often.
	wave, waves = 40, 3
	// normal is how long after the fault answers may take to be quick again, unless the receiver
	// needs longer for what piled up, and inARow how many quick ones prove it.
	normal = 10 * time.Second
	inARow = 5
)

// database says why a drill with the database cannot be carried out.
func (t *trial) database(ctx context.Context) (verdict, bool) {
	if t.cfg.Database == nil {
		return verdict{reports.NotApplicable, "", "the receiver was given no database (DATABASE_URL)"}, true
	}
	events, err := t.draw(few)
	if err != nil {
		return nothing(err), true
	}
	if err := t.fresh(ctx, events); err != nil {
		return nothing(err), true
	}
	for _, e := range events {
		t.deliver(ctx, e)
	}
	if _, bad := t.undelivered(); bad {
		return t.quiet(), true
	}
	t.note("%d events have been delivered", len(events))
	if !t.cfg.Database.Used() {
		return verdict{reports.NotApplicable, "", "the receiver does not use the database of its DATABASE_URL"}, true
	}
	return verdict{}, false
}

// together delivers events once, at the same time.
func (t *trial) together(ctx context.Context, events []*event) []attempt {
	out := make([]attempt, len(events))
	var all sync.WaitGroup
	for i, e := range events {
		all.Go(func() { out[i] = t.once(ctx, e) })
	}
	all.Wait()
	return out
}

// retried delivers what was not acknowledged.
func (t *trial) retried(ctx context.Context, events []*event) {
	var all sync.WaitGroup
	for _, e := range events {
		if !e.acknowledged() {
			all.Go(func() { t.deliver(ctx, e) })
		}
	}
	all.Wait()
	t.note("the retries are over")
}

// judged says what is wrong with the answers of a fault: a 2xx, none at all, or one that
// tells the sender not to come again.
func (t *trial) judged(events []*event, answers []attempt, fault string) (verdict, bool) {
	var accepted, silent, wrong []*event
	for i, a := range answers {
		switch {
		case a.acknowledged():
			accepted = append(accepted, events[i])
		case a.Status == 0:
			silent = append(silent, events[i])
		case a.Status < 500 && a.Status != 429 && a.Status != 408:
			wrong = append(wrong, events[i])
		}
	}
	t.note("%d events sent %s: %d acknowledged, %d without an answer", len(events), fault, len(accepted), len(silent))
	switch {
	case len(accepted) > 0:
		t.blame(accepted...)
		return verdict{reports.Fail, fmt.Sprintf("%d of %d events acknowledged %s", len(accepted), len(events), fault), "nothing could be stored then, and an acknowledged event is never sent again: " + names(accepted)}, true
	case len(silent) > 0:
		t.blame(silent...)
		return verdict{reports.Fail, fmt.Sprintf("%d of %d events without an answer %s", len(silent), len(events), fault), "want a 5xx within the sender's time limit; the first: " + answerOf(silent[0])}, true
	case len(wrong) > 0:
		t.blame(wrong...)
		return verdict{reports.Fail, fmt.Sprintf("%d of %d events answered with %d %s", len(wrong), len(events), wrong[0].attempts[0].Status, fault), "want a 5xx, which says that the receiver, not the event, is in trouble"}, true
	}
	return verdict{}, false
}

func answerOf(e *event) string {
	a := e.attempts[0]
	return fmt.Sprintf("%s after %s", a.said(), (a.end - a.start).Round(time.Millisecond))
}

// withoutDatabase: DUR-03.
func (t *trial) withoutDatabase(ctx context.Context) verdict {
	if v, not := t.database(ctx); not {
		return v
	}
	t.cfg.Database.Cut()
	t.note("the database is cut off: connections are closed, new ones refused")
	return t.during(ctx, "while the database was gone")
}

// silentDatabase: DUR-04.
func (t *trial) silentDatabase(ctx context.Context) verdict {
	if v, not := t.database(ctx); not {
		return v
	}
	if err := t.cfg.Database.Silence(); err != nil {
		return nothing(err)
	}
	t.note("the database is silent: connections are accepted, and nothing is answered")
	return t.during(ctx, "while the database was silent")
}

// during sends events while the database is away, heals it, and delivers the events.
func (t *trial) during(ctx context.Context, fault string) verdict {
	events, err := t.draw(few)
	if err != nil {
		return nothing(err)
	}
	answers := t.together(ctx, events)
	bad, is := t.judged(events, answers, fault)
	if err := t.cfg.Database.Heal(ctx); err != nil {
		return nothing(err)
	}
	t.note("the database is there again")
	if is {
		return bad
	}
	t.retried(ctx, events)
	return verdict{actual: "refused " + fault + ", delivered afterwards"}
}

// slowDatabase: DUR-05.
func (t *trial) slowDatabase(ctx context.Context) verdict {
	if v, not := t.database(ctx); not {
		return v
	}
	// A receiver opens connections as it needs them: those that it has when the fault comes are
	// those that it can lose by it.
	before, err := t.paced(ctx)
	if err != nil {
		return nothing(err)
	}
	if err := t.cfg.Database.Slow(slow); err != nil {
		return nothing(err)
	}
	t.note("every answer of the database takes %s longer; %d events come at once", slow, flood)
	events, err := t.draw(flood)
	if err != nil {
		return nothing(err)
	}
	answers := t.together(ctx, events)
	t.note("%d of %d were acknowledged; the others are sent again", len(events)-unanswered(events), len(events))
	answers = append(answers, t.together(ctx, slices.DeleteFunc(slices.Clone(events), (*event).acknowledged))...)
	acknowledged := len(events) - unanswered(events)
	t.note("%d of %d were acknowledged", acknowledged, len(events))
	if err := t.cfg.Database.Heal(ctx); err != nil {
		return nothing(err)
	}
	healed := t.since()
	t.note("the database is quick again")
	if v, bad := t.quickAgain(ctx, before, givenUp(answers)); bad {
		return v
	}
	took := t.since() - healed
	t.retried(ctx, t.events)
	return verdict{actual: fmt.Sprintf("%d of %d acknowledged while it was slow, quick again after %s", acknowledged, len(events), took.Round(100*time.Millisecond))}
}

// paced sends events in waves, while all is well, and says how fast the receiver was with them and with
// those that came alone before.
func (t *trial) paced(ctx context.Context) (pace, error) {
	var lone, all []time.Duration
	for _, e := range t.sent() {
		a := e.attempts[len(e.attempts)-1]
		lone = append(lone, a.end-a.start)
	}
	for range waves {
		events, err := t.draw(wave)
		if err != nil {
			return pace{}, err
		}
		start := t.since()
		t.together(ctx, events)
		all = append(all, t.since()-start)
	}
	return paceOf(time.Duration(t.cfg.Contract.Levels.P99), lone, all, wave), nil
}

// givenUp counts the requests that the sender did not wait for any longer.
func givenUp(answers []attempt) (n int) {
	for _, a := range answers {
		if a.Err == mockclaude.ErrTimeout {
			n++
		}
	}
	return n
}

// quickAgain says what is wrong with a receiver that is not quick again, with so many requests that the
// sender gave up. One that is no quicker after a restart, without any fault, is not accused: then it is the
// machine that is slow, or the receiver always was.
func (t *trial) quickAgain(ctx context.Context, before pace, left int) (verdict, bool) {
	allowed := before.allows(left)
	last, ok := t.recovers(ctx, before.quick, allowed)
	if ok || ctx.Err() != nil {
		return verdict{}, false
	}
	t.note("answers are not quick again %s later: is the receiver quick after a restart?", allowed)
	if _, _, err := t.stop(patience); err != nil {
		return unable(err), true
	}
	if err := t.start(ctx); err != nil {
		return restarted(err), true
	}
	blamed := slices.Clone(t.blamed)
	if slowest, quick := t.recovers(ctx, before.quick, normal); !quick {
		return verdict{reports.NotExercised, "", fmt.Sprintf("answers were no quicker after a restart, without any fault (the last one: %s): this machine was too busy to tell", slowest)}, true
	}
	t.note("after a restart it is quick")
	t.blamed = blamed
	return verdict{
		reports.Fail, fmt.Sprintf("answers were not quick again %s after the database was, and after a restart they were", allowed),
		fmt.Sprintf("want %d answers with 2xx in a row, each within %s; the last one: %s", inARow, before.quick, last),
	}, true
}

// recovers sends events until some in a row are answered quickly, for as long as is allowed.
func (t *trial) recovers(ctx context.Context, limit, allowed time.Duration) (last string, ok bool) {
	began, quick := t.since(), 0
	for ctx.Err() == nil {
		events, err := t.draw(1)
		if err != nil {
			return err.Error(), false
		}
		a := t.once(ctx, events[0])
		if a.acknowledged() && a.end-a.start < limit {
			quick++
		} else {
			quick = 0
			t.blame(events[0])
		}
		last = answerOf(events[0])
		if quick == inARow {
			return last, true
		}
		if t.since()-began > allowed {
			return last, false
		}
		pause(ctx, 100*time.Millisecond)
	}
	return last, false
}
