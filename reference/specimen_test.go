package reference_test

import (
	"bytes"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"net/http"
	"net/http/httptest"
	"strconv"
	"strings"
	"time"

	"hookdrill/reference"
)

// specimen is a sender, written for these tests from its documentation: it
// shares no code with the receiver.
type specimen struct {
	contract string
	decoded  bool // the key is what whsec_ hides
	// headers are a delivery's, where mac makes the MAC of a prefix and the body.
	headers func(id string, sent time.Time, mac func(before string) []byte) map[string]string
	body    func(id string) string
	status  string // of what the body is about
	fresh   string // header, body or ""
	ahead   bool   // may be sent in the future
	idIn    string // the header with the id, "" if the body has it
	signs   string // the header with the signature
}

func standardHeaders(prefix string) func(string, time.Time, func(string) []byte) map[string]string {
	return func(id string, sent time.Time, mac func(string) []byte) map[string]string {
		stamp := unix(sent)
		return map[string]string{
			prefix + "-id": id, prefix + "-timestamp": stamp,
			prefix + "-signature": "v1," + base64.StdEncoding.EncodeToString(mac(id+"."+stamp+".")),
		}
	}
}

func specimens() []specimen {
	plainHex := hex.EncodeToString
	return []specimen{
		{
			contract: "claude", status: "completed", fresh: "body", signs: "X-Claude-Signature",
			headers: func(_ string, _ time.Time, mac func(string) []byte) map[string]string {
				return map[string]string{"X-Claude-Signature": plainHex(mac(""))}
			},
			body: event,
		},
		{
			contract: "claude-managed-agents", decoded: true, status: "status_idled", fresh: "header", idIn: "webhook-id", signs: "webhook-signature",
			headers: standardHeaders("webhook"),
			body: func(id string) string { // the state changed long before it is sent
				return `{"type":"event","id":"` + id + `","created_at":"2026-09-01T09:00:00Z","data":{"type":"session.status_idled",` +
					`"id":"sesn_1","organization_id":"org","workspace_id":"wrkspc_1"}}`
			},
		},
		{
			contract: "standard-webhooks", decoded: true, status: "created", fresh: "header", idIn: "webhook-id", signs: "webhook-signature",
			headers: standardHeaders("webhook"),
			body: func(string) string {
				return `{"type":"contact.created","timestamp":"2022-11-03T20:26:10.344522Z","data":{"id":"1f81eb52"}}`
			},
		},
		{
			contract: "openai", decoded: true, status: "completed", fresh: "header", idIn: "webhook-id", signs: "webhook-signature",
			headers: standardHeaders("webhook"),
			body: func(string) string {
				return `{"object":"event","id":"evt_x","type":"response.completed","created_at":1750287078,"data":{"id":"resp_abc"}}`
			},
		},
		{
			contract: "svix", decoded: true, status: "paid", fresh: "header", idIn: "svix-id", signs: "svix-signature",
			headers: standardHeaders("svix"),
			body:    func(string) string { return `{"type":"invoice.paid","data":{"id":"in_1"}}` },
		},
		{
			contract: "stripe", status: "succeeded", fresh: "header", ahead: true, signs: "Stripe-Signature",
			headers: func(_ string, sent time.Time, mac func(string) []byte) map[string]string {
				stamp := unix(sent)
				return map[string]string{"Stripe-Signature": "t=" + stamp + ",v1=" + plainHex(mac(stamp+"."))}
			},
			body: func(id string) string {
				return `{"id":"` + id + `","object":"event","api_version":"2026-01-01","created":1788263000,"type":"payment_intent.succeeded",` +
					`"data":{"object":{"id":"pi_1"}}}`
			},
		},
		{
			contract: "github", status: "opened", idIn: "X-GitHub-Delivery", signs: "X-Hub-Signature-256",
			headers: func(id string, _ time.Time, mac func(string) []byte) map[string]string {
				return map[string]string{"X-Hub-Signature-256": "sha256=" + plainHex(mac("")), "X-GitHub-Event": "issues", "X-GitHub-Delivery": id}
			},
			body: func(string) string {
				return `{"action":"opened","issue":{"node_id":"I_1"},"repository":{"node_id":"R_1"}}`
			},
		},
		{
			contract: "slack", status: reference.StatusIgnored, fresh: "header", signs: "X-Slack-Signature",
			headers: func(_ string, sent time.Time, mac func(string) []byte) map[string]string {
				stamp := unix(sent)
				return map[string]string{"X-Slack-Signature": "v0=" + plainHex(mac("v0:"+stamp+":")), "X-Slack-Request-Timestamp": stamp}
			},
			body: func(id string) string {
				return `{"type":"event_callback","team_id":"T1","event_id":"` + id + `","event_time":1788263000,"event":{"type":"app_mention"}}`
			},
		},
		{
			contract: "shopify", status: "create", idIn: "X-Shopify-Webhook-Id", signs: "X-Shopify-Hmac-SHA256",
			headers: func(id string, _ time.Time, mac func(string) []byte) map[string]string {
				return map[string]string{
					"X-Shopify-Hmac-SHA256": base64.StdEncoding.EncodeToString(mac("")), "X-Shopify-Topic": "orders/create",
					"X-Shopify-Webhook-Id": id, "X-Shopify-Triggered-At": "2026-09-01T11:00:00.123Z",
				}
			},
			body: func(string) string { return `{"id":820982911946154508,"admin_graphql_api_id":"gid://shopify/Order/1"}` },
		},
		{
			contract: "sentry", status: "created", idIn: "Request-ID", signs: "Sentry-Hook-Signature",
			headers: func(id string, sent time.Time, mac func(string) []byte) map[string]string {
				return map[string]string{
					"Sentry-Hook-Signature": plainHex(mac("")), "Sentry-Hook-Timestamp": unix(sent),
					"Sentry-Hook-Resource": "issue", "Request-ID": id,
				}
			},
			body: func(string) string { return `{"action":"created","installation":{},"data":{"issue":{"id":"42"}}}` },
		},
	}
}

