package zoo

import (
	"crypto/hmac"
	"crypto/sha1" //nolint:gosec // what a careless receiver takes
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"io"
	"net/http"
	"net/http/httptest"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"
)

// api plays the API of thin events.
type api struct {
	*httptest.Server
	mu    sync.Mutex
	calls []string // key and request URI
	fails int      // so many first calls
	gone  bool
	hold  chan struct{} // nil, or what answers wait for
}

func newAPI(t *testing.T) *api {
	t.Helper()
	a := &api{}
	a.Server = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		a.mu.Lock()
		a.calls = append(a.calls, r.Header.Get("X-Api-Key")+" "+r.RequestURI)
		fail, gone, hold := len(a.calls) <= a.fails, a.gone, a.hold
		a.mu.Unlock()
		if hold != nil {
			select {
			case <-hold:
			case <-r.Context().Done():
			}
		}
		switch {
		case gone:
			w.WriteHeader(http.StatusNotFound)
		case fail:
			w.WriteHeader(http.StatusInternalServerError)
		}
		_, _ = io.WriteString(w, `{}`)
	}))
	t.Cleanup(a.Close)
	return a
}

// reached waits until there were n calls, and returns all.
func (a *api) reached(t *testing.T, n int) []string {
	t.Helper()
	deadline := time.NewTimer(30 * time.Second)
	defer deadline.Stop()
	tick := time.NewTicker(10 * time.Millisecond)
	defer tick.Stop()
	for {
		a.mu.Lock()
		calls := slices.Clone(a.calls)
		a.mu.Unlock()
		if len(calls) >= n {
			return calls
		}
		select {
		case <-tick.C:
		case <-deadline.C:
			t.Fatalf("%d calls, want %d: %q", len(calls), n, calls)
		}
	}
}

// foreign is a running receiver for another contract.
type foreign struct {
	*sender
	key string
}

func startForeign(t *testing.T, name string, a API, previous ...string) foreign {
	t.Helper()
	s, err := StartWith(name, a, testKey, previous...)
	if err != nil {
		t.Fatal(err)
	}
	client := &http.Client{Transport: &http.Transport{}, Timeout: 20 * time.Second}
	t.Cleanup(func() {
		client.CloseIdleConnections()
		if err := s.Close(); err != nil {
			t.Errorf("close: %v", err)
		}
	})
	return foreign{sender: &sender{t: t, server: s, client: client}, key: testKey}
}

func (f foreign) post(body string, headers ...string) int {
	f.t.Helper()
	r := f.send(body, func(r *http.Request) {
		r.Header = http.Header{"Content-Type": {"application/json"}}
		for pair := range slices.Chunk(headers, 2) {
			r.Header.Set(pair[0], pair[1])
		}
	})
	if r.err != nil {
		f.t.Fatal(r.err)
	}
	return r.status
}

func nowUnix(ago time.Duration) string { return strconv.FormatInt(time.Now().Add(-ago).Unix(), 10) }

func hexSum(key, text string) string { return hex.EncodeToString(sum(key, []byte(text))) }

func thinBody(id, kind, resource string) string {
	quoted, _ := json.Marshal(resource)
	return `{"type":"event","id":"` + id + `","created_at":"` + time.Now().UTC().Add(-time.Hour).Format(time.RFC3339) +
		`","data":{"type":"` + kind + `","id":` + string(quoted) + `}}`
}

// good is the signature of Standard Webhooks; thin sends an event with a list made of it.
func (f foreign) thin(id, kind, resource string, list func(good string) string) int {
	f.t.Helper()
	body, at := thinBody(id, kind, resource), nowUnix(0)
	good := base64.StdEncoding.EncodeToString(sum(decoded(f.key), []byte(id+"."+at+"."+body)))
	return f.post(body, "webhook-id", id, "webhook-timestamp", at, "webhook-signature", list(good))
}

func v1(good string) string { return "v1," + good }

func TestForeignNames(t *testing.T) {
	t.Parallel()
	known := map[string]bool{}
	for _, a := range append(All(), Foreign()...) {
		if known[a.Name] {
			t.Errorf("%s is there twice", a.Name)
		}
		known[a.Name] = true
	}
	for _, a := range Foreign() {
		if a.Contract == "" || a.Correct() == (a.Style == "") || a.Correct() != (len(a.Catches) == 0) {
			t.Errorf("%s: contract %q, style %q, defect %q, catches %v", a.Name, a.Contract, a.Style, a.Defect, a.Catches)
		}
	}
}

