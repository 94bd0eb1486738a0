package suites

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"hookdrill/reports"
)

func TestReadLog(t *testing.T) {
	t.Parallel()
	const (
		secret  = "whsec_not-a-real-one"
		served  = `{"level":"INFO","message":"processed","status":200}` + "\n"
		refusal = `{"level":"WARN","message":"signature wrong","status":401}` + "\n"
	)
	tests := map[string]struct {
		log  string
		id   string
		want reports.Status
	}{
		"no secret":            {served + refusal, "OBS-01", reports.Pass},
		"the key":              {served + `{"key":"` + secret + `"}` + "\n", "OBS-01", reports.Fail},
		"empty":                {"", "OBS-01", reports.NotObserved},
		"structured":           {served + refusal, "OBS-02", reports.Pass},
		"plain text":           {served + "401 for 127.0.0.1\n", "OBS-02", reports.Fail},
		"no refusal":           {served, "OBS-02", reports.Fail},
		"a level by number":    {served + `{"level":40,"msg":"bad signature"}` + "\n", "OBS-02", reports.Pass},
		"a status and no more": {served + `{"status":403}` + "\n", "OBS-02", reports.Pass},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			file := filepath.Join(t.TempDir(), "receiver.log")
			if err := os.WriteFile(file, []byte(tt.log), 0o600); err != nil {
				t.Fatal(err)
			}
			r := NewRunner(Config{LogFile: file, Secrets: func(text string) bool { return strings.Contains(text, secret) }}, nil)
			if got := r.readLog(tt.id); got.Status != string(tt.want) {
				t.Errorf("readLog() = %s, %q; want %s", got.Status, got.Why, tt.want)
			}
		})
	}
	t.Run("no file", func(t *testing.T) {
		t.Parallel()
		if got := NewRunner(Config{}, nil).readLog("OBS-01"); got.Status != string(reports.NotObserved) {
			t.Errorf("readLog() = %s, want not_observed", got.Status)
		}
	})
}

func TestConformMatchesPassAlone(t *testing.T) {
	t.Parallel()
	for _, s := range reports.Statuses() {
		got, err := Conform().Match(reports.Check{Status: s})
		if err != nil || got != (s == reports.Pass) {
			t.Errorf("Conform() of %s = %v, %v", s, got, err)
		}
	}
	if _, err := Conform().Match("no check"); err == nil {
		t.Error("Conform() of a string gives no error")
	}
}
