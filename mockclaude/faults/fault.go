package faults

import (
	"errors"
	"fmt"
	"math/rand/v2"
	"strings"

	"hookdrill/internal/suggest"
	"hookdrill/mockclaude/engine"
)

// Fault changes what the engine is about to do for a delivery. It draws from rng
// alone.
type Fault interface {
	Change(m *engine.Move, rng *rand.Rand)
}

// Kind is a fault that there is.
type Kind struct {
	Name  string
	Title string
	// build reads the options of a fault.
	build func(o *options) Fault
}

// Kinds lists the faults that there are. docs/faults.md has a section for each,
// and says how to add one.
func Kinds() []Kind {
	return []Kind{
		{"duplicate", "the event is sent again after the attempt", newDuplicate},
		{"forge", "a forged request of the event comes before the attempt", newForge},
		{"replay", "the attempt's own bytes come again", newReplay},
		{"stale", "a rightly signed request with an old timestamp comes before the attempt", newStale},
		{"reorder", "later deliveries overtake this one", newReorder},
		{"delay", "the attempt comes later", newDelay},
		{"timeout", "the sender stops waiting and closes the connection", newTimeout},
		{"cut", "the connection ends in the middle of the body", newCut},
		{"drop", "the answer is lost", newDrop},
		{"slow", "the body trickles in", newSlow},
		{"zombie", "the sender gives up and retries while the request goes on", newZombie},
		{"burst", "deliveries gather and come all at once", newBurst},
	}
}

// Options lists the options of a fault.
func (k Kind) Options() []Option {
	o := &options{}
	k.build(o)
	return o.known
}

// New makes a fault with options. The error names every option that is wrong.
func New(name string, with map[string]any) (Fault, error) {
	var names []string
	for _, k := range Kinds() {
		if k.Name != name {
			names = append(names, k.Name)
			continue
		}
		o := &options{with: with}
		f := k.build(o)
		if err := o.err(); err != nil {
			return nil, fmt.Errorf("fault %s: %w", name, err)
		}
		return f, nil
	}
	if near := suggest.Nearest(name, names); near != "" {
		return nil, fmt.Errorf("unknown fault %.100q; did you mean %q?", name, near)
	}
	return nil, fmt.Errorf("unknown fault %.100q; there are %s", name, strings.Join(names, ", "))
}

// err is about options that are wrong or unknown.
func (o *options) err() error {
	var names []string
	for _, k := range o.known {
		names = append(names, k.Name)
	}
	for name := range o.with {
		if !o.asked[name] {
			hint := "it has none"
			if len(names) > 0 {
				hint = "it has " + strings.Join(names, ", ")
			}
			if near := suggest.Nearest(name, names); near != "" {
				hint = fmt.Sprintf("did you mean %q?", near)
			}
			o.errs = append(o.errs, fmt.Errorf("unknown option %.100q; %s", name, hint))
		}
	}
	return errors.Join(o.errs...)
}
