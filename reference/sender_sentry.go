package reference

import "net/http"

func sentry() Contract {
	return Contract{
		Name: "sentry", Path: "/webhooks/sentry", KeyEnv: "SENTRY_CLIENT_SECRET",
		derive: wholeKey, claims: bodyMAC("Sentry-Hook-Signature", ""), encode: hexMAC,
		read: readSentry, stamp: stampNowhere,
		Assumptions: []string{"sentry states no id of a delivery: Request-ID is taken for one, and a delivery that repeats it for a duplicate"},
	}
}

// readSentry takes the resource and the id from headers. Neither is signed, and
// nor is Sentry-Hook-Timestamp, which therefore counts for nothing.
func readSentry(_ claim, header http.Header, body []byte) (letter, error) {
	fields, err := object(body, "action", "data")
	if err != nil {
		return letter{}, err
	}
	event := Event{Payload: body}
	if event.ID, err = headerName(header, "Request-ID", "id"); err != nil {
		return letter{}, err
	}
	if event.Type, err = headerName(header, "Sentry-Hook-Resource", "type"); err != nil {
		return letter{}, err
	}
	subject := perhapsInner(perhapsInner(fields, "data", event.Type), event.Type, "id", "uuid", "event_id")
	id := ""
	for _, key := range []string{"id", "uuid", "event_id"} { // of an issue, an installation, an error
		if id = perhaps(subject, key); id != "" {
			break
		}
	}
	return about(event, id, perhaps(fields, "action")), nil
}
