package reference_test

import (
	"context"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"hookdrill/reference"
)

// instantStore takes whatever comes.
type instantStore struct{ brokenStore }

func (instantStore) Record(context.Context, reference.Event) (reference.Outcome, error) {
	return reference.OutcomeNew, nil
}

// BenchmarkHandler is what a delivery costs without network and store.
func BenchmarkHandler(b *testing.B) {
	for _, bench := range []struct {
		name string
		set  func(*reference.Config)
	}{
		{"bare", func(*reference.Config) {}},
		{"log", func(c *reference.Config) { c.Logger = reference.NewLogger(io.Discard, slog.LevelInfo) }},
		{"metrics", func(c *reference.Config) { c.Metrics = reference.NewMetrics("test") }},
	} {
		b.Run(bench.name, func(b *testing.B) {
			cfg := reference.Config{Keys: []string{key}, Store: instantStore{}, Now: noon}
			bench.set(&cfg)
			handler, err := reference.NewHandler(cfg)
			if err != nil {
				b.Fatal(err)
			}
			body := event("evt_1")
			signature := sign(key, body)
			b.ReportAllocs()
			for b.Loop() {
				req := httptest.NewRequestWithContext(b.Context(), http.MethodPost, path, strings.NewReader(body))
				req.Header.Set(header, signature)
				rec := httptest.NewRecorder()
				handler.ServeHTTP(rec, req)
				if rec.Code != http.StatusOK {
					b.Fatalf("answer = %d %s", rec.Code, rec.Body)
				}
			}
		})
	}
}
