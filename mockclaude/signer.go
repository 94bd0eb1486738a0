package mockclaude

import (
	"bytes"
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"errors"
	"fmt"
	"strings"
	"time"

	"hookdrill/contract"
)

// wrongKey signs forgeries.
const wrongKey = "whsec_forged by somebody who does not know the key"

// Signer makes signatures the way a contract says, with the keys of a run. It is safe for
// concurrent use.
type Signer struct {
	c    *contract.Contract
	keys Keys
	// current and previous are the keys that MACs are made with.
	current, previous       []byte
	signed, format, several []contract.Part
}

// NewSigner makes a signer. The error says what of the contract it cannot do, or why a key
// is none of the contract's; it quotes nothing of the key.
func NewSigner(c *contract.Contract, keys Keys) (*Signer, error) {
	if err := checkContract(c); err != nil {
		return nil, fmt.Errorf("make signer: %w", err)
	}
	s := &Signer{c: c, keys: keys, signed: c.SignedParts(), format: c.FormatParts(), several: c.SeveralParts()}
	if len(keys.Current) == 0 {
		return nil, errors.New("make signer: keys.current: empty")
	}
	var err error
	if s.current, err = DeriveKey(c.Key, keys.Current); err != nil {
		return nil, fmt.Errorf("make signer: keys.current: %w", err)
	}
	if len(keys.Previous) > 0 {
		if s.previous, err = DeriveKey(c.Key, keys.Previous); err != nil {
			return nil, fmt.Errorf("make signer: keys.previous: %w", err)
		}
	}
	return s, nil
}

// DeriveKey makes the bytes that MACs are made with of a secret string. The error quotes
// nothing of it.
func DeriveKey(k contract.Key, secret []byte) ([]byte, error) {
	rest := bytes.TrimPrefix(secret, []byte(k.Prefix))
	switch k.Derivation {
	case contract.KeyBase64:
		if raw, ok := fromBase64(rest); ok {
			return raw, nil
		}
		return nil, fmt.Errorf("the key is not base64%s, as the contract wants it", behind(k.Prefix))
	case contract.KeyHex:
		if raw, err := hex.DecodeString(string(rest)); err == nil && len(raw) > 0 {
			return raw, nil
		}
		return nil, fmt.Errorf("the key is not hex%s, as the contract wants it", behind(k.Prefix))
	}
	return secret, nil
}

// LiteralKey is the key that [SignKey] signs with for a secret string: derived as the
// contract says where the string looks like a secret of its, and taken as it stands
// otherwise.
func LiteralKey(k contract.Key, secret string) []byte {
	if strings.HasPrefix(secret, k.Prefix) {
		if key, err := DeriveKey(k, []byte(secret)); err == nil {
			return key
		}
	}
	return []byte(secret)
}

func behind(prefix string) string {
	if prefix == "" {
		return ""
	}
	return " behind " + prefix
}

// stampFunc writes the timestamp of a delivery in a format of the contract's.
type stampFunc func(format string) (string, error)

func stampAt(now time.Time, s Stamp) stampFunc {
	return func(format string) (string, error) { return formatHeader(now, s, format) }
}

// content is what is signed: the parts of a template, with a body, an id and a timestamp.
func content(parts []contract.Part, body []byte, id string, stamp stampFunc) ([]byte, error) {
	if len(parts) == 1 && parts[0].Name == contract.HoldBody {
		return body, nil
	}
	out := make([]byte, 0, len(body)+len(id)+32)
	for _, p := range parts {
		switch p.Name {
		case contract.HoldBody:
			out = append(out, body...)
		case contract.HoldID:
			out = append(out, id...)
		case contract.HoldTimestamp:
			text, err := stamp(p.Arg)
			if err != nil {
				return nil, err
			}
			out = append(out, text...)
		default:
			out = append(out, p.Text...)
		}
	}
	return out, nil
}

// line writes the parts of a template for a header's value.
func line(parts []contract.Part, mac, id string, stamp stampFunc) (string, error) {
	var b strings.Builder
	for _, p := range parts {
		switch p.Name {
		case contract.HoldMAC:
			b.WriteString(mac)
		case contract.HoldID:
			b.WriteString(id)
		case contract.HoldTimestamp:
			text, err := stamp(p.Arg)
			if err != nil {
				return "", err
			}
			b.WriteString(text)
		default:
			b.WriteString(p.Text)
		}
	}
	return b.String(), nil
}

// Content is what the contract signs of a body that is sent with an id at a moment.
func (s *Signer) Content(id string, at time.Time, body []byte) ([]byte, error) {
	return content(s.signed, body, id, stampAt(at, Stamp{}))
}

// MAC is the right signature of a content, in bytes.
func (s *Signer) MAC(content []byte) []byte { return sum(sha256.New, s.current, content) }

// Header is the signature header's value for a body that is sent with an id at a moment.
func (s *Signer) Header(id string, at time.Time, body []byte) (string, error) {
	signed, err := s.Content(id, at, body)
	if err != nil {
		return "", err
	}
	return line(s.format, encode(s.c.Signature, s.MAC(signed)), id, stampAt(at, Stamp{}))
}

// CanSign says why a signature cannot be made that way: no previous key, or a key that
// cannot be derived like that, or an unknown mode, or a way that is the contract's own and
// so no variant of it. It is nil when it can.
func (s *Signer) CanSign(sg Sign) error {
	if sg.Mode == SignAlgorithm {
		_, err := s.variant(sg.Algorithm, nil)
		return err
	}
	_, err := s.one(sg, nil)
	return err
}

// encode writes a MAC as the contract does.
func encode(c contract.Signature, mac []byte) string { return encodeAs(c.Encoding, mac) }

func encodeAs(encoding string, mac []byte) string {
	if encoding == encodingBase64 {
		return base64.StdEncoding.EncodeToString(mac)
	}
	return hex.EncodeToString(mac)
}

// The signatures that the package can make: the names a contract uses for them.
const (
	algorithmHMAC  = "hmac-sha256"
	encodingHex    = "hex"
	encodingBase64 = "base64"
)
