package faults

import (
	"errors"
	"fmt"
	"math/rand/v2"
	"slices"

	"hookdrill/mockclaude/engine"
	"hookdrill/scenarios"
)

// Programme is a fault programme whose faults are made. It is used by one
// [Injector].
type Programme struct {
	data  *scenarios.Programme
	steps []step
	soak  []named

	// at is the step that is taken from, run how many times the list has run.
	at, run int
	made    uint64
}

type named struct {
	name  string
	fault Fault
}

// step is a step with its fault made; fault is nil for none.
type step struct {
	data  scenarios.ProgrammeStep
	fault Fault
	left  int
}

// Compile makes the faults of a programme. The error names every mistake.
func Compile(p *scenarios.Programme) (*Programme, error) {
	out := &Programme{data: p}
	var errs []error
	for i, s := range p.Steps {
		made, err := newStep(s)
		if err != nil {
			errs = append(errs, fmt.Errorf("%s: steps[%d]: %w", p.Name, i, err))
			continue
		}
		out.steps = append(out.steps, made)
	}
	if p.Soak != nil {
		for i, f := range p.Soak.Faults {
			made, err := New(f.Fault, f.With)
			if err != nil {
				errs = append(errs, fmt.Errorf("%s: soak.faults[%d]: %w", p.Name, i, err))
				continue
			}
			out.soak = append(out.soak, named{f.Fault, made})
		}
	}
	if err := errors.Join(errs...); err != nil {
		return nil, err
	}
	return out, nil
}

func newStep(s scenarios.ProgrammeStep) (step, error) {
	if err := s.Validate(); err != nil {
		return step{}, err //nolint:wrapcheck // it says what is wrong
	}
	out := step{data: s, left: max(1, s.Count)}
	if s.Fault == scenarios.NoFault {
		if len(s.With) > 0 {
			return step{}, fmt.Errorf("fault %s has no options", scenarios.NoFault)
		}
		return out, nil
	}
	var err error
	out.fault, err = New(s.Fault, s.With)
	return out, err
}

// takes is true when a step is for an attempt: the step's own match, or else
// the programme's, selects it.
func (s *step) takes(m *engine.Move, usual *scenarios.Match) bool {
	if s.data.On != scenarios.OnAny && m.Attempt != 1 {
		return false
	}
	match := s.data.Match
	if match == nil {
		match = usual
	}
	return selects(match, m)
}

func selects(match *scenarios.Match, m *engine.Move) bool {
	return match == nil ||
		(len(match.Types) == 0 || slices.Contains(match.Types, m.Type)) && (len(match.Endpoints) == 0 || slices.Contains(match.Endpoints, m.Endpoint))
}

// next gives an attempt the fault that is its turn, if any.
func (p *Programme) next(m *engine.Move, rng *rand.Rand) {
	if s := p.data.Soak; s != nil {
		if !selects(p.data.Match, m) || rng.IntN(s.OneIn) != 0 || m.Faulty >= s.Consecutive {
			return
		}
		drawn := p.soak[rng.IntN(len(p.soak))]
		apply(drawn.name, drawn.fault, m, rng)
		p.made++
		return
	}
	if p.over() {
		return
	}
	s := &p.steps[p.at]
	if !s.takes(m, p.data.Match) {
		return
	}
	if s.fault != nil {
		apply(s.data.Fault, s.fault, m, rng)
		p.made++
	}
	if s.left--; s.left > 0 {
		return
	}
	s.left = max(1, s.data.Count)
	if p.at++; p.at == len(p.steps) && (p.data.Forever || p.run+1 < max(1, p.data.Repeat)) {
		p.at = 0
		p.run++
	}
}

// over is true when every step has been taken.
func (p *Programme) over() bool { return p.data.Soak == nil && p.at == len(p.steps) }

func apply(name string, f Fault, m *engine.Move, rng *rand.Rand) {
	m.Fault = name
	f.Change(m, rng)
}
