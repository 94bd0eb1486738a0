package zoo

import (
	"crypto/hmac"
	"encoding/base64"
	"encoding/json"
	"net/http"
	"strings"
	"time"
)

// standardSigned is what Standard Webhooks signs.
func standardSigned(d *delivery) []byte {
	return []byte(d.r.Header.Get("webhook-id") + "." + d.r.Header.Get("webhook-timestamp") + "." + string(d.body))
}

// v1Signatures are the signatures of the list that are of version 1.
func v1Signatures(list string) []string {
	var macs []string
	for entry := range strings.FieldsSeq(list) {
		if mac, is := strings.CutPrefix(entry, "v1,"); is {
			macs = append(macs, mac)
		}
	}
	return macs
}

// standardVerify is the step verify for a reading of the list and of what is
// signed.
func (rc *receiver) standardVerify(list func(string) []string, signed func(*delivery) []byte) step {
	return func(d *delivery) *answer {
		h := d.r.Header
		if h.Get("webhook-id") == "" || h.Get("webhook-timestamp") == "" {
			return forged()
		}
		for _, given := range list(h.Get("webhook-signature")) {
			for _, secret := range rc.keys {
				mac := base64.StdEncoding.EncodeToString(sum(decoded(secret), signed(d)))
				if hmac.Equal([]byte(mac), []byte(given)) {
					return nil
				}
			}
		}
		return forged()
	}
}

// speakManaged makes the receiver one for Claude's Managed Agents.
func (rc *receiver) speakManaged() {
	rc.verify = rc.standardVerify(v1Signatures, standardSigned)
	rc.parse = parseManaged
	rc.when = webhookTime
	rc.fresh = rc.managedFresh
	rc.take = rc.takeThin(rc.fetchSafely)
	rc.worker = rc.fetchAll
}

func webhookTime(d *delivery) (time.Time, bool) { return unixTime(d.r.Header.Get("webhook-timestamp")) }

// managedFresh goes by the header, and leaves the event the time of its change.
func (rc *receiver) managedFresh(d *delivery) *answer {
	created := d.event.at
	a := rc.isFresh(d)
	d.event.at = created
	return a
}

func parseManaged(d *delivery) *answer {
	if err := json.Unmarshal(d.body, &d.fields); err != nil || d.fields == nil {
		return say(http.StatusBadRequest, "body is no JSON object")
	}
	id, okID := text(d.fields["id"])
	envelope, okType := text(d.fields["type"])
	created, okTime := text(d.fields["created_at"])
	at, err := time.Parse(time.RFC3339, created)
	if !okID || id == "" || !okType || envelope == "" || !okTime || err != nil {
		return say(http.StatusBadRequest, "id, type or created_at missing or malformed")
	}
	if id != d.r.Header.Get("webhook-id") {
		return say(http.StatusBadRequest, "the id differs from webhook-id")
	}
	data := object(d.fields["data"])
	d.event.id, d.event.at = id, at
	if d.event.kind, okType = text(data["type"]); !okType || d.event.kind == "" {
		return say(http.StatusBadRequest, "data has no type")
	}
	d.event.task, _ = text(data["id"])
	d.event.state = afterLastDot(d.event.kind)
	return nil
}

func managedAnimals() []Animal {
	anyLabel := func(list string) []string {
		var macs []string
		for entry := range strings.FieldsSeq(list) {
			macs = append(macs, entry[strings.IndexByte(entry, ',')+1:])
		}
		return macs
	}
	return of(contractManaged,
		Animal{Name: "managed-correct", Style: "is for Claude's Managed Agents: thin events, whose resource it fetches after its answer"},
		Animal{
			Name: "managed-first-signature-only", Defect: "only the first signature of the list is looked at",
			Catches: ids("API-08", "SIG-20"),
			breed: func(rc *receiver) {
				rc.verify = rc.standardVerify(func(list string) []string {
					entry, _, _ := strings.Cut(list, " ")
					return v1Signatures(entry)
				}, standardSigned)
			},
		},
		Animal{
			Name: "managed-body-only-signature", Defect: "a MAC over the body alone is taken as well: id and time are not under it",
			Catches: ids("API-10", "RPL-08"), Also: holes(),
			breed: func(rc *receiver) {
				rc.verify = func(d *delivery) *answer {
					if rc.standardVerify(v1Signatures, standardSigned)(d) == nil {
						return nil
					}
					return rc.standardVerify(v1Signatures, func(d *delivery) []byte { return d.body })(d)
				}
			},
		},
		Animal{
			Name: "managed-any-label", Defect: "a right MAC is taken under any label, and under none",
			Catches: ids("API-09", "SIG-21"), Also: holes("SIG-07"),
			breed: func(rc *receiver) { rc.verify = rc.standardVerify(anyLabel, standardSigned) },
		},
		Animal{
			Name: "managed-id-header-ignored", Defect: "the body's id is verified and used, whatever webhook-id says",
			Catches: ids("API-10"), Also: holes("SIG-02"), Advice: ids("SIG-15"),
			breed: func(rc *receiver) {
				rc.admit = first(postOnly, func(d *delivery) *answer { d.r.Header.Del("webhook-id"); return nil })
				rc.read = first(rc.readAll, func(d *delivery) *answer {
					id, _ := text(object(d.body)["id"])
					d.r.Header.Set("webhook-id", id)
					return nil
				})
			},
		},
		Animal{
			Name: "managed-created-at-fresh", Defect: "created_at is taken for the time of sending",
			Catches: ids("API-07"), Also: ids("RPL-01", "RPL-02", "RPL-03", "RPL-04", "RPL-05"),
			breed: func(rc *receiver) {
				rc.when = func(d *delivery) (time.Time, bool) { return d.event.at, true }
			},
		},
		Animal{
			Name: "managed-dedupes-by-resource", Defect: "two events about one resource are taken for one event",
			Catches: ids("API-06"), Also: ids("IDEM-08", "LED-01", "ORD-01"), Advice: ids("IDEM-05"),
			breed: func(rc *receiver) { rc.key = func(d *delivery) string { return d.event.task } },
		},
	)
}
