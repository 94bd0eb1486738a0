package mockclaude

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"io"
	"net/http"
	"time"
)

// answer is what came of a request, before it becomes a record.
type answer struct {
	// start is by the real clock, at by the sender's.
	start, at time.Time
	took      time.Duration
	wrote     []byte // the beginning of the request as it went out, if known
	sent      bool
	began     bool   // at least one byte of an answer came
	head      []byte // of the answer, as it came in; perhaps a part
	response  *http.Response
	body      []byte
	complete  bool
	err       error // with its kind: see fault
	note      string
}

// readAnswer reads the answer to a request from c.br: every interim answer,
// which is told to interim, and then the final one. It fills in a.
func (s *Sender) readAnswer(ctx context.Context, c *conn, method string, a *answer, interim func(status int)) {
	budget := s.cfg.MaxHeader
	for {
		head, err := readHead(c.br, budget)
		a.began = a.began || len(head) > 0
		if err != nil {
			a.head = head
			a.err = answerFault(ctx, err, a.began)
			return
		}
		budget -= int64(len(head))
		response, err := http.ReadResponse(c.br, &http.Request{Method: method}) //nolint:bodyclose // the caller reads it to its bound and closes the connection
		if err != nil {
			a.head = head
			a.err = protocolFault("read the answer: %w", err)
			return
		}
		if response.StatusCode < 100 {
			a.head = head
			a.err = protocolFault("read the answer: status %d", response.StatusCode)
			return
		}
		interim(response.StatusCode)
		if response.StatusCode < 200 && response.StatusCode != http.StatusSwitchingProtocols {
			continue
		}
		a.head, a.response = head, response
		s.readBody(ctx, a)
		return
	}
}

// readHead waits until a whole header is buffered and returns a copy of it,
// without taking it out. With an error it returns what there is.
func readHead(br *bufio.Reader, budget int64) ([]byte, error) {
	const proto = "HTTP/"
	for want := 1; ; {
		_, err := br.Peek(want)
		have, _ := br.Peek(br.Buffered())
		if size := headSize(have); size >= 0 {
			if int64(size) > budget {
				return bytes.Clone(have[:size]), largeFault("interim answers and header", budget)
			}
			return bytes.Clone(have[:size]), nil
		}
		begin := have[:min(len(have), len(proto))]
		switch {
		case !bytes.HasPrefix([]byte(proto), begin):
			return bytes.Clone(have), protocolFault("not HTTP: the answer begins with %q", clip(string(have)))
		case errors.Is(err, bufio.ErrBufferFull), int64(len(have)) >= budget:
			return bytes.Clone(have), largeFault("header", budget)
		case err != nil:
			return bytes.Clone(have), err
		}
		want = len(have) + 1
	}
}

// headSize is the length of the header at the start of a text, the empty line
// included; -1 when it is not whole.
func headSize(b []byte) int {
	crlf, lf := bytes.Index(b, []byte("\n\r\n")), bytes.Index(b, []byte("\n\n"))
	switch {
	case crlf >= 0 && (lf < 0 || crlf < lf):
		return crlf + len("\n\r\n")
	case lf >= 0:
		return lf + len("\n\n")
	default:
		return -1
	}
}

// readBody reads the body of an answer up to the bound.
func (s *Sender) readBody(ctx context.Context, a *answer) {
	if a.response.StatusCode == http.StatusSwitchingProtocols {
		a.complete = true // what follows is another protocol
		return
	}
	body, err := io.ReadAll(io.LimitReader(a.response.Body, s.cfg.MaxAnswer+1))
	switch {
	case int64(len(body)) > s.cfg.MaxAnswer:
		body = body[:s.cfg.MaxAnswer]
		a.err = largeFault("body", s.cfg.MaxAnswer)
	case err != nil:
		a.err = answerFault(ctx, err, true)
	default:
		a.complete = true
	}
	a.body = body
}
