package contract_test

import (
	"testing"
	"time"

	"github.com/goccy/go-yaml"

	"hookdrill/contract"
)

func TestDuration(t *testing.T) {
	t.Parallel()
	tests := []struct {
		text string
		d    time.Duration
		back string
	}{
		{"300s", 300 * time.Second, "300s"},
		{"5m", 5 * time.Minute, "300s"},
		{"500ms", 500 * time.Millisecond, "500ms"},
		{"1.5s", 1500 * time.Millisecond, "1500ms"},
		{"250us", 250 * time.Microsecond, "250µs"},
		{`"10s"`, 10 * time.Second, "10s"},
		{"0s", 0, "0s"},
		{"-1s", -time.Second, "-1s"},
	}
	for _, tt := range tests {
		t.Run(tt.text, func(t *testing.T) {
			t.Parallel()
			var d contract.Duration
			if err := yaml.Unmarshal([]byte(tt.text), &d); err != nil {
				t.Fatal(err)
			}
			if time.Duration(d) != tt.d {
				t.Errorf("read %s, want %s", time.Duration(d), tt.d)
			}
			out, err := yaml.Marshal(d)
			if err != nil {
				t.Fatal(err)
			}
			if string(out) != tt.back+"\n" {
				t.Errorf("written as %q, want %q", out, tt.back)
			}
		})
	}
}
