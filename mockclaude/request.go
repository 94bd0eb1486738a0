package mockclaude

import (
	"bytes"
	"encoding/base64"
	"encoding/hex"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"

	"hookdrill/contract"
)

// request is a delivery at the moment of sending: every byte is fixed.
type request struct {
	delivery Delivery
	method   string
	url      *url.URL
	fields   []headerField // all of them, in the order of sending
	body     []byte
	// expected is the right MAC of the body as sent; nil when the request
	// carries it.
	expected []byte
}

// headerField is a header field, and what a report shows in place of its value
// ("" shows the value, redacted like any text).
type headerField struct {
	Field
	shown string
	// macs are the signatures in the value that a report must not show.
	macs []macText
}

// prepare makes the request of a delivery: stamped and signed now.
func (s *Sender) prepare(d Delivery, now time.Time) (*request, error) {
	if err := checkShape(d); err != nil {
		return nil, err
	}
	if !s.has(d.To) {
		return nil, fmt.Errorf("prepare delivery: there is no target number %d", d.To)
	}
	p := &request{delivery: d, method: d.Method}
	if p.method == "" {
		p.method = s.cfg.Contract.Request.Method
	}
	if p.method == "" {
		p.method = http.MethodPost
	}
	body, err := s.body(d, now)
	if err != nil {
		return nil, err
	}
	signature, err := s.signature(d, body, now)
	if err != nil {
		return nil, err
	}
	if p.body, err = change(body, d.After); err != nil {
		return nil, err
	}
	right, full, err := s.right(d, p.body, now)
	if err != nil {
		return nil, err
	}
	p.url = s.url(d, strings.ReplaceAll(d.Query, signaturePlaceholder, full))

	own, err := s.own(d, now)
	if err != nil {
		return nil, err
	}
	if signature != nil {
		own = append(own, *signature)
	}
	p.fields = s.header(d, own, placeholders(full, now), len(p.body))
	if err := respell(p.fields, d); err != nil {
		return nil, err
	}
	if !p.carries(right) {
		p.expected = right
	}
	return p, nil
}

// checkShape refuses a delivery that says something no sender understands.
func checkShape(d Delivery) error {
	switch d.Shape.Kind {
	case ShapeOrdinary, ShapeRaw, ShapeChunked, ShapePieces, ShapeExpect, ShapeHTTP2, ShapeCut, ShapeAbandon:
	default:
		return fmt.Errorf("prepare delivery: unknown shape %q", d.Shape.Kind)
	}
	if d.Shape.CutAt < 0 || d.Shape.CutAt > 100 {
		return fmt.Errorf("prepare delivery: cut at %d %% is not 0 to 100", d.Shape.CutAt)
	}
	if d.Shape.Pieces < 0 || d.Shape.Pause < 0 || d.Shape.GiveUp < 0 {
		return errors.New("prepare delivery: pieces, pause and give up cannot be negative")
	}
	return nil
}

// body expands the body of a delivery, with its own signature inside if it asks
// for that.
func (s *Sender) body(d Delivery, now time.Time) ([]byte, error) {
	if !strings.Contains(d.Body, signaturePlaceholder) {
		return Expand(d.Body, now, d.Stamp)
	}
	nothing := ""
	bare, err := expand(d.Body, now, d.Stamp, &nothing)
	if err != nil {
		return nil, err
	}
	_, full, err := s.right(d, bare, now)
	if err != nil {
		return nil, err
	}
	return expand(d.Body, now, d.Stamp, &full)
}

// right makes the right MAC of a body, and the header's value with it, and makes it known
// to the redactor.
func (s *Sender) right(d Delivery, body []byte, now time.Time) (mac []byte, value string, err error) {
	stamp := stampAt(now, d.header())
	what, err := content(s.signer.signed, body, d.EventID, stamp)
	if err != nil {
		return nil, "", fmt.Errorf("sign: %w", err)
	}
	mac = s.signer.MAC(what)
	s.redactor.addSignature(mac, s.cfg.Keys.ID())
	value, err = line(s.signer.format, encode(s.cfg.Contract.Signature, mac), d.EventID, stamp)
	if err != nil {
		return nil, "", fmt.Errorf("sign: %w", err)
	}
	return mac, value, nil
}

