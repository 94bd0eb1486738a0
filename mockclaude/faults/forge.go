package faults

import (
	"math/rand/v2"

	"hookdrill/mockclaude"
	"hookdrill/mockclaude/engine"
)

// forge sends a forged request of the event before the attempt. It has the
// event's id, so that a receiver which takes it does not take the event.
type forge struct{ how string }

const anyForgery = "any"

func forgeries() []string {
	return []string{"other_key", "unsigned", "altered_body", "garbage", "truncated", "empty"}
}

func newForge(o *options) Fault {
	return forge{o.word("how", anyForgery, append([]string{anyForgery}, forgeries()...), "what is wrong with the signature; any draws one")}
}

// Change implements [Fault].
func (f forge) Change(m *engine.Move, rng *rand.Rand) {
	how := f.how
	if how == anyForgery {
		how = forgeries()[rng.IntN(len(forgeries()))]
	}
	forged := m.Request
	switch how {
	case "other_key":
		forged.Sign = mockclaude.Sign{Mode: mockclaude.SignKey, Key: "whsec_forged by somebody who does not know the key"}
	case "unsigned":
		forged.Sign = mockclaude.Sign{Mode: mockclaude.SignNone}
	case "altered_body":
		forged.After = []mockclaude.Change{{Op: "append", Text: " "}} // the same JSON, but not the signed bytes
	case "garbage":
		forged.Sign = mockclaude.Sign{Mode: mockclaude.SignLiteral, Value: "deadbeef"}
	case "truncated":
		forged.Sign = mockclaude.Sign{Cut: -8, CutSet: true}
	case "empty":
		forged.Sign = mockclaude.Sign{Mode: mockclaude.SignLiteral}
	}
	m.Before = append(m.Before, engine.Extra{Request: forged})
}
