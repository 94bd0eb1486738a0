package verifiers

import (
	"bytes"
	"crypto/hmac"
	"crypto/sha1" //nolint:gosec // it is what one verifier still accepts
	"crypto/sha256"
	"crypto/sha512"
	"encoding/base64"
	"encoding/hex"
	"hash"
	"net/http"
	"slices"
	"strconv"
	"testing"
	"time"
)

func mac(h func() hash.Hash, key string, parts ...string) []byte {
	m := hmac.New(h, []byte(key))
	for _, p := range parts {
		m.Write([]byte(p))
	}
	return m.Sum(nil)
}

func header(pairs ...string) http.Header {
	h := http.Header{}
	for pair := range slices.Chunk(pairs, 2) {
		h.Add(pair[0], pair[1])
	}
	return h
}

// TestLenient names where a published verifier accepts what nobody with the key has signed as
// the contract says: what a receiver must do beside calling it. A case that fails has been
// mended by the provider, and is to be removed.
func TestLenient(t *testing.T) {
	t.Parallel()
	const (
		body = `{"type":"event","id":"whe_1","data":{"type":"session.updated","id":"sesn_1"}}`
		id   = "msg_1"
	)
	raw, err := base64.StdEncoding.DecodeString(withoutPrefix(key))
	if err != nil {
		t.Fatal(err)
	}
	now := strconv.FormatInt(time.Now().Unix(), 10)
	future := strconv.FormatInt(time.Now().Add(365*24*time.Hour).Unix(), 10)
	standard := func(prefix, format, key string) http.Header {
		sum := base64.StdEncoding.EncodeToString(mac(sha256.New, key, id, ".", now, ".", body))
		return header(prefix+"id", id, prefix+"timestamp", now, prefix+"signature", format+sum)
	}
	stripe := func(t, key string) http.Header {
		return header("Stripe-Signature", "t="+t+",v1="+hex.EncodeToString(mac(sha256.New, key, t, ".", body)))
	}
	github := func(name, label string, h func() hash.Hash, key string) http.Header {
		return header("Content-Type", "application/json", name, label+hex.EncodeToString(mac(h, key, body)))
	}
	for name, tt := range map[string]struct {
		verify  verifier
		key     string
		header  http.Header
		lenient bool
	}{
		// A receiver whose key is missing must not start, or an empty key opens it to everybody.
		"anthropic-sdk-go takes whsec_ for an empty key":  {verifyAnthropic, "whsec_", standard("webhook-", "v1,", ""), true},
		"anthropic-sdk-go refuses no key":                 {verifyAnthropic, "", standard("webhook-", "v1,", ""), false},
		"standard-webhooks takes an empty key":            {verifyStandard, "", standard("webhook-", "v1,", ""), true},
		"standard-webhooks takes whsec_ for an empty key": {verifyStandard, "whsec_", standard("webhook-", "v1,", ""), true},
		"svix takes an empty key":                         {verifySvix, "", standard("svix-", "v1,", ""), true},
		"svix takes whsec_ for an empty key":              {verifySvix, "whsec_", standard("svix-", "v1,", ""), true},
		"stripe-go takes an empty key":                    {verifyStripe, "", stripe(now, ""), true},
		"go-github takes an empty key":                    {verifyGitHub, "", github("X-Hub-Signature-256", "sha256=", sha256.New, ""), true},
		"openai-go refuses whsec_ alone":                  {verifyOpenAI, "whsec_", standard("webhook-", "v1,", ""), false},
		"openai-go refuses no key":                        {verifyOpenAI, "", standard("webhook-", "v1,", ""), false},
		"slack-go refuses no key": {
			verifySlack, "",
			header("X-Slack-Request-Timestamp", now, "X-Slack-Signature", "v0="+hex.EncodeToString(mac(sha256.New, "", "v0:", now, ":", body))), false,
		},
		// It says so: for development.
		"go-github asks for no signature without a key": {verifyGitHub, "", header("Content-Type", "application/json"), true},

		// GitHub sends SHA-1 beside SHA-256; a receiver that wants the stronger one alone says so itself.
		"go-github takes the SHA-1 header":              {verifyGitHub, key, github("X-Hub-Signature", "sha1=", sha1.New, key), true},
		"go-github takes SHA-1 in the SHA-256 header":   {verifyGitHub, key, github("X-Hub-Signature-256", "sha1=", sha1.New, key), true},
		"go-github takes SHA-512 in the SHA-256 header": {verifyGitHub, key, github("X-Hub-Signature-256", "sha512=", sha512.New, key), true},

		// A captured event stays good for as long as its stamp is ahead; only the key's owner can make one.
		"stripe-go takes a stamp a year ahead": {verifyStripe, key, stripe(future, key), true},

		// The two derivations of a whsec_ key are told apart by its prefix alone.
		"openai-go takes a key without whsec_ as it stands":  {verifyOpenAI, withoutPrefix(key), standard("webhook-", "v1,", withoutPrefix(key)), true},
		"openai-go takes a signature without its version":    {verifyOpenAI, key, standard("webhook-", "", string(raw)), true},
		"standard-webhooks refuses one without its version":  {verifyStandard, key, standard("webhook-", "", string(raw)), false},
		"svix takes webhook- headers in place of svix- ones": {verifySvix, key, standard("webhook-", "v1,", string(raw)), true},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			if err := tt.verify(tt.key, tt.header, []byte(body)); (err == nil) != tt.lenient {
				t.Errorf("%v", err)
			}
			changed := bytes.Replace([]byte(body), []byte("sesn_1"), []byte("sesn_2"), 1)
			if err := tt.verify(tt.key, tt.header, changed); err == nil && name != "go-github asks for no signature without a key" {
				t.Error("another body is accepted")
			}
		})
	}
}
