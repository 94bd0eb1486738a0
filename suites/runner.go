// Package suites carries out a plan against a target, as Ginkgo specs, and
// records what it sees.
//
// The specs assert the conformance contract through one matcher, and package
// verdict judges: a suite must not decide what a right answer is. Suites reach
// a target by its URL alone; they never import a receiver.
package suites

import (
	"context"
	"crypto/x509"
	"fmt"
	"net/http"
	"net/url"
	"sync"
	"sync/atomic"
	"time"

	"golang.org/x/sync/errgroup"

	"hookdrill/internal/plan"
	"hookdrill/internal/record"
	"hookdrill/mockclaude"
	"hookdrill/observe"
	"hookdrill/reports"
	"hookdrill/scenarios"
)

// spreadWorkers is how many deliveries of a spread step are under way at once.
const spreadWorkers = 8

// Config is what a run needs.
type Config struct {
	Plan   *plan.Plan
	Target *url.URL
	// Further are the target's other instances; a delivery says which it goes to.
	Further []*url.URL
	Sender  *mockclaude.Sender
	// Observers say what the target did; none at level wire.
	Observers []observe.Observer
	// Settle bounds the wait for effects.
	Settle time.Duration
	// Roots are the certificates that a chain may end in; nil is the system's.
	Roots *x509.CertPool
	// LogFile is the target's log, "" if there is none.
	LogFile string
	// Secrets reports whether a text holds the key or a valid signature.
	Secrets func(text string) bool
	// Drill carries out the drill of a requirement and keeps what it found for Judge; nil when
	// the target cannot be stopped and started.
	Drill func(ctx context.Context, id string)
	// Call carries out the cases of a requirement about what the receiver calls, and keeps
	// what came of them for Judge; nil when nobody watches that.
	Call func(ctx context.Context, id string)
	// Judge judges one check by what is recorded so far.
	Judge func(id string) reports.Check
	// Decided is told of each check once, as soon as it is decided.
	Decided func(reports.Check)
	// Seen is told of each attempt, for the wire log.
	Seen func(c *plan.Case, d plan.Delivery, a record.Attempt)
	// Now is the clock.
	Now func() time.Time
}

// Runner carries out cases and keeps their records.
type Runner struct {
	cfg Config
	run *record.Run
	// health is that of the target.
	health health
	// limited is true once the target has answered 429.
	limited atomic.Bool
}

// NewRunner returns a runner that records into run.
func NewRunner(cfg Config, run *record.Run) *Runner {
	return &Runner{cfg: cfg, run: run, health: newHealth()}
}

// target is an instance of the target by its number.
func (r *Runner) target(n int) *url.URL {
	if n > 0 && n <= len(r.cfg.Further) {
		return r.cfg.Further[n-1]
	}
	return r.cfg.Target
}

// carry carries out one case and records it. It records nothing when ctx is
// already done, so that the case stays visibly unexercised.
func (r *Runner) carry(ctx context.Context, c *plan.Case) {
	if ctx.Err() != nil {
		r.run.Interrupted = true
		return
	}
	if r.run.Cases[c.ID] != nil {
		return
	}
	rec := &record.Case{ID: c.ID, Started: r.cfg.Now()}
	r.run.Cases[c.ID] = rec
	defer func() {
		rec.Duration = r.cfg.Now().Sub(rec.Started)
		if p := recover(); p != nil {
			rec.Panic = fmt.Sprint(p)
		}
	}()
	if len(c.Steps) == 0 {
		return
	}
	if r.dead(ctx) {
		rec.Skipped = r.skipped()
		return
	}
	t := &trial{Runner: r, c: c, rec: rec}
	if c.OneMoment {
		t.at = rec.Started
	}
	first := 0
	for _, s := range c.Steps {
		if !wait(ctx, s.Wait) {
			return
		}
		t.step(ctx, s, first)
		first += len(s.Deliveries) + len(s.Background)
	}
}

// trial is one case under way.
type trial struct {
	*Runner
	c   *plan.Case
	rec *record.Case
	// at is the one moment of the whole case, zero for that of each sending.
	at time.Time
	mu sync.Mutex
}

func (t *trial) step(ctx context.Context, s plan.Step, first int) {
	switch s.Mode {
	case scenarios.ModeTogether:
		t.together(ctx, s, first)
	case scenarios.ModeAgain:
		at := t.cfg.Now()
		if !t.at.IsZero() {
			at = t.at
		}
		for i, d := range s.Deliveries {
			d.Stamp.At = at
			t.deliver(ctx, first+i, d)
		}
	case scenarios.ModeSpread:
		t.spread(ctx, s, first)
	case scenarios.ModeConnection:
		t.connection(ctx, s, first)
	case scenarios.ModeTrickle:
		t.trickle(ctx, s, first)
	case scenarios.ModeMeanwhile:
		t.meanwhile(ctx, s, first)
	default:
		for i, d := range s.Deliveries {
			t.deliver(ctx, first+i, d)
		}
	}
}

func (t *trial) together(ctx context.Context, s plan.Step, first int) {
	if t.limited.Load() {
		wait(ctx, longestHeed) // a rate limit that has let up lets a crowd in
	}
	at := t.cfg.Now()
	copies := make([]mockclaude.Delivery, len(s.Deliveries))
	for i, d := range s.Deliveries {
		d.Stamp.At = at
		copies[i] = d.Delivery
	}
	for i, e := range t.cfg.Sender.Together(ctx, copies) {
		t.record(first+i, s.Deliveries[i], e, false)
	}
}

