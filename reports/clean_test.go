package reports_test

import (
	"strings"
	"testing"
	"unicode"
	"unicode/utf8"

	"hookdrill/reports"
)

func TestClean(t *testing.T) {
	t.Parallel()
	tests := []struct{ name, in, want string }{
		{"plain", "401 Unauthorized", "401 Unauthorized"},
		{"accents, emoji and ideographs", "é 🎉 漢字", "é 🎉 漢字"},
		{"right-to-left letters stay", "שלום", "שלום"},
		{"line breaks", "a\r\nb\tc", `a\r\nb\tc`},
		{"ANSI colour", "\x1b[31mred\x1b[0m", `\x1b[31mred\x1b[0m`},
		{"C1", "a\u009b31mb", `a\u009b31mb`},
		{"delete and NUL", "\x7f\x00", `\x7f\x00`},
		{"bidi override", "abc\u202efdp.exe\u2069", `abc\u202efdp.exe\u2069`},
		{"marks of direction", "\u200e\u200f\u061c", `\u200e\u200f\u061c`},
		{"line and paragraph separators", "\u2028\u2029", `\u2028\u2029`},
		{"zero width and BOM", "a\u200bb\ufeff", `a\u200bb\ufeff`},
		{"tag characters", "\U000e0041", `\U000e0041`},
		{"invalid UTF-8", "ok\xff\xc3", `ok\xff\xc3`},
		{"a replacement character that was sent", "\ufffd", "\ufffd"},
		{"empty", "", ""},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			if got := reports.Clean(tt.in); got != tt.want {
				t.Errorf("Clean(%q) = %q, want %q", tt.in, got, tt.want)
			}
		})
	}
}

func FuzzClean(f *testing.F) {
	f.Add("plain")
	f.Add(hostileText())
	f.Fuzz(func(t *testing.T, in string) {
		got := reports.Clean(in)
		if !utf8.ValidString(got) {
			t.Errorf("Clean(%q) = %q is no UTF-8", in, got)
		}
		if i := strings.IndexFunc(got, func(r rune) bool { return !unicode.IsGraphic(r) }); i >= 0 {
			t.Errorf("Clean(%q) = %q prints nothing at %d", in, got, i)
		}
		if again := reports.Clean(got); again != got {
			t.Errorf("Clean(Clean(%q)) = %q, want %q", in, again, got)
		}
	})
}
