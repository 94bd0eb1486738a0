package pgstore

import (
	"context"
	"fmt"
	"strings"
	"time"

	"github.com/jackc/pgx/v5"
)

const (
	auditTable = "webhook_audit_log"
	// weeksAhead is for how long the store could go on without making
	// partitions.
	weeksAhead = 8
	// ddlPatience bounds how long a change of the schema waits for a lock:
	// while it waits, whatever comes after it waits too.
	ddlPatience = 500 * time.Millisecond
)

// week returns the beginning of the UTC week that t lies in, Monday.
func week(t time.Time) time.Time {
	t = t.UTC().Truncate(24 * time.Hour)
	return t.AddDate(0, 0, -(int(t.Weekday())+6)%7)
}

func partitionName(start time.Time) string { return auditTable + "_" + start.Format("20060102") }

// makePartitions makes the partitions of this week and the weeks ahead that
// are missing. A new one is made by itself and then attached, which blocks
// neither readers nor writers.
func (s *Store) makePartitions(ctx context.Context, now time.Time) error {
	return pgx.BeginFunc(ctx, s.pool, func(tx pgx.Tx) error {
		if err := patient(ctx, tx, partitionLock); err != nil {
			return err
		}
		have, err := partitions(ctx, tx)
		if err != nil {
			return err
		}
		for i := -1; i <= weeksAhead; i++ { // the server's clock may be a little behind
			start := week(now).AddDate(0, 0, 7*i)
			name := partitionName(start)
			if have[name] != "" {
				continue
			}
			bounds := fmt.Sprintf("FROM ('%s') TO ('%s')", start.Format(time.RFC3339), start.AddDate(0, 0, 7).Format(time.RFC3339))
			if _, err := tx.Exec(ctx, `CREATE TABLE `+name+` (LIKE `+auditTable+` INCLUDING DEFAULTS)`); err != nil {
				return fmt.Errorf("make %s: %w", name, err)
			}
			if _, err := tx.Exec(ctx, `ALTER TABLE `+auditTable+` ATTACH PARTITION `+name+` FOR VALUES `+bounds); err != nil {
				return fmt.Errorf("attach %s: %w", name, err)
			}
		}
		return nil
	})
}

// patient takes an advisory lock for the transaction and bounds its waiting for
// all others.
func patient(ctx context.Context, tx pgx.Tx, lock int64) error {
	if _, err := tx.Exec(ctx, `SELECT pg_advisory_xact_lock($1)`, lock); err != nil {
		return fmt.Errorf("wait for another instance: %w", err)
	}
	if _, err := tx.Exec(ctx, fmt.Sprintf(`SET LOCAL lock_timeout = %d`, ddlPatience.Milliseconds())); err != nil {
		return fmt.Errorf("set lock_timeout: %w", err)
	}
	return nil
}

// The states of a partition.
const (
	attached  = "attached"
	detaching = "detaching" // a detach was cut short
	loose     = "loose"     // detached, and not dropped
)

// partitions returns the state of every table that is or was a partition.
func partitions(ctx context.Context, db interface {
	Query(ctx context.Context, sql string, args ...any) (pgx.Rows, error)
},
) (map[string]string, error) {
	rows, err := db.Query(ctx, `
		SELECT c.relname, CASE WHEN i.inhrelid IS NULL THEN 'loose' WHEN i.inhdetachpending THEN 'detaching' ELSE 'attached' END
		FROM pg_class c LEFT JOIN pg_inherits i ON i.inhrelid = c.oid
		WHERE c.relkind = 'r' AND c.relname ~ ('^' || $1::text || '_[0-9]{8}$')
		  AND c.relnamespace = (SELECT relnamespace FROM pg_class WHERE oid = to_regclass($1::text))`, auditTable)
	if err != nil {
		return nil, fmt.Errorf("list partitions: %w", err)
	}
	out := map[string]string{}
	var name, state string
	if _, err := pgx.ForEachRow(rows, []any{&name, &state}, func() error {
		out[name] = state
		return nil
	}); err != nil {
		return nil, fmt.Errorf("list partitions: %w", err)
	}
	return out, nil
}

// dropPartitions drops the partitions that hold nothing younger than before.
// Detaching concurrently waits for transactions that use the partition, and
// makes none wait.
func (s *Store) dropPartitions(ctx context.Context, before time.Time) error {
	have, err := partitions(ctx, s.pool)
	if err != nil {
		return err
	}
	for name, state := range have {
		start, err := time.Parse("20060102", strings.TrimPrefix(name, auditTable+"_"))
		if err != nil || start.AddDate(0, 0, 7).After(before) {
			continue
		}
		switch state {
		case attached:
			_, err = s.pool.Exec(ctx, `ALTER TABLE `+auditTable+` DETACH PARTITION `+name+` CONCURRENTLY`)
		case detaching:
			_, err = s.pool.Exec(ctx, `ALTER TABLE `+auditTable+` DETACH PARTITION `+name+` FINALIZE`)
		}
		if err != nil {
			return fmt.Errorf("detach %s: %w", name, err)
		}
		if _, err := s.pool.Exec(ctx, `DROP TABLE IF EXISTS `+name); err != nil {
			return fmt.Errorf("drop %s: %w", name, err)
		}
	}
	return nil
}
