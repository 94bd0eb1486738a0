package reference

import (
	"context"
	"errors"
	"time"
)

// ErrStoreClosed is what a Store's methods return once it is closed.
var ErrStoreClosed = errors.New("store is closed")

// StatusIgnored is the status of an event that is about no task: one whose
// type the receiver does not know. It counts as processed all the same.
const StatusIgnored = "ignored"

// Outcome says what recording an event came to.
type Outcome int

// The outcomes of [Store.Record]. The zero value is none of them.
const (
	// OutcomeNew: the id was unknown, and the effect was applied.
	OutcomeNew Outcome = iota + 1
	// OutcomeDuplicate: the id was known, and nothing was changed.
	OutcomeDuplicate
	// OutcomeAccepted: the id was unknown, and the event is stored together
	// with the work that will apply its effect. Stores that apply effects
	// later return it in place of OutcomeNew.
	OutcomeAccepted
)

// String returns new, duplicate, accepted or unknown.
func (o Outcome) String() string {
	switch o {
	case OutcomeNew:
		return "new"
	case OutcomeDuplicate:
		return "duplicate"
	case OutcomeAccepted:
		return "accepted"
	default:
		return "unknown"
	}
}

// Event is a verified, well-formed event on its way into a store.
type Event struct {
	// ID identifies the event. It is opaque, is never trimmed or folded, and
	// may hold any valid UTF-8, NUL included.
	ID string
	// Type is the event's type as the sender wrote it.
	Type string
	// Timestamp is when the event happened, as the sender has it; it puts events
	// about one task in order.
	Timestamp time.Time
	// TaskID is the task, or whatever else has a state, that the event is about;
	// "" if it is about none.
	TaskID string
	// Status is what the event makes of its task, such as completed: at most 64
	// letters, digits, - and _; "" if it is about none.
	Status string
	// Result and Error are JSON as the sender wrote it; nil when absent.
	Result, Error []byte
	// Payload is the raw body.
	Payload []byte
	// Fetch is the path, on the sender's API, of the resource that the event is
	// about; "" if nothing is to be fetched. A store that is no [FetchStore]
	// ignores it.
	Fetch string
	// Received is when the receiver got the event.
	Received time.Time
}

// Effect is what a store says an event did.
type Effect struct {
	// Processed counts how often the effect was applied. It is counted from
	// the rows that the effect itself writes, never from the dedupe rows, so
	// that a broken dedupe shows as 2.
	Processed int `json:"processed"`
	// Status is the present status of the event's task, or [StatusIgnored].
	Status string `json:"status,omitempty"`
}

// Store remembers events and applies their effects. Every method is safe for
// concurrent use, by several processes on the same data as well. Package
// storetest holds the suite that every store has to pass.
type Store interface {
	// Record makes an event take effect exactly once. In one transaction it
	// inserts the id and, only if the id was new, applies the effect: a row in
	// the audit log, and the task's state unless that state comes from an
	// event with a later Timestamp (of two with the same, the one recorded
	// last stays). A store that puts the effect off stores the work for it in
	// that transaction and returns OutcomeAccepted.
	//
	// When it returns nil, the event and its effect survive a crash. When it
	// returns an error, they may or may not have been stored, and recording
	// the event again finds out. Ids are compared byte by byte. ctx bounds the
	// wait.
	Record(ctx context.Context, event Event) (Outcome, error)

	// Effects returns what the events with these ids did. An id that took no
	// effect is absent. It sees everything that Record has returned for.
	Effects(ctx context.Context, ids []string) (map[string]Effect, error)

	// Prune forgets the ids of events received before the given time and
	// returns how many. Task states and the audit log stay.
	Prune(ctx context.Context, before time.Time) (int64, error)

	// Ping reports whether Record could succeed now: nil, or why it could not.
	// It is cheap and changes nothing. ctx bounds the wait.
	Ping(ctx context.Context) error

	// Close finishes what was accepted and lets go of the data. Later calls of
	// any other method return [ErrStoreClosed]; a second Close does nothing.
	Close() error
}
