package verifiers

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"errors"
	"net/http"
	"time"
)

// Neither Shopify nor Sentry publishes a verifier in Go, and the guide's contract is nobody's
// library. These follow the examples of their documentation line by line, and share nothing
// with the sender.

var errSignature = errors.New("wrong signature")

// documentedShopify is the example of "Validate the origin of your webhook": the base64 of the
// HMAC-SHA256 of the raw body with the app's client secret, in X-Shopify-Hmac-SHA256.
func documentedShopify(key string, header http.Header, body []byte) error {
	digest := hmac.New(sha256.New, []byte(key))
	digest.Write(body)
	calculated := base64.StdEncoding.EncodeToString(digest.Sum(nil))
	if key == "" || !hmac.Equal([]byte(calculated), []byte(header.Get("X-Shopify-Hmac-Sha256"))) {
		return errSignature
	}
	return nil
}

// documentedSentry is the example of "Verifying the Signature": the hex of the HMAC-SHA256 of
// the body with the integration's client secret, in Sentry-Hook-Signature.
func documentedSentry(key string, header http.Header, body []byte) error {
	digest := hmac.New(sha256.New, []byte(key))
	digest.Write(body)
	expected := hex.EncodeToString(digest.Sum(nil))
	if key == "" || !hmac.Equal([]byte(expected), []byte(header.Get("Sentry-Hook-Signature"))) {
		return errSignature
	}
	return nil
}

// documentedClaude is what the guide asks for: the lower-case hex of the HMAC-SHA256 of the raw
// body with the whole secret string, and a timestamp in the body that is at most 300 s off.
func documentedClaude(key string, header http.Header, body []byte) error {
	digest := hmac.New(sha256.New, []byte(key))
	digest.Write(body)
	expected := hex.EncodeToString(digest.Sum(nil))
	if key == "" || !hmac.Equal([]byte(expected), []byte(header.Get("X-Claude-Signature"))) {
		return errSignature
	}
	var event struct{ Timestamp time.Time }
	if err := json.Unmarshal(body, &event); err != nil {
		return err
	}
	if time.Since(event.Timestamp).Abs() > 300*time.Second {
		return errors.New("too old, or from the future")
	}
	return nil
}
