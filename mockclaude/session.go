package mockclaude

import (
	"context"
	"fmt"
	"sync"
)

// redialled is the note of an exchange that was made twice.
const redialled = "the kept connection was closed before an answer; sent again on a new one"

// Session sends deliveries one after another over a connection that is kept
// alive for as long as the target allows. It is safe for concurrent use, but
// its exchanges never overlap.
type Session struct {
	sender *Sender
	mu     sync.Mutex
	conn   *conn
}

// Session makes a session; its first delivery dials.
func (s *Sender) Session() *Session { return &Session{sender: s} }

// Send makes one delivery, written by hand as HTTP/1.1. When a connection that
// had carried an exchange before fails before any byte of an answer was read,
// Send dials once more and sends again, stamped and signed anew; the record is
// then that of the second attempt, and its ErrText says so even if all is well.
//
// Bytes that follow an answer and belong to none are [ErrProtocol] in the
// record of the next delivery, which is sent on a new connection: on the old one
// they would have begun its answer.
//
// A delivery in the shape [ShapeHTTP2] goes over a connection of its own, and one
// to another target than the last over a new one.
func (x *Session) Send(ctx context.Context, d Delivery) Exchange {
	ctx, cancel := x.sender.bound(ctx, d)
	defer cancel()
	if d.Shape.Kind == ShapeHTTP2 {
		return x.sender.send(ctx, d, func() {})
	}
	x.mu.Lock()
	defer x.mu.Unlock()
	unasked := 0
	if x.conn != nil {
		unasked = x.conn.br.Buffered()
		if !x.conn.idle() || x.conn.to != d.To {
			x.drop()
		}
	}
	e, again := x.send(ctx, d, "")
	if again {
		x.drop()
		e, _ = x.send(ctx, d, redialled)
	}
	if unasked > 0 {
		e.Err, e.Complete = ErrProtocol, false
		e.ErrText = fmt.Sprintf("%d bytes that belong to no answer had come over the kept connection; sent on a new one", unasked)
	}
	return e
}

// send makes one attempt; again is true when it deserves another.
func (x *Session) send(ctx context.Context, d Delivery, note string) (e Exchange, again bool) {
	s := x.sender
	if x.conn == nil {
		c, err := s.dial(ctx, d)
		if err != nil {
			e := s.undialled(d, err)
			if note != "" {
				e.ErrText = note + "; " + e.ErrText
			}
			return e, false
		}
		x.conn = c
	}
	p, err := s.prepare(d, s.cfg.Now())
	if err != nil {
		return s.unsent(d, err), false
	}
	a := s.exchange(ctx, x.conn, p, writerFor(p))
	a.note = note
	kind, _ := kindOf(a.err)
	return s.record(x.conn, p, a), x.conn.uses > 1 && !a.began && kind == ErrClosed
}

// Close closes the connection, if there is one. The session can be used again.
func (x *Session) Close() {
	x.mu.Lock()
	defer x.mu.Unlock()
	if x.conn != nil {
		x.drop()
	}
}

func (x *Session) drop() {
	x.conn.Close() //nolint:errcheck // nothing is to be done about it
	x.conn = nil
}

// idle is true when a connection is open and nothing unasked has come over it.
func (c *conn) idle() bool {
	select {
	case <-c.gone:
		return false
	default:
		return c.br.Buffered() == 0
	}
}
