package vectors

import (
	"fmt"
	"maps"
	"math/rand/v2"
	"slices"
	"strconv"
	"strings"
	"time"

	"hookdrill/contract"
	"hookdrill/mockclaude"
)

// now is when the requests arrive, where a vector does not ask for another moment:
// 2026-01-01T00:00:00Z.
const now = 1767225600

// scheme is a way of signing that one contract or several have.
type scheme struct {
	name      string // of the file
	contracts []string
	key       string
}

// schemes lists them. Every built-in contract belongs to one.
func schemes() []scheme {
	return []scheme{
		{"claude", []string{"claude"}, "whsec_aG9va2RyaWxsIHB1YmxpYyB0ZXN0IGtleSAwMSE="},
		{"github", []string{"github"}, "hookdrill public test key 02"},
		{"sentry", []string{"sentry"}, "686f6f6b6472696c6c207075626c69632074657374206b657920303320212121"},
		{"shopify", []string{"shopify"}, "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"},
		{"slack", []string{"slack"}, "686f6f6b6472696c6c207075626c6963"},
		{
			"standard-webhooks",
			[]string{"claude-managed-agents", "openai", "standard-webhooks"},
			"whsec_aG9va2RyaWxsIHB1YmxpYyB0ZXN0IGtleSAwNCE=",
		},
		{"stripe", []string{"stripe"}, "whsec_aG9va2RyaWxsIHB1YmxpYyB0ZXN0IGtleSAwNSE="},
		{"svix", []string{"svix"}, "whsec_aG9va2RyaWxsIHB1YmxpYyB0ZXN0IGtleSAwNiE="},
	}
}

// maker makes the vectors of a scheme, in their order.
type maker struct {
	scheme
	c     *contract.Contract
	event mockclaude.Event
	all   []Vector
	err   error
}

func (s scheme) file() (File, error) {
	c, err := contract.Load(s.contracts[len(s.contracts)-1])
	if err != nil {
		return File{}, fmt.Errorf("make vectors: %w", err)
	}
	m := &maker{scheme: s, c: c}
	m.event, err = mockclaude.NewEvent(c, c.Types[0].Name, rand.New(rand.NewPCG(1, 1))) //nolint:gosec // the same bytes every time
	if err != nil {
		return File{}, fmt.Errorf("make vectors: %w", err)
	}
	m.bodies()
	m.keys()
	m.forgeries()
	m.spellings()
	m.labels()
	m.lists()
	m.headers()
	m.times()
	m.published()
	if m.err != nil {
		return File{}, fmt.Errorf("make vectors of %s: %w", s.name, m.err)
	}
	used := map[string]string{}
	for i := range m.all {
		m.all[i].ID = i + 1
		for _, name := range m.all[i].Flags {
			note, ok := flags()[name]
			if !ok {
				return File{}, fmt.Errorf("make vectors of %s: the flag %s has no note", s.name, name)
			}
			used[name] = note
		}
	}
	return File{
		Schema: "./schema.json", Warning: warning, Scheme: s.name, Contracts: s.contracts, Source: c.Source,
		How: m.how(), Flags: maps.Clone(used), Tests: slices.Clone(m.all),
	}, nil
}

func (m *maker) how() How {
	stamp, _ := m.c.TimestampHeader()
	if !m.c.SignsTimestamp() {
		stamp = ""
	}
	id := ""
	if m.c.SignsID() {
		id = m.c.ID.Header
	}
	h := How{
		Header: m.c.Signature.Header, Algorithm: m.c.Signature.Algorithm, Encoding: m.c.Signature.Encoding,
		Signed: text(m.c.SignedParts()), Format: text(m.c.FormatParts()), Several: m.c.Signature.Several,
		IDHeader: id, TimestampHeader: stamp,
		KeyDerivation: m.c.Key.Derivation, KeyPrefix: m.c.Key.Prefix, Freshness: m.c.Freshness.Source,
	}
	if m.c.HasFreshness() {
		h.Tolerance = int(time.Duration(m.c.Freshness.Tolerance).Seconds())
		h.Direction = contract.FreshBoth
		if m.c.Freshness.Direction != "" {
			h.Direction = m.c.Freshness.Direction
		}
	}
	return h
}

// text is a template as it is written.
func text(parts []contract.Part) string {
	var b strings.Builder
	for _, p := range parts {
		if p.Name == "" {
			b.WriteString(p.Text)
			continue
		}
		b.WriteString("{" + p.Name + "}")
	}
	return b.String()
}

