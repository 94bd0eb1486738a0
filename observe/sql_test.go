package observe

import (
	"context"
	"database/sql"
	"errors"
	"maps"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"

	"hookdrill/internal/pgtest"
)

// target is a database with the effects of a receiver in it.
type target struct {
	dsn string
	// query is a right query, and idAny its condition.
	query string
	idAny string
	exec  func(t *testing.T, text string)
}

// onEachDatabase runs a test on SQLite and on PostgreSQL.
func onEachDatabase(t *testing.T, test func(t *testing.T, db target)) {
	t.Helper()
	t.Run("sqlite", func(t *testing.T) {
		t.Parallel()
		test(t, newSQLite(t))
	})
	t.Run("postgres", func(t *testing.T) {
		t.Parallel()
		test(t, newPostgres(t))
	})
}

func newSQLite(t *testing.T) target {
	t.Helper()
	file := filepath.Join(t.TempDir(), "effects of a#b%20.db")
	db, err := sql.Open("sqlite", file)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = db.Close() })
	exec := func(t *testing.T, text string) {
		t.Helper()
		if _, err := db.ExecContext(t.Context(), text); err != nil {
			t.Fatal(err)
		}
	}
	exec(t, "PRAGMA journal_mode = wal")
	exec(t, "CREATE TABLE effects (event_id text, status text)")
	const idAny = "event_id IN (SELECT value FROM json_each($1))"
	return target{
		dsn: "sqlite:" + file, idAny: idAny, exec: exec,
		query: "SELECT event_id, count(*), max(status) FROM effects WHERE " + idAny + " GROUP BY event_id",
	}
}

func newPostgres(t *testing.T) target {
	t.Helper()
	dsn := pgtest.URL(t)
	conn, err := pgx.Connect(t.Context(), dsn)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = conn.Close(context.WithoutCancel(t.Context())) })
	exec := func(t *testing.T, text string) {
		t.Helper()
		if _, err := conn.Exec(t.Context(), text); err != nil {
			t.Fatal(err)
		}
	}
	exec(t, "CREATE TABLE effects (event_id text, status text)")
	const idAny = "event_id = ANY($1)"
	return target{
		dsn: dsn, idAny: idAny, exec: exec,
		query: "SELECT event_id, count(*), max(status) FROM effects WHERE " + idAny + " GROUP BY event_id",
	}
}

func newTestSQL(t *testing.T, c SQLConfig) *SQL {
	t.Helper()
	s, err := NewSQL(c)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := s.Close(); err != nil {
			t.Error(err)
		}
	})
	return s
}

func TestSQLEffects(t *testing.T) {
	t.Parallel()
	onEachDatabase(t, func(t *testing.T, db target) {
		s := newTestSQL(t, SQLConfig{DSN: db.dsn, Query: db.query})
		ids := []string{"once", "twice", "never", `it''s "{,}" \x <&>`, "é😀", "once", "", "nul\x00", "\xff"}
		db.exec(t, `INSERT INTO effects VALUES ('once', 'completed'), ('twice', NULL), ('twice', NULL), ('not asked', 'failed'),
			('it''''s "{,}" \x <&>', 'failed'), ('é😀', 'x')`)
		got, err := s.Effects(t.Context(), ids)
		if err != nil {
			t.Fatal(err)
		}
		want := map[string]Effect{
			"once": {1, "completed"}, "twice": {Processed: 2}, `it''s "{,}" \x <&>`: {1, "failed"}, "é😀": {1, "x"},
		}
		if !maps.Equal(got, want) {
			t.Errorf("got  %v\nwant %v", got, want)
		}
		// A query may give more than it was asked for.
		all := newTestSQL(t, SQLConfig{DSN: db.dsn, Query: strings.Replace(db.query, db.idAny, "("+db.idAny+" OR 1 = 1)", 1)})
		if got, err = all.Effects(t.Context(), []string{"once"}); err != nil || len(got) != 1 {
			t.Errorf("with all rows got %v, %v, want the one asked for", got, err)
		}
		// What was committed since is seen.
		db.exec(t, "INSERT INTO effects VALUES ('never', 'late')")
		if got, err = s.Effects(t.Context(), []string{"never"}); err != nil || got["never"] != (Effect{1, "late"}) {
			t.Errorf("afterwards got %v, %v", got, err)
		}
	})
}

