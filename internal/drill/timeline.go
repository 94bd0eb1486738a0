package drill

import (
	"fmt"
	"slices"
	"time"

	"hookdrill/reports"
)

// atLeast is how many attempts alike share a line.
const atLeast = 3

// told is the timeline: what was done, and of a failure also what became of the events that
// show it.
func (b *book) told(status reports.Status) []string {
	b.mu.Lock()
	defer b.mu.Unlock()
	lines := slices.Clone(b.lines)
	if status != reports.Pass {
		for _, e := range b.blamed {
			lines = append(lines, b.story(e)...)
		}
	}
	slices.SortStableFunc(lines, func(x, y timed) int { return int(x.at - y.at) })
	out := make([]string, len(lines))
	for i, l := range lines {
		out[i] = fmt.Sprintf("%8.3f s  %s", l.at.Seconds(), l.text)
	}
	return out
}

// story is what became of an event. Attempts in a row of which the same came share a line.
func (b *book) story(e *event) (out []timed) {
	for i := 0; i < len(e.attempts); {
		a := e.attempts[i]
		alike := 1
		for i > 0 && i+alike < len(e.attempts) && e.attempts[i+alike].answered() == a.answered() {
			alike++
		}
		if alike >= atLeast {
			out = append(out, timed{a.start, fmt.Sprintf("event %d sent again, attempts %d to %d: %s", e.number, i+1, i+alike, a.answered())})
			i += alike
			continue
		}
		name := fmt.Sprintf("event %d (%s) sent", e.number, e.EventID)
		if i > 0 {
			name = fmt.Sprintf("event %d sent again, attempt %d", e.number, i+1)
		}
		took := (a.end - a.start).Round(time.Millisecond)
		if b.between(a.start, a.end) {
			out = append(out, timed{a.start, name}, timed{a.end, fmt.Sprintf("event %d: %s, after %s", e.number, a.answered(), took)})
		} else {
			out = append(out, timed{a.start, fmt.Sprintf("%s: %s after %s", name, a.answered(), took)})
		}
		i++
	}
	if e.seen {
		out = append(out, timed{b.since(), fmt.Sprintf("event %d: %s", e.number, e.effects())})
	}
	return out
}

// between reports whether anything was done between two moments.
func (b *book) between(start, end time.Duration) bool {
	return slices.ContainsFunc(b.lines, func(l timed) bool { return l.at > start && l.at < end })
}

// answered is what came of an attempt, for a timeline.
func (a attempt) answered() string {
	switch {
	case a.acknowledged():
		return "acknowledged with " + a.said()
	case a.Status > 0:
		return "answered with " + a.said()
	}
	return "no answer (" + a.said() + ")"
}

func (e *event) effects() string {
	switch {
	case e.effect == 0 && e.acknowledged():
		return "no effect was seen, and it was acknowledged: it is lost"
	case e.effect == 0:
		return "no effect was seen"
	case e.effect == 1:
		return "one effect was seen"
	}
	return fmt.Sprintf("%d effects were seen: it was processed more than once", e.effect)
}
