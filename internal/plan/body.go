package plan

import (
	"bytes"
	"encoding/json"
	"fmt"
	"strconv"
	"strings"
	"unicode/utf8"

	"hookdrill/contract"
	"hookdrill/mockclaude"
	"hookdrill/scenarios"
)

// member is one member of a JSON object whose order counts.
type member struct{ name, value string }

// object is an envelope under construction: its members, and those of its data.
type object struct {
	members []member
	data    []member
	names   contract.Body
}

func newObject(c *contract.Contract, e mockclaude.Event) (*object, error) {
	o := &object{names: c.Body}
	o.members = []member{
		{c.Body.ID, quote(e.ID)},
		{c.Body.Type, quote(e.Type)},
		{c.Body.Timestamp, `"{{stamp}}"`},
		{c.Body.Data, ""},
	}
	data, err := members(e.Data)
	if err != nil {
		return nil, fmt.Errorf("read payload: %w", err)
	}
	o.data = data
	return o, nil
}

// members splits a JSON object into its members, in order.
func members(raw json.RawMessage) ([]member, error) {
	dec := json.NewDecoder(bytes.NewReader(raw))
	if _, err := dec.Token(); err != nil {
		return nil, err
	}
	var out []member
	for dec.More() {
		name, err := dec.Token()
		if err != nil {
			return nil, err
		}
		var value json.RawMessage
		if err := dec.Decode(&value); err != nil {
			return nil, err
		}
		out = append(out, member{fmt.Sprint(name), string(value)})
	}
	return out, nil
}

// edit applies one change. The path is a member of the envelope by its role
// (id, type, timestamp, data) or by its name, or one of data's behind "data.".
func (o *object) edit(e scenarios.Edit) {
	path, remove := e.Set, false
	if e.Remove != "" {
		path, remove = e.Remove, true
	}
	list, name := &o.members, o.role(path)
	if rest, ok := strings.CutPrefix(path, "data."); ok {
		list, name = &o.data, rest
	} else if path == "data" {
		o.data = nil // a literal replaces the object, whatever was in it
	}
	for i, m := range *list {
		if m.name != name {
			continue
		}
		if remove {
			*list = append((*list)[:i], (*list)[i+1:]...)
		} else {
			(*list)[i].value = e.To
		}
		return
	}
	if !remove {
		*list = append(*list, member{name, e.To})
	}
}

func (o *object) role(path string) string {
	switch path {
	case "id":
		return o.names.ID
	case "type":
		return o.names.Type
	case "timestamp":
		return o.names.Timestamp
	case "data":
		return o.names.Data
	}
	return path
}

// pad makes the rendered body longer by n bytes, inside the first field of data
// that is an object: a field that the contract does not name would be another
// requirement's mutation.
func (o *object) pad(n int) {
	const frame = `"padding":"",`
	text := `"padding":"{{repeat:` + strconv.Itoa(max(n-len(frame), 1)) + `:x}}"`
	for i, m := range o.data {
		if rest, ok := strings.CutPrefix(m.value, "{"); ok && rest != "}" {
			o.data[i].value = "{" + text + "," + rest
			return
		}
	}
	o.data = append(o.data, member{"padding", text})
}

// dataValue is the value of data: a literal, or the object.
func (o *object) dataValue() string {
	return join(o.data, "{", ",", ":", "}")
}

func (o *object) render(style string) (string, error) {
	all := make([]member, len(o.members))
	copy(all, o.members)
	data := o.data
	if style == "reversed" {
		reverse(all)
		data = append([]member(nil), data...)
		reverse(data)
	}
	for i, m := range all {
		if m.name == o.names.Data && m.value == "" {
			if style == "spaces" {
				all[i].value = join(data, "{   ", "  ,   ", "  :    ", "   }")
			} else {
				all[i].value = join(data, "{", ",", ":", "}")
			}
		}
	}
	compact := join(all, "{", ",", ":", "}")
	switch style {
	case "", "compact", "reversed":
		return compact, nil
	case "spaces":
		return join(all, "{  ", "   ,  ", "   :   ", "     }"), nil
	case "escaped":
		return escape(compact), nil
	case "pretty", "tabs", "crlf":
		indent := "  "
		if style == "tabs" {
			indent = "\t"
		}
		var b bytes.Buffer
		if err := json.Indent(&b, []byte(compact), "", indent); err != nil {
			return "", fmt.Errorf("indent body: %w", err)
		}
		if style == "crlf" {
			return strings.ReplaceAll(b.String(), "\n", "\r\n"), nil
		}
		return b.String(), nil
	}
	return "", fmt.Errorf("unknown style %q", style)
}

func join(ms []member, open, comma, colon, end string) string {
	var b strings.Builder
	b.WriteString(open)
	for i, m := range ms {
		if i > 0 {
			b.WriteString(comma)
		}
		b.WriteString(quote(m.name) + colon + m.value)
	}
	b.WriteString(end)
	return b.String()
}

func reverse(ms []member) {
	for i, j := 0, len(ms)-1; i < j; i, j = i+1, j-1 {
		ms[i], ms[j] = ms[j], ms[i]
	}
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
func quote(s string) string {
	var b bytes.Buffer
	enc := json.NewEncoder(&b)
	enc.SetEscapeHTML(false)
	if err := enc.Encode(s); err != nil {
		return strconv.Quote(s)
	}
	return strings.TrimSuffix(b.String(), "\n")
}
