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
// AlgHex are wrong algorithms with the right key; the others are the right
// algorithm with the key derived in another way, for a diagnosis. Those that are the
// contract's own way cannot be signed with: see [Signer.CanSign].
const (
	AlgSHA1        = "hmac-sha1"
	AlgMD5         = "hmac-md5"
	AlgSHA512      = "hmac-sha512"
	AlgSHA512Cut   = "hmac-sha512-cut"    // cut to 64 hex digits
	AlgBodyHash    = "sha256-body"        // of what is signed, no key at all
	AlgKeyBodyHash = "sha256-key-body"    // SHA-256(key || what is signed)
	AlgBase64      = "hmac-sha256-base64" // the right MAC, in base64 where the contract writes hex
	AlgHex         = "hmac-sha256-in-hex" // the right MAC, in hex where the contract writes base64
	AlgWhole       = "hmac-sha256-whole"  // the whole secret string as the key
	AlgWhsecBase64 = "hmac-sha256-whsec-base64"
	AlgNoPrefix    = "hmac-sha256-no-prefix" // key without whsec_
	AlgTrimmed     = "hmac-sha256-trimmed"   // key without space around it
	AlgNewline     = "hmac-sha256-newline"   // key with a newline after it
	AlgHexKey      = "hmac-sha256-hex"       // key decoded from hex
	AlgBase64Key   = "hmac-sha256-base64key" // key decoded from base64
	standardPrefix = "whsec_"
)

// SignAlgorithms lists the names that [Sign].Algorithm may have.
func SignAlgorithms() []string {
	return append([]string{AlgSHA1, AlgMD5, AlgSHA512, AlgSHA512Cut, AlgBodyHash, AlgKeyBodyHash, AlgBase64, AlgHex},
		SignDerivations()...)
}

// SignDerivations lists those of SignAlgorithms that are the contract's own
// algorithm with the key derived in another way: what a receiver that refuses
// everything may have done with its key.
func SignDerivations() []string {
	return []string{AlgWhole, AlgWhsecBase64, AlgNoPrefix, AlgTrimmed, AlgNewline, AlgHexKey, AlgBase64Key}
}

// The entries of [Sign].List.
const (
	ListRight    = "right"
	ListPrevious = "previous"
	ListWrong    = "wrong"
)

// signed is a signature, and where it comes from.
type signed struct {
	mac []byte
	// encoding is how mac is written, "" for the contract's way.
	encoding string
	// cut is how many characters of mac are kept; 0 is all.
	cut int
	// by names the key of the user's that is in it, "" for none.
	by string
	// how is what sets it apart from the right signature.
	how string
}

// one makes the MAC of what is signed in one of the modes that have one.
func (s *Signer) one(sg Sign, content []byte) (signed, error) {
	right := signed{by: s.keys.ID()}
	switch sg.Mode {
	case SignNone, SignLiteral, SignMAC:
		return signed{}, nil
	case SignRight, SignOther:
		right.mac = s.MAC(content)
		if sg.Mode == SignOther {
			right.how = " of another body"
		}
		return right, nil
	case SignPrevious:
		if len(s.previous) == 0 {
			return signed{}, errors.New("sign: there is no previous key")
		}
		return signed{mac: sum(sha256.New, s.previous, content), by: s.keys.PreviousID()}, nil
	case SignKey:
		made := signed{mac: sum(sha256.New, LiteralKey(s.c.Key, sg.Key), content)}
		switch {
		case sg.Key == string(s.keys.Current):
			made.by = s.keys.ID()
		case len(s.keys.Previous) > 0 && sg.Key == string(s.keys.Previous):
			made.by = s.keys.PreviousID()
		}
		return made, nil
	case SignAlgorithm:
		return s.variant(sg.Algorithm, content)
	default:
		return signed{}, fmt.Errorf("sign: unknown mode %q", sg.Mode)
	}
}

