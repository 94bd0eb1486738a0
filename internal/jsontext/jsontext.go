// Package jsontext reads JSON so that it can be changed and written again: the order
// of members and the spelling of every value stay.
//
// A placeholder in double braces, such as {{stamp}}, may stand wherever a value may.
// The package must not know what placeholders mean.
package jsontext

import (
	"encoding/json"
	"fmt"
	"strconv"
	"strings"
)

// maxDepth bounds how deep a text may be nested.
const maxDepth = 200

// Kind is what a value is.
type Kind int

// The kinds of values.
const (
	Scalar Kind = iota // a string, a number, a word, or a placeholder
	Object
	Array
)

// Value is one value of a text. The zero value is no value.
type Value struct {
	Kind Kind
	// Raw is the text of a scalar.
	Raw string
	// Members are those of an object, or the elements of an array, which have no name.
	Members []Member
}

// Member is a value with its name.
type Member struct {
	Name  string
	Value *Value
}

// Error is a mistake in a text.
type Error struct {
	// Line counts from 1.
	Line int
	Why  string
}

func (e *Error) Error() string { return fmt.Sprintf("line %d: %s", e.Line, e.Why) }

// Parse reads a text that holds one value. The error is an [*Error].
func Parse(text string) (*Value, error) {
	p := &parser{text: text}
	v, err := p.value(0)
	if err != nil {
		return nil, err
	}
	if p.space(); p.at < len(text) {
		return nil, p.wrong("more follows after the end of the JSON value")
	}
	return v, nil
}

type parser struct {
	text string
	at   int
}

func (p *parser) wrong(format string, args ...any) error {
	return &Error{1 + strings.Count(p.text[:min(p.at, len(p.text))], "\n"), fmt.Sprintf(format, args...)}
}

func (p *parser) space() {
	for p.at < len(p.text) && strings.IndexByte(" \t\r\n", p.text[p.at]) >= 0 {
		p.at++
	}
}

func (p *parser) peek() byte {
	if p.at < len(p.text) {
		return p.text[p.at]
	}
	return 0
}

func (p *parser) value(depth int) (*Value, error) {
	if depth > maxDepth {
		return nil, p.wrong("nested deeper than %d levels", maxDepth)
	}
	p.space()
	switch {
	case p.at >= len(p.text):
		return nil, p.wrong("the JSON ends too early")
	case strings.HasPrefix(p.text[p.at:], "{{"):
		end := strings.Index(p.text[p.at:], "}}")
		if end < 0 {
			return nil, p.wrong("{{ without }}")
		}
		return p.scalar(end + 2), nil
	case p.peek() == '{':
		return p.list(Object, '}', depth)
	case p.peek() == '[':
		return p.list(Array, ']', depth)
	case p.peek() == '"':
		n, err := p.quoted()
		if err != nil {
			return nil, err
		}
		return p.scalar(n), nil
	}
	n := strings.IndexAny(p.text[p.at:], ",]}: \t\r\n\"")
	if n < 0 {
		n = len(p.text) - p.at
	}
	if word := p.text[p.at : p.at+n]; !json.Valid([]byte(word)) {
		return nil, p.wrong("%.40q is no JSON value", word)
	}
	return p.scalar(n), nil
}

func (p *parser) scalar(n int) *Value {
	v := &Value{Raw: p.text[p.at : p.at+n]}
	p.at += n
	return v
}

// quoted returns the length of the string that begins here.
func (p *parser) quoted() (int, error) {
	for i := p.at + 1; i < len(p.text); i++ {
		switch c := p.text[i]; {
		case c == '\\':
			i++
		case c == '"':
			n := i + 1 - p.at
			if !json.Valid([]byte(p.text[p.at : p.at+n])) {
				return 0, p.wrong("%.40s is no JSON string", p.text[p.at:p.at+n])
			}
			return n, nil
		case c < ' ':
			p.at = i
			return 0, p.wrong("a control character within a string")
		}
	}
	return 0, p.wrong("a string without its end")
}

func (p *parser) list(kind Kind, end byte, depth int) (*Value, error) {
	v := &Value{Kind: kind}
	p.at++
	if p.space(); p.peek() == end {
		p.at++
		return v, nil
	}
	for {
		var m Member
		if kind == Object {
			name, err := p.name()
			if err != nil {
				return nil, err
			}
			m.Name = name
		}
		var err error
		if m.Value, err = p.value(depth + 1); err != nil {
			return nil, err
		}
		v.Members = append(v.Members, m)
		p.space()
		switch p.peek() {
		case ',':
			p.at++
		case end:
			p.at++
			return v, nil
		default:
			return nil, p.wrong("want a comma or %c here", end)
		}
	}
}

