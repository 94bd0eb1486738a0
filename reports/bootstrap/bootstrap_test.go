package bootstrap

import (
	"math"
	"math/rand/v2"
	"testing"
	"time"

	"github.com/HdrHistogram/hdrhistogram-go"
)

// load draws a load of n blocks of a hundred events each, whose latencies have a median of
// about the given µs. Each block is slow or quick as a whole.
func load(n int, median float64, rng *rand.Rand) []Block {
	var out []Block
	for range n {
		b := Block{Lasts: time.Second, Accepted: 95 + rng.Uint64N(10), Latency: hdrhistogram.New(1, 3_600_000_000, 3)}
		level := median * math.Exp(0.1*rng.NormFloat64())
		for range 100 {
			_ = b.Latency.RecordValue(int64(level * math.Exp(0.2*rng.NormFloat64())))
		}
		out = append(out, b)
	}
	return out
}

// TestCoverage: of loads that differ by nothing, the interval contains no change in about 95 of
// 100 cases; and of loads that differ by a third, hardly ever.
func TestCoverage(t *testing.T) {
	t.Parallel()
	rng := rand.New(rand.NewPCG(5, 5))
	const trials = 60
	var contains, found, rate int
	for range trials {
		before := load(40, 1000, rng)
		same := Compare(before, load(40, 1000, rng))
		if same.P50.Low <= 0 && same.P50.High >= 0 {
			contains++
		}
		if same.Rate.Low <= 0 && same.Rate.High >= 0 {
			rate++
		}
		slower := Compare(before, load(40, 1333, rng))
		if slower.P50.Low > 0.1 && slower.P50.High > 0.33 && slower.P99.Low > 0 {
			found++
		}
	}
	if contains < 50 || rate < 50 {
		t.Errorf("in %d and %d of %d comparisons of the same the interval contains no change", contains, rate, trials)
	}
	if found < 50 {
		t.Errorf("%d of %d slower loads were found", found, trials)
	}
}

func TestFigures(t *testing.T) {
	t.Parallel()
	b := Block{Lasts: 2 * time.Second, Accepted: 100, Latency: hdrhistogram.New(1, 1_000_000, 3)}
	for i := range int64(100) {
		_ = b.Latency.RecordValue(10 * (i + 1))
	}
	c := Compare([]Block{b}, []Block{b, b})
	if c.P50.Old != 500 || c.P99.Old != 990 || c.Rate.Old != 50 || c.P99.New != 990 || c.P50.Change != 0 || c.P50.Known {
		t.Errorf("%+v", c)
	}
	if empty := Compare(nil, nil); empty.P50 != (Interval{}) || empty.Rate.Known {
		t.Errorf("%+v", empty)
	}
}

func TestSameBlocksSameAnswer(t *testing.T) {
	t.Parallel()
	rng := rand.New(rand.NewPCG(6, 6))
	a, b := load(20, 500, rng), load(20, 700, rng)
	if Compare(a, b) != Compare(a, b) {
		t.Error("the answer differs from time to time")
	}
}
