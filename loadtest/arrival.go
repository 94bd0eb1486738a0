package loadtest

import (
	"errors"
	"fmt"
	"math"
	"math/rand/v2"
	"time"
)

// Stage is a stretch of a phase whose rate is constant or changes steadily.
type Stage struct {
	Duration time.Duration
	// Rate is the events per second at the beginning, To those at the end; To is 0
	// where the rate is constant.
	Rate, To float64
}

// Phase is a load in one piece: its stages follow each other without a gap, whatever the
// target answers, and are measured together.
type Phase struct {
	Name   string
	Stages []Stage
	// Poisson makes the waits random, with the rate as their mean: events come as
	// those of many independent sources do. Otherwise they are evenly spaced.
	Poisson bool
}

// MostRate is the highest rate of a phase, in events a second.
const MostRate = 1_000_000

const (
	leastRate    = 0.01
	mostEvents   = 500_000_000
	mostStages   = 10_000
	longestPhase = 24 * time.Hour
)

// Steady is a phase with a constant rate.
func Steady(rate float64, d time.Duration) Phase {
	return Phase{Stages: []Stage{{Duration: d, Rate: rate}}}
}

// Validate names every wrong field.
func (p Phase) Validate() error {
	if n := len(p.Stages); n == 0 || n > mostStages {
		return fmt.Errorf("stages: want 1 to %d, have %d", mostStages, n)
	}
	var errs []error
	for i, s := range p.Stages {
		err := s.validate()
		if err != nil && len(p.Stages) > 1 {
			err = fmt.Errorf("stage %d: %w", i+1, err)
		}
		errs = append(errs, err)
	}
	if err := errors.Join(errs...); err != nil {
		return err
	}
	if p.Duration() > longestPhase {
		errs = append(errs, fmt.Errorf("duration: want at most %s for all stages, have %s", longestPhase, p.Duration()))
	}
	if n := p.Events(); n > mostEvents {
		errs = append(errs, fmt.Errorf("duration and rate: %.0f events are too many; %d are the most", n, mostEvents))
	}
	return errors.Join(errs...)
}

func (s Stage) validate() error {
	var errs []error
	if s.Duration <= 0 || s.Duration > longestPhase {
		errs = append(errs, fmt.Errorf("duration: want more than 0s and at most %s, have %s", longestPhase, s.Duration))
	}
	check := func(name string, rate float64) {
		if math.IsNaN(rate) || rate < leastRate || rate > MostRate {
			errs = append(errs, fmt.Errorf("%s: want %v to %d events a second, have %v", name, leastRate, MostRate, rate))
		}
	}
	check("rate", s.Rate)
	if s.To != 0 {
		check("to", s.To)
	}
	return errors.Join(errs...)
}

// Duration is that of all stages.
func (p Phase) Duration() (d time.Duration) {
	for _, s := range p.Stages {
		d += s.Duration
	}
	return d
}

// Events is how many events a phase asks for; of Poisson arrivals it is the
// mean.
func (p Phase) Events() (n float64) {
	for _, s := range p.Stages {
		n += s.events()
	}
	return n
}

// Mean is the mean rate of a phase, in events a second.
func (p Phase) Mean() float64 { return p.Events() / p.Duration().Seconds() }

// Peak is the highest rate of a phase, in events a second.
func (p Phase) Peak() (rate float64) {
	for _, s := range p.Stages {
		rate = max(rate, s.Rate, s.To)
	}
	return rate
}

// end is the rate at the end of a stage.
func (s Stage) end() float64 {
	if s.To == 0 {
		return s.Rate
	}
	return s.To
}

func (s Stage) events() float64 { return (s.Rate + s.end()) / 2 * s.Duration.Seconds() }

func (s Stage) slope() float64 { return (s.end() - s.Rate) / s.Duration.Seconds() }

// rate is the rate at a moment of the phase.
func (p Phase) rate(at time.Duration) float64 {
	for i, s := range p.Stages {
		if at < s.Duration || i == len(p.Stages)-1 {
			return s.Rate + s.slope()*min(s.Duration, max(0, at)).Seconds()
		}
		at -= s.Duration
	}
	return 0
}

// dues returns a function that gives the moments at which the events of the
// phase are due, in order, from its beginning, and never after the last one. They
// depend on rng alone.
//
// The number of events due in a stage by a moment t of it is the integral of the rate,
//
//	N(t) = rate·t + (to-rate)·t²/2d
//
// so the n-th event is due where N(t) = n: for a constant rate at n/rate, and else
// at the root of the quadratic. With Poisson arrivals n grows by a random amount
// with the mean 1 instead of by 1. What a stage has left of n is the next one's.
func (p Phase) dues(rng *rand.Rand) func() time.Duration {
	n := 0.0
	next := func() {
		if p.Poisson {
			n += rng.ExpFloat64()
		} else {
			n++
		}
	}
	if p.Poisson {
		next() // the first comes after a wait, too
	}
	stages, began := p.Stages, time.Duration(0)
	return func() time.Duration {
		for len(stages) > 0 {
			s := stages[0]
			if at := moment(n, s.Rate, s.slope()); at < s.Duration {
				next()
				return began + at
			}
			n = max(0, n-s.events())
			began += s.Duration
			stages = stages[1:]
		}
		return never
	}
}

// never is later than every phase's end.
const never = time.Duration(math.MaxInt64)

// moment is where rate·t + slope·t²/2 reaches n.
func moment(n, rate, slope float64) time.Duration {
	t := n / rate
	if slope != 0 {
		under := rate*rate + 2*slope*n
		if under < 0 {
			return never // a falling rate never gets there
		}
		t = 2 * n / (rate + math.Sqrt(under))
	}
	if t >= float64(never)/float64(time.Second) {
		return never
	}
	return time.Duration(t * float64(time.Second))
}
