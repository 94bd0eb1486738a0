// Package observe learns what a target did with the events it was sent: which
// of them took effect, and how often.
//
// A receiver's answers cannot show that; somebody who sees its data can. An
// [Observer] asks them, by HTTP ([Probe]) or with a query ([SQL]), and [Settle]
// asks until the effects stand still. Somebody who sees only what the receiver
// fetches ([Witness]) can say less, and is a [Partial] observer. The package must not know what was sent
// or which effects are right: it only says what was seen, and whether that can
// be trusted.
package observe

import (
	"context"
	"fmt"
	"strings"
	"unicode/utf8"
)

// Observer says what became of events.
type Observer interface {
	// Kind is a word for the way of observing: probe, sql or witness.
	Kind() string
	// Source says where the answers come from, without passwords or tokens.
	Source() string
	// Effects returns the effects of the events with these ids. An id that is
	// absent from the result had no effect. Ids that are not [Askable] are left
	// out, so absence says nothing about them. Errors about what the other side
	// did wrong are of type [*Error].
	Effects(ctx context.Context, ids []string) (map[string]Effect, error)
}

// Effect is what one event did.
type Effect struct {
	// Processed counts how often the event took effect; 0 is never.
	Processed int `json:"processed"`
	// Status is the present state of the task that the event is about, such as
	// completed; "" when the observer does not say.
	Status string `json:"status,omitempty"`
}

// Error says why an observer could not be understood, and what would mend it.
type Error struct {
	// Source is the observer's Source.
	Source string
	// Problem is a sentence without a full stop, and Mend an instruction.
	Problem, Mend string
	// Temporary is true when asking again may help.
	Temporary bool
	// Err is the cause, or nil. It may hold what Source leaves out: print the
	// Error, not its cause.
	Err error
}

func (e *Error) Error() string {
	return fmt.Sprintf("observe %s: %s; %s", e.Source, e.Problem, e.Mend)
}

func (e *Error) Unwrap() error { return e.Err }

// Askable reports whether observers can be asked about an event id. They cannot
// about an empty one, and about one that holds a NUL or invalid UTF-8, which
// neither JSON nor a database's text can carry unchanged.
func Askable(id string) bool {
	return id != "" && utf8.ValidString(id) && !strings.ContainsRune(id, 0)
}

// askable returns the ids that can be asked about, each once, in their order.
func askable(ids []string) []string {
	seen := make(map[string]bool, len(ids))
	var kept []string
	for _, id := range ids {
		if Askable(id) && !seen[id] {
			seen[id] = true
			kept = append(kept, id)
		}
	}
	return kept
}
