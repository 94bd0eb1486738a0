package vectors

import (
	"bytes"
	"crypto/sha1" //nolint:gosec // HMAC-SHA1 is a forgery here
	"crypto/sha512"
	"encoding/base64"
	"strings"
)

// forgeries are signatures that prove nothing.
func (m *maker) forgeries() {
	raw, err := contractKey(m.c, m.key)
	m.fail(err)
	signed := func(comment string, sign func(content []byte) string, flags ...string) {
		r := m.request()
		r.sign = func(content []byte) (string, error) { return sign(content), nil }
		m.add(Invalid, comment, r, flags...)
	}
	right := func(content []byte) []byte { return macOf(sha256New, raw, content) }
	literal := func(text string) func([]byte) string { return func([]byte) string { return text } }

	signed("no signature behind the label", literal(""), "NoProof")
	signed("a signature of zeros", literal(m.write(make([]byte, 32))), "NoProof")
	signed("a random signature of the right shape", literal(m.write(plainSum([]byte("random")))), "NoProof")
	signed("words in place of a signature", literal("undefined"), "NoProof")
	signed("null in place of a signature", literal("null"), "NoProof")
	signed("characters outside of ASCII in place of a signature", literal("ümläut"), "NoProof")
	signed("the key in place of a signature", literal(m.key), "NoProof")
	signed("the first bit of the signature flipped", func(c []byte) string { return m.write(flip(right(c), 0)) }, "Altered")
	signed("the last bit of the signature flipped", func(c []byte) string { return m.write(flip(right(c), 31)) }, "Altered")
	signed("the signature cut to its first character", func(c []byte) string { return m.write(right(c))[:1] }, "Altered")
	signed("the signature cut to half", func(c []byte) string { s := m.write(right(c)); return s[:len(s)/2] }, "Altered")
	signed("the first 31 bytes of the signature", func(c []byte) string { return m.write(right(c)[:31]) }, "Altered")
	signed("the signature with a byte behind it", func(c []byte) string { return m.write(append(right(c), 0)) }, "Altered")
	signed("the signature twice", func(c []byte) string { return m.write(bytes.Repeat(right(c), 2)) }, "Altered")
	signed("the signature backwards", func(c []byte) string {
		b := right(c)
		for i := range 16 {
			b[i], b[31-i] = b[31-i], b[i]
		}
		return m.write(b)
	}, "Altered")

	another := m.requestOf([]byte(m.eventful(`"another":true`)))
	signed("the right signature of another body", func([]byte) string {
		return m.write(right(m.content(another.id, another.stamp, another.body)))
	}, "OtherContent")
	signed("the right signature of an empty body", func([]byte) string {
		return m.write(right(m.content(another.id, another.stamp, nil)))
	}, "OtherContent")
	signed("the right signature of nothing at all", func([]byte) string { return m.write(right(nil)) }, "OtherContent")
	if m.how().Signed != "{body}" {
		signed("the body alone is signed", func([]byte) string { return m.write(right(m.request().body)) }, "OtherContent")
	}
	signed("HMAC-SHA-1", func(c []byte) string { return m.write(macOf(sha1.New, raw, c)) }, "WrongAlgorithm")
	signed("HMAC-SHA-512", func(c []byte) string { return m.write(macOf(sha512.New, raw, c)) }, "WrongAlgorithm")
	signed("HMAC-SHA-512, cut to 32 bytes", func(c []byte) string { return m.write(macOf(sha512.New, raw, c)[:32]) }, "WrongAlgorithm")
	signed("SHA-256 of what is signed, without a key", func(c []byte) string { return m.write(plainSum(c)) }, "WrongAlgorithm")
	signed("SHA-256 of the key and what is signed", func(c []byte) string { return m.write(plainSum(raw, c)) }, "WrongAlgorithm")
	signed("SHA-256 of what is signed and the key", func(c []byte) string { return m.write(plainSum(c, raw)) }, "WrongAlgorithm")
}

func flip(b []byte, at int) []byte {
	if at == 0 {
		b[0] ^= 0x80
	} else {
		b[at] ^= 1
	}
	return b
}

// spellings are the right signature in forms that the sender never writes.
func (m *maker) spellings() {
	sign := m.signer(m.key)
	spelt := func(comment string, write func(right string) string, flags ...string) {
		r := m.request()
		r.sign = func(content []byte) (string, error) {
			right, err := sign(content)
			return write(right), err
		}
		m.add(Acceptable, comment, r, flags...)
	}
	if m.c.Signature.Encoding == "hex" {
		spelt("hex digits in upper case", strings.ToUpper, "Spelling")
		spelt("hex digits in both cases", func(s string) string { return strings.ToUpper(s[:32]) + s[32:] }, "Spelling")
		spelt("base64 in place of hex", func(s string) string {
			raw, err := unhex(s)
			m.fail(err)
			return base64Of(raw)
		}, "Spelling")
	} else {
		spelt("base64 without its padding", func(s string) string { return strings.TrimRight(s, "=") }, "Spelling")
		spelt("base64 in the alphabet of URLs", func(s string) string { return strings.NewReplacer("+", "-", "/", "_").Replace(s) }, "Spelling")
		spelt("base64 whose last bits, which no byte needs, are set", func(s string) string {
			const alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/"
			at := len(s) - 2
			return s[:at] + string(alphabet[strings.IndexByte(alphabet, s[at])|1]) + "="
		}, "Spelling")
		spelt("hex in place of base64", func(s string) string {
			raw, err := base64.StdEncoding.DecodeString(s)
			m.fail(err)
			return hexOf(raw)
		}, "Spelling")
	}
	format := m.how().Format
	for _, w := range [][2]string{
		{"a space before the header's value", " " + format},
		{"a space behind it", format + " "},
		{"a newline behind it", format + "\n"},
		{"quotation marks around it", `"` + format + `"`},
	} {
		r := m.request()
		r.format = w[1]
		m.add(Acceptable, w[0], r, "Spelling", "Whitespace")
	}
}
