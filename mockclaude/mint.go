package mockclaude

import (
	"bytes"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"encoding/binary"
	"encoding/hex"
	"errors"
	"fmt"
	"hash"
	"math/rand/v2"
	"slices"
	"strconv"
	"strings"
	"time"

	"hookdrill/contract"
)

const (
	// mintVariants is how many bodies a mint knows of each type.
	mintVariants = 4
	stampLayout  = "2006-01-02T15:04:05Z"
)

// Mint makes signed events in quantity: unique ones, stamped and signed when they
// are made, without allocating. It is for one goroutine at a time.
type Mint struct {
	space    Space
	variants []minted
	base64   bool
	mac      hash.Hash // with the right key
	wrong    hash.Hash // with another
	signed   []piece
	headers  [][]piece
	fields   []Minted

	second  int64 // of rfc3339
	rfc3339 []byte
	unix    []byte
	body    []byte
	id      []byte // with its prefix
	names   bool   // a header names what an event is about
	thing   []byte // what is random in the id of what the event is about
	sum     []byte
	text    []byte // the signature
	// salt and serial make UUIDs that no other mint makes.
	salt, serial uint64
}

// Minted is a header of an event of a [Mint].
type Minted struct {
	Name  string
	Value []byte
}

// piece is a part of a template whose text is bytes.
type piece struct {
	contract.Part
	text []byte
}

func pieces(parts []contract.Part) []piece {
	out := make([]piece, len(parts))
	for i, p := range parts {
		out[i] = piece{p, []byte(p.Text)}
	}
	return out
}

// minted is a body, and where in it the parts are that change.
type minted struct {
	event   Event
	subject contract.Form
	// alike is true when what is random in both ids is the same.
	alike  bool
	text   []byte
	ids    []int // of what is random in the event's id
	things []int // of what is random in the id of what it is about
	stamps []stampSlot
}

// stampSlot is where a stamp of a format is.
type stampSlot struct {
	at     int
	format string
}

// NewMint returns a mint of events of all of the contract's types. What it makes
// of a number depends on the space and seed alone, but for the moment.
func NewMint(c *contract.Contract, keys Keys, space Space, seed uint64) (*Mint, error) {
	signer, err := NewSigner(c, keys)
	if err != nil {
		return nil, fmt.Errorf("make mint: %w", err)
	}
	m := &Mint{
		space: space, base64: c.Signature.Encoding == encodingBase64,
		mac: hmac.New(sha256.New, signer.current), wrong: hmac.New(sha256.New, []byte(wrongKey)), signed: pieces(signer.signed),
		salt: rand.Uint64(), //nolint:gosec // it must be unique, not secret
	}
	for _, h := range c.Request.Headers {
		parts := h.HeaderParts()
		m.headers = append(m.headers, pieces(parts))
		m.names = m.names || slices.ContainsFunc(parts, func(p contract.Part) bool { return p.Name == contract.HoldSubject })
		m.fields = append(m.fields, Minted{Name: h.Name})
	}
	m.headers = append(m.headers, pieces(signer.format))
	m.fields = append(m.fields, Minted{Name: c.Signature.Header})
	rng := rand.New(rand.NewPCG(seed, seed)) //nolint:gosec // repeatable on purpose
	for range mintVariants {
		for _, t := range c.Types {
			e, err := NewEvent(c, t.Name, rng)
			if err != nil {
				return nil, fmt.Errorf("make mint: %w", err)
			}
			m.variants = append(m.variants, m.newMinted(c, e, t.SubjectForm()))
		}
	}
	if len(m.variants) == 0 {
		return nil, errors.New("make mint: the contract has no types")
	}
	return m, nil
}

func (m *Mint) newMinted(c *contract.Contract, e Event, subject contract.Form) minted {
	// Ids of the space's own: what is drawn might occur elsewhere by chance.
	e.ID = m.space.ID(0)
	v := minted{subject: subject, alike: subject.Kind == m.space.form.Kind && subject.Size == m.space.form.Size}
	var text strings.Builder
	rest := e.Template(c)
	for {
		at := strings.Index(rest, "{{stamp")
		if at < 0 {
			break
		}
		inner, after, _ := strings.Cut(rest[at+2:], "}}")
		text.WriteString(rest[:at])
		slot := stampSlot{text.Len(), contract.StampRFC3339}
		width := stampLayout
		switch inner {
		case contract.FillStampUnix:
			slot.format, width = contract.StampUnix, "1700000000"
		case contract.FillStampUnixMS:
			slot.format, width = contract.StampUnixMS, "1700000000000"
		}
		v.stamps = append(v.stamps, slot)
		text.WriteString(width)
		rest = after
	}
	text.WriteString(rest)
	v.text = []byte(text.String())
	v.ids = places(v.text, strings.TrimPrefix(e.ID, m.space.form.Prefix))
	v.things = places(v.text, strings.TrimPrefix(e.TaskID, subject.Prefix))
	v.event = e
	return v
}

