package conformance

import (
	"bufio"
	"encoding/json"
	"fmt"
	"io"

	"hookdrill/internal/plan"
	"hookdrill/internal/record"
	"hookdrill/mockclaude"
)

// wire writes wire.jsonl, an exchange a line.
type wire struct {
	buf *bufio.Writer
	enc *json.Encoder
	err error
}

func newWire(w io.Writer) *wire {
	if w == nil {
		w = io.Discard
	}
	buf := bufio.NewWriter(w)
	enc := json.NewEncoder(buf)
	enc.SetEscapeHTML(false)
	return &wire{buf: buf, enc: enc}
}

// attempt writes one attempt. The first error is kept for close.
func (w *wire) attempt(c *plan.Case, d plan.Delivery, a record.Attempt) {
	line := struct {
		Case  string `json:"case"`
		Role  string `json:"role"`
		Again bool   `json:"again,omitempty"`
		mockclaude.Exchange
	}{c.ID, d.Role, a.Again, a.Exchange}
	if err := w.enc.Encode(line); err != nil && w.err == nil {
		w.err = fmt.Errorf("write wire.jsonl: %w", err)
	}
}

func (w *wire) close() error {
	if err := w.buf.Flush(); err != nil && w.err == nil {
		w.err = fmt.Errorf("write wire.jsonl: %w", err)
	}
	return w.err
}
