package engine

// watched is how many updates a watcher may be behind before it misses some.
const watched = 1024

// watcher is one who watches.
type watcher struct {
	updates chan Update
	missed  uint64
	ended   bool
}

func (w *watcher) end() {
	if !w.ended {
		w.ended = true
		close(w.updates)
	}
}

// Watch tells of what happens from now on, until stop is called or the engine
// ends; then updates is closed. Who reads too slowly is told how many updates
// were missed. A delivery's updates leave out its body.
func (e *Engine) Watch() (updates <-chan Update, stop func()) {
	w := &watcher{updates: make(chan Update, watched)}
	e.mu.Lock()
	defer e.mu.Unlock()
	if e.watchers == nil {
		w.end()
	} else {
		e.watchers[w] = struct{}{}
	}
	return w.updates, func() {
		e.mu.Lock()
		defer e.mu.Unlock()
		delete(e.watchers, w)
		w.end()
	}
}

// tell tells the watchers.
func (e *Engine) tell(u Update) {
	for w := range e.watchers {
		if w.missed > 0 {
			select {
			case w.updates <- Update{Missed: w.missed}:
				w.missed = 0
			default:
			}
		}
		if w.missed > 0 {
			w.missed++
			continue
		}
		select {
		case w.updates <- u:
		default:
			w.missed++
		}
	}
}
