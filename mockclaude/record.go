package mockclaude

import (
	"bytes"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"unicode/utf8"
)

const (
	// keepText bounds the request and the response of a record, in bytes.
	keepText = 4 << 10
	// keepRaw is how much of a text is looked at to get there.
	keepRaw = 32 << 10
	// keepValue bounds a header value of a record, and an error.
	keepValue = 1 << 10
	// leastEcho is the length from which a part of a signature is taken out of
	// an answer that repeats it.
	leastEcho = 8
)

// record makes the evidence of an exchange. c is nil when there was no
// connection.
func (s *Sender) record(c *conn, p *request, a answer) Exchange {
	e := Exchange{
		EventID: p.delivery.EventID, Start: a.at, Duration: a.took, Sent: a.sent,
		Complete: a.complete, ResponseBytes: int64(len(a.body)), Request: s.showRequest(p, a),
	}
	if len(s.targets) > 1 {
		e.Target = ShowURL(s.target(p.delivery).String())
	}
	if c != nil {
		e.Conn, e.Reused = c.id, c.uses > 1
	}
	kind, text := kindOf(a.err)
	e.Err, e.ErrText = kind, s.short(text)
	if a.note != "" {
		e.ErrText = strings.TrimSuffix(a.note+"; "+e.ErrText, "; ")
	}
	head := a.head
	if r := a.response; r != nil {
		e.Status, e.Proto, e.Closes = r.StatusCode, r.Proto, r.Close
		e.Location, e.Date = s.short(r.Header.Get("Location")), s.short(r.Header.Get("Date"))
		e.Server, e.Allow = s.short(r.Header.Get("Server")), s.short(strings.Join(r.Header.Values("Allow"), ", "))
		e.RetryAfter = s.short(r.Header.Get("Retry-After"))
		if len(head) == 0 {
			head = headOf(r)
		}
	}
	if len(head)+len(a.body) > 0 {
		full := slices.Concat(head, a.body)
		if a.response != nil {
			full = append(full, inflated(a.response.Header, a.body)...)
		}
		e.Leaks = s.leaks.find(full, p.expected)
		e.Response = s.show(p.hideEcho(withoutCR(head)), p.hideEcho(a.body))
	}
	return e
}

// headOf writes the header of an answer that did not come as text.
func headOf(r *http.Response) []byte {
	var b bytes.Buffer
	fmt.Fprintf(&b, "%s %s\r\n", r.Proto, r.Status)
	r.Header.Write(&b) //nolint:errcheck // a buffer does not fail
	b.WriteString("\r\n")
	return b.Bytes()
}

// showRequest is the text of a request for a report: its head as it went out,
// with the secrets in it described, and its body.
func (s *Sender) showRequest(p *request, a answer) string {
	head := a.wrote
	if len(head) == 0 {
		head = p.head()
	}
	if p.delivery.Shape.Kind == ShapeHTTP2 {
		head = bytes.Replace(p.head(), []byte(" HTTP/1.1\r\n"), []byte(" HTTP/2.0\r\n"), 1)
	}
	own := s.target(p.delivery).RequestURI()
	if shown := ShowURL(own); shown != own {
		head = bytes.Replace(head, []byte(own), []byte(shown), 1)
	}
	return s.show(p.describe(head), p.body)
}

// describe replaces, in the head of a request, the values that a report must
// not show, and ends lines with a newline alone.
func (p *request) describe(head []byte) []byte {
	var out []byte
	for i, line := range bytes.Split(withoutCR(head), []byte("\n")) {
		if i > 0 {
			out = append(out, '\n')
		}
		name, value, ok := bytes.Cut(line, []byte(":"))
		if ok && i > 0 {
			if shown := p.shownFor(string(name), strings.TrimSpace(string(value))); shown != "" {
				line = append(append(bytes.Clone(name), ": "...), shown...)
			}
		}
		out = append(out, line...)
	}
	return out
}

func (p *request) shownFor(name, value string) string {
	for _, f := range p.fields {
		if f.shown != "" && strings.EqualFold(f.Name, name) && strings.TrimSpace(f.Value) == value {
			return f.shown
		}
	}
	return ""
}

// hideEcho replaces, in an answer, the signature that was sent where it is not
// a whole one, so that the redactor would not find it.
func (p *request) hideEcho(text []byte) []byte {
	for _, f := range p.fields {
		for _, m := range f.macs {
			if len(m.text) >= leastEcho {
				text = bytes.ReplaceAll(text, []byte(m.text), []byte(m.label))
			}
		}
	}
	return text
}

// show makes the text of a record: redacted, cut, and valid UTF-8.
func (s *Sender) show(head, body []byte) string {
	raw := append(bytes.Clone(head), body[:min(len(body), keepRaw)]...)
	total := len(head) + len(body)
	raw = raw[:min(len(raw), keepRaw)]
	text, done := s.redactor.redact(raw, len(raw) < total, keepText)
	more := max(0, total-done)
	if len(text) > keepText {
		end := keepText
		for end > keepText-utf8.UTFMax && !utf8.RuneStart(text[end]) {
			end--
		}
		more += len(text) - end
		text = text[:end]
	}
	if more > 0 {
		return visible(text) + fmt.Sprintf("… [%d bytes more]", more)
	}
	return visible(text)
}

// short redacts and cuts a value of a record.
func (s *Sender) short(text string) string {
	redacted := s.redactor.Text(text)
	if len(redacted) > keepValue {
		redacted = redacted[:keepValue] + "…"
	}
	return visible([]byte(redacted))
}

// visible renders what is not UTF-8 as \xNN.
func visible(b []byte) string {
	if utf8.Valid(b) {
		return string(b)
	}
	var out strings.Builder
	for len(b) > 0 {
		r, size := utf8.DecodeRune(b)
		if r == utf8.RuneError && size == 1 {
			fmt.Fprintf(&out, `\x%02X`, b[0])
		} else {
			out.Write(b[:size])
		}
		b = b[size:]
	}
	return out.String()
}

func withoutCR(b []byte) []byte { return bytes.ReplaceAll(b, []byte("\r\n"), []byte("\n")) }
