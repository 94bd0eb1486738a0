package witness

import (
	"context"
	"net/url"
	"slices"
	"strings"
	"time"
)

// Call is one call that the witness saw. Its texts come from the receiver and are
// untrusted; keys are replaced by their ids.
type Call struct {
	// Number counts calls from 1.
	Number int64
	// Began is the moment when the head of the request had been read, Ended the
	// moment after the answer; zero while there is none.
	Began, Ended time.Time
	// Trapped is true for a call at the trap.
	Trapped bool
	// Method and Target are the request line's, as they came on the wire. A call at
	// the trap that was no HTTP has a Target that says so, in brackets.
	Method, Target string
	// Host is the header, Agent the User-Agent.
	Host, Agent string
	// Version and Beta are the headers anthropic-version and anthropic-beta.
	Version, Beta string
	// Key says whether the call carried the key that was handed out: one of the Key…
	// constants. KeyID names the key that it carried, "" for none.
	Key, KeyID string
	// IDs are the ids in a path that the API knows, decoded; the last names the
	// resource. None for any other path.
	IDs []string
	// Status is what was answered; 0 when the connection was closed instead, or
	// nothing has been answered yet.
	Status int
	// Left is true when the caller had gone before the answer.
	Left bool
}

// Whether a call carried the right key.
const (
	KeyRight     = "right"
	KeyWrong     = "wrong"
	KeyNone      = "none"
	KeyUnchecked = "unchecked" // a key came, and the witness was told of none
)

// About reports whether the call was about a resource: a path that the API knows
// names it.
func (c Call) About(id string) bool { return slices.Contains(c.IDs, id) }

// OK reports whether the call was answered with what it asked for.
func (c Call) OK() bool { return c.Status >= 200 && c.Status <= 299 }

// Holds reports whether the target of the call holds a text, encoded or not.
func (c Call) Holds(text string) bool {
	target := c.Target
	for range 3 {
		if strings.Contains(target, text) {
			return true
		}
		decoded, err := url.PathUnescape(target)
		if err != nil || decoded == target {
			return false
		}
		target = decoded
	}
	return strings.Contains(target, text)
}

// Intact reports whether an id stands in the target as one whole: a segment of the
// path or a value of the query that decodes to the id and nothing else. An id that
// is not intact was read as syntax. One that was encoded twice names nothing, and
// leads nowhere else.
func (c Call) Intact(id string) bool {
	path, query, _ := strings.Cut(c.Target, "?")
	for segment := range strings.SplitSeq(path, "/") {
		once, err := url.PathUnescape(segment)
		if err != nil {
			continue
		}
		if twice, err := url.PathUnescape(once); once == id || err == nil && twice == id && !strings.Contains(once, "/") {
			return true
		}
	}
	for pair := range strings.SplitSeq(query, "&") {
		_, value, _ := strings.Cut(pair, "=")
		if once, err := url.QueryUnescape(value); err == nil && once == id {
			return true
		}
	}
	return false
}

// log keeps the newest calls, and a count for each resource.
type log struct {
	keep  int
	total int64
	calls []*Call // the newest, oldest first
	// begun counts calls by the ids in their paths. Once full no more ids are taken
	// in, and what is absent from it means nothing.
	begun map[string]int
	full  bool
	// changed is closed, and replaced, whenever a call begins or ends.
	changed chan struct{}
}

// mostIDs bounds how many resources are counted.
const mostIDs = 200_000

func newLog(keep int) log {
	return log{keep: keep, begun: map[string]int{}, changed: make(chan struct{})}
}

func (l *log) tell() {
	close(l.changed)
	l.changed = make(chan struct{})
}

// add keeps a call that has begun.
func (w *Witness) add(c *Call) {
	w.mu.Lock()
	defer w.mu.Unlock()
	l := &w.log
	l.total++
	c.Number = l.total
	if len(l.calls) == l.keep {
		l.calls = append(l.calls[:0:0], l.calls[1+l.keep/4:]...)
	}
	l.calls = append(l.calls, c)
	for _, id := range c.IDs {
		if _, known := l.begun[id]; !known && len(l.begun) >= mostIDs {
			l.full = true
			continue
		}
		l.begun[id]++
	}
	l.tell()
}

// end notes how a call ended.
func (w *Witness) end(c *Call, status int, left bool) {
	w.mu.Lock()
	defer w.mu.Unlock()
	c.Ended, c.Status, c.Left = w.cfg.Now(), status, left
	w.log.tell()
}

// Calls lists the newest calls that take wants, oldest first; a nil take wants
// all.
func (w *Witness) Calls(take func(Call) bool) []Call {
	w.mu.Lock()
	defer w.mu.Unlock()
	var out []Call
	for _, c := range w.log.calls {
		if take == nil || take(*c) {
			one := *c
			one.IDs = slices.Clone(c.IDs)
			out = append(out, one)
		}
	}
	return out
}

// Total counts all calls, those that are no longer kept included.
func (w *Witness) Total() int64 {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.log.total
}

// Wait waits until done, which is asked at once and after every change, or the end
// of ctx. It reports whether done.
func (w *Witness) Wait(ctx context.Context, done func() bool) bool {
	for {
		w.mu.Lock()
		changed := w.log.changed
		w.mu.Unlock()
		if done() {
			return true
		}
		select {
		case <-ctx.Done():
			return done()
		case <-changed:
		}
	}
}

// Fetched counts the calls about each of some resources; ids that are absent were
// not called about. It reports false when the witness could not keep count of all.
func (w *Witness) Fetched(ids []string) (map[string]int, bool) {
	w.mu.Lock()
	defer w.mu.Unlock()
	out := make(map[string]int, len(ids))
	for _, id := range ids {
		if n := w.log.begun[id]; n > 0 {
			out[id] = n
		}
	}
	return out, !w.log.full
}
