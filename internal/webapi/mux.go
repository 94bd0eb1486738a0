package webapi

import (
	"net/http"
	"slices"
	"strings"
)

// Mux leads requests to handlers by method and path, as [http.ServeMux] does,
// and answers what leads nowhere with a problem.
type Mux struct {
	mux     http.ServeMux
	methods map[string][]string
}

// Handle registers a handler for a pattern such as "GET /api/stats/{id}".
func (m *Mux) Handle(pattern string, h http.HandlerFunc) {
	method, path, _ := strings.Cut(pattern, " ")
	if m.methods == nil {
		m.methods = map[string][]string{}
	}
	if m.methods[path] == nil {
		m.mux.HandleFunc(path, func(w http.ResponseWriter, _ *http.Request) { m.other(w, path) })
	}
	m.methods[path] = append(m.methods[path], method)
	if method == http.MethodGet {
		m.methods[path] = append(m.methods[path], http.MethodHead)
	}
	m.mux.HandleFunc(pattern, h)
}

// other answers a method that a path does not have.
func (m *Mux) other(w http.ResponseWriter, path string) {
	allow := strings.Join(slices.Sorted(slices.Values(m.methods[path])), ", ")
	w.Header().Set("Allow", allow)
	Problem(w, http.StatusMethodNotAllowed, "Method not allowed", "this path takes "+allow)
}

// ServeHTTP implements [http.Handler].
func (m *Mux) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	// A path that is not clean would be redirected; here it leads nowhere.
	if _, pattern := m.mux.Handler(r); pattern == "" || strings.Contains(r.URL.Path, "//") || strings.Contains(r.URL.Path, "/.") {
		Problem(w, http.StatusNotFound, "Not found", "nothing is served under this path")
		return
	}
	m.mux.ServeHTTP(w, r)
}
