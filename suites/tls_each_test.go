package suites

import (
	"crypto/tls"
	"io"
	"log"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"
	"time"

	"hookdrill/internal/record"
	"hookdrill/reports"
)

// TestEachInstanceIsInspected: one instance that takes an old version is
// enough, wherever it stands in the list, and the decision names it.
func TestEachInstanceIsInspected(t *testing.T) {
	t.Parallel()
	serve := func(lowest uint16) *url.URL {
		s := httptest.NewUnstartedServer(http.NotFoundHandler())
		s.Config.ErrorLog = log.New(io.Discard, "", 0)
		s.TLS = &tls.Config{MinVersion: lowest}
		s.StartTLS()
		t.Cleanup(s.Close)
		u, err := url.Parse(s.URL)
		if err != nil {
			t.Fatal(err)
		}
		return u
	}
	good, fine, old := serve(tls.VersionTLS12), serve(tls.VersionTLS12), serve(tls.VersionTLS10)
	tests := []struct {
		name   string
		target []*url.URL
		want   reports.Status
		why    string
	}{
		{"one, good", []*url.URL{good}, reports.Pass, ""},
		{"two, good", []*url.URL{good, fine}, reports.Pass, ""},
		{"the second is old", []*url.URL{good, old}, reports.Fail, old.Host + ": "},
		{"the first is old", []*url.URL{old, good}, reports.Fail, old.Host + ": "},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			r := NewRunner(Config{Target: tt.target[0], Further: tt.target[1:], Now: time.Now}, &record.Run{})
			d := r.inspect(t.Context(), "TLS-04")
			if d.Status != string(tt.want) || !strings.HasPrefix(d.Why, tt.why) {
				t.Errorf("%+v, want %s and %q", d, tt.want, tt.why)
			}
			for _, u := range tt.target {
				if len(tt.target) > 1 && !strings.Contains(d.Actual, u.Host+": ") {
					t.Errorf("%q does not name %s", d.Actual, u.Host)
				}
			}
		})
	}
}
