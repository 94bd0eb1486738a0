package database

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"net"
	"net/url"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/testcontainers/testcontainers-go"
	"github.com/testcontainers/testcontainers-go/modules/postgres"
	"github.com/testcontainers/testcontainers-go/wait"
)

// DefaultImage is the image that a container is started from when Options
// names none: PostgreSQL's official one.
const DefaultImage = "postgres:17-alpine"

const (
	user = "hookdrill" // a superuser, and the name of the database too
	port = "5432/tcp"

	// startTimeout bounds a container's start once its image is there: a second
	// or two, unless the machine is busy with something else.
	startTimeout = 2 * time.Minute
	// removeTimeout bounds removing a container whose start failed.
	removeTimeout = 20 * time.Second
)

// ErrNoDocker is returned, wrapped with the reason, when there is no Docker
// daemon that answers.
var ErrNoDocker = errors.New("no Docker daemon answers")

// ImageError is a container that could not be started although Docker is
// there, mostly because the image could not be pulled.
type ImageError struct {
	Image string
	Err   error
}

func (e *ImageError) Error() string {
	return fmt.Sprintf("start PostgreSQL in a container of image %q: %v (name an image that can be had in "+
		"HOOKDRILL_POSTGRES_IMAGE, or a PostgreSQL server in DATABASE_URL)", e.Image, e.Err)
}

// Unwrap returns the reason.
func (e *ImageError) Unwrap() error { return e.Err }

// Container is a PostgreSQL server in a container of its own. It is durable, as
// a server that is worth measuring must be: fsync, synchronous_commit and
// full_page_writes are on. It takes 200 connections.
type Container struct {
	container testcontainers.Container
	url       string
	image     string
}

// Start starts a container and returns when its server takes connections. It
// pulls the image if it is not there. It fails with ErrNoDocker or an
// *ImageError, and with ctx's error when ctx ends first.
func Start(ctx context.Context, o Options) (*Container, error) {
	image := o.Image
	if image == "" {
		image = DefaultImage
	}
	silence()
	daemon, err := connect(ctx, o.DockerHost)
	if err != nil {
		return nil, fmt.Errorf("%w: %w", ErrNoDocker, err)
	}
	err = pull(ctx, daemon, image)
	if err == nil && !testcontainers.ReadConfig().RyukDisabled {
		if err = pull(ctx, daemon, testcontainers.ReaperDefaultImage); err != nil { //nolint:staticcheck // deprecated in favour of nothing exported
			err = fmt.Errorf("%w; it removes the container should this process be killed, and "+
				"TESTCONTAINERS_RYUK_DISABLED=true does without it", err)
		}
	}
	_ = daemon.Close() // it holds nothing but idle connections
	if err != nil {
		return nil, &ImageError{image, err}
	}
	password := rand.Text()
	options := []testcontainers.ContainerCustomizer{
		postgres.WithUsername(user),
		postgres.WithPassword(password),
		postgres.WithDatabase(user),
		// The module's own command says fsync=off; this one replaces it.
		testcontainers.WithCmd(
			"postgres", "-c", "fsync=on", "-c", "synchronous_commit=on", "-c", "full_page_writes=on", "-c", "max_connections=200"),
		// The first time, the server is only being set up.
		testcontainers.WithWaitStrategyAndDeadline(startTimeout,
			wait.ForLog("database system is ready to accept connections").WithOccurrence(2)),
	}
	if o.Label != "" {
		options = append(options, testcontainers.WithLabels(map[string]string{"hookdrill": o.Label}))
	}
	running, err := postgres.Run(ctx, image, options...)
	// Given back even on failure: then what there is of it has to be removed.
	if running == nil {
		return nil, &ImageError{image, err}
	}
	c := &Container{container: running, image: image}
	if err == nil {
		c.url, err = reach(ctx, running, password)
	}
	if err != nil {
		ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), removeTimeout)
		defer cancel()
		return nil, &ImageError{image, errors.Join(err, c.Close(ctx))}
	}
	return c, nil
}

// URL returns the superuser's URL, without TLS.
func (c *Container) URL() string { return c.url }

// Close ends the server and removes the container with all its data.
func (c *Container) Close(ctx context.Context) error {
	// Nothing is to be kept, so the server need not be asked kindly.
	if err := c.container.Terminate(ctx, testcontainers.StopContext(ctx), testcontainers.StopTimeout(0)); err != nil {
		return fmt.Errorf("remove container: %w", err)
	}
	return nil
}

// reach returns the URL under which the server is reached from here. Inside a
// container, or what looks like one, testcontainers takes the gateway for the
// host of the published port; that is not so when this process shares the
// daemon's network, so loopback is tried too. The password keeps it from
// taking another server for this one.
func reach(ctx context.Context, running testcontainers.Container, password string) (string, error) {
	published, err := running.MappedPort(ctx, port)
	if err != nil {
		return "", fmt.Errorf("find the published port: %w", err)
	}
	host, err := running.Host(ctx)
	if err != nil {
		return "", fmt.Errorf("find the container's host: %w", err)
	}
	// Not localhost, whose other address family may be another port's.
	hosts := []string{"127.0.0.1"}
	if host != "localhost" && host != hosts[0] {
		hosts = append(hosts, host)
	}
	ctx, cancel := context.WithTimeout(ctx, startTimeout)
	defer cancel()
	for {
		var refusals []error
		for _, host := range hosts {
			address := url.URL{
				Scheme: "postgres", User: url.UserPassword(user, password),
				Host: net.JoinHostPort(host, published.Port()), Path: user, RawQuery: "sslmode=disable",
			}
			err := ping(ctx, address.String())
			if err == nil {
				return address.String(), nil
			}
			refusals = append(refusals, err)
		}
		select {
		case <-ctx.Done():
			return "", errors.Join(append(refusals, ctx.Err())...)
		case <-time.After(100 * time.Millisecond):
		}
	}
}

// ping connects to the server and asks it something.
func ping(ctx context.Context, url string) error {
	ctx, cancel := context.WithTimeout(ctx, pingTimeout)
	defer cancel()
	conn, err := pgx.Connect(ctx, url)
	if err != nil {
		return err
	}
	err = conn.Ping(ctx)
	return errors.Join(err, conn.Close(ctx))
}
