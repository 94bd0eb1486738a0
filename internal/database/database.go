// Package database provides the PostgreSQL that a receiver is measured or
// tested on: a server that is there already, or one in a container that is
// started for the purpose. It knows nothing of what is stored there, and reads
// no environment: that is the caller's.
package database

import (
	"context"
	"errors"
	"fmt"
	"net"
	"strconv"
	"strings"
	"time"

	"github.com/jackc/pgx/v5"
)

// pingTimeout bounds one attempt to connect.
const pingTimeout = 5 * time.Second

// Options says where PostgreSQL may come from. The zero value is a container
// of DefaultImage.
type Options struct {
	// DatabaseURL names a server that is there already, as DATABASE_URL does.
	// Only Choose looks at it.
	DatabaseURL string
	// Image is the image of a container, as HOOKDRILL_POSTGRES_IMAGE names it;
	// if empty, DefaultImage. It must understand what the official one does.
	Image string
	// DockerHost is what DOCKER_HOST says, if anything. Testcontainers reads
	// the variable by itself: another value can only be one that does not answer.
	DockerHost string
	// Label, if not empty, is the value of the container's label "hookdrill", by
	// which leftovers are found.
	Label string
}

// Source is where the data are kept.
type Source int

// The sources, in the order in which Choose prefers them.
const (
	// Server is a PostgreSQL server that DATABASE_URL names.
	Server Source = iota
	// Docker is a PostgreSQL server in a container of its own.
	Docker
	// Embedded is the receiver's own embedded store, and no PostgreSQL.
	Embedded
)

// String returns the word for it in reports.
func (s Source) String() string {
	switch s {
	case Server:
		return "server"
	case Docker:
		return "container"
	case Embedded:
		return "embedded"
	}
	return "source " + strconv.Itoa(int(s))
}

// Choice is the database that was chosen.
type Choice struct {
	Source Source
	// URL is that of the database, with its password; empty for Embedded.
	URL string
	// Sentence says which it is and why, for people, without the password.
	Sentence string

	container *Container
}

// Choose takes the server of o.DatabaseURL if one is named, or else starts a
// container, or else, if there is no Docker, leaves it at the embedded store. A
// server that cannot be connected to and a container that cannot be started are
// errors, for whoever has these means to use them. The caller closes the choice.
func Choose(ctx context.Context, o Options) (Choice, error) {
	if o.DatabaseURL != "" {
		where, err := check(ctx, o.DatabaseURL)
		if err != nil {
			return Choice{}, err
		}
		return Choice{
			Source: Server, URL: o.DatabaseURL,
			Sentence: "PostgreSQL at " + where + ", which DATABASE_URL names",
		}, nil
	}
	c, err := Start(ctx, o)
	switch {
	case errors.Is(err, ErrNoDocker) && ctx.Err() == nil:
		return Choice{
			Source:   Embedded,
			Sentence: fmt.Sprintf("the embedded store, because DATABASE_URL is not set and %v", err),
		}, nil
	case err != nil:
		return Choice{}, err
	}
	return Choice{
		Source: Docker, URL: c.URL(), container: c,
		Sentence: "PostgreSQL in a container of " + c.image + ", because DATABASE_URL is not set",
	}, nil
}

// Close removes the container, if there is one.
func (c Choice) Close(ctx context.Context) error {
	if c.container == nil {
		return nil
	}
	return c.container.Close(ctx)
}

// check connects to the server at url, and returns how to call it, without the
// password.
func check(ctx context.Context, url string) (string, error) {
	config, err := pgx.ParseConfig(url)
	if err != nil {
		// pgx repeats the URL, with the password if it cannot be parsed.
		return "", errors.New("DATABASE_URL cannot be read as a PostgreSQL URL; " +
			"write postgres://user:password@host:5432/database, with special characters of the password as %40 and the like")
	}
	where := fmt.Sprintf("postgres://%s@%s/%s",
		config.User, net.JoinHostPort(config.Host, strconv.Itoa(int(config.Port))), config.Database)
	if strings.HasPrefix(config.Host, "/") { // a directory with a socket
		where = fmt.Sprintf("postgres://%s@/%s?host=%s", config.User, config.Database, config.Host)
	}
	if err := ping(ctx, url); err != nil {
		return "", fmt.Errorf("connect to %s, which DATABASE_URL names: %w", where, err)
	}
	return where, nil
}
