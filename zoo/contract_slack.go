package zoo

import (
	"encoding/json"
	"net/http"
	"strings"
	"time"
)

// slackHandshake is the type of the request that asks whether the endpoint is there.
const slackHandshake = "url_verification"

// speakSlack makes the receiver one for Slack: version, time and body are signed, and the
// handshake is answered with its challenge.
func (rc *receiver) speakSlack() {
	rc.signature = func(d *delivery) string {
		mac, labelled := strings.CutPrefix(d.r.Header.Get("X-Slack-Signature"), "v0=")
		if !labelled || strings.ToLower(mac) != mac {
			return ""
		}
		return mac
	}
	rc.verify = func(d *delivery) *answer {
		signed := "v0:" + d.r.Header.Get("X-Slack-Request-Timestamp") + ":" + string(d.body)
		if given := rc.signature(d); given == "" || !rc.match([]byte(signed), given) {
			return forged()
		}
		return nil
	}
	rc.parse = parseSlack
	rc.when = func(d *delivery) (time.Time, bool) { return unixTime(d.r.Header.Get("X-Slack-Request-Timestamp")) }
	rc.take = func(d *delivery) *answer {
		if d.event.kind == slackHandshake {
			return say(http.StatusOK, slackChallenge(d))
		}
		return rc.processOnce(d)
	}
}

func slackChallenge(d *delivery) string {
	challenge, _ := text(d.fields["challenge"])
	return challenge
}

// parseSlack reads an event, whose own type is inside, or the handshake, which has none.
func parseSlack(d *delivery) *answer {
	if err := json.Unmarshal(d.body, &d.fields); err != nil || d.fields == nil {
		return say(http.StatusBadRequest, "body is no JSON object")
	}
	if outer, _ := text(d.fields["type"]); outer == slackHandshake {
		d.event.kind = outer
		return nil
	}
	inner := object(d.fields["event"])
	var okID, okType bool
	d.event.id, okID = text(d.fields["event_id"])
	d.event.kind, okType = text(inner["type"])
	if !okID || !okType || d.event.id == "" || d.event.kind == "" {
		return say(http.StatusBadRequest, "event_id or the event's type missing or malformed")
	}
	d.event.task, _ = text(inner["client_msg_id"])
	d.event.state = d.event.kind
	return nil
}

func slackAnimals() []Animal {
	return of(contractSlack,
		Animal{Name: "slack-correct", Style: "is for Slack: version, time and body are signed, and a handshake is answered with its challenge"},
		Animal{
			Name: "slack-handshake-before-verifying", Defect: "a handshake is answered before its signature is looked at",
			Catches: ids("SIG-22"),
			breed: func(rc *receiver) {
				rc.read = first(rc.readAll, func(d *delivery) *answer {
					if parseSlack(d) == nil && d.event.kind == slackHandshake {
						return say(http.StatusOK, slackChallenge(d))
					}
					return nil
				})
			},
		},
		Animal{
			Name: "slack-challenge-not-echoed", Defect: "a handshake is acknowledged like an event, without its challenge",
			Catches: ids("HTTP-06"),
			breed: func(rc *receiver) {
				take := rc.take
				rc.take = func(d *delivery) *answer {
					if d.event.kind == slackHandshake {
						return done()
					}
					return take(d)
				}
			},
		},
	)
}
