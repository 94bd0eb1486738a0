package pgtest

import (
	"context"
	"testing"

	"github.com/jackc/pgx/v5"
)

func TestMain(m *testing.M) { Main(m) }

func connect(t *testing.T, url string) *pgx.Conn {
	t.Helper()
	conn, err := pgx.Connect(t.Context(), url)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = conn.Close(context.WithoutCancel(t.Context())) })
	return conn
}

func TestURL(t *testing.T) {
	t.Parallel()
	server := connect(t, Server(t))
	exists := func(name string) bool {
		var n int
		if err := server.QueryRow(t.Context(), "SELECT count(*) FROM pg_database WHERE datname = $1", name).Scan(&n); err != nil {
			t.Fatal(err)
		}
		return n == 1
	}
	names := make([]string, 2)
	for i := range names {
		// Every test has its own, though all make the same table in it.
		t.Run("a test", func(t *testing.T) {
			// This connection is open when the database is dropped: cleanups run
			// last in, first out, and this one never closes it.
			conn, err := pgx.Connect(t.Context(), URL(t))
			if err != nil {
				t.Fatal(err)
			}
			if err := conn.QueryRow(t.Context(), "SELECT current_database()").Scan(&names[i]); err != nil {
				t.Fatal(err)
			}
			if _, err := conn.Exec(t.Context(), "CREATE TABLE effects ()"); err != nil {
				t.Fatal(err)
			}
			if !exists(names[i]) {
				t.Errorf("%s is not on the server", names[i])
			}
		})
	}
	if names[0] == names[1] {
		t.Errorf("two tests share %s", names[0])
	}
	for _, name := range names {
		if exists(name) {
			t.Errorf("%s is still there after its test", name)
		}
	}
}
