package reference

import (
	"context"
	"time"
)

// Fetch is a resource that is still to be fetched for an event.
type Fetch struct {
	// EventID is the event's.
	EventID string
	// Path is the resource's, on the sender's API.
	Path string
	// Attempt counts this one, from 1.
	Attempt int
}

// FetchState is how things stand with a fetch.
type FetchState string

// The states of a fetch.
const (
	FetchWaiting FetchState = "waiting" // to be tried, perhaps again
	FetchDone    FetchState = "fetched"
	FetchGone    FetchState = "gone"   // the sender no longer has the resource
	FetchFailed  FetchState = "failed" // given up, for somebody to look at
)

// FetchResult is what an attempt came to.
type FetchResult struct {
	State FetchState
	// Due is when a waiting one is tried again.
	Due time.Time
	// Resource is the JSON that was fetched, when it was.
	Resource []byte
}

// FetchDelay is how long after an event's arrival its resource is fetched at the
// earliest: the delivery is acknowledged first.
const FetchDelay = 100 * time.Millisecond

// FetchStore is a [Store] that keeps what is still to be fetched. Record stores
// an Event.Fetch in the transaction that stores the event, due FetchDelay after
// Received: an event that is acknowledged is fetched for, whatever happens to
// this process. Prune forgets fetches together with the ids.
type FetchStore interface {
	Store

	// TakeFetches returns up to n fetches that wait and are due, and counts their
	// attempt. Each is put off until then, so that no other instance takes it
	// meanwhile, and somebody does if this one dies.
	TakeFetches(ctx context.Context, now, until time.Time, n int) ([]Fetch, error)

	// SettleFetch notes what came of an attempt. An unknown event is no error.
	SettleFetch(ctx context.Context, eventID string, result FetchResult) error
}
