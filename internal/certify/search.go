package certify

import (
	"context"
	"fmt"
	"math"
	"time"

	"hookdrill/loadtest"
	"hookdrill/reports"
)

// Search looks for the highest rate that meets the service levels: it doubles the rate
// until they are missed, halves the gap until it is small, and confirms what it found in
// the measured phase.
type Search struct {
	// From is the rate of the first step, To the highest that is tried.
	From, To float64
	// Step is how long each rate is tried for.
	Step time.Duration
}

const (
	// growth is the factor between two rates while no miss was seen.
	growth = 2
	// near is the ratio of the lowest rate that missed to the highest that did not at which
	// the search ends.
	near = 1.1
	// backOff is the factor by which a rate that was not confirmed is lowered, and
	// confirmations how often.
	backOff       = 0.9
	confirmations = 4
)

// step is what a rate came to.
type step struct {
	rate   float64
	ok     bool
	ours   bool // the generator could not keep up
	why    string
	result *loadtest.Result
}

// try judges a result as a step of a search.
func (r *run) try(result *loadtest.Result, rate float64) step {
	m := measured{cfg: &r.Config, main: result}
	s := step{rate: rate, result: result, ok: true}
	miss := func(format string, args ...any) {
		if s.ok {
			s.ok, s.why = false, fmt.Sprintf(format, args...)
		}
	}
	if why := m.behind(); why != "" {
		s.ours = true
		miss("the generator fell behind its schedule: %s", why)
	}
	levels := r.Contract.Levels
	if p99 := percentiles(m.class(loadtest.Valid).Latency).P99; p99 >= ms(time.Duration(levels.P99).Microseconds()) {
		miss("p99 %s ms", number(p99))
	}
	if m.refused() > levels.Errors {
		miss("%s without a 2xx", percent(m.refused()))
	}
	if m.offered() < enough {
		miss("%s of the requests sent in time", percent(m.offered()))
	}
	return s
}

// search finds a rate; send sends at one for a time. It returns the rates that were tried,
// in their order, and the rate to confirm: the highest that was met, or, when none was,
// the first one.
func (r *run) search(ctx context.Context, send func(rate float64, d time.Duration) (*loadtest.Result, error)) (tried []step, best float64, err error) {
	low, high := 0.0, math.Inf(1)
	rate := r.Search.From
	for ctx.Err() == nil {
		result, err := send(rate, r.Search.Step)
		if err != nil {
			return tried, low, err
		}
		if ctx.Err() != nil {
			break
		}
		s := r.try(result, rate)
		tried = append(tried, s)
		if s.ok {
			low = rate
		} else {
			high = rate
		}
		switch {
		case low >= r.Search.To, low == 0, high/max(low, 1e-9) <= near:
			return tried, max(low, 0), nil
		case math.IsInf(high, 1):
			rate = min(rate*growth, r.Search.To)
		default:
			rate = neat(math.Sqrt(low * high))
		}
	}
	return tried, low, nil //nolint:nilerr // an interrupted run says so in its report
}

// neat rounds a rate to three digits.
func neat(rate float64) float64 {
	unit := math.Pow(10, math.Floor(math.Log10(rate))-2)
	return math.Round(rate/unit) * unit
}

// steps is what a report tells of a search.
func steps(tried []step, cfg *Config) []reports.LoadStep {
	var out []reports.LoadStep
	for _, s := range tried {
		m := measured{cfg: cfg, main: s.result}
		out = append(out, reports.LoadStep{
			RPS: round(s.rate), OK: s.ok, Why: s.why, P50: percentiles(m.class(loadtest.Valid).Latency).P50, P99: percentiles(m.class(loadtest.Valid).Latency).P99,
			ErrorRatio: m.refused(), OfferedRatio: m.offered(),
		})
	}
	return out
}
