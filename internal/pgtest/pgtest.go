// Package pgtest gives tests a PostgreSQL: one server for the tests of a
// package, and an empty database for every test that asks. A package that uses
// it says
//
//	func TestMain(m *testing.M) { pgtest.Main(m) }
//
// The server is the one that HOOKDRILL_TEST_DATABASE_URL names, or else a
// container of HOOKDRILL_POSTGRES_IMAGE, started when the first test asks for
// it. Where there is neither, the test is skipped; with
// HOOKDRILL_REQUIRE_DOCKER=1, as in CI, it is a container or the test fails.
//
// A test binary that panics, or runs into its timeout, leaves its container to
// testcontainers' reaper. Where that is disabled, leftovers are found by their
// label: hookdrill=test, or whatever HOOKDRILL_TEST_LABEL says.
package pgtest

import (
	"cmp"
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"net/url"
	"os"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
	"go.uber.org/goleak"

	"hookdrill/internal/database"
)

const (
	// startTimeout bounds the server's start, which may have to pull its image.
	startTimeout = 5 * time.Minute
	// closeTimeout bounds dropping a database and removing the container.
	closeTimeout = 30 * time.Second
)

// shared is the server of this test binary.
//
//nolint:gochecknoglobals // the tests of a package have nothing else in common
var shared server

// server starts at most once, and remembers how that went.
type server struct {
	mu        sync.Mutex
	main      bool // Main runs, and will close it
	asked     bool
	url       string
	err       error
	container *database.Container
}

// Main runs a package's tests, removes the container if they started one, and
// fails if they left a goroutine behind. It does not return.
func Main(m *testing.M) { goleak.VerifyTestMain(Tests(m)) }

// Tests is for packages whose TestMain does more than Main: to run it runs the
// package's tests and then removes the container.
func Tests(m *testing.M) interface{ Run() int } {
	shared.mu.Lock()
	defer shared.mu.Unlock()
	shared.main = true
	return closing{m}
}

// closing runs the tests and then closes the server, before goleak looks.
type closing struct{ m *testing.M }

// Run implements goleak.TestingM.
func (c closing) Run() int {
	code := c.m.Run()
	if err := shared.close(); err != nil {
		fmt.Fprintln(os.Stderr, "pgtest:", err)
		code = max(code, 1)
	}
	return code
}

// Server returns the superuser's URL of the server that this package's tests
// share. Who changes its settings or stops it disturbs the others.
func Server(t testing.TB) string {
	t.Helper()
	required := os.Getenv("HOOKDRILL_REQUIRE_DOCKER") == "1"
	address, err := shared.start(required)
	switch {
	case err == nil:
		return address
	case required:
		t.Fatal("HOOKDRILL_REQUIRE_DOCKER is 1, but:", err)
	case !errors.Is(err, errNone):
		t.Fatal(err)
	default:
		t.Skip(err)
	}
	return ""
}

// errNone means that this machine has no PostgreSQL for tests.
var errNone = errors.New("there is no PostgreSQL for tests: HOOKDRILL_TEST_DATABASE_URL is not set")

func (s *server) start(required bool) (string, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if !s.main {
		return "", errors.New("TestMain must call pgtest.Main, which removes the container")
	}
	if s.asked {
		return s.url, s.err
	}
	s.asked = true
	if there := os.Getenv("HOOKDRILL_TEST_DATABASE_URL"); there != "" && !required {
		if !strings.HasPrefix(there, "postgres://") && !strings.HasPrefix(there, "postgresql://") {
			s.err = errors.New("HOOKDRILL_TEST_DATABASE_URL must begin with postgres://")
		}
		s.url = there
		return s.url, s.err
	}
	// The container outlives the test that happens to be the first.
	ctx, cancel := context.WithTimeout(context.Background(), startTimeout)
	defer cancel()
	s.container, s.err = database.Start(ctx, database.Options{
		Image:      os.Getenv("HOOKDRILL_POSTGRES_IMAGE"),
		DockerHost: os.Getenv("DOCKER_HOST"),
		Label:      cmp.Or(os.Getenv("HOOKDRILL_TEST_LABEL"), "test"),
	})
	if s.err != nil && !required {
		s.err = fmt.Errorf("%w, and %w", errNone, s.err)
	}
	if s.err != nil {
		return "", s.err
	}
	s.url = s.container.URL()
	return s.url, nil
}

func (s *server) close() error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.container == nil {
		return nil
	}
	ctx, cancel := context.WithTimeout(context.Background(), closeTimeout)
	defer cancel()
	return s.container.Close(ctx)
}

// URL returns the URL of an empty database, made for this test and dropped
// after it with whoever is still connected.
func URL(t testing.TB) string {
	t.Helper()
	address, err := url.Parse(Server(t))
	if err != nil {
		t.Fatal("HOOKDRILL_TEST_DATABASE_URL is not a URL") // the error repeats it, with the password
	}
	name := "hookdrill_test_" + strings.ToLower(rand.Text()[:16])
	superuser := address.String()
	execute(t, superuser, "CREATE DATABASE "+name)
	t.Cleanup(func() { execute(t, superuser, "DROP DATABASE "+name+" WITH (FORCE)") })
	address.Path = "/" + name
	return address.String()
}

// execute has a connection of its own, and no test's context: it must work when
// the test is over.
func execute(t testing.TB, superuser, statement string) {
	t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), closeTimeout)
	defer cancel()
	conn, err := pgx.Connect(ctx, superuser)
	if err != nil {
		t.Fatal(err)
	}
	_, err = conn.Exec(ctx, statement)
	if err := errors.Join(err, conn.Close(ctx)); err != nil {
		t.Fatalf("%s: %v", statement, err)
	}
}
