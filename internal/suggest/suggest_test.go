package suggest_test

import (
	"testing"

	"hookdrill/internal/suggest"
)

func TestNearest(t *testing.T) {
	t.Parallel()
	known := []string{"SIG-01", "SIG-02", "algorithm", "encoding", "claude", "claude-managed-agents", "http", "https"}
	tests := []struct{ name, word, want string }{
		{"exact", "encoding", "encoding"},
		{"dropped letter", "algoritm", "algorithm"},
		{"added letter", "claudee", "claude"},
		{"replaced letter", "encodimg", "encoding"},
		{"swapped neighbours", "lcaude", "claude"},
		{"swap counts once", "htpt", "http"},
		{"other case", "sig-02", "SIG-02"},
		{"first of equals", "SIG-03", "SIG-01"},
		{"two letters missing of a long word", "claude-maaged-agnts", "claude-managed-agents"},
		{"nothing close", "kubernetes", ""},
		{"short and far", "xy", ""},
		{"empty", "", ""},
		{"not cut inside a letter", "clâude", "claude"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			if got := suggest.Nearest(tt.word, known); got != tt.want {
				t.Errorf("Nearest(%q) = %q, want %q", tt.word, got, tt.want)
			}
		})
	}
}

func TestNearestOfNothing(t *testing.T) {
	t.Parallel()
	if got := suggest.Nearest("claude", nil); got != "" {
		t.Errorf("Nearest of no words = %q, want none", got)
	}
}
