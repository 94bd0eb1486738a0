package callback

import (
	"context"
	"fmt"
	"slices"

	"hookdrill/mockclaude"
	"hookdrill/mockclaude/witness"
	"hookdrill/reports"
	"hookdrill/scenarios"
)

// forged sends a forged event between two ordinary ones: nobody may call the API for it.
func (t *trial) forged(ctx context.Context) finding {
	if why := t.twin(ctx, "before"); why != "" {
		return finding{reports.NotExercised, "", why}
	}
	e := t.ordinary()
	d := t.delivery(e)
	marks := []string{e.TaskID}
	switch t.call.Forge {
	case scenarios.ForgeUnsigned:
		d.Sign = mockclaude.Sign{Mode: mockclaude.SignNone}
	case scenarios.ForgeSwapped:
		other := t.ordinary()
		d.After = []mockclaude.Change{{Op: "replace", Old: quote(e.TaskID), Text: quote(other.TaskID)}}
		d.TaskID = other.TaskID
		marks = append(marks, other.TaskID)
	default:
		d.Sign = mockclaude.Sign{Mode: mockclaude.SignKey, Key: t.key()}
	}
	a := t.deliver(ctx, d, "the forged event")
	why := t.twin(ctx, "behind")
	t.rest(ctx)
	calls := t.cfg.Witness.Calls(func(c witness.Call) bool {
		return slices.ContainsFunc(marks, c.Holds)
	})
	switch {
	case len(calls) > 0:
		when := "before it had answered"
		if calls[0].Began.After(a.came) {
			when = "after it had answered"
		}
		return finding{
			reports.Fail, fmt.Sprintf("%s; calls: %d, the first: %s", a.said(), len(calls), shown(calls[0])),
			"a forged event made the receiver call the API " + when + ": whoever knows the endpoint can spend its quota, and have it fetch what he likes",
		}
	case why != "":
		return finding{reports.NotExercised, a.said(), why}
	}
	return finding{reports.Pass, a.said() + "; no call, and one for each ordinary event beside it", ""}
}

// key is a key that nobody has, of the kind that the contract's keys are.
func (t *trial) key() string {
	var raw [32]byte
	for i := range raw {
		raw[i] = byte(t.rng.IntN(256)) //nolint:gosec // it is below 256
	}
	return keyText(raw[:])
}
