package zoo

import (
	"sync"
	"time"
)

// store is the receiver's database, in memory. Dedupe marks and effects are
// counted apart, so that a receiver can mark without working, and work twice.
type store struct {
	mu      sync.Mutex
	marks   map[string]bool
	effects map[string]int    // by event id
	tasks   map[string]task   // by task id
	taskOf  map[string]string // task id by event id
}

// task is the row of a task: its state, and the time of the event that set it.
type task struct {
	state string
	at    time.Time
}

// sight is what the probe says about one event.
type sight struct {
	Processed int    `json:"processed"`
	Status    string `json:"status,omitempty"`
}

func newStore() *store {
	return &store{
		marks:   map[string]bool{},
		effects: map[string]int{},
		tasks:   map[string]task{},
		taskOf:  map[string]string{},
	}
}

// mark remembers a key and says whether it was new, as one step.
func (s *store) mark(key string) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.marks[key] {
		return false
	}
	s.marks[key] = true
	return true
}

// marked says whether a key is remembered.
func (s *store) marked(key string) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.marks[key]
}

// forget drops a key.
func (s *store) forget(key string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	delete(s.marks, key)
}

// apply is the effect of an event, dedupe or not.
func (s *store) apply(e event) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.applyLocked(e)
}

// process marks and applies in one transaction, and says whether the key was
// new.
func (s *store) process(key string, e event) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.marks[key] {
		return false
	}
	s.marks[key] = true
	s.applyLocked(e)
	return true
}

func (s *store) applyLocked(e event) {
	s.effects[e.id]++
	if e.task == "" || e.state == "" {
		return
	}
	s.taskOf[e.id] = e.task
	if old, ok := s.tasks[e.task]; ok && e.at.Before(old.at) {
		return // an older event does not undo a newer one
	}
	s.tasks[e.task] = task{state: e.state, at: e.at}
}

// look says what became of events; one that had no effect is left out.
func (s *store) look(eventIDs []string) map[string]sight {
	s.mu.Lock()
	defer s.mu.Unlock()
	seen := map[string]sight{}
	for _, id := range eventIDs {
		if n := s.effects[id]; n > 0 {
			seen[id] = sight{Processed: n, Status: s.tasks[s.taskOf[id]].state}
		}
	}
	return seen
}
