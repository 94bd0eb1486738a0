package conformance

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"io"
	"net/http"
)

// right reports whether a request bears the right signature.
func right(r *http.Request, key string) bool {
	body, err := io.ReadAll(r.Body)
	m := hmac.New(sha256.New, []byte(key))
	m.Write(body)
	return err == nil && r.Header.Get("X-Claude-Signature") == hex.EncodeToString(m.Sum(nil))
}
