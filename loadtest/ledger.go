package loadtest

import (
	"iter"
	"math"
	"sync/atomic"
)

// mark is what a ledger knows of an event.
type mark uint32

const (
	// wasSent: the event was sent, rightly signed and fresh.
	wasSent mark = 1 << iota
	// wasAcknowledged: it was answered with a 2xx at least once.
	wasAcknowledged
	// wasBad: it was forged or stale.
	wasBad

	marksBits    = 4
	marksOfAWord = 32 / marksBits
	allMarks     = 1<<marksBits - 1
)

// Ledger says, for the events of a phase, which were sent and which acknowledged. It
// takes half a byte for each, since ids are made from numbers.
type Ledger struct {
	load  *Load
	first uint64
	words []atomic.Uint32
}

// capacity is how many events a phase may have: what it asks for, and as many more
// as Poisson arrivals exceed once in a thousand million runs.
func capacity(p Phase) uint64 {
	n := p.Events()
	return uint64(n + 6*math.Sqrt(n) + 100)
}

func newLedger(l *Load, first uint64, p Phase) *Ledger {
	return &Ledger{load: l, first: first, words: make([]atomic.Uint32, capacity(p)/marksOfAWord+1)}
}

// note notes what became of a request of an event.
func (g *Ledger) note(event uint64, class Class, h hit) {
	if class.Refused() {
		g.set(event, wasBad)
		return
	}
	m := wasSent
	if h.err == "" && acknowledges(h.status) {
		m |= wasAcknowledged
	}
	g.set(event, m)
}

func (g *Ledger) set(event uint64, m mark) {
	n := event - g.first
	if n/marksOfAWord < uint64(len(g.words)) {
		g.words[n/marksOfAWord].Or(uint32(m) << (n % marksOfAWord * marksBits))
	}
}

// ID is the id of the event with a number.
func (g *Ledger) ID(number uint64) string { return g.load.EventID(number) }

// Entry is an event of a ledger.
type Entry struct {
	ID string
	// Acknowledged is true when a 2xx answered it at least once; Bad, when it was
	// forged or stale, so that it must have no effect.
	Acknowledged, Bad bool
}

// entry is the n-th event of the phase, from 0; sent is false when it was not sent, or is
// still under way for the first time.
func (g *Ledger) entry(n uint64) (e Entry, sent bool) {
	if n/marksOfAWord >= uint64(len(g.words)) {
		return Entry{}, false
	}
	m := mark(g.words[n/marksOfAWord].Load()>>(n%marksOfAWord*marksBits)) & allMarks
	if m == 0 {
		return Entry{}, false
	}
	return Entry{g.load.EventID(g.first + n), m&wasAcknowledged != 0, m&wasBad != 0}, true
}

// All gives every event that was sent, in the order of sending.
func (g *Ledger) All() iter.Seq[Entry] {
	return func(yield func(Entry) bool) {
		for n := range uint64(len(g.words)) * marksOfAWord {
			if e, sent := g.entry(n); sent && !yield(e) {
				return
			}
		}
	}
}
