package reports

import (
	"fmt"
	"maps"
	"slices"
	"time"

	"github.com/HdrHistogram/hdrhistogram-go"

	"hookdrill/reports/bootstrap"
)

// LoadDiff is how two loads differ. Latencies are those of valid events, from when they were
// due, in µs; the rate is of acknowledged events a second.
type LoadDiff struct {
	P50, P99, Rate bootstrap.Interval
}

// differences says in what the loads were not the same.
func differences(a, b *Load) []string {
	var out []string
	if a.Profile != b.Profile || !slices.Equal(a.Stages, b.Stages) {
		out = append(out, fmt.Sprintf("the loads differ: %s, %s a second for %s before; %s, %s a second for %s now", line(a.Profile, maxShort), plain(a.AskedRPS), span(a.DurationMS),
			line(b.Profile, maxShort), plain(b.AskedRPS), span(b.DurationMS)))
	}
	if a.Machine != b.Machine {
		out = append(out, fmt.Sprintf("the machines differ: %s with %s before, %s with %s now", line(a.Machine.Arch, maxShort), plural(a.Machine.CPUs, "processor"), line(b.Machine.Arch, maxShort), plural(b.Machine.CPUs, "processor")))
	}
	if !slices.Equal(slices.Sorted(maps.Keys(a.Classes)), slices.Sorted(maps.Keys(b.Classes))) {
		out = append(out, "the loads had other classes of requests")
	}
	return out
}

func compareLoads(a, b *Load) (*LoadDiff, error) {
	before, err := blocksOf(a)
	if err != nil {
		return nil, fmt.Errorf("old report: %w", err)
	}
	after, err := blocksOf(b)
	if err != nil {
		return nil, fmt.Errorf("new report: %w", err)
	}
	c := bootstrap.Compare(before, after)
	// The reports' own figures are exact where those of the blocks are rounded.
	for _, f := range []struct {
		interval      *bootstrap.Interval
		before, after float64
	}{{&c.P50, a.LatencyMS.P50, b.LatencyMS.P50}, {&c.P99, a.LatencyMS.P99, b.LatencyMS.P99}} {
		f.interval.Old, f.interval.New = f.before, f.after
		f.interval.Change = 0
		if f.before > 0 {
			f.interval.Change = f.after/f.before - 1
		}
	}
	return &LoadDiff{c.P50, c.P99, c.Rate}, nil
}

func blocksOf(l *Load) ([]bootstrap.Block, error) {
	var out []bootstrap.Block
	for i, b := range l.Blocks {
		h, err := hdrhistogram.Decode([]byte(b.Latency))
		if err != nil {
			return nil, fmt.Errorf("load.blocks[%d].latency is no histogram: %w", i, err)
		}
		out = append(out, bootstrap.Block{Lasts: time.Duration(b.ToMS-b.FromMS) * time.Millisecond, Accepted: b.Accepted, Latency: h})
	}
	return out, nil
}

// certainty is how sure it is that a load is slower by more than a limit.
type certainty int

const (
	slowerNot certainty = iota
	slowerPerhaps
	slowerSurely
)

func (l *LoadDiff) slower(limit float64) certainty {
	worst := slowerNot
	for _, f := range l.figures() {
		worst = max(worst, f.slower(limit))
	}
	return worst
}

// slower is surely so when the whole interval is beyond the limit, and perhaps when the measured
// change is.
func (f loadFigure) slower(limit float64) certainty {
	change, least := f.Change, f.Low
	if f.lessIsSlower {
		// A rate that is a tenth lower takes 1/0.9 of the time for as many events.
		change, least = 1/max(1e-9, 1+f.Change)-1, 1/max(1e-9, 1+f.High)-1
	}
	switch {
	case f.Known && least > limit:
		return slowerSurely
	case change > limit:
		return slowerPerhaps
	}
	return slowerNot
}

type loadFigure struct {
	name, unit   string
	lessIsSlower bool
	bootstrap.Interval
}

func (l *LoadDiff) figures() []loadFigure {
	return []loadFigure{
		{"latency p50", "ms", false, l.P50},
		{"latency p99", "ms", false, l.P99},
		{"acknowledged a second", "", true, l.Rate},
	}
}

// sentence says what the change means.
func (f loadFigure) sentence() string {
	less, more := "quicker", "slower"
	if f.lessIsSlower {
		less, more = "less", "more"
	}
	switch {
	case !f.Known:
		return fmt.Sprintf("too short for an interval: each load needs %d seconds or more", bootstrap.Fewest)
	case f.Low > 0:
		return more
	case f.High < 0:
		return less
	}
	return "no difference shown"
}

func signed(part float64) string { return fmt.Sprintf("%+.1f %%", part*100) }

// interval says in what bounds the change is.
func (f loadFigure) interval() string {
	if !f.Known {
		return "–"
	}
	return signed(f.Low) + " to " + signed(f.High)
}
