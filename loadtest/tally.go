package loadtest

import (
	"sync"
	"time"

	"github.com/HdrHistogram/hdrhistogram-go"
)

// The range of the histograms, in microseconds, and their precision in decimal
// digits. What is shorter or longer counts as the nearest of the two.
const (
	shortest  = 1
	longest   = int64(time.Hour / time.Microsecond)
	precision = 3
)

func newHistogram() *hdrhistogram.Histogram { return hdrhistogram.New(shortest, longest, precision) }

func put(h *hdrhistogram.Histogram, d time.Duration) {
	_ = h.RecordValue(min(longest, max(shortest, d.Microseconds()))) // it is within the range
}

// Outcome is what became of the requests of one class.
type Outcome struct {
	// Sent counts the requests. Statuses counts the answers by status, Errors the
	// requests without one by what happened.
	Sent     uint64
	Statuses map[int]uint64
	Errors   map[string]uint64
	// Latency counts from when a request was due, Service from when it was sent, both to the
	// end of the answer, in µs. A request without an answer is in both: it
	// took that long to learn that there is none.
	Latency, Service *hdrhistogram.Histogram
}

func newOutcome() *Outcome {
	return &Outcome{Statuses: map[int]uint64{}, Errors: map[string]uint64{}, Latency: newHistogram(), Service: newHistogram()}
}

// Accepted counts the answers with 2xx.
func (o *Outcome) Accepted() uint64 {
	var n uint64
	for status, count := range o.Statuses {
		if acknowledges(status) {
			n += count
		}
	}
	return n
}

// Failed counts the requests without an answer.
func (o *Outcome) Failed() uint64 {
	var n uint64
	for _, count := range o.Errors {
		n += count
	}
	return n
}

// Ours counts the requests without an answer for which the generator is to blame: it
// had no free port, file or connection.
func (o *Outcome) Ours() uint64 {
	var n uint64
	for kind, count := range o.Errors {
		if ours(kind) {
			n += count
		}
	}
	return n
}

func acknowledges(status int) bool { return status >= 200 && status <= 299 }

func (o *Outcome) add(other *Outcome) {
	o.Sent += other.Sent
	for status, count := range other.Statuses {
		o.Statuses[status] += count
	}
	for kind, count := range other.Errors {
		o.Errors[kind] += count
	}
	o.Latency.Merge(other.Latency)
	o.Service.Merge(other.Service)
}

// Second is one second of a phase, for plots and for who watches.
type Second struct {
	// At is the end of the second, from the beginning of the phase.
	At time.Duration
	// Asked counts the requests that were due in it, Sent those that ended in it;
	// Accepted had a 2xx, and Failed had no answer.
	Asked, Sent, Accepted, Failed uint64
	// Status counts the answers by the first digit of their status.
	Status [6]uint64
	// P50, P99 and Max are latencies of the valid events that ended in it, from when they
	// were due.
	P50, P99, Max time.Duration
}

// hit is one request that has ended.
type hit struct {
	class                Class
	status               int
	err                  string
	due, start, end      time.Time
	processing           time.Duration
	hasProcessing        bool
	held, resent, inTime bool
	number               uint64 // of the event
	// quiet is true when it was sent while at most half of the workers were busy.
	quiet bool
	// lost is how much of the latency the generator got no processor for; excused is true when
	// that is why it is not in time.
	lost    time.Duration
	excused bool
}

// shards is how many parts of a tally may be written at the same time.
const shards = 8

// tally counts hits. Its parts are written by several goroutines at once, and read
// when they are done, but for the current second, which is taken while they
// write.
type tally struct{ parts [shards]part }

type part struct {
	mu         sync.Mutex
	outcomes   [classes]*Outcome
	processing *hdrhistogram.Histogram
	lag        *hdrhistogram.Histogram
	// undisturbed, quiet and full are those of Result.
	undisturbed, quiet, full *hdrhistogram.Histogram
	excused                  uint64

	held   uint64
	resent uint64
	inTime uint64

	// second holds the latencies of valid events since it was taken last.
	second       *hdrhistogram.Histogram
	sent, failed uint64
	accepted     [classes]uint64
	status       [6]uint64

	_ [64]byte // keeps the parts on cache lines of their own
}

