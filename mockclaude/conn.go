package mockclaude

import (
	"bufio"
	"context"
	"crypto/tls"
	"net"
	"sync"
	"sync/atomic"
	"time"
)

const (
	// holdWriteError is how long a failed write may wait for the answer.
	holdWriteError = time.Second
	// keepRequest bounds the copy of the bytes written: a request's head.
	keepRequest = 32 << 10
)

// conn is a connection to the target that keeps what an exchange needs as
// evidence: how much was written, how the request began, how the answer began.
type conn struct {
	net.Conn
	id   int64
	to   int // which target it leads to
	uses int
	// br reads answers by hand; its buffer holds one whole header.
	br *bufio.Reader
	// keepAnswer bounds the copy of the bytes read; 0 keeps nothing.
	keepAnswer int
	// hold makes a failed write wait until reading has ended, so that net/http
	// sees an early answer before it sees the error.
	hold    bool
	readEnd chan struct{}
	gone    chan struct{}
	forget  func()

	// abrupt makes Close skip TLS's farewell, which may have to wait.
	abrupt atomic.Bool

	endOnce, goneOnce sync.Once

	mu      sync.Mutex // for reading
	read    int64
	began   []byte
	readErr error

	wmu     sync.Mutex // for writing
	written int64
	wrote   []byte
}

// dial opens a connection to the target of a delivery, TLS included. Its errors
// are faults.
func (s *Sender) dial(ctx context.Context, d Delivery) (*conn, error) {
	u, http2 := s.target(d), d.Shape.Kind == ShapeHTTP2
	secure := u.Scheme == "https"
	if http2 && !secure {
		return nil, &fault{ErrHTTP2, errNeedsTLS}
	}
	port := u.Port()
	if port == "" {
		port = map[bool]string{false: "80", true: "443"}[secure]
	}
	var dialer net.Dialer
	raw, err := dialer.DialContext(ctx, "tcp", net.JoinHostPort(u.Hostname(), port))
	if err != nil {
		return nil, dialFault(ctx, err)
	}
	if secure {
		if raw, err = s.handshake(ctx, raw, u.Hostname(), http2); err != nil {
			return nil, err
		}
	}
	c, err := s.newConn(raw)
	if c != nil {
		c.to = d.To
	}
	return c, err
}

// handshake makes a TLS connection of a TCP connection to a host.
func (s *Sender) handshake(ctx context.Context, raw net.Conn, host string, http2 bool) (net.Conn, error) {
	cfg := s.cfg.TLS.Clone()
	if cfg == nil {
		cfg = &tls.Config{MinVersion: tls.VersionTLS12}
	}
	if cfg.ServerName == "" {
		cfg.ServerName = host
	}
	cfg.NextProtos = []string{"http/1.1"}
	if http2 {
		cfg.NextProtos = []string{"h2", "http/1.1"}
	}
	secured := tls.Client(raw, cfg)
	if err := secured.HandshakeContext(ctx); err != nil {
		raw.Close() //nolint:errcheck // the handshake's error is the one that counts
		return nil, tlsFault(ctx, err)
	}
	if got := secured.ConnectionState().NegotiatedProtocol; http2 && got != "h2" {
		secured.Close() //nolint:errcheck // it was never used
		return nil, &fault{ErrHTTP2, errNotNegotiated}
	}
	return secured, nil
}

// newConn registers a connection, so that Close closes it.
func (s *Sender) newConn(raw net.Conn) (*conn, error) {
	c := &conn{
		Conn: raw, id: s.conns.Add(1), keepAnswer: 0,
		readEnd: make(chan struct{}), gone: make(chan struct{}),
	}
	c.br = bufio.NewReaderSize(c, int(s.cfg.MaxHeader))
	c.forget = func() {
		s.mu.Lock()
		delete(s.open, c)
		s.mu.Unlock()
	}
	s.mu.Lock()
	closed := s.closed
	if !closed {
		s.open[c] = struct{}{}
	}
	s.mu.Unlock()
	if closed {
		raw.Close() //nolint:errcheck // it was never used
		return nil, &fault{ErrCanceled, errClosed}
	}
	return c, nil
}

// Read implements net.Conn.
func (c *conn) Read(b []byte) (int, error) {
	n, err := c.Conn.Read(b)
	c.mu.Lock()
	c.read += int64(n)
	if room := c.keepAnswer - len(c.began); room > 0 {
		c.began = append(c.began, b[:min(n, room)]...)
	}
	if err != nil {
		c.readErr = err
	}
	c.mu.Unlock()
	if err != nil {
		c.endOnce.Do(func() { close(c.readEnd) })
	}
	return n, err
}

// Write implements net.Conn.
func (c *conn) Write(b []byte) (int, error) {
	c.wmu.Lock()
	n, err := c.Conn.Write(b)
	c.written += int64(n)
	if room := keepRequest - len(c.wrote); room > 0 {
		c.wrote = append(c.wrote, b[:min(n, room)]...)
	}
	c.wmu.Unlock()
	if err != nil && c.hold {
		timer := time.NewTimer(holdWriteError)
		defer timer.Stop()
		select {
		case <-c.readEnd:
		case <-c.gone:
		case <-timer.C:
		}
	}
	return n, err
}

// Close implements net.Conn; it may be called more than once.
func (c *conn) Close() error {
	var err error
	c.goneOnce.Do(func() {
		c.forget()
		close(c.gone)
		if secured, ok := c.Conn.(*tls.Conn); ok && c.abrupt.Load() {
			secured.NetConn().Close() //nolint:errcheck // the next line says the same
		}
		err = c.Conn.Close()
	})
	return err
}

// outcome is what was read and written so far.
func (c *conn) outcome() (written int64, wrote, began []byte, read int64, readErr error) {
	c.wmu.Lock()
	written, wrote = c.written, c.wrote
	c.wmu.Unlock()
	c.mu.Lock()
	defer c.mu.Unlock()
	return written, wrote, c.began, c.read, c.readErr
}

// until ends every read and write when ctx does. The connection is fit for
// another exchange only if release returns true.
func (c *conn) until(ctx context.Context) (release func() bool) {
	return context.AfterFunc(ctx, func() {
		c.SetDeadline(time.Unix(1, 0)) //nolint:errcheck // a closed connection needs no deadline
	})
}
