package reference

import (
	"encoding/json"
	"net/http"
)

func slack() Contract {
	return Contract{
		Name: "slack", Path: "/webhooks/slack", KeyEnv: "SLACK_SIGNING_SECRET",
		derive: wholeKey, claims: slackV0, encode: hexMAC,
		read: readSlack, stamp: stampInHeader,
	}
}

// readSlack reads an event, or one of the two things that Slack sends besides
// and that have no id: the greeting of a new address, whose challenge is echoed,
// and the notice that events were held back. Both are signed like events, and
// an answer before that would let anybody write it.
func readSlack(_ claim, _ http.Header, body []byte) (letter, error) {
	fields, err := object(body, "type", "event_id", "event_time", "event", "challenge")
	if err != nil {
		return letter{}, err
	}
	event := Event{Payload: body}
	if event.Type, err = name(fields, "type"); err != nil {
		return letter{}, err
	}
	switch event.Type {
	case "url_verification":
		challenge, err := name(fields, "challenge")
		if err != nil {
			return letter{}, err
		}
		text, err := json.Marshal(map[string]string{"challenge": challenge})
		if err != nil {
			return letter{}, malformed("challenge_not_unicode")
		}
		return letter{event: event, reply: string(text)}, nil
	case "app_rate_limited":
		return letter{event: event, reply: `{"status":"noted"}`}, nil
	}
	if event.ID, err = name(fields, "event_id"); err != nil {
		return letter{}, err
	}
	if event.Type != "event_callback" {
		return letter{event: event}, nil
	}
	if event.Timestamp, err = seconds(fields, "event_time"); err != nil {
		return letter{}, err
	}
	told, err := inner(fields, "event", "type")
	if err != nil {
		return letter{}, err
	}
	if event.Type, err = name(told, "type"); err != nil {
		return letter{}, err
	}
	return letter{event: event}, nil
}
