package loadtest

import (
	"errors"
	"fmt"
	"math"
	"math/rand/v2"
	"time"
)

// Phase is a stretch of a load whose rate is constant or changes steadily.
type Phase struct {
	Name     string        `json:"name" yaml:"name"`
	Duration time.Duration `json:"-" yaml:"duration"`
	// Rate is the events per second at the beginning, To those at the end; To is 0
	// where the rate is constant.
	Rate float64 `json:"rate" yaml:"rate"`
	To   float64 `json:"to,omitempty" yaml:"to"`
	// Poisson makes the waits random, with the rate as their mean: events come as
	// those of many independent sources do. Otherwise they are evenly spaced.
	Poisson bool `json:"poisson,omitempty" yaml:"poisson"`
}

const (
	leastRate    = 0.01
	mostRate     = 1_000_000
	mostEvents   = 500_000_000
	longestPhase = 24 * time.Hour
)

// Validate names every wrong field.
func (p Phase) Validate() error {
	var errs []error
	if p.Duration <= 0 || p.Duration > longestPhase {
		errs = append(errs, fmt.Errorf("duration: want more than 0s and at most %s, have %s", longestPhase, p.Duration))
	}
	for name, rate := range map[string]float64{"rate": p.Rate, "to": p.To} {
		if name == "to" && rate == 0 {
			continue
		}
		if math.IsNaN(rate) || rate < leastRate || rate > mostRate {
			errs = append(errs, fmt.Errorf("%s: want %v to %d events a second, have %v", name, leastRate, mostRate, rate))
		}
	}
	if n := p.Events(); len(errs) == 0 && n > mostEvents {
		errs = append(errs, fmt.Errorf("duration and rate: %.0f events are too many; %d are the most", n, mostEvents))
	}
	return errors.Join(errs...)
}

// Events is how many events a phase asks for; of Poisson arrivals it is the
// mean.
func (p Phase) Events() float64 {
	to := p.To
	if to == 0 {
		to = p.Rate
	}
	return (p.Rate + to) / 2 * p.Duration.Seconds()
}

// rate is the rate at a moment of the phase.
func (p Phase) rate(at time.Duration) float64 {
	if p.To == 0 {
		return p.Rate
	}
	part := min(1, max(0, at.Seconds()/p.Duration.Seconds()))
	return p.Rate + (p.To-p.Rate)*part
}

// dues returns a function that gives the moments at which the events of the
// phase are due, in order, from its beginning. They depend on rng alone.
//
// The number of events due by a moment t is the integral of the rate,
//
//	N(t) = rate·t + (to-rate)·t²/2d
//
// so the n-th event is due where N(t) = n: for a constant rate at n/rate, and else
// at the root of the quadratic. With Poisson arrivals n grows by a random amount
// with the mean 1 instead of by 1.
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
	slope := 0.0
	if p.To != 0 {
		slope = (p.To - p.Rate) / p.Duration.Seconds()
	}
	return func() time.Duration {
		at := moment(n, p.Rate, slope)
		next()
		return at
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
