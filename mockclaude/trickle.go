package mockclaude

import (
	"context"
	"io"
	"slices"
	"sync"
	"time"
)

// Trickle plays slow clients: it opens a connection for each delivery, sends
// the header, and from then on one byte of the body after each every (1 s when
// that is not positive), until stop is called. It returns when every header is
// out, or failed to go out. A connection that does not stand within a second and
// a half is given up.
//
// stop ends what still goes on, and returns the records in the order of ds: one
// that was still sending is [ErrAbandoned], one that the target answered or
// closed says so. The timeout bounds dialling, and reading the answer once the
// body is out; the trickling itself has no bound but stop and ctx. stop must be
// called; to call it again returns the same records. Shapes are ignored.
func (s *Sender) Trickle(ctx context.Context, ds []Delivery, every time.Duration) (stop func() []Exchange) {
	if every <= 0 {
		every = time.Second
	}
	ctx, cancel := context.WithCancelCause(ctx)
	out := make([]Exchange, len(ds))
	conns := make([]*conn, len(ds))
	errs := make([]error, len(ds))
	ds = slices.Clone(ds)
	for i := range ds {
		ds[i].Shape = Shape{Kind: ShapeRaw}
	}
	gather, enough := context.WithTimeoutCause(ctx, gatherTime, errTimeUp)
	s.dialAll(gather, ds, conns, errs)
	enough()

	var headers, exchanges sync.WaitGroup
	for i, d := range ds {
		if conns[i] == nil {
			out[i] = s.undialled(d, errs[i])
			continue
		}
		headers.Add(1)
		exchanges.Go(func() {
			started := sync.OnceFunc(headers.Done)
			defer started()
			out[i] = s.trickle(ctx, conns[i], d, every, started)
		})
	}
	headers.Wait()
	return sync.OnceValue(func() []Exchange {
		cancel(errAbandoned)
		exchanges.Wait()
		return out
	})
}

// trickle makes one slow exchange.
func (s *Sender) trickle(ctx context.Context, c *conn, d Delivery, every time.Duration, started func()) Exchange {
	defer c.Close() //nolint:errcheck // the exchange is over
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	p, err := s.prepare(d, s.cfg.Now())
	if err != nil {
		return s.unsent(d, err)
	}
	head := p.head()
	return s.record(c, p, s.exchange(ctx, c, p, func(writing context.Context, w io.Writer, _ signals) error {
		if err := writeAll(w, head, nil); err != nil {
			return err
		}
		started()
		for i := range p.body {
			if err := wait(writing, every); err != nil {
				return err
			}
			if err := writeAll(w, p.body[i:i+1], nil); err != nil {
				return err
			}
		}
		timer := time.AfterFunc(s.cfg.Timeout, func() { cancel(errTimeUp) })
		context.AfterFunc(ctx, func() { timer.Stop() })
		return nil
	}))
}
