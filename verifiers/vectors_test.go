package verifiers

import (
	"encoding/base64"
	"encoding/json"
	"net/http"
	"os"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	openaioption "github.com/openai/openai-go/v3/option"
	"github.com/openai/openai-go/v3/webhooks"

	"hookdrill/vectors"
)

// deviations lists, for each verifier, the vectors that it judges otherwise than the file says,
// by their comments, and why. Every one of them must happen.
func deviations() map[string]map[string]string {
	const emptyKey = "it takes an empty key"
	empty := map[string]string{
		"signed with an empty key, and none is configured: without a key nothing may be accepted": emptyKey,
		"signed with an empty key, and a prefix alone is configured":                              emptyKey,
	}
	prefixAlone := map[string]string{
		"signed with an empty key, and a prefix alone is configured": emptyKey,
	}
	notConfigured := map[string]string{
		"signed with an empty key, and none is configured: without a key nothing may be accepted": emptyKey,
	}
	return map[string]map[string]string{
		"anthropic-sdk-go Beta.Webhooks.Unwrap": prefixAlone,
		"standard-webhooks Verify":              empty,
		"svix Verify":                           empty,
		"stripe-go webhook.ValidatePayload":     notConfigured,
		"go-github ValidatePayload": {
			"signed with an empty key, and none is configured: without a key nothing may be accepted": emptyKey,
			"a SHA-1 signature, named as such, in the header for SHA-256":                             "it takes the algorithm that the label names",
		},
	}
}

// verifyOpenAIAlone does not parse the event.
func verifyOpenAIAlone(key string, header http.Header, body []byte) error {
	service := webhooks.NewWebhookService(openaioption.WithWebhookSecret(key))
	return service.VerifySignature(body, header)
}

// TestVectors gives every vector to the published verifiers of its scheme, at the vector's moment.
func TestVectors(t *testing.T) {
	t.Parallel()
	for scheme, checks := range map[string]map[string]verifier{
		"github": {"go-github ValidatePayload": func(key string, header http.Header, body []byte) error {
			header.Set("Content-Type", "application/json")
			return verifyGitHub(key, header, body)
		}},
		"slack":  {"slack-go SecretsVerifier": verifySlack},
		"stripe": {"stripe-go webhook.ValidatePayload": verifyStripe},
		"svix":   {"svix Verify": verifySvix},
		"standard-webhooks": {
			"standard-webhooks Verify": verifyStandard, "svix Verify": verifySvix,
			"openai-go Webhooks.VerifySignature":    verifyOpenAIAlone,
			"anthropic-sdk-go Beta.Webhooks.Unwrap": verifyAnthropic,
		},
		"shopify": {"documented": documentedShopify},
		"sentry":  {"documented": documentedSentry},
		"claude":  {"documented": documentedClaude},
	} {
		for name, verify := range checks {
			t.Run(scheme+"/"+name, func(t *testing.T) {
				t.Parallel()
				known := deviations()[name]
				met := map[string]bool{}
				for _, v := range readVectors(t, scheme) {
					if v.Result == vectors.Acceptable || v.Result == vectors.Valid && parses(name) && slices.Contains(v.Flags, "NotAnEvent") {
						continue
					}
					err := at(t, v, verify)
					if _, deviates := known[v.Comment]; deviates {
						met[v.Comment] = true
						if (err == nil) == (v.Result == vectors.Valid) {
							t.Errorf("%s: it is judged right; take it from the deviations", v.Comment)
						}
						continue
					}
					if (err == nil) != (v.Result == vectors.Valid) {
						t.Errorf("%d, %s: %v, and it is %s", v.ID, v.Comment, err, v.Result)
					}
				}
				for comment := range known {
					if !met[comment] {
						t.Errorf("there is no vector %q", comment)
					}
				}
			})
		}
	}
}

// parses is true for a verifier that also parses, and so refuses what is no event.
func parses(verifier string) bool { return strings.HasPrefix(verifier, "anthropic") }

func readVectors(t *testing.T, scheme string) []vectors.Vector {
	t.Helper()
	data, err := os.ReadFile("../vectors/" + scheme + ".json")
	if err != nil {
		t.Fatal(err)
	}
	var f vectors.File
	if err := json.Unmarshal(data, &f); err != nil {
		t.Fatal(err)
	}
	return f.Tests
}

// at verifies a vector with the clock at its moment: the time of synctest begins in 2000.
func at(t *testing.T, v vectors.Vector, verify verifier) (err error) {
	t.Helper()
	body, failed := base64.StdEncoding.DecodeString(v.Body)
	if failed != nil {
		t.Fatal(failed)
	}
	h := http.Header{}
	for _, f := range v.Headers {
		h.Add(f[0], f[1])
	}
	synctest.Test(t, func(*testing.T) {
		<-time.After(time.Until(time.Unix(v.Now, 0)))
		err = verify(v.Key, h, body)
	})
	return err
}
