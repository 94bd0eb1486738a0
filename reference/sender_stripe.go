package reference

import "net/http"

func stripe() Contract {
	return Contract{
		Name: "stripe", Path: "/webhooks/stripe", KeyEnv: "STRIPE_WEBHOOK_SECRET",
		// Its secret begins with whsec_ as well, and is the key as it stands.
		derive: wholeKey, claims: stripeList, encode: hexMAC,
		// The time of sending has no limit ahead, as in Stripe's own libraries.
		read: readStripe, stamp: stampInHeader, ahead: true,
	}
}

func readStripe(_ claim, _ http.Header, body []byte) (letter, error) {
	fields, err := object(body, "id", "type", "created", "data")
	if err != nil {
		return letter{}, err
	}
	event := Event{Payload: body}
	if event.ID, err = name(fields, "id"); err != nil {
		return letter{}, err
	}
	if event.Type, err = name(fields, "type"); err != nil {
		return letter{}, err
	}
	if event.Timestamp, err = seconds(fields, "created"); err != nil {
		return letter{}, err
	}
	// Some objects, such as a balance, have no id.
	data := perhapsInner(fields, "data", "object")
	return about(event, perhaps(perhapsInner(data, "object", "id"), "id"), lastPart(event.Type)), nil
}
