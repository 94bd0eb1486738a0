package faultproxy

import (
	"bufio"
	"context"
	"fmt"
	"net"
	"sync/atomic"
	"testing"

	"github.com/jackc/pgx/v5"

	"hookdrill/internal/pgtest"
)

// TestLoseCommits: a commit that is cut off before is undone, one that is cut off after is
// there, and the client cannot tell which.
func TestLoseCommits(t *testing.T) {
	t.Parallel()
	database := pgtest.URL(t)
	p, err := New(database)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(p.Close)
	ctx := t.Context()
	direct, err := pgx.Connect(ctx, database)
	if err != nil {
		t.Fatal(err)
	}
	defer direct.Close(context.WithoutCancel(ctx))
	if _, err := direct.Exec(ctx, `CREATE TABLE t (id text)`); err != nil {
		t.Fatal(err)
	}
	ways := map[string]func(ctx context.Context, conn *pgx.Conn, id string) error{
		"extended": func(ctx context.Context, conn *pgx.Conn, id string) error {
			return pgx.BeginFunc(ctx, conn, func(tx pgx.Tx) error {
				_, err := tx.Exec(ctx, `INSERT INTO t VALUES ($1)`, id)
				return err
			})
		},
		"by itself": func(ctx context.Context, conn *pgx.Conn, id string) error {
			_, err := conn.Exec(ctx, `INSERT INTO t VALUES ($1)`, id)
			return err
		},
		"simple": func(ctx context.Context, conn *pgx.Conn, id string) error {
			_, err := conn.Exec(ctx, fmt.Sprintf(`BEGIN; INSERT INTO t VALUES ('%s'); COMMIT`, id))
			return err
		},
	}
	for name, insert := range ways {
		for _, before := range []bool{true, false} {
			var told atomic.Int32
			p.LoseCommits([]Loss{{At: 2, Before: before}}, []string{"evt_"}, func(Loss) { told.Add(1) })
			var there []int
			for i := range 3 {
				conn, err := pgx.Connect(ctx, p.URL())
				if err != nil {
					t.Fatal(err)
				}
				id := fmt.Sprintf("evt_%s_%t_%d", name, before, i)
				if _, err := conn.Exec(ctx, `CREATE TABLE IF NOT EXISTS other (id text)`); err != nil {
					t.Fatal(err)
				}
				if err := insert(ctx, conn, id); (err == nil) != (i != 1) {
					t.Errorf("%s, before %t: insert %d: %v", name, before, i, err)
				}
				_ = conn.Close(ctx)
				var n int
				if err := direct.QueryRow(ctx, `SELECT count(*) FROM t WHERE id = $1`, id).Scan(&n); err != nil {
					t.Fatal(err)
				}
				there = append(there, n)
			}
			want := map[bool][]int{true: {1, 0, 1}, false: {1, 1, 1}}[before]
			if fmt.Sprint(there) != fmt.Sprint(want) || told.Load() != 1 {
				t.Errorf("%s, before %t: %v are there, want %v; told %d times", name, before, there, want, told.Load())
			}
			if got := p.Losses(); got != (Losses{Commits: 3, Lost: 1}) {
				t.Errorf("%s, before %t: %+v", name, before, got)
			}
		}
	}
	if err := p.Heal(ctx); err != nil {
		t.Fatal(err)
	}
	conn, err := pgx.Connect(ctx, p.URL())
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close(ctx)
	if err := ways["by itself"](ctx, conn, "evt_"); err != nil || p.Losses().Commits != 3 {
		t.Errorf("healed: %v, %+v", err, p.Losses())
	}
}

// TestLoseAnswers: of a database that is not understood, an answer is cut at a byte.
func TestLoseAnswers(t *testing.T) {
	t.Parallel()
	listener, err := (&net.ListenConfig{}).Listen(t.Context(), "tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = listener.Close() })
	var asked atomic.Int32
	go func() {
		for {
			conn, err := listener.Accept()
			if err != nil {
				return
			}
			go func() {
				defer conn.Close()
				for lines := bufio.NewScanner(conn); lines.Scan(); {
					asked.Add(1)
					_, _ = fmt.Fprintln(conn, "answer")
				}
			}()
		}
	}()
	p, err := New("redis://" + listener.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(p.Close)
	ask := func() string {
		conn, err := (&net.Dialer{}).DialContext(t.Context(), "tcp", p.proxy.Listen)
		if err != nil {
			t.Fatal(err)
		}
		defer conn.Close()
		_, _ = fmt.Fprintln(conn, "question")
		text, _ := bufio.NewReader(conn).ReadString('\n')
		return text
	}
	p.LoseCommits([]Loss{{At: 2, Byte: 3}, {At: 3, Before: true}}, nil, func(Loss) {})
	for i, want := range []string{"answer\n", "ans", "", "answer\n"} {
		if got := ask(); got != want {
			t.Errorf("question %d: %q, want %q", i+1, got, want)
		}
	}
	if asked.Load() != 3 || p.Losses() != (Losses{Commits: 4, Lost: 2, Blind: true}) {
		t.Errorf("%d questions arrived; %+v", asked.Load(), p.Losses())
	}
}

// TestUsedWhileConnected: a pool keeps its connections, and uses the database all the same.
func TestUsedWhileConnected(t *testing.T) {
	t.Parallel()
	p, err := New(pgtest.URL(t))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(p.Close)
	if p.Used() {
		t.Error("used before anything was said")
	}
	conn, err := pgx.Connect(t.Context(), p.URL())
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close(context.WithoutCancel(t.Context()))
	if !p.Used() {
		t.Error("not used, with a connection open")
	}
}
