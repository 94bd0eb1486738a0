package zoo

import (
	"crypto/hmac"
	"crypto/sha1" //nolint:gosec // what GitHub sends beside SHA-256, and a careless receiver takes
	"encoding/hex"
	"encoding/json"
	"net/http"
	"strings"
	"time"
)

// speakGitHub makes the receiver one for GitHub: the body alone is signed, and id
// and type are in headers.
func (rc *receiver) speakGitHub() {
	rc.signature = func(d *delivery) string {
		mac, labelled := strings.CutPrefix(d.r.Header.Get("X-Hub-Signature-256"), "sha256=")
		if !labelled || strings.ToLower(mac) != mac {
			return ""
		}
		return mac
	}
	rc.parse = parseGitHub
	rc.fresh = func(d *delivery) *answer { // nothing that is signed says when
		d.event.at = time.Now()
		return nil
	}
}

func parseGitHub(d *delivery) *answer {
	if err := json.Unmarshal(d.body, &d.fields); err != nil || d.fields == nil {
		return say(http.StatusBadRequest, "body is no JSON object")
	}
	d.event.id, d.event.kind = d.r.Header.Get("X-GitHub-Delivery"), d.r.Header.Get("X-GitHub-Event")
	if d.event.id == "" || d.event.kind == "" {
		return say(http.StatusBadRequest, "X-GitHub-Delivery or X-GitHub-Event missing")
	}
	d.event.state, _ = text(d.fields["action"])
	d.event.task, _ = text(object(d.fields["issue"])["node_id"])
	return nil
}

func gitHubAnimals() []Animal {
	return of(contractGitHub,
		Animal{Name: "github-correct", Style: "is for GitHub: the body is signed, id and type are headers, a ping is an event"},
		Animal{
			Name: "github-takes-sha1", Defect: "an HMAC by SHA-1 is as good as one by SHA-256, in either header",
			Catches: ids("SIG-10"), Also: holes(),
			breed: func(rc *receiver) {
				rc.verify = func(d *delivery) *answer {
					for _, name := range []string{"X-Hub-Signature", "X-Hub-Signature-256"} {
						_, given, labelled := strings.Cut(d.r.Header.Get(name), "=")
						mac := hmac.New(sha1.New, []byte(rc.keys[0]))
						mac.Write(d.body)
						if labelled && hmac.Equal([]byte(given), []byte(hex.EncodeToString(mac.Sum(nil)))) {
							return nil
						}
					}
					return rc.verified(d)
				}
			},
		},
		Animal{
			Name: "github-ping-refused", Defect: "a ping is an event that nobody knows, and is refused",
			Catches: ids("HTTP-06"),
			breed: func(rc *receiver) {
				rc.parse = first(parseGitHub, func(d *delivery) *answer {
					if d.event.kind == "ping" {
						return say(http.StatusUnprocessableEntity, "unknown event")
					}
					return nil
				})
			},
		},
		Animal{
			Name: "github-dedupes-by-body", Defect: "X-GitHub-Delivery is ignored: the same body is the same event",
			Catches: ids("IDEM-04"), Also: ids("IDEM-02", "IDEM-07", "RTY-01", "LED-01"), Advice: ids("IDEM-05"),
			breed: func(rc *receiver) { rc.key = func(d *delivery) string { return string(d.body) } },
		},
	)
}