func TestSQLManyIDs(t *testing.T) {
	t.Parallel()
	onEachDatabase(t, func(t *testing.T, db target) {
		s := newTestSQL(t, SQLConfig{DSN: db.dsn, Query: db.query})
		ids := make([]string, 2*maxSQLIDs+1)
		values := make([]string, len(ids))
		for i := range ids {
			ids[i] = "evt_" + strconv.Itoa(i)
			values[i] = "('" + ids[i] + "', NULL)"
		}
		db.exec(t, "INSERT INTO effects VALUES "+strings.Join(values, ","))
		got, err := s.Effects(t.Context(), ids)
		if err != nil || len(got) != len(ids) {
			t.Errorf("got %d effects, %v, want %d", len(got), err, len(ids))
		}
	})
}

func TestSQLMistakes(t *testing.T) {
	t.Parallel()
	tests := []struct {
		name  string
		query string // {any} stands for the dialect's condition
		want  []string
	}{
		{"one column", "SELECT event_id FROM effects WHERE {any}", []string{"gives 1 columns", "select id, count"}},
		{"four columns", "SELECT event_id, 1, status, 2 FROM effects WHERE {any}", []string{"gives 4 columns"}},
		{"no GROUP BY", "SELECT event_id, 1 FROM effects WHERE {any}", []string{`two rows for "a"`, "add GROUP BY"}},
		{"id no text", "SELECT 1, 1 FROM effects WHERE {any}", []string{"the first column", "CAST(… AS text)"}},
		{"count a text", "SELECT event_id, 'x' || status FROM effects WHERE {any}", []string{"the second column", "no integer"}},
		{"count NULL", "SELECT event_id, NULL FROM effects WHERE {any}", []string{"the second column", "is NULL", "coalesce"}},
		{"count negative", "SELECT event_id, -1 FROM effects WHERE {any} GROUP BY event_id", []string{"is -1", "from 0 up"}},
		{"status a number", "SELECT event_id, 1, 2 FROM effects WHERE {any} GROUP BY event_id", []string{"the third column", "no text"}},
		{"no such table", "SELECT event_id, 1 FROM effect WHERE {any}", []string{"the query failed", "effect"}},
		{"syntax", "SELEC $1", []string{"the query failed", "syntax error", "$1 is a"}},
		{"writes", "DELETE FROM effects WHERE {any} RETURNING event_id, 1", []string{"the query failed", "read"}},
	}
	onEachDatabase(t, func(t *testing.T, db target) {
		db.exec(t, "INSERT INTO effects VALUES ('a', 'x'), ('a', 'y')")
		for _, tt := range tests {
			t.Run(tt.name, func(t *testing.T) {
				s := newTestSQL(t, SQLConfig{DSN: db.dsn, Query: strings.Replace(tt.query, "{any}", db.idAny, 1)})
				_, err := s.Effects(t.Context(), []string{"a"})
				var seen *Error
				if !errors.As(err, &seen) || seen.Temporary {
					t.Fatalf("got %v, want a permanent Error", err)
				}
				for _, want := range tt.want {
					if !strings.Contains(err.Error(), want) {
						t.Errorf("got  %v\nwant %s", err, want)
					}
				}
			})
		}
		s := newTestSQL(t, SQLConfig{DSN: db.dsn, Query: db.query})
		if got, err := s.Effects(t.Context(), []string{"a"}); err != nil || got["a"].Processed != 2 {
			t.Errorf("afterwards got %v, %v: a query wrote", got, err)
		}
	})
}

