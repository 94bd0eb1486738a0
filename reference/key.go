package reference

import (
	"encoding/base64"
	"errors"
	"fmt"
	"strings"
)

// keyPrefix begins a secret of Standard Webhooks. Stripe and the contract
// claude use the same letters and mean something else by them.
const keyPrefix = "whsec_"

// Bounds of a decoded key, in bytes, by the specification of Standard Webhooks.
const (
	minKey = 24
	maxKey = 64
)

// wholeKey takes a secret as it is, in UTF-8; a prefix is part of it.
func wholeKey(secret string) ([]byte, error) {
	if secret == "" {
		return nil, errors.New("is empty")
	}
	return []byte(secret), nil
}

// decodedKey decodes what follows whsec_. A secret that cannot be decoded must
// end the program: taken as it is, it would refuse every delivery.
func decodedKey(secret string) ([]byte, error) {
	switch {
	case secret == "":
		return nil, errors.New("is empty")
	case strings.TrimSpace(secret) != secret:
		return nil, errors.New("begins or ends with white space: take it out")
	}
	text, found := strings.CutPrefix(secret, keyPrefix)
	if !found {
		return nil, errors.New("does not begin with whsec_: copy the signing secret whole, prefix included")
	}
	key, err := base64.StdEncoding.Strict().DecodeString(text)
	if err != nil {
		if _, err := base64.RawStdEncoding.Strict().DecodeString(text); err == nil {
			return nil, errors.New("lacks = at its end: copy the signing secret whole")
		}
		return nil, errors.New("is no base64 after whsec_: copy the signing secret whole") // the decoder's error counts characters of it
	}
	if len(key) < minKey || len(key) > maxKey {
		return nil, fmt.Errorf("holds %d bytes after decoding, want %d to %d: it is no signing secret of this sender", len(key), minKey, maxKey)
	}
	return key, nil
}
