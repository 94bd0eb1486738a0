package vectors

import (
	"bytes"
	"encoding/json"
	"slices"
	"strings"
	"time"

	"hookdrill/contract"
)

// eventful makes a body that says of itself what an event of the scheme must say: the time,
// where freshness goes by it.
func (m *maker) eventful(pairs string) string {
	if m.c.Freshness.Source != contract.FreshBody {
		return "{" + pairs + "}"
	}
	return `{"id":"` + m.event.ID + `","type":"` + m.event.Type + `","timestamp":"` +
		time.Unix(now, 0).UTC().Format(time.RFC3339) + `","data":{` + pairs + "}}"
}

// bodies are about the bytes: what arrived is verified, and not what it means.
func (m *maker) bodies() {
	m.add(Valid, "an event as it is sent", m.requestOf(m.body(time.Unix(now, 0))))
	m.add(Valid, "a short body, as the tests below have it", m.request())
	var pretty bytes.Buffer
	m.fail(json.Indent(&pretty, m.body(time.Unix(now, 0)), "", "  "))
	m.add(Valid, "JSON over several lines", m.requestOf(pretty.Bytes()), "RawBody")
	m.add(Valid, "JSON with CRLF at the ends of its lines", m.requestOf(bytes.ReplaceAll(pretty.Bytes(), []byte("\n"), []byte("\r\n"))), "RawBody")
	m.add(Valid, "a newline behind the JSON", m.requestOf(append(m.body(time.Unix(now, 0)), '\n')), "RawBody")
	m.add(Valid, "spaces and tabs around the JSON", m.requestOf([]byte(" \t"+string(m.body(time.Unix(now, 0)))+" \t")), "RawBody")
	for _, b := range [][2]string{
		{"characters outside of ASCII", `"name":"Zoë, 日本語, 🎉"`},
		{"the same character escaped and not, a slash escaped, and what HTML escapes", `"name":"Zo\u00eb Zoë \/ <b>&amp;</b>"`},
		{"numbers that change when they are written anew", `"a":1.0,"b":1e2,"c":12345678901234567890,"d":-0`},
		{"keys that are not in alphabetical order, one of them twice", `"z":1,"a":2,"z":3`},
		{"characters that a shell, a URL or a template would change", `"text":"$HOME %41 + {{id}} {body} \\n"`},
	} {
		m.add(Valid, b[0], m.requestOf([]byte(m.eventful(b[1]))), "RawBody")
	}
	empty := Valid
	if m.c.Freshness.Source == contract.FreshBody {
		empty = Acceptable
	}
	m.add(empty, "an empty body", m.requestOf([]byte{}), "NotAnEvent")
	m.add(empty, "a body that is not JSON", m.requestOf([]byte("Hello, World!")), "NotAnEvent")
	m.add(Acceptable, "a body that is not UTF-8", m.requestOf([]byte{'{', 0xff, 0xfe, 0x00, '}'}), "NotAnEvent")
	m.add(Acceptable, "a byte order mark before the JSON", m.requestOf([]byte("\ufeff"+m.eventful(`"a":1`))), "NotAnEvent")

	for _, c := range []struct {
		comment string
		change  func(body []byte) []byte
	}{
		{"a byte of the body changed", func(b []byte) []byte { b[len(b)/2] ^= 1; return b }},
		{"the last byte of the body cut off", func(b []byte) []byte { return b[:len(b)-1] }},
		{"a newline added to the body", func(b []byte) []byte { return append(b, '\n') }},
		{"a NUL added to the body", func(b []byte) []byte { return append(b, 0) }},
		{"the body written anew by a JSON library", func(b []byte) []byte { return bytes.ReplaceAll(b, []byte(":"), []byte(": ")) }},
		{"the body emptied", func([]byte) []byte { return nil }},
		{"the body sent twice", func(b []byte) []byte { return slices.Concat(b, b) }},
		{"upper case in the body", func(b []byte) []byte { return []byte(strings.ToUpper(string(b))) }},
	} {
		r := m.request()
		r.after = func(_ *Vector, body []byte) []byte { return c.change(body) }
		m.add(Invalid, c.comment, r, "ChangedBody")
	}
}

