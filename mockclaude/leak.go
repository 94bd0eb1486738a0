package mockclaude

import (
	"bytes"
	"encoding/base64"
	"encoding/hex"
	"regexp"
	"slices"
	"strings"
)

// leakKeyFrom is the length from which a key in an answer is taken for a leak.
// A shorter one, such as "test", may be there by chance.
const leakKeyFrom = 8

// leaks finds what an answer gives away, before it is redacted.
type leaks struct {
	keys   [][]byte
	traces []trace
}

// trace is how a stack trace looks, and a text that each such trace holds: without it nobody
// need look closer, which takes long where a pattern may begin at any line.
type trace struct {
	holds string
	shape *regexp.Regexp
}

func (t trace) in(text []byte) bool {
	return bytes.Contains(text, []byte(t.holds)) && t.shape.Match(text)
}

func newLeaks(keys Keys) *leaks {
	l := &leaks{traces: []trace{
		{"Traceback", regexp.MustCompile(`Traceback \(most recent call last\)`)}, // Python
		{"at ", regexp.MustCompile(`\n[ \x{a0}]{2,}at .+\(.+:\d+:\d+\)`)},        // Node.js
		{"goroutine ", regexp.MustCompile(`goroutine \d+ \[`)},                   // Go
		{".java:", regexp.MustCompile(`\tat [\w.$]+\(.+\.java:\d+\)`)},           // Java
		{"Stack trace:", regexp.MustCompile(`Stack trace:\r?\n#0 `)},             // PHP
		{".rb:", regexp.MustCompile(`\.rb:\d+:in `)},                             // Ruby
		{":line ", regexp.MustCompile(`(?m)^[ \x{a0}]{3}at .+ in .+:line \d+`)},  // .NET
	}}
	for _, key := range [][]byte{keys.Current, keys.Previous} {
		for i, form := range forms(key) {
			switch {
			case i == 0 && len(form) >= leakKeyFrom:
				l.keys = append(l.keys, form)
			case i > 0:
				l.keys = append(l.keys, form, hex.AppendEncode(nil, form), base64.RawStdEncoding.AppendEncode(nil, form))
			}
		}
	}
	return l
}

// find names what is in an answer. expected is the right signature of what was
// sent, nil when the delivery itself carried it: to repeat what one was sent
// gives nothing away.
func (l *leaks) find(answer, expected []byte) []string {
	var found []string
	texts := [][]byte{answer}
	if p, ok := unescape(answer); ok {
		texts = append(texts, p.text)
	}
	anywhere := func(in func([]byte) bool) bool {
		return slices.ContainsFunc(texts, in)
	}
	for _, key := range l.keys {
		if anywhere(func(text []byte) bool { return bytes.Contains(text, key) }) {
			found = append(found, LeakKey)
			break
		}
	}
	if expected != nil && anywhere(func(text []byte) bool { return holdsMAC(text, expected) }) {
		found = append(found, LeakSignature)
	}
	texts = append(texts, fromHTML(answer))
	for _, trace := range l.traces {
		if anywhere(trace.in) {
			found = append(found, LeakTrace)
			break
		}
	}
	return found
}

// holdsMAC is true when a text holds a whole MAC, in hex of either case or in
// base64 of either alphabet.
func holdsMAC(text, mac []byte) bool {
	return bytes.Contains(bytes.ToLower(text), []byte(hex.EncodeToString(mac))) ||
		bytes.Contains(text, []byte(base64.RawStdEncoding.EncodeToString(mac))) ||
		bytes.Contains(text, []byte(base64.RawURLEncoding.EncodeToString(mac)))
}

// fromHTML undoes what a web framework does to a stack trace for a browser.
func fromHTML(text []byte) []byte {
	s := strings.NewReplacer("<br>", "\n", "<br/>", "\n", "<br />", "\n", "&nbsp;", " ").Replace(string(text))
	if p, ok := unescape([]byte(s)); ok {
		return p.text
	}
	return []byte(s)
}