// request is a request before its signature is made, and what is done to it.
type request struct {
	key, id, stamp string
	now            int64
	body           []byte
	// sign makes the MAC's text; nil is the right way.
	sign func(content []byte) (string, error)
	// format is the header's value; "" is the contract's.
	format string
	// after changes the request once it is signed.
	after func(v *Vector, body []byte) []byte
	// unsaid leaves out what must have been signed.
	unsaid bool
}

// request is a right request with a short body.
func (m *maker) request() request {
	return m.requestOf([]byte(m.eventful(`"type":"test","data":{"n":1,"name":"Zoë"}`)))
}

func (m *maker) requestOf(body []byte) request {
	return request{key: m.key, id: m.event.ID, stamp: strconv.Itoa(now), now: now, body: body}
}

// body is the drawn event, stamped with a moment.
func (m *maker) body(at time.Time) []byte {
	body, err := mockclaude.Expand(m.event.Template(m.c), at, mockclaude.Stamp{})
	m.fail(err)
	return body
}

func (m *maker) fail(err error) {
	if m.err == nil && err != nil {
		m.err = err
	}
}

// add signs a request and adds it to the vectors.
func (m *maker) add(result, comment string, r request, flags ...string) {
	v := Vector{Comment: comment, Flags: flags, Key: r.key, Now: r.now, Result: result}
	if flags == nil {
		v.Flags = []string{}
	}
	sign := r.sign
	if sign == nil {
		sign = m.signer(r.key)
	}
	mac, err := sign(m.content(r.id, r.stamp, r.body))
	m.fail(err)
	format := r.format
	if format == "" {
		format = text(m.c.FormatParts())
	}
	how := m.how()
	if how.IDHeader != "" {
		v.Headers = append(v.Headers, [2]string{how.IDHeader, r.id})
	}
	if how.TimestampHeader != "" {
		v.Headers = append(v.Headers, [2]string{how.TimestampHeader, r.stamp})
	}
	value := strings.NewReplacer("{mac}", mac, "{timestamp}", r.stamp, "{id}", r.id).Replace(format)
	v.Headers = append(v.Headers, [2]string{how.Header, value})
	body := r.body
	if r.after != nil {
		body = r.after(&v, slices.Clone(body))
	}
	v.Body = base64Of(body)
	if !r.unsaid {
		content, ok := m.arrived(v, r.stamp, body)
		if ok {
			v.Signed = new(base64Of(content))
		}
		if ok && r.key != "" && r.key != m.c.Key.Prefix { // of an empty key nothing is right
			v.MAC, err = m.signer(r.key)(content)
			m.fail(err)
		}
	}
	m.all = append(m.all, v)
}

// arrived is what must have been signed of a request as it arrived; false where it says
// too little, or more than one thing.
func (m *maker) arrived(v Vector, stamp string, body []byte) ([]byte, bool) {
	how := m.how()
	one := func(name string) (string, bool) {
		value, n := "", 0
		for _, h := range v.Headers {
			if strings.EqualFold(h[0], name) {
				value, n = h[1], n+1
			}
		}
		return value, n == 1
	}
	id, ok := "", true
	if how.IDHeader != "" {
		id, ok = one(how.IDHeader)
	}
	if ok && how.TimestampHeader != "" {
		stamp, ok = one(how.TimestampHeader)
	}
	if ok && how.TimestampHeader == "" && m.c.SignsTimestamp() { // it stands beside the signature
		value, _ := one(how.Header)
		times := 0
		for part := range strings.SplitSeq(value, ",") {
			if strings.HasPrefix(part, "t=") {
				times++
			}
			ok = ok && (!strings.HasPrefix(part, "t=") || part == "t="+stamp)
		}
		ok = ok && times == 1
	}
	return m.content(id, stamp, body), ok
}

// content is what the scheme signs.
func (m *maker) content(id, stamp string, body []byte) []byte {
	var out []byte
	for _, p := range m.c.SignedParts() {
		switch p.Name {
		case contract.HoldBody:
			out = append(out, body...)
		case contract.HoldID:
			out = append(out, id...)
		case contract.HoldTimestamp:
			out = append(out, stamp...)
		default:
			out = append(out, p.Text...)
		}
	}
	return out
}

// signer makes right signatures with a key: mock Claude's own.
func (m *maker) signer(key string) func(content []byte) (string, error) {
	return func(content []byte) (string, error) {
		s, err := mockclaude.NewSigner(m.c, mockclaude.Keys{Current: []byte(key)})
		if err != nil {
			return "", err
		}
		return m.write(s.MAC(content)), nil
	}
}
