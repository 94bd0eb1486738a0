package mockclaude

import (
	"context"
	"errors"
	"fmt"
	"io"
	"slices"
	"strconv"
	"time"
)

const (
	// waitContinue is how long a request with Expect: 100-continue waits before
	// it sends its body unasked.
	waitContinue = time.Second
	// defaultPieces is the number of writes for [ShapePieces] when the plan does
	// not say.
	defaultPieces = 16
	// chunks is into how many chunks a body is divided.
	chunks = 3
)

// signals are what the reader of an answer tells the writer of its request.
type signals struct {
	goAhead chan struct{} // closed by a 100
	final   chan struct{} // closed by a final answer
}

// writer writes a request. It returns errBodyHeld when it held back the body on
// purpose.
type writer func(ctx context.Context, w io.Writer, sig signals) error

// errBodyHeld is no failure: the final answer came before the body was due.
var errBodyHeld = errors.New("answered before the body was due")

// writerFor returns what writes a request in its shape.
func writerFor(p *request) writer {
	head, body, shape := p.head(), p.body, p.delivery.Shape
	switch shape.Kind {
	case ShapeChunked:
		return func(_ context.Context, w io.Writer, _ signals) error { return writeChunked(w, head, body) }
	case ShapePieces:
		return func(ctx context.Context, w io.Writer, _ signals) error {
			return writePieces(ctx, w, head, body, shape.Pieces, shape.Pause)
		}
	case ShapeExpect:
		return func(ctx context.Context, w io.Writer, sig signals) error {
			return writeExpect(ctx, w, head, body, sig)
		}
	case ShapeCut:
		return func(_ context.Context, w io.Writer, _ signals) error {
			return writeAll(w, head, body[:len(body)*shape.CutAt/100])
		}
	default:
		return func(_ context.Context, w io.Writer, _ signals) error { return writeAll(w, head, body) }
	}
}

// writeAll writes a small request at once, so that its head and body travel
// together as they do from any client, and a large one in two writes.
func writeAll(w io.Writer, head, body []byte) error {
	const together = 64 << 10
	if len(body) <= together {
		head, body = append(slices.Clip(head), body...), nil
	}
	if _, err := w.Write(head); err != nil {
		return fmt.Errorf("write request: %w", err)
	}
	if len(body) == 0 {
		return nil
	}
	if _, err := w.Write(body); err != nil {
		return fmt.Errorf("write body: %w", err)
	}
	return nil
}

func writeChunked(w io.Writer, head, body []byte) error {
	if err := writeAll(w, head, nil); err != nil {
		return err
	}
	size := max(1, (len(body)+chunks-1)/chunks)
	for len(body) > 0 {
		n := min(size, len(body))
		chunk := strconv.AppendInt(nil, int64(n), 16)
		chunk = append(chunk, "\r\n"...)
		chunk = append(chunk, body[:n]...)
		if err := writeAll(w, append(chunk, "\r\n"...), nil); err != nil {
			return err
		}
		body = body[n:]
	}
	return writeAll(w, []byte("0\r\n\r\n"), nil)
}

func writePieces(ctx context.Context, w io.Writer, head, body []byte, pieces int, pause time.Duration) error {
	if err := writeAll(w, head, nil); err != nil {
		return err
	}
	if pieces == 0 {
		pieces = defaultPieces
	}
	size := max(1, (len(body)+pieces-1)/pieces)
	for len(body) > 0 {
		if err := wait(ctx, pause); err != nil {
			return err
		}
		n := min(size, len(body))
		if err := writeAll(w, body[:n], nil); err != nil {
			return err
		}
		body = body[n:]
	}
	return nil
}

func writeExpect(ctx context.Context, w io.Writer, head, body []byte, sig signals) error {
	if err := writeAll(w, head, nil); err != nil {
		return err
	}
	timer := time.NewTimer(waitContinue)
	defer timer.Stop()
	select {
	case <-sig.goAhead:
	case <-sig.final:
		return errBodyHeld
	case <-timer.C:
	case <-ctx.Done():
		return context.Cause(ctx)
	}
	return writeAll(w, body, nil)
}

// wait waits for a time, or for the end of ctx, which alone is an error.
func wait(ctx context.Context, d time.Duration) error {
	if d <= 0 {
		return ctx.Err()
	}
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
		return nil
	case <-ctx.Done():
		return context.Cause(ctx)
	}
}
