package reports

import (
	"fmt"
	"strings"
	"unicode"
	"unicode/utf8"
)

// Clean makes text from a target fit for one line of a terminal, a log or a
// page: every byte that is no UTF-8 and every character that prints nothing of
// its own (ANSI and other control characters, line breaks, bidirectional
// overrides, zero-width and private-use characters) becomes a visible escape
// such as \x1b or \u202e. Cleaning twice changes nothing more.
func Clean(s string) string { return clean(s, false) }

// cleanBlock is Clean for text of several lines: line feeds and tabs stay, and
// CRLF is a line end like any other.
func cleanBlock(s string) string {
	return clean(strings.ReplaceAll(s, "\r\n", "\n"), true)
}

func clean(s string, block bool) string {
	var b strings.Builder
	b.Grow(len(s))
	for i := 0; i < len(s); {
		r, size := utf8.DecodeRuneInString(s[i:])
		switch {
		case r == utf8.RuneError && size == 1:
			fmt.Fprintf(&b, `\x%02x`, s[i])
		case block && (r == '\n' || r == '\t'), unicode.IsGraphic(r):
			b.WriteRune(r)
		default:
			b.WriteString(escape(r))
		}
		i += size
	}
	return b.String()
}

func escape(r rune) string {
	switch {
	case r == '\n':
		return `\n`
	case r == '\r':
		return `\r`
	case r == '\t':
		return `\t`
	case r < utf8.RuneSelf:
		return fmt.Sprintf(`\x%02x`, r)
	case r > 0xffff:
		return fmt.Sprintf(`\U%08x`, r)
	default:
		return fmt.Sprintf(`\u%04x`, r)
	}
}

// cut shortens s to at most limit bytes and says how much is missing. It cuts
// between characters.
func cut(s string, limit int) string {
	if len(s) <= limit {
		return s
	}
	end := limit
	for end > limit-utf8.UTFMax && end > 0 && !utf8.RuneStart(s[end]) {
		end--
	}
	return fmt.Sprintf("%s … (%d more bytes)", s[:end], len(s)-end)
}

// line is what a writer prints of a text on one line; block, on several.
func line(s string, limit int) string  { return Clean(cut(s, limit)) }
func block(s string, limit int) string { return cleanBlock(cut(s, limit)) }