// TestManagedAnimals sends each receiver what tells its defect from the others'.
func TestManagedAnimals(t *testing.T) {
	t.Parallel()
	// What each answers with 2xx that the correct one does not, or the other way round.
	differs := map[string]string{
		"managed-first-signature-only": "good last", "managed-any-label": "v2", "managed-body-only-signature": "body alone",
		"managed-id-header-ignored": "another id", "managed-created-at-fresh": "good",
	}
	for _, a := range managedAnimals() {
		t.Run(a.Name, func(t *testing.T) {
			t.Parallel()
			f := startForeign(t, a.Name, API{})
			got := map[string]bool{
				"good":      f.thin("whe_1", "session.updated", "sesn_1", v1)/100 == 2,
				"good last": f.thin("whe_2", "session.updated", "sesn_2", func(good string) string { return "v1a,x nothing  v1,AAAA v1," + good })/100 == 2,
				"v2":        f.thin("whe_3", "session.updated", "sesn_3", func(good string) string { return "v2," + good })/100 == 2,
			}
			body, at := thinBody("whe_4", "session.updated", "sesn_4"), nowUnix(0)
			alone := base64.StdEncoding.EncodeToString(sum(decoded(f.key), []byte(body)))
			got["body alone"] = f.post(body, "webhook-id", "whe_4", "webhook-timestamp", at, "webhook-signature", "v1,"+alone)/100 == 2
			body = thinBody("whe_5", "session.updated", "sesn_5")
			good := base64.StdEncoding.EncodeToString(sum(decoded(f.key), []byte("whe_5."+at+"."+body)))
			got["another id"] = f.post(body, "webhook-id", "whe_6", "webhook-timestamp", at, "webhook-signature", "v1,"+good)/100 == 2
			old := nowUnix(time.Hour)
			good = base64.StdEncoding.EncodeToString(sum(decoded(f.key), []byte("whe_5."+old+"."+body)))
			got["stale"] = f.post(body, "webhook-id", "whe_5", "webhook-timestamp", old, "webhook-signature", "v1,"+good)/100 == 2
			want := map[string]bool{"good": true, "good last": true, "v2": false, "body alone": false, "another id": false, "stale": false}
			for what := range want {
				if a.Name == "managed-created-at-fresh" {
					want[what] = false // created_at is an hour old here
				} else if differs[a.Name] == what {
					want[what] = !want[what]
				}
				if got[what] != want[what] {
					t.Errorf("%s is taken: %v, want %v", what, got[what], want[what])
				}
			}
		})
	}
}

func TestManagedDedupe(t *testing.T) {
	t.Parallel()
	for name, want := range map[string]int{"managed-correct": 2, "managed-dedupes-by-resource": 1} {
		f := startForeign(t, name, API{})
		f.thin("whe_1", "deployment_run.started", "drun_1", v1)
		f.thin("whe_2", "deployment_run.succeeded", "drun_1", v1)
		f.thin("whe_2", "deployment_run.succeeded", "drun_1", v1)
		n := 0
		for _, s := range f.effects("whe_1", "whe_2") {
			n += s.Processed
		}
		if n != want {
			t.Errorf("%s: %d effects, want %d", name, n, want)
		}
	}
}

