package certify

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"io"
	"net/http"
	"sync"
	"sync/atomic"
	"time"
)

const testKey = "whsec_certify"

// receiver is a correct receiver with a probe, and what a test makes of it.
type receiver struct {
	mu      sync.Mutex
	effects map[string]int
	valid   atomic.Int64 // the n-th valid request, from 1
	forged  atomic.Int64

	// spoil may answer the n-th valid request in the receiver's place; it returns true
	// when it has.
	spoil func(r *receiver, w http.ResponseWriter, id string, n int64) bool
	// forge does the same for the n-th forged one.
	forge func(w http.ResponseWriter, n int64) bool
	// early makes it process events before it looks at their signatures.
	early bool
}

func (r *receiver) process(id string) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.effects == nil {
		r.effects = map[string]int{}
	}
	r.effects[id]++
}

func (r *receiver) once(id string) {
	r.mu.Lock()
	known := r.effects[id] > 0
	r.mu.Unlock()
	if !known {
		r.process(id)
	}
}

func (r *receiver) ServeHTTP(w http.ResponseWriter, q *http.Request) {
	if q.URL.Path == "/probe" {
		r.probe(w, q)
		return
	}
	body, err := io.ReadAll(q.Body)
	if err != nil {
		return
	}
	mac := hmac.New(sha256.New, []byte(testKey))
	mac.Write(body)
	if r.early {
		var e struct {
			ID string `json:"id"`
		}
		_ = json.Unmarshal(body, &e)
		r.once(e.ID)
	}
	if hex.EncodeToString(mac.Sum(nil)) != q.Header.Get("X-Claude-Signature") {
		if r.forge == nil || !r.forge(w, r.forged.Add(1)) {
			w.WriteHeader(http.StatusUnauthorized)
		}
		return
	}
	var e struct {
		ID        string    `json:"id"`
		Timestamp time.Time `json:"timestamp"`
	}
	if err := json.Unmarshal(body, &e); err != nil || time.Since(e.Timestamp) > 5*time.Minute {
		w.WriteHeader(http.StatusBadRequest)
		return
	}
	if r.spoil == nil || !r.spoil(r, w, e.ID, r.valid.Add(1)) {
		r.once(e.ID)
	}
}

func (r *receiver) probe(w http.ResponseWriter, q *http.Request) {
	r.mu.Lock()
	defer r.mu.Unlock()
	out := map[string]map[string]int{}
	for _, id := range q.URL.Query()["id"] {
		if n := r.effects[id]; n > 0 {
			out[id] = map[string]int{"processed": n}
		}
	}
	_ = json.NewEncoder(w).Encode(map[string]any{"events": out})
}