// secretOf makes a secret of 32 bytes.
func secretOf(fill byte) string {
	return "whsec_" + base64.StdEncoding.EncodeToString(bytes.Repeat([]byte{fill}, 32))
}

// keyOf derives the key as the contract says, or in the other way.
func keyOf(secret string, decoded bool) []byte {
	if !decoded {
		return []byte(secret)
	}
	key, err := base64.StdEncoding.DecodeString(strings.TrimPrefix(secret, "whsec_"))
	if err != nil {
		panic(err)
	}
	return key
}

func macOver(key []byte, body string) func(string) []byte {
	return func(before string) []byte {
		mac := hmac.New(sha256.New, key)
		mac.Write([]byte(before + body))
		return mac.Sum(nil)
	}
}

// deliver sends an event, its headers and its body changed by edit.
func (s specimen) deliver(r *receiver, key []byte, id string, sent time.Time, edit func(headers map[string]string, body *string)) *httptest.ResponseRecorder {
	body := s.body(id)
	if s.fresh == "body" {
		body = eventAt(id, sent.Format(time.RFC3339))
	}
	headers := s.headers(id, sent, macOver(key, body))
	if edit != nil {
		edit(headers, &body)
	}
	return r.send("/webhooks/"+s.contract, headers, body)
}

func (r *receiver) send(path string, headers map[string]string, body string) *httptest.ResponseRecorder {
	req := httptest.NewRequestWithContext(r.t.Context(), http.MethodPost, path, strings.NewReader(body))
	for name, value := range headers {
		req.Header.Set(name, value)
	}
	return r.do(req)
}

// unix is a time as headers write it.
func unix(t time.Time) string { return strconv.FormatInt(t.Unix(), 10) }
