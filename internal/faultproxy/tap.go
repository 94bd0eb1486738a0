package faultproxy

import (
	"context"
	"fmt"
	"net"
	"sync"
	"sync/atomic"
	"time"
)

const (
	dialTimeout = 5 * time.Second
	chunk       = 32 << 10
)

// tap stands between the proxy and the database and follows what they say, to cut a
// connection in the middle of a commit, which no fault of the network's can aim at.
type tap struct {
	listener net.Listener
	target   string
	postgres bool
	commits  commits
	// used is true when a client has said anything.
	used atomic.Bool

	mu   sync.Mutex
	open map[net.Conn]struct{}
	all  sync.WaitGroup
}

func newTap(target string, postgres bool) (*tap, error) {
	listener, err := (&net.ListenConfig{}).Listen(context.Background(), "tcp", "127.0.0.1:0")
	if err != nil {
		return nil, fmt.Errorf("listen: %w", err)
	}
	t := &tap{listener: listener, target: target, postgres: postgres, open: map[net.Conn]struct{}{}}
	t.all.Go(t.serve)
	return t, nil
}

func (t *tap) serve() {
	for {
		conn, err := t.listener.Accept()
		if err != nil {
			return
		}
		t.all.Go(func() { t.connect(conn) })
	}
}

// keep remembers a connection until it is closed, and says whether there is still time for it.
func (t *tap) keep(conn net.Conn) bool {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.open == nil {
		return false
	}
	t.open[conn] = struct{}{}
	return true
}

func (t *tap) close(conns ...net.Conn) {
	for _, conn := range conns {
		t.mu.Lock()
		delete(t.open, conn)
		t.mu.Unlock()
		_ = conn.Close()
	}
}

// end closes everything and waits until it is closed.
func (t *tap) end() {
	_ = t.listener.Close()
	t.mu.Lock()
	open := t.open
	t.open = nil
	t.mu.Unlock()
	for conn := range open {
		_ = conn.Close()
	}
	t.all.Wait()
}

func (t *tap) connect(near net.Conn) {
	far, err := (&net.Dialer{Timeout: dialTimeout}).Dial("tcp", t.target)
	if err != nil {
		_ = near.Close()
		return
	}
	defer t.close(near, far)
	if !t.keep(near) || !t.keep(far) {
		return
	}
	l := &link{tap: t, near: near, far: far, client: newClient(t.commits.mentioned), left: -1, answered: true}
	l.client.opaque = !t.postgres
	var both sync.WaitGroup
	both.Go(func() { l.up(); t.close(near, far) })
	both.Go(func() { l.down(); t.close(near, far) })
	both.Wait()
}

// link is a connection of the receiver to its database.
type link struct {
	*tap
	near, far net.Conn

	mu     sync.Mutex
	client *client
	server server
	// losing is true when the answer to a commit is under way, and is not to arrive.
	losing bool
	// left is, of a connection that is not understood, how much of an answer may pass; -1
	// for all.
	left int
	// answered is true when the last that was said came from the database.
	answered bool
}

// up passes on what the receiver says.
func (l *link) up() {
	buf := make([]byte, chunk)
	for {
		n, err := l.near.Read(buf)
		if n > 0 {
			l.used.Store(true)
		}
		if n > 0 && !l.pass(buf[:n]) {
			return
		}
		if err != nil {
			return
		}
	}
}

// pass passes on what the receiver said; false when the connection is cut.
func (l *link) pass(data []byte) bool {
	l.mu.Lock()
	messages := l.client.feed(data)
	blind := l.client.opaque && !l.client.cancels
	l.mu.Unlock()
	var out []byte
	for _, m := range messages {
		lost, is := Loss{}, false
		if m.commit || blind && l.asked() {
			lost, is = l.commits.next(blind)
		}
		if is && lost.Before {
			return false
		}
		if is {
			l.mu.Lock()
			l.losing, l.left = !blind, lost.Byte
			l.mu.Unlock()
		}
		out = append(out, m.bytes...)
	}
	_, err := l.far.Write(out)
	return err == nil
}

// asked reports whether what is said now begins a request.
func (l *link) asked() bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	begins := l.answered
	l.answered = false
	return begins
}

// down passes on what the database says.
func (l *link) down() {
	buf := make([]byte, chunk)
	for {
		n, err := l.far.Read(buf)
		if n > 0 && !l.answer(buf[:n]) {
			return
		}
		if err != nil {
			return
		}
	}
}

// answer passes on what the database said; false when the connection is cut.
func (l *link) answer(data []byte) bool {
	l.mu.Lock()
	l.answered = true
	switch {
	case l.client.asks:
		l.client.encrypted(data[0] == 'S' || data[0] == 'G')
	case !l.client.opaque:
		done := l.server.ready(data)
		if l.losing {
			l.mu.Unlock()
			return !done // it has committed, and nobody hears of it
		}
	case l.left >= 0:
		data = data[:min(l.left, len(data))]
		l.mu.Unlock()
		_, _ = l.near.Write(data)
		return false
	}
	l.mu.Unlock()
	_, err := l.near.Write(data)
	return err == nil
}
