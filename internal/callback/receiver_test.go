package callback

import (
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"sync"
	"testing"
	"time"
)

const (
	signingKey = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSwMfKQ9r8GKYo="
	apiKey     = "sk-ant-callback-tests-0123456789"
)

// receiver is a receiver of thin events that is correct unless a field says otherwise:
// it verifies, acknowledges, and then fetches what the event is about, until it has it.
type receiver struct {
	base string // the API's

	inRequest   bool                   // it fetches before it answers, and is correct otherwise
	early       bool                   // it fetches before it verifies
	path        func(id string) string // how an id becomes a path, "" for nothing to fetch
	resolve     bool                   // the path is resolved like a link
	tries       int                    // how often it tries to fetch; 0 is often
	seenFirst   bool                   // in the request: marked as seen before it is worked on
	byResource  bool                   // it takes two events about one resource for one
	goneIsError bool                   // in the request: 404 is answered with 500
	wants       func(typ string) bool  // the types that it fetches for; nil is all
	client      *http.Client
	mu          sync.Mutex
	seen        map[string]bool
	work        sync.WaitGroup
	ctx         context.Context
}

// serve starts the receiver and returns its URL.
func (rc *receiver) serve(t *testing.T) *url.URL {
	t.Helper()
	rc.seen, rc.client = map[string]bool{}, &http.Client{Transport: &http.Transport{DisableKeepAlives: true}}
	ctx, cancel := context.WithCancel(context.Background())
	rc.ctx = ctx
	server := httptest.NewServer(rc)
	t.Cleanup(func() { server.Close(); cancel(); rc.work.Wait() })
	u, err := url.Parse(server.URL + "/webhooks/claude")
	if err != nil {
		t.Fatal(err)
	}
	return u
}

type thin struct {
	Data struct {
		Type, ID string
		Thread   string `json:"session_thread_id"`
		Vault    string `json:"vault_id"`
	}
}

func (rc *receiver) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	body, err := io.ReadAll(r.Body)
	if err != nil {
		w.WriteHeader(http.StatusBadRequest)
		return
	}
	var e thin
	parsed := json.Unmarshal(body, &e)
	if rc.early && parsed == nil {
		rc.work.Go(func() { _ = rc.fetch(rc.ctx, e) })
	}
	if !genuine(r, body) {
		w.WriteHeader(http.StatusUnauthorized)
		return
	}
	if parsed != nil {
		w.WriteHeader(http.StatusBadRequest)
		return
	}
	key := r.Header.Get("webhook-id")
	if rc.byResource {
		key = e.Data.ID
	}
	rc.mu.Lock()
	again := rc.seen[key]
	rc.seen[key] = true
	rc.mu.Unlock()
	switch {
	case again:
	case rc.inRequest:
		w.WriteHeader(rc.answer(key, e))
	default:
		rc.work.Go(func() { rc.later(e) })
	}
}

// answer works on an event while the sender waits.
func (rc *receiver) answer(key string, e thin) int {
	err := rc.fetch(rc.ctx, e)
	if err == nil || errors.Is(err, errGone) && !rc.goneIsError {
		return http.StatusOK
	}
	if !rc.seenFirst {
		rc.mu.Lock()
		delete(rc.seen, key)
		rc.mu.Unlock()
	}
	return http.StatusInternalServerError
}

// later works on an event behind the answer.
func (rc *receiver) later(e thin) {
	for n := 0; rc.tries == 0 || n < rc.tries; n++ {
		if err := rc.fetch(rc.ctx, e); err == nil || errors.Is(err, errGone) || rc.ctx.Err() != nil {
			return
		}
		select {
		case <-time.After(50 * time.Millisecond):
		case <-rc.ctx.Done():
		}
	}
}

var errGone = errors.New("gone")

func (rc *receiver) fetch(ctx context.Context, e thin) error {
	if rc.wants != nil && !rc.wants(e.Data.Type) || strings.HasSuffix(e.Data.Type, ".deleted") {
		return nil
	}
	place := url.PathEscape
	if rc.path != nil {
		place = rc.path
	}
	family, _, _ := strings.Cut(e.Data.Type, ".")
	collection := map[string]string{
		"session": "sessions", "agent": "agents", "deployment": "deployments", "deployment_run": "deployment_runs",
		"environment": "environments", "memory_store": "memory_stores", "vault": "vaults", "vault_credential": "vaults/" + e.Data.Vault + "/credentials",
	}[family]
	target := "/v1/" + collection + "/" + place(e.Data.ID)
	if place(e.Data.ID) == "" {
		return nil
	}
	at := rc.base + target + "?beta=true"
	if rc.resolve {
		base, _ := url.Parse(rc.base + "/v1/" + collection + "/")
		link, err := base.Parse(e.Data.ID)
		if err != nil {
			return nil
		}
		at = link.String()
	}
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, at, http.NoBody)
	if err != nil {
		return nil
	}
	req.Header.Set("x-api-key", apiKey)
	resp, err := rc.client.Do(req)
	if err != nil {
		return err
	}
	defer resp.Body.Close()
	switch resp.StatusCode {
	case http.StatusOK:
		return nil
	case http.StatusNotFound:
		return errGone
	}
	return fmt.Errorf("the API answered %d", resp.StatusCode)
}

// genuine verifies as Standard Webhooks says.
func genuine(r *http.Request, body []byte) bool {
	key, _ := base64.StdEncoding.DecodeString(strings.TrimPrefix(signingKey, "whsec_"))
	h := hmac.New(sha256.New, key)
	fmt.Fprintf(h, "%s.%s.%s", r.Header.Get("webhook-id"), r.Header.Get("webhook-timestamp"), body)
	want := "v1," + base64.StdEncoding.EncodeToString(h.Sum(nil))
	for given := range strings.SplitSeq(r.Header.Get("webhook-signature"), " ") {
		if hmac.Equal([]byte(given), []byte(want)) {
			return true
		}
	}
	return false
}
