package mockclaude

import (
	"bytes"
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"strings"

	"hookdrill/contract"
)

// Event is what a delivery is about.
type Event struct {
	ID     string
	Type   string
	TaskID string
	// Data is the compact JSON text of the data object; its fields are in the
	// order in which the contract lists them.
	Data json.RawMessage
}

// NewEvent makes an event of a type with a realistic payload. It draws from rng
// alone, so the same rng gives the same bytes. A type that the contract does
// not list is allowed: its data is a task id and a note. A field of a kind that
// the package cannot fill is an error.
func NewEvent(c *contract.Contract, typ string, rng *rand.Rand) (Event, error) {
	e := Event{
		ID:     c.Body.IDPrefix + base62(rng, 24),
		Type:   typ,
		TaskID: "task_" + base62(rng, 24),
	}
	fields := []contract.DataField{{Name: "task_id", Kind: "task_id"}, {Name: "note", Kind: "note"}}
	for _, t := range c.Types {
		if t.Name == typ {
			fields = t.Data
			break
		}
	}
	members := make([]string, 0, len(fields))
	for _, f := range fields {
		var value any
		switch f.Kind {
		case "task_id":
			value = e.TaskID
		case "result":
			value = newResult(rng)
		case "error":
			value = newFailure(rng)
		case "note":
			value = pick(rng, notes())
		default:
			return Event{}, fmt.Errorf("make event %s: field %s is of unknown kind %q", typ, f.Name, f.Kind)
		}
		text, err := compact(value)
		if err != nil {
			return Event{}, fmt.Errorf("make event %s: %w", typ, err)
		}
		members = append(members, quote(f.Name)+":"+text)
	}
	e.Data = json.RawMessage("{" + strings.Join(members, ",") + "}")
	return e, nil
}

// Template is the compact body of the event as a template for [Expand], with
// the field names of the contract and {{stamp}} for its timestamp.
func (e Event) Template(c *contract.Contract) string {
	member := func(name, text string) string { return literal(quote(name)) + ":" + text }
	return "{" + strings.Join([]string{
		member(c.Body.ID, literal(quote(e.ID))),
		member(c.Body.Type, literal(quote(e.Type))),
		member(c.Body.Timestamp, `"{{stamp}}"`),
		member(c.Body.Data, literal(string(e.Data))),
	}, ",") + "}"
}

// literal keeps braces in a JSON text from being read as a placeholder. Two
// opening braces in a row occur in JSON only inside a string.
func literal(text string) string {
	for strings.Contains(text, "{{") {
		text = strings.Replace(text, "{{", `{\u007b`, 1)
	}
	return text
}

// compact is a value as JSON on one line, without escapes made for HTML.
func compact(value any) (string, error) {
	var b bytes.Buffer
	enc := json.NewEncoder(&b)
	enc.SetEscapeHTML(false)
	if err := enc.Encode(value); err != nil {
		return "", fmt.Errorf("encode JSON: %w", err)
	}
	return strings.TrimSuffix(b.String(), "\n"), nil
}

// quote is a text as a JSON string.
func quote(s string) string {
	text, err := compact(s)
	if err != nil {
		return `""` // a string always encodes
	}
	return text
}

// base62 draws n letters and digits.
func base62(rng *rand.Rand, n int) string {
	const alphabet = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
	b := make([]byte, n)
	for i := range b {
		b[i] = alphabet[rng.IntN(len(alphabet))]
	}
	return string(b)
}

// pick draws one of a list.
func pick[T any](rng *rand.Rand, list []T) T { return list[rng.IntN(len(list))] }
