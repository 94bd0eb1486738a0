package suites

import (
	"context"
	"crypto/tls"
	"fmt"
	"net"
	"net/url"
	"time"
)

// dial opens a TCP connection to the target, on its scheme's port unless the
// URL names one.
func dial(ctx context.Context, target *url.URL, timeout time.Duration) (net.Conn, error) {
	port := target.Port()
	if port == "" {
		port = "80"
		if target.Scheme == "https" {
			port = "443"
		}
	}
	d := net.Dialer{Timeout: timeout}
	conn, err := d.DialContext(ctx, "tcp", net.JoinHostPort(target.Hostname(), port))
	if err != nil {
		return nil, fmt.Errorf("dial target: %w", err)
	}
	return conn, nil
}

// awaitReturn waits, within bounds, until something listens at the target.
func awaitReturn(ctx context.Context, target *url.URL) {
	for range returns {
		if reachable(ctx, target) || !wait(ctx, returnEvery) {
			return
		}
	}
}

func reachable(ctx context.Context, target *url.URL) bool {
	conn, err := dial(ctx, target, time.Second)
	if err != nil {
		return false
	}
	_ = conn.Close()
	return true
}

// handshake connects to the target with the given TLS configuration.
func handshake(ctx context.Context, target *url.URL, cfg *tls.Config) (*tls.ConnectionState, error) {
	raw, err := dial(ctx, target, 5*time.Second)
	if err != nil {
		return nil, err
	}
	defer func() { _ = raw.Close() }()
	conn := tls.Client(raw, cfg)
	ctx, cancel := context.WithTimeout(ctx, 5*time.Second)
	defer cancel()
	if err := conn.HandshakeContext(ctx); err != nil {
		return nil, err
	}
	state := conn.ConnectionState()
	return &state, nil
}
