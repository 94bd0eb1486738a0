package engine

import (
	"context"
	"sync"

	"hookdrill/mockclaude"
)

// transport is a sender with connections that are kept between attempts.
type transport struct {
	sender *mockclaude.Sender

	mu     sync.Mutex
	idle   []*mockclaude.Session
	users  int
	retire bool
}

func newTransport(cfg mockclaude.SenderConfig) (Transport, error) {
	s, err := mockclaude.NewSender(cfg)
	if err != nil {
		return nil, err //nolint:wrapcheck // it says what is wrong
	}
	return &transport{sender: s}, nil
}

// Send makes an ordinary request over a connection that was used before, if
// there is one; every other shape has a connection of its own.
func (t *transport) Send(ctx context.Context, d mockclaude.Delivery) mockclaude.Exchange {
	t.enter()
	defer t.leave()
	if d.Shape.Kind != mockclaude.ShapeOrdinary {
		return t.sender.Send(ctx, d)
	}
	x := t.take()
	e := x.Send(ctx, d)
	t.mu.Lock()
	t.idle = append(t.idle, x)
	t.mu.Unlock()
	return e
}

func (t *transport) take() *mockclaude.Session {
	t.mu.Lock()
	defer t.mu.Unlock()
	if n := len(t.idle); n > 0 {
		x := t.idle[n-1]
		t.idle = t.idle[:n-1]
		return x
	}
	return t.sender.Session()
}

func (t *transport) Together(ctx context.Context, ds []mockclaude.Delivery) []mockclaude.Exchange {
	t.enter()
	defer t.leave()
	return t.sender.Together(ctx, ds)
}

func (t *transport) enter() {
	t.mu.Lock()
	t.users++
	t.mu.Unlock()
}

func (t *transport) leave() {
	t.mu.Lock()
	t.users--
	over := t.retire && t.users == 0
	t.mu.Unlock()
	if over {
		t.sender.Close()
	}
}

// Finish closes the transport when its last request has ended.
func (t *transport) Finish() {
	t.mu.Lock()
	t.retire = true
	over := t.users == 0
	t.mu.Unlock()
	if over {
		t.sender.Close()
	}
}

// Close ends whatever is under way.
func (t *transport) Close() { t.sender.Close() }
