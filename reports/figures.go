package reports

import (
	"cmp"
	"fmt"
	"math"
	"slices"
	"strconv"
	"strings"
)

// figure is one line of what a load measured.
type figure struct{ Name, Value string }

// figures says what a load measured, for people.
func figures(l *Load) []figure {
	if l == nil {
		return nil
	}
	var out []figure
	if text := found(l); text != "" {
		out = append(out, figure{"search", text})
	}
	if l.Sent == 0 {
		return out // a search that was stopped: there is no load to tell of
	}
	out = append(out, []figure{
		{"rate", fmt.Sprintf("%s asked%s · %s offered · %s acknowledged a second, for %s", plain(l.AskedRPS), shape(l), plain(l.OfferedRPS), plain(l.AchievedRPS), span(l.DurationMS))},
		{"latency", spread(l.LatencyMS) + ", from when an event was due"},
		{"service", spread(l.ServiceMS) + ", from when it was sent"},
		{"delivered", fmt.Sprintf("%s · %s without a 2xx · %s retried · %d abandoned", share(l.DeliveredRatio), share(l.ErrorRatio), share(l.RetryRatio), l.Abandoned)},
	}...)
	if l.Lost != nil && l.Duplicates != nil {
		out = append(out, figure{"effects", fmt.Sprintf("%d lost · %d processed twice", *l.Lost, *l.Duplicates)})
	}
	if w := l.Watched; w != nil && w.Asked > 0 {
		out = append(out, figure{"meanwhile", fmt.Sprintf("%d acknowledged events looked at while the load ran: %d not processed yet, %d processed twice", w.Asked, w.Late, w.Doubled)})
	}
	var parts []string
	for _, name := range []string{"valid", "duplicate", "forged", "stale"} {
		if c, sent := l.Classes[name]; sent {
			parts = append(parts, fmt.Sprintf("%d %s, %d accepted", c.Sent, name, c.Accepted))
		}
	}
	if len(parts) > 0 {
		out = append(out, figure{"requests", strings.Join(parts, " · ")})
	}
	g := l.Generator
	text := fmt.Sprintf("%s of all processors · lag p99 %s ms · %s", share(g.CPU), plain(g.LagMS.P99), plural(g.Workers, "worker"))
	if g.Held > 0 {
		text += fmt.Sprintf(" · %d requests waited for one", g.Held)
	}
	if g.Behind != "" {
		text += " · behind its schedule: " + g.Behind
	}
	return append(out, figure{"generator", text})
}

// shape says of a rate that changes how high it was.
func shape(l *Load) string {
	if l.PeakRPS <= l.AskedRPS {
		return ""
	}
	return fmt.Sprintf(" (%s, up to %s)", l.Profile, plain(l.PeakRPS))
}

// found says what a search found, "" when there was none.
func found(l *Load) string {
	if len(l.Search) == 0 {
		return ""
	}
	missed := slices.DeleteFunc(slices.Clone(l.Search), func(s LoadStep) bool { return s.OK })
	if len(missed) == 0 {
		return fmt.Sprintf("all of %s met the service levels, up to %s a second", plural(len(l.Search), "rate"), plain(highest(l.Search)))
	}
	least := slices.MinFunc(missed, func(a, b LoadStep) int { return cmp.Compare(a.RPS, b.RPS) })
	return fmt.Sprintf("%s tried; %s a second missed the service levels: %s", plural(len(l.Search), "rate"), plain(least.RPS), least.Why)
}

func highest(steps []LoadStep) (rps float64) {
	for _, s := range steps {
		rps = max(rps, s.RPS)
	}
	return rps
}

func spread(p Percentiles) string {
	return fmt.Sprintf("p50 %s · p90 %s · p99 %s · p99.9 %s · max %s ms", plain(p.P50), plain(p.P90), plain(p.P99), plain(p.P999), plain(p.Max))
}

// plain writes a number with as many decimals as tell something.
func plain(x float64) string {
	decimals := 0
	switch {
	case x < 10:
		decimals = 2
	case x < 100:
		decimals = 1
	}
	text := strconv.FormatFloat(x, 'f', decimals, 64)
	if decimals > 0 {
		text = strings.TrimSuffix(strings.TrimRight(text, "0"), ".")
	}
	return text
}

func share(x float64) string { return strconv.FormatFloat(x*100, 'g', 4, 64) + " %" }

// chart is a picture of a load second by second, drawn as lines on a plane of
// chartWidth by chartHeight.
type chart struct {
	Title string
	Lines []chartLine
	// Marks are the lines of the grid, with what they stand for.
	Marks []chartMark
	// Start and End are what the ends of the axis stand for, Ticks what points between do.
	Start, End string
	Ticks      []chartTick
}

type chartTick struct{ X, Text string }

type chartLine struct{ Name, Class, Points string }

type chartMark struct {
	Y    string
	Text string
}

const (
	chartWidth, chartHeight = 640.0, 160.0
	// mostPoints bounds the points of a line: of more seconds the worst of each group is drawn.
	mostPoints = 320
)

