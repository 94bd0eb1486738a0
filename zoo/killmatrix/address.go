package main

import (
	"context"
	"fmt"
	"math/rand/v2"
	"net"
	"strconv"
)

// freeAddress is an address of loopback on which nobody listens. Its port is below those
// that systems give to outgoing connections, so that none of the run takes it meanwhile.
func freeAddress(ctx context.Context) (string, error) {
	var err error
	for range 50 {
		address := net.JoinHostPort("127.0.0.1", strconv.Itoa(20000+rand.IntN(12000))) //nolint:gosec // no secret
		var ln net.Listener
		if ln, err = (&net.ListenConfig{}).Listen(ctx, "tcp", address); err == nil {
			if err = ln.Close(); err == nil {
				return address, nil
			}
		}
	}
	return "", fmt.Errorf("find a free port: %w", err)
}
