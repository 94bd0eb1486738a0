package engine

import (
	"context"
	"time"

	"hookdrill/mockclaude"
)

// Journal keeps, beyond the life of a process, what the engine must not forget.
// Load is called once, before the first Save; Save and Close are never called
// at the same time.
type Journal interface {
	// Load returns what the journal holds.
	Load(ctx context.Context) (*Saved, error)
	// Save makes a batch durable, all of it or nothing: when it returns nil the
	// batch survives the end of this process.
	Save(ctx context.Context, b *Batch) error
	Close() error
}

// Saved is what a journal holds.
type Saved struct {
	Endpoints []SavedEndpoint
	// Deliveries in order of their IDs: pending ones, and the finished ones that
	// the history still has.
	Deliveries []SavedDelivery
	// Attempts in order of their IDs.
	Attempts []Attempt
	Counters Counters
}

// SavedEndpoint is an endpoint with its keys.
type SavedEndpoint struct {
	Endpoint
	Keys mockclaude.Keys
}

// SavedDelivery is a delivery with its body. In flight is never saved: it is
// pending until its outcome is known.
type SavedDelivery struct {
	Delivery
	// Sent is the moment of the first attempt, which identical retries keep.
	Sent time.Time
}

// Counters are the numbers that go on where they were.
type Counters struct {
	LastDelivery uint64
	LastAttempt  uint64
	// LastEndpoint numbers endpoints, and LastEvent the events drawn from the seed.
	LastEndpoint uint64
	LastEvent    uint64
	Stats        Stats
}

// Batch is what has changed since the last one.
type Batch struct {
	// Endpoints that were made or changed.
	Endpoints []SavedEndpoint
	// Removed are the ids of endpoints that were deleted.
	Removed []string
	// Deliveries that were made or changed: at most one of each ID.
	Deliveries []SavedDelivery
	// Attempts that ended.
	Attempts []Attempt
	// ForgetDeliveries and ForgetAttempts have fallen out of the history.
	ForgetDeliveries []uint64
	ForgetAttempts   []uint64
	Counters         Counters
}
