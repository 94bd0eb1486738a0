package reference

import (
	"net/http"
	"strings"
)

func shopify() Contract {
	return Contract{
		Name: "shopify", Path: "/webhooks/shopify", KeyEnv: "SHOPIFY_API_SECRET",
		derive: wholeKey, claims: bodyMAC("X-Shopify-Hmac-SHA256", ""), encode: base64MAC,
		read: readShopify, stamp: stampNowhere,
	}
}

// readShopify takes topic, id and time from headers, none of which is signed, so
// none is a reason to trust or to refuse a delivery. The time only puts events
// in order.
func readShopify(_ claim, header http.Header, body []byte) (letter, error) {
	fields, err := object(body, "admin_graphql_api_id")
	if err != nil {
		return letter{}, err
	}
	event := Event{Payload: body}
	if event.ID, err = headerName(header, "X-Shopify-Webhook-Id", "id"); err != nil {
		return letter{}, err
	}
	if event.Type, err = headerName(header, "X-Shopify-Topic", "type"); err != nil {
		return letter{}, err
	}
	if text, ok := one(header, "X-Shopify-Triggered-At"); ok {
		if at, err := parseTimestamp(text); err == nil {
			event.Timestamp = at
		}
	}
	_, state, _ := strings.Cut(event.Type, "/") // orders/create
	return about(event, perhaps(fields, "admin_graphql_api_id"), state), nil
}