func TestManagedAPI(t *testing.T) {
	t.Parallel()
	const key = "sk-zoo"
	t.Run("a forged event", func(t *testing.T) {
		t.Parallel()
		for name, want := range map[string][]string{
			"managed-correct":                  {key + " /v1/agents/agent_2"},
			"managed-fetches-before-verifying": {key + " /v1/agents/agent_1", key + " /v1/agents/agent_2"},
		} {
			a := newAPI(t)
			f := startForeign(t, name, API{URL: a.URL, Key: key})
			if code := f.thin("whe_1", "agent.created", "agent_1", func(string) string { return "v1,AAAA" }); code != http.StatusUnauthorized {
				t.Errorf("%s: forged = %d", name, code)
			}
			f.thin("whe_2", "agent.created", "agent_2", v1)
			calls := a.reached(t, len(want))
			if slices.Sort(calls); !slices.Equal(calls, want) {
				t.Errorf("%s: calls %q, want %q", name, calls, want)
			}
		}
	})
	t.Run("hostile ids", func(t *testing.T) {
		t.Parallel()
		for name, leads := range map[string]string{"managed-correct": "", "managed-pastes-ids": "/v1/sessions/../agents/x", "managed-resolves-ids": "/v1/agents/x"} {
			a := newAPI(t)
			f := startForeign(t, name, API{URL: a.URL, Key: key})
			if code := f.thin("whe_1", "session.updated", "../agents/x", v1); code != http.StatusOK {
				t.Errorf("%s: %d", name, code)
			}
			if leads != "" {
				if calls := a.reached(t, 1); calls[0] != key+" "+leads {
					t.Errorf("%s: calls %q, want %s", name, calls, leads)
				}
			}
			f.thin("whe_2", "agent.created", "agent_2", v1)
			want := 1
			if leads != "" {
				want = 2
			}
			if calls := a.reached(t, want); len(calls) != want {
				t.Errorf("%s: calls %q", name, calls)
			}
		}
	})
	t.Run("failures", func(t *testing.T) {
		t.Parallel()
		for name, want := range map[string]int{"managed-correct": 3, "managed-forgets-failed-fetches": 1} {
			a := newAPI(t)
			a.fails = 2
			f := startForeign(t, name, API{URL: a.URL, Key: key})
			f.thin("whe_1", "session.updated", "sesn_1", v1)
			a.reached(t, want)
			f.thin("whe_2", "session.updated", "sesn_2", v1) // after whe_1 is settled, or dropped
			calls := a.reached(t, want+1)
			if n := strings.Count(strings.Join(calls, " "), "sesn_1"); n != want {
				t.Errorf("%s: %d calls for the first, want %d", name, n, want)
			}
		}
	})
	t.Run("gone", func(t *testing.T) {
		t.Parallel()
		for name, want := range map[string]int{"managed-correct": http.StatusOK, "managed-gone-is-an-error": http.StatusInternalServerError} {
			a := newAPI(t)
			a.gone = true
			f := startForeign(t, name, API{URL: a.URL, Key: key})
			if code := f.thin("whe_1", "session.updated", "sesn_1", v1); code != want {
				t.Errorf("%s: %d, want %d", name, code, want)
			}
		}
	})
	t.Run("slow", func(t *testing.T) {
		t.Parallel()
		for name, waits := range map[string]bool{"managed-correct": false, "managed-waits-for-the-api": true} {
			a := newAPI(t)
			a.hold = make(chan struct{})
			f := startForeign(t, name, API{URL: a.URL, Key: key})
			answered := make(chan int, 1)
			go func() { answered <- f.thin("whe_1", "session.updated", "sesn_1", v1) }()
			a.reached(t, 1)
			if !waits {
				if code := <-answered; code != http.StatusOK { // while the API still holds its own
					t.Errorf("%s: %d", name, code)
				}
				close(a.hold)
				continue
			}
			select {
			case <-answered:
				t.Errorf("%s: answered before the API", name)
			default:
			}
			close(a.hold)
			<-answered
		}
	})
}

func TestStripeAnimals(t *testing.T) {
	t.Parallel()
	body := func(id string) string {
		return `{"id":"` + id + `","object":"event","type":"invoice.paid","created":1,"data":{"object":{"id":"in_1"}}}`
	}
	at, old, ahead := nowUnix(0), nowUnix(time.Hour), nowUnix(-time.Hour)
	differs := map[string][]string{
		"stripe-first-signature-only": {"good last"}, "stripe-takes-any-version": {"v0"}, "stripe-time-not-checked": {"stale"},
		"stripe-key-decoded": {"good", "good last", "ahead"},
	}
	for _, a := range stripeAnimals() {
		f := startForeign(t, a.Name, API{})
		post := func(id, header string) bool { return f.post(body(id), "Stripe-Signature", header)/100 == 2 }
		good := func(at, id string) string { return hexSum(testKey, at+"."+body(id)) }
		got := map[string]bool{
			"good":      post("evt_1", "t="+at+",v1="+good(at, "evt_1")),
			"good last": post("evt_2", "t="+at+",v1="+strings.Repeat("0", 64)+",v1="+good(at, "evt_2")),
			"v0":        post("evt_3", "t="+at+",v0="+good(at, "evt_3")),
			"stale":     post("evt_4", "t="+old+",v1="+good(old, "evt_4")),
			"ahead":     post("evt_5", "t="+ahead+",v1="+good(ahead, "evt_5")),
			"forged":    post("evt_6", "t="+at+",v1="+strings.Repeat("0", 64)),
		}
		for what, want := range map[string]bool{"good": true, "good last": true, "v0": false, "stale": false, "ahead": true, "forged": false} {
			if slices.Contains(differs[a.Name], what) {
				want = !want
			}
			if got[what] != want {
				t.Errorf("%s: %s is taken: %v, want %v", a.Name, what, got[what], want)
			}
		}
	}
}

