package observe

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
)

// openPostgres prepares s for a PostgreSQL database. As every client of
// PostgreSQL does, pgx takes what the URL leaves out from PGPASSWORD, ~/.pgpass
// and the like.
func (s *SQL) openPostgres(dsn string) error {
	config, err := pgx.ParseConfig(dsn)
	if err != nil {
		// pgx repeats the DSN, with the password if the URL cannot be parsed.
		return errors.New("observe dsn: cannot be read as a PostgreSQL URL; " +
			"write postgres://user:password@host:5432/database?sslmode=…, with special characters of the password as %40 and the like")
	}
	// Parameters of the query's type are sent as they are, with no statement
	// prepared: it works behind a connection pooler too.
	config.DefaultQueryExecMode = pgx.QueryExecModeExec
	if config.RuntimeParams["application_name"] == "" {
		config.RuntimeParams["application_name"] = "hookdrill"
	}
	s.source = fmt.Sprintf("postgres://%s@%s:%d/%s", config.User, config.Host, config.Port, config.Database)
	if strings.HasPrefix(config.Host, "/") { // a directory with a socket
		s.source = fmt.Sprintf("postgres://%s@/%s?host=%s", config.User, config.Database, config.Host)
	}
	s.source = clean(s.source, 300)
	s.secrets = newSecrets(config.Password)
	s.mend = "$1 is a text array: … WHERE event_id::text = ANY($1) GROUP BY event_id"
	s.db = &postgresDatabase{config: config}
	return nil
}

// postgresDatabase is one connection, made when it is first needed and anew
// when it was lost.
type postgresDatabase struct {
	config *pgx.ConnConfig
	conn   *pgx.Conn
}

func (d *postgresDatabase) query(ctx context.Context, text string, ids []string) (rows, error) {
	if d.conn == nil || d.conn.IsClosed() {
		conn, err := pgx.ConnectConfig(ctx, d.config)
		if err != nil {
			return rows{}, err
		}
		d.conn = conn
	}
	var answer rows
	err := pgx.BeginTxFunc(ctx, d.conn, pgx.TxOptions{AccessMode: pgx.ReadOnly}, func(tx pgx.Tx) error {
		found, err := tx.Query(ctx, text, ids)
		if err != nil {
			return err
		}
		defer found.Close()
		for _, field := range found.FieldDescriptions() {
			answer.columns = append(answer.columns, field.Name)
		}
		for found.Next() {
			values, err := found.Values()
			if err != nil {
				return err
			}
			answer.values = append(answer.values, values)
		}
		return found.Err()
	})
	return answer, err
}

// temporary is true unless the server understood and refused.
func (d *postgresDatabase) temporary(err error) bool {
	var refused *pgconn.PgError
	if !errors.As(err, &refused) {
		return true
	}
	switch refused.Code[:min(2, len(refused.Code))] {
	case "08", "40", "53", "55", "57": // connection, rollback, resources, locks, shutdown
		return true
	}
	return false
}

func (d *postgresDatabase) close(ctx context.Context) error {
	if d.conn == nil {
		return nil
	}
	return d.conn.Close(ctx)
}
