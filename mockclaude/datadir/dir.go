package datadir

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"os"
	"path/filepath"

	"github.com/gofrs/flock"
	_ "modernc.org/sqlite" // the driver "sqlite"

	"hookdrill/mockclaude/engine"
)

const (
	database = "mock.db"
	lock     = "lock"
	// version is that of the schema, in the database's user_version.
	version = 1
)

// Dir is an open data directory. It implements [engine.Journal].
type Dir struct {
	path string
	lock *flock.Flock
	db   *sql.DB
}

var _ engine.Journal = (*Dir)(nil)

// Open opens a directory and takes it for this process alone; one that is not
// there is made, readable by its owner only, since it holds signing keys. It
// changes nothing in a directory that it cannot read.
func Open(ctx context.Context, path string) (*Dir, error) {
	if err := os.MkdirAll(path, 0o700); err != nil { //nolint:gosec // the directory that the user names
		return nil, fmt.Errorf("make data directory: %w", err)
	}
	l := flock.New(filepath.Join(path, lock), flock.SetPermissions(0o600))
	d := &Dir{path: path, lock: l}
	// The kernel takes the lock back when the process ends, however it ends.
	taken, err := l.TryLock()
	if err != nil {
		return nil, fmt.Errorf("open data directory: %w", err)
	}
	if !taken {
		return nil, errors.Join(fmt.Errorf("open data directory: %s is used by another hookdrill mock; stop it, or use another directory", path), l.Close())
	}
	if err := d.open(ctx); err != nil {
		return nil, errors.Join(err, d.Close())
	}
	return d, nil
}

func (d *Dir) open(ctx context.Context) error {
	file := filepath.Join(d.path, database)
	f, err := os.OpenFile(file, os.O_RDWR|os.O_CREATE, 0o600) //nolint:gosec // the directory that the user names
	if err != nil {
		return fmt.Errorf("open data directory: %w", err)
	}
	if err := f.Close(); err != nil {
		return fmt.Errorf("open data directory: %w", err)
	}
	// FULL, so that what was accepted outlives a power failure too.
	d.db, err = sql.Open("sqlite", "file:"+escape(file)+"?_pragma=busy_timeout(5000)&_pragma=synchronous(FULL)&_txlock=immediate")
	if err != nil {
		return fmt.Errorf("open %s: %w", file, err)
	}
	d.db.SetMaxOpenConns(1)
	var have int
	if err := d.db.QueryRowContext(ctx, "PRAGMA user_version").Scan(&have); err != nil {
		return fmt.Errorf("open %s: it is no database of hookdrill's, or a broken one; move it away to begin anew: %w", file, err)
	}
	if have > version {
		return fmt.Errorf("open %s: it has version %d, and this hookdrill knows up to %d; use a newer hookdrill", file, have, version)
	}
	if _, err := d.db.ExecContext(ctx, "PRAGMA journal_mode=WAL"); err != nil {
		return fmt.Errorf("open %s: %w", file, err)
	}
	if have == version {
		return nil
	}
	if _, err := d.db.ExecContext(ctx, schema); err != nil {
		return fmt.Errorf("open %s: make its tables: %w", file, err)
	}
	return nil
}

// escape keeps a path from being read as more than a path.
func escape(path string) string {
	var out []byte
	for _, b := range []byte(path) {
		if b == '?' || b == '#' || b == '%' {
			out = fmt.Appendf(out, "%%%02X", b)
			continue
		}
		out = append(out, b)
	}
	return string(out)
}

// Close closes the directory, and lets others have it.
func (d *Dir) Close() error {
	var errs []error
	if d.db != nil {
		errs = append(errs, d.db.Close())
	}
	if err := errors.Join(append(errs, d.lock.Close())...); err != nil {
		return fmt.Errorf("close data directory: %w", err)
	}
	return nil
}

// schema makes the tables. Times are Unix nanoseconds, 0 for none.
const schema = `
BEGIN;
CREATE TABLE endpoints (
	id TEXT PRIMARY KEY, url TEXT NOT NULL, types TEXT NOT NULL, concurrency INTEGER NOT NULL,
	created INTEGER NOT NULL, disabled TEXT NOT NULL, paused INTEGER NOT NULL, failures INTEGER NOT NULL,
	key BLOB NOT NULL, previous_key BLOB
);
CREATE TABLE deliveries (
	id INTEGER PRIMARY KEY, endpoint TEXT NOT NULL, event_id TEXT NOT NULL, type TEXT NOT NULL, task_id TEXT NOT NULL,
	state TEXT NOT NULL, attempts INTEGER NOT NULL, created INTEGER NOT NULL, due INTEGER NOT NULL, sent INTEGER NOT NULL,
	finished INTEGER NOT NULL, status INTEGER NOT NULL, err TEXT NOT NULL, redelivery INTEGER NOT NULL, body TEXT NOT NULL
);
CREATE TABLE attempts (id INTEGER PRIMARY KEY, attempt TEXT NOT NULL);
CREATE TABLE counters (one INTEGER PRIMARY KEY CHECK (one = 1), counters TEXT NOT NULL);
PRAGMA user_version = 1;
COMMIT;`
