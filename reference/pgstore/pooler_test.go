package pgstore_test

import (
	"fmt"
	"net"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"hookdrill/internal/pgtest"
	"hookdrill/internal/testtool"
	"hookdrill/reference"
	"hookdrill/reference/pgstore"
	"hookdrill/reference/storetest"
)

// pooler starts PgBouncer in transaction mode before the test server, with few
// connections, so that sessions do change hands. It returns a function that
// turns a server's URL into the pooler's.
func pooler(t *testing.T) func(string) string {
	t.Helper()
	program, err := exec.LookPath("pgbouncer")
	if err != nil {
		program = "/usr/sbin/pgbouncer"
		_, err = os.Stat(program)
	}
	if err != nil {
		testtool.Missing(t, err)
	}
	server, err := url.Parse(pgtest.Server(t))
	if err != nil {
		t.Fatal(err)
	}
	password, _ := server.User.Password()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	port := listener.Addr().(*net.TCPAddr).Port //nolint:forcetypeassert // tcp
	if err := listener.Close(); err != nil {
		t.Fatal(err)
	}
	dir := t.TempDir()
	if err := os.Chmod(dir, 0o755); err != nil { //nolint:gosec // another user reads it
		t.Fatal(err)
	}
	config := filepath.Join(dir, "pgbouncer.ini")
	text := fmt.Sprintf(`[databases]
* = host=%s port=%s user=%s password='%s'
[pgbouncer]
listen_addr = 127.0.0.1
listen_port = %d
unix_socket_dir =
auth_type = any
pool_mode = transaction
default_pool_size = 6
max_client_conn = 1000
`, server.Hostname(), server.Port(), server.User.Username(), password, port)
	if err := os.WriteFile(config, []byte(text), 0o644); err != nil {
		t.Fatal(err)
	}
	args := []string{config}
	if os.Geteuid() == 0 { // it refuses to run as root
		args = []string{"-u", "nobody", config}
	}
	cmd := exec.Command(program, args...)
	var log syncBuffer
	cmd.Stdout, cmd.Stderr = &log, &log
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		_ = cmd.Process.Signal(syscall.SIGKILL)
		_ = cmd.Wait()
		if t.Failed() {
			t.Logf("pgbouncer says\n%s", log.String())
		}
	})
	host := net.JoinHostPort("127.0.0.1", strconv.Itoa(port))
	for end := time.Now().Add(10 * time.Second); ; {
		conn, err := net.DialTimeout("tcp", host, time.Second)
		if err == nil {
			_ = conn.Close()
			break
		}
		if time.Now().After(end) {
			t.Fatalf("pgbouncer does not listen:\n%s", log.String())
		}
		<-time.After(20 * time.Millisecond)
	}
	return func(direct string) string {
		u, err := url.Parse(direct)
		if err != nil {
			t.Fatal(err)
		}
		u.Host = host
		return u.String()
	}
}

func TestBehindPooler(t *testing.T) {
	t.Parallel()
	through := pooler(t)
	for _, mode := range []pgstore.Mode{pgstore.ModeTransaction, pgstore.ModeQueue} {
		t.Run(string(mode), func(t *testing.T) {
			t.Parallel()
			storetest.Run(t, func(t *testing.T) storetest.Opener {
				cfg := pgstore.Config{URL: through(pgtest.URL(t)), Mode: mode}
				return func(t *testing.T) reference.Store {
					store := open(t, cfg)
					if !strings.Contains(store.Summary(), "pooler") {
						t.Errorf("Summary = %q, and does not say that a pooler is there", store.Summary())
					}
					return store
				}
			})
		})
	}
	for _, tt := range []struct{ name, setting, want string }{
		{"prepared statements", "default_query_exec_mode=cache_statement", "default_query_exec_mode=cache_statement needs prepared statements"},
		{"a session setting", "statement_timeout=1000", "the pooler takes no session settings"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			u := through(pgtest.URL(t))
			_, err := pgstore.Open(t.Context(), pgstore.Config{URL: u + "&" + tt.setting})
			if err == nil || !strings.Contains(err.Error(), tt.want) {
				t.Errorf("Open = %v, want %q in it", err, tt.want)
			}
		})
	}
}

func TestOpenRefuses(t *testing.T) {
	t.Parallel()
	newer := pgtest.URL(t)
	if err := open(t, pgstore.Config{URL: newer}).Close(); err != nil {
		t.Fatal(err)
	}
	execSQL(t, newer, `INSERT INTO hookdrill_receiver_migrations (version_id, is_applied) VALUES (99, true)`)
	const secret = "hunter2"
	for _, tt := range []struct{ name, url, want string }{
		{"nothing", "", "url: is missing"},
		{"no URL", "postgres://user:" + secret + "@host:port/x", "read URL"},
		{"nobody there", "postgres://user:" + secret + "@127.0.0.1:1/x?sslmode=disable", "connect"},
		{"too few connections", pgtest.URL(t) + "&pool_max_conns=2", "pool_max_conns=2 is too few"},
		{"a newer schema", newer, "schema version 99"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			_, err := pgstore.Open(t.Context(), pgstore.Config{URL: tt.url})
			if err == nil || !strings.Contains(err.Error(), tt.want) || strings.Contains(err.Error(), secret) {
				t.Errorf("Open = %v, want %q in it and no password", err, tt.want)
			}
		})
	}
	err := pgstore.Config{
		Mode: "x", Writers: -1, MaxBatch: 5000, MaxWait: time.Second, WriteTimeout: -1, JobTimeout: time.Minute, Workers: 1000, MaxAttempts: -2,
	}.Validate()
	for _, want := range []string{"url:", "mode:", "writers:", "max_batch:", "max_wait:", "write_timeout:", "rescue_after:", "workers:", "max_attempts:"} {
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("Validate = %v, want %q in it", err, want)
		}
	}
}
