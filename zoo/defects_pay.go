package zoo

import (
	"bytes"
	"encoding/json"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"unicode/utf8"
)

// acknowledged is what follows when an event without an effect of its own is
// acknowledged: the ledger misses it.
func acknowledged(more ...string) []string { return append(ids("LED-01"), more...) }

// parsing is an animal with a check around the step parse: check sees what
// parse made of the body (nil when it went well) and returns what is answered.
func parsing(name, defect string, catches, also []string, check func(d *delivery, a *answer) *answer) Animal {
	return Animal{
		Name: name, Defect: defect, Catches: catches, Also: also,
		breed: func(rc *receiver) {
			rc.parse = func(d *delivery) *answer { return check(d, parseEvent(d)) }
		},
	}
}

// envelopeDefects are the receivers that take, or break on, an envelope that is
// none.
func envelopeDefects() []Animal {
	return []Animal{
		parsing("malformed-json-swallowed", "a body that is no JSON is logged and acknowledged",
			ids("PAY-01"), acknowledged(), func(d *delivery, a *answer) *answer {
				if !json.Valid(d.body) {
					return say(http.StatusOK, "ignored")
				}
				return a
			}),
		parsing("malformed-json-500", "a body that is no JSON is a server error",
			ids("PAY-01"), ids("PAY-08"), // a BOM and deep nesting do not parse either
			func(d *delivery, a *answer) *answer {
				if !json.Valid(d.body) {
					return broken()
				}
				return a
			}),
		parsing("null-body-500", "the body null is a server error",
			ids("PAY-02"), nil, func(d *delivery, a *answer) *answer {
				if string(bytes.TrimSpace(d.body)) == "null" {
					return broken()
				}
				return a
			}),
		parsing("scalar-body-accepted", "JSON that is no object is acknowledged",
			ids("PAY-02"), acknowledged(), func(d *delivery, a *answer) *answer {
				if json.Valid(d.body) && object(d.body) == nil {
					return say(http.StatusOK, "nothing to do")
				}
				return a
			}),
		parsing("id-made-up", "an event without an id gets a new one, so that its copies are never known",
			ids("PAY-03"), holes("LED-01"), func(d *delivery, a *answer) *answer {
				if d.fields == nil || isSet(d.fields["id"]) {
					return a
				}
				d.fields["id"] = fmt.Appendf(nil, "%q", "generated-"+sign("id", d.body))
				return reparse(d)
			}),
		parsing("id-empty-accepted", "the empty id is an id: the first such event is processed, the others are duplicates",
			ids("PAY-03"), holes("LED-01"), func(d *delivery, a *answer) *answer {
				if id, ok := text(d.fields["id"]); !ok || id != "" {
					return a
				}
				d.event.kind, _ = text(d.fields["type"])
				return nil
			}),
		parsing("id-number-accepted", "an id that is a number is turned into text",
			ids("PAY-03"), holes("LED-01"), func(d *delivery, a *answer) *answer {
				var n json.Number
				if raw := d.fields["id"]; len(raw) == 0 || raw[0] == '"' || json.Unmarshal(raw, &n) != nil || n == "" {
					return a
				}
				d.fields["id"] = fmt.Appendf(nil, "%q", d.fields["id"])
				return reparse(d)
			}),
		parsing("type-missing-accepted", "an event without a type is processed like any other",
			ids("PAY-04"), holes(), func(d *delivery, a *answer) *answer {
				if d.event.id == "" || isSet(d.fields["type"]) {
					return a
				}
				return nil
			}),
		parsing("type-number-accepted", "a type that is no string is processed like one that nobody knows",
			ids("PAY-04"), holes(), func(d *delivery, a *answer) *answer {
				if _, ok := text(d.fields["type"]); d.event.id == "" || ok || !isSet(d.fields["type"]) {
					return a
				}
				return nil
			}),
		parsing("unknown-type-400", "a type that nobody has heard of is refused, and sent again and again",
			ids("PAY-05"), nil, func(d *delivery, a *answer) *answer {
				if a == nil && d.event.state == "" {
					return say(http.StatusBadRequest, "unknown type")
				}
				return a
			}),
		parsing("unknown-type-500", "a type that nobody has heard of has no handler, which is a server error",
			ids("PAY-05"), nil, func(d *delivery, a *answer) *answer {
				if a == nil && d.event.state == "" {
					return broken()
				}
				return a
			}),
		parsing("extra-fields-refused", "an envelope with a field that the model does not have is refused",
			ids("PAY-06"), nil, func(d *delivery, a *answer) *answer {
				return cmpAnswer(a, unknownField(d.fields, "id", "type", "timestamp", "data"))
			}),
		parsing("extra-data-refused", "data with a field that the model does not have is refused",
			// Text and numbers to be signed, and padding, may stand in such a field.
			ids("PAY-06"), ids("RAW-01", "RAW-02", "RAW-03", "PAY-10"), func(d *delivery, a *answer) *answer {
				if d.event.state == "" {
					return a
				}
				return cmpAnswer(a, unknownField(object(d.fields["data"]), "task_id", "result", "error"))
			}),
	}
}

