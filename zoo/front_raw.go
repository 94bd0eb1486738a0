package zoo

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"strconv"
	"strings"
	"sync"
	"time"
)

// Bounds of the hand-written server.
const (
	rawHead    = 64 << 10         // bytes of a request's head
	rawFirst   = 3 * time.Second  // for the first byte of a connection
	rawRequest = 10 * time.Second // for a whole request
	rawLinger  = time.Second      // for a body that nobody wants
)

// rawFront is an HTTP server written by hand over TCP, as embedded devices and
// old frameworks have them. Its zero value serves HTTP/1.1 correctly.
type rawFront struct {
	// workers bounds the connections served at a time; 0 is no bound.
	workers int
	// closes makes it HTTP/1.0: one request a connection.
	closes bool

	// Defects.
	exactNames bool // looks the signature header up as it is spelt
	unread     bool // leaves a body that the handler did not read in the stream
	miscount   int  // Content-Length of refusals is that much too small
}

// open is the front.
func (f rawFront) open(ctx context.Context, rc *receiver, _ string) (door, error) {
	ln, err := listen(ctx)
	if err != nil {
		return door{}, err
	}
	ctx, cancel := context.WithCancel(ctx)
	var running sync.WaitGroup
	running.Go(func() { f.accept(ctx, ln, routes(rc)) })
	return door{
		url: "http://" + ln.Addr().String(),
		close: func() error {
			cancel()
			err := ln.Close()
			running.Wait()
			return err
		},
	}, nil
}

// accept serves connections until the listener is closed.
func (f rawFront) accept(ctx context.Context, ln net.Listener, h http.Handler) {
	var running sync.WaitGroup
	defer running.Wait()
	slots := make(chan struct{}, max(f.workers, 1))
	for {
		if f.workers > 0 {
			select {
			case slots <- struct{}{}:
			case <-ctx.Done():
				return
			}
		}
		c, err := ln.Accept()
		if err != nil {
			return
		}
		running.Go(func() {
			f.serve(ctx, c, h)
			if f.workers > 0 {
				<-slots
			}
		})
	}
}

// serve answers the requests of one connection.
func (f rawFront) serve(ctx context.Context, c net.Conn, h http.Handler) {
	defer context.AfterFunc(ctx, func() { _ = c.Close() })()
	defer func() { _ = c.Close() }()
	br := bufio.NewReaderSize(c, rawHead)
	for first := true; ; first = false {
		wait := rawFirst
		if !first {
			wait = time.Minute
		}
		_ = c.SetDeadline(time.Now().Add(wait)) // fails only when closed: Peek tells
		if _, err := br.Peek(1); err != nil {
			return
		}
		_ = c.SetDeadline(time.Now().Add(rawRequest))
		if !f.exchange(ctx, c, br, h) {
			return
		}
	}
}

// exchange answers one request and says whether another may follow.
func (f rawFront) exchange(ctx context.Context, c net.Conn, br *bufio.Reader, h http.Handler) bool {
	head, err := peekHead(br)
	if err != nil {
		if errors.Is(err, bufio.ErrBufferFull) {
			_, _ = io.WriteString(c, "HTTP/1.1 431 Request Header Fields Too Large\r\nContent-Length: 0\r\nConnection: close\r\n\r\n")
			linger(c)
		}
		return false
	}
	req, err := http.ReadRequest(br)
	if err != nil {
		_, _ = io.WriteString(c, "HTTP/1.1 400 Bad Request\r\nContent-Length: 0\r\nConnection: close\r\n\r\n")
		linger(c)
		return false
	}
	if f.exactNames && !bytes.Contains(head, []byte("\r\n"+signatureHeader+":")) {
		req.Header.Del(signatureHeader)
	}
	body := &watchedBody{ReadCloser: req.Body}
	if strings.EqualFold(req.Header.Get("Expect"), "100-continue") {
		body.before = func() { _, _ = io.WriteString(c, "HTTP/1.1 100 Continue\r\n\r\n") }
	}
	req.Body = body
	w := &page{header: http.Header{}}
	h.ServeHTTP(w, req.WithContext(ctx))

	whole := f.unread || body.ended || req.ContentLength == 0
	more := !f.closes && !req.Close && whole
	f.write(c, w, req.Method, more)
	if !whole {
		linger(c)
	}
	return more
}

// peekHead returns a copy of a request's head, its blank line included, without
// taking it from the reader. net/http respells names in the reader's buffer.
func peekHead(br *bufio.Reader) ([]byte, error) {
	for n := 1; ; n = br.Buffered() + 1 {
		if _, err := br.Peek(n); err != nil {
			return nil, err
		}
		got, err := br.Peek(br.Buffered())
		if err != nil {
			return nil, err
		}
		if end := bytes.Index(got, []byte("\r\n\r\n")); end >= 0 {
			return bytes.Clone(got[:end+4]), nil
		}
	}
}

// write sends an answer.
func (f rawFront) write(c net.Conn, w *page, method string, more bool) {
	status := w.code()
	length := w.body.Len()
	if status >= http.StatusBadRequest {
		length = max(0, length-f.miscount)
	}
	proto, connection := "HTTP/1.1", "keep-alive"
	if f.closes {
		proto = "HTTP/1.0"
	}
	if !more {
		connection = "close"
	}
	var out bytes.Buffer
	fmt.Fprintf(&out, "%s %d %s\r\n", proto, status, http.StatusText(status))
	w.header.Set("Connection", connection)
	if status != http.StatusNoContent {
		w.header.Set("Content-Length", strconv.Itoa(length))
	}
	_ = w.header.Write(&out) // a bytes.Buffer takes everything
	out.WriteString("\r\n")
	if method != http.MethodHead {
		out.Write(w.body.Bytes())
	}
	_, _ = c.Write(out.Bytes()) // a sender that hung up is no concern of ours
}

// linger takes what the sender is still sending, for a while: closing earlier
// would destroy the answer on its way.
func linger(c net.Conn) {
	if tcp, ok := c.(*net.TCPConn); ok {
		_ = tcp.CloseWrite()
	}
	_ = c.SetReadDeadline(time.Now().Add(rawLinger))
	_, _ = io.Copy(io.Discard, c)
}

// watchedBody calls before ahead of the first read and notices the end.
type watchedBody struct {
	io.ReadCloser

	before func()
	ended  bool
}

// Read is io.Reader's.
func (b *watchedBody) Read(p []byte) (int, error) {
	if b.before != nil {
		b.before()
		b.before = nil
	}
	n, err := b.ReadCloser.Read(p)
	b.ended = b.ended || errors.Is(err, io.EOF)
	return n, err
}

// page is an http.ResponseWriter that keeps the answer until it is complete.
type page struct {
	header http.Header
	status int
	body   bytes.Buffer
}

// Header is http.ResponseWriter's.
func (p *page) Header() http.Header { return p.header }

// WriteHeader is http.ResponseWriter's.
func (p *page) WriteHeader(status int) {
	if p.status == 0 {
		p.status = status
	}
}

// Write is http.ResponseWriter's; an answer that has no body gets none.
func (p *page) Write(b []byte) (int, error) {
	if p.code() == http.StatusNoContent {
		return 0, http.ErrBodyNotAllowed
	}
	return p.body.Write(b)
}

func (p *page) code() int {
	if p.status == 0 {
		return http.StatusOK
	}
	return p.status
}
