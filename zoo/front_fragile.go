package zoo

import (
	"context"
	"net"
	"sync"
	"time"
)

// overFragile is net/http in a process that can die and be restarted: while it
// is down, every connection is closed. The port is kept, so that no other
// process can take it.
func overFragile(ctx context.Context, rc *receiver, _ string) (door, error) {
	ln, err := listen(ctx)
	if err != nil {
		return door{}, err
	}
	g := &gate{Listener: ln, conns: map[net.Conn]bool{}}
	rc.crash = g.crash
	srv := newHTTPServer(ctx, routes(rc))
	return door{
		url:   "http://" + ln.Addr().String(),
		close: runHTTP(ctx, srv, func() error { return srv.Serve(g) }),
	}, nil
}

// gate is a listener that can shut everybody out for a while.
type gate struct {
	net.Listener

	mu    sync.Mutex
	conns map[net.Conn]bool
	down  time.Time // until when
}

// Accept is net.Listener's; it skips the connections that come while it is down.
func (g *gate) Accept() (net.Conn, error) {
	for {
		c, err := g.Listener.Accept()
		if err != nil {
			return nil, err
		}
		if g.admit(c) {
			return c, nil
		}
		_ = c.Close() // that is the point
	}
}

func (g *gate) admit(c net.Conn) bool {
	g.mu.Lock()
	defer g.mu.Unlock()
	if time.Now().Before(g.down) {
		return false
	}
	g.conns[c] = true
	return true
}

// crash closes every connection and shuts the gate for d.
func (g *gate) crash(d time.Duration) {
	g.mu.Lock()
	defer g.mu.Unlock()
	g.down = time.Now().Add(d)
	for c := range g.conns {
		_ = c.Close() // that is the point
	}
	clear(g.conns)
}
