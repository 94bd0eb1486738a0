package reference_test

import (
	"encoding/base64"
	"fmt"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"testing"
	"time"

	"hookdrill/reference"
)

func TestEveryContractHasASpecimen(t *testing.T) {
	t.Parallel()
	var names []string
	for _, s := range specimens() {
		names = append(names, s.contract)
	}
	want := slices.Sorted(slices.Values(reference.Contracts()))
	if slices.Sort(names); !slices.Equal(names, want) {
		t.Errorf("specimens for %v, contracts are %v", names, want)
	}
}

func TestContracts(t *testing.T) {
	t.Parallel()
	current, previous := secretOf('a'), secretOf('b')
	for _, s := range specimens() {
		t.Run(s.contract, func(t *testing.T) {
			t.Parallel()
			r := newReceiver(t, func(c *reference.Config) {
				c.Contract, c.Keys, c.Path = s.contract, []string{current, previous}, "/webhooks/"+s.contract
			})
			key := keyOf(current, s.decoded)
			type edit = func(map[string]string, *string)
			refused := map[string]struct {
				key  []byte
				sent time.Time
				edit edit
				want int
			}{
				"another key":          {key: keyOf(secretOf('c'), s.decoded), want: http.StatusUnauthorized},
				"the other derivation": {key: keyOf(current, !s.decoded), want: http.StatusUnauthorized},
				"no signature":         {edit: func(h map[string]string, _ *string) { delete(h, s.signs) }, want: http.StatusUnauthorized},
				"empty":                {edit: func(h map[string]string, _ *string) { h[s.signs] = "" }, want: http.StatusUnauthorized},
				"cut by one":           {edit: func(h map[string]string, _ *string) { h[s.signs] = h[s.signs][:len(h[s.signs])-1] }, want: http.StatusUnauthorized},
				"one more":             {edit: func(h map[string]string, _ *string) { h[s.signs] += "0" }, want: http.StatusUnauthorized},
				"upper case":           {edit: func(h map[string]string, _ *string) { h[s.signs] = strings.ToUpper(h[s.signs]) }, want: http.StatusUnauthorized},
				"another body":         {edit: func(_ map[string]string, b *string) { *b += " " }, want: http.StatusUnauthorized},
				"no label": {edit: func(h map[string]string, _ *string) {
					if i := strings.LastIndexAny(strings.TrimRight(h[s.signs], "="), "=,"); i > 0 {
						h[s.signs] = h[s.signs][i+1:]
						return
					}
					h[s.signs] = "v1=" + h[s.signs]
				}, want: http.StatusUnauthorized},
			}
			if s.fresh == "" {
				old := s.deliver(r, key, "evt_old", noon().AddDate(-1, 0, 0), nil)
				status(t, old, http.StatusOK)
			} else {
				add := func(name string, by time.Duration) {
					c := refused[name]
					c.sent, c.want = noon().Add(by), http.StatusBadRequest
					refused[name] = c
				}
				add("stale", -10*time.Minute)
				add("a year old", -8760*time.Hour)
				if !s.ahead {
					add("ahead", 10*time.Minute)
				} else {
					status(t, s.deliver(r, key, "evt_ahead", noon().Add(10*time.Minute), nil), http.StatusOK)
				}
				status(t, s.deliver(r, key, "evt_240", noon().Add(-240*time.Second), nil), http.StatusOK)
			}
			if s.idIn != "" {
				c := refused["no id"]
				c.edit, c.want = func(h map[string]string, _ *string) { delete(h, s.idIn) }, http.StatusBadRequest
				if s.decoded { // the id is signed: without it nothing can be verified
					c.want = http.StatusUnauthorized
				}
				refused["no id"] = c
			}
			for name, c := range refused {
				if c.key == nil {
					c.key = key
				}
				if c.sent.IsZero() {
					c.sent = noon()
				}
				if rec := s.deliver(r, c.key, "evt_1", c.sent, c.edit); rec.Code != c.want {
					t.Errorf("%s = %d %s, want %d", name, rec.Code, rec.Body, c.want)
				}
			}
			if e := r.effect("evt_1"); e.Processed != 0 {
				t.Fatalf("refused, and processed %d times", e.Processed)
			}
			for i, secret := range []string{current, previous} {
				id := fmt.Sprint("evt_", i+1)
				status(t, s.deliver(r, keyOf(secret, s.decoded), id, noon(), nil), http.StatusOK)
				rec := s.deliver(r, keyOf(secret, s.decoded), id, noon().Add(-time.Second), nil)
				if status(t, rec, http.StatusOK); rec.Body.String() != `{"status":"duplicate"}` {
					t.Errorf("a copy = %s", rec.Body)
				}
				if e := r.effect(id); e != (reference.Effect{Processed: 1, Status: s.status}) {
					t.Errorf("effect = %+v, want one with %s", e, s.status)
				}
			}
			if log := r.log.String(); strings.Contains(log, current) || strings.Contains(log, previous) {
				t.Error("the log shows a key")
			}
		})
	}
}

