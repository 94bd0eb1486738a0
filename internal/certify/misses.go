package certify

import (
	"sync"

	"hookdrill/loadtest"
)

// mostMisses is how many of the misses of a class are kept as evidence.
const mostMisses = 5

// misses keeps the first requests of each class that were not answered as they should
// be.
type misses struct {
	mu   sync.Mutex
	kept map[loadtest.Class][]loadtest.Miss
}

func (m *misses) add(one loadtest.Miss) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.kept == nil {
		m.kept = map[loadtest.Class][]loadtest.Miss{}
	}
	if len(m.kept[one.Class]) < mostMisses {
		m.kept[one.Class] = append(m.kept[one.Class], one)
	}
}

func (m *misses) take() map[loadtest.Class][]loadtest.Miss {
	m.mu.Lock()
	defer m.mu.Unlock()
	kept := m.kept
	m.kept = nil
	return kept
}
