package zoo

import (
	"crypto/hmac"
	"crypto/md5"  //nolint:gosec // the defect
	"crypto/sha1" //nolint:gosec // the defect
	"crypto/sha256"
	"crypto/sha512"
	"encoding/base64"
	"encoding/hex"
	"fmt"
	"io"
	"net/http"
	"strings"
)

func sigSymptoms() map[string]symptom {
	random := takesForged(func(string) string { return strings.Repeat("0f", 32) })
	plain := func() string { return fresh("evt_1") }
	return map[string]symptom{
		"signature-not-checked":      random,
		"missing-header-skips-check": taken(plain, unsigned()),
		"trusts-forwarded-for":       taken(plain, unsigned(), with("X-Forwarded-For", "127.0.0.1")),
		"debug-parameter-trusted":    taken(plain, unsigned(), func(r *http.Request) { r.URL.RawQuery = "debug=1" }),
		"login-page-for-forgeries": func(s *sender) bool {
			return s.send(fresh("evt_1"), unsigned()).status == http.StatusFound
		},
		"signature-shape-only":      random,
		"lengths-compared":          random,
		"prefix-accepted":           cutTo(32),
		"eight-characters-compared": cutTo(8),
		"suffix-ignored":            takesForged(func(b string) string { return sign(testKey, []byte(b)) + "0" }),
		"hex-decoded-leniently":     takesForged(func(b string) string { return sign(testKey, []byte(b)) + "0" }),
		"seen-signatures-accepted": func(s *sender) bool {
			other := fresh("evt_other")
			s.send(other)
			return s.send(fresh("evt_1"), signed(testKey, other)).ok()
		},
		"key-decoded": func(s *sender) bool {
			body := fresh("evt_1")
			key, _ := base64.StdEncoding.DecodeString(strings.TrimPrefix(testKey, "whsec_"))
			return s.send(body).refused() && s.send(body, signed(string(key), body)).ok()
		},
		"base64-expected": func(s *sender) bool {
			body := fresh("evt_1")
			return s.send(body, with(signatureHeader, base64.StdEncoding.EncodeToString(sum(testKey, []byte(body))))).ok()
		},
		"previous-key-refused": func(s *sender) bool {
			body := fresh("evt_1")
			return s.send(body).ok() && s.send(body, signed("whsec_previous", body)).refused()
		},
		"empty-key-accepted":       keyedBy(""),
		"undefined-key-accepted":   keyedBy("undefined"),
		"placeholder-key-accepted": keyedBy("whsec_..."),
		"test-key-accepted":        keyedBy("test"),
		"sha1-accepted": takesForged(func(b string) string {
			h := hmac.New(sha1.New, []byte(testKey))
			_, _ = io.WriteString(h, b)
			return hex.EncodeToString(h.Sum(nil))
		}),
		"algorithm-from-header": func(s *sender) bool {
			body := fresh("evt_1")
			h := hmac.New(sha1.New, []byte(testKey))
			_, _ = io.WriteString(h, body)
			mac := with(signatureHeader, hex.EncodeToString(h.Sum(nil)))
			return s.send(body, mac).refused() && s.send(body, mac, with("X-Claude-Signature-Algorithm", "sha1")).ok()
		},
		"md5-accepted": takesForged(func(b string) string {
			h := hmac.New(md5.New, []byte(testKey))
			_, _ = io.WriteString(h, b)
			return hex.EncodeToString(h.Sum(nil))
		}),
		"sha512-accepted": takesForged(func(b string) string {
			h := hmac.New(sha512.New, []byte(testKey))
			_, _ = io.WriteString(h, b)
			return hex.EncodeToString(h.Sum(nil))
		}),
		"unkeyed-hash-accepted": takesForged(func(b string) string { return fmt.Sprintf("%x", sha256.Sum256([]byte(b))) }),
		"key-prepended-accepted": takesForged(func(b string) string {
			return fmt.Sprintf("%x", sha256.Sum256([]byte(testKey+b)))
		}),
		"signature-from-query": func(s *sender) bool {
			body := fresh("evt_1")
			return s.send(body, unsigned(), func(r *http.Request) {
				r.URL.RawQuery = "signature=" + sign(testKey, []byte(body))
			}).ok()
		},
		"signature-from-any-header": func(s *sender) bool {
			body := fresh("evt_1")
			return s.send(body, unsigned(), with("X-Hub-Signature-256", "sha256="+sign(testKey, []byte(body)))).ok()
		},
		"header-name-case-sensitive": func(s *sender) bool {
			body := fresh("evt_1")
			return s.raw(strings.Replace(s.text(body), signatureHeader, strings.ToLower(signatureHeader), 1))[0] == http.StatusUnauthorized
		},
	}
}
