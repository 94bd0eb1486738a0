package pgreceiver

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"sync"
	"time"

	"github.com/jackc/pgx/v5"
)

const (
	note   = `INSERT INTO seen VALUES ($1) ON CONFLICT DO NOTHING`
	effect = `INSERT INTO effects VALUES ($1)`
)

// outside is a connection beside the pool, so that a defect does not hide what it did.
func (rc *receiver) outside(ctx context.Context) (*pgx.Conn, error) {
	return pgx.ConnectConfig(ctx, rc.pool.Config().ConnConfig) //nolint:wrapcheck // its text is not shown
}

// once notes an event and makes it take effect, in one transaction.
func (rc *receiver) once(ctx context.Context, id string) error {
	return pgx.BeginFunc(ctx, rc.pool, func(tx pgx.Tx) error { return apply(ctx, tx, id) }) //nolint:wrapcheck // its text is not shown
}

func apply(ctx context.Context, tx pgx.Tx, id string) error {
	tag, err := tx.Exec(ctx, note, id)
	if err != nil || tag.RowsAffected() == 0 {
		return err //nolint:wrapcheck // its text is not shown
	}
	_, err = tx.Exec(ctx, effect, id)
	return err //nolint:wrapcheck // its text is not shown
}

// breed gives the receiver its defect.
func (rc *receiver) breed(background context.Context) error {
	switch rc.cfg.Defect {
	case "":
	case "swallow": // whatever the database says, the sender hears 200
		rc.refuse = http.StatusOK
	case "no-timeout": // it waits for the database as long as it takes
		rc.patience = context.WithCancel
	case "leak":
		rc.take = rc.leaking
	case "storm":
		rc.take = newStorm(background, rc).take
	case "marks-apart":
		rc.take = rc.apart
	case "commit-blind":
		rc.take = rc.blind
	default:
		return fmt.Errorf("no defect is called %q", rc.cfg.Defect)
	}
	return nil
}

// leaking gives its connection back only when all went well.
func (rc *receiver) leaking(ctx context.Context, id string) error {
	conn, err := rc.pool.Acquire(ctx)
	if err != nil {
		return err //nolint:wrapcheck // its text is not shown
	}
	if err := pgx.BeginFunc(ctx, conn, func(tx pgx.Tx) error { return apply(ctx, tx, id) }); err != nil {
		return err //nolint:wrapcheck // its text is not shown
	}
	conn.Release()
	return nil
}

// apart lets an event take effect, and notes it in a transaction of its own.
func (rc *receiver) apart(ctx context.Context, id string) error {
	var known bool
	if err := rc.pool.QueryRow(ctx, `SELECT EXISTS (SELECT FROM seen WHERE id = $1)`, id).Scan(&known); err != nil || known {
		return err //nolint:wrapcheck // its text is not shown
	}
	for _, statement := range []string{effect, note} {
		if _, err := rc.pool.Exec(ctx, statement, id); err != nil {
			return err //nolint:wrapcheck // its text is not shown
		}
	}
	return nil
}

// blind believes that what was sent to be committed is committed.
func (rc *receiver) blind(ctx context.Context, id string) error {
	tx, err := rc.pool.Begin(ctx)
	if err != nil {
		return err //nolint:wrapcheck // its text is not shown
	}
	if err := apply(ctx, tx, id); err != nil {
		return errors.Join(err, tx.Rollback(ctx))
	}
	_ = tx.Commit(ctx)
	return nil
}

// storm works on events behind a queue, each within its patience from arrival. What came too late is put
// into the queue again, at once, without a limit, and twice, to be sure: a backlog that is
// longer than the patience feeds itself.
type storm struct {
	rc *receiver

	mu      sync.Mutex
	waiting []job
	more    *sync.Cond
}

type job struct {
	id   string
	due  time.Time
	done chan error
}

// errLate says that an event came too late to be worked on.
var errLate = errors.New("too late")

const (
	workers = 4
	// call is what another service takes for an event.
	call = 100 * time.Millisecond
)

func newStorm(ctx context.Context, rc *receiver) *storm {
	s := &storm{rc: rc}
	s.more = sync.NewCond(&s.mu)
	for range workers {
		go s.work(ctx)
	}
	return s
}

func (s *storm) put(j job) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.waiting = append(s.waiting, j)
	s.more.Signal()
}

func (s *storm) get() job {
	s.mu.Lock()
	defer s.mu.Unlock()
	for len(s.waiting) == 0 {
		s.more.Wait()
	}
	j := s.waiting[0]
	s.waiting = s.waiting[1:]
	return j
}

func (s *storm) work(background context.Context) {
	for {
		j := s.get()
		timer := time.NewTimer(call)
		select {
		case <-timer.C:
		case <-background.Done():
			return
		}
		ctx, cancel := context.WithDeadline(background, j.due)
		err := errLate
		if ctx.Err() == nil {
			err = s.rc.once(ctx, j.id)
		}
		cancel()
		if err != nil {
			for range 2 {
				s.put(job{id: j.id, due: time.Now().Add(patience), done: make(chan error, 1)})
			}
		}
		j.done <- err
	}
}

func (s *storm) take(ctx context.Context, id string) error {
	j := job{id: id, due: time.Now().Add(patience), done: make(chan error, 1)}
	s.put(j)
	select {
	case err := <-j.done:
		return err
	case <-ctx.Done():
		return errLate
	}
}
