package verifiers

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"errors"
	"net/http"
	"os"
	"path/filepath"
	"testing"
	"time"

	"hookdrill/contract"
)

// zendesk is a contract that is not built in, as a user writes it: the time is joined to the
// body without a separator, and is written as RFC 3339, which no built-in contract does.
const zendesk = `name: zendesk
title: Zendesk webhooks
source: "the Zendesk documentation (verifying webhook authenticity)"
request:
  method: POST
  path: /webhooks/zendesk
  content_type: application/json
  headers:
    - {name: X-Zendesk-Webhook-Signature-Timestamp, value: "{timestamp:rfc3339}"}
    - {name: X-Zendesk-Webhook-Invocation-Id, value: "{id}"}
signature:
  header: X-Zendesk-Webhook-Signature
  algorithm: hmac-sha256
  encoding: base64
  signed: "{timestamp:rfc3339}{body}"
key:
  env: ZENDESK_WEBHOOK_SECRET
  derivation: whole
id:
  header: X-Zendesk-Webhook-Invocation-Id
  form: "{{uuid}}"
body:
  type: type
  subject: detail.id
  data: detail
freshness:
  source: header
  tolerance: 300s
answers: {}
retries:
  waits: [1s, 5s]
  jitter: 0
  resend: anew
  retry_after: 0s
disable:
  redirect: false
  gone: false
  abandoned: 0
timeout: 12s
service_levels:
  p99: 500ms
  processing_p99: 100ms
  delivered: 0.999
  errors: 0.001
  retried: 0.01
  rate: 100
types:
  - name: zen:event-type:ticket.created
    subject: "{{random_digits:8}}"
    payload: >-
      {"type":"{{type}}","id":"{{uuid}}","time":"{{stamp}}","subject":"zen:ticket:{{subject}}",
      "detail":{"id":"{{subject}}","subject":"{{one_of:It does not print|Où est ma commande ?}}","status":"NEW"}}
  - name: zen:event-type:user.created
    subject: "{{random_digits:12}}"
    payload: >-
      {"type":"{{type}}","id":"{{uuid}}","time":"{{stamp}}","detail":{"id":"{{subject}}","role":"end-user"}}
assumptions:
  - "freshness: no limit is stated; 5 minutes are assumed."
`

// documentedZendesk is the rule of the documentation: base64(HMACSHA256(TIMESTAMP + BODY)).
func documentedZendesk(key string, header http.Header, body []byte) error {
	stamp := header.Get("X-Zendesk-Webhook-Signature-Timestamp")
	digest := hmac.New(sha256.New, []byte(key))
	digest.Write([]byte(stamp + string(body)))
	expected := base64.StdEncoding.EncodeToString(digest.Sum(nil))
	if key == "" || !hmac.Equal([]byte(expected), []byte(header.Get("X-Zendesk-Webhook-Signature"))) {
		return errSignature
	}
	at, err := time.Parse(time.RFC3339, stamp)
	if err != nil {
		return err
	}
	if time.Since(at).Abs() > 300*time.Second {
		return errors.New("too old, or from the future")
	}
	return nil
}

// TestAContractFromYAMLAlone: one that nobody wrote code for is sent and signed as its provider
// does it, and all its forgeries are.
func TestAContractFromYAMLAlone(t *testing.T) {
	t.Parallel()
	file := filepath.Join(t.TempDir(), "zendesk.yaml")
	if err := os.WriteFile(file, []byte(zendesk), 0o600); err != nil {
		t.Fatal(err)
	}
	c, err := contract.Load(file)
	if err != nil {
		t.Fatal(err)
	}
	w := newWire(t, c)
	for _, typ := range types(c) {
		for seed := range uint64(draws) {
			got := w.send(t, w.delivery(t, typ, seed))
			if err := documentedZendesk(key, got.header, got.body); err != nil {
				t.Errorf("%s is refused: %v\n%v\n%s", typ, err, got.header, got.body)
			}
		}
		all := forgeries(c, w.sender.Signer())
		if len(all) < 18 {
			t.Errorf("only %d forgeries", len(all))
		}
		for _, f := range all {
			d := w.delivery(t, typ, 9)
			f.make(&d)
			if got := w.send(t, d); documentedZendesk(key, got.header, got.body) == nil {
				t.Errorf("%s, %s, is accepted\n%v", typ, f.name, got.header)
			}
		}
	}
}
