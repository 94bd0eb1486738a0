package mockclaude

import (
	"bytes"
	"crypto/hmac"
	"crypto/md5"  //nolint:gosec // HMAC-MD5 is a negative case: a receiver must refuse it
	"crypto/sha1" //nolint:gosec // HMAC-SHA1 is a negative case: a receiver must refuse it
	"crypto/sha256"
	"crypto/sha512"
	"encoding/base64"
	"encoding/hex"
	"errors"
	"fmt"
	"hash"
	"strconv"
	"time"

	"hookdrill/contract"
)

// The names of the algorithms for [SignAlgorithm]. Those up to
// AlgBase64 are wrong algorithms with the right key; the others are the right
// algorithm with the key derived in another way, for a diagnosis.
const (
	AlgSHA1          = "hmac-sha1"
	AlgMD5           = "hmac-md5"
	AlgSHA512        = "hmac-sha512"
	AlgSHA512Cut     = "hmac-sha512-cut"    // cut to 64 hex digits
	AlgBodyHash      = "sha256-body"        // no key at all
	AlgKeyBodyHash   = "sha256-key-body"    // SHA-256(key || body)
	AlgBase64        = "hmac-sha256-base64" // the right MAC, not in hex
	AlgWhsecBase64   = "hmac-sha256-whsec-base64"
	AlgNoPrefix      = "hmac-sha256-no-prefix" // key without whsec_
	AlgTrimmed       = "hmac-sha256-trimmed"   // key without space around it
	AlgNewline       = "hmac-sha256-newline"   // key with a newline after it
	AlgHexKey        = "hmac-sha256-hex"       // key decoded from hex
	AlgBase64Key     = "hmac-sha256-base64key" // key decoded from base64
	standardPrefix   = "whsec_"
	sha512CutHexSize = 64
)

// SignAlgorithms lists the names that [Sign].Algorithm may have.
func SignAlgorithms() []string {
	return append([]string{AlgSHA1, AlgMD5, AlgSHA512, AlgSHA512Cut, AlgBodyHash, AlgKeyBodyHash, AlgBase64},
		SignDerivations()...)
}

// SignDerivations lists those of SignAlgorithms that are the contract's own
// algorithm with the key derived in another way: what a receiver that refuses
// everything may have done with its key.
func SignDerivations() []string {
	return []string{AlgWhsecBase64, AlgNoPrefix, AlgTrimmed, AlgNewline, AlgHexKey, AlgBase64Key}
}

// CanSign says why these keys cannot sign that way: no previous key, or a key
// that cannot be derived like that, or an unknown mode. It is nil when they can.
func (k Keys) CanSign(s Sign) error {
	_, err := k.sign(s, nil)
	return err
}

// signed is a signature, and where it comes from.
type signed struct {
	mac []byte
	// base64 is true when mac is written in base64 whatever the contract says.
	base64 bool
	// cut is how many characters of mac are kept; 0 is all.
	cut int
	// by names the key of the user's that is in it, "" for none.
	by string
	// how is what sets it apart from the right signature.
	how string
}

// sign makes the MAC of a body in one of the modes that have one.
func (k Keys) sign(s Sign, body []byte) (signed, error) {
	right := signed{by: k.ID()}
	switch s.Mode {
	case SignNone, SignLiteral:
		return signed{}, nil
	case SignRight, SignOther:
		right.mac = sum(sha256.New, k.Current, body)
		if s.Mode == SignOther {
			right.how = " of another body"
		}
		return right, nil
	case SignPrevious:
		if len(k.Previous) == 0 {
			return signed{}, errors.New("sign: there is no previous key")
		}
		return signed{mac: sum(sha256.New, k.Previous, body), by: k.PreviousID()}, nil
	case SignKey:
		made := signed{mac: sum(sha256.New, []byte(s.Key), body)}
		switch {
		case s.Key == string(k.Current):
			made.by = k.ID()
		case len(k.Previous) > 0 && s.Key == string(k.Previous):
			made.by = k.PreviousID()
		}
		return made, nil
	case SignAlgorithm:
		return k.signAlgorithm(s.Algorithm, body)
	default:
		return signed{}, fmt.Errorf("sign: unknown mode %q", s.Mode)
	}
}

// signAlgorithm makes the MAC of a body with the right key and an algorithm
// that the contract does not ask for.
func (k Keys) signAlgorithm(name string, body []byte) (signed, error) {
	made := signed{by: k.ID(), how: ", " + name}
	switch name {
	case AlgSHA1:
		made.mac = sum(sha1.New, k.Current, body)
	case AlgMD5:
		made.mac = sum(md5.New, k.Current, body)
	case AlgSHA512:
		made.mac = sum(sha512.New, k.Current, body)
	case AlgSHA512Cut:
		made.mac, made.cut = sum(sha512.New, k.Current, body), sha512CutHexSize
	case AlgBodyHash:
		plain := sha256.Sum256(body)
		return signed{mac: plain[:]}, nil
	case AlgKeyBodyHash:
		h := sha256.New()
		h.Write(k.Current)
		h.Write(body)
		made.mac = h.Sum(nil)
	case AlgBase64:
		made.mac, made.base64 = sum(sha256.New, k.Current, body), true
	default:
		key, err := deriveKey(name, k.Current)
		if err != nil {
			return signed{}, err
		}
		made.mac = sum(sha256.New, key, body)
	}
	return made, nil
}