func TestSQLContext(t *testing.T) {
	t.Parallel()
	onEachDatabase(t, func(t *testing.T, db target) {
		s := newTestSQL(t, SQLConfig{DSN: db.dsn, Query: db.query, Timeout: time.Minute})
		ctx, cancel := context.WithCancel(t.Context())
		cancel()
		var seen *Error
		if _, err := s.Effects(ctx, []string{"a"}); !errors.Is(err, context.Canceled) || errors.As(err, &seen) {
			t.Errorf("a cancelled context gives %v, want no mistake of the database", err)
		}
		// The connection is fit for use afterwards.
		if _, err := s.Effects(t.Context(), []string{"a"}); err != nil {
			t.Errorf("afterwards: %v", err)
		}
		endless := newTestSQL(t, SQLConfig{
			DSN: db.dsn, Timeout: 50 * time.Millisecond,
			Query: "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i FROM n) SELECT 'a', count(*) FROM n, (SELECT 1 WHERE 'a' IS NOT DISTINCT FROM CAST($1 AS text) OR 1 = 1) x",
		})
		// The second time it needs a new connection.
		for range 2 {
			_, err := endless.Effects(t.Context(), []string{"a"})
			if !errors.As(err, &seen) || !seen.Temporary || !strings.Contains(err.Error(), "no whole answer within 50ms") {
				t.Errorf("a query without end gives %v", err)
			}
		}
	})
}

func TestSQLSettles(t *testing.T) {
	t.Parallel()
	onEachDatabase(t, func(t *testing.T, db target) {
		s := newTestSQL(t, SQLConfig{DSN: db.dsn, Query: db.query})
		db.exec(t, "INSERT INTO effects VALUES ('a', 'completed')")
		got, err := Settle(t.Context(), s, map[string]Expectation{"a": {1, 1}, "b": {}},
			SettleConfig{Quiet: 20 * time.Millisecond, Canaries: []string{"canary"}})
		if err != nil || !got.Settled || !got.Trusted || !maps.Equal(got.Effects, map[string]Effect{"a": {1, "completed"}}) {
			t.Errorf("got %+v, %v", got, err)
		}
	})
}

func TestSQLiteMissing(t *testing.T) {
	t.Parallel()
	file := filepath.Join(t.TempDir(), "missing.db")
	s := newTestSQL(t, SQLConfig{DSN: "sqlite:" + file, Query: "SELECT $1, 1"})
	_, err := s.Effects(t.Context(), []string{"a"})
	if err == nil || !strings.Contains(err.Error(), "unable to open database file") {
		t.Errorf("got %v", err)
	}
	if _, err := os.Stat(file); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("the file was made: %v", err)
	}
}

func TestSQLiteAsURI(t *testing.T) {
	t.Parallel()
	file := filepath.Join(t.TempDir(), "plain.db")
	db, err := sql.Open("sqlite", file)
	if err != nil {
		t.Fatal(err)
	}
	_, err = db.ExecContext(t.Context(), "CREATE TABLE effects (event_id text); INSERT INTO effects VALUES ('a')")
	if err = errors.Join(err, db.Close()); err != nil {
		t.Fatal(err)
	}
	s := newTestSQL(t, SQLConfig{
		DSN:   "file:" + file + "?mode=ro",
		Query: "SELECT event_id, 1 FROM effects WHERE event_id IN (SELECT value FROM json_each($1))",
	})
	if s.Source() != "sqlite:"+file || s.Kind() != "sql" {
		t.Errorf("named %s %s", s.Kind(), s.Source())
	}
	got, err := s.Effects(t.Context(), []string{"a", "b"})
	if err != nil || !maps.Equal(got, map[string]Effect{"a": {Processed: 1}}) {
		t.Errorf("got %v, %v", got, err)
	}
}