// places is where a text has a part.
func places(text []byte, part string) []int {
	var all []int
	for from := 0; part != ""; {
		i := bytes.Index(text[from:], []byte(part))
		if i < 0 {
			break
		}
		all = append(all, from+i)
		from += i + len(part)
	}
	return all
}

// Type is the type of the event with a number.
func (m *Mint) Type(number uint64) string {
	return m.variants[number%uint64(len(m.variants))].event.Type
}

// Event is the event with a number, for a [Sender] or whatever else sends it again.
func (m *Mint) Event(number uint64) Event {
	v := m.variants[number%uint64(len(m.variants))]
	e := v.event
	e.ID = m.space.ID(number)
	e.SetSubject(v.subject.Prefix + string(m.space.random(nil, v.subject, number)))
	return e
}

// Make makes the event with a number, stamped with a moment: its body, and the headers that
// the contract adds, the signature's last. Both are good until the next call. With forged
// the signature is made with a wrong key.
func (m *Mint) Make(number uint64, at time.Time, forged bool) (body []byte, fields []Minted) {
	v := &m.variants[number%uint64(len(m.variants))]
	m.body = append(m.body[:0], v.text...)
	m.id = m.space.random(append(m.id[:0], m.space.form.Prefix...), m.space.form, number)
	for _, i := range v.ids {
		copy(m.body[i:], m.id[len(m.space.form.Prefix):])
	}
	if len(v.things) > 0 || m.names {
		if v.alike { // as it is with the default contract
			m.thing = append(m.thing[:0], m.id[len(m.space.form.Prefix):]...)
		} else {
			m.thing = m.space.random(m.thing[:0], v.subject, number)
		}
		for _, i := range v.things {
			copy(m.body[i:], m.thing)
		}
	}
	for _, s := range v.stamps {
		copy(m.body[s.at:], m.stamp(at, s.format))
	}
	mac := m.mac
	if forged {
		mac = m.wrong
	}
	mac.Reset()
	for i := range m.signed { // a hash never fails
		switch p := &m.signed[i]; p.Name {
		case contract.HoldBody:
			_, _ = mac.Write(m.body)
		case contract.HoldID:
			_, _ = mac.Write(m.id)
		case contract.HoldTimestamp:
			_, _ = mac.Write(m.stamp(at, p.Arg))
		default:
			_, _ = mac.Write(p.text)
		}
	}
	m.sum = mac.Sum(m.sum[:0])
	if m.base64 {
		m.text = base64.StdEncoding.AppendEncode(m.text[:0], m.sum)
	} else {
		m.text = hex.AppendEncode(m.text[:0], m.sum)
	}
	for i := range m.fields {
		m.fields[i].Value = m.value(m.fields[i].Value[:0], m.headers[i], v, at)
	}
	return m.body, m.fields
}

// value appends the value of a header.
func (m *Mint) value(dst []byte, parts []piece, v *minted, at time.Time) []byte {
	for i := range parts {
		switch p := &parts[i]; p.Name {
		case contract.HoldMAC:
			dst = append(dst, m.text...)
		case contract.HoldID:
			dst = append(dst, m.id...)
		case contract.HoldTimestamp:
			dst = append(dst, m.stamp(at, p.Arg)...)
		case contract.HoldType:
			dst = append(dst, v.event.Type...)
		case contract.HoldSubject:
			dst = append(append(dst, v.subject.Prefix...), m.thing...)
		case contract.HoldEvent:
			dst = appendEventUUID(dst, m.id)
		case contract.HoldDelivery:
			m.serial++
			dst = m.uuid(dst)
		default:
			dst = append(dst, p.text...)
		}
	}
	return dst
}

// uuid appends a UUID that the mint has not made before.
func (m *Mint) uuid(dst []byte) []byte {
	var raw [16]byte
	binary.BigEndian.PutUint64(raw[:], m.salt)
	binary.BigEndian.PutUint64(raw[8:], m.serial)
	return appendUUID(dst, raw)
}

// stamp is a moment in a format of the contract's.
func (m *Mint) stamp(at time.Time, format string) []byte {
	switch format {
	case contract.StampUnix:
		m.unix = strconv.AppendInt(m.unix[:0], at.Unix(), 10)
		return m.unix
	case contract.StampUnixMS:
		m.unix = strconv.AppendInt(m.unix[:0], at.UnixMilli(), 10)
		return m.unix
	}
	if s := at.Unix(); s != m.second || m.rfc3339 == nil {
		m.second, m.rfc3339 = s, at.UTC().AppendFormat(m.rfc3339[:0], stampLayout)
	}
	return m.rfc3339
}
