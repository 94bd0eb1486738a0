package mockclaude

import (
	"bytes"
	"context"
	"crypto/tls"
	"errors"
	"net"
	"net/http"
	"net/http/httptrace"
	"strings"
	"sync"
	"sync/atomic"
	"time"
)

// byTransport makes one exchange with net/http's client, over a connection that
// is already there: HTTP/2 where that was negotiated, HTTP/1.1 otherwise.
func (s *Sender) byTransport(ctx context.Context, c *conn, p *request) (a answer) {
	c.uses++
	http2 := p.delivery.Shape.Kind == ShapeHTTP2
	if !http2 {
		c.hold, c.keepAnswer = true, int(s.cfg.MaxHeader)
	}
	transport := s.transport(c, http2)
	defer transport.CloseIdleConnections()
	release := c.until(ctx)
	defer release()

	var wrote atomic.Bool
	trace := &httptrace.ClientTrace{WroteRequest: func(info httptrace.WroteRequestInfo) { wrote.Store(info.Err == nil) }}
	req := p.httpRequest(httptrace.WithClientTrace(ctx, trace))

	a.start, a.at = time.Now(), s.cfg.Now()
	response, err := transport.RoundTrip(req)
	if err == nil {
		a.response, a.began = response, true
		s.readBody(ctx, &a)
	}
	a.took = time.Since(a.start)
	c.abrupt.Store(!a.complete)
	if response != nil {
		response.Body.Close() //nolint:errcheck // whatever is left is of no interest
	}
	c.Close() //nolint:errcheck // ends a write that still goes on, before its count is taken
	if http2 {
		a.sent = wrote.Load()
		a.err = s.http2Fault(ctx, a.err, err)
		return a
	}
	written, head, began, read, readErr := c.outcome()
	a.wrote = head
	if size := headSize(head); size >= 0 {
		a.wrote = head[:size]
		a.sent = written >= int64(size+len(p.body))
	}
	a.head, a.began = finalHead(began), read > 0
	if err != nil {
		a.err = s.roundTripFault(ctx, err, read, readErr, began)
	}
	return a
}

// transport is a client of net/http that knows one connection.
func (s *Sender) transport(c *conn, http2 bool) *http.Transport {
	var once sync.Once
	dial := func(context.Context, string, string) (got net.Conn, err error) {
		err = errors.New("the only connection has been used")
		once.Do(func() {
			got, err = net.Conn(c), nil
			if secured, ok := c.Conn.(*tls.Conn); ok && http2 {
				got = secured // net/http must see what was negotiated
			}
		})
		return got, err
	}
	return &http.Transport{
		DialContext: dial, DialTLSContext: dial, ForceAttemptHTTP2: http2,
		DisableCompression: true, MaxResponseHeaderBytes: s.cfg.MaxHeader,
	}
}

// httpRequest is a request for net/http.
func (p *request) httpRequest(ctx context.Context) *http.Request {
	req := (&http.Request{
		Method: p.method, URL: p.url, Host: p.url.Host, Header: http.Header{},
		Proto: "HTTP/1.1", ProtoMajor: 1, ProtoMinor: 1,
		ContentLength: int64(len(p.body)), Body: http.NoBody,
	}).WithContext(ctx)
	if len(p.body) > 0 {
		req.Body = nopCloser{bytes.NewReader(p.body)}
	}
	agent := false
	for _, f := range p.fields {
		switch strings.ToLower(f.Name) {
		case "host":
			req.Host = f.Value
		case "content-length": // net/http writes it
		case "user-agent":
			agent = true
			req.Header["User-Agent"] = append(req.Header["User-Agent"], f.Value)
		default:
			req.Header[f.Name] = append(req.Header[f.Name], f.Value) // as it is spelt
		}
	}
	if !agent {
		req.Header["User-Agent"] = []string{""} // net/http would send its own
	}
	return req
}

// nopCloser is a body that needs no closing.
type nopCloser struct{ *bytes.Reader }

func (nopCloser) Close() error { return nil }

// roundTripFault gives an error of net/http its kind. What the connection saw
// says more than the error, whose wrapping depends on who noticed first.
func (s *Sender) roundTripFault(ctx context.Context, err error, read int64, readErr error, began []byte) error {
	if f := stopped(ctx, "read the answer"); f != nil {
		return f
	}
	const proto = "HTTP/"
	switch {
	case read > s.cfg.MaxHeader || strings.Contains(err.Error(), "response headers exceeded"):
		return largeFault("header", s.cfg.MaxHeader)
	case len(began) > 0 && !bytes.HasPrefix([]byte(proto), began[:min(len(began), len(proto))]):
		return protocolFault("not HTTP: the answer begins with %q", clip(string(began)))
	case headSize(finalHead(began)) < 0 && isBroken(readErr):
		return answerFault(ctx, readErr, read > 0)
	case strings.Contains(err.Error(), "malformed"):
		return protocolFault("read the answer: %w", err)
	case readErr != nil:
		return answerFault(ctx, readErr, read > 0)
	default:
		return answerFault(ctx, err, read > 0)
	}
}

// http2Fault gives an error over HTTP/2 its kind: one of the body, or one of
// the exchange before it.
func (s *Sender) http2Fault(ctx context.Context, body, trip error) error {
	switch {
	case trip == nil:
		return body
	case strings.Contains(trip.Error(), "response header list"), strings.Contains(trip.Error(), "headers exceeded"):
		return largeFault("header", s.cfg.MaxHeader)
	default:
		return answerFault(ctx, trip, false)
	}
}

// finalHead finds the header of the final answer at the start of what was read;
// without one it is all of it.
func finalHead(began []byte) []byte {
	for {
		size := headSize(began)
		if size < 0 {
			return began
		}
		const interim = "HTTP/1.1 1"
		if !bytes.HasPrefix(began, []byte(interim)) || bytes.HasPrefix(began, []byte("HTTP/1.1 101")) {
			return began[:size]
		}
		began = began[size:]
	}
}