// name reads the name of a member, and the colon behind it.
func (p *parser) name() (string, error) {
	if p.space(); p.peek() != '"' {
		return "", p.wrong("want the name of a member in double quotes")
	}
	n, err := p.quoted()
	if err != nil {
		return "", err
	}
	var name string
	if err := json.Unmarshal([]byte(p.text[p.at:p.at+n]), &name); err != nil {
		return "", p.wrong("a name that is no string")
	}
	p.at += n
	if p.space(); p.peek() != ':' {
		return "", p.wrong("want a colon behind the name %.40q", name)
	}
	p.at++
	return name, nil
}

// Get finds the value at a dotted path, nil if there is none; the elements of an array
// are numbered from 0. The empty path is the value itself.
func (v *Value) Get(path string) *Value {
	for name, rest := "", path; v != nil && rest != ""; {
		name, rest, _ = strings.Cut(rest, ".")
		i := v.index(name)
		if i < 0 {
			return nil
		}
		v = v.Members[i].Value
	}
	return v
}

// Set puts a value at a path, in place of the first one that is there. Objects on the
// way that are missing are made.
func (v *Value) Set(path string, to *Value) {
	name, rest, deeper := strings.Cut(path, ".")
	i := v.index(name)
	switch {
	case i >= 0 && deeper:
		v.Members[i].Value.Set(rest, to)
	case i >= 0:
		v.Members[i].Value = to
	case v.Kind != Object:
		*v = Value{Kind: Object}
		v.Set(path, to)
	case deeper:
		inner := &Value{Kind: Object}
		inner.Set(rest, to)
		v.Members = append(v.Members, Member{name, inner})
	default:
		v.Members = append(v.Members, Member{name, to})
	}
}

// Remove takes out the first value at a path, if there is one.
func (v *Value) Remove(path string) {
	holder, name := v, path
	if cut := strings.LastIndexByte(path, '.'); cut >= 0 {
		holder, name = v.Get(path[:cut]), path[cut+1:]
	}
	if holder == nil {
		return
	}
	if i := holder.index(name); i >= 0 {
		holder.Members = append(holder.Members[:i], holder.Members[i+1:]...)
	}
}

func (v *Value) index(name string) int {
	if v.Kind == Array {
		if i, err := strconv.Atoi(name); err == nil && i >= 0 && i < len(v.Members) {
			return i
		}
		return -1
	}
	for i, m := range v.Members {
		if v.Kind == Object && m.Name == name {
			return i
		}
	}
	return -1
}

// String writes a value on one line, without spaces.
func (v *Value) String() string {
	var b strings.Builder
	v.write(&b)
	return b.String()
}

func (v *Value) write(b *strings.Builder) {
	if v.Kind == Scalar {
		b.WriteString(v.Raw)
		return
	}
	open, end := byte('{'), byte('}')
	if v.Kind == Array {
		open, end = '[', ']'
	}
	b.WriteByte(open)
	for i, m := range v.Members {
		if i > 0 {
			b.WriteByte(',')
		}
		if v.Kind == Object {
			b.WriteString(Quote(m.Name) + ":")
		}
		m.Value.write(b)
	}
	b.WriteByte(end)
}

// Indent writes a value over several lines, as [json.Indent] does.
func (v *Value) Indent(indent string) string {
	var b strings.Builder
	v.indent(&b, indent, "\n")
	return b.String()
}

func (v *Value) indent(b *strings.Builder, indent, line string) {
	if v.Kind == Scalar || len(v.Members) == 0 {
		v.write(b)
		return
	}
	open, end := byte('{'), byte('}')
	if v.Kind == Array {
		open, end = '[', ']'
	}
	b.WriteByte(open)
	for i, m := range v.Members {
		if i > 0 {
			b.WriteByte(',')
		}
		b.WriteString(line + indent)
		if v.Kind == Object {
			b.WriteString(Quote(m.Name) + ": ")
		}
		m.Value.indent(b, indent, line+indent)
	}
	b.WriteString(line)
	b.WriteByte(end)
}

// Quote writes a text as a JSON string, without escapes made for HTML.
func Quote(s string) string {
	var b strings.Builder
	enc := json.NewEncoder(&b)
	enc.SetEscapeHTML(false)
	if err := enc.Encode(s); err != nil {
		return strconv.Quote(s) // a string always encodes
	}
	return strings.TrimSuffix(b.String(), "\n")
}
