package observe

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"
)

// maxSQLIDs is the number of ids in one query.
const maxSQLIDs = 1000

// SQLConfig says which database to ask, and how.
type SQLConfig struct {
	// DSN is postgres://…, postgresql://…, sqlite:PATH or file:PATH.
	DSN string
	// Query gives rows of id (text), count (integer) and, if it likes, status
	// (text, see [Effect]), at most one for each id. Its $1 is the ids: a text array for
	// PostgreSQL, a text with a JSON array for SQLite.
	Query string
	// Timeout bounds one query; 0 is [DefaultTimeout].
	Timeout time.Duration
}

// Validate names every wrong field.
func (c SQLConfig) Validate() error {
	var errs []error
	if _, err := dialectOf(c.DSN); err != nil {
		errs = append(errs, err)
	}
	if !strings.Contains(c.Query, "$1") {
		errs = append(errs, errors.New("observe query: has no $1; write a query such as "+
			"SELECT event_id, count(*) FROM effects WHERE event_id = ANY($1) GROUP BY event_id"))
	}
	if c.Timeout < 0 {
		errs = append(errs, fmt.Errorf("observe sql timeout: %s is negative", c.Timeout))
	}
	return errors.Join(errs...)
}

// SQL is an [Observer] that asks a database of the target. It is safe for
// concurrent use; queries run one at a time on one connection, in a transaction
// that only reads.
type SQL struct {
	db      database
	source  string
	query   string
	timeout time.Duration
	secrets secrets
	mend    string
	// turn holds a token while a query runs.
	turn chan struct{}
}

// database is a connection of one dialect.
type database interface {
	// query runs text for ids and returns its rows, each of two or three values.
	query(ctx context.Context, text string, ids []string) (rows, error)
	// temporary reports whether asking again after err may help.
	temporary(err error) bool
	// close ends the connection.
	close(ctx context.Context) error
}

// rows are the answer to a query.
type rows struct {
	columns []string
	values  [][]any
}

// NewSQL returns an observer that asks with a query. It does not connect yet.
// The error names every wrong field of c, and never holds a password.
func NewSQL(c SQLConfig) (*SQL, error) {
	if err := c.Validate(); err != nil {
		return nil, err
	}
	s := &SQL{query: c.Query, timeout: c.Timeout, turn: make(chan struct{}, 1)}
	if s.timeout == 0 {
		s.timeout = DefaultTimeout
	}
	kind, err := dialectOf(c.DSN)
	if err != nil {
		return nil, err
	}
	open := s.openPostgres
	if kind == sqlite {
		open = s.openSQLite
	}
	if err := open(c.DSN); err != nil {
		return nil, err
	}
	return s, nil
}

// The dialects of SQL.
const (
	postgres = "postgres"
	sqlite   = "sqlite"
)

func dialectOf(dsn string) (string, error) {
	scheme, rest, found := strings.Cut(dsn, ":")
	mend := "; use postgres://user@host/database, postgresql://…, sqlite:PATH or file:PATH"
	switch {
	case dsn == "":
		return "", errors.New("observe dsn: is missing" + mend)
	case !found:
		// The text is not repeated: it may hold a password.
		return "", errors.New("observe dsn: has no scheme" + mend)
	case (scheme == "postgres" || scheme == "postgresql") && strings.HasPrefix(rest, "//"):
		return postgres, nil
	case (scheme == "sqlite" || scheme == "file") && rest != "":
		return sqlite, nil
	case len(scheme) > 20:
		return "", errors.New("observe dsn: the scheme is not supported" + mend)
	}
	return "", fmt.Errorf("observe dsn: %q is not supported%s", clean(scheme, maxStatus)+":", mend)
}

// Kind returns sql.
func (s *SQL) Kind() string { return "sql" }

// Source returns the database's address without password and parameters.
func (s *SQL) Source() string { return s.source }

// Close closes the connection, if there is one.
func (s *SQL) Close() error {
	ctx, cancel := context.WithTimeout(context.Background(), time.Second)
	defer cancel()
	s.turn <- struct{}{}
	defer func() { <-s.turn }()
	if err := s.db.close(ctx); err != nil {
		return fmt.Errorf("close %s: %s", s.source, s.show(err))
	}
	return nil
}