// own makes the headers that the contract adds, but for the signature's.
func (s *Sender) own(d Delivery, now time.Time) ([]headerField, error) {
	var out []headerField
	for _, h := range s.cfg.Contract.Request.Headers {
		var b strings.Builder
		for _, p := range h.HeaderParts() {
			switch p.Name {
			case "":
				b.WriteString(p.Text)
			case contract.HoldID:
				b.WriteString(d.EventID)
			case contract.HoldType:
				b.WriteString(d.Type)
			case contract.HoldSubject:
				b.WriteString(d.TaskID)
			case contract.HoldDelivery:
				b.WriteString(newUUID())
			case contract.HoldEvent:
				b.Write(appendEventUUID(nil, []byte(d.EventID)))
			case contract.HoldTimestamp:
				text, err := formatHeader(now, d.header(), p.Arg)
				if err != nil {
					return nil, fmt.Errorf("prepare delivery: %s: %w", h.Name, err)
				}
				b.WriteString(text)
			}
		}
		out = append(out, headerField{Field: Field{h.Name, b.String()}})
	}
	return out, nil
}

// url is the target of a delivery with a query appended to its own.
func (s *Sender) url(d Delivery, query string) *url.URL {
	u := *s.target(d)
	switch {
	case query == "":
	case u.RawQuery == "":
		u.RawQuery = query
	default:
		u.RawQuery += "&" + query
	}
	return &u
}

// header assembles the header fields: what every request carries, less what the
// delivery drops, plus what it adds. A field that it adds takes the place of
// those of the same name.
func (s *Sender) header(d Delivery, own []headerField, fill *strings.Replacer, size int) []headerField {
	all := []headerField{
		{Field: Field{"Host", s.target(d).Host}},
		{Field: Field{"User-Agent", userAgent}},
		{Field: Field{"Accept", "*/*"}},
		{Field: Field{"Content-Type", s.cfg.Contract.Request.ContentType}},
	}
	if all[3].Value == "" {
		all[3].Value = "application/json"
	}
	all = append(all, own...)
	switch d.Shape.Kind {
	case ShapeChunked:
		all = append(all, headerField{Field: Field{"Transfer-Encoding", "chunked"}})
	case ShapeExpect:
		all = append(all, headerField{Field: Field{"Expect", "100-continue"}})
		fallthrough
	default:
		all = append(all, headerField{Field: Field{"Content-Length", strconv.Itoa(size)}})
	}
	for i, f := range s.cfg.Header {
		repeated := slices.ContainsFunc(s.cfg.Header[:i], func(g Field) bool { return strings.EqualFold(f.Name, g.Name) })
		all = put(all, headerField{Field: f, shown: "[secret header " + f.Name + "]"}, !repeated)
	}
	all = slices.DeleteFunc(all, func(f headerField) bool {
		return slices.ContainsFunc(d.Drop, func(name string) bool { return strings.EqualFold(name, f.Name) })
	})
	for i, f := range d.Header {
		f.Value = fill.Replace(f.Value)
		repeated := slices.ContainsFunc(d.Header[:i], func(g Field) bool { return strings.EqualFold(f.Name, g.Name) })
		all = put(all, headerField{Field: f}, !repeated)
	}
	return all
}

// placeholders fills in what may stand in a header value.
func placeholders(signature string, now time.Time) *strings.Replacer {
	return strings.NewReplacer(
		signaturePlaceholder, signature,
		"{{now}}", now.UTC().Format(http.TimeFormat),
		"{{now_rfc3339}}", now.UTC().Format(time.RFC3339),
		"{{now_unix}}", strconv.FormatInt(now.Unix(), 10),
	)
}

// put adds a field; with replace it takes the place of the fields of its name.
func put(all []headerField, f headerField, replace bool) []headerField {
	same := func(g headerField) bool { return strings.EqualFold(f.Name, g.Name) }
	at := slices.IndexFunc(all, same)
	if !replace || at < 0 {
		return append(all, f)
	}
	all[at] = f
	rest := slices.DeleteFunc(slices.Clone(all[at+1:]), same)
	return append(all[:at+1], rest...)
}

// respell writes the header names, and orders the fields, as a delivery asks.
func respell(fields []headerField, d Delivery) error {
	for i := range fields {
		name := &fields[i].Name
		switch d.HeaderCase {
		case "":
		case "lower":
			*name = strings.ToLower(*name)
		case "upper":
			*name = strings.ToUpper(*name)
		case "mixed":
			*name = mixed(*name)
		default:
			return fmt.Errorf("prepare delivery: unknown header case %q", d.HeaderCase)
		}
	}
	switch d.HeaderOrder {
	case "":
	case "reversed":
		slices.Reverse(fields)
	default:
		return fmt.Errorf("prepare delivery: unknown header order %q", d.HeaderOrder)
	}
	return nil
}

