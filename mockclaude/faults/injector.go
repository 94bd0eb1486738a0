package faults

import (
	"errors"
	"fmt"
	"math/rand/v2"
	"slices"
	"sync"

	"hookdrill/mockclaude/engine"
	"hookdrill/scenarios"
)

// mostInjections bounds the injections that wait.
const mostInjections = 1000

// ErrUnknown says that there is no such injection, or that it is used up.
var ErrUnknown = errors.New("no such injection")

// ErrFull says that as many injections wait as may.
var ErrFull = errors.New("too many injections wait")

// Injection is a step that was put in front of the programme.
type Injection struct {
	// ID numbers injections from 1.
	ID uint64 `json:"id"`
	scenarios.ProgrammeStep
	// Left is how many attempts it will still change, Made how many it has.
	Left int `json:"left"`
	Made int `json:"made"`
}

// Progress is how far a programme is.
type Progress struct {
	Name  string `json:"name"`
	Title string `json:"title"`
	// Step counts from 0 and is the step that comes next; Run counts the runs of the
	// list that are over. Neither tells anything of a soak.
	Step int  `json:"step"`
	Run  int  `json:"run"`
	Over bool `json:"over"`
	// Made counts the attempts that it has changed.
	Made uint64 `json:"made"`
}

// Injector gives attempts their faults: those injected first, in their order,
// then the programme's. An attempt gets one fault at most. It is safe for
// concurrent use.
type Injector struct {
	mu        sync.Mutex
	programme *Programme
	injected  []*injection
	last      uint64
}

type injection struct {
	step
	id   uint64
	made int
}

var _ engine.Injector = (*Injector)(nil)

// NewInjector returns an injector that follows a programme; nil is none.
func NewInjector(p *Programme) *Injector { return &Injector{programme: p} }

// Next implements [engine.Injector]. Of the injections that wait, the first
// that takes the attempt changes it. The programme's steps are strictly in
// order: an attempt that the next step does not take goes unharmed and counts
// for nothing.
func (j *Injector) Next(m *engine.Move, rng *rand.Rand) {
	j.mu.Lock()
	defer j.mu.Unlock()
	for i, in := range j.injected {
		if !in.takes(m, nil) {
			continue
		}
		if in.fault != nil {
			apply(in.data.Fault, in.fault, m, rng)
		}
		in.made++
		if in.left--; in.left == 0 {
			j.injected = slices.Delete(j.injected, i, i+1)
		}
		return
	}
	if j.programme != nil {
		j.programme.next(m, rng)
	}
}

// Inject puts a step in front of the programme, behind those injected before.
// An error is about the step, or wraps [ErrFull].
func (j *Injector) Inject(s scenarios.ProgrammeStep) (Injection, error) {
	made, err := newStep(s)
	if err != nil {
		return Injection{}, err
	}
	j.mu.Lock()
	defer j.mu.Unlock()
	if len(j.injected) >= mostInjections {
		return Injection{}, fmt.Errorf("%w: %d", ErrFull, len(j.injected))
	}
	j.last++
	in := &injection{step: made, id: j.last}
	j.injected = append(j.injected, in)
	return in.view(), nil
}

func (in *injection) view() Injection { return Injection{in.id, in.data, in.left, in.made} }

// List lists the injections that wait.
func (j *Injector) List() []Injection {
	j.mu.Lock()
	defer j.mu.Unlock()
	out := make([]Injection, 0, len(j.injected))
	for _, in := range j.injected {
		out = append(out, in.view())
	}
	return out
}

// Progress is how far the programme is; nil when there is none.
func (j *Injector) Progress() *Progress {
	j.mu.Lock()
	defer j.mu.Unlock()
	p := j.programme
	if p == nil {
		return nil
	}
	return &Progress{p.data.Name, p.data.Title, p.at, p.run, p.over(), p.made}
}

// Cancel takes an injection out; the error is [ErrUnknown].
func (j *Injector) Cancel(id uint64) error {
	j.mu.Lock()
	defer j.mu.Unlock()
	i := slices.IndexFunc(j.injected, func(in *injection) bool { return in.id == id })
	if i < 0 {
		return ErrUnknown
	}
	j.injected = slices.Delete(j.injected, i, i+1)
	return nil
}

// Clear takes all injections out. The programme goes on.
func (j *Injector) Clear() {
	j.mu.Lock()
	defer j.mu.Unlock()
	j.injected = nil
}
