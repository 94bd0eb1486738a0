package reports

import (
	"encoding/json"
	"errors"
	"io"
	"strconv"
	"strings"
	"time"
)

// bodyDiff marks what is wrong with a body beside that of its twin: where it stops being
// JSON, and the fields of the envelope that are missing, of another kind or far off.
func bodyDiff(body, twin string) []part {
	theirs, err := fields(twin)
	if err != nil || theirs == nil {
		return []part{{Text: body}}
	}
	if strings.TrimSpace(body) == "" {
		return []part{{Text: body}, {Text: "(no body)", Gone: true}}
	}
	ours, err := fields(body)
	var broken *brokenError
	switch {
	case errors.As(err, &broken) && broken.at >= len(body):
		return []part{{Text: body}, {Text: " (it ends here)", Marked: true, Note: true}}
	case errors.As(err, &broken):
		return []part{{Text: body[:broken.at]}, {Text: body[broken.at:], Marked: true}}
	case err != nil || ours == nil:
		return []part{{Text: body, Marked: true}}
	}
	return aroundDiff(fieldDiff(body, ours, theirs), body, twin)
}

// aroundDiff adds what cannot be seen: the white space before and after a body, where the twin
// has other.
func aroundDiff(parts []part, body, twin string) []part {
	const white = " \t\r\n"
	before := func(s string) string { return s[:len(s)-len(strings.TrimLeft(s, white))] }
	after := func(s string) string { return s[len(strings.TrimRight(s, white)):] }
	if s := before(body); s != "" && s != before(twin) {
		parts = append([]part{{Text: "(it begins with " + strconv.Quote(s) + ") ", Marked: true, Note: true}}, parts...)
	}
	if s := after(body); s != "" && s != after(twin) {
		parts = append(parts, part{Text: " (followed by " + strconv.Quote(s) + ")", Marked: true, Note: true})
	}
	return parts
}

func fieldDiff(body string, ours, theirs []field) []part {
	sameType := valueOf(ours, "type") == valueOf(theirs, "type")
	var out []part
	at := 0
	seen := map[string]bool{}
	for _, f := range ours {
		other := valueOf(theirs, f.path)
		strange := other == "" || !alike(f.value, other, strings.Contains(f.path, ".")) || seen[f.path]
		if other == "" && strings.Contains(f.path, ".") && !sameType {
			strange = false // the data of another type of event
		}
		seen[f.path] = true
		if !strange || f.begin < at {
			continue
		}
		begin := f.begin
		if other == "" {
			begin = f.key
		}
		out = append(out, part{Text: body[at:begin]}, part{Text: body[begin:f.end], Marked: true})
		at = f.end
	}
	out = append(out, part{Text: body[at:]})
	for _, f := range theirs {
		if nested := strings.Contains(f.path, "."); !seen[f.path] && (!nested || sameType && seen["data"] && isObject(ours)) {
			out = append(out, part{Text: "\n" + f.path + ": missing", Gone: true})
		}
	}
	return join(out)
}

func isObject(all []field) bool { return strings.HasPrefix(valueOf(all, "data"), "{") }

func valueOf(all []field, path string) string {
	for _, f := range all {
		if f.path == path {
			return f.value
		}
	}
	return ""
}

// field is a value in an event's envelope, or in its data: what and where it is.
type field struct {
	path            string
	value           string
	key, begin, end int
}

// brokenError says where a text stops being JSON.
type brokenError struct{ at int }

func (*brokenError) Error() string { return "it is no JSON" }

// fields lists the fields of a JSON object and of the object in its data; none for JSON of
// another kind.
func fields(text string) ([]field, error) {
	all, end, err := object(text, 0, "")
	if err != nil || all == nil {
		return nil, err
	}
	if rest := strings.TrimLeft(text[end:], " \t\r\n"); rest != "" {
		return nil, &brokenError{len(text) - len(rest)}
	}
	for _, f := range all {
		if f.path == "data" && strings.HasPrefix(f.value, "{") {
			inner, _, err := object(text, f.begin, "data.")
			if err != nil {
				return nil, err
			}
			return append(all, inner...), nil
		}
	}
	return all, nil
}

