package faultproxy

import (
	"bytes"
	"encoding/binary"
)

// The requests that a client may begin with in place of a start-up message.
const (
	codeCancel = 80877102
	codeTLS    = 80877103
	codeGSS    = 80877104
)

// maxMessage bounds what is kept of a message until it is whole; a client with a larger one
// is no longer understood.
const maxMessage = 32 << 20

// client follows what a client of PostgreSQL sends, message by message, and finds the commits:
// the statement COMMIT, in the simple or the extended protocol, and the end of a statement
// that writes outside of a transaction.
type client struct {
	// mentioned reports whether a message makes its transaction count.
	mentioned func([]byte) bool

	buf     []byte
	started bool
	// opaque is true when it is not understood: encrypted, or no PostgreSQL.
	opaque bool
	// cancels is true of a connection that only asks to end what another one does.
	cancels bool
	// asks is true after a request for encryption, until it is answered.
	asks bool

	inside  bool // a transaction
	counts  bool // it was mentioned
	pending bool // something was written outside of a transaction
	parsed  map[string]string
	bound   map[string]string
}

func newClient(mentioned func([]byte) bool) *client {
	return &client{mentioned: mentioned, parsed: map[string]string{}, bound: map[string]string{}}
}

// message is a whole message of a client, and whether a commit that counts is made by it.
type message struct {
	bytes  []byte
	commit bool
}

// feed takes what the client sent and returns the messages that are whole now. What is not
// understood comes as it is.
func (c *client) feed(data []byte) (out []message) {
	if c.opaque {
		return []message{{bytes: data}}
	}
	c.buf = append(c.buf, data...)
	for !c.opaque {
		n, whole := c.length()
		if !whole {
			break
		}
		m := message{bytes: bytes.Clone(c.buf[:n])}
		if c.started {
			m.commit = c.follow(m.bytes[0], m.bytes[5:])
		} else {
			c.begin(m.bytes)
		}
		c.buf = c.buf[n:]
		out = append(out, m)
	}
	if c.opaque && len(c.buf) > 0 {
		out = append(out, message{bytes: c.buf})
		c.buf = nil
	}
	return out
}

// length is that of the message at the front.
func (c *client) length() (n int, whole bool) {
	head := 5
	if !c.started {
		head = 4
	}
	if !c.started && len(c.buf) > 0 && c.buf[0] != 0 { // TLS from the first byte on
		c.opaque = true
		return 0, false
	}
	if len(c.buf) < head {
		return 0, false
	}
	size := int(binary.BigEndian.Uint32(c.buf[head-4 : head]))
	if n = size + head - 4; size < 4 || n > maxMessage || !c.started && size < 8 {
		c.opaque = true
		return 0, false
	}
	return n, len(c.buf) >= n
}

// begin follows what a connection begins with.
func (c *client) begin(m []byte) {
	switch binary.BigEndian.Uint32(m[4:8]) {
	case codeTLS, codeGSS:
		c.asks = true
	case codeCancel:
		c.opaque, c.cancels = true, true
	default:
		c.started = true
	}
}

// encrypted is told what a request for encryption was answered.
func (c *client) encrypted(yes bool) { c.asks, c.opaque = false, c.opaque || yes }

// follow follows a message and reports whether a commit that counts is made by it.
func (c *client) follow(tag byte, body []byte) bool {
	switch tag {
	case 'Q':
		c.note(body)
		return c.simple(text(body))
	case 'P':
		name, rest := cut(body)
		query, _ := cut(rest)
		c.parsed[name] = query
		c.note(body)
	case 'B':
		portal, rest := cut(body)
		name, _ := cut(rest)
		c.bound[portal] = c.parsed[name]
		c.note(body)
	case 'E':
		portal, _ := cut(body)
		return c.execute(c.bound[portal])
	case 'S':
		if c.pending && !c.inside {
			return c.end()
		}
		c.pending = false
	}
	return false
}

func (c *client) note(body []byte) { c.counts = c.counts || c.mentioned(body) }

// simple follows a text of statements, which are one transaction unless they say otherwise.
func (c *client) simple(query string) (commit bool) {
	wrote := false
	for _, s := range statements(query) {
		switch kindOf(s) {
		case kindBegin:
			c.inside = true
		case kindCommit:
			commit = c.end() || commit
		case kindRollback:
			c.inside, c.counts = false, false
		case kindWrite:
			wrote = true
		case kindOther:
		}
	}
	if !c.inside {
		if wrote && !commit {
			return c.end()
		}
		c.counts = false
	}
	return commit
}

func (c *client) execute(query string) bool {
	switch kindOf(query) {
	case kindBegin:
		c.inside = true
	case kindCommit:
		return c.end()
	case kindRollback:
		c.inside, c.counts, c.pending = false, false, false
	case kindWrite:
		c.pending = true
	case kindOther:
	}
	return false
}

// end ends a transaction that is committed, and reports whether it counts.
func (c *client) end() bool {
	counts := c.counts
	c.inside, c.counts, c.pending = false, false, false
	return counts
}

// cut takes a text that ends with a zero byte from the front.
func cut(body []byte) (string, []byte) {
	before, after, _ := bytes.Cut(body, []byte{0})
	return string(before), after
}

func text(body []byte) string {
	s, _ := cut(body)
	return s
}
