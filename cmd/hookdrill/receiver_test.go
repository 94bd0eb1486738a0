package main

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"net/url"
	"sync"
	"testing"
	"time"
)

// receiver is a small correct receiver with a probe, written for these tests:
// it shares no code with hookdrill. Its fields change what it does.
type receiver struct {
	key string
	// sign makes the expected signature; nil for the contract's.
	sign func(body []byte) string
	// before answers a request before the receiver does, when it returns true.
	before func(w http.ResponseWriter, r *http.Request, body []byte, n int) bool
	// probe answers the nth question in the receiver's place, when it returns true.
	probe func(w http.ResponseWriter, ids []string, n int) bool

	mu       sync.Mutex
	requests int
	asked    int
	bodies   [][]byte
	last     *http.Request
	question *http.Request // the last
	effects  map[string]int
}

// serve starts the receiver until the end of the test; its URL takes
// deliveries, and its URL with /probe in place of the path takes questions.
func (rc *receiver) serve(t *testing.T) string {
	t.Helper()
	url, stop := rc.start()
	t.Cleanup(stop)
	return url
}

func (rc *receiver) start() (string, func()) { return rc.startOn(func(net.Listener) {}) }

// startOn is start for those who want to have the listener.
func (rc *receiver) startOn(see func(net.Listener)) (string, func()) {
	rc.mu.Lock() // another instance's probe may ask already
	if rc.key == "" {
		rc.key = testKey
	}
	if rc.effects == nil { // a second instance shares what the first did
		rc.effects = map[string]int{}
	}
	rc.mu.Unlock()
	mux := http.NewServeMux()
	mux.HandleFunc("/webhooks/claude", rc.hook)
	mux.HandleFunc("GET /probe", rc.observe)
	server := httptest.NewUnstartedServer(mux)
	server.Config.ErrorLog = quiet()
	see(server.Listener)
	server.Start()
	return server.URL + "/webhooks/claude", server.Close
}

func probeOf(target string) string {
	u, err := url.Parse(target)
	if err != nil {
		panic(err)
	}
	u.Path = "/probe"
	return u.String()
}

// count is how many deliveries came.
func (rc *receiver) count() int {
	rc.mu.Lock()
	defer rc.mu.Unlock()
	return rc.requests
}

// request is the last delivery that came, and its body.
func (rc *receiver) request() (*http.Request, string) {
	rc.mu.Lock()
	defer rc.mu.Unlock()
	if rc.last == nil {
		return nil, ""
	}
	return rc.last, string(rc.bodies[len(rc.bodies)-1])
}

func (rc *receiver) hook(w http.ResponseWriter, r *http.Request) {
	body, err := io.ReadAll(io.LimitReader(r.Body, 2<<20))
	rc.mu.Lock()
	rc.requests++
	n := rc.requests
	rc.bodies = append(rc.bodies, body)
	rc.last = r
	rc.mu.Unlock()
	w = &echoing{ResponseWriter: w}
	if rc.before != nil && rc.before(w, r, body, n) {
		return
	}
	w.WriteHeader(rc.judge(r, body, err))
}

// judge is the contract, in the order of the contract.
func (rc *receiver) judge(r *http.Request, body []byte, err error) int {
	got := r.Header.Values("X-Claude-Signature")
	want := mac(rc.key, body)
	if rc.sign != nil {
		want = rc.sign(body)
	}
	var event struct {
		ID, Type  any
		Timestamp time.Time
	}
	switch {
	case r.Method != http.MethodPost:
		return http.StatusMethodNotAllowed
	case err != nil:
		return http.StatusBadRequest
	case len(got) != 1 || !hmac.Equal([]byte(got[0]), []byte(want)):
		return http.StatusUnauthorized
	case json.Unmarshal(body, &event) != nil:
		return http.StatusBadRequest
	}
	id, _ := event.ID.(string)
	kind, _ := event.Type.(string)
	if age := time.Since(event.Timestamp); id == "" || kind == "" || age > 300*time.Second || age < -300*time.Second {
		return http.StatusBadRequest
	}
	rc.mu.Lock()
	defer rc.mu.Unlock()
	rc.effects[id] = 1 // a second delivery is a duplicate
	return http.StatusOK
}

func (rc *receiver) observe(w http.ResponseWriter, r *http.Request) {
	ids := r.URL.Query()["id"]
	rc.mu.Lock()
	rc.asked++
	rc.question = r
	n := rc.asked
	rc.mu.Unlock()
	if rc.probe != nil && rc.probe(w, ids, n) {
		return
	}
	rc.mu.Lock()
	defer rc.mu.Unlock()
	counts := map[string]int{}
	for _, id := range ids {
		counts[id] = rc.effects[id]
	}
	say(w, counts)
}

// say answers a question of a probe.
func say(w http.ResponseWriter, counts map[string]int) {
	type effect struct {
		Processed int `json:"processed"`
	}
	events := map[string]effect{}
	for id, n := range counts {
		events[id] = effect{n}
	}
	_ = json.NewEncoder(w).Encode(map[string]any{"events": events})
}

func mac(key string, body []byte) string {
	h := hmac.New(sha256.New, []byte(key))
	h.Write(body)
	return hex.EncodeToString(h.Sum(nil))
}
