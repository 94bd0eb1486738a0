package plan

import (
	"crypto/sha256"
	"fmt"
	"math/rand/v2"
	"strconv"
	"strings"
)

const (
	hexDigits = "0123456789abcdef"
	idDigits  = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
)

// source gives the random numbers of one case.
func source(seed uint64, requirement, name string) *rand.Rand {
	return rand.New(rand.NewChaCha8(sha256.Sum256(fmt.Appendf(nil, "hookdrill %d %s/%s", seed, requirement, name)))) //nolint:gosec // a plan must be repeatable, not secret
}

func draw(rng *rand.Rand, digits string, n int) string {
	b := make([]byte, n)
	for i := range b {
		b[i] = digits[rng.IntN(len(digits))]
	}
	return string(b)
}

// fill replaces the placeholders that are known before sending: those in vars,
// {{random_hex:N}} and {{random_id:N}}. All others are left for the sender.
func fill(text string, vars map[string]string, rng *rand.Rand) (string, error) {
	var b strings.Builder
	for {
		start := strings.Index(text, "{{")
		if start < 0 {
			b.WriteString(text)
			return b.String(), nil
		}
		length := strings.Index(text[start:], "}}")
		if length < 0 {
			b.WriteString(text)
			return b.String(), nil
		}
		word := text[start+2 : start+length]
		b.WriteString(text[:start])
		text = text[start+length+2:]
		name, arg, _ := strings.Cut(word, ":")
		value, known := vars[word]
		switch {
		case known:
			b.WriteString(value)
		case name == "random_hex" || name == "random_id":
			n, err := strconv.Atoi(arg)
			if err != nil || n < 1 {
				return "", fmt.Errorf("placeholder {{%s}}: want a positive number", word)
			}
			digits := hexDigits
			if name == "random_id" {
				digits = idDigits
			}
			b.WriteString(draw(rng, digits, n))
		case name == "stamp" || name == "stamp_unix" || name == "stamp_unix_ms" || name == "repeat" || name == "hex" || name == "signature" || name == "now" || name == "now_unix" || name == "now_rfc3339":
			b.WriteString("{{" + word + "}}")
		default:
			return "", fmt.Errorf("unknown placeholder {{%s}}", word)
		}
	}
}

func swapCase(s string) string {
	return strings.Map(func(r rune) rune {
		switch {
		case 'a' <= r && r <= 'z':
			return r - 'a' + 'A'
		case 'A' <= r && r <= 'Z':
			return r - 'A' + 'a'
		}
		return r
	}, s)
}

// otherLast gives s with another last character of the same class.
func otherLast(s string) string {
	if s == "" {
		return s
	}
	last := s[len(s)-1]
	at := strings.IndexByte(idDigits, last)
	return s[:len(s)-1] + string(idDigits[(at+1)%len(idDigits)])
}