func newTally() *tally {
	t := &tally{}
	for i := range t.parts {
		p := &t.parts[i]
		p.processing, p.lag, p.second = newHistogram(), newHistogram(), newHistogram()
		p.undisturbed, p.quiet, p.full = newHistogram(), newHistogram(), newHistogram()
	}
	return t
}

// record counts a hit in one of the parts.
func (t *tally) record(lane int, h hit) {
	p := &t.parts[lane%shards]
	p.mu.Lock()
	defer p.mu.Unlock()
	o := p.outcomes[h.class]
	if o == nil {
		o = newOutcome()
		p.outcomes[h.class] = o
	}
	o.Sent++
	latency := h.end.Sub(h.due)
	put(o.Latency, latency)
	put(o.Service, h.end.Sub(h.start))
	if h.class == Valid {
		put(p.second, latency)
		put(p.undisturbed, max(0, latency-h.lost))
	}
	switch {
	case h.held:
		put(p.full, h.end.Sub(h.start))
	case h.quiet:
		put(p.quiet, h.end.Sub(h.start))
	}
	p.sent++
	if h.err != "" {
		o.Errors[h.err]++
		p.failed++
	} else {
		o.Statuses[h.status]++
		p.status[min(max(0, h.status/100), len(p.status)-1)]++
		if acknowledges(h.status) {
			p.accepted[h.class]++
		}
	}
	if h.hasProcessing {
		put(p.processing, h.processing)
	}
	if h.held {
		p.held++
	} else {
		put(p.lag, max(0, h.start.Sub(h.due)))
	}
	if h.resent {
		p.resent++
	}
	if h.inTime {
		p.inTime++
	}
	if h.excused {
		p.excused++
	}
}

// take takes the current second out of the parts, with the latencies of its valid events
// and how many of them were accepted.
func (t *tally) take() (s Second, valid *hdrhistogram.Histogram, accepted uint64) {
	valid = newHistogram()
	for i := range t.parts {
		p := &t.parts[i]
		p.mu.Lock()
		if p.sent > 0 {
			valid.Merge(p.second)
			p.second.Reset()
		}
		s.Sent += p.sent
		s.Failed += p.failed
		for _, n := range p.accepted {
			s.Accepted += n
		}
		for digit, n := range p.status {
			s.Status[digit] += n
		}
		accepted += p.accepted[Valid]
		p.sent, p.failed, p.accepted, p.status = 0, 0, [classes]uint64{}, [6]uint64{}
		p.mu.Unlock()
	}
	if valid.TotalCount() > 0 {
		s.P50, s.P99, s.Max = micros(valid.ValueAtQuantile(50)), micros(valid.ValueAtQuantile(99)), micros(valid.Max())
	}
	return s, valid, accepted
}

func micros(n int64) time.Duration { return time.Duration(n) * time.Microsecond }

// sum adds all parts up.
func (t *tally) sum(into *Result) {
	into.Processing, into.Lag = newHistogram(), newHistogram()
	into.Undisturbed, into.Quiet, into.Full = newHistogram(), newHistogram(), newHistogram()
	for i := range t.parts {
		p := &t.parts[i]
		p.mu.Lock()
		for c, o := range p.outcomes {
			if o == nil {
				continue
			}
			if into.Classes[c] == nil {
				into.Classes[c] = newOutcome()
			}
			into.Classes[c].add(o)
		}
		into.Processing.Merge(p.processing)
		into.Lag.Merge(p.lag)
		into.Undisturbed.Merge(p.undisturbed)
		into.Quiet.Merge(p.quiet)
		into.Full.Merge(p.full)
		into.Excused += p.excused
		into.Held += p.held
		into.Resent += p.resent
		into.InTime += p.inTime
		p.mu.Unlock()
	}
}
