package mockclaude

import (
	"context"
	"sync"
	"time"
)

const (
	// dialsAtOnce bounds how many connections are being opened at a time: fewer
	// than the shortest backlogs in use (5) hold.
	dialsAtOnce = 4
	// gatherTime is how long connections are gathered before those that stand
	// are released. A target that serves one connection at a time never takes
	// them all before it has served the first.
	gatherTime = 1500 * time.Millisecond
	// firstBackoff and lastBackoff bound the wait before dialling again.
	firstBackoff = 10 * time.Millisecond
	lastBackoff  = 200 * time.Millisecond
	// firstTry is how long the first try of dialling waits for an answer; each
	// further one waits twice as long. A full backlog drops what would open a
	// connection, and the kernel says nothing for a second and more.
	firstTry = 250 * time.Millisecond
)

// Together makes deliveries at the same moment, each on a connection of its
// own: it opens all connections, patiently, then stamps and signs, and only
// then releases every request at once. The timeout bounds opening a connection,
// and then, counted from the release, each exchange. The records are in the
// order of ds. What is not connected within a second and a half does not hold
// up the others: it goes on dialling, and is sent as soon as it is connected.
func (s *Sender) Together(ctx context.Context, ds []Delivery) []Exchange {
	out := make([]Exchange, len(ds))
	conns := make([]*conn, len(ds))
	errs := make([]error, len(ds))
	gather, enough := context.WithTimeoutCause(ctx, gatherTime, errTimeUp)
	s.dialAll(gather, ds, conns, errs)
	enough()

	gate := make(chan struct{})
	var exchanges, ready sync.WaitGroup
	for i, d := range ds {
		ready.Add(1)
		exchanges.Go(func() {
			prepared := sync.OnceFunc(ready.Done)
			defer prepared()
			c := conns[i]
			if c == nil {
				prepared()
				<-gate
				if c, errs[i] = s.dialPatiently(ctx, d); c == nil {
					out[i] = s.undialled(d, errs[i])
					return
				}
			}
			defer c.Close() //nolint:errcheck // the exchange is over
			p, err := s.prepare(d, s.cfg.Now())
			if err != nil {
				out[i] = s.unsent(d, err)
				return
			}
			write := writerFor(p)
			prepared()
			<-gate
			ctx, cancel := s.bound(ctx, d)
			defer cancel()
			if d.Shape.Kind == ShapeHTTP2 {
				out[i] = s.record(c, p, s.byTransport(ctx, c, p))
				return
			}
			out[i] = s.record(c, p, s.exchange(ctx, c, p, write))
		})
	}
	ready.Wait()
	close(gate)
	exchanges.Wait()
	return out
}

// dialAll opens a connection for each delivery: conns[i], or errs[i].
func (s *Sender) dialAll(ctx context.Context, ds []Delivery, conns []*conn, errs []error) {
	var dials sync.WaitGroup
	slots := make(chan struct{}, dialsAtOnce)
	for i, d := range ds {
		slots <- struct{}{}
		dials.Go(func() {
			defer func() { <-slots }()
			conns[i], errs[i] = s.dialPatiently(ctx, d)
		})
	}
	dials.Wait()
}

// dialPatiently dials again when the target refuses, resets or says nothing, as one
// whose backlog is full may do, until the timeout.
func (s *Sender) dialPatiently(ctx context.Context, d Delivery) (*conn, error) {
	whole, cancel := context.WithTimeoutCause(ctx, s.cfg.Timeout, errTimeUp)
	defer cancel()
	backoff, patience := firstBackoff, firstTry
	var last error
	for {
		try, done := context.WithTimeoutCause(whole, patience, errTimeUp)
		patience *= 2
		c, err := s.dial(try, d)
		done()
		kind, _ := kindOf(err)
		switch kind {
		case ErrRefused, ErrTimeout, ErrClosed:
		default:
			return c, err
		}
		if last == nil || kind != ErrTimeout {
			last = err // not that time was up while it dialled again
		}
		if wait(whole, backoff) != nil {
			return nil, last
		}
		backoff = min(2*backoff, lastBackoff)
	}
}
