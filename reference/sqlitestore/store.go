package sqlitestore

import (
	"context"
	"database/sql"
	_ "embed"
	"errors"
	"fmt"
	"net/url"
	"os"
	"path/filepath"
	"strconv"
	"sync"
	"time"

	_ "modernc.org/sqlite" // the driver "sqlite"

	"hookdrill/reference"
	"hookdrill/reference/internal/groupcommit"
)

//go:embed schema.sql
var schema string

//go:embed fetch.sql
var fetchSchema string

const (
	// busyTimeout is how long a write waits for another process's.
	busyTimeout = 5 * time.Second
	readers     = 4
)

// Store is a [reference.Store] in a SQLite file.
type Store struct {
	writes *sql.DB // holds one connection
	reads  *sql.DB
	writer *writer
	effect *sql.Stmt

	group *groupcommit.Group[request, verdict]
	close func() error
}

var _ reference.Store = (*Store)(nil)

// effectOf counts the effects of an event and gives its task's present status.
const effectOf = `
	SELECT count(*), coalesce(max(t.status), '` + reference.StatusIgnored + `')
	FROM audit_log a LEFT JOIN task_results t ON t.task_id = a.task_id
	WHERE a.event_id = ?`

// Open opens the store in the file at path, which it makes, readable by its
// owner alone, if it is missing; folders too. ctx bounds the opening only. The
// store runs one goroutine, which Close ends.
func Open(ctx context.Context, path string) (_ *Store, err error) {
	path, err = filepath.Abs(path)
	if err != nil {
		return nil, fmt.Errorf("open store: %w", err)
	}
	if err := create(path); err != nil {
		return nil, fmt.Errorf("open store: %w", err)
	}
	s := &Store{}
	s.close = sync.OnceValue(s.shut)
	defer func() {
		if err != nil {
			_ = s.release() // the error that led here counts
			err = fmt.Errorf("open store %s: %w", path, err)
		}
	}()
	if s.writes, err = sql.Open("sqlite", dsn(path)); err != nil {
		return nil, err
	}
	s.writes.SetMaxOpenConns(1)
	if s.writer, err = newWriter(ctx, s.writes); err != nil {
		return nil, err
	}
	if s.reads, err = sql.Open("sqlite", dsn(path)+"&_query_only=1"); err != nil {
		return nil, err
	}
	s.reads.SetMaxOpenConns(readers)
	s.reads.SetMaxIdleConns(readers)
	if s.effect, err = s.reads.PrepareContext(ctx, effectOf); err != nil {
		return nil, err
	}
	life := context.WithoutCancel(ctx)
	s.group = groupcommit.Start(groupcommit.Config{Writers: 1, MaxBatch: maxBatch},
		func(_ int, batch []*job) { s.writer.do(life, batch) })
	return s, nil
}

// create makes the file with its folders. SQLite would make it readable by all,
// and it gives the log beside it the same permissions.
func create(path string) error {
	if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
		return err
	}
	file, err := os.OpenFile(path, os.O_CREATE|os.O_RDWR, 0o600) //nolint:gosec // the path is the caller's to choose
	if err != nil {
		return err
	}
	return file.Close()
}

// dsn writes the file's name and the settings of every connection. FULL syncs
// the log at every commit; NORMAL would lose acknowledged events in a power cut.
func dsn(path string) string {
	query := url.Values{}
	query.Set("_busy_timeout", strconv.FormatInt(busyTimeout.Milliseconds(), 10))
	query.Set("_journal_mode", "WAL")
	query.Set("_synchronous", "FULL")
	name := url.URL{Scheme: "file", Path: filepath.ToSlash(path), RawQuery: query.Encode()}
	return name.String()
}

// Record implements [reference.Store].
func (s *Store) Record(ctx context.Context, event reference.Event) (reference.Outcome, error) {
	v, err := s.group.Do(ctx, request{event: event})
	switch {
	case errors.Is(err, groupcommit.ErrClosed):
		return 0, reference.ErrStoreClosed
	case err != nil:
		return 0, fmt.Errorf("record event: %w", err)
	}
	return v.outcome, nil
}

// Effects implements [reference.Store].
func (s *Store) Effects(ctx context.Context, ids []string) (map[string]reference.Effect, error) {
	select {
	case <-s.group.Closing():
		return nil, reference.ErrStoreClosed
	default:
	}
	tx, err := s.reads.BeginTx(ctx, nil) // one view of the data for all ids
	if err != nil {
		return nil, fmt.Errorf("read effects: %w", err)
	}
	defer func() { _ = tx.Rollback() }()
	effect := tx.StmtContext(ctx, s.effect)
	effects := make(map[string]reference.Effect, len(ids))
	for _, id := range ids {
		var e reference.Effect
		if err := effect.QueryRowContext(ctx, id).Scan(&e.Processed, &e.Status); err != nil {
			return nil, fmt.Errorf("read effects: %w", err)
		}
		if e.Processed > 0 {
			effects[id] = e
		}
	}
	return effects, nil
}

// Prune implements [reference.Store].
func (s *Store) Prune(ctx context.Context, before time.Time) (int64, error) {
	var pruned int64
	for {
		v, err := s.group.Do(ctx, request{prune: true, before: before})
		pruned += v.pruned
		switch {
		case errors.Is(err, groupcommit.ErrClosed):
			return pruned, reference.ErrStoreClosed
		case err != nil:
			return pruned, fmt.Errorf("prune: %w", err)
		case v.pruned < pruneBatch:
			return pruned, nil
		}
	}
}

// Ping implements [reference.Store]: it asks a reader.
func (s *Store) Ping(ctx context.Context) error {
	select {
	case <-s.group.Closing():
		return reference.ErrStoreClosed
	default:
	}
	var one int
	if err := s.reads.QueryRowContext(ctx, `SELECT 1`).Scan(&one); err != nil {
		return fmt.Errorf("ping store: %w", err)
	}
	return nil
}

// Close implements [reference.Store].
func (s *Store) Close() error { return s.close() }

func (s *Store) shut() error {
	s.group.Close()
	return s.release()
}

// release lets go of whatever was opened. The readers go first, so that the
// last connection is one that may fold the log into the file.
func (s *Store) release() error {
	var errs []error
	if s.effect != nil {
		errs = append(errs, s.effect.Close())
	}
	if s.reads != nil {
		errs = append(errs, s.reads.Close())
	}
	if s.writer != nil {
		errs = append(errs, s.writer.close())
	}
	if s.writes != nil {
		errs = append(errs, s.writes.Close())
	}
	return errors.Join(errs...)
}
