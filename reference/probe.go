package reference

import (
	"context"
	"encoding/json"
	"log/slog"
	"net/http"
	"net/url"
)

// maxProbe is how many ids one probe may ask for.
const maxProbe = 100

// serveProbe answers GET /probe?id=a&id=b with what these events did:
//
//	{"events":{"a":{"processed":1,"status":"completed"}}}
func (h *handler) serveProbe(w http.ResponseWriter, r *http.Request) {
	if r.Method != http.MethodGet {
		w.Header().Set("Allow", http.MethodGet)
		answer(w, http.StatusMethodNotAllowed, `{"error":"method_not_allowed"}`)
		return
	}
	query, err := url.ParseQuery(r.URL.RawQuery)
	if err != nil {
		answer(w, http.StatusBadRequest, `{"error":"malformed","reason":"query"}`)
		return
	}
	ids := query["id"]
	if len(ids) > maxProbe {
		answer(w, http.StatusBadRequest, `{"error":"malformed","reason":"too_many_ids"}`)
		return
	}
	ctx, cancel := context.WithTimeout(r.Context(), h.storeTimeout)
	defer cancel()
	effects, err := h.store.Effects(ctx, ids)
	if err != nil {
		h.log.LogAttrs(ctx, slog.LevelError, "probe failed", slog.Any("error", err))
		answer(w, http.StatusServiceUnavailable, `{"error":"unavailable"}`)
		return
	}
	if effects == nil {
		effects = map[string]Effect{}
	}
	text, err := json.Marshal(map[string]any{"events": effects})
	if err != nil {
		h.log.LogAttrs(ctx, slog.LevelError, "probe failed", slog.Any("error", err))
		answer(w, http.StatusInternalServerError, `{"error":"internal"}`)
		return
	}
	answer(w, http.StatusOK, string(text))
}
