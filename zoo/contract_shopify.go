package zoo

import (
	"crypto/hmac"
	"encoding/base64"
	"encoding/json"
	"net/http"
	"time"
)

// speakShopify makes the receiver one for Shopify: the body is signed, in base64, it is the
// resource itself, and id and type are in headers.
func (rc *receiver) speakShopify() {
	rc.signature = func(d *delivery) string { return d.r.Header.Get("X-Shopify-Hmac-SHA256") }
	rc.match = func(body []byte, given string) bool {
		for _, key := range rc.keys {
			if hmac.Equal([]byte(base64.StdEncoding.EncodeToString(sum(key, body))), []byte(given)) {
				return true
			}
		}
		return false
	}
	rc.parse = parseShopify
	rc.fresh = func(d *delivery) *answer { // nothing that is signed says when
		d.event.at = time.Now()
		return nil
	}
}

func parseShopify(d *delivery) *answer {
	if err := json.Unmarshal(d.body, &d.fields); err != nil || d.fields == nil {
		return say(http.StatusBadRequest, "body is no JSON object")
	}
	d.event.id, d.event.kind = d.r.Header.Get("X-Shopify-Webhook-Id"), d.r.Header.Get("X-Shopify-Topic")
	if d.event.id == "" || d.event.kind == "" {
		return say(http.StatusBadRequest, "X-Shopify-Webhook-Id or X-Shopify-Topic missing")
	}
	d.event.task, d.event.state = string(d.fields["id"]), d.event.kind
	return nil
}

func shopifyAnimals() []Animal {
	return of(contractShopify,
		Animal{Name: "shopify-correct", Style: "is for Shopify: the signature is base64, the body is the resource, id and topic are headers"},
		Animal{
			Name: "shopify-dedupes-by-topic-and-resource", Defect: "a second event of one topic about one resource is taken for a duplicate",
			Catches: ids("IDEM-08"), Also: ids("LED-01"), Advice: ids("IDEM-05"),
			breed: func(rc *receiver) { rc.key = func(d *delivery) string { return d.event.kind + " " + d.event.task } },
		},
	)
}