// listed makes one of several signatures.
func (s *Signer) listed(entry string, content []byte) (signed, error) {
	switch entry {
	case ListRight:
		return s.one(Sign{}, content)
	case ListPrevious:
		return s.one(Sign{Mode: SignPrevious}, content)
	case ListWrong:
		return s.one(Sign{Mode: SignKey, Key: wrongKey}, content)
	}
	return signed{}, fmt.Errorf("sign: %q is none of right, previous, wrong", entry)
}

// variant makes the MAC of what is signed with the right key and an algorithm
// that the contract does not ask for.
func (s *Signer) variant(name string, content []byte) (signed, error) {
	made := signed{by: s.keys.ID(), how: ", " + name}
	own := func(encoding string) error {
		if s.c.Signature.Encoding == encoding {
			return fmt.Errorf("sign %s: this is the contract's own way", name)
		}
		return nil
	}
	switch name {
	case AlgSHA1:
		made.mac = sum(sha1.New, s.current, content)
	case AlgMD5:
		made.mac = sum(md5.New, s.current, content)
	case AlgSHA512:
		made.mac = sum(sha512.New, s.current, content)
	case AlgSHA512Cut: // to the length of the contract's own
		made.mac, made.cut = sum(sha512.New, s.current, content), len(encodeAs(s.c.Signature.Encoding, make([]byte, sha256.Size)))
	case AlgBodyHash:
		plain := sha256.Sum256(content)
		return signed{mac: plain[:]}, nil
	case AlgKeyBodyHash:
		h := sha256.New()
		h.Write(s.current)
		h.Write(content)
		made.mac = h.Sum(nil)
	case AlgBase64:
		made.mac, made.encoding = s.MAC(content), encodingBase64
		return made, own(encodingBase64)
	case AlgHex:
		made.mac, made.encoding = s.MAC(content), encodingHex
		return made, own(encodingHex)
	default:
		key, err := deriveKey(name, s.keys.Current)
		if err != nil {
			return signed{}, err
		}
		if bytes.Equal(key, s.current) {
			return signed{}, fmt.Errorf("sign %s: this is the contract's own way", name)
		}
		made.mac = sum(sha256.New, key, content)
	}
	return made, nil
}

