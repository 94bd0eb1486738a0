package zoo

import (
	"bytes"
	"crypto/hmac"
	"crypto/md5"  //nolint:gosec // what a careless receiver takes
	"crypto/sha1" //nolint:gosec // what a careless receiver takes
	"crypto/sha256"
	"crypto/sha512"
	"encoding/base64"
	"encoding/hex"
	"hash"
	"net"
	"net/http"
	"slices"
	"strings"
	"sync"
)

// A receiver that takes a forgery gives it an effect too, so every one of them
// lists these: an effect of what should have been refused (SIG-14), and of what
// was never sent (LED-02).
func holes(more ...string) []string { return append(ids("SIG-14", "LED-02"), more...) }

// noVerification are the receivers that some or all requests enter unverified.
func noVerification() []Animal {
	return []Animal{
		{
			Name: "signature-not-checked", Defect: "the signature is never looked at",
			Catches: append(span("SIG", 2, 10), "SIG-17", "RPL-08"),
			Also:    holes(),
			// Any place will do for a signature that is not read; what is not
			// verified is parsed.
			Advice: ids("SIG-11", "SIG-15", "SIG-18"),
			breed:  func(rc *receiver) { rc.verify = func(*delivery) *answer { return nil } },
		},
		{
			Name: "missing-header-skips-check", Defect: "the signature is checked only if the header is there",
			Catches: ids("SIG-02", "SIG-17"),
			// Empty and blank values are as good as no header.
			Also:   holes("SIG-06", "SIG-07"),
			Advice: ids("SIG-11", "SIG-15", "SIG-18"),
			breed: func(rc *receiver) {
				rc.verify = func(d *delivery) *answer {
					if rc.signature(d) == "" {
						return nil
					}
					return rc.verified(d)
				}
			},
		},
		{
			Name: "trusts-forwarded-for", Defect: "requests that claim to come from 127.0.0.1 are not verified",
			Catches: ids("SIG-17"),
			Also:    holes(),
			breed: func(rc *receiver) {
				rc.verify = func(d *delivery) *answer {
					for _, name := range []string{"X-Forwarded-For", "X-Real-Ip", "X-Client-Ip", "True-Client-Ip", "X-Originating-Ip"} {
						first, _, _ := strings.Cut(d.r.Header.Get(name), ",")
						if ip := net.ParseIP(strings.TrimSpace(first)); ip != nil && ip.IsLoopback() {
							return nil
						}
					}
					return rc.verified(d)
				}
			},
		},
		{
			Name: "debug-parameter-trusted", Defect: "with debug=1 in the query string nothing is verified",
			Catches: ids("SIG-17"),
			Also:    holes(),
			breed: func(rc *receiver) {
				rc.verify = func(d *delivery) *answer {
					if d.r.URL.Query().Get("debug") == "1" {
						return nil
					}
					return rc.verified(d)
				}
			},
		},
		{
			Name: "login-page-for-forgeries", Defect: "the login middleware redirects a forged delivery to a page that says 200",
			Catches: ids("SIG-02", "SIG-03", "SIG-04", "SIG-05"),
			// The same redirect answers every other forgery: it is no 4xx.
			Also:   ids("SIG-06", "SIG-07", "SIG-08", "SIG-09", "SIG-10", "SIG-17", "RPL-08", "RAW-09"),
			Advice: ids("SIG-11", "SIG-15", "SIG-18"),
			breed: func(rc *receiver) {
				rc.verify = func(d *delivery) *answer {
					if rc.verified(d) == nil {
						return nil
					}
					d.w.Header().Set("Location", "/login?next="+path)
					return say(http.StatusFound, "log in first")
				}
			},
		},
	}
}

