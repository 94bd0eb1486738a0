package mockclaude

import (
	"encoding/hex"
	"errors"
	"fmt"
	"strconv"
	"strings"
	"time"
)

// maxExpanded bounds what a template may become: a body of 32 MB is the largest
// that a requirement asks for.
const maxExpanded = 64 << 20

// signaturePlaceholder stands for the right signature in a query, a header
// value or a body.
const signaturePlaceholder = "{{signature}}"

// Expand turns a body template into bytes. It replaces
//
//	{{stamp}}          FormatStamp(now, s)
//	{{stamp_unix}}     the same moment in Unix seconds, {{stamp_unix_ms}} in milliseconds
//	{{repeat:N:TEXT}}  TEXT, N times; TEXT cannot hold "}}"
//	{{hex:FF00}}       those bytes
//
// and passes on everything else. In a run of more than two opening braces the
// last two belong to the placeholder, so that {{{stamp}} is a brace and a stamp.
// Anything else in double braces is an error, and so is a result of more than
// 64 MiB. A body that needs two opening braces in a row writes {{hex:7B7B}}.
//
// In the Body of a [Delivery], and nowhere else, {{signature}} is allowed as
// well: it is the right signature of the body with that placeholder left empty.
func Expand(template string, now time.Time, s Stamp) ([]byte, error) {
	return expand(template, now, s, nil)
}

// expand is Expand, with a value for {{signature}} where there may be one.
func expand(template string, now time.Time, s Stamp, signature *string) ([]byte, error) {
	out := make([]byte, 0, len(template)+64)
	for rest := template; ; {
		open := strings.Index(rest, "{{")
		if open < 0 {
			return append(out, rest...), nil
		}
		for strings.HasPrefix(rest[open+2:], "{") {
			open++
		}
		out = append(out, rest[:open]...)
		inner, after, ok := strings.Cut(rest[open+2:], "}}")
		if !ok {
			return nil, errors.New("expand template: {{ without }}")
		}
		var err error
		out, err = expandOne(out, inner, now, s, signature)
		if err != nil {
			return nil, fmt.Errorf("expand template: {{%s}}: %w", clip(inner), err)
		}
		rest = after
	}
}

// expandOne appends what one placeholder stands for.
func expandOne(out []byte, inner string, now time.Time, s Stamp, signature *string) ([]byte, error) {
	name, argument, _ := strings.Cut(inner, ":")
	switch {
	case inner == "stamp":
		text, err := FormatStamp(now, s)
		return append(out, text...), err
	case inner == "stamp_unix" || inner == "stamp_unix_ms":
		s.Format = strings.TrimPrefix(inner, "stamp_")
		text, err := FormatStamp(now, s)
		return append(out, text...), err
	case inner == "signature" && signature != nil:
		return append(out, *signature...), nil
	case name == "hex":
		raw, err := hex.DecodeString(argument)
		return append(out, raw...), err
	case name == "repeat":
		count, text, ok := strings.Cut(argument, ":")
		if !ok {
			return nil, errors.New("want repeat:N:TEXT")
		}
		n, err := strconv.Atoi(count)
		if err != nil || n < 0 {
			return nil, fmt.Errorf("count %q is not a whole number", count)
		}
		if len(text) > 0 && n > (maxExpanded-len(out))/len(text) {
			return nil, fmt.Errorf("becomes larger than %d bytes", maxExpanded)
		}
		return append(out, strings.Repeat(text, n)...), nil
	default:
		return nil, errors.New("unknown placeholder")
	}
}

// clip cuts a text for a message.
func clip(s string) string {
	const limit = 40
	if len(s) <= limit {
		return s
	}
	return s[:limit] + "…"
}
