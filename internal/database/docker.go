package database

import (
	"context"
	"fmt"
	"sync"

	"github.com/containerd/errdefs"
	"github.com/moby/moby/client"
	"github.com/testcontainers/testcontainers-go"
	"github.com/testcontainers/testcontainers-go/log"
)

// silence keeps testcontainers from writing to stderr. Where it was not given
// a logger it uses one of its own, which can only be replaced for the process.
//
//nolint:gochecknoglobals // it is testcontainers' global that is set, once
var silence = sync.OnceFunc(func() { log.SetDefault(log.NewNoopLogger()) })

// connect finds the Docker daemon at host, which is what DOCKER_HOST says, or
// where testcontainers looks for it when host is empty. The caller closes it.
func connect(ctx context.Context, host string) (client.APIClient, error) {
	if host != "" {
		// With a DOCKER_HOST that does not answer, testcontainers quietly takes
		// another daemon. Whoever names one means that one.
		named, err := client.New(client.FromEnv, client.WithHost(host))
		if err != nil {
			return nil, err
		}
		if _, err := named.Ping(ctx, client.PingOptions{}); err != nil {
			_ = named.Close()
			return nil, err
		}
		return named, nil
	}
	type found struct {
		daemon client.APIClient
		err    error
	}
	done := make(chan found, 1)
	go func() { // it knows no context
		provider, err := testcontainers.NewDockerProvider()
		if err != nil {
			done <- found{err: err}
			return
		}
		daemon := provider.Client()
		if _, err = daemon.Ping(ctx, client.PingOptions{}); err != nil {
			_ = daemon.Close()
		}
		done <- found{daemon, err}
	}()
	select {
	case <-ctx.Done():
		return nil, ctx.Err()
	case f := <-done:
		return f.daemon, f.err
	}
}

// pull gets the image if it is not there. Testcontainers would pull it too, but
// repeats for a quarter of an hour what fails because there is no network. A
// registry that wants a password is for `docker pull`.
func pull(ctx context.Context, daemon client.APIClient, image string) error {
	_, err := daemon.ImageInspect(ctx, image)
	if err == nil {
		return nil
	}
	if !errdefs.IsNotFound(err) {
		return fmt.Errorf("look for %s: %w", image, err)
	}
	response, err := daemon.ImagePull(ctx, image, client.ImagePullOptions{})
	if err == nil {
		err = response.Wait(ctx)
	}
	if err != nil {
		return fmt.Errorf("pull %s: %w", image, err)
	}
	return nil
}
