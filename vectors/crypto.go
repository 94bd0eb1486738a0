package vectors

import (
	"crypto/hmac"
	"crypto/sha1" //nolint:gosec // as above
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"fmt"
	"hash"
	"maps"
	"slices"

	"hookdrill/contract"
	"hookdrill/mockclaude"
)

// What is wrong on purpose is made here; what is right, by mock Claude's signer.

func sha256New() hash.Hash { return sha256.New() }

func sha1New() hash.Hash { return sha1.New() } //nolint:gosec // HMAC-SHA1 is a forgery here, and what GitHub once used

func macOf(h func() hash.Hash, key, content []byte) []byte {
	m := hmac.New(h, key)
	m.Write(content)
	return m.Sum(nil)
}

func plainSum(parts ...[]byte) []byte {
	h := sha256.New()
	for _, p := range parts {
		h.Write(p)
	}
	return h.Sum(nil)
}

// write writes a MAC as the scheme does.
func (m *maker) write(mac []byte) string {
	if m.c.Signature.Encoding == "base64" {
		return base64Of(mac)
	}
	return hexOf(mac)
}

func base64Of(raw []byte) string { return base64.StdEncoding.EncodeToString(raw) }

func hexOf(raw []byte) string { return hex.EncodeToString(raw) }

func unbase64(text string) ([]byte, error) {
	raw, err := base64.StdEncoding.DecodeString(text)
	if err != nil {
		return nil, fmt.Errorf("decode base64: %w", err)
	}
	return raw, nil
}

func unhex(text string) ([]byte, error) {
	raw, err := hex.DecodeString(text)
	if err != nil {
		return nil, fmt.Errorf("decode hex: %w", err)
	}
	return raw, nil
}

// contractKey is the bytes that a contract makes of a secret.
func contractKey(c *contract.Contract, key string) ([]byte, error) {
	raw, err := mockclaude.DeriveKey(c.Key, []byte(key))
	if err != nil {
		return nil, fmt.Errorf("derive key: %w", err)
	}
	return raw, nil
}

func sortedKeys[T any](m map[string]T) []string { return slices.Sorted(maps.Keys(m)) }
