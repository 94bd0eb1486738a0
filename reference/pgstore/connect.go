package pgstore

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
	"github.com/jackc/pgx/v5/pgxpool"
)

// connectTimeout bounds one connection's making, unless the URL says otherwise.
const connectTimeout = 5 * time.Second

// connect opens a pool and finds out whether a pooler such as PgBouncer stands
// before the server: one that lends a connection for a transaction only keeps
// no prepared statement and no LISTEN.
func connect(ctx context.Context, cfg Config) (pool *pgxpool.Pool, pooled bool, err error) {
	config, err := pgxpool.ParseConfig(cfg.URL)
	if err != nil {
		return nil, false, unparsable(err)
	}
	if config.ConnConfig.ConnectTimeout == 0 {
		config.ConnConfig.ConnectTimeout = connectTimeout
	}
	if config.ConnConfig.RuntimeParams["application_name"] == "" {
		config.ConnConfig.RuntimeParams["application_name"] = "hookdrill-receiver"
	}
	asked := asksForStatements(cfg.URL)
	if pooled, err = findPooler(ctx, config.ConnConfig.Copy()); err != nil {
		return nil, false, err
	}
	if pooled {
		if asked != "" {
			return nil, true, fmt.Errorf("a pooler stands before the server, and default_query_exec_mode=%s needs prepared statements: take it out of the URL, or use exec", asked)
		}
		config.ConnConfig.DefaultQueryExecMode = pgx.QueryExecModeExec
	}
	// Writers, readers and whatever maintains; in queue mode workers and what
	// River itself asks.
	need := cfg.Writers + 4
	if cfg.Mode == ModeQueue {
		need += cfg.Workers + 4
	}
	if !strings.Contains(cfg.URL, "pool_max_conns") {
		config.MaxConns = int32(need) //nolint:gosec // Validate bounds both
	} else if int(config.MaxConns) < cfg.Writers+2 {
		return nil, pooled, fmt.Errorf("pool_max_conns=%d is too few: %d writers and at least 2 more", config.MaxConns, cfg.Writers)
	}
	config.MaxConnLifetime = time.Hour
	config.MaxConnLifetimeJitter = 10 * time.Minute
	config.HealthCheckPeriod = 15 * time.Second
	pool, err = pgxpool.NewWithConfig(context.WithoutCancel(ctx), config)
	if err != nil {
		return nil, pooled, fmt.Errorf("make pool: %w", err)
	}
	return pool, pooled, nil
}

// asksForStatements returns the exec mode that a URL asks for if that needs
// statements to outlive a transaction.
func asksForStatements(url string) string {
	for _, mode := range []string{"cache_statement", "cache_describe", "describe_exec"} {
		if strings.Contains(url, "default_query_exec_mode="+mode) {
			return mode
		}
	}
	return ""
}

// findPooler connects once. The process id that a server announces is that of
// its backend; a pooler announces one of its own making.
func findPooler(ctx context.Context, config *pgx.ConnConfig) (bool, error) {
	config.DefaultQueryExecMode = pgx.QueryExecModeExec
	conn, err := pgx.ConnectConfig(ctx, config)
	if err != nil {
		return false, explain(err)
	}
	defer func() { _ = conn.Close(context.WithoutCancel(ctx)) }()
	var backend uint32
	if err := conn.QueryRow(ctx, `SELECT pg_backend_pid()`).Scan(&backend); err != nil {
		return false, fmt.Errorf("ask for the backend: %w", err)
	}
	return backend != conn.PgConn().PID(), nil
}

// unparsable leaves out what pgx quotes of the URL: the password is in it.
func unparsable(err error) error {
	if inner := errors.Unwrap(err); inner != nil {
		return fmt.Errorf("read URL: %w", inner)
	}
	return errors.New("read URL: it is no PostgreSQL connection string, such as postgres://user:password@host:5432/database")
}

// explain names the mend of mistakes that the driver only reports.
func explain(err error) error {
	refused, ok := errors.AsType[*pgconn.PgError](err)
	if ok && strings.Contains(refused.Message, "unsupported startup parameter") {
		return fmt.Errorf("the pooler takes no session settings (%s): take them out of the URL, or list them in its ignore_startup_parameters: %w",
			refused.Message, err)
	}
	return err
}
