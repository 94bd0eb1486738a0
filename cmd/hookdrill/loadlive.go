package main

import (
	"fmt"
	"math"
	"slices"
	"strings"
	"time"

	"hookdrill/loadtest"
)

// liveLoad writes how a load goes, a line a second on a terminal and every ten
// seconds elsewhere. A terminal also gets a chart of the last seconds' p99.
type liveLoad struct {
	w   interface{ Write(p []byte) (int, error) }
	tty bool
	// width gives the columns of the terminal, 0 when that is unknown; nil for unknown.
	width  func() int
	phase  loadtest.Phase
	name   string
	errors uint64
	last   time.Duration
	// p99s are those of the last seconds, for the chart.
	p99s []time.Duration
}

func (l *liveLoad) began(name string, p loadtest.Phase) {
	l.name, l.phase, l.errors, l.last = name+", "+rates(p), p, 0, 0
	l.p99s = nil
}

func (l *liveLoad) second(s loadtest.Second) {
	l.errors += s.Failed
	if s.Sent == 0 && s.At >= l.phase.Duration() {
		return // the last part of a second, and empty
	}
	over := s.At >= l.phase.Duration()-tick/2 // or the last second, when the clock ran a little behind
	left := max(0, l.phase.Duration()-s.At).Round(time.Second)
	line := fmt.Sprintf("%-22s %5d/s  p50 %-8s p99 %-8s %d without an answer  %s left",
		l.name, s.Sent, s.P50.Round(10*time.Microsecond), s.P99.Round(10*time.Microsecond), l.errors, left)
	if l.p99s = append(l.p99s, s.P99); len(l.p99s) > chartSeconds {
		l.p99s = l.p99s[1:]
	}
	if l.tty {
		line = l.fit(line, bars(l.p99s))
	}
	switch {
	case l.tty && over:
		_, _ = fmt.Fprintf(l.w, "\r\x1b[K%s\n", line)
	case l.tty:
		_, _ = fmt.Fprintf(l.w, "\r\x1b[K%s", line)
	case s.At-l.last >= 9500*time.Millisecond || over:
		l.last = s.At
		_, _ = fmt.Fprintln(l.w, line)
	}
}

// fit joins a line and its chart so that both stay in one row of the terminal, which could not be
// written over otherwise: the chart loses its oldest seconds first, then the line its end.
func (l *liveLoad) fit(line, chart string) string {
	const gap = "  "
	columns := 0
	if l.width != nil {
		columns = l.width() - 1
	}
	whole, bars := []rune(line), []rune(chart)
	switch room := columns - len(whole) - len(gap); {
	case columns <= 0 || room >= len(bars):
		return line + gap + chart
	case room > 0:
		return line + gap + string(bars[len(bars)-room:])
	case columns < len(whole):
		return string(whole[:columns])
	}
	return line
}

// tick is how often a load tells how it goes.
const tick = time.Second

// chartSeconds is how many seconds the chart on a terminal holds.
const chartSeconds = 24

// bars draws durations as bars of eight heights, in the order of magnitude between the least
// and the greatest, so that one stall does not flatten all others.
func bars(all []time.Duration) string {
	heights := []rune("▁▂▃▄▅▆▇█")
	log := func(d time.Duration) float64 { return math.Log(max(1, float64(d))) }
	low, high := log(slices.Min(all)), log(slices.Max(all))
	high = max(high, low+math.Ln2) // what differs by less than twice looks alike
	var b strings.Builder
	for _, d := range all {
		b.WriteRune(heights[int((log(d)-low)/(high-low)*float64(len(heights)-1)+0.5)])
	}
	return b.String()
}

// rates is the rate of a phase, and where it changes the least and the highest.
func rates(p loadtest.Phase) string {
	low := math.Inf(1)
	for _, s := range p.Stages {
		low = min(low, s.Rate)
		if s.To != 0 {
			low = min(low, s.To)
		}
	}
	if low == p.Peak() {
		return fmt.Sprintf("%g/s", low)
	}
	return fmt.Sprintf("%g to %g/s", low, p.Peak())
}
