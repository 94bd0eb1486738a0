package loadtest

import (
	"bytes"
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"maps"
	"net"
	"net/http"
	"net/url"
	"os"
	"slices"
	"sync"
	"syscall"
	"time"

	"github.com/valyala/fasthttp"

	"hookdrill/mockclaude"
)

// mostAnswer bounds the body of an answer that is read, in bytes.
const mostAnswer = 64 << 10

// mostHeader bounds the header of an answer that the lean client reads, in bytes. It is as long as
// the first valid event of a run may be answered with.
const mostHeader = 64 << 10

// answer is what a target answered.
type answer struct {
	status int
	// timing is the value of Server-Timing.
	timing string
	// resent is true when a kept connection turned out to be closed, and the
	// request went over a new one.
	resent bool
}

// client makes one request a call. It is used by several goroutines at once, each with a
// lane of its own.
type client interface {
	send(l *lane, body []byte, fields []mockclaude.Minted) (answer, error)
	close()
}

// lane is what a request under way needs, and the next one can use again.
type lane struct {
	number int
	mint   *mockclaude.Mint
	req    fasthttp.Request
	res    fasthttp.Response
	filled bool
	resent bool
}

// lean is a client for HTTP/1.1 without TLS.
type lean struct {
	host *fasthttp.HostClient
	cfg  *Config

	mu    sync.Mutex
	lanes map[*fasthttp.Request]*lane
}

func newLean(cfg *Config) *lean {
	c := &lean{cfg: cfg, lanes: map[*fasthttp.Request]*lane{}}
	c.host = &fasthttp.HostClient{
		Addr: address(cfg.Target), MaxConns: cfg.Workers, MaxIdleConnDuration: idle, MaxResponseBodySize: mostAnswer, ReadBufferSize: mostHeader,
		NoDefaultUserAgentHeader: true, DisablePathNormalizing: true, ReadTimeout: cfg.Timeout, WriteTimeout: cfg.Timeout,
		Dial: func(addr string) (net.Conn, error) {
			return (&net.Dialer{Timeout: cfg.Timeout}).DialContext(context.Background(), "tcp", addr)
		},
		// A connection that the target closed while nothing was under way is no
		// fault of the target's.
		MaxIdemponentCallAttempts: 2,
		RetryIfErr:                c.again,
	}
	return c
}

