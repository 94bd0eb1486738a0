package mockclaude

import (
	"bytes"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"errors"
	"fmt"
	"hash"
	"math/rand/v2"
	"strings"
	"time"

	"hookdrill/contract"
)

const (
	// spaceSize and numberSize are the characters of an id of a [Space] that name the
	// space and the event in it.
	spaceSize  = 14
	numberSize = 10
	// mintVariants is how many bodies a mint knows of each type.
	mintVariants = 4
	stampLayout  = "2006-01-02T15:04:05Z"
	base62Digits = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
)

// Space is a set of event ids that are numbered: whoever knows the space makes
// an id from its number, and needs to keep none. Two spaces that were drawn
// apart have no id in common.
type Space struct {
	prefix string
	name   [spaceSize]byte
}

// NewSpace draws a space of ids that look like the contract's.
func NewSpace(c *contract.Contract, rng *rand.Rand) Space {
	s := Space{prefix: c.Body.IDPrefix}
	copy(s.name[:], base62(rng, spaceSize))
	return s
}

// ID is the id of the event with a number.
func (s Space) ID(number uint64) string { return s.prefix + string(s.suffix(nil, number)) }

// suffix appends the part of an id behind its prefix.
func (s Space) suffix(dst []byte, number uint64) []byte {
	dst = append(dst, s.name[:]...)
	var digits [numberSize]byte
	for i := range digits {
		digits[numberSize-1-i] = base62Digits[number%62]
		number /= 62
	}
	return append(dst, digits[:]...)
}

// Mint makes signed events in quantity: unique ones, stamped and signed when they
// are made, without allocating. It is for one goroutine at a time.
type Mint struct {
	space    Space
	variants []minted
	base64   bool
	mac      hash.Hash // with the right key
	wrong    hash.Hash // with another

	second int64
	stamp  []byte
	body   []byte
	suffix []byte
	sum    []byte
	value  []byte
}

// minted is a body, and where in it the parts are that change.
type minted struct {
	event Event
	text  []byte
	parts []int // of the suffix of an id
	stamp int
}

// wrongKey signs forgeries.
const wrongKey = "whsec_forged by somebody who does not know the key"

// NewMint returns a mint of events of all of the contract's types. What it makes
// of a number depends on the space and seed alone, but for the moment.
func NewMint(c *contract.Contract, keys Keys, space Space, seed uint64) (*Mint, error) {
	if err := checkContract(c); err != nil {
		return nil, fmt.Errorf("make mint: %w", err)
	}
	if len(keys.Current) == 0 {
		return nil, errors.New("make mint: keys.current: empty")
	}
	m := &Mint{space: space, base64: c.Signature.Encoding == encodingBase64, mac: hmac.New(sha256.New, keys.Current), wrong: hmac.New(sha256.New, []byte(wrongKey))}
	rng := rand.New(rand.NewPCG(seed, seed)) //nolint:gosec // repeatable on purpose
	for range mintVariants {
		for _, t := range c.Types {
			e, err := NewEvent(c, t.Name, rng)
			if err != nil {
				return nil, fmt.Errorf("make mint: %w", err)
			}
			m.variants = append(m.variants, newMinted(c, e))
		}
	}
	if len(m.variants) == 0 {
		return nil, errors.New("make mint: the contract has no types")
	}
	return m, nil
}

func newMinted(c *contract.Contract, e Event) minted {
	template := []byte(e.Template(c))
	const placeholder = "{{stamp}}"
	v := minted{event: e, stamp: bytes.Index(template, []byte(placeholder))}
	v.text = bytes.Replace(template, []byte(placeholder), []byte(stampLayout), 1)
	for _, id := range []string{e.ID, e.TaskID} {
		suffix := []byte(id[len(id)-spaceSize-numberSize:])
		for from := 0; ; {
			i := bytes.Index(v.text[from:], suffix)
			if i < 0 {
				break
			}
			v.parts = append(v.parts, from+i)
			from += i + len(suffix)
		}
	}
	return v
}

// Type is the type of the event with a number.
func (m *Mint) Type(number uint64) string {
	return m.variants[number%uint64(len(m.variants))].event.Type
}

// Event is the event with a number, for a [Sender] or whatever else sends it again.
func (m *Mint) Event(number uint64) Event {
	e := m.variants[number%uint64(len(m.variants))].event
	old := e.TaskID[len(e.TaskID)-spaceSize-numberSize:]
	suffix := string(m.space.suffix(nil, number))
	e.ID = m.space.prefix + suffix
	e.TaskID = strings.TrimSuffix(e.TaskID, old) + suffix
	e.Data = bytes.ReplaceAll(e.Data, []byte(old), []byte(suffix))
	return e
}

// Make makes the event with a number, stamped with a moment: its body, and the
// value of the signature header. Both are good until the next call. With forged
// the signature is made with a wrong key.
func (m *Mint) Make(number uint64, at time.Time, forged bool) (body, signature []byte) {
	v := m.variants[number%uint64(len(m.variants))]
	m.body = append(m.body[:0], v.text...)
	m.suffix = m.space.suffix(m.suffix[:0], number)
	for _, i := range v.parts {
		copy(m.body[i:], m.suffix)
	}
	if s := at.Unix(); s != m.second || m.stamp == nil {
		m.second, m.stamp = s, at.UTC().AppendFormat(m.stamp[:0], stampLayout)
	}
	copy(m.body[v.stamp:], m.stamp)
	mac := m.mac
	if forged {
		mac = m.wrong
	}
	mac.Reset()
	_, _ = mac.Write(m.body) // a hash never fails
	m.sum = mac.Sum(m.sum[:0])
	if m.base64 {
		m.value = base64.StdEncoding.AppendEncode(m.value[:0], m.sum)
	} else {
		m.value = hex.AppendEncode(m.value[:0], m.sum)
	}
	return m.body, m.value
}
