package reference

import "net/http"

// standardWebhooksContract is the specification of Standard Webhooks, which
// recommends an envelope of type, timestamp and data.
func standardWebhooksContract() Contract {
	return Contract{
		Name: "standard-webhooks", Path: "/webhooks", KeyEnv: "STANDARD_WEBHOOKS_SECRET",
		derive: decodedKey, claims: standardWebhooks("webhook"), encode: base64MAC,
		read: readStandard, stamp: stampInHeader,
	}
}

// svix is what Svix sends for its customers: the scheme is that of Standard
// Webhooks under names of its own, and the body is whatever the customer sends.
func svix() Contract {
	return Contract{
		Name: "svix", Path: "/webhooks/svix", KeyEnv: "SVIX_WEBHOOK_SECRET",
		derive: decodedKey, claims: standardWebhooks("svix"), encode: base64MAC,
		read: readSvix, stamp: stampInHeader,
	}
}

func readStandard(claimed claim, _ http.Header, body []byte) (letter, error) {
	if err := checkName(claimed.id, "webhook_id"); err != nil {
		return letter{}, err
	}
	fields, err := object(body, "type", "timestamp", "data")
	if err != nil {
		return letter{}, err
	}
	event := Event{ID: claimed.id, Payload: body}
	if event.Type, err = name(fields, "type"); err != nil {
		return letter{}, err
	}
	// The time of what happened, which orders events. Freshness is the header's.
	if event.Timestamp, err = moment(fields, "timestamp"); err != nil {
		return letter{}, err
	}
	return about(event, perhaps(perhapsInner(fields, "data", "id"), "id"), lastPart(event.Type)), nil
}

func readSvix(claimed claim, _ http.Header, body []byte) (letter, error) {
	if err := checkName(claimed.id, "svix_id"); err != nil {
		return letter{}, err
	}
	fields, err := object(body, "type", "timestamp", "data")
	if err != nil {
		return letter{}, err
	}
	event := Event{ID: claimed.id, Type: perhaps(fields, "type"), Payload: body}
	if event.Type == "" { // the customer's own envelope
		event.Type = otherType
		return letter{event: event}, nil
	}
	if at, err := moment(fields, "timestamp"); err == nil {
		event.Timestamp = at
	}
	return about(event, perhaps(perhapsInner(fields, "data", "id"), "id"), lastPart(event.Type)), nil
}
