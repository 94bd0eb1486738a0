package zoo

import (
	"crypto/tls"
	"crypto/x509"
	"encoding/json"
	"errors"
	"net"
	"net/http"
	"net/url"
	"strings"
	"time"
)

func tlsSymptoms() map[string]symptom {
	// untrusted is a refusal by the sender, for the reason that is meant.
	untrusted := func(why func(err error) bool) symptom {
		return func(s *sender) bool { return why(s.send(fresh("evt_1")).err) }
	}
	invalid := func(when string) symptom {
		return untrusted(func(err error) bool {
			bad, ok := errors.AsType[x509.CertificateInvalidError](err)
			return ok && bad.Reason == x509.Expired && strings.Contains(bad.Detail, when)
		})
	}
	unknown := func(selfSigned bool) symptom {
		return untrusted(func(err error) bool {
			bad, ok := errors.AsType[x509.UnknownAuthorityError](err)
			return ok && (bad.Cert.Issuer.String() == bad.Cert.Subject.String()) == selfSigned
		})
	}
	handshake := func(version uint16) symptom {
		return func(s *sender) bool {
			u, _ := url.Parse(s.server.URL)
			d := tls.Dialer{Config: &tls.Config{
				MinVersion: version, MaxVersion: version,
				InsecureSkipVerify: true, //nolint:gosec // it is about the version
			}}
			c, err := d.DialContext(s.t.Context(), "tcp", u.Host)
			if err != nil {
				return false
			}
			return c.Close() == nil
		}
	}
	return map[string]symptom{
		"plain-http-beyond-loopback": func(s *sender) bool {
			u, _ := url.Parse(s.server.URL)
			ip := net.ParseIP(u.Hostname())
			return u.Scheme == "http" && ip != nil && !ip.IsLoopback()
		},
		"certificate-self-signed":   unknown(true),
		"certificate-expired":       invalid("is after"),
		"certificate-not-yet-valid": invalid("is before"),
		"certificate-for-other-host": untrusted(func(err error) bool {
			_, ok := errors.AsType[x509.HostnameError](err)
			return ok
		}),
		"certificate-chain-incomplete": unknown(false),
		"tls-1.1-at-best": func(s *sender) bool {
			return handshake(tls.VersionTLS11)(s) && !handshake(tls.VersionTLS12)(s)
		},
		"tls-1.1-accepted": handshake(tls.VersionTLS11),
		"tls-1.0-accepted": handshake(tls.VersionTLS10),
		"certificate-expires-in-five-days": func(s *sender) bool {
			tr, _ := s.client.Transport.(*http.Transport)
			u, _ := url.Parse(s.server.URL)
			c, err := (&tls.Dialer{Config: tr.TLSClientConfig.Clone()}).DialContext(s.t.Context(), "tcp", u.Host)
			if err != nil {
				return false
			}
			defer func() { _ = c.Close() }()
			conn, _ := c.(*tls.Conn)
			return time.Until(conn.ConnectionState().PeerCertificates[0].NotAfter) < 14*day
		},
	}
}

func logSymptoms() map[string]symptom {
	after := func(wrong func(text, signature string) bool) symptom {
		return func(s *sender) bool {
			body := fresh("evt_1")
			s.send(body)
			s.send(body, with(signatureHeader, "00"))
			return wrong(logOf(s.t, s), sign(testKey, []byte(body)))
		}
	}
	return map[string]symptom{
		"log-holds-key":        after(func(text, _ string) bool { return strings.Contains(text, testKey) }),
		"log-holds-signatures": after(strings.Contains),
		"log-plain-text":       after(func(text, _ string) bool { return !json.Valid([]byte(strings.Split(text, "\n")[0])) }),
		"log-without-refusals": after(func(text, _ string) bool { return strings.Count(text, "\n") < 2 }),
	}
}
