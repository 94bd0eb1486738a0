package faults

import (
	"math/rand/v2"
	"time"

	"hookdrill/mockclaude"
	"hookdrill/mockclaude/engine"
)

// patience is how long an answer may take beyond what a fault itself takes.
const patience = 10 * time.Second

// timeout sends the whole request and stops waiting for the answer.
type timeout struct{ after time.Duration }

func newTimeout(o *options) Fault {
	return timeout{o.duration("after", 100*time.Millisecond, 0, time.Minute, "how long the sender waits; real time, whatever the speed")}
}

// Change implements [Fault].
func (f timeout) Change(m *engine.Move, _ *rand.Rand) {
	m.Request.Shape = mockclaude.Shape{Kind: mockclaude.ShapeAbandon, GiveUp: f.after}
	m.Request.Timeout = f.after + patience
}

// cut closes the connection in the middle of the body.
type cut struct{ at int }

func newCut(o *options) Fault {
	return cut{o.integer("at", 50, 1, 99, "part of the body that is sent, in percent")}
}

// Change implements [Fault].
func (f cut) Change(m *engine.Move, _ *rand.Rand) {
	m.Request.Shape = mockclaude.Shape{Kind: mockclaude.ShapeCut, CutAt: f.at}
}

// drop loses the answer.
type drop struct{}

func newDrop(*options) Fault { return drop{} }

// Change implements [Fault].
func (drop) Change(m *engine.Move, _ *rand.Rand) { m.Lose = true }

// slow sends the body in pieces.
type slow struct {
	pieces int
	pause  time.Duration
}

func newSlow(o *options) Fault {
	return slow{
		o.integer("pieces", 10, 2, 100, "number of writes"),
		o.duration("pause", 100*time.Millisecond, 0, 3*time.Second, "wait between two writes; real time, whatever the speed"),
	}
}

// Change implements [Fault].
func (f slow) Change(m *engine.Move, _ *rand.Rand) {
	m.Request.Shape = mockclaude.Shape{Kind: mockclaude.ShapePieces, Pieces: f.pieces, Pause: f.pause}
	m.Request.Timeout = time.Duration(f.pieces)*f.pause + patience
}

// zombie goes on with a request that the sender has given up.
type zombie struct{ after, lasts time.Duration }

func newZombie(o *options) Fault {
	return zombie{
		o.duration("after", 500*time.Millisecond, time.Millisecond, time.Minute, "when the sender gives up; real time, whatever the speed"),
		o.duration("lasts", 3*time.Second, 2*time.Millisecond, 5*time.Minute, "how long sending the body takes; real time, whatever the speed"),
	}
}

// Change implements [Fault].
func (f zombie) Change(m *engine.Move, _ *rand.Rand) {
	const pieces = 10
	lasts := max(f.lasts, f.after)
	m.GiveUp = f.after
	m.Request.Shape = mockclaude.Shape{Kind: mockclaude.ShapePieces, Pieces: pieces, Pause: lasts / (pieces - 1)}
	m.Request.Timeout = lasts + patience
}
