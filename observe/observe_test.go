package observe

import (
	"slices"
	"strings"
	"testing"

	"hookdrill/internal/pgtest"
)

func TestMain(m *testing.M) { pgtest.Main(m) }

func TestAskable(t *testing.T) {
	t.Parallel()
	tests := []struct {
		name, id string
		want     bool
	}{
		{"ordinary", "evt_1", true},
		{"quotes and SQL", `'; DROP TABLE x; --`, true},
		{"emoji", "evt_😀", true},
		{"control character", "evt_\x07", true},
		{"empty", "", false},
		{"NUL", "evt_\x00", false},
		{"invalid UTF-8", "evt_\xff", false},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			if got := Askable(tt.id); got != tt.want {
				t.Errorf("Askable(%q) = %t", tt.id, got)
			}
		})
	}
	if got := askable([]string{"b", "", "a", "b", "\x00"}); !slices.Equal(got, []string{"b", "a"}) {
		t.Errorf("askable keeps %q, want b and a once", got)
	}
}

func TestClean(t *testing.T) {
	t.Parallel()
	tests := []struct{ name, text, want string }{
		{"lines become spaces", " a\r\n\tb ", "a b"},
		{"escape sequences", "\x1b[31mred", "�[31mred"},
		{"invisible direction marks", "a\u202eb", "a�b"},
		{"invalid UTF-8", "a\xffb", "a�b"},
		{"too long", "0123456789ab", "0123456789…"},
		{"counted in characters", "ääääääääää", "ääääääääää"},
		{"empty", "", ""},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			if got := clean(tt.text, 10); got != tt.want {
				t.Errorf("clean(%q) = %q, want %q", tt.text, got, tt.want)
			}
		})
	}
}

func TestSecretsHide(t *testing.T) {
	t.Parallel()
	s := newSecrets("Bearer s3cr3t/+x", "pass", "passphrase", "on")
	got := s.hide("on s3cr3t/+x and s3cr3t%2F%2Bx, passphrase, pass")
	if want := "on *** and ***, ***, ***"; got != want {
		t.Errorf("hide = %q, want %q", got, want)
	}
	if strings.Contains(newSecrets().hide("nothing"), "*") {
		t.Error("without secrets something was hidden")
	}
}