func TestNewSQLValidates(t *testing.T) {
	t.Parallel()
	tests := []struct {
		name string
		c    SQLConfig
		want []string
	}{
		{"all missing", SQLConfig{Timeout: -1}, []string{"observe dsn: is missing; use postgres://", "observe query: has no $1", "observe sql timeout"}},
		{"no scheme", SQLConfig{DSN: "host=h password=s3cr3t", Query: "$1"}, []string{"has no scheme"}},
		{"mysql", SQLConfig{DSN: "mysql://u:s3cr3t@h/d", Query: "$1"}, []string{`"mysql:" is not supported; use postgres://`}},
		{"user as scheme", SQLConfig{DSN: "u:s3cr3t@tcp(h)/d", Query: "$1"}, []string{`"u:" is not supported`}},
		{"postgres without slashes", SQLConfig{DSN: "postgres:s3cr3t", Query: "$1"}, []string{`"postgres:" is not supported`}},
		{"sqlite without path", SQLConfig{DSN: "sqlite:", Query: "$1"}, []string{`"sqlite:" is not supported`}},
		{"password not encoded", SQLConfig{DSN: "postgres://u:s3cr3t%zz@h/d", Query: "$1"}, []string{"cannot be read as a PostgreSQL URL", "%40"}},
		{"bad port", SQLConfig{DSN: "postgres://u:s3cr3t@h:x/d", Query: "$1"}, []string{"cannot be read as a PostgreSQL URL"}},
		{"bad parameters", SQLConfig{DSN: "sqlite:x?a=%zz", Query: "$1"}, []string{"parameters"}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			s, err := NewSQL(tt.c)
			if err == nil || s != nil {
				t.Fatalf("got %v, %v", s, err)
			}
			for _, want := range tt.want {
				if !strings.Contains(err.Error(), want) {
					t.Errorf("got  %v\nwant %s", err, want)
				}
			}
			if strings.Contains(err.Error(), "s3cr3t") {
				t.Errorf("the error holds the password: %v", err)
			}
		})
	}
}

func TestPostgresHidesPassword(t *testing.T) {
	t.Parallel()
	tests := []struct{ dsn, source string }{
		{"postgres://me:s3cr3t%2Fx@127.0.0.1:1/db?connect_timeout=2&sslmode=disable", "postgres://me@127.0.0.1:1/db"},
		{"postgresql://me@127.0.0.1:1/db?password=s3cr3t%2Fx&sslmode=disable", "postgres://me@127.0.0.1:1/db"},
		{"postgres://me:s3cr3t%2Fx@/db?host=/nowhere&sslmode=disable", "postgres://me@/db?host=/nowhere"},
	}
	for _, tt := range tests {
		t.Run(tt.source, func(t *testing.T) {
			t.Parallel()
			s := newTestSQL(t, SQLConfig{DSN: tt.dsn, Query: "SELECT $1, 1"})
			if s.Source() != tt.source {
				t.Errorf("source %s, want %s", s.Source(), tt.source)
			}
			// Nobody listens on port 1.
			_, err := s.Effects(t.Context(), []string{"a"})
			var seen *Error
			if !errors.As(err, &seen) || !seen.Temporary {
				t.Fatalf("got %v, want a temporary Error", err)
			}
			if strings.Contains(err.Error(), "s3cr3t") {
				t.Errorf("the error holds the password: %v", err)
			}
		})
	}
}

func TestSQLConcurrently(t *testing.T) {
	t.Parallel()
	onEachDatabase(t, func(t *testing.T, db target) {
		db.exec(t, "INSERT INTO effects VALUES ('a', NULL)")
		s := newTestSQL(t, SQLConfig{DSN: db.dsn, Query: db.query})
		errs := make(chan error)
		for range 8 {
			go func() {
				got, err := s.Effects(t.Context(), []string{"a"})
				if err == nil && got["a"].Processed != 1 {
					err = errors.New("another effect")
				}
				errs <- err
			}()
		}
		for range 8 {
			if err := <-errs; err != nil {
				t.Error(err)
			}
		}
	})
}
