package observe

import (
	"context"
	"database/sql"
	"encoding/json"
	"errors"
	"fmt"
	"net/url"
	"strings"

	sqlitedriver "modernc.org/sqlite"
)

// openSQLite prepares s for a SQLite file.
func (s *SQL) openSQLite(dsn string) error {
	_, path, _ := strings.Cut(dsn, ":")
	path, query, _ := strings.Cut(path, "?")
	params, err := url.ParseQuery(query)
	if err != nil {
		return errors.New("observe dsn: the parameters behind the question mark cannot be read; write name=value&name=value")
	}
	if !params.Has("mode") {
		params.Set("mode", "rw") // never create a file; a log file of SQLite's needs more than ro
	}
	params.Add("_pragma", "busy_timeout(1000)")
	params.Add("_pragma", "query_only(1)")
	s.source = sqlite + ":" + path
	s.mend = "$1 is a JSON array: … WHERE event_id IN (SELECT value FROM json_each($1)) GROUP BY event_id"
	if strings.HasPrefix(dsn, "sqlite:") {
		// What is a path here is part of a URI for SQLite.
		path = strings.NewReplacer("%", "%25", "?", "%3f", "#", "%23").Replace(path)
	}
	db, err := sql.Open(sqlite, "file:"+path+"?"+params.Encode())
	if err != nil {
		return fmt.Errorf("observe %s: %w", s.source, err)
	}
	db.SetMaxOpenConns(1)
	s.db = &sqliteDatabase{db}
	return nil
}

type sqliteDatabase struct{ db *sql.DB }

func (d *sqliteDatabase) query(ctx context.Context, text string, ids []string) (rows, error) {
	list, err := json.Marshal(ids)
	if err != nil {
		return rows{}, fmt.Errorf("write ids: %w", err)
	}
	found, err := d.db.QueryContext(ctx, text, string(list))
	if err != nil {
		return rows{}, err
	}
	defer found.Close() //nolint:errcheck // Err is looked at
	columns, err := found.Columns()
	if err != nil {
		return rows{}, err
	}
	answer := rows{columns: columns}
	for found.Next() {
		values := make([]any, len(columns))
		into := make([]any, len(columns))
		for i := range values {
			into[i] = &values[i]
		}
		if err := found.Scan(into...); err != nil {
			return rows{}, err
		}
		answer.values = append(answer.values, values)
	}
	return answer, found.Err()
}

// temporary is true for a database that somebody else has locked.
func (d *sqliteDatabase) temporary(err error) bool {
	const busy, locked = 5, 6 // SQLITE_BUSY, SQLITE_LOCKED
	var failed *sqlitedriver.Error
	return errors.As(err, &failed) && (failed.Code()&0xff == busy || failed.Code()&0xff == locked)
}

func (d *sqliteDatabase) close(context.Context) error { return d.db.Close() }
