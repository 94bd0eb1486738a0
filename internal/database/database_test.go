package database_test

import (
	"cmp"
	"context"
	"errors"
	"net"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"

	"hookdrill/internal/database"
	"hookdrill/internal/pgtest"
)

func TestMain(m *testing.M) { pgtest.Main(m) }

// noDocker is where no daemon listens.
const noDocker = "unix:///nonexistent/docker.sock"

// hasAll fails unless text has all of these parts.
func hasAll(t *testing.T, text string, parts ...string) {
	t.Helper()
	for _, part := range parts {
		if !strings.Contains(text, part) {
			t.Errorf("got  %s\nwant %s", text, part)
		}
	}
}

// What is measured on a server that does not sync, or what survives its crash,
// says nothing.
func TestContainerIsDurable(t *testing.T) {
	t.Parallel()
	if os.Getenv("HOOKDRILL_TEST_DATABASE_URL") != "" && os.Getenv("HOOKDRILL_REQUIRE_DOCKER") != "1" {
		t.Skip("HOOKDRILL_TEST_DATABASE_URL names a server that is not ours")
	}
	conn, err := pgx.Connect(t.Context(), pgtest.Server(t))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = conn.Close(context.WithoutCancel(t.Context())) })
	for setting, want := range map[string]string{
		"fsync": "on", "synchronous_commit": "on", "full_page_writes": "on", "max_connections": "200",
	} {
		var got string
		if err := conn.QueryRow(t.Context(), "SHOW "+setting).Scan(&got); err != nil || got != want {
			t.Errorf("%s is %q, %v, want %q", setting, got, err, want)
		}
	}
}

func TestChooseServer(t *testing.T) {
	t.Parallel()
	url := pgtest.URL(t)
	config, err := pgx.ParseConfig(url)
	if err != nil {
		t.Fatal(err)
	}
	// Docker is not asked for.
	choice, err := database.Choose(t.Context(), database.Options{DatabaseURL: url, DockerHost: noDocker})
	if err != nil {
		t.Fatal(err)
	}
	if choice.Source.String() != "server" || choice.URL != url {
		t.Errorf("got %v at %s, want the server at %s", choice.Source, choice.URL, url)
	}
	hasAll(t, choice.Sentence, config.Host, config.Database, "DATABASE_URL")
	if config.Password != "" && strings.Contains(choice.Sentence, config.Password) {
		t.Errorf("the password is in %q", choice.Sentence)
	}
	if err := choice.Close(t.Context()); err != nil {
		t.Error(err)
	}
}

func TestChooseBadServer(t *testing.T) {
	t.Parallel()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	closed := listener.Addr().String()
	_ = listener.Close()
	tests := []struct {
		name string
		url  string
		want []string
	}{
		{"nobody listens", "postgres://me:s3cret@" + closed + "/db", []string{"DATABASE_URL", "postgres://me@" + closed + "/db", "refused"}},
		{"key words", "host=127.0.0.1 port=1 user=me password=s3cret", []string{"DATABASE_URL", "postgres://me@127.0.0.1:1/"}},
		{"no URL", "postgres://me:s3cret%@host/db", []string{"DATABASE_URL cannot be read", "%40"}},
		{"no such mode", "postgres://me:s3cret@host/db?sslmode=maybe", []string{"DATABASE_URL cannot be read"}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			_, err := database.Choose(t.Context(), database.Options{DatabaseURL: tt.url, DockerHost: noDocker})
			if err == nil {
				t.Fatal("was chosen")
			}
			hasAll(t, err.Error(), tt.want...)
			if strings.Contains(err.Error(), "s3cret") {
				t.Errorf("the password is in %q", err)
			}
		})
	}
}

func TestChooseWithoutDocker(t *testing.T) {
	t.Parallel()
	choice, err := database.Choose(t.Context(), database.Options{DockerHost: noDocker})
	if err != nil {
		t.Fatal(err)
	}
	if choice.Source.String() != "embedded" || choice.URL != "" {
		t.Errorf("got %v at %q, want the embedded store", choice.Source, choice.URL)
	}
	hasAll(t, choice.Sentence, "embedded", "DATABASE_URL is not set", "no Docker daemon answers", "nonexistent")
	if err := choice.Close(t.Context()); err != nil {
		t.Error(err)
	}
	if _, err := database.Start(t.Context(), database.Options{DockerHost: noDocker}); !errors.Is(err, database.ErrNoDocker) {
		t.Errorf("Start gives %v, want ErrNoDocker", err)
	}
	// One who stops it has not chosen.
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := database.Choose(ctx, database.Options{}); !errors.Is(err, context.Canceled) {
		t.Errorf("cancelled, Choose gives %v", err)
	}
}

func TestChooseContainer(t *testing.T) {
	t.Parallel()
	pgtest.Server(t) // or skip
	options := database.Options{Image: os.Getenv("HOOKDRILL_POSTGRES_IMAGE"), DockerHost: os.Getenv("DOCKER_HOST"), Label: cmp.Or(os.Getenv("HOOKDRILL_TEST_LABEL"), "test")}
	choice, err := database.Choose(t.Context(), options)
	if err != nil {
		t.Fatal(err)
	}
	conn, err := pgx.Connect(t.Context(), choice.URL)
	if err != nil {
		t.Error(err)
	} else if err := conn.Close(t.Context()); err != nil {
		t.Error(err)
	}
	if choice.Source.String() != "container" {
		t.Errorf("got %v, want the container", choice.Source)
	}
	hasAll(t, choice.Sentence, "container", options.Image, "DATABASE_URL is not set")
	ctx, cancel := context.WithTimeout(context.WithoutCancel(t.Context()), time.Minute)
	defer cancel()
	if err := choice.Close(ctx); err != nil {
		t.Error(err)
	}
	if _, err := database.Choose(t.Context(), database.Options{DatabaseURL: choice.URL}); err == nil {
		t.Error("the server still answers after Close")
	}
}

func TestChooseWithoutImage(t *testing.T) {
	t.Parallel()
	pgtest.Server(t) // or skip
	// The registry is this machine's own, and there is none: nobody else is asked.
	const image = "127.0.0.1:1/hookdrill/no-such-image:1"
	_, err := database.Choose(t.Context(), database.Options{Image: image, DockerHost: os.Getenv("DOCKER_HOST")})
	var seen *database.ImageError
	if !errors.As(err, &seen) || errors.Is(err, database.ErrNoDocker) || seen.Image != image {
		t.Fatalf("got %v, want an ImageError", err)
	}
	hasAll(t, err.Error(), image, "HOOKDRILL_POSTGRES_IMAGE", "DATABASE_URL")
}
