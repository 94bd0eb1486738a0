package webapi

import (
	"encoding/json"
	"net/http"
)

// FieldProblem is what is wrong with one field, parameter or header.
type FieldProblem struct {
	Field string `json:"field"`
	Why   string `json:"why"`
}

// problem is a problem document, RFC 9457.
type problem struct {
	Type   string         `json:"type"`
	Title  string         `json:"title"`
	Status int            `json:"status"`
	Detail string         `json:"detail,omitempty"`
	Errors []FieldProblem `json:"errors,omitempty"`
}

// Write answers with a status and a value as JSON.
func Write(w http.ResponseWriter, status int, v any) { write(w, status, "application/json", v) }

// Problem answers with a problem document.
func Problem(w http.ResponseWriter, status int, title, detail string, fields ...FieldProblem) {
	write(w, status, "application/problem+json", problem{"about:blank", title, status, detail, fields})
}

// Invalid answers 400 for one field that is wrong.
func Invalid(w http.ResponseWriter, field, why string) {
	Problem(w, http.StatusBadRequest, "Invalid request", field+": "+why, FieldProblem{field, why})
}

func write(w http.ResponseWriter, status int, media string, v any) {
	text, err := json.Marshal(v)
	if err != nil {
		status, media = http.StatusInternalServerError, "application/problem+json"
		text = []byte(`{"type":"about:blank","title":"Internal error","status":500}`)
	}
	h := w.Header()
	h.Set("Content-Type", media)
	h.Set("X-Content-Type-Options", "nosniff")
	h.Set("Cache-Control", "no-store")
	h.Set("Content-Security-Policy", "default-src 'none'")
	w.WriteHeader(status)
	w.Write(append(text, '\n')) //nolint:errcheck // the client may be gone
}
