package zoo

import (
	"crypto/hmac"
	"encoding/hex"
	"encoding/json"
	"net/http"
	"strings"
	"time"
)

// stripeSignature is what Stripe-Signature holds.
type stripeSignature struct {
	at   string
	macs []string // those of the versions that are taken, in their order
}

// readStripe reads the header; the signatures of other versions are left out.
func readStripe(r *http.Request, versions ...string) stripeSignature {
	var s stripeSignature
	for entry := range strings.SplitSeq(r.Header.Get("Stripe-Signature"), ",") {
		name, value, _ := strings.Cut(strings.TrimSpace(entry), "=")
		if name == "t" {
			s.at = value
		}
		for _, v := range versions {
			if name == v {
				s.macs = append(s.macs, value)
			}
		}
	}
	return s
}

// stripeVerify is the step verify for signatures that see reads.
func (rc *receiver) stripeVerify(see func(*http.Request) stripeSignature) step {
	return func(d *delivery) *answer {
		s := see(d.r)
		for _, given := range s.macs {
			mac, err := hex.DecodeString(given)
			if err != nil || strings.ToLower(given) != given {
				continue
			}
			for _, key := range rc.keys {
				if hmac.Equal(mac, sum(key, []byte(s.at+"."+string(d.body)))) {
					return nil
				}
			}
		}
		return forged()
	}
}

// speakStripe makes the receiver one for Stripe. Its key is the whole secret.
func (rc *receiver) speakStripe() {
	see := func(r *http.Request) stripeSignature { return readStripe(r, "v1") }
	rc.verify = rc.stripeVerify(see)
	rc.parse = parseStripe
	rc.when = func(d *delivery) (time.Time, bool) { return unixTime(see(d.r).at) }
	rc.ahead = 100 * 365 * 24 * time.Hour // the contract bounds the past alone
	fresh := rc.fresh
	rc.fresh = func(d *delivery) *answer {
		created := d.event.at
		a := fresh(d)
		d.event.at = created // when it happened, for the order of events
		return a
	}
}

func parseStripe(d *delivery) *answer {
	if err := json.Unmarshal(d.body, &d.fields); err != nil || d.fields == nil {
		return say(http.StatusBadRequest, "body is no JSON object")
	}
	var okID, okType bool
	d.event.id, okID = text(d.fields["id"])
	d.event.kind, okType = text(d.fields["type"])
	created, okTime := unixTime(string(d.fields["created"]))
	if !okID || !okType || !okTime || d.event.id == "" || d.event.kind == "" {
		return say(http.StatusBadRequest, "id, type or created missing or malformed")
	}
	d.event.at = created
	d.event.state = afterLastDot(d.event.kind)
	d.event.task, _ = text(object(object(d.fields["data"])["object"])["id"])
	return nil
}

func stripeAnimals() []Animal {
	return of(contractStripe,
		Animal{Name: "stripe-correct", Style: "is for Stripe: a list of v1 signatures over time and body"},
		Animal{
			Name: "stripe-first-signature-only", Defect: "only the first v1 of Stripe's list is looked at",
			Catches: ids("SIG-16", "SIG-20"), PreviousKey: true,
			breed: func(rc *receiver) {
				rc.keys = rc.keys[:1]
				rc.verify = rc.stripeVerify(func(r *http.Request) stripeSignature {
					s := readStripe(r, "v1")
					s.macs = s.macs[:min(1, len(s.macs))]
					return s
				})
			},
		},
		Animal{
			Name: "stripe-takes-any-version", Defect: "a right MAC is taken under the labels v0 and v2 as well",
			Catches: ids("SIG-21"), Also: holes(),
			breed: func(rc *receiver) {
				rc.verify = rc.stripeVerify(func(r *http.Request) stripeSignature { return readStripe(r, "v0", "v1", "v2") })
			},
		},
		Animal{
			Name: "stripe-time-not-checked", Defect: "t is part of what is verified, and is never compared with the clock",
			Catches: ids("RPL-01"), Also: holes("RPL-04", "RPL-05"),
			breed: func(rc *receiver) { rc.fresh = func(*delivery) *answer { return nil } },
		},
		Animal{
			Name: "stripe-key-decoded", Defect: "what follows whsec_ in Stripe's secret is decoded, and is not the key",
			Catches: ids("SIG-01"),
			breed: func(rc *receiver) {
				for i, key := range rc.keys {
					rc.keys[i] = decoded(key)
				}
			},
		},
	)
}