// TestSignedIDs: where id and time are signed, a change of either is a forgery.
func TestSignedIDs(t *testing.T) {
	t.Parallel()
	secret := secretOf('a')
	for _, s := range specimens() {
		for _, part := range []string{"-id", "-timestamp"} {
			prefix, isStandard := strings.CutSuffix(s.signs, "-signature")
			if !isStandard {
				continue
			}
			r := newReceiver(t, func(c *reference.Config) {
				c.Contract, c.Keys, c.Path = s.contract, []string{secret}, "/webhooks/"+s.contract
			})
			rec := s.deliver(r, keyOf(secret, true), "evt_1", noon(), func(h map[string]string, _ *string) { h[prefix+part] = h[prefix+part][:len(h[prefix+part])-1] + "9" })
			if rec.Code != http.StatusUnauthorized {
				t.Errorf("%s: %s changed = %d, want 401", s.contract, prefix+part, rec.Code)
			}
		}
	}
}

// TestSignedAndMalformed: what is rightly signed and makes no sense is 400.
func TestSignedAndMalformed(t *testing.T) {
	t.Parallel()
	secret := secretOf('a')
	key := keyOf(secret, true)
	r := newReceiver(t, func(c *reference.Config) { c.Contract, c.Keys = "claude-managed-agents", []string{secret} })
	post := func(id, stamp, body string) *httptest.ResponseRecorder {
		return r.send("/webhooks/claude", map[string]string{
			"webhook-id": id, "webhook-timestamp": stamp,
			"webhook-signature": "v1," + base64.StdEncoding.EncodeToString(macOver(key, body)(id+"."+stamp+".")),
		}, body)
	}
	body := func(id, created, data string) string {
		return `{"type":"event","id":"` + id + `","created_at":"` + created + `","data":` + data + `}`
	}
	const (
		at   = "2026-09-01T12:00:00Z"
		data = `{"type":"agent.created","id":"agent_1"}`
	)
	now := unix(noon())
	for name, test := range map[string]struct {
		id, stamp, body, why string
	}{
		"ids differ":              {"whe_1", now, body("whe_2", at, data), "id_differs_from_header"},
		"no id in the body":       {"whe_1", now, `{"type":"event","created_at":"` + at + `","data":` + data + `}`, "id_missing"},
		"a long id":               {strings.Repeat("w", 3000), now, body("whe_1", at, data), "webhook_id_too_long"},
		"an exponent":             {"whe_1", "1.7882640e9", body("whe_1", at, data), "timestamp_not_unix_seconds"},
		"1e3":                     {"whe_1", "1e3", body("whe_1", at, data), "timestamp_not_unix_seconds"},
		"a sign":                  {"whe_1", "-" + now, body("whe_1", at, data), "timestamp_not_unix_seconds"},
		"a plus":                  {"whe_1", "+" + now, body("whe_1", at, data), "timestamp_not_unix_seconds"},
		"milliseconds":            {"whe_1", now + "000", body("whe_1", at, data), "timestamp_not_unix_seconds"},
		"30 digits":               {"whe_1", strings.Repeat("9", 30), body("whe_1", at, data), "timestamp_not_unix_seconds"},
		"NaN":                     {"whe_1", "NaN", body("whe_1", at, data), "timestamp_not_unix_seconds"},
		"other digits":            {"whe_1", "１７８８２６４０００", body("whe_1", at, data), "timestamp_not_unix_seconds"},
		"RFC 3339":                {"whe_1", at, body("whe_1", at, data), "timestamp_not_unix_seconds"},
		"created_at no date-time": {"whe_1", now, body("whe_1", now, data), "created_at_not_rfc3339"},
		"data null":               {"whe_1", now, body("whe_1", at, `null`), "data_not_an_object"},
		"data without a type":     {"whe_1", now, body("whe_1", at, `{"id":"agent_1"}`), "type_missing"},
		"data without an id":      {"whe_1", now, body("whe_1", at, `{"type":"agent.created"}`), "id_missing"},
		"no object":               {"whe_1", now, `[]`, "not_an_object"},
	} {
		rec := post(test.id, test.stamp, test.body)
		if rec.Code != http.StatusBadRequest || !strings.Contains(rec.Body.String(), `"`+test.why+`"`) {
			t.Errorf("%s = %d %s, want 400 and %s", name, rec.Code, rec.Body, test.why)
		}
	}
	for id, body := range map[string]string{
		"whe_type":     body("whe_type", at, `{"type":"unheard.of"}`),
		"whe_envelope": `{"type":"unheard.of","id":"whe_envelope","created_at":"` + at + `","data":null}`,
		"whe_old":      body("whe_old", "2024-01-01T00:00:00Z", data),
	} {
		status(t, post(id, now, body), http.StatusOK)
		if e := r.effect(id); e.Processed != 1 {
			t.Errorf("%s: processed %d times, want once", id, e.Processed)
		}
	}
}