// object reads the object that begins at an offset, and gives the offset of its end.
func object(text string, from int, prefix string) ([]field, int, error) {
	dec := json.NewDecoder(strings.NewReader(text[from:]))
	at := func() int { return from + int(dec.InputOffset()) }
	fault := func(err error) error {
		var syntax *json.SyntaxError
		switch {
		case errors.As(err, &syntax):
			return &brokenError{min(len(text), max(at(), from+int(syntax.Offset)-1))}
		case errors.Is(err, io.EOF), errors.Is(err, io.ErrUnexpectedEOF):
			return &brokenError{len(text)}
		}
		return &brokenError{at()}
	}
	open, err := dec.Token()
	if err != nil {
		return nil, 0, fault(err)
	}
	if open != json.Delim('{') {
		if err := dec.Decode(new(json.RawMessage)); err != nil && !json.Valid([]byte(text)) {
			return nil, 0, fault(err)
		}
		return nil, 0, nil
	}
	out := []field{}
	for dec.More() {
		begin := skip(text, at())
		name, err := dec.Token()
		if err != nil {
			return nil, 0, fault(err)
		}
		key, _ := name.(string)
		var raw json.RawMessage
		if err := dec.Decode(&raw); err != nil {
			return nil, 0, fault(err)
		}
		out = append(out, field{prefix + key, string(raw), begin, at() - len(raw), at()})
	}
	if _, err := dec.Token(); err != nil {
		return nil, 0, fault(err)
	}
	return out, at(), nil
}

// skip passes over what stands between the fields of an object.
func skip(text string, at int) int {
	for at < len(text) && strings.IndexByte(" \t\r\n,", text[at]) >= 0 {
		at++
	}
	return at
}

// nearTimes is how far apart the times of two events of one case may be.
const nearTimes = time.Minute

// alike reports whether two values differ only as any two events do. Where the text is free,
// one is as good as the other.
func alike(a, b string, free bool) bool {
	a, b = strings.TrimSpace(a), strings.TrimSpace(b)
	if a == b {
		return true
	}
	if a == "" || b == "" {
		return false
	}
	if kind(a[0]) != kind(b[0]) {
		return false
	}
	a, b = strings.Trim(a, `"`), strings.Trim(b, `"`)
	if x, err := time.Parse(time.RFC3339Nano, b); err == nil {
		y, err := time.Parse(time.RFC3339Nano, a)
		return err == nil && y.Sub(x).Abs() <= nearTimes
	}
	switch {
	case strings.HasPrefix(b, "{"), strings.HasPrefix(b, "["):
		return true
	case number(a) && number(b):
		return len(a) == len(b) && (len(a) < 10 || a[:len(a)-2] == b[:len(b)-2])
	}
	switch {
	case only(b, "_.") && strings.Contains(b, "."): // a type of events
		of, _, _ := strings.Cut(a, ".")
		return only(a, "_.") && strings.HasPrefix(b, of+".")
	case only(b, "_-0123456789") && len(b) >= 8 && strings.ContainsAny(b, "_0123456789"): // an id
		prefix, _, _ := strings.Cut(b, "_")
		return only(a, "_-0123456789") && len(a) == len(b) && (!strings.Contains(b, "_") || strings.HasPrefix(a, prefix+"_"))
	}
	return free && a != ""
}

// only reports a text of ASCII letters and some further characters.
func only(s, further string) bool {
	return strings.IndexFunc(s, func(r rune) bool {
		return (r < 'a' || r > 'z') && (r < 'A' || r > 'Z') && !strings.ContainsRune(further, r)
	}) < 0
}

func number(s string) bool {
	return s != "" && strings.Trim(s, "0123456789") == ""
}

// kind tells JSON values apart by how they begin.
func kind(first byte) byte {
	if strings.IndexByte(`"{[`, first) >= 0 {
		return first
	}
	return 0
}
