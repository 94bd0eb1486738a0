// Package bootstrap estimates how far the figures of two loads may be from each other by
// chance. It resamples stretches of each load, not single requests: requests that follow each
// other are slow together, and as independent ones they would make every interval too narrow
// (block bootstrap: Künsch, The Jackknife and the Bootstrap for General Stationary
// Observations, Annals of Statistics 17, 1989).
package bootstrap

import (
	"math/rand/v2"
	"slices"
	"time"

	"github.com/HdrHistogram/hdrhistogram-go"
)

// Block is a stretch of a load.
type Block struct {
	// Lasts is how long the stretch is, Accepted how many events were acknowledged in it.
	Lasts    time.Duration
	Accepted uint64
	// Latency holds the latencies, in µs.
	Latency *hdrhistogram.Histogram
}

// Fewest is how many blocks each load must have for an interval.
const Fewest = 8

// Interval is the change of a figure from one load to another, as a part of the first: 0.1 is
// a tenth more. Low and High hold the change in 95 of 100 cases, and are meaningless
// unless Known.
type Interval struct {
	Old, New  float64
	Change    float64
	Low, High float64
	Known     bool
}

// Change is what changed from one load to another.
type Change struct {
	// P50 and P99 are in µs, Rate in acknowledged events a second.
	P50, P99, Rate Interval
}

const resamples = 2000

// Compare compares two loads. The same blocks give the same answer.
func Compare(before, after []Block) Change {
	a, b := newSample(before), newSample(after)
	first, second := a.figures(a.all()), b.figures(b.all())
	var out [figures]Interval
	for i := range out {
		out[i] = Interval{Old: first[i], New: second[i], Change: relative(first[i], second[i]), Known: len(before) >= Fewest && len(after) >= Fewest && first[i] > 0}
	}
	rng := rand.New(rand.NewPCG(1, 1)) //nolint:gosec // repeatable on purpose
	var changes [figures][]float64
	if len(before) >= Fewest && len(after) >= Fewest {
		for range resamples {
			x, y := a.figures(a.draw(rng)), b.figures(b.draw(rng))
			for i := range changes {
				changes[i] = append(changes[i], relative(x[i], y[i]))
			}
		}
		for i, all := range changes {
			slices.Sort(all)
			out[i].Low, out[i].High = all[resamples*25/1000], all[resamples*975/1000]
		}
	}
	return Change{P50: out[0], P99: out[1], Rate: out[2]}
}

func relative(before, after float64) float64 {
	if before == 0 {
		return 0
	}
	return after/before - 1
}

const figures = 3

// sample is the blocks of a load with their latencies as counts of a list of values.
type sample struct {
	blocks []Block
	values []int64
	counts [][]count // of each block
	sums   []int64
}

type count struct {
	value int // its place in values
	n     int64
}

func newSample(blocks []Block) *sample {
	s := &sample{blocks: blocks}
	for _, b := range blocks {
		for _, bar := range b.Latency.Distribution() {
			if bar.Count > 0 {
				s.values = append(s.values, middle(bar))
			}
		}
	}
	slices.Sort(s.values)
	s.values = slices.Compact(s.values)
	for _, b := range blocks {
		var counts []count
		for _, bar := range b.Latency.Distribution() {
			if bar.Count > 0 {
				i, _ := slices.BinarySearch(s.values, middle(bar))
				counts = append(counts, count{i, bar.Count})
			}
		}
		s.counts = append(s.counts, counts)
	}
	s.sums = make([]int64, len(s.values))
	return s
}

func middle(b hdrhistogram.Bar) int64 { return b.From + (b.To-b.From)/2 }

func (s *sample) all() []int {
	out := make([]int, len(s.blocks))
	for i := range out {
		out[i] = i
	}
	return out
}

// draw takes as many blocks as there are, with replacement.
func (s *sample) draw(rng *rand.Rand) []int {
	out := make([]int, len(s.blocks))
	for i := range out {
		out[i] = rng.IntN(len(s.blocks))
	}
	return out
}

// figures are the p50, the p99 and the rate of some of the blocks.
func (s *sample) figures(of []int) [figures]float64 {
	clear(s.sums)
	var total int64
	var accepted uint64
	var lasts time.Duration
	for _, i := range of {
		for _, c := range s.counts[i] {
			s.sums[c.value] += c.n
			total += c.n
		}
		accepted += s.blocks[i].Accepted
		lasts += s.blocks[i].Lasts
	}
	out := [figures]float64{s.quantile(total, 0.5), s.quantile(total, 0.99), 0}
	if lasts > 0 {
		out[2] = float64(accepted) / lasts.Seconds()
	}
	return out
}

func (s *sample) quantile(total int64, q float64) float64 {
	var sum int64
	for i, n := range s.sums {
		if sum += n; sum > 0 && float64(sum) >= q*float64(total) {
			return float64(s.values[i])
		}
	}
	return 0
}