// weakComparison are the receivers that compare signatures wrongly.
func weakComparison() []Animal {
	return []Animal{
		{
			Name: "signature-shape-only", Defect: "any 64 hexadecimal digits are taken for a signature",
			Catches: append(span("SIG", 3, 5), "SIG-08", "SIG-09", "SIG-10", "RPL-08"),
			Also:    holes(),
			Advice:  ids("SIG-15"),
			breed: func(rc *receiver) {
				rc.match = func(_ []byte, given string) bool {
					mac, err := hex.DecodeString(given)
					return err == nil && len(mac) == sha256.Size
				}
			},
		},
		{
			Name: "lengths-compared", Defect: "only the lengths of the two signatures are compared",
			Catches: append(span("SIG", 3, 5), "SIG-08", "SIG-09", "SIG-10", "RPL-08"),
			// A value of the right length that is not hexadecimal gets in.
			Also:   holes("SIG-07"),
			Advice: ids("SIG-15"),
			breed: func(rc *receiver) {
				rc.match = func(_ []byte, given string) bool { return len(given) == 2*sha256.Size }
			},
		},
		{
			Name: "prefix-accepted", Defect: "a signature that the right one starts with is taken",
			Catches: ids("SIG-06"),
			Also:    holes("SIG-07"), // one character is right once in sixteen
			breed: func(rc *receiver) {
				rc.match = func(body []byte, given string) bool {
					return strings.HasPrefix(sign(rc.keys[0], body), given)
				}
			},
		},
		{
			Name: "suffix-ignored", Defect: "whatever follows the right signature is ignored",
			Catches: ids("SIG-06"),
			Also:    holes(),
			breed: func(rc *receiver) {
				rc.match = func(body []byte, given string) bool {
					return strings.HasPrefix(given, sign(rc.keys[0], body))
				}
			},
		},
		{
			Name: "eight-characters-compared", Defect: "only the first eight characters are compared",
			Catches: ids("SIG-06"),
			Also:    holes(),
			breed: func(rc *receiver) {
				rc.match = func(body []byte, given string) bool {
					return len(given) >= 8 && given[:8] == sign(rc.keys[0], body)[:8]
				}
			},
		},
		{
			Name: "hex-decoded-leniently", Defect: "decoding stops at the first character that is not hexadecimal, as Node's Buffer.from does",
			Catches: ids("SIG-06"), // the right one with a character added
			Also:    holes(),
			breed: func(rc *receiver) {
				rc.match = func(body []byte, given string) bool {
					n := len(given)
					if i := strings.IndexFunc(given, func(r rune) bool { return !strings.ContainsRune("0123456789abcdefABCDEF", r) }); i >= 0 {
						n = i
					}
					return rc.matches(body, given[:n-n%2])
				}
			},
		},
		{
			Name: "seen-signatures-accepted", Defect: "a signature that was right once is right for every body, by a cache",
			// The signature has to be one that the receiver took before.
			Catches: ids("SIG-08"),
			Also:    holes("SIG-05", "RPL-08"),
			Advice:  ids("SIG-15"),
			breed: func(rc *receiver) {
				var seen sync.Map
				rc.match = func(body []byte, given string) bool {
					if rc.matches(body, given) {
						seen.Store(given, true)
						return true
					}
					_, ok := seen.Load(given)
					return ok
				}
			},
		},
	}
}

// wrongKeyOrAlgorithm are the receivers that verify with another key or by
// another algorithm, or with them as well.
func wrongKeyOrAlgorithm() []Animal {
	list := []Animal{
		{
			Name: "key-decoded", Defect: "the key is taken for whsec_ and base64, as other senders write it",
			Catches: ids("SIG-01"),
			// No valid event gets in, so nothing that needs one can be shown.
			breed: func(rc *receiver) {
				rc.keys = []string{leniently(strings.TrimPrefix(rc.keys[0], "whsec_"))}
			},
		},
		{
			Name: "base64-expected", Defect: "the signature is expected in base64",
			Catches: ids("SIG-01"),
			breed: func(rc *receiver) {
				rc.match = func(body []byte, given string) bool {
					mac, err := base64.StdEncoding.DecodeString(given)
					return err == nil && hmac.Equal(mac, sum(rc.keys[0], body))
				}
			},
		},
		{
			Name: "previous-key-refused", Defect: "the previous key stops counting the moment it is replaced",
			PreviousKey: true,
			Catches:     ids("SIG-16"),
			breed:       func(rc *receiver) { rc.keys = rc.keys[:1] },
		},
		acceptsToo("empty-key-accepted", "an event signed with an empty key is taken", ids("SIG-09"),
			func(_ string, body []byte) string { return sign("", body) }),
		acceptsToo("undefined-key-accepted", "the key of an unset variable, the word undefined, counts", ids("SIG-09"),
			func(_ string, body []byte) string { return sign("undefined", body) }),
		acceptsToo("placeholder-key-accepted", "the guide's placeholder whsec_... was left in the list of keys", ids("SIG-09"),
			func(_ string, body []byte) string { return sign("whsec_...", body) }),
		acceptsToo("test-key-accepted", "the key of the test environment was left in the list of keys", ids("SIG-09"),
			func(_ string, body []byte) string { return sign("test", body) }),
		acceptsToo("sha1-accepted", "an HMAC-SHA1 is taken too", ids("SIG-10"), keyed(sha1.New)),
		{
			Name: "algorithm-from-header", Defect: "the sender may name the algorithm, in a header that nobody signed",
			Catches: ids("SIG-10"),
			Also:    holes(),
			breed: func(rc *receiver) {
				rc.verify = func(d *delivery) *answer {
					if strings.EqualFold(d.r.Header.Get("X-Claude-Signature-Algorithm"), "sha1") && rc.signature(d) == keyed(sha1.New)(rc.keys[0], d.body) {
						return nil
					}
					return rc.verified(d)
				}
			},
		},
		acceptsToo("md5-accepted", "an HMAC-MD5 is taken too", ids("SIG-10"), keyed(md5.New)),
		acceptsToo("sha512-accepted", "an HMAC-SHA512 is taken too", ids("SIG-10"), keyed(sha512.New)),
		acceptsToo("unkeyed-hash-accepted", "a SHA-256 of the body, without any key, is taken too", ids("SIG-10"),
			func(_ string, body []byte) string {
				h := sha256.Sum256(body)
				return hex.EncodeToString(h[:])
			}),
		acceptsToo("key-prepended-accepted", "a SHA-256 of key and body, which can be extended, is taken too", ids("SIG-10"),
			func(key string, body []byte) string {
				h := sha256.Sum256(slices.Concat([]byte(key), body))
				return hex.EncodeToString(h[:])
			}),
	}
	return list
}