// Effects asks about ids, in several queries when there are many. Rows for ids
// that were not asked about are ignored.
func (s *SQL) Effects(ctx context.Context, ids []string) (map[string]Effect, error) {
	select {
	case s.turn <- struct{}{}:
		defer func() { <-s.turn }()
	case <-ctx.Done():
		return nil, fmt.Errorf("observe %s: %w", s.source, ctx.Err())
	}
	effects := make(map[string]Effect)
	rest := askable(ids)
	for len(rest) > 0 {
		n := min(len(rest), maxSQLIDs)
		if err := s.ask(ctx, rest[:n], effects); err != nil {
			return nil, err
		}
		rest = rest[n:]
	}
	return effects, nil
}

// ask runs one query and adds what it says to effects.
func (s *SQL) ask(ctx context.Context, ids []string, effects map[string]Effect) error {
	limited, cancel := context.WithTimeout(ctx, s.timeout)
	defer cancel()
	answer, err := s.db.query(limited, s.query, ids)
	switch {
	case ctx.Err() != nil:
		return fmt.Errorf("observe %s: %w", s.source, ctx.Err())
	case limited.Err() != nil:
		return &Error{
			Source: s.source, Problem: fmt.Sprintf("the database gave no whole answer within %s", s.timeout),
			Mend: "check that it runs and that the query is fast", Temporary: true, Err: limited.Err(),
		}
	case err != nil:
		return &Error{
			Source: s.source, Problem: "the query failed: " + s.show(err), Mend: s.mend,
			Temporary: s.db.temporary(err), Err: err,
		}
	}
	return s.read(answer, ids, effects)
}

// read turns rows into effects.
func (s *SQL) read(answer rows, ids []string, effects map[string]Effect) error {
	if n := len(answer.columns); n != 2 && n != 3 {
		return s.fail(fmt.Sprintf("the query gives %d columns", n), "select id, count and, if you like, status")
	}
	asked := make(map[string]bool, len(ids))
	for _, id := range ids {
		asked[id] = true
	}
	for _, row := range answer.values {
		id, ok := row[0].(string)
		if !ok {
			return s.fail(fmt.Sprintf("the first column, %q, is %s, no text", clean(answer.columns[0], maxStatus), typeName(row[0])),
				"cast it: CAST(… AS text)")
		}
		if !asked[id] {
			continue
		}
		if _, twice := effects[id]; twice {
			return s.fail(fmt.Sprintf("the query gives two rows for %q", clean(id, maxStatus)), "add GROUP BY")
		}
		effect, err := s.effect(answer.columns, row)
		if err != nil {
			return err
		}
		effects[id] = effect
	}
	return nil
}

// effect reads the columns behind the id.
func (s *SQL) effect(columns []string, row []any) (Effect, error) {
	var n int64
	switch count := row[1].(type) {
	case int64:
		n = count
	case int32:
		n = int64(count)
	case int16:
		n = int64(count)
	default:
		return Effect{}, s.fail(fmt.Sprintf("the second column, %q, is %s, no integer", clean(columns[1], maxStatus), typeName(row[1])),
			"count rows with count(*), or cast a sum: CAST(coalesce(sum(n), 0) AS integer)")
	}
	if n < 0 || n > 1<<31-1 {
		return Effect{}, s.fail(fmt.Sprintf("the second column, %q, is %d", clean(columns[1], maxStatus), n),
			"it counts how often the event took effect, from 0 up")
	}
	effect := Effect{Processed: int(n)}
	if len(row) == 3 && row[2] != nil {
		status, ok := row[2].(string)
		if !ok {
			return Effect{}, s.fail(fmt.Sprintf("the third column, %q, is %s, no text", clean(columns[2], maxStatus), typeName(row[2])),
				"cast it: CAST(… AS text)")
		}
		effect.Status = clean(status, maxStatus)
	}
	return effect, nil
}

func typeName(value any) string {
	if value == nil {
		return "NULL"
	}
	return fmt.Sprintf("of type %T", value)
}

func (s *SQL) fail(problem, mend string) error {
	return &Error{Source: s.source, Problem: problem, Mend: mend}
}

// show makes an error of the database fit to be shown.
func (s *SQL) show(err error) string { return clean(s.secrets.hide(err.Error()), 2*maxExcerpt) }
