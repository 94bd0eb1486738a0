package certify

import (
	"sync"

	"hookdrill/loadtest"
)

// mostMisses is how many of the misses of a class are kept as evidence.
const mostMisses = 5

// miss is one of them, with the id of its event.
type miss struct {
	loadtest.Miss
	ID string
}

// misses keeps the first requests of each class that were not answered as they should
// be.
type misses struct {
	mu   sync.Mutex
	kept map[loadtest.Class][]miss
}

// add adds one; id is asked for the id of its event, if it is kept.
func (m *misses) add(one loadtest.Miss, id func(number uint64) string) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.kept == nil {
		m.kept = map[loadtest.Class][]miss{}
	}
	if len(m.kept[one.Class]) < mostMisses {
		m.kept[one.Class] = append(m.kept[one.Class], miss{one, id(one.Number)})
	}
}

func (m *misses) take() map[loadtest.Class][]miss {
	m.mu.Lock()
	defer m.mu.Unlock()
	kept := m.kept
	m.kept = nil
	return kept
}
