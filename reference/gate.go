package reference

import (
	"io"
	"net"
	"net/http"
	"sync"
	"sync/atomic"
	"time"
)

const (
	// maxRefusals is how many connections are told at once that there are too
	// many. Others are just closed: telling must not become a load of its own.
	maxRefusals = 128
	// refusalTimeout bounds the telling.
	refusalTimeout = time.Second
	// refusalDiscard is how much of a refused request is read, so that closing
	// does not make the system throw the answer away with a reset.
	refusalDiscard = 64 << 10
)

// gate is a listener that keeps the open connections at a limit. Those above
// it get a prepared 503, outside the server. It counts by the server's
// [http.Server.ConnState], which has to be its count method.
type gate struct {
	net.Listener
	limit  int64
	answer []byte

	open     atomic.Int64
	refusals slots
	refusing sync.WaitGroup
	// Connections refused: told so, closed since they asked nothing in time,
	// closed since too many were being told.
	answered, silent, closed atomic.Int64
}

func newGate(listener net.Listener, limit int, retryAfter string) *gate {
	const body = `{"error":"overloaded"}`
	return &gate{
		Listener: listener,
		limit:    int64(limit),
		refusals: slots{limit: maxRefusals},
		answer: []byte("HTTP/1.1 503 Service Unavailable\r\nRetry-After: " + retryAfter +
			"\r\nConnection: close\r\nContent-Type: application/json\r\nContent-Length: 22\r\n\r\n" + body),
	}
}

// count is for the server's ConnState. The server calls it for a new
// connection between two calls of Accept, so Accept always sees the truth.
func (g *gate) count(_ net.Conn, state http.ConnState) {
	switch state {
	case http.StateNew:
		g.open.Add(1)
	case http.StateClosed, http.StateHijacked:
		g.open.Add(-1)
	case http.StateActive, http.StateIdle:
	}
}

// crowded reports whether more than three quarters of the connections are
// taken. Then none is kept open for a next request that may never come.
func (g *gate) crowded() bool { return g.open.Load() > g.limit/4*3+g.limit%4 }

// Accept returns the next connection that there is room for.
func (g *gate) Accept() (net.Conn, error) {
	for {
		conn, err := g.Listener.Accept()
		if err != nil || g.open.Load() < g.limit {
			return conn, err
		}
		if !g.refusals.take() {
			g.closed.Add(1)
			_ = conn.Close()
			continue
		}
		g.refusing.Go(func() {
			defer g.refusals.give()
			g.refuse(conn)
		})
	}
}

// refuse says 503. It waits for the request's first bytes: a client that has
// asked nothing yet takes no answer.
func (g *gate) refuse(conn net.Conn) {
	defer func() { _ = conn.Close() }()
	_ = conn.SetDeadline(time.Now().Add(refusalTimeout)) // fails on a closed connection, as the next line does
	var first [512]byte
	if _, err := conn.Read(first[:]); err != nil {
		g.silent.Add(1)
		return
	}
	g.answered.Add(1)
	if _, err := conn.Write(g.answer); err != nil {
		return
	}
	if half, ok := conn.(interface{ CloseWrite() error }); ok && half.CloseWrite() == nil {
		_, _ = io.Copy(io.Discard, io.LimitReader(conn, refusalDiscard))
	}
}

// wait returns once nobody is being refused; the listener is closed before.
func (g *gate) wait() { g.refusing.Wait() }
