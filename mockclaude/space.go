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
	size := min(numberSize, f.Size)
	for left := f.Size - size; left > 0; left -= len(s.name) {
		dst = append(dst, s.name[:min(left, len(s.name))]...)
	}
	dst = append(dst, "0000000000"[:size]...)
	end := len(dst)
	switch f.Kind { // each with a base of its own: dividing by a constant is cheap
	case contract.FillRandomHex:
		for i := end - f.Size; i < end-size; i++ {
			dst[i] = hexDigits[dst[i]%16]
		}
		for i := end - 1; i >= end-size; i-- {
			dst[i] = hexDigits[number%16]
			number /= 16
		}
	case contract.FillRandomDigits:
		for i := end - f.Size; i < end-size; i++ {
			dst[i] = '0' + dst[i]%10
		}
		for i := end - 1; i >= end-size; i-- {
			dst[i] = '0' + byte(number%10)
			number /= 10
		}
		if first := end - f.Size; dst[first] == '0' { // a number may not begin with it
			dst[first] = '9'
		}
	default:
		for i := end - 1; i >= end-size; i-- {
			dst[i] = base62Digits[number%62]
			number /= 62
		}
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
