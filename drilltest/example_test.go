package drilltest_test

import (
	"net/http"
	"testing"

	"hookdrill/drilltest"
)

// A project's own test. newHandler and db stand for what the project has.
func Example() {
	TestWebhooks := func(t *testing.T) {
		handler, db := newHandler("whsec_test"), map[string]int{}
		drilltest.Run(t, handler,
			drilltest.Key("whsec_test"),
			drilltest.Observe(func(ids []string) map[string]int { // how often each event took effect
				effects := map[string]int{}
				for _, id := range ids {
					effects[id] = db[id]
				}
				return effects
			}),
			drilltest.Skip("HTTP-05"), // a 404 to GET is all right here
		)
	}
	_ = TestWebhooks
}

func newHandler(string) http.Handler { return http.NotFoundHandler() }
