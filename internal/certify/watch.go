package certify

import (
	"context"
	"sync"
	"time"

	"hookdrill/loadtest"
	"hookdrill/observe"
	"hookdrill/reports"
)

const (
	// watchBatch is how many events an observer is asked about in a second of the load: a
	// sample, so that the questions are no load of their own.
	watchBatch = 100
	// watchAge is how many seconds old the events are that it is asked about.
	watchAge = 2
	// mostRemembered bounds the answers that are kept.
	mostRemembered = 20_000
)

// watch asks an observer, while a load runs, about a sample of the events that were acknowledged
// a short time before.
type watch struct {
	observer observe.Observer
	load     *loadtest.Load
	seen     reports.LoadWatched
	// said is what the observer said of some events; what it says later cannot be less.
	said map[string]int
	// asked is how many events the load had come to at the end of each second.
	asked   []uint64
	seconds chan uint64
	done    sync.WaitGroup
}

// startWatch starts to watch; nil when there is nobody to ask.
func startWatch(ctx context.Context, observers []observe.Observer, load *loadtest.Load) *watch {
	if len(observers) == 0 {
		return nil
	}
	w := &watch{observer: observers[0], load: load, said: map[string]int{}, seconds: make(chan uint64, 1)}
	w.done.Go(func() {
		for asked := range w.seconds {
			w.look(ctx, asked)
		}
	})
	return w
}

// second is told of every second. It does not wait for the observer.
func (w *watch) second(s loadtest.Second) {
	if w == nil {
		return
	}
	before := uint64(0)
	if n := len(w.asked); n > 0 {
		before = w.asked[n-1]
	}
	w.asked = append(w.asked, before+s.Asked)
	if n := len(w.asked); n > watchAge {
		w.asked = w.asked[n-watchAge-1:]
		select {
		case w.seconds <- w.asked[0]:
		default: // the observer is slow
		}
	}
}

// look asks about events before the one that the load had come to at a moment.
func (w *watch) look(ctx context.Context, asked uint64) {
	ctx, cancel := context.WithTimeout(ctx, 5*time.Second)
	defer cancel()
	var ids []string
	for e := range w.load.Recent(asked, 4*watchBatch) {
		if e.Acknowledged && !e.Bad && len(ids) < watchBatch {
			ids = append(ids, e.ID)
		}
	}
	if len(ids) == 0 {
		return
	}
	effects, err := w.observer.Effects(ctx, ids)
	if err != nil {
		return // it is asked again after the load, and must answer then
	}
	for _, id := range ids {
		n := effects[id].Processed
		w.seen.Asked++
		switch {
		case n == 0:
			w.seen.Late++
		case n > 1:
			w.seen.Doubled++
		}
		if len(w.said) < mostRemembered {
			w.said[id] = n
		}
	}
}

// stop ends the watch.
func (w *watch) stop() {
	if w != nil {
		close(w.seconds)
		w.done.Wait()
	}
}

// result is what was seen, and said of which event; nil when nobody looked.
func (w *watch) result() (*reports.LoadWatched, map[string]int) {
	if w == nil {
		return nil, nil
	}
	return &w.seen, w.said
}
