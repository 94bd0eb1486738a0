package reference_test

import (
	"net/http"
	"testing"

	"hookdrill/reference"
)

// TestRotation goes from one key to the next without losing an event: first
// the receiver learns the new key, then the sender uses it, then the receiver
// forgets the old one.
func TestRotation(t *testing.T) {
	t.Parallel()
	const before, after = "whsec_before", "whsec_after"
	store := sqlite(t)
	for _, step := range []struct {
		name                      string
		keys                      []string
		signedBefore, signedAfter int
	}{
		{"before", []string{before}, http.StatusOK, http.StatusUnauthorized},
		{"during", []string{after, before}, http.StatusOK, http.StatusOK},
		{"during, the other way round", []string{before, after}, http.StatusOK, http.StatusOK},
		{"after", []string{after}, http.StatusUnauthorized, http.StatusOK},
	} {
		// Each step is a restart on the same data.
		r := newReceiver(t, func(c *reference.Config) { c.Keys, c.Store = step.keys, store })
		for key, want := range map[string]int{before: step.signedBefore, after: step.signedAfter} {
			id := "evt_" + step.name + key
			body := event(id)
			if rec := r.post(body, sign(key, body)); rec.Code != want {
				t.Errorf("%s: an event signed with %s = %d, want %d", step.name, key, rec.Code, want)
			}
			if done := r.effect(id).Processed == 1; done != (want == http.StatusOK) {
				t.Errorf("%s: signed with %s, processed: %v", step.name, key, done)
			}
		}
	}
}
