package main

import (
	"net/http"
	"strings"
	"testing"

	"hookdrill/reports"
)

// TestOverload: a receiver that is overloaded for a moment is judged as if it
// had not been, and one that was for longer loses only what met it.
func TestOverload(t *testing.T) {
	t.Parallel()
	tests := []struct {
		name        string
		first, last int // requests that are answered with 503
		failed      []string
	}{
		{"one request", 12, 12, nil},
		{"while one event is tried four times", 12, 15, []string{"SIG-03", "SIG-15"}},
		// 3 events of SIG-01 and the twins of SIG-02 are tried four times each; then the
		// first event of all is sent again until it is taken.
		{"until it is waited for", 3, 25, []string{"SIG-01", "SIG-02", "SIG-15"}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			rc := &receiver{}
			rc.before = func(w http.ResponseWriter, _ *http.Request, _ []byte, n int) bool {
				if n < tt.first || n > tt.last {
					return false
				}
				w.WriteHeader(http.StatusServiceUnavailable)
				return true
			}
			target := rc.serve(t)
			_, report := conform(t, target, "--observe", probeOf(target), "--settle", "500ms", "--quiet", "--only", "SIG-01,"+strings.Join(refusals(), ","))
			for _, c := range report.Checks {
				spared := true
				for _, id := range tt.failed {
					spared = spared && c.ID != id
				}
				if spared != (c.Status == reports.Pass) {
					t.Errorf("%s is %s: %s", c.ID, c.Status, c.Why)
				}
			}
			if strings.Contains(strings.Join(report.Assumptions, "\n"), "The target stopped") {
				t.Errorf("it is there, and the report says that it is not: %q", report.Assumptions)
			}
		})
	}
}