// charts draws a load's latencies, and its rates.
func charts(l *Load) []chart {
	if l == nil {
		return nil
	}
	out := append(knee(l), curve(l)...)
	if len(l.Seconds) < 2 {
		return out
	}
	seconds := thinned(l.Seconds)
	var at []float64
	for _, s := range seconds {
		at = append(at, float64(s.AtMS))
	}
	end := span(seconds[len(seconds)-1].AtMS)
	of := func(value func(LoadSecond) float64) []float64 {
		var out []float64
		for _, s := range seconds {
			out = append(out, value(s))
		}
		return out
	}
	return append(out,
		draw("Latency from when an event was due, in ms", at, "0 s", end, []series{
			{"max", "max", of(func(s LoadSecond) float64 { return s.Max })},
			{"p99", "p99", of(func(s LoadSecond) float64 { return s.P99 })},
			{"p50", "p50", of(func(s LoadSecond) float64 { return s.P50 })},
		}),
		draw("Requests a second, asked for and ended", at, "0 s", end, []series{
			{"asked", "max", of(func(s LoadSecond) float64 { return float64(s.Asked) })},
			{"ended", "p50", of(func(s LoadSecond) float64 { return float64(s.Sent) })},
		}),
		draw("Answers a second by status", at, "0 s", end, statuses(l, of)),
	)
}

// statuses are the lines of what was answered: each class of status that occurred, and what
// got no answer.
func statuses(l *Load, of func(func(LoadSecond) float64) []float64) []series {
	all := []series{{"2xx", "p50", of(func(s LoadSecond) float64 { return float64(s.Accepted) })}}
	for _, class := range []string{"1xx", "3xx", "4xx", "5xx"} {
		if slices.ContainsFunc(l.Seconds, func(s LoadSecond) bool { return s.Statuses[class] > 0 }) {
			all = append(all, series{class, "s" + class, of(func(s LoadSecond) float64 { return float64(s.Statuses[class]) })})
		}
	}
	return append(all, series{"no answer", "p99", of(func(s LoadSecond) float64 { return float64(s.Failed) })})
}

// curve draws the latency over the percentile, on an axis on which each step from 90 % to
// 99 % to 99.9 % is as wide.
func curve(l *Load) []chart {
	var at, latency, service []float64
	for _, p := range l.Curve {
		if p.Percentile < 100 {
			at = append(at, math.Log10(100/(100-p.Percentile)))
			latency, service = append(latency, p.LatencyMS), append(service, p.ServiceMS)
		}
	}
	if len(at) < 2 {
		return nil
	}
	last := at[len(at)-1]
	c := draw("Latency by percentile, in ms", at, "0 %", "", []series{{"from when due", "p99", latency}, {"from when sent", "p50", service}})
	for nines := 1.0; nines <= last; nines++ {
		c.Ticks = append(c.Ticks, chartTick{coordinate(nines / last * chartWidth), strconv.FormatFloat(100-math.Pow(10, 2-nines), 'g', 8, 64) + " %"})
	}
	return []chart{c}
}

// knee draws the latency over the rate, as a search saw it.
func knee(l *Load) []chart {
	if len(l.Search) < 2 {
		return nil
	}
	steps := slices.SortedFunc(slices.Values(l.Search), func(a, b LoadStep) int { return cmp.Compare(a.RPS, b.RPS) })
	var at, limit, p50, p99 []float64
	for _, s := range steps {
		at, limit, p50, p99 = append(at, s.RPS), append(limit, l.Levels.P99MS), append(p50, s.P50), append(p99, s.P99)
	}
	return []chart{draw("Latency over the rate, in ms", at, "0/s", plain(steps[len(steps)-1].RPS)+"/s", []series{
		{"limit", "max", limit}, {"p99", "p99", p99}, {"p50", "p50", p50},
	})}
}

// thinned is the seconds, or of many the worst of each group.
func thinned(all []LoadSecond) []LoadSecond {
	group := (len(all) + mostPoints - 1) / mostPoints
	if group <= 1 {
		return all
	}
	var out []LoadSecond
	for part := range slices.Chunk(all, group) {
		out = append(out, slices.MaxFunc(part, func(a, b LoadSecond) int { return cmp.Compare(a.P99, b.P99) }))
	}
	return out
}

type series struct {
	name, class string
	values      []float64
}

// draw draws lines over the same points of the axis, which are in ascending order.
func draw(title string, at []float64, start, end string, all []series) chart {
	top := 1e-9
	for _, s := range all {
		top = max(top, slices.Max(s.values))
	}
	top = nice(top)
	c := chart{Title: title, Start: start, End: end}
	for _, part := range []float64{0, 0.5, 1} {
		c.Marks = append(c.Marks, chartMark{coordinate(chartHeight * (1 - part)), plain(top * part)})
	}
	last := max(1e-9, at[len(at)-1])
	for _, s := range all {
		var points []string
		for i, v := range s.values {
			points = append(points, coordinate(at[i]/last*chartWidth)+","+coordinate(chartHeight*(1-v/top)))
		}
		c.Lines = append(c.Lines, chartLine{s.name, s.class, strings.Join(points, " ")})
	}
	return c
}

// nice is the next number above x that is 1, 2 or 5 times a power of ten.
func nice(x float64) float64 {
	for unit := 1e-3; ; unit *= 10 {
		for _, n := range []float64{1, 2, 5} {
			if n*unit >= x || unit > 1e12 {
				return n * unit
			}
		}
	}
}

func coordinate(x float64) string { return strconv.FormatFloat(x, 'f', 1, 64) }
