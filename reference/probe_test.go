package reference_test

import (
	"fmt"
	"net/http"
	"net/url"
	"strings"
	"testing"

	"hookdrill/reference"
)

func TestProbe(t *testing.T) {
	t.Parallel()
	r := newReceiver(t)
	r.signed(event("evt_1"))
	r.signed(event("evt_1"))
	r.signed(`{"id":"<\u0000 é&+>","type":"unheard.of","timestamp":"2026-09-01T12:00:00Z"}`)
	odd := url.QueryEscape("<\x00 é&+>")

	var hundred strings.Builder
	for i := range 99 {
		fmt.Fprintf(&hundred, "&id=evt_%d", i+2)
	}
	for _, test := range []struct {
		name, query string
		status      int
		want        string
	}{
		{"one", "?id=evt_1", 200, `{"events":{"evt_1":{"processed":1,"status":"completed"}}}`},
		{"absent ids are left out", "?id=evt_1&id=evt_9&id=EVT_1", 200, `{"events":{"evt_1":{"processed":1,"status":"completed"}}}`},
		{"absent only", "?id=evt_9", 200, `{"events":{}}`},
		{"none", "", 200, `{"events":{}}`},
		{"odd id", "?id=" + odd, 200, `{"events":{"\u003c\u0000 é\u0026+\u003e":{"processed":1,"status":"ignored"}}}`},
		{"not UTF-8", "?id=%ff", 200, `{"events":{}}`},
		{"100 ids", "?id=evt_1" + hundred.String(), 200, `{"events":{"evt_1":{"processed":1,"status":"completed"}}}`},
		{"101 ids", "?id=evt_1&id=evt_0" + hundred.String(), 400, `{"error":"malformed","reason":"too_many_ids"}`},
		{"bad query", "?id=%zz", 400, `{"error":"malformed","reason":"query"}`},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			rec := r.get("/probe" + test.query)
			status(t, rec, test.status)
			if got := rec.Body.String(); got != test.want {
				t.Errorf("answer = %s, want %s", got, test.want)
			}
		})
	}
}

func TestProbeIsOffByDefault(t *testing.T) {
	t.Parallel()
	r := newReceiver(t, func(c *reference.Config) { c.Probe = false })
	r.signed(event("evt_1"))
	status(t, r.get("/probe?id=evt_1"), http.StatusNotFound)
}

func TestProbeStoreFails(t *testing.T) {
	t.Parallel()
	r := newReceiver(t, func(c *reference.Config) { c.Store = brokenStore{err: errBroken} })
	status(t, r.get("/probe?id=evt_1"), http.StatusServiceUnavailable)
}