// deriveKey makes another key of a key, the way a mistaken receiver might.
func deriveKey(name string, key []byte) ([]byte, error) {
	rest, prefixed := bytes.CutPrefix(key, []byte(standardPrefix))
	switch name {
	case AlgWhole:
		return key, nil
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
	if raw, ok := fromBase64(text); ok {
		return raw, nil
	}
	return nil, fmt.Errorf("sign %s: the key is not base64", name)
}

func fromBase64(text []byte) ([]byte, bool) {
	for _, enc := range []*base64.Encoding{
		base64.StdEncoding, base64.RawStdEncoding, base64.URLEncoding, base64.RawURLEncoding,
	} {
		if raw, err := enc.DecodeString(string(text)); err == nil && len(raw) > 0 {
			return raw, true
		}
	}
	return nil, false
}

func sum(h func() hash.Hash, key, body []byte) []byte {
	m := hmac.New(h, key)
	m.Write(body)
	return m.Sum(nil)
}

// signature makes the signature header of a delivery with a body, nil when there is none.
func (s *Sender) signature(d Delivery, body []byte, now time.Time) (*headerField, error) {
	sg := d.Sign
	if sg.Mode == SignNone {
		return nil, nil //nolint:nilnil // no header is an answer
	}
	f := &headerField{Field: Field{Name: s.cfg.Contract.Signature.Header}}
	if sg.Mode == SignLiteral {
		raw, err := Expand(sg.Value, now, Stamp{})
		f.Value = trimmed(sg, string(raw))
		return f, err
	}
	macs, err := s.macs(d, body, now)
	if err != nil {
		return nil, err
	}
	format := s.signer.format
	if sg.Format != "" {
		if format, err = contract.Line(sg.Format, contract.HoldMAC, contract.HoldTimestamp, contract.HoldID); err != nil {
			return nil, fmt.Errorf("sign: format: %w", err)
		}
	}
	if len(macs) > 1 && len(s.signer.several) == 0 {
		return nil, fmt.Errorf("sign: the contract %s never sends several signatures", s.cfg.Contract.Name)
	}
	for i, m := range macs {
		parts := format
		if i > 0 {
			parts = s.signer.several
		}
		value, err := line(parts, m.text, d.EventID, stampAt(now, d.header()))
		if err != nil {
			return nil, fmt.Errorf("sign: %w", err)
		}
		shown, err := line(parts, m.shown(), d.EventID, stampAt(now, d.header()))
		if err != nil {
			return nil, fmt.Errorf("sign: %w", err)
		}
		f.Value += value
		f.shown += shown
		if m.label != "" {
			f.macs = append(f.macs, m)
		}
	}
	if len(f.macs) == 0 {
		f.shown = "" // there is nothing to hide
	}
	return f, nil
}

// macText is a signature as it stands in a header, and what a report shows in its place:
// "" when it may be shown.
type macText struct{ text, label string }

func (m macText) shown() string {
	if m.label != "" {
		return m.label
	}
	return m.text
}

// macs makes the signatures that the header of a delivery holds.
func (s *Sender) macs(d Delivery, body []byte, now time.Time) ([]macText, error) {
	sg := d.Sign
	if sg.Mode == SignMAC {
		raw, err := Expand(sg.Value, now, Stamp{})
		return []macText{{text: trimmed(sg, string(raw))}}, err
	}
	signedParts := s.signer.signed
	if sg.Signed != "" {
		var err error
		if signedParts, err = contract.Line(sg.Signed, contract.HoldBody, contract.HoldID, contract.HoldTimestamp); err != nil {
			return nil, fmt.Errorf("sign: signed: %w", err)
		}
	}
	id, stamp := d.EventID, d.header()
	if sg.Mode == SignOther {
		var err error
		if body, err = Expand(sg.Body, now, sg.Stamp); err != nil {
			return nil, err
		}
		stamp = Delivery{Stamp: sg.Stamp}.header()
		if sg.EventID != "" {
			id = sg.EventID
		}
	}
	what, err := content(signedParts, body, id, stampAt(now, stamp))
	if err != nil {
		return nil, fmt.Errorf("sign: %w", err)
	}
	if len(sg.List) == 0 {
		made, err := s.signer.one(sg, what)
		if err != nil {
			return nil, err
		}
		return []macText{s.text(sg, made)}, nil
	}
	var out []macText
	for _, entry := range sg.List {
		made, err := s.signer.listed(entry, what)
		if err != nil {
			return nil, err
		}
		out = append(out, s.text(Sign{}, made))
	}
	return out, nil
}

// text writes a signature, and makes it known to the redactor.
func (s *Sender) text(sg Sign, made signed) macText {
	encoding := made.encoding
	if encoding == "" {
		encoding = s.cfg.Contract.Signature.Encoding
	}
	value := encodeAs(encoding, made.mac)
	if made.cut > 0 && made.cut < len(value) {
		value = value[:made.cut]
	}
	m := macText{text: trimmed(sg, value)}
	if made.by == "" {
		return m
	}
	s.redactor.addSignature(made.mac, made.by)
	note := ""
	if sg.CutSet {
		note = ", cut to " + strconv.Itoa(len(cutValue(value, sg.Cut))) + " characters"
	}
	if sg.Add != "" {
		note += ", with " + strconv.Quote(clip(sg.Add)) + " added"
	}
	m.label = "[signature by " + made.by + made.how + note + "]"
	return m
}

// trimmed is a value cut and lengthened as a delivery asks.
func trimmed(sg Sign, value string) string {
	if sg.CutSet {
		value = cutValue(value, sg.Cut)
	}
	return value + sg.Add
}

// cutValue keeps n characters; a negative n takes that many off the end.
func cutValue(value string, n int) string {
	if n < 0 {
		n = max(0, len(value)+n)
	}
	return value[:min(n, len(value))]
}
