package mockclaude

import (
	"context"
	"errors"
	"sync"
	"time"
)

// lateWriter is how long a writer may take to notice that it is done once the
// answer has been read.
const lateWriter = 250 * time.Millisecond

// exchange makes one exchange over HTTP/1.1, written by hand. It writes and
// reads at the same time: a target may answer before it has read everything,
// and such an answer counts for more than the failed write. Afterwards c is
// fit for another exchange only if reusable says so.
func (s *Sender) exchange(ctx context.Context, c *conn, p *request, write writer) (a answer) {
	c.uses++
	release := c.until(ctx)
	defer func() {
		a.took = time.Since(a.start)
		if !release() || !reusable(a) {
			c.abrupt.Store(!a.complete)
			c.Close() //nolint:errcheck // the exchange is over
		}
	}()
	a.wrote = p.head()
	a.start, a.at = time.Now(), s.cfg.Now()

	switch p.delivery.Shape.Kind {
	case ShapeCut, ShapeAbandon:
		s.giveUp(ctx, c, p, write, &a)
		return a
	}
	sig := signals{goAhead: make(chan struct{}), final: make(chan struct{})}
	writing, stopWriting := context.WithCancel(ctx)
	defer stopWriting()
	done := make(chan error, 1)
	go func() { done <- write(writing, c, sig) }()

	var once sync.Once
	s.readAnswer(ctx, c, p.method, &a, func(status int) {
		switch {
		case status == 100:
			once.Do(func() { close(sig.goAhead) })
		case a.final(status):
			close(sig.final)
		}
	})
	err := finishWriting(c, done, stopWriting)
	a.sent = err == nil
	if a.err != nil && !a.began {
		a.err = withWriteError(a.err, err)
	}
	return a
}

// final is true for a status that ends an exchange.
func (*answer) final(status int) bool { return status >= 200 || status == 101 }

// finishWriting waits for a writer, and makes it end if it does not do so by
// itself.
func finishWriting(c *conn, done <-chan error, stop func()) error {
	timer := time.NewTimer(lateWriter)
	defer timer.Stop()
	select {
	case err := <-done:
		return err
	case <-timer.C:
	}
	stop()
	c.abrupt.Store(true)
	c.Close() //nolint:errcheck // this is what ends the writer
	if err := <-done; err != nil {
		return err
	}
	return errors.New("write request: ended by the answer")
}

// withWriteError adds to a reader's error what the writer saw.
func withWriteError(read, write error) error {
	var f *fault
	if write == nil || errors.Is(write, errBodyHeld) || !errors.As(read, &f) || f.kind != ErrClosed {
		return read
	}
	return &fault{f.kind, errors.Join(f.err, write)}
}

// giveUp sends, waits and closes without reading.
func (s *Sender) giveUp(ctx context.Context, c *conn, p *request, write writer, a *answer) {
	shape := p.delivery.Shape
	if err := write(ctx, c, signals{}); err != nil {
		a.err = answerFault(ctx, err, false)
		return
	}
	if shape.Kind == ShapeCut {
		a.sent = shape.CutAt == 100
		a.err = &fault{ErrAbandoned, errCut}
	} else {
		a.sent = true
		if err := wait(ctx, shape.GiveUp); err != nil {
			a.err = stopped(ctx, "wait before giving up")
			return
		}
		a.err = &fault{ErrAbandoned, errUnread}
	}
}

// reusable is true when a connection can carry another exchange.
func reusable(a answer) bool {
	return a.complete && a.sent && a.err == nil && !a.response.Close && a.response.StatusCode != 101
}
