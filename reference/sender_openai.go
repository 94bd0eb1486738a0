package reference

import "net/http"

func openAI() Contract {
	return Contract{
		Name: "openai", Path: "/webhooks/openai", KeyEnv: "OPENAI_WEBHOOK_SECRET",
		derive: decodedKey, claims: standardWebhooks("webhook"), encode: base64MAC,
		read: readOpenAI, stamp: stampInHeader,
	}
}

// readOpenAI takes the delivery's id from the header: the body's names the event
// and differs from it.
func readOpenAI(claimed claim, _ http.Header, body []byte) (letter, error) {
	if err := checkName(claimed.id, "webhook_id"); err != nil {
		return letter{}, err
	}
	fields, err := object(body, "id", "type", "created_at", "data")
	if err != nil {
		return letter{}, err
	}
	if _, err := name(fields, "id"); err != nil {
		return letter{}, err
	}
	event := Event{ID: claimed.id, Payload: body}
	if event.Type, err = name(fields, "type"); err != nil {
		return letter{}, err
	}
	if event.Timestamp, err = seconds(fields, "created_at"); err != nil {
		return letter{}, err
	}
	data := perhapsInner(fields, "data", "id", "call_id")
	subject := perhaps(data, "id")
	if subject == "" {
		subject = perhaps(data, "call_id") // of realtime.call.incoming
	}
	return about(event, subject, lastPart(event.Type)), nil
}
