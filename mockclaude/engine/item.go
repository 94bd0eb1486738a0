package engine

import (
	"cmp"
	"container/heap"
	"strings"
	"time"

	"hookdrill/mockclaude"
)

// item is a delivery as the engine holds it. A million of them may be pending,
// so it is kept small: what its strings name is part of body wherever it
// occurs there, and its times are Unix nanoseconds, 0 for none.
type item struct {
	id       uint64
	endpoint *endpoint
	body     string
	eventID  string
	typ      string
	taskID   string

	due, created, sent, finished int64

	redelivery uint64
	err        mockclaude.ErrKind
	at         int32 // index in its endpoint's heap, or none
	status     uint16
	attempts   uint8
	faulty     uint8
	state      stateCode
	// rush items begin without regard to the concurrency.
	rush bool
	// dirty items have changed since they were last saved.
	dirty bool
}

const none = -1

type stateCode uint8

const (
	pending stateCode = iota
	inFlight
	delivered
	abandoned
	canceled
)

func (s stateCode) state() State { return States()[s] }

func (s stateCode) finished() bool { return s >= delivered }

// within returns part as it occurs in whole, so that it needs no memory of its
// own; otherwise it returns part.
func within(whole, part string) string {
	if i := strings.Index(whole, part); i >= 0 {
		return whole[i : i+len(part)]
	}
	return part
}

// view is the item as others see it.
func (it *item) view(body bool) Delivery {
	d := Delivery{
		ID: it.id, Endpoint: it.endpoint.id, EventID: it.eventID, Type: it.typ, TaskID: it.taskID,
		State: it.state.state(), Attempts: int(it.attempts), Created: moment(it.created), Finished: moment(it.finished),
		Status: int(it.status), Err: it.err, Redelivery: it.redelivery,
	}
	if it.state == pending {
		d.Due = moment(it.due)
	}
	if body {
		d.Body = it.body
	}
	return d
}

// saved is the item as the journal keeps it: what is in flight may have to be
// sent again.
func (it *item) saved() SavedDelivery {
	d := it.view(true)
	if it.state == inFlight {
		d.State, d.Due = Pending, moment(it.due)
		d.Attempts--
	}
	return SavedDelivery{Delivery: d, Sent: moment(it.sent)}
}

func (it *item) size() int { return len(it.body) + len(it.eventID) + len(it.taskID) + len(it.typ) }

func moment(ns int64) time.Time {
	if ns == 0 {
		return time.Time{}
	}
	return time.Unix(0, ns).UTC()
}

func nanos(t time.Time) int64 {
	if t.IsZero() {
		return 0
	}
	return t.UnixNano()
}

// dueHeap holds pending items, the one due first on top; of those due at the
// same moment, the one accepted first.
type dueHeap []*item

var _ heap.Interface = (*dueHeap)(nil)

func (h dueHeap) Len() int { return len(h) }
func (h dueHeap) Less(i, j int) bool {
	return cmp.Or(cmp.Compare(h[i].due, h[j].due), cmp.Compare(h[i].id, h[j].id)) < 0
}

func (h dueHeap) Swap(i, j int) {
	h[i], h[j] = h[j], h[i]
	h[i].at, h[j].at = int32(i), int32(j) //nolint:gosec // MaxPending is far below
}

func (h *dueHeap) Push(x any) {
	it := x.(*item)        //nolint:errcheck,forcetypeassert // nothing else is pushed
	it.at = int32(len(*h)) //nolint:gosec // MaxPending is far below
	*h = append(*h, it)
}

func (h *dueHeap) Pop() any {
	old := *h
	it := old[len(old)-1]
	old[len(old)-1] = nil
	*h = old[:len(old)-1]
	it.at = none
	return it
}
