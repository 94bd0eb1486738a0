package zoo

import (
	"encoding/json"
	"net/http"
)

// probeLimit is how many ids one question may hold.
const probeLimit = 100

// probe answers GET /probe?id=a&id=b for the harness. It has a listener of its
// own and is correct in every animal: a receiver that hangs can still be asked.
func (rc *receiver) probe(w http.ResponseWriter, r *http.Request) {
	asked := r.URL.Query()["id"]
	if len(asked) > probeLimit {
		http.Error(w, "too many ids", http.StatusBadRequest)
		return
	}
	seen := rc.store.look(asked)
	if rc.probeHidesStatus {
		for id, s := range seen {
			s.Status = ""
			seen[id] = s
		}
	}
	w.Header().Set("Content-Type", "application/json")
	// A harness that hung up is no concern of the receiver.
	_ = json.NewEncoder(w).Encode(map[string]any{"events": seen})
}

// probeHandler routes the probe.
func probeHandler(rc *receiver) http.Handler {
	mux := http.NewServeMux()
	mux.HandleFunc("GET /probe", rc.probe)
	return mux
}
