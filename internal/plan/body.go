package plan

import (
	"fmt"
	"slices"
	"strconv"
	"strings"
	"unicode/utf8"

	"hookdrill/contract"
	"hookdrill/internal/jsontext"
	"hookdrill/mockclaude"
	"hookdrill/scenarios"
)

// object is a body under construction.
type object struct {
	body *jsontext.Value
	con  *contract.Contract
}

func newObject(c *contract.Contract, e mockclaude.Event) (*object, error) {
	o := &object{con: c, body: &jsontext.Value{Kind: jsontext.Object}}
	text := e.Template(c)
	if e.Payload == "" {
		data, err := jsontext.Parse(string(e.Data))
		if err != nil {
			return nil, fmt.Errorf("read payload: %w", err)
		}
		e.Data = []byte("{}")
		if o.body, err = jsontext.Parse(e.Template(c)); err != nil {
			return nil, fmt.Errorf("read payload: %w", err)
		}
		o.body.Set(c.Body.Data, data)
		return o, nil
	}
	body, err := jsontext.Parse(text)
	if err != nil {
		return nil, fmt.Errorf("read payload: %w", err)
	}
	o.body = body
	return o, nil
}

// edit applies one change. The path is a field of the body by its role (id, type,
// timestamp, data, subject) or by its place, or one of data's behind "data.".
func (o *object) edit(e scenarios.Edit) {
	path, remove := e.Set, false
	if e.Remove != "" {
		path, remove = e.Remove, true
	}
	path = o.place(path)
	if remove {
		o.body.Remove(path)
		return
	}
	o.body.Set(path, &jsontext.Value{Raw: e.To})
}

// place is where in the body the field of a path is.
func (o *object) place(path string) string {
	if rest, ok := strings.CutPrefix(path, "data."); ok && o.con.Body.Data != "" {
		return o.con.Body.Data + "." + rest
	}
	if place := o.con.Role(path); place != "" {
		return place
	}
	return path
}

// has reports whether the body has a field.
func (o *object) has(path string) bool { return o.body.Get(o.place(path)) != nil }

// data is the data of the event, nil if there is none.
func (o *object) data() *jsontext.Value {
	if o.con.Body.Data == "" {
		return nil
	}
	return o.body.Get(o.con.Body.Data)
}

// pad makes the rendered body longer by n bytes, inside the first field of data
// that is an object: a field that the contract does not name would be another
// requirement's mutation.
func (o *object) pad(n int) {
	const frame = `"padding":"",`
	padding := jsontext.Member{Name: "padding", Value: &jsontext.Value{Raw: `"{{repeat:` + strconv.Itoa(max(n-len(frame), 1)) + `:x}}"`}}
	within := o.data()
	if within == nil || within.Kind != jsontext.Object {
		within = o.body
	}
	for _, m := range within.Members {
		if m.Value.Kind == jsontext.Object && len(m.Value.Members) > 0 {
			m.Value.Members = slices.Insert(m.Value.Members, 0, padding)
			return
		}
	}
	within.Members = append(within.Members, padding)
}

// dataValue is the text of data; of the whole body where the contract has no place for data.
func (o *object) dataValue() string {
	if data := o.data(); data != nil {
		return data.String()
	}
	return o.body.String()
}

func (o *object) render(style string) (string, error) {
	switch style {
	case "", "compact":
		return o.body.String(), nil
	case "reversed":
		return o.written(reversed, join{"{", ",", ":", "}"}, join{"{", ",", ":", "}"}), nil
	case "spaces":
		return o.written(nil, join{"{  ", "   ,  ", "   :   ", "     }"}, join{"{   ", "  ,   ", "  :    ", "   }"}), nil
	case "escaped":
		return escape(o.body.String()), nil
	case "cut_off":
		text := strings.TrimRight(o.body.String(), "}")
		return text, nil
	case "trailing_comma":
		return strings.TrimSuffix(o.body.String(), "}") + ",}", nil
	case "doubled_key":
		return o.doubled(), nil
	case "pretty":
		return o.body.Indent("  "), nil
	case "tabs":
		return o.body.Indent("\t"), nil
	case "crlf":
		return strings.ReplaceAll(o.body.Indent("  "), "\n", "\r\n"), nil
	}
	return "", fmt.Errorf("unknown style %q", style)
}

// doubled writes the body with its first field a second time, with another value: the id
// where that is the first.
func (o *object) doubled() string {
	if len(o.body.Members) == 0 {
		return o.body.String()
	}
	again := jsontext.Member{Name: o.body.Members[0].Name, Value: &jsontext.Value{Raw: `"{{prefix}}{{random_id:24}}"`}}
	twice := jsontext.Value{Kind: jsontext.Object, Members: slices.Insert(slices.Clone(o.body.Members), 1, again)}
	return twice.String()
}

// join is what stands around the members of an object.
type join struct{ open, comma, colon, end string }

// written writes the body with the members of the whole, and those of data, in another
// order or with other characters around them.
func (o *object) written(order func([]jsontext.Member) []jsontext.Member, whole, inner join) string {
	data := o.data()
	if data != nil && data.Kind == jsontext.Object {
		inner.members(data, order)
	}
	return whole.text(o.body, order)
}

// members replaces an object by its text.
func (j join) members(v *jsontext.Value, order func([]jsontext.Member) []jsontext.Member) {
	*v = jsontext.Value{Raw: j.text(v, order)}
}

func (j join) text(v *jsontext.Value, order func([]jsontext.Member) []jsontext.Member) string {
	members := v.Members
	if order != nil {
		members = order(members)
	}
	var b strings.Builder
	b.WriteString(j.open)
	for i, m := range members {
		if i > 0 {
			b.WriteString(j.comma)
		}
		b.WriteString(jsontext.Quote(m.Name) + j.colon + m.Value.String())
	}
	b.WriteString(j.end)
	return b.String()
}

func reversed(list []jsontext.Member) []jsontext.Member {
	out := slices.Clone(list)
	slices.Reverse(out)
	return out
}

// escape writes slashes as \/ and everything beyond ASCII as \uXXXX, which is
// the same JSON in other bytes.
func escape(s string) string {
	var b strings.Builder
	for _, r := range s {
		switch {
		case r == '/':
			b.WriteString(`\/`)
		case r < utf8.RuneSelf:
			b.WriteRune(r)
		case r > 0xffff:
			r -= 0x10000
			fmt.Fprintf(&b, `\u%04x\u%04x`, 0xd800+(r>>10), 0xdc00+(r&0x3ff))
		default:
			fmt.Fprintf(&b, `\u%04x`, r)
		}
	}
	return b.String()
}

// quote writes a JSON string without escaping what need not be.
func quote(s string) string { return jsontext.Quote(s) }
