package observe

import (
	"net/url"
	"slices"
	"strings"
	"unicode"
)

const (
	maxExcerpt = 160 // characters of an answer that an error repeats
	maxStatus  = 64  // characters of a status that are kept
)

// clean makes one printable line of at most limit characters of what a target
// sent.
func clean(text string, limit int) string {
	var b strings.Builder
	n := 0
	for _, word := range strings.FieldsFunc(strings.ToValidUTF8(text, "�"), unicode.IsSpace) {
		if n > 0 {
			b.WriteByte(' ')
			n++
		}
		for _, r := range word {
			if !unicode.IsPrint(r) {
				r = '�'
			}
			if n++; n > limit {
				return b.String() + "…"
			}
			b.WriteRune(r)
		}
	}
	return b.String()
}

// secrets are texts that must not be shown.
type secrets []string

// newSecrets returns the longer ones of texts and of their words, in the
// spellings in which they may come back.
func newSecrets(texts ...string) secrets {
	var s secrets
	for _, text := range texts {
		for _, part := range append(strings.Fields(text), text) {
			// Hiding every "a" or "on" would leave nothing of an error to read.
			if len(part) >= 4 {
				s = append(s, part, url.QueryEscape(part), url.PathEscape(part))
			}
		}
	}
	// The longest first: one secret may be the beginning of another.
	slices.SortFunc(s, func(a, b string) int { return len(b) - len(a) })
	return slices.Compact(s)
}

// hide replaces the secrets in text.
func (s secrets) hide(text string) string {
	for _, secret := range s {
		text = strings.ReplaceAll(text, secret, "***")
	}
	return text
}