// keys are about how the secret becomes the bytes that are signed with.
func (m *maker) keys() {
	good := func(result, comment, key string) {
		r := m.request()
		r.key = key
		m.add(result, comment, r, "Key")
	}
	if m.c.Key.Derivation == contract.KeyBase64 {
		good(Valid, "a key of 24 bytes", "whsec_"+base64Of([]byte("public test key 24 bytes")))
		good(Valid, "a key of 64 bytes", "whsec_"+base64Of(bytes.Repeat([]byte("publickey!+/~é"), 5)[:64]))
		good(Valid, "a key whose base64 holds + and /", "whsec_"+base64Of(bytes.Repeat([]byte{0xfb, 0xff, 0xbf}, 8)))
		good(Acceptable, "a key without whsec_", strings.TrimPrefix(m.key, "whsec_"))
		good(Acceptable, "a key of 8 bytes, fewer than Standard Webhooks allows", "whsec_"+base64Of([]byte("public08")))
	} else {
		good(Valid, "a key with characters outside of ASCII", "öffentlich 🔑 "+m.key)
		good(Valid, "a key with spaces around it, which are part of it", " "+m.key+" ")
		good(Valid, "a key that looks like one of Standard Webhooks, and is taken whole", "whsec_aG9va2RyaWxsIHB1YmxpYyB0ZXN0IGtleSAwNyE=")
		good(Valid, "a key longer than a block of SHA-256", strings.Repeat("public test key ", 8))
	}
	forged := func(comment, signedWith, configured string, flags ...string) {
		r := m.request()
		r.key = configured
		r.sign = func(content []byte) (string, error) {
			return m.write(macOf(sha256New, []byte(signedWith), content)), nil
		}
		m.add(Invalid, comment, r, flags...)
	}
	raw, err := contractKey(m.c, m.key)
	m.fail(err)
	forged("signed with another key", "another public key of the same length!!", m.key, "WrongKey")
	forged("signed with an empty key", "", m.key, "EmptyKey", "WrongKey")
	forged("signed with an empty key, and none is configured: without a key nothing may be accepted", "", "", "EmptyKey")
	if m.c.Key.Prefix != "" {
		forged("signed with an empty key, and a prefix alone is configured", "", m.c.Key.Prefix, "EmptyKey")
	}
	derivations := map[string]string{
		"signed with the key and a newline":        m.key + "\n",
		"signed with the key in upper case":        strings.ToUpper(m.key),
		"signed with the key in hex":               hexOf([]byte(m.key)),
		"signed with the key in base64":            base64Of([]byte(m.key)),
		"signed with the SHA-256 of the key":       string(plainSum([]byte(m.key))),
		"signed with the first half of the key":    m.key[:len(m.key)/2],
		"signed with the name of the scheme":       m.name,
		"signed with the key's derived bytes, hex": hexOf(raw),
	}
	if m.c.Key.Derivation == contract.KeyBase64 {
		derivations["signed with the whole secret string, which should have been decoded"] = m.key
		derivations["signed with the base64 behind whsec_, which should have been decoded"] = strings.TrimPrefix(m.key, "whsec_")
	}
	if rest, ok := strings.CutPrefix(m.key, "whsec_"); ok && m.c.Key.Derivation == contract.KeyWhole {
		decoded, err := unbase64(rest)
		m.fail(err)
		derivations["signed with the secret string without whsec_, which is part of the key"] = rest
		derivations["signed with the base64 behind whsec_ decoded, where the whole string is the key"] = string(decoded)
	}
	if decoded, err := unhex(m.key); err == nil {
		derivations["signed with the key decoded from hex, where its digits are the key"] = string(decoded)
	}
	for _, comment := range sortedKeys(derivations) {
		forged(comment, derivations[comment], m.key, "WrongDerivation", "WrongKey")
	}
}