// mixed spells a name in alternating case: xX-ClAuDe.
func mixed(name string) string {
	b := []byte(strings.ToLower(name))
	for i := 1; i < len(b); i += 2 {
		b[i] = bytes.ToUpper(b[i : i+1])[0]
	}
	return string(b)
}

// change applies the changes of a delivery to its signed body.
func change(body []byte, changes []Change) ([]byte, error) {
	for _, c := range changes {
		switch c.Op {
		case "flip":
			if len(body) == 0 {
				return nil, errors.New("change body: nothing to flip in an empty body")
			}
			body = bytes.Clone(body)
			at := ((c.At % len(body)) + len(body)) % len(body)
			body[at] ^= 1
		case "append":
			text, err := Expand(c.Text, time.Time{}, Stamp{})
			if err != nil {
				return nil, fmt.Errorf("change body: %w", err)
			}
			body = append(bytes.Clone(body), text...)
		case "replace":
			if c.Old == "" || !bytes.Contains(body, []byte(c.Old)) {
				return nil, fmt.Errorf("change body: %q is not in it", clip(c.Old))
			}
			body = bytes.Replace(body, []byte(c.Old), []byte(c.Text), 1)
		default:
			return nil, fmt.Errorf("change body: unknown operation %q", c.Op)
		}
	}
	return body, nil
}

// carries is true when a MAC is in the request itself.
func (p *request) carries(mac []byte) bool {
	digits := hex.EncodeToString(mac)
	in64 := base64.RawStdEncoding.EncodeToString(mac)
	holds := func(text string) bool {
		return strings.Contains(strings.ToLower(text), digits) || strings.Contains(text, in64)
	}
	if holds(p.url.RawQuery) {
		return true
	}
	for _, f := range p.fields {
		if holds(f.Value) {
			return true
		}
	}
	return strings.Contains(p.delivery.Body, signaturePlaceholder) && holdsMAC(p.body, mac)
}

// head is the request line and header as they are written by hand.
func (p *request) head() []byte {
	var b bytes.Buffer
	b.WriteString(p.method + " " + p.url.RequestURI() + " HTTP/1.1\r\n")
	for _, f := range p.fields {
		b.WriteString(f.Name + ": " + f.Value + "\r\n")
	}
	b.WriteString("\r\n")
	return b.Bytes()
}

// byHand is true when net/http would not send these bytes as they are.
func (p *request) byHand() bool {
	d := p.delivery
	switch d.Shape.Kind {
	case ShapeHTTP2:
		return false // there is no other way
	case ShapeOrdinary:
	default:
		return true
	}
	if d.HeaderCase != "" || d.HeaderOrder != "" || !plainToken(p.method) || !plainTarget(p.url.RequestURI()) {
		return true
	}
	hosts, lengths := 0, 0
	for _, f := range p.fields {
		if !plainToken(f.Name) || !plainValue(f.Value) {
			return true
		}
		switch strings.ToLower(f.Name) {
		case "host":
			hosts++
		case "content-length":
			lengths++
			if f.Value != strconv.Itoa(len(p.body)) {
				return true
			}
		case "transfer-encoding", "connection", "trailer", "expect", "upgrade":
			return true
		}
	}
	return hosts != 1 || lengths != 1 || p.method == http.MethodConnect
}

// plainToken is true for a name that HTTP allows.
func plainToken(s string) bool {
	for i := range len(s) {
		c := s[i]
		if !strings.ContainsRune("!#$%&'*+-.^_`|~", rune(c)) &&
			(c < '0' || c > '9') && (c < 'A' || c > 'Z') && (c < 'a' || c > 'z') {
			return false
		}
	}
	return s != ""
}

// plainValue is true for a header value that arrives as it is.
func plainValue(s string) bool {
	for i := range len(s) {
		if c := s[i]; c < ' ' && c != '\t' || c == 0x7f {
			return false
		}
	}
	return s == strings.Trim(s, " \t")
}

// plainTarget is true for a request target without spaces and controls.
func plainTarget(s string) bool {
	for i := range len(s) {
		if s[i] <= ' ' || s[i] >= 0x7f {
			return false
		}
	}
	return true
}
