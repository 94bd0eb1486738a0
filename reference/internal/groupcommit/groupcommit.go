// Package groupcommit lets concurrent callers share a transaction. What waits
// while a commit is under way goes into the next one together, so that a burst
// costs a handful of syncs instead of one each, and every caller is answered
// after the commit that holds its own work.
//
// The package knows nothing of databases: what a batch means is the commit
// function's.
package groupcommit

import (
	"context"
	"errors"
	"sync"
	"time"
)

// ErrClosed is what Do returns once the group is closed.
var ErrClosed = errors.New("group is closed")

// Config bounds a group.
type Config struct {
	// Writers is how many batches are under way at once, at least 1.
	Writers int
	// MaxBatch bounds the jobs of one batch, and with it how long the first of
	// them waits for the last. At least 1.
	MaxBatch int
	// MaxWait is how long a writer waits for company when the batch before had
	// some: with one caller alone nothing waits. 0: it takes what is there.
	MaxWait time.Duration
}

// Job is one caller's work. The commit function answers each exactly once.
type Job[T, R any] struct {
	// Ctx is the caller's. Work whose caller has left need not be done.
	Ctx context.Context //nolint:containedctx // a caller who has left is skipped
	// In is what the caller asked for.
	In   T
	done chan answer[R] // holds one
}

type answer[R any] struct {
	result R
	err    error
}

// NewJob returns a job that no group holds, and a function that waits for its
// answer; for tests of a commit function.
func NewJob[T, R any](ctx context.Context, in T) (*Job[T, R], func() (R, error)) {
	j := &Job[T, R]{Ctx: ctx, In: in, done: make(chan answer[R], 1)}
	return j, func() (R, error) {
		a := <-j.done
		return a.result, a.err
	}
}

// Answer tells the caller what came of its work.
func (j *Job[T, R]) Answer(result R, err error) { j.done <- answer[R]{result, err} }

// Group gathers jobs into batches. It runs Config.Writers goroutines until it
// is closed.
type Group[T, R any] struct {
	cfg     Config
	jobs    chan *Job[T, R]
	closing chan struct{}
	close   func()
	writers sync.WaitGroup
}

// Start starts the writers. Each calls commit with the batches it gathers, one
// after the other; writer counts from 0. Commit must bound its own time.
func Start[T, R any](cfg Config, commit func(writer int, batch []*Job[T, R])) *Group[T, R] {
	g := &Group[T, R]{cfg: cfg, jobs: make(chan *Job[T, R]), closing: make(chan struct{})}
	g.close = sync.OnceFunc(func() { close(g.closing) })
	for i := range max(1, cfg.Writers) {
		g.writers.Go(func() { g.write(func(batch []*Job[T, R]) { commit(i, batch) }) })
	}
	return g
}

// Do hands work to a writer and waits for its answer. It returns ErrClosed
// after Close, and the context's cause if that ends first; the work may be done
// all the same then.
func (g *Group[T, R]) Do(ctx context.Context, in T) (R, error) {
	var none R
	j := &Job[T, R]{Ctx: ctx, In: in, done: make(chan answer[R], 1)}
	select {
	case <-g.closing:
		return none, ErrClosed
	default:
	}
	select {
	case g.jobs <- j:
	case <-g.closing:
		return none, ErrClosed
	case <-ctx.Done():
		return none, context.Cause(ctx)
	}
	select {
	case a := <-j.done:
		return a.result, a.err
	case <-ctx.Done():
		return none, context.Cause(ctx)
	}
}

// Closing is closed when the group takes nothing more.
func (g *Group[T, R]) Closing() <-chan struct{} { return g.closing }

// Close takes nothing more, and returns when what was taken is answered.
func (g *Group[T, R]) Close() {
	g.close()
	g.writers.Wait()
}

// write takes the jobs that are waiting and has them committed. Whatever it
// has taken is answered; it takes nothing more once the group is closing.
func (g *Group[T, R]) write(commit func([]*Job[T, R])) {
	batch := make([]*Job[T, R], 0, g.cfg.MaxBatch)
	company := false
	for {
		select {
		case j := <-g.jobs:
			batch = append(batch[:0], j)
		case <-g.closing:
			return
		}
		batch = g.gather(batch, company)
		company = len(batch) > 1
		commit(batch)
		clear(batch)
	}
}

// gather adds what is waiting, and, if company is likely, what comes within
// MaxWait.
func (g *Group[T, R]) gather(batch []*Job[T, R], company bool) []*Job[T, R] {
	for len(batch) < g.cfg.MaxBatch {
		select {
		case j := <-g.jobs:
			batch = append(batch, j)
			continue
		default:
		}
		break
	}
	if !company || g.cfg.MaxWait <= 0 || len(batch) >= g.cfg.MaxBatch {
		return batch
	}
	timer := time.NewTimer(g.cfg.MaxWait)
	defer timer.Stop()
	for len(batch) < g.cfg.MaxBatch {
		select {
		case j := <-g.jobs:
			batch = append(batch, j)
		case <-timer.C:
			return batch
		case <-g.closing:
			return batch
		}
	}
	return batch
}
