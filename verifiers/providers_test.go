package verifiers

import (
	"bytes"
	"errors"
	"net/http"
	"net/http/httptest"

	"github.com/anthropics/anthropic-sdk-go"
	anthropicoption "github.com/anthropics/anthropic-sdk-go/option"
	"github.com/google/go-github/v93/github"
	openaioption "github.com/openai/openai-go/v3/option"
	"github.com/openai/openai-go/v3/webhooks"
	"github.com/slack-go/slack"
	standardwebhooks "github.com/standard-webhooks/standard-webhooks/libraries/go"
	"github.com/stripe/stripe-go/v85/webhook"
	svix "github.com/svix/svix-webhooks/go"
)

// verifier is what a receiver calls with its key, and the header and the raw body of a
// request. It is nil when the request is accepted.
type verifier func(key string, header http.Header, body []byte) error

// verifiers lists, for each contract, the published verifiers of its deliveries by the name
// of what is called, and [documented] for a provider that publishes none in Go.
func verifiers() map[string]map[string]verifier {
	return map[string]map[string]verifier{
		"claude": {"documented": documentedClaude},
		"claude-managed-agents": {
			"anthropic-sdk-go Beta.Webhooks.Unwrap": verifyAnthropic,
			"standard-webhooks Verify":              verifyStandard,
		},
		"openai": {
			"openai-go Webhooks.Unwrap": verifyOpenAI,
			"standard-webhooks Verify":  verifyStandard,
		},
		"standard-webhooks": {
			"standard-webhooks Verify": verifyStandard,
			"svix Verify":              verifySvix, // it takes the webhook- headers as well
		},
		"svix":    {"svix Verify": verifySvix},
		"stripe":  {"stripe-go webhook.ValidatePayload": verifyStripe},
		"github":  {"go-github ValidatePayload": verifyGitHub},
		"slack":   {"slack-go SecretsVerifier": verifySlack},
		"shopify": {"documented": documentedShopify},
		"sentry":  {"documented": documentedSentry},
	}
}

func verifyAnthropic(key string, header http.Header, body []byte) error {
	client := anthropic.NewClient(anthropicoption.WithAPIKey("unused"), anthropicoption.WithWebhookKey(key))
	_, err := client.Beta.Webhooks.Unwrap(body, header)
	return err
}

func verifyOpenAI(key string, header http.Header, body []byte) error {
	service := webhooks.NewWebhookService(openaioption.WithWebhookSecret(key))
	_, err := service.Unwrap(body, header)
	return err
}

func verifyStandard(key string, header http.Header, body []byte) error {
	wh, err := standardwebhooks.NewWebhook(key)
	if err != nil {
		return err
	}
	return wh.Verify(body, header)
}

func verifySvix(key string, header http.Header, body []byte) error {
	wh, err := svix.NewWebhook(key)
	if err != nil {
		return err
	}
	return wh.Verify(body, header)
}

func verifyStripe(key string, header http.Header, body []byte) error {
	return webhook.ValidatePayload(body, header.Get("Stripe-Signature"), key)
}

func verifyGitHub(key string, header http.Header, body []byte) error {
	r := httptest.NewRequest(http.MethodPost, "/", bytes.NewReader(body))
	r.Header = header
	got, err := github.ValidatePayload(r, []byte(key))
	if err == nil && !bytes.Equal(got, body) {
		return errors.New("the payload is not the body")
	}
	return err
}

func verifySlack(key string, header http.Header, body []byte) error {
	v, err := slack.NewSecretsVerifier(header, key)
	if err != nil {
		return err
	}
	if _, err := v.Write(body); err != nil {
		return err
	}
	return v.Ensure()
}
