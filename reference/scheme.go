package reference

import (
	"encoding/base64"
	"encoding/hex"
	"net/http"
	"strings"
)

func hexMAC(mac []byte) []byte    { return hex.AppendEncode(nil, mac) } // lower case
func base64MAC(mac []byte) []byte { return base64.StdEncoding.AppendEncode(nil, mac) }

// bodyMAC is the scheme of a header with one signature over the body alone,
// after a prefix, which may be none.
func bodyMAC(name, prefix string) func(http.Header) (claim, bool) {
	return func(header http.Header) (claim, bool) {
		value, ok := one(header, name)
		if !ok {
			return claim{}, false
		}
		mac, labelled := strings.CutPrefix(value, prefix)
		if !labelled {
			return claim{}, true // a signature, of which none can be right
		}
		return claim{macs: []string{mac}}, true
	}
}

// standardWebhooks is the scheme of Standard Webhooks, in headers that begin
// with prefix: "id.timestamp.body" is signed, and the signature is a list of
// "v1,MAC" separated by spaces. The list also holds what other versions make of
// the same delivery (v1a is Ed25519), and perhaps what nobody has heard of yet:
// entries of other versions, and those without a comma, are passed over, never
// a reason to refuse.
func standardWebhooks(prefix string) func(http.Header) (claim, bool) {
	return func(header http.Header) (claim, bool) {
		id, okID := one(header, prefix+"-id")
		stamp, okStamp := one(header, prefix+"-timestamp")
		list, okList := one(header, prefix+"-signature")
		if !okID || !okStamp || !okList {
			return claim{}, false
		}
		claimed := claim{id: id, stamp: stamp, before: id + "." + stamp + "."}
		for entry := range strings.SplitSeq(list, " ") { // of two spaces together one is an empty entry
			if version, mac, found := strings.Cut(entry, ","); found && version == "v1" {
				claimed.macs = append(claimed.macs, mac)
			}
		}
		return claimed, true
	}
}

// stripeList is the scheme of Stripe: "t=SECONDS,v1=MAC,v1=MAC", of which
// "t.body" is signed. v0 is for test events and is passed over like anything
// else: who took it would take what anybody can make.
func stripeList(header http.Header) (claim, bool) {
	value, ok := one(header, "Stripe-Signature")
	if !ok {
		return claim{}, false
	}
	var claimed claim
	stamps := 0
	for entry := range strings.SplitSeq(value, ",") {
		switch name, text, _ := strings.Cut(strings.TrimSpace(entry), "="); name {
		case "t":
			claimed.stamp = text
			stamps++
		case "v1":
			claimed.macs = append(claimed.macs, text)
		}
	}
	if stamps != 1 { // of two, one was not signed
		return claim{}, true
	}
	claimed.before = claimed.stamp + "."
	return claimed, true
}

// slackV0 is the scheme of Slack: "v0=MAC" over "v0:SECONDS:body", the seconds
// in a header of their own.
func slackV0(header http.Header) (claim, bool) {
	value, okValue := one(header, "X-Slack-Signature")
	stamp, okStamp := one(header, "X-Slack-Request-Timestamp")
	if !okValue || !okStamp {
		return claim{}, false
	}
	claimed := claim{stamp: stamp, before: "v0:" + stamp + ":"}
	if mac, labelled := strings.CutPrefix(value, "v0="); labelled {
		claimed.macs = []string{mac}
	}
	return claimed, true
}
