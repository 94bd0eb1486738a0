package mockclaude

import (
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
	"fmt"
	"math/rand/v2"
	"strconv"
	"strings"

	"hookdrill/contract"
)

const hexDigits = "0123456789abcdef"

// fillIn draws what is random in a payload, and leaves the rest of its placeholders.
func fillIn(payload string, rng *rand.Rand) (string, error) {
	parts, err := contract.Fills(payload)
	if err != nil {
		return "", fmt.Errorf("fill payload: %w", err)
	}
	var b strings.Builder
	for _, p := range parts {
		n, _ := strconv.Atoi(p.Arg) // Fills has checked it, where it is a number
		switch p.Name {
		case "":
			b.WriteString(p.Text)
		case contract.FillUUID, contract.FillRandomID, contract.FillRandomHex, contract.FillRandomDigits:
			b.WriteString(drawID(rng, contract.Form{Kind: p.Name, Size: n}))
		case contract.FillOneOf:
			b.WriteString(literal(pick(rng, strings.Split(p.Arg, "|"))))
		default:
			b.WriteString("{{" + p.Name + "}}")
		}
	}
	return b.String(), nil
}

// fill is the payload of an event with its id, type and subject, as a template for
// [Expand].
func (e Event) fill() string {
	inside := func(text string) string { // of a JSON string
		quoted := quote(text)
		return literal(quoted[1 : len(quoted)-1])
	}
	return strings.NewReplacer(
		"{{"+contract.FillID+"}}", inside(e.ID),
		"{{"+contract.FillType+"}}", inside(e.Type),
		"{{"+contract.FillSubject+"}}", inside(e.TaskID),
	).Replace(e.Payload)
}

// drawID draws an id of a form.
func drawID(rng *rand.Rand, f contract.Form) string {
	switch f.Kind {
	case contract.FillUUID:
		var raw [16]byte
		binary.BigEndian.PutUint64(raw[:8], rng.Uint64())
		binary.BigEndian.PutUint64(raw[8:], rng.Uint64())
		return f.Prefix + string(appendUUID(nil, raw))
	case contract.FillRandomHex:
		return f.Prefix + drawFrom(rng, hexDigits, f.Size)
	case contract.FillRandomDigits: // a number may not begin with 0
		return f.Prefix + drawFrom(rng, "123456789", 1) + drawFrom(rng, "0123456789", f.Size-1)
	}
	return f.Prefix + base62(rng, f.Size)
}

func drawFrom(rng *rand.Rand, digits string, n int) string {
	b := make([]byte, n)
	for i := range b {
		b[i] = digits[rng.IntN(len(digits))]
	}
	return string(b)
}

// appendUUID appends 16 bytes as a UUID of version 4 (RFC 9562).
func appendUUID(dst []byte, raw [16]byte) []byte {
	raw[6], raw[8] = raw[6]&0x0f|0x40, raw[8]&0x3f|0x80
	for i, from := range [...]int{0, 4, 6, 8, 10} {
		if i > 0 {
			dst = append(dst, '-')
		}
		dst = hex.AppendEncode(dst, raw[from:[...]int{4, 6, 8, 10, 16}[i]])
	}
	return dst
}

// appendEventUUID appends the UUID that follows from an id.
func appendEventUUID(dst, id []byte) []byte {
	sum := sha256.Sum256(id)
	return appendUUID(dst, [16]byte(sum[:16]))
}

// EventUUID is the UUID that follows from the id of an event: what a contract's {event}
// stands for.
func EventUUID(id string) string { return string(appendEventUUID(nil, []byte(id))) }

// newUUID draws a UUID for one attempt.
func newUUID() string {
	return drawID(rand.New(rand.NewPCG(rand.Uint64(), rand.Uint64())), contract.Form{Kind: contract.FillUUID}) //nolint:gosec // it must be unique, not secret
}
