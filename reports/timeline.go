package reports

import (
	"cmp"
	"slices"
	"strconv"
	"strings"
	"time"
)

// timeline is what happened in a case, each moment a row on one axis of time.
type timeline struct {
	Rows []moment
	// Half and End are what the middle and the end of the axis stand for.
	Half, End string
	// Hidden is how many rows are only in report.json.
	Hidden int
	// Drill is true for the steps of a drill, which are points, not spans.
	Drill bool
}

// moment is a row of a timeline. X and Width are in thousandths of the axis.
type moment struct {
	Who, What, When string
	X, Width        string
	Twin            bool // an exchange beside the one that counts
}

const (
	axis       = 1000.0
	leastWidth = 6.0 // a bar that can still be seen
	maxRows    = 60
)

// timelineOf draws the timeline of a case; nil where there is nothing to compare in time.
func timelineOf(c *Case) *timeline {
	if len(c.Timeline) > 0 {
		return drillTimeline(c.Timeline)
	}
	return attempts(c.Exchanges[:min(len(c.Exchanges), maxExchanges)])
}

// attempts puts exchanges on the axis, in the order in which they began.
func attempts(all []Exchange) *timeline {
	type bar struct {
		x          *Exchange
		number     int
		begin, end time.Duration
	}
	var bars []bar
	var first time.Time
	for i := range all {
		if x := &all[i]; !x.At.IsZero() && (first.IsZero() || x.At.Before(first)) {
			first = x.At
		}
	}
	var end time.Duration
	for i := range all {
		x := &all[i]
		if x.At.IsZero() {
			continue
		}
		begin := x.At.Sub(first)
		b := bar{x, i + 1, begin, begin + time.Duration(max(0, x.MS)*float64(time.Millisecond))}
		bars, end = append(bars, b), max(end, b.end)
	}
	if len(bars) < 2 {
		return nil
	}
	end = max(end, time.Millisecond)
	slices.SortStableFunc(bars, func(a, b bar) int { return cmp.Compare(a.begin, b.begin) })
	out := &timeline{Half: moments(end / 2), End: moments(end)}
	for _, b := range bars {
		at := float64(b.begin) / float64(end) * axis
		width := max(leastWidth, float64(b.end-b.begin)/float64(end)*axis)
		what := "no answer"
		if b.x.Status != 0 {
			what = strconv.Itoa(b.x.Status)
		}
		out.Rows = append(out.Rows, moment{
			Who: strconv.Itoa(b.number) + " " + cmp.Or(b.x.Role, "case"), What: what + " after " + moments(b.end-b.begin), When: moments(b.begin),
			X: coordinate(min(at, axis-width)), Width: coordinate(width), Twin: b.x.Role == "control" || b.x.Role == "premise",
		})
	}
	return out
}

// drillTimeline reads the lines of a drill, each of which begins with its time in seconds.
func drillTimeline(lines []string) *timeline {
	out := &timeline{Drill: true, Hidden: max(0, len(lines)-maxRows)}
	var at []time.Duration
	var end time.Duration
	for _, l := range lines[:len(lines)-out.Hidden] {
		number, text, found := strings.Cut(strings.TrimSpace(l), " s ")
		s, err := strconv.ParseFloat(number, 64)
		if !found || err != nil || !(s >= 0 && s < 1e7) {
			text, s = l, -1
		}
		d := time.Duration(s * float64(time.Second))
		at, end = append(at, d), max(end, d)
		out.Rows = append(out.Rows, moment{What: strings.TrimSpace(text)})
	}
	end = max(end, time.Millisecond)
	out.Half, out.End = moments(end/2), moments(end)
	for i, d := range at {
		if d >= 0 {
			out.Rows[i].When = moments(d)
			out.Rows[i].X = coordinate(float64(d) / float64(end) * (axis - 2*leastWidth))
			out.Rows[i].Width = coordinate(2 * leastWidth)
		}
	}
	return out
}

// moments says a time as short as it can be told from its neighbours.
func moments(d time.Duration) string {
	ms := float64(d) / float64(time.Millisecond)
	switch {
	case ms == 0:
		return "0"
	case ms < 1000:
		return plain(ms) + " ms"
	default:
		return strconv.FormatFloat(ms/1000, 'f', 2, 64) + " s"
	}
}
