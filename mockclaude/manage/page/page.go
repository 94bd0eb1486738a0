// Package page is the live page of mock Claude's management listener: one
// document, one script and one style sheet, which show deliveries as they
// happen.
//
// It serves files and nothing else: what the page shows comes from the
// listener's JSON.
package page

import (
	"embed"
	"net/http"

	"hookdrill/internal/webapi"
)

//go:embed index.html assets
var files embed.FS

// policy lets the page load what comes from its own listener, and nothing from
// anywhere else; nothing that a target sends can become part of it.
const policy = "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; img-src 'self' data:; " +
	"base-uri 'none'; form-action 'none'; frame-ancestors 'none'"

// Handler serves the page under / and its parts under /assets/.
func Handler() http.Handler {
	m := &webapi.Mux{}
	for path, file := range map[string]struct{ name, media string }{
		"/{$}":            {"index.html", "text/html; charset=utf-8"},
		"/assets/app.js":  {"assets/app.js", "text/javascript; charset=utf-8"},
		"/assets/app.css": {"assets/app.css", "text/css; charset=utf-8"},
	} {
		m.Handle("GET "+path, func(w http.ResponseWriter, _ *http.Request) {
			text, err := files.ReadFile(file.name)
			if err != nil {
				webapi.Problem(w, http.StatusInternalServerError, "Internal error", "the page is not part of this program")
				return
			}
			h := w.Header()
			h.Set("Content-Type", file.media)
			h.Set("Content-Security-Policy", policy)
			h.Set("X-Content-Type-Options", "nosniff")
			h.Set("Referrer-Policy", "no-referrer")
			h.Set("Cache-Control", "no-cache")
			w.Write(text) //nolint:errcheck // the browser may be gone
		})
	}
	return m
}
