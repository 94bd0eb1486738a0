package reference

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"net/http"
)

// signatureHeader carries the lower-case hex HMAC-SHA256 of the raw body.
const signatureHeader = "X-Claude-Signature"

// signatureOf returns the one signature that a request carries. None, an empty
// one and several are no signature.
func signatureOf(header http.Header) (string, bool) {
	values := header.Values(signatureHeader)
	if len(values) != 1 || values[0] == "" {
		return "", false
	}
	return values[0], true
}

// verify reports whether signature was made over body with one of the keys. It
// tries every key, whatever it finds, so that the time says nothing about
// which of them matched.
func verify(keys [][]byte, body []byte, signature string) bool {
	matched := false
	for _, key := range keys {
		mac := hmac.New(sha256.New, key)
		mac.Write(body)
		expected := hex.AppendEncode(nil, mac.Sum(nil))
		if hmac.Equal(expected, []byte(signature)) {
			matched = true
		}
	}
	return matched
}
