package api

import (
	"net/http"
	"net/url"

	"hookdrill/internal/webapi"
	"hookdrill/mockclaude"
	"hookdrill/mockclaude/engine"
)

const leastKey, mostKey = 8, 1024

// subscription is what a subscription is made from.
type subscription struct {
	URL         string   `json:"url"`
	Types       []string `json:"types"`
	Concurrency int      `json:"concurrency"`
	Key         string   `json:"key"`
}

// shown is an endpoint with its key, which is shown once.
type shown struct {
	engine.Endpoint
	Key string `json:"key"`
}

func (a *api) subscribe(w http.ResponseWriter, r *http.Request) {
	var s subscription
	if !webapi.Read(w, r, mostSubscription, &s) {
		return
	}
	key, ok := a.key(w, s.Key)
	if !ok {
		return
	}
	u, err := url.Parse(s.URL)
	if err == nil && u.Hostname() != "" {
		if err := a.Allow(r.Context(), u); err != nil {
			webapi.Invalid(w, "url", err.Error())
			return
		}
	}
	ep, err := a.Engine.Subscribe(r.Context(), engine.Subscription{URL: s.URL, Types: s.Types, Concurrency: s.Concurrency, Key: []byte(key)})
	if err != nil {
		refuse(w, err)
		return
	}
	w.Header().Set("Location", "/api/v1/subscriptions/"+ep.ID)
	webapi.Write(w, http.StatusCreated, shown{ep, key})
}

// key is the caller's key, or a new one.
func (a *api) key(w http.ResponseWriter, own string) (string, bool) {
	switch {
	case own == "":
		return a.NewKey(), true
	case len(own) < leastKey || len(own) > mostKey:
		webapi.Invalid(w, "key", "want 8 to 1024 bytes")
		return "", false
	}
	if _, err := mockclaude.DeriveKey(a.Engine.Contract().Key, []byte(own)); err != nil {
		webapi.Invalid(w, "key", err.Error())
		return "", false
	}
	return own, true
}

func (a *api) list(w http.ResponseWriter, _ *http.Request) {
	webapi.Write(w, http.StatusOK, map[string]any{"subscriptions": a.Engine.Endpoints()})
}

func (a *api) get(w http.ResponseWriter, r *http.Request) {
	answer(w)(a.Engine.Endpoint(r.PathValue("id")))
}

// answer answers with an endpoint or for an error.
func answer(w http.ResponseWriter) func(engine.Endpoint, error) {
	return func(ep engine.Endpoint, err error) {
		if err != nil {
			refuse(w, err)
			return
		}
		webapi.Write(w, http.StatusOK, ep)
	}
}

func (a *api) unsubscribe(w http.ResponseWriter, r *http.Request) {
	if err := a.Engine.Unsubscribe(r.Context(), r.PathValue("id")); err != nil {
		refuse(w, err)
		return
	}
	w.WriteHeader(http.StatusNoContent)
}

func (a *api) rotate(w http.ResponseWriter, r *http.Request) {
	var s struct {
		Key string `json:"key"`
	}
	if r.ContentLength != 0 && !webapi.Read(w, r, mostSubscription, &s) {
		return
	}
	key, ok := a.key(w, s.Key)
	if !ok {
		return
	}
	ep, err := a.Engine.Rotate(r.Context(), r.PathValue("id"), []byte(key))
	if err != nil {
		refuse(w, err)
		return
	}
	webapi.Write(w, http.StatusOK, shown{ep, key})
}

func (a *api) enable(w http.ResponseWriter, r *http.Request) {
	answer(w)(a.Engine.Enable(r.Context(), r.PathValue("id")))
}
