package mockclaude

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"math/rand/v2"
	"strings"

	"hookdrill/contract"
	"hookdrill/internal/jsontext"
)

// Event is what a delivery is about.
type Event struct {
	ID   string
	Type string
	// TaskID is the id of what the event is about: of a task, or of another thing.
	TaskID string
	// Data is the compact JSON text of the data object; its fields are in the
	// order in which the contract lists them. It is nil for an event with a Payload.
	Data json.RawMessage
	// Payload is the whole body, in which {{id}}, {{type}}, {{subject}} and the stamps
	// stand for what is not decided yet; "" for an event whose body is an envelope.
	Payload string
}

// NewEvent makes an event of a type with a realistic payload. It draws from rng
// alone, so the same rng gives the same bytes. A type that the contract does
// not list is allowed: its data is a task id and a note, or what another type has. A field
// of a kind that the package cannot fill is an error. The type of the contract's handshake
// makes that.
func NewEvent(c *contract.Contract, typ string, rng *rand.Rand) (Event, error) {
	known := contract.Type{Name: typ, Data: []contract.DataField{{Name: "task_id", Kind: "task_id"}, {Name: "note", Kind: "note"}}}
	for _, t := range c.Types {
		if t.Name == typ {
			known = t
			break
		}
	}
	e := Event{ID: drawID(rng, c.IDForm()), Type: typ}
	bodies, err := c.Bodies(typ)
	if err != nil {
		return Event{}, fmt.Errorf("make event %s: %w", typ, err)
	}
	if !c.Documented(typ) && len(bodies) > 0 {
		known.Subject = c.Types[0].Subject // it looks like that one
		known.Data = nil
	}
	e.TaskID = drawID(rng, known.SubjectForm())
	if h := c.Handshake; h != nil && h.Type == typ {
		bodies = []string{h.Payload}
	}
	if len(bodies) > 0 {
		body := bodies[0]
		if len(bodies) > 1 {
			body = pick(rng, bodies)
		}
		if e.Payload, err = fillIn(body, rng); err != nil {
			return Event{}, fmt.Errorf("make event %s: %w", typ, err)
		}
		return e, nil
	}
	members := make([]string, 0, len(known.Data))
	for _, f := range known.Data {
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

// NewHandshake makes the request that asks whether an endpoint is there, and what the body of
// the answer must hold: "" when any 2xx will do. The contract must have a handshake.
func NewHandshake(c *contract.Contract, rng *rand.Rand) (e Event, echo string, err error) {
	if c.Handshake == nil {
		return Event{}, "", fmt.Errorf("make handshake: the contract %s has none", c.Name)
	}
	if e, err = NewEvent(c, c.Handshake.Type, rng); err != nil || c.Handshake.Echo == "" {
		return e, "", err
	}
	body, err := jsontext.Parse(e.fill())
	if err != nil {
		return Event{}, "", fmt.Errorf("make handshake: %w", err)
	}
	value := body.Get(c.Handshake.Echo)
	if value == nil {
		return Event{}, "", fmt.Errorf("make handshake: %s is not in the payload", c.Handshake.Echo)
	}
	if json.Unmarshal([]byte(value.Raw), &echo) != nil {
		echo = value.Raw // not a string
	}
	return e, echo, nil
}

// SetData gives an event other data: a JSON text. It is an error when it is none, or when
// the contract has no place for data.
func (e *Event) SetData(c *contract.Contract, data json.RawMessage) error {
	if !json.Valid(data) {
		return errors.New("set data: it is not JSON")
	}
	if e.Payload == "" {
		e.Data = data
		return nil
	}
	if c.Body.Data == "" {
		return fmt.Errorf("set data: the contract %s has no field for data: the body itself is the data", c.Name)
	}
	body, err := jsontext.Parse(e.Payload)
	if err != nil {
		return fmt.Errorf("set data: %w", err)
	}
	body.Set(c.Body.Data, &jsontext.Value{Raw: literal(string(data))})
	e.Payload = body.String()
	return nil
}

// SetSubject gives an event another id of what it is about.
func (e *Event) SetSubject(id string) {
	if e.Payload == "" {
		e.Data = bytes.ReplaceAll(e.Data, []byte(quote(e.TaskID)), []byte(quote(id)))
	}
	e.TaskID = id
}

// Template is the compact body of the event as a template for [Expand], with
// the field names of the contract and {{stamp}} for its timestamp.
func (e Event) Template(c *contract.Contract) string {
	if e.Payload != "" {
		return e.fill()
	}
	stamp := `"{{stamp}}"`
	switch c.Body.TimestampFormat {
	case contract.StampUnix:
		stamp = "{{stamp_unix}}"
	case contract.StampUnixMS:
		stamp = "{{stamp_unix_ms}}"
	}
	var members []string
	for _, m := range [][2]string{
		{c.Body.ID, literal(quote(e.ID))}, {c.Body.Type, literal(quote(e.Type))}, {c.Body.Timestamp, stamp}, {c.Body.Data, literal(string(e.Data))},
	} {
		if m[0] != "" {
			members = append(members, literal(quote(m[0]))+":"+m[1])
		}
	}
	return "{" + strings.Join(members, ",") + "}"
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
