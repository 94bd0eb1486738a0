package callback

import (
	"context"
	"net"
	"slices"
	"time"

	"hookdrill/internal/plan"
	"hookdrill/mockclaude/witness"
)

// look sends one event of each type whose resource the API has, and learns for which the
// receiver fetches it: the trials are made with these.
func (t *Trials) look(ctx context.Context) {
	t.looked = true
	run := newTrial(t, &plan.Case{ID: "API/which types are fetched"})
	var sent []*event
	acked := 0
	for _, typ := range t.cfg.Contract.Types {
		if !witness.Fetchable(typ.Name) || ctx.Err() != nil {
			continue
		}
		e, err := run.draw(typ.Name)
		if err != nil {
			t.blind = "no event can be made: " + err.Error()
			return
		}
		if run.send(ctx, e, "which types are fetched").acknowledged() {
			acked++
		}
		sent = append(sent, e)
	}
	if acked == 0 {
		t.blind = "no ordinary event was acknowledged, so nothing is proved"
		return
	}
	seen := func(e *event) bool { return len(t.about(e)) > 0 }
	t.wait(ctx, t.cfg.Settle, func() bool { return !slices.ContainsFunc(sent, func(e *event) bool { return !seen(e) }) })
	for _, e := range sent {
		if calls := t.about(e); len(calls) > 0 {
			t.fetched = append(t.fetched, e.Type)
			t.host, _, _ = net.SplitHostPort(calls[0].Host) // without a port it is on 80, and not ours to know
		}
	}
	if len(t.fetched) == 0 {
		t.blind = "the receiver fetched nothing at the witness for any type of event, so there is nothing to judge: " +
			"it has no use for the resources, or does not heed ANTHROPIC_BASE_URL (" + t.cfg.Witness.URL() + ")"
	}
}

// about lists the calls about an event's resource.
func (t *Trials) about(e *event) []witness.Call {
	return t.cfg.Witness.Calls(func(c witness.Call) bool { return !c.Trapped && c.About(e.TaskID) })
}

// wait waits until done, for so long at most.
func (t *Trials) wait(ctx context.Context, limit time.Duration, done func() bool) bool {
	ctx, cancel := context.WithTimeout(ctx, limit)
	defer cancel()
	return t.cfg.Witness.Wait(ctx, done)
}