// acceptsToo is an animal that takes the right signature and one other.
func acceptsToo(name, defect string, catches []string, other func(key string, body []byte) string) Animal {
	return Animal{
		Name: name, Defect: defect, Catches: catches, Also: holes(),
		breed: func(rc *receiver) {
			rc.match = func(body []byte, given string) bool {
				return rc.matches(body, given) || hmac.Equal([]byte(given), []byte(other(rc.keys[0], body)))
			}
		},
	}
}

// keyed is the hexadecimal HMAC by a hash.
func keyed(h func() hash.Hash) func(key string, body []byte) string {
	return func(key string, body []byte) string {
		mac := hmac.New(h, []byte(key))
		mac.Write(body)
		return hex.EncodeToString(mac.Sum(nil))
	}
}

// leniently decodes base64 as Node does: what does not belong is skipped.
func leniently(s string) string {
	alphabet := "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/"
	kept := bytes.Map(func(r rune) rune {
		if strings.ContainsRune(alphabet, r) {
			return r
		}
		return -1
	}, []byte(s))
	if len(kept)%4 == 1 {
		kept = kept[:len(kept)-1]
	}
	out := make([]byte, base64.RawStdEncoding.DecodedLen(len(kept)))
	n, err := base64.RawStdEncoding.Decode(out, kept)
	if err != nil {
		return ""
	}
	return string(out[:n])
}

// wrongPlaceForSignature are the receivers that look for the signature in a
// place where the contract has none.
func wrongPlaceForSignature() []Animal {
	return []Animal{
		{
			Name: "signature-from-query", Defect: "a signature in the query string is taken, and query strings are logged everywhere",
			Catches: ids("SIG-11"),
			breed: func(rc *receiver) {
				rc.signature = func(d *delivery) string {
					if s := headerSignature(d); s != "" {
						return s
					}
					for _, values := range d.r.URL.Query() {
						if rc.match(d.body, values[0]) {
							return values[0]
						}
					}
					return ""
				}
			},
		},
		{
			Name: "signature-from-any-header", Defect: "a signature is taken from whichever header holds it",
			Catches: ids("SIG-11"),
			breed: func(rc *receiver) {
				rc.signature = func(d *delivery) string {
					if s := headerSignature(d); s != "" {
						return s
					}
					for _, values := range d.r.Header {
						s := values[0][strings.LastIndexAny(values[0], "= ,")+1:]
						if rc.match(d.body, s) {
							return s
						}
					}
					return ""
				}
			},
		},
		{
			Name: "header-name-case-sensitive", Defect: "the header is found only as X-Claude-Signature is spelt",
			Catches: ids("SIG-12"),
			front:   rawFront{exactNames: true}.open,
		},
	}
}
