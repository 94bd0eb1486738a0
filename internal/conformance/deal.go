package conformance

import (
	"hash/fnv"

	"hookdrill/internal/plan"
	"hookdrill/scenarios"
)

// deal says of every delivery of a plan which of n instances of the target it
// goes to: in turn, from an instance that depends on the case alone, so that a
// selection changes nothing. A copy of an event goes to another instance than
// the one before it, and what is sent over one connection stays with one. So does
// a case with twins: a refusal is proved by valid events that the same instance
// accepts, and by no other's.
//
// The preflight is left with the first instance: it visits the others itself.
func deal(p *plan.Plan, n int) {
	if n < 2 {
		return
	}
	for _, c := range p.Cases {
		if c.ID != plan.PreflightID {
			dealCase(c, n)
		}
	}
}

func dealCase(c *plan.Case, n int) {
	d := dealer{n: n, start: start(c.ID, n), first: map[string]int{}, copies: map[string]int{}}
	for i := range c.Steps {
		s := &c.Steps[i]
		for k := range s.Deliveries {
			if c.Control {
				s.Deliveries[k].To = d.start
				continue
			}
			s.Deliveries[k].To = d.next(s.Deliveries[k].EventID)
			if s.Mode == scenarios.ModeConnection {
				s.Deliveries[k].To = s.Deliveries[0].To
			}
		}
		for k := range s.Background {
			if c.Control {
				s.Background[k].To = d.start
				continue
			}
			s.Background[k].To = d.next(s.Background[k].EventID)
		}
	}
}

func start(id string, n int) int {
	h := fnv.New32a()
	_, _ = h.Write([]byte(id))        // it never fails
	return int(h.Sum32() % uint32(n)) //nolint:gosec // at most maxInstances
}

// dealer deals the deliveries of one case.
type dealer struct {
	n, start int
	dealt    int
	// first is when an event came first, copies how often it has come since.
	first, copies map[string]int
}

// next is the instance for one more delivery of an event.
func (d *dealer) next(event string) int {
	at := d.dealt
	d.dealt++
	if event != "" {
		if first, known := d.first[event]; known {
			d.copies[event]++
			at = first + d.copies[event]
		} else {
			d.first[event] = at
		}
	}
	return (d.start + at) % d.n
}