// isSet says whether a field is there and holds more than null or "".
func isSet(raw json.RawMessage) bool {
	return len(raw) > 0 && string(raw) != "null" && string(raw) != `""`
}

// reparse parses the envelope of d again, after its fields were changed.
func reparse(d *delivery) *answer {
	body, err := json.Marshal(d.fields)
	if err != nil {
		return broken()
	}
	again := &delivery{body: body}
	a := parseEvent(again)
	d.fields, d.event = again.fields, again.event
	return a
}

// cmpAnswer is the first answer that there is.
func cmpAnswer(a, b *answer) *answer {
	if a != nil {
		return a
	}
	return b
}

// unknownField refuses fields that are not in the list.
func unknownField(fields map[string]json.RawMessage, known ...string) *answer {
	for name := range fields {
		if !slices.Contains(known, name) {
			return say(http.StatusBadRequest, "unknown field")
		}
	}
	return nil
}

// payloadDefects are the receivers that fall over what a signed event may hold.
func payloadDefects() []Animal {
	return []Animal{
		parsing("data-null-500", "data that is missing or null is a server error",
			ids("PAY-07"), nil, func(d *delivery, a *answer) *answer {
				if a == nil && !isSet(d.fields["data"]) {
					return broken()
				}
				return a
			}),
		parsing("task-id-number-500", "a task_id that is no string is a server error",
			ids("PAY-07"), nil, func(d *delivery, a *answer) *answer {
				raw := object(d.fields["data"])["task_id"]
				if _, ok := text(raw); a == nil && !ok && isSet(raw) {
					return broken()
				}
				return a
			}),
		breaksOn("deep-nesting-500", "deep nesting overflows the stack", "PAY-08",
			func(d *delivery) bool { return depth(d.body) > 1000 }),
		breaksOn("nul-500", "the database takes no \\u0000 in a text, which is a server error", "PAY-08",
			func(d *delivery) bool { return bytes.Contains(d.body, []byte(`\u0000`)) }),
		breaksOn("lone-surrogate-500", "half a surrogate pair cannot be encoded again, which is a server error", "PAY-08",
			func(d *delivery) bool { return loneSurrogate(string(d.body)) }),
		breaksOn("invalid-utf8-500", "the database refuses a text that is no UTF-8, which is a server error", "PAY-08",
			func(d *delivery) bool { return !utf8.Valid(d.body) }),
		breaksOn("bom-500", "the JSON parser throws on a byte order mark, and nobody catches it", "PAY-08",
			func(d *delivery) bool { return bytes.HasPrefix(d.body, []byte("\uFEFF")) }),
		breaksOn("huge-number-500", "a number beyond float64 is a server error", "PAY-08",
			func(d *delivery) bool {
				var v any
				err := json.Unmarshal(d.body, &v)
				return json.Valid(d.body) && err != nil
			}),
		breaksOn("quoted-id-500", "ids are pasted into SQL: a quote is a syntax error at best", "PAY-09",
			func(d *delivery) bool { return strings.Contains(d.event.id, "'") }),
		breaksOn("long-id-500", "the column for the id takes 255 characters", "PAY-09",
			func(d *delivery) bool { return utf8.RuneCountInString(d.event.id) > 255 }),
	}
}

// breaksOn is an animal that answers 500 to events of a kind; a broken one leaves
// no effect.
func breaksOn(name, defect, catches string, when func(*delivery) bool) Animal {
	return parsing(name, defect, ids(catches), nil, func(d *delivery, a *answer) *answer {
		if when(d) {
			return broken()
		}
		return a
	})
}

// depth is how deep the brackets of a text nest, strings aside.
func depth(body []byte) int {
	deepest, now := 0, 0
	quoted, escaped := false, false
	for _, b := range body {
		switch {
		case escaped:
			escaped = false
		case quoted && b == '\\':
			escaped = true
		case b == '"':
			quoted = !quoted
		case quoted:
		case b == '{' || b == '[':
			now++
			deepest = max(deepest, now)
		case b == '}' || b == ']':
			now--
		}
	}
	return deepest
}

// loneSurrogate says whether a \u escape of half a pair stands alone.
func loneSurrogate(s string) bool {
	s = strings.ToLower(s)
	half := func(s string, from, to byte) bool {
		return len(s) >= 6 && s[:3] == `\ud` && s[3] >= from && s[3] <= to
	}
	for i := 0; i < len(s); i++ {
		switch rest := s[i:]; {
		case half(rest, 'c', 'f'):
			return true
		case half(rest, '8', 'b'):
			if !half(rest[6:], 'c', 'f') {
				return true
			}
			i += 11
		}
	}
	return false
}