func TestGitHubAnimals(t *testing.T) {
	t.Parallel()
	const body = `{"action":"opened","issue":{"node_id":"I_1"}}`
	legacy := hmac.New(sha1.New, []byte(testKey))
	legacy.Write([]byte(body))
	differs := map[string]string{"github-takes-sha1": "sha1", "github-ping-refused": "ping", "github-dedupes-by-body": "same body"}
	for _, a := range gitHubAnimals() {
		f := startForeign(t, a.Name, API{})
		post := func(id, event string, more ...string) bool {
			return f.post(body, append(more, "X-GitHub-Delivery", id, "X-GitHub-Event", event)...)/100 == 2
		}
		good := "sha256=" + hexSum(testKey, body)
		got := map[string]bool{
			"good":   post("d-1", "issues", "X-Hub-Signature-256", good),
			"ping":   post("d-2", "ping", "X-Hub-Signature-256", good),
			"sha1":   post("d-3", "issues", "X-Hub-Signature", "sha1="+hex.EncodeToString(legacy.Sum(nil))),
			"bare":   post("d-4", "issues", "X-Hub-Signature-256", strings.TrimPrefix(good, "sha256=")),
			"forged": post("d-5", "issues", "X-Hub-Signature-256", "sha256="+strings.Repeat("0", 64)),
		}
		post("d-6", "issues", "X-Hub-Signature-256", good)
		got["same body"] = f.effects("d-6")["d-6"].Processed == 1
		for what, want := range map[string]bool{"good": true, "ping": true, "sha1": false, "bare": false, "forged": false, "same body": true} {
			if differs[a.Name] == what {
				want = !want
			}
			if got[what] != want {
				t.Errorf("%s: %s: %v, want %v", a.Name, what, got[what], want)
			}
		}
	}
}

func TestSlackAnimals(t *testing.T) {
	t.Parallel()
	const (
		body      = `{"type":"event_callback","event_id":"Ev1","event":{"type":"message"}}`
		handshake = `{"type":"url_verification","challenge":"c-1"}`
	)
	at, old := nowUnix(0), nowUnix(time.Hour)
	differs := map[string]string{"slack-handshake-before-verifying": "forged handshake", "slack-challenge-not-echoed": "challenge"}
	for _, a := range slackAnimals() {
		f := startForeign(t, a.Name, API{})
		send := func(body, at, mac string) result {
			return f.send(body, func(r *http.Request) {
				r.Header = http.Header{"X-Slack-Request-Timestamp": {at}, "X-Slack-Signature": {"v0=" + mac}}
			})
		}
		good := func(at, body string) string { return hexSum(testKey, "v0:"+at+":"+body) }
		none := strings.Repeat("0", 64)
		got := map[string]bool{
			"good":             send(body, at, good(at, body)).ok(),
			"stale":            send(body, old, good(old, body)).ok(),
			"time changed":     send(body, at, good(old, body)).ok(),
			"forged":           send(body, at, none).ok(),
			"handshake":        send(handshake, at, good(at, handshake)).ok(),
			"challenge":        strings.Contains(send(handshake, at, good(at, handshake)).body, "c-1"),
			"forged handshake": send(handshake, at, none).ok(),
		}
		for what, want := range map[string]bool{
			"good": true, "stale": false, "time changed": false, "forged": false, "handshake": true, "challenge": true, "forged handshake": false,
		} {
			if differs[a.Name] == what {
				want = !want
			}
			if got[what] != want {
				t.Errorf("%s: %s: %v, want %v", a.Name, what, got[what], want)
			}
		}
	}
}

func TestShopifyAnimals(t *testing.T) {
	t.Parallel()
	const body = `{"id":820982911946154508}`
	good := base64.StdEncoding.EncodeToString(sum(testKey, []byte(body)))
	for name, want := range map[string]int{"shopify-correct": 2, "shopify-dedupes-by-topic-and-resource": 1} {
		f := startForeign(t, name, API{})
		post := func(id, mac string) int {
			return f.post(body, "X-Shopify-Webhook-Id", id, "X-Shopify-Topic", "orders/create", "X-Shopify-Hmac-SHA256", mac)
		}
		for _, id := range []string{"w-1", "w-2", "w-2"} {
			if code := post(id, good); code != http.StatusOK {
				t.Errorf("%s: %s = %d", name, id, code)
			}
		}
		if code := post("w-3", hexSum(testKey, body)); code != http.StatusUnauthorized {
			t.Errorf("%s: in hex = %d", name, code)
		}
		n := 0
		for _, s := range f.effects("w-1", "w-2", "w-3") {
			n += s.Processed
		}
		if n != want {
			t.Errorf("%s: %d effects, want %d", name, n, want)
		}
	}
}