// TestOneResourceTwoEvents: started and succeeded share the run's id.
func TestOneResourceTwoEvents(t *testing.T) {
	t.Parallel()
	secret := secretOf('a')
	r := newReceiver(t, func(c *reference.Config) { c.Contract, c.Keys = "claude-managed-agents", []string{secret} })
	headers := standardHeaders("webhook")
	for id, at := range map[string][2]string{"whe_1": {"started", "10:00"}, "whe_2": {"succeeded", "11:00"}} {
		body := `{"type":"event","id":"` + id + `","created_at":"2026-09-01T` + at[1] + `:00Z","data":{"type":"deployment_run.` + at[0] + `","id":"drun_1"}}`
		status(t, r.send("/webhooks/claude", headers(id, noon(), macOver(keyOf(secret, true), body)), body), http.StatusOK)
	}
	for _, id := range []string{"whe_1", "whe_2"} { // in either order the newer state stays
		if e := r.effect(id); e != (reference.Effect{Processed: 1, Status: "succeeded"}) {
			t.Errorf("%s: effect = %+v", id, e)
		}
	}
}

func TestSlackGreeting(t *testing.T) {
	t.Parallel()
	s := specimens()[slices.IndexFunc(specimens(), func(s specimen) bool { return s.contract == "slack" })]
	r := newReceiver(t, func(c *reference.Config) {
		c.Contract, c.Keys, c.Metrics = "slack", []string{key}, reference.NewMetrics("test")
	})
	body := `{"token":"t","challenge":"3eZbrw1a\u0022<","type":"url_verification"}`
	s.body = func(string) string { return body }
	rec := s.deliver(r, []byte(key), "", noon(), nil)
	if status(t, rec, http.StatusOK); rec.Body.String() != `{"challenge":"3eZbrw1a\"\u003c"}` {
		t.Errorf("answer = %s", rec.Body)
	}
	for name, rec := range map[string]*httptest.ResponseRecorder{
		"forged": s.deliver(r, []byte("other"), "", noon(), nil),
		"stale":  s.deliver(r, []byte(key), "", noon().Add(-time.Hour), nil),
	} {
		if rec.Code < 400 || strings.Contains(rec.Body.String(), "3eZbrw1a") {
			t.Errorf("%s: %d %s", name, rec.Code, rec.Body)
		}
	}
	body = `{"type":"url_verification"}`
	status(t, s.deliver(r, []byte(key), "", noon(), nil), http.StatusBadRequest)
	body = `{"type":"app_rate_limited","team_id":"T1","minute_rate_limited":1518467820}`
	status(t, s.deliver(r, []byte(key), "", noon(), nil), http.StatusOK)
	body = `{"type":"event_callback","event_time":1,"event":{"type":"message"}}`
	status(t, s.deliver(r, []byte(key), "", noon(), nil), http.StatusBadRequest)
}

func TestGitHubPing(t *testing.T) {
	t.Parallel()
	r := newReceiver(t, func(c *reference.Config) { c.Contract, c.Keys = "github", []string{key} })
	body := `{"zen":"Design for failure.","hook_id":1}`
	headers := map[string]string{"X-Hub-Signature-256": "sha256=" + sign(key, body), "X-GitHub-Event": "ping", "X-GitHub-Delivery": "d-1"}
	status(t, r.send("/webhooks/github", headers, body), http.StatusOK)
	headers["X-Hub-Signature-256"] = "sha256=" + sign("other", body)
	status(t, r.send("/webhooks/github", headers, body), http.StatusUnauthorized)
	delete(headers, "X-GitHub-Event")
	headers["X-Hub-Signature-256"] = "sha256=" + sign(key, body)
	status(t, r.send("/webhooks/github", headers, body), http.StatusBadRequest)
}

// TestOpenStates: a state that comes off the wire is a short word or none.
func TestOpenStates(t *testing.T) {
	t.Parallel()
	r := newReceiver(t, func(c *reference.Config) { c.Contract, c.Keys = "stripe", []string{key} })
	for i, kind := range []string{`a.b\u0000`, `a.` + strings.Repeat("b", 65), `a.`, `a.<b>`, `a.é`} {
		id := fmt.Sprint("evt_", i)
		body := `{"id":"` + id + `","created":1,"type":"` + kind + `","data":{"object":{"id":"x"}}}`
		stamp := unix(noon())
		status(t, r.send("/webhooks/stripe", map[string]string{"Stripe-Signature": "t=" + stamp + ",v1=" + sign(key, stamp+"."+body)}, body), http.StatusOK)
		if e := r.effect(id); e != (reference.Effect{Processed: 1, Status: reference.StatusIgnored}) {
			t.Errorf("%s: effect = %+v", kind, e)
		}
	}
}