// again says whether a request is sent a second time.
func (c *lean) again(req *fasthttp.Request, _ int, err error) (reset, retry bool) {
	if !severed(err) {
		return false, false
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	if l := c.lanes[req]; l != nil {
		l.resent = true
	}
	return false, true
}

// idle is how long a connection is kept that nothing is sent over.
const idle = 30 * time.Second

// address is the host and port of a URL.
func address(u *url.URL) string {
	port := u.Port()
	if port == "" {
		port = map[string]string{"https": "443"}[u.Scheme]
		if port == "" {
			port = "80"
		}
	}
	return net.JoinHostPort(u.Hostname(), port)
}

// severed is true when a connection ended before an answer began.
func severed(err error) bool {
	return errors.Is(err, io.EOF) || errors.Is(err, fasthttp.ErrConnectionClosed) || errors.Is(err, syscall.ECONNRESET) || errors.Is(err, syscall.EPIPE)
}

// fill prepares the parts of a lane's request that stay the same.
func (c *lean) fill(l *lane) {
	l.req.Header.SetMethod(c.cfg.method())
	l.req.SetRequestURI(c.cfg.Target.String())
	l.req.UseHostHeader = true
	l.req.Header.SetHost(c.cfg.Target.Host)
	for name, values := range c.cfg.header() {
		l.req.Header.Del(name)
		for _, value := range values {
			l.req.Header.Add(name, value)
		}
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	c.lanes[&l.req] = l
}

const userAgent = "hookdrill"

// header is what is sent with every request. A field of the user's takes the place of the usual
// one; several with one name are all sent.
func (c *Config) header() http.Header {
	h := http.Header{"User-Agent": {userAgent}, "Accept": {"*/*"}, "Content-Type": {"application/json"}}
	if t := c.Contract.Request.ContentType; t != "" {
		h.Set("Content-Type", t)
	}
	seen := http.Header{}
	for _, f := range c.Header {
		seen.Add(f.Name, f.Value)
	}
	maps.Copy(h, seen)
	return h
}

func (c *lean) send(l *lane, body []byte, fields []mockclaude.Minted) (answer, error) {
	if !l.filled {
		c.fill(l)
		l.filled = true
	}
	l.resent = false
	for i := range fields {
		l.req.Header.SetBytesV(fields[i].Name, fields[i].Value)
	}
	l.req.SetBodyRaw(body)
	err := c.host.DoTimeout(&l.req, &l.res, c.cfg.Timeout)
	if errors.Is(err, fasthttp.ErrBodyTooLarge) && l.res.StatusCode() != 0 {
		err = nil // an answer, though a long one
	}
	if err != nil {
		return answer{resent: l.resent}, fmt.Errorf("send: %w", err)
	}
	return answer{resent: l.resent, status: l.res.StatusCode(), timing: string(l.res.Header.Peek("Server-Timing"))}, nil
}

func (c *lean) close() { c.host.CloseIdleConnections() }

// ordinary is net/http's client: for TLS and HTTP/2, and on demand.
type ordinary struct {
	client *http.Client
	cfg    *Config
}

func newOrdinary(cfg *Config) *ordinary {
	base := &tls.Config{MinVersion: tls.VersionTLS12}
	if cfg.TLS != nil {
		base = cfg.TLS.Clone()
	}
	return &ordinary{cfg: cfg, client: &http.Client{
		Timeout:       cfg.Timeout,
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
		Transport: &http.Transport{
			MaxIdleConnsPerHost: cfg.Workers, MaxConnsPerHost: cfg.Workers, IdleConnTimeout: idle, TLSClientConfig: base, ForceAttemptHTTP2: true,
			DisableCompression: true, TLSHandshakeTimeout: cfg.Timeout,
		},
	}}
}

func (c *ordinary) send(_ *lane, body []byte, fields []mockclaude.Minted) (answer, error) {
	req, err := http.NewRequestWithContext(context.Background(), c.cfg.method(), c.cfg.Target.String(), bytes.NewReader(body))
	if err != nil {
		return answer{}, fmt.Errorf("send: %w", err)
	}
	// A key without a value is not sent. It lets the client send the request again when a
	// kept connection turns out to be closed, as webhooks may come twice.
	req.Header["Idempotency-Key"] = []string{}
	maps.Copy(req.Header, c.cfg.header())
	if host := req.Header.Get("Host"); host != "" {
		req.Host = host
	}
	for _, f := range fields {
		req.Header.Set(f.Name, string(f.Value))
	}
	res, err := c.client.Do(req)
	if err != nil {
		return answer{}, err //nolint:wrapcheck // its kind is all that is looked at
	}
	_, err = io.Copy(io.Discard, io.LimitReader(res.Body, mostAnswer))
	if err := errors.Join(err, res.Body.Close()); err != nil {
		return answer{}, fmt.Errorf("read answer: %w", err)
	}
	return answer{status: res.StatusCode, timing: res.Header.Get("Server-Timing")}, nil
}

func (c *ordinary) close() { c.client.CloseIdleConnections() }

// The kinds of what happens to a request without an answer. Those of ours are
// no fault of the target's.
const (
	errTimeout = "timeout"
	errRefused = "refused"
	errSevered = "connection broken"
	errOther   = "no valid answer"
	oursFiles  = "too many open files"
	oursPorts  = "no free port"
	oursConns  = "no free connection"
)

// kindOf sorts an error into kinds.
func kindOf(err error) string {
	var timeout interface{ Timeout() bool }
	switch {
	case err == nil:
		return ""
	case errors.Is(err, syscall.EMFILE), errors.Is(err, syscall.ENFILE):
		return oursFiles
	case errors.Is(err, syscall.EADDRNOTAVAIL):
		return oursPorts
	case errors.Is(err, fasthttp.ErrNoFreeConns):
		return oursConns
	case errors.Is(err, syscall.ECONNREFUSED):
		return errRefused
	case errors.Is(err, fasthttp.ErrTimeout), errors.Is(err, os.ErrDeadlineExceeded), errors.Is(err, context.DeadlineExceeded),
		errors.As(err, &timeout) && timeout.Timeout():
		return errTimeout
	case severed(err), errors.Is(err, io.ErrUnexpectedEOF):
		return errSevered
	default:
		return errOther
	}
}

// OwnErrors lists the kinds of errors that are no fault of the target's.
func OwnErrors() []string { return []string{oursFiles, oursPorts, oursConns} }

// ours is true for the kinds that are no fault of the target's.
func ours(kind string) bool { return slices.Contains(OwnErrors(), kind) }
