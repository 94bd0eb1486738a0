package observe

import (
	"context"
	"maps"
)

// Partial is an [Observer] that does not see all there is to see: it sees that a
// receiver works on an event, not how often the event took effect. Its effects are
// 1 or absent.
//
// What it shows is that something was begun. It proves no effect, no second one, and
// nothing about an event that it does not see.
type Partial interface {
	Observer
	// Sees reports whether the absence of an event means that it was not begun.
	Sees(id string) bool
}

// Counting returns the observers that count effects, in their order.
func Counting(all []Observer) []Observer {
	var out []Observer
	for _, o := range all {
		if _, partial := o.(Partial); !partial {
			out = append(out, o)
		}
	}
	return out
}

// Fetches is who saw what a receiver fetched.
type Fetches interface {
	// Fetched counts the fetches of resources; it reports false when not all that
	// there were are known.
	Fetched(ids []string) (map[string]int, bool)
}

// Witness is a [Partial] observer of events that carry only the id of a resource: an
// event was begun when its resource has been fetched. It is safe for concurrent use.
type Witness struct {
	source string
	from   Fetches
	// about maps an event to the resources that are its own.
	about map[string][]string
}

// NewWitness returns an observer that asks from. The map gives the resources that
// each event is about. An event of which one resource is another event's as well is
// not seen: nobody could say which of the two a fetch was for.
func NewWitness(source string, from Fetches, about map[string][]string) *Witness {
	users := map[string]map[string]bool{}
	for event, resources := range about {
		for _, r := range resources {
			if users[r] == nil {
				users[r] = map[string]bool{}
			}
			users[r][event] = true
		}
	}
	own := maps.Clone(about)
	maps.DeleteFunc(own, func(_ string, resources []string) bool {
		for _, r := range resources {
			if len(users[r]) > 1 {
				return true
			}
		}
		return len(resources) == 0
	})
	return &Witness{source: source, from: from, about: own}
}

// Kind returns witness.
func (w *Witness) Kind() string { return "witness" }

// Source returns where the witness listens.
func (w *Witness) Source() string { return w.source }

// Sees reports whether the event has a resource of its own.
func (w *Witness) Sees(id string) bool { return len(w.about[id]) > 0 }

// Effects returns 1 for events whose resource was fetched.
func (w *Witness) Effects(_ context.Context, ids []string) (map[string]Effect, error) {
	var resources []string
	for _, id := range ids {
		resources = append(resources, w.about[id]...)
	}
	fetched, whole := w.from.Fetched(resources)
	if !whole {
		return nil, &Error{Source: w.source, Problem: "more resources were fetched than the witness keeps count of", Mend: "run fewer cases at once (--only)"}
	}
	effects := map[string]Effect{}
	for _, id := range ids {
		for _, r := range w.about[id] {
			if fetched[r] > 0 {
				effects[id] = Effect{Processed: 1}
			}
		}
	}
	return effects, nil
}
