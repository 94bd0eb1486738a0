package drill

import (
	"fmt"
	"slices"
	"strconv"
	"sync"
	"time"

	"hookdrill/mockclaude"
	"hookdrill/reports"
)

// book is what a drill knows of its events, and a timeline.
type book struct {
	now   func() time.Time
	began time.Time

	mu     sync.Mutex
	events []*event
	lines  []timed
	acks   int
	// waiting are told of acknowledgements.
	waiting []chan int
	// blamed are the events that show what is wrong.
	blamed []*event
}

type timed struct {
	at   time.Duration
	text string
}

// event is an event of a drill.
type event struct {
	mockclaude.Delivery
	number   int
	attempts []attempt
	effect   int
	seen     bool // by an observer
}

// attempt is one delivery of an event.
type attempt struct {
	start, end time.Duration // from the beginning of the drill
	mockclaude.Exchange
}

// mostBlamed is how many events a failure shows.
const mostBlamed = 3

func newBook(began time.Time, now func() time.Time) *book { return &book{now: now, began: began} }

func (b *book) since() time.Duration { return b.now().Sub(b.began) }

// note adds a line to the timeline.
func (b *book) note(format string, args ...any) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.lines = append(b.lines, timed{b.since(), fmt.Sprintf(format, args...)})
}

// add keeps an attempt of an event.
func (b *book) add(e *event, a attempt) {
	b.mu.Lock()
	defer b.mu.Unlock()
	first := !e.acknowledged()
	e.attempts = append(e.attempts, a)
	if a.acknowledged() && first {
		b.acks++
		for _, w := range b.waiting {
			select {
			case w <- b.acks:
			default:
			}
		}
	}
}

// acknowledgements gives the number of acknowledged events as it grows.
func (b *book) acknowledgements() <-chan int {
	b.mu.Lock()
	defer b.mu.Unlock()
	w := make(chan int, 10_000)
	b.waiting = append(b.waiting, w)
	return w
}

func (a attempt) acknowledged() bool { return a.Status >= 200 && a.Status <= 299 }

// acknowledged reports whether an attempt was answered with 2xx.
func (e *event) acknowledged() bool { return slices.ContainsFunc(e.attempts, attempt.acknowledged) }

// said is what came of an attempt, in a word.
func (a attempt) said() string {
	if a.Status > 0 {
		return strconv.Itoa(a.Status)
	}
	return string(a.Err)
}

// blame keeps an event as evidence.
func (b *book) blame(all ...*event) {
	b.mu.Lock()
	defer b.mu.Unlock()
	for _, e := range all {
		if len(b.blamed) < mostBlamed && !slices.Contains(b.blamed, e) {
			b.blamed = append(b.blamed, e)
		}
	}
}

// evidence are the exchanges of the events that show what is wrong.
func (b *book) evidence() []reports.Exchange {
	b.mu.Lock()
	defer b.mu.Unlock()
	out := []reports.Exchange{}
	for _, e := range b.blamed {
		for i, a := range e.attempts {
			if i > 0 && i < len(e.attempts)-2 {
				continue // the first, and the last two
			}
			out = append(out, reports.Exchange{
				Role: fmt.Sprintf("event %d, attempt %d", e.number, i+1), At: a.Start.UTC(), Request: a.Request, Response: a.Response,
				MS: float64(a.Duration.Microseconds()) / 1000, Status: a.Status, Error: a.ErrText, EventID: e.EventID,
			})
		}
	}
	return out
}

// names lists the ids of some events.
func names(all []*event) string {
	text := ""
	for i, e := range all {
		if i == mostBlamed {
			return text + ", …"
		}
		if i > 0 {
			text += ", "
		}
		text += e.EventID
	}
	return text
}
