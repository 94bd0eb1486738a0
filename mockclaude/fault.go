package mockclaude

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"strings"
	"syscall"
)

// fault is an error with its kind.
type fault struct {
	kind ErrKind
	err  error
}

func (f *fault) Error() string { return f.err.Error() }
func (f *fault) Unwrap() error { return f.err }

// What ends an exchange from our side; they travel as the cause of a context.
var (
	errTimeUp    = errors.New("no complete answer in time")
	errAbandoned = errors.New("given up on purpose")
	errClosed    = errors.New("the sender was closed")
	errTooLarge  = errors.New("past the bound")

	errNeedsTLS      = errors.New("HTTP/2 needs an https target")
	errNotNegotiated = errors.New("the target did not choose HTTP/2 in the TLS handshake")
	errCut           = errors.New("closed in the middle of the body, on purpose")
	errUnread        = errors.New("closed before the answer was read, on purpose")
)

// stopped says how an exchange ended when it was us who ended it, nil
// otherwise. Every deadline on a connection comes from its context.
func stopped(ctx context.Context, detail string) error {
	if ctx.Err() == nil {
		return nil
	}
	cause := context.Cause(ctx)
	kind := ErrCanceled
	switch {
	case errors.Is(cause, errTimeUp):
		kind = ErrTimeout
	case errors.Is(cause, errAbandoned):
		kind = ErrAbandoned
	}
	return &fault{kind, fmt.Errorf("%s: %w", detail, cause)}
}

// dialFault gives an error of dialling its kind.
func dialFault(ctx context.Context, err error) error {
	if f := stopped(ctx, "connect"); f != nil {
		return f
	}
	var dns *net.DNSError
	kind := ErrDial
	switch {
	case errors.As(err, &dns):
		kind = ErrDNS
	case errors.Is(err, syscall.ECONNREFUSED):
		kind = ErrRefused
	case isBroken(err):
		kind = ErrClosed // accepted, and reset before connect returned
	case isTimeout(err):
		kind = ErrTimeout
	}
	return &fault{kind, err}
}

// tlsFault gives an error of a TLS handshake its kind.
func tlsFault(ctx context.Context, err error) error {
	if f := stopped(ctx, "TLS handshake"); f != nil {
		return f
	}
	return &fault{ErrTLS, fmt.Errorf("TLS handshake: %w", err)}
}

// answerFault gives an error of reading an answer its kind; begun is true when
// at least one byte of the answer came.
func answerFault(ctx context.Context, err error, begun bool) error {
	if _, ok := errors.AsType[*fault](err); ok {
		return err
	}
	if f := stopped(ctx, "read the answer"); f != nil {
		return f
	}
	var alert tls.AlertError
	kind := ErrProtocol
	switch {
	case strings.HasPrefix(err.Error(), "net/http: invalid "):
		kind = ErrHarness // net/http refused to send it
	case isTimeout(err):
		kind = ErrTimeout
	case errors.Is(err, net.ErrClosed):
		kind = ErrCanceled // by Sender.Close
	case errors.As(err, &alert), strings.Contains(err.Error(), "remote error: tls: "):
		kind = ErrTLS
	case isBroken(err) && begun:
		kind = ErrTruncated
	case isBroken(err):
		kind = ErrClosed
	}
	return &fault{kind, err}
}

// isBroken is true for the errors of a connection that the other side ended.
func isBroken(err error) bool {
	return errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF) ||
		errors.Is(err, syscall.ECONNRESET) || errors.Is(err, syscall.EPIPE) ||
		errors.Is(err, syscall.ECONNABORTED) || errors.Is(err, syscall.ETIMEDOUT)
}

func isTimeout(err error) bool {
	var timeout net.Error
	return errors.Is(err, os.ErrDeadlineExceeded) || errors.As(err, &timeout) && timeout.Timeout()
}

// protocolFault is about bytes that are not HTTP.
func protocolFault(format string, args ...any) error {
	return &fault{ErrProtocol, fmt.Errorf(format, args...)}
}

// largeFault is about an answer past its bound.
func largeFault(what string, bound int64) error {
	return &fault{ErrTooLarge, fmt.Errorf("%s larger than %d bytes: %w", what, bound, errTooLarge)}
}

// kindOf is the kind of an error, and its text.
func kindOf(err error) (ErrKind, string) {
	if err == nil {
		return "", ""
	}
	if f, ok := errors.AsType[*fault](err); ok {
		return f.kind, err.Error()
	}
	return ErrHarness, err.Error()
}
