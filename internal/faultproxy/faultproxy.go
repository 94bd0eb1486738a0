// Package faultproxy stands between a receiver and its database, or its sender, and makes the
// network between them go wrong, with Shopify's toxiproxy.
package faultproxy

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/url"
	"slices"
	"strings"
	"time"

	toxiproxy "github.com/Shopify/toxiproxy/v2"
	"github.com/prometheus/client_golang/prometheus"
	"github.com/rs/zerolog"
)

// Proxy is a proxy in front of a database. Its methods are for one goroutine.
type Proxy struct {
	proxy *toxiproxy.Proxy
	tap   *tap
	url   string
}

// ports are those that the URLs of databases leave out.
func ports() map[string]string {
	return map[string]string{"postgres": "5432", "postgresql": "5432", "mysql": "3306", "mariadb": "3306", "redis": "6379", "rediss": "6379"}
}

// Local reports whether a database's URL names a file, so that there is no network to make go
// wrong.
func Local(databaseURL string) bool {
	scheme, _, _ := strings.Cut(databaseURL, ":")
	scheme, _, _ = strings.Cut(strings.ToLower(scheme), "+")
	return slices.Contains([]string{"sqlite", "sqlite3", "file", "duckdb"}, scheme)
}

// errURL says what a database's URL may be.
var errURL = errors.New("want a URL such as postgres://user@host:5432/database, of postgres, mysql or redis")

// errBypass says that a URL leads to a database that no proxy can stand before.
var errBypass = errors.New("not a database on TCP")

// onTCP says what to do about it.
const onTCP = "; a fault proxy stands before the database, on TCP: give host and port, as in postgres://user@127.0.0.1:5432/database"

// New starts a proxy in front of the database that a URL names. A URL that names none is an
// error.
func New(databaseURL string) (*Proxy, error) {
	if strings.Contains(strings.ToLower(databaseURL), "://%2f") || strings.Contains(strings.ToLower(databaseURL), "@%2f") {
		return nil, fmt.Errorf("%w: the host is a socket in the file system%s", errBypass, onTCP)
	}
	u, err := url.Parse(databaseURL)
	if err != nil {
		return nil, errURL // not the cause: it may quote a password
	}
	target, postgres, err := address(u)
	if err != nil {
		return nil, err
	}
	tap, err := newTap(target, postgres)
	if err != nil {
		return nil, fmt.Errorf("start fault proxy: %w", err)
	}
	toxic := toxiproxy.NewServer(toxiproxy.NewMetricsContainer(prometheus.NewRegistry()), zerolog.New(io.Discard))
	p := &Proxy{proxy: toxiproxy.NewProxy(toxic, "database", "127.0.0.1:0", tap.listener.Addr().String()), tap: tap}
	if err := p.proxy.Start(); err != nil {
		tap.end()
		return nil, fmt.Errorf("start fault proxy: %w", err)
	}
	u.Host = p.proxy.Listen
	p.url = u.String()
	return p, nil
}

// address is where a database's URL leads, and whether PostgreSQL is spoken there.
func address(u *url.URL) (target string, postgres bool, err error) {
	scheme, _, _ := strings.Cut(u.Scheme, "+") // postgresql+psycopg, as SQLAlchemy writes it
	port, known := ports()[scheme]
	query := u.Query()
	for _, name := range []string{"host", "hostaddr", "unix_socket", "socket"} {
		if value := query.Get(name); value != "" {
			return "", false, fmt.Errorf("%w: %s=%s in the URL's parameters leads past its host%s", errBypass, name, value, onTCP)
		}
	}
	switch {
	case !known:
		return "", false, errURL
	case u.Hostname() == "":
		return "", false, fmt.Errorf("%w: it names no host, which stands for a socket in the file system%s", errBypass, onTCP)
	case strings.Contains(u.Host, ","):
		return "", false, fmt.Errorf("%w: it names several hosts, and a fault proxy stands before one: give one", errBypass)
	}
	if u.Port() != "" {
		port = u.Port()
	}
	return net.JoinHostPort(u.Hostname(), port), strings.HasPrefix(scheme, "postgres"), nil
}

// URL is the database's URL through the proxy. It may hold a password.
func (p *Proxy) URL() string { return p.url }

// Used reports whether the receiver ever said anything to its database. The proxy's own
// counters will not do: they count a connection when it is closed, and a pool keeps its own.
func (p *Proxy) Used() bool { return p.tap.used.Load() }

// Cut closes all connections, and lets new ones be refused.
func (p *Proxy) Cut() { p.proxy.Stop() }

// Silence lets connections be, and be made, but nothing go through them.
func (p *Proxy) Silence() error {
	return errors.Join(p.toxic("timeout", "upstream", map[string]any{"timeout": 0}), p.toxic("timeout", "downstream", map[string]any{"timeout": 0}))
}

// Slow makes everything that the database says arrive that much later.
func (p *Proxy) Slow(by time.Duration) error {
	return p.toxic("latency", "downstream", map[string]any{"latency": by.Milliseconds()})
}

func (p *Proxy) toxic(kind, stream string, attributes map[string]any) error {
	return toxic(p.proxy, kind, stream, attributes)
}

func toxic(p *toxiproxy.Proxy, kind, stream string, attributes map[string]any) error {
	text, err := json.Marshal(map[string]any{"name": kind + "_" + stream, "type": kind, "stream": stream, "attributes": attributes})
	if err != nil {
		return fmt.Errorf("set fault: %w", err)
	}
	if _, err := p.Toxics.AddToxicJson(strings.NewReader(string(text))); err != nil {
		return fmt.Errorf("set fault: %w", err)
	}
	return nil
}

// Heal ends every fault. What was lost meanwhile stays lost.
func (p *Proxy) Heal(ctx context.Context) error {
	p.tap.commits.disarm()
	p.proxy.Toxics.ResetToxics(ctx)
	if p.proxy.Enabled {
		return nil
	}
	if err := p.proxy.Start(); err != nil {
		return fmt.Errorf("heal fault proxy: %w", err)
	}
	return nil
}

// Close ends the proxy.
func (p *Proxy) Close() {
	p.proxy.Stop()
	p.tap.end()
}
