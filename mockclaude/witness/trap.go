package witness

import (
	"bufio"
	"bytes"
	"errors"
	"io"
	stdlog "log"
	"net"
	"net/http"
	"strings"
	"time"
)

// trapLimit is how much of a connection at the trap is read.
const trapLimit = 16 << 10

// quiet drops what net/http would write about broken connections.
func quiet() *stdlog.Logger { return stdlog.New(io.Discard, "", 0) }

// catch takes connections at the trap until it is closed.
func (w *Witness) catch() {
	for {
		conn, err := w.trap.Accept()
		if errors.Is(err, net.ErrClosed) {
			return
		}
		if err != nil {
			continue
		}
		w.mu.Lock()
		w.open[conn] = true
		w.mu.Unlock()
		w.done.Go(func() {
			defer func() {
				_ = conn.Close()
				w.mu.Lock()
				delete(w.open, conn)
				w.mu.Unlock()
			}()
			w.trapped(conn)
		})
	}
}

// trapped keeps account of one connection at the trap, whatever comes over it,
// and answers what is HTTP with 404.
func (w *Witness) trapped(conn net.Conn) {
	began := w.cfg.Now()
	_ = conn.SetDeadline(time.Now().Add(readLimit / 2))
	in := bufio.NewReaderSize(conn, trapLimit)
	first, err := in.Peek(1)
	c := &Call{Began: began, Trapped: true, Key: KeyNone}
	switch {
	case err != nil:
		c.Target = "(a connection without a request)"
	case first[0] == 0x16: // the record type of a TLS handshake
		c.Target = "(a TLS handshake)"
	default:
		w.read(in, c)
	}
	w.add(c)
	if c.Method == "" {
		w.end(c, 0, false)
		return
	}
	w.end(c, http.StatusNotFound, false)
	_, _ = conn.Write([]byte("HTTP/1.1 404 Not Found\r\nContent-Type: application/json\r\nContent-Length: 2\r\nConnection: close\r\n\r\n{}"))
}

// read takes the head of a request, as far as it is one.
func (w *Witness) read(in *bufio.Reader, c *Call) {
	var head bytes.Buffer
	for head.Len() < trapLimit {
		line, err := in.ReadSlice('\n')
		head.Write(line)
		if err != nil || len(bytes.TrimRight(line, "\r\n")) == 0 {
			break
		}
	}
	lines := strings.Split(head.String(), "\n")
	method, rest, spaced := strings.Cut(strings.TrimRight(lines[0], "\r"), " ")
	if !spaced {
		c.Target = "(bytes that are no HTTP)"
		return
	}
	if at := strings.LastIndex(rest, " HTTP/"); at >= 0 {
		rest = rest[:at]
	}
	c.Method, c.Target = w.hide(method), w.hide(rest)
	fields := http.Header{}
	for _, line := range lines[1:] {
		if name, value, ok := strings.Cut(strings.TrimRight(line, "\r"), ":"); ok {
			fields.Add(strings.TrimSpace(name), strings.TrimSpace(value))
		}
	}
	c.Host, c.Agent = w.hide(fields.Get("Host")), w.hide(fields.Get("User-Agent"))
	c.Key, c.KeyID = w.key(fields)
	if c.Key != KeyRight && w.cfg.Key != "" && strings.Contains(head.String(), w.cfg.Key) {
		c.Key, c.KeyID = KeyRight, w.KeyID()
	}
}
