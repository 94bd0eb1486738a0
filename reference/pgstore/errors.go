package pgstore

import (
	"errors"
	"slices"
	"strings"

	"github.com/jackc/pgx/v5/pgconn"
)

// discreet is an error whose text holds nothing that the server quotes: a
// message may repeat what was written, and this text goes into logs.
type discreet struct{ err error }

// hide makes an error's text discreet. What it is can still be asked of it.
func hide(err error) error {
	if err == nil {
		return nil
	}
	return discreet{err}
}

func (d discreet) Unwrap() error { return d.err }

func (d discreet) Error() string {
	refused, ok := errors.AsType[*pgconn.PgError](d.err)
	if !ok {
		return d.err.Error()
	}
	text := "the server refused it with SQLSTATE " + refused.Code
	if refused.TableName != "" {
		text += ", table " + refused.TableName
	}
	if refused.ConstraintName != "" {
		text += ", constraint " + refused.ConstraintName
	}
	return text
}

// again reports whether an error is one that another try of the whole
// transaction answers: a deadlock, or a connection that had died while idle.
func again(err error) bool {
	if refused, ok := errors.AsType[*pgconn.PgError](err); ok {
		return refused.Code == "40001" || refused.Code == "40P01"
	}
	return err != nil && pgconn.SafeToRetry(err)
}

// poisoned reports whether the server refused what was written rather than
// being unable to write: a wrong value (22), a broken constraint (23), a
// trigger or rule (P0, 27, 44) or a limit on a value's size (54).
func poisoned(err error) bool {
	refused, ok := errors.AsType[*pgconn.PgError](err)
	return ok && slices.ContainsFunc([]string{"22", "23", "27", "44", "54", "P0"}, func(class string) bool {
		return strings.HasPrefix(refused.Code, class)
	})
}

// noPartition reports whether the audit log has none for this week.
func noPartition(err error) bool {
	refused, ok := errors.AsType[*pgconn.PgError](err)
	return ok && refused.Code == "23514" && refused.ConstraintName == "" && strings.HasPrefix(refused.TableName, auditTable)
}
