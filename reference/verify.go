package reference

import (
	"crypto/hmac"
	"crypto/sha256"
	"crypto/subtle"
	"io"
	"net/http"
)

// claim is what a request's headers claim, before anything of it is believed.
type claim struct {
	// id and stamp are the delivery's, where headers that are signed carry them.
	id, stamp string
	// before is what is signed ahead of the raw body.
	before string
	// macs are the signatures, written as the sender writes them. One that is
	// right suffices: during a rotation the sender signs with both keys.
	macs []string
}

// one returns a header that must be there once. None, an empty one and several
// are none: which of several counts is what an attacker would like to choose.
func one(header http.Header, name string) (string, bool) {
	values := header.Values(name)
	if len(values) != 1 || values[0] == "" {
		return "", false
	}
	return values[0], true
}

// verify reports whether one of the signatures was made over the body with one
// of the keys. It tries every pair, whatever it finds, so that the time says
// nothing about which of them matched. A long list costs a comparison an entry,
// and no further MAC.
func verify(keys [][]byte, encode func([]byte) []byte, claimed claim, body []byte) bool {
	matched := 0
	for _, key := range keys {
		mac := hmac.New(sha256.New, key)
		_, _ = io.WriteString(mac, claimed.before) // a hash takes everything
		mac.Write(body)
		expected := encode(mac.Sum(nil))
		for _, given := range claimed.macs {
			matched |= subtle.ConstantTimeCompare(expected, []byte(given))
		}
	}
	return matched == 1
}
