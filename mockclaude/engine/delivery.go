package engine

import (
	"time"

	"hookdrill/mockclaude"
)

// State is how far a delivery is.
type State string

// The states of a delivery.
const (
	// Pending: it waits for its next attempt.
	Pending State = "pending"
	// InFlight: an attempt is under way.
	InFlight State = "in_flight"
	// Delivered: an attempt was answered with 2xx.
	Delivered State = "delivered"
	// Abandoned: the last attempt failed; it is a dead letter.
	Abandoned State = "abandoned"
	// Canceled: its endpoint was deleted before it could be delivered.
	Canceled State = "canceled"
)

// States lists the states in the order of a delivery's life.
func States() []State { return []State{Pending, InFlight, Delivered, Abandoned, Canceled} }

// Event is something that happened, which endpoints are told of.
type Event struct {
	ID     string
	Type   string
	TaskID string
	// Body is the template of the body, see [mockclaude.Expand]; {{stamp}} in it
	// becomes the moment of an attempt.
	Body string
}

// Delivery is one event on its way to one endpoint, as it stands.
type Delivery struct {
	// ID numbers deliveries from 1, in the order in which they were accepted.
	ID       uint64 `json:"id"`
	Endpoint string `json:"endpoint"`
	EventID  string `json:"event_id"`
	Type     string `json:"type"`
	TaskID   string `json:"task_id,omitempty"`
	State    State  `json:"state"`
	// Attempts counts the attempts made so far; a duplicate or a forgery that a
	// fault sent beside one is none.
	Attempts int `json:"attempts"`
	// Created is when the event was accepted.
	Created time.Time `json:"created"`
	// Due is when the next attempt is due, the zero time when there is none.
	Due time.Time `json:"due,omitzero"`
	// Finished is when the delivery was delivered, abandoned or canceled.
	Finished time.Time `json:"finished,omitzero"`
	// Status and Err are those of the last attempt.
	Status int                `json:"status,omitempty"`
	Err    mockclaude.ErrKind `json:"err,omitempty"`
	// Redelivery is the delivery that this one repeats by request, 0 for none.
	Redelivery uint64 `json:"redelivery_of,omitempty"`
	// Body is the template of the body. Lists leave it out.
	Body string `json:"body,omitempty"`
}

// Attempt is one request that was made for a delivery.
type Attempt struct {
	// ID numbers requests in the order in which they ended.
	ID       uint64 `json:"id"`
	Delivery uint64 `json:"delivery"`
	Endpoint string `json:"endpoint"`
	EventID  string `json:"event_id"`
	Type     string `json:"type"`
	// Number counts the attempts of the delivery from 1.
	Number int `json:"number"`
	// Fault is the fault that shaped it, "" for none.
	Fault string `json:"fault,omitempty"`
	// Extra is true for a request beside the attempt, such as a duplicate or a
	// forgery: its answer decides nothing.
	Extra bool `json:"extra,omitempty"`
	// Late is true when the engine had given up on it before it ended.
	Late bool `json:"late,omitempty"`
	// OK is true when it was acknowledged with a 2xx that the engine saw.
	OK bool `json:"ok"`
	// Why says, where OK is false, what the failure was.
	Why string `json:"why,omitempty"`
	// NextWait is the wait before the next attempt in seconds, as the contract counts
	// it, before any speed; 0 when there is none.
	NextWait float64 `json:"next_wait_s,omitempty"`
	// Exchange is the evidence. Its Request, Response and so on are redacted.
	mockclaude.Exchange
}

// Endpoint is a subscription: a URL that wants events of some types.
type Endpoint struct {
	ID  string `json:"id"`
	URL string `json:"url"`
	// Types are the types that it wants; none means all.
	Types []string `json:"types,omitempty"`
	// Concurrency is how many attempts may be under way at once.
	Concurrency int `json:"concurrency"`
	// KeyID is a public name of the signing key.
	KeyID   string    `json:"key_id"`
	Created time.Time `json:"created"`
	// Disabled says why nothing is sent to it, "" while it is enabled.
	Disabled string `json:"disabled,omitempty"`
	Paused   bool   `json:"paused,omitempty"`
	// Failures counts the deliveries abandoned in a row.
	Failures int `json:"failures,omitempty"`
	// Pending and InFlight count its deliveries of those states.
	Pending  int `json:"pending"`
	InFlight int `json:"in_flight"`
}

// Filter selects deliveries or attempts. Its zero value selects all.
type Filter struct {
	Endpoint string
	EventID  string
	Type     string
	TaskID   string // deliveries only
	State    State  // deliveries only
	Delivery uint64 // attempts only
	Fault    string // attempts only
	// Failed selects attempts with OK false and Extra false. Attempts only.
	Failed bool
	// Since and Until bound the moment of creation, or of an attempt's start:
	// Since is included, Until is not.
	Since, Until time.Time
	// Before continues a list: only what has a smaller ID.
	Before uint64
	// Limit bounds the list; 0 is 100, and 1000 is the most.
	Limit int
}

// Stats counts what the engine has done since it was made or, with a journal,
// since the journal was begun.
type Stats struct {
	Accepted  uint64 `json:"accepted"`
	Delivered uint64 `json:"delivered"`
	Abandoned uint64 `json:"abandoned"`
	Canceled  uint64 `json:"canceled"`
	// Attempts counts attempts, Failed those of them that failed; Extra counts
	// the requests beside them.
	Attempts uint64 `json:"attempts"`
	Failed   uint64 `json:"failed"`
	Extra    uint64 `json:"extra"`
	// Faults counts the attempts that each fault changed.
	Faults   map[string]uint64 `json:"faults"`
	Pending  int               `json:"pending"`
	InFlight int               `json:"in_flight"`
	// Oldest is when the pending delivery that is due first is due.
	Oldest time.Time `json:"oldest_due,omitzero"`
	Paused bool      `json:"paused"`
	// DroppedDeliveries and DroppedAttempts count what the bounded history has
	// forgotten.
	DroppedDeliveries uint64 `json:"dropped_deliveries"`
	DroppedAttempts   uint64 `json:"dropped_attempts"`
}

// Update is one thing that happened, for who watches: exactly one of its
// fields is set.
type Update struct {
	Delivery *Delivery `json:"delivery,omitempty"`
	Attempt  *Attempt  `json:"attempt,omitempty"`
	Endpoint *Endpoint `json:"endpoint,omitempty"`
	// Deleted is the id of an endpoint that was deleted.
	Deleted string `json:"deleted,omitempty"`
	// Missed counts the updates that a slow watcher was not told of.
	Missed uint64 `json:"missed,omitempty"`
	// Paused tells that the whole engine was paused or resumed.
	Paused *bool `json:"paused,omitempty"`
}
