package mockclaude

import (
	"math/rand/v2"

	"hookdrill/contract"
)

const (
	// spaceSize and numberSize are the characters of an ordinary id of a [Space] that name
	// the space and the event in it.
	spaceSize  = 14
	numberSize = 10
	// longest is how many characters of an id are random at most.
	longest      = 64
	base62Digits = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
)

// Space is a set of event ids that are numbered: whoever knows the space makes
// an id from its number, and needs to keep none. Two spaces that were drawn
// apart have no id in common.
type Space struct {
	form contract.Form
	name string
}

// NewSpace draws a space of ids that look like the contract's.
func NewSpace(c *contract.Contract, rng *rand.Rand) Space {
	s := Space{form: c.IDForm()}
	s.name = base62(rng, max(spaceSize, s.form.Size-numberSize))
	return s
}

// ID is the id of the event with a number.
func (s Space) ID(number uint64) string {
	return s.form.Prefix + string(s.random(nil, s.form, number))
}

// random appends what is behind the prefix of an id of a form: the name of the space, and
// then the number.
func (s Space) random(dst []byte, f contract.Form, number uint64) []byte {
	if f.Kind == contract.FillUUID {
		return s.uuid(dst, number)
	}
	digits, base := base62Digits, uint64(len(base62Digits))
	switch f.Kind {
	case contract.FillRandomHex:
		digits, base = hexDigits, 16
	case contract.FillRandomDigits:
		digits, base = hexDigits, 10
	}
	size := min(numberSize, f.Size)
	for i := range f.Size - size {
		c := s.name[i%len(s.name)]
		switch {
		case base == 62:
		case i == 0 && base == 10: // a number may not begin with 0
			c = digits[1+c%9]
		default:
			c = digits[uint64(c)%base]
		}
		dst = append(dst, c)
	}
	from := len(dst)
	dst = append(dst, "0000000000"[:size]...)
	for i := len(dst) - 1; i >= from; i-- {
		dst[i] = digits[number%base]
		number /= base
	}
	if base == 10 && f.Size == size && dst[from] == '0' {
		dst[from] = '9'
	}
	return dst
}

// uuid appends a UUID whose last group is the number.
func (s Space) uuid(dst []byte, number uint64) []byte {
	var raw [16]byte
	for i := range 10 {
		raw[i] = s.name[i%len(s.name)]*61 + s.name[(i+3)%len(s.name)]
	}
	for i := 15; i >= 10; i-- {
		raw[i] = byte(number)
		number >>= 8
	}
	return appendUUID(dst, raw)
}