// connection makes deliveries on one connection. Where the time of the answers
// is what counts, it ends as soon as the outcome is certain: a slow target is
// not asked 200 times to show it.
func (t *trial) connection(ctx context.Context, s plan.Step, first int) {
	session := t.cfg.Sender.Session()
	defer session.Close()
	late, away := 0, 0
	for i, d := range s.Deliveries {
		e := t.patient(ctx, first+i, d, func() mockclaude.Exchange { return session.Send(ctx, d.Delivery) })
		if later(d, e) {
			away++
		}
		if t.c.Judge == scenarios.JudgeLatency && e.Duration >= t.c.Limit {
			late++
		}
		if late*100 > len(s.Deliveries) || t.c.Judge == scenarios.JudgeLatency && away*100 > len(s.Deliveries) {
			return
		}
	}
}

func (t *trial) spread(ctx context.Context, s plan.Step, first int) {
	var g errgroup.Group
	g.SetLimit(spreadWorkers)
	for i, d := range s.Deliveries {
		g.Go(func() error {
			send := func() mockclaude.Exchange { return t.cfg.Sender.Send(ctx, d.Delivery) }
			e := t.patient(ctx, first+i, d, send)
			if e.Status == 0 && ctx.Err() == nil {
				t.record(first+i, d, send(), true)
			}
			return nil
		})
	}
	_ = g.Wait() // the workers return no errors
}

func (t *trial) trickle(ctx context.Context, s plan.Step, first int) {
	slow := make([]mockclaude.Delivery, len(s.Background))
	for i, d := range s.Background {
		slow[i] = d.Delivery
	}
	stop := t.cfg.Sender.Trickle(ctx, slow, s.Every)
	wait(ctx, s.Every+s.Every/4) // every client has sent a byte by then
	t.atOnce(ctx, s.Deliveries, first)
	for i, e := range stop() {
		t.record(first+len(s.Deliveries)+i, s.Background[i], e, false)
	}
}

func (t *trial) meanwhile(ctx context.Context, s plan.Step, first int) {
	var g errgroup.Group
	var begun sync.WaitGroup
	begun.Add(len(s.Background))
	for i, d := range s.Background {
		g.Go(func() error {
			t.record(first+len(s.Deliveries)+i, d, t.cfg.Sender.SendBegun(ctx, d.Delivery, begun.Done), false)
			return nil
		})
	}
	begun.Wait() // or the others would be over before it is signed
	t.atOnce(ctx, s.Deliveries, first)
	_ = g.Wait() // the workers return no errors
}

// staggered is the time between the beginnings of deliveries that are made side
// by side: some meet the middle of what goes on beside them, wherever that is.
const staggered = 100 * time.Millisecond

// atOnce makes deliveries side by side, each a little later than the last.
func (t *trial) atOnce(ctx context.Context, ds []plan.Delivery, first int) {
	var g errgroup.Group
	for i, d := range ds {
		g.Go(func() error {
			wait(ctx, time.Duration(i)*staggered)
			t.record(first+i, d, t.cfg.Sender.Send(ctx, d.Delivery), false)
			return nil
		})
	}
	_ = g.Wait() // the workers return no errors
}

// deliver makes one delivery, and a second try where the first may have met
// noise.
func (t *trial) deliver(ctx context.Context, at int, d plan.Delivery) {
	if !t.at.IsZero() {
		d.Stamp.At, d.Sign.Stamp.At = t.at, t.at
	}
	send := func() mockclaude.Exchange { return t.cfg.Sender.Send(ctx, d.Delivery) }
	e := send()
	t.record(at, d, e, false)
	if ctx.Err() != nil {
		return
	}
	twice := t.second(d, e)
	if twice && !later(d, e) {
		wait(ctx, 300*time.Millisecond)
		if e.Err == mockclaude.ErrRefused {
			awaitReturn(ctx, t.target(d.To))
		}
		e = send()
		t.record(at, d, e, true)
	}
	e = t.insist(ctx, at, d, e, send)
	if valid(d) {
		t.notice(d, e, twice)
	}
}

func (t *trial) record(at int, d plan.Delivery, e mockclaude.Exchange, again bool) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if e.Status == http.StatusTooManyRequests {
		t.limited.Store(true)
	}
	a := record.Attempt{Delivery: at, Again: again, Exchange: e}
	t.rec.Attempts = append(t.rec.Attempts, a)
	if t.cfg.Seen != nil {
		t.cfg.Seen(t.c, d, a)
	}
}

func valid(d plan.Delivery) bool { return d.Expect == scenarios.ExpectAccepted }

// expectsAnswer is false where a closed connection may be the right answer.
func expectsAnswer(d plan.Delivery) bool {
	return d.Expect != scenarios.ExpectClosed && d.Expect != scenarios.ExpectAny
}

func broken(e mockclaude.Exchange) bool {
	return e.Status == 0 && (e.Err == mockclaude.ErrClosed || e.Err == mockclaude.ErrRefused || e.Err == mockclaude.ErrDial)
}

func busy(e mockclaude.Exchange) bool { return e.Status == 503 || e.Status == 429 }

// wait waits and reports whether ctx is still alive.
func wait(ctx context.Context, d time.Duration) bool {
	if d <= 0 {
		return ctx.Err() == nil
	}
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
		return true
	case <-ctx.Done():
		return false
	}
}