// deriveKey makes another key of a key, the way a mistaken receiver might.
func deriveKey(name string, key []byte) ([]byte, error) {
	rest, prefixed := bytes.CutPrefix(key, []byte(standardPrefix))
	switch name {
	case AlgWhsecBase64:
		if !prefixed {
			return nil, fmt.Errorf("sign %s: the key does not start with %s", name, standardPrefix)
		}
		return decodeKey(name, rest)
	case AlgNoPrefix:
		if !prefixed {
			return nil, fmt.Errorf("sign %s: the key does not start with %s", name, standardPrefix)
		}
		return rest, nil
	case AlgTrimmed:
		trimmed := bytes.TrimSpace(key)
		if len(trimmed) == len(key) {
			return nil, fmt.Errorf("sign %s: the key has no space around it", name)
		}
		return trimmed, nil
	case AlgNewline:
		return append(bytes.Clone(key), '\n'), nil
	case AlgHexKey:
		raw, err := hex.DecodeString(string(key))
		if err != nil {
			return nil, fmt.Errorf("sign %s: the key is not hex", name)
		}
		return raw, nil
	case AlgBase64Key:
		return decodeKey(name, key)
	default:
		return nil, fmt.Errorf("sign: unknown algorithm %q", name)
	}
}

// decodeKey decodes base64 in any of its spellings. Its errors quote nothing of
// the key.
func decodeKey(name string, text []byte) ([]byte, error) {
	for _, enc := range []*base64.Encoding{
		base64.StdEncoding, base64.RawStdEncoding, base64.URLEncoding, base64.RawURLEncoding,
	} {
		if raw, err := enc.DecodeString(string(text)); err == nil && len(raw) > 0 {
			return raw, nil
		}
	}
	return nil, fmt.Errorf("sign %s: the key is not base64", name)
}

func sum(h func() hash.Hash, key, body []byte) []byte {
	m := hmac.New(h, key)
	m.Write(body)
	return m.Sum(nil)
}

// encode writes a MAC as the contract does.
func encode(c contract.Signature, mac []byte) string {
	if c.Encoding == encodingBase64 {
		return base64.StdEncoding.EncodeToString(mac)
	}
	return hex.EncodeToString(mac)
}

// The signatures that the package can make: the names a contract uses for them.
const (
	algorithmHMAC  = "hmac-sha256"
	encodingHex    = "hex"
	encodingBase64 = "base64"
	signedBody     = "body"
	derivationAll  = "whole"
)

// headerSignature makes the value of the signature header for a body, and what
// a report shows in its place ("" when the value may be shown). ok is false
// when there is no such header.
func (s *Sender) headerSignature(sg Sign, body []byte, now time.Time) (value, shown string, ok bool, err error) {
	if sg.Mode == SignNone {
		return "", "", false, nil
	}
	if sg.Mode == SignOther {
		if body, err = Expand(sg.Body, now, sg.Stamp); err != nil {
			return "", "", false, err
		}
	}
	made, err := s.cfg.Keys.sign(sg, body)
	if err != nil {
		return "", "", false, err
	}
	switch {
	case sg.Mode == SignLiteral:
		raw, err := Expand(sg.Value, now, Stamp{})
		if err != nil {
			return "", "", false, err
		}
		value = string(raw)
	case made.base64:
		value = base64.StdEncoding.EncodeToString(made.mac)
	default:
		value = encode(s.cfg.Contract.Signature, made.mac)
	}
	if made.cut > 0 && made.cut < len(value) {
		value = value[:made.cut]
	}
	note := ""
	if sg.CutSet {
		value = cutValue(value, sg.Cut)
		note = ", cut to " + strconv.Itoa(len(value)) + " characters"
	}
	value += sg.Add
	if sg.Add != "" {
		note += ", with " + strconv.Quote(clip(sg.Add)) + " added"
	}
	if made.by != "" {
		s.redactor.addSignature(made.mac, made.by)
		shown = "[signature by " + made.by + made.how + note + "]"
	}
	return value, shown, true, nil
}

// cutValue keeps n characters; a negative n takes that many off the end.
func cutValue(value string, n int) string {
	if n < 0 {
		n = max(0, len(value)+n)
	}
	return value[:min(n, len(value))]
}
