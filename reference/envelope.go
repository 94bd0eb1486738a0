package reference

import (
	"bytes"
	"encoding/json"
	"io"
	"strconv"
	"strings"
	"time"
	"unicode/utf16"
	"unicode/utf8"
)

// maxName bounds ids and types, in bytes. They are keys of an index, and
// Postgres indexes nothing above some 2 700 bytes.
const maxName = 2048

// malformed is the reason why a signed body is no event. It is one of a fixed
// set of words, so that an answer and a log may show it.
type malformed string

func (m malformed) Error() string { return "malformed event: " + string(m) }

// statusOf returns what a documented type makes of its task.
func statusOf(eventType string) (status string, documented bool) {
	switch eventType {
	case "agent.task.completed":
		return "completed", true
	case "agent.task.failed":
		return "failed", true
	case "agent.task.timeout":
		return "timeout", true
	default:
		return "", false
	}
}

// otherType stands for every type that is not documented.
const otherType = "other"

// typeLabel is a documented type as it is, and "other" for any other: types
// come off the wire, and the labels of metrics and traces have to be few.
func typeLabel(eventType string) string {
	if _, documented := statusOf(eventType); documented {
		return eventType
	}
	return otherType
}

// parseEvent reads the envelope of a verified body. Every error is a
// malformed. Received is left to the caller.
func parseEvent(body []byte) (Event, error) {
	// encoding/json would replace broken UTF-8 and make two ids one.
	if !utf8.Valid(body) {
		return Event{}, malformed("not_utf8")
	}
	if !json.Valid(body) {
		return Event{}, malformed("not_json")
	}
	fields, err := members(body, "id", "type", "timestamp", "data")
	if err != nil {
		return Event{}, err
	}
	event := Event{Payload: body}
	if event.ID, err = name(fields, "id"); err != nil {
		return Event{}, err
	}
	if event.Type, err = name(fields, "type"); err != nil {
		return Event{}, err
	}
	stamp, err := name(fields, "timestamp")
	if err != nil {
		return Event{}, err
	}
	if event.Timestamp, err = parseTimestamp(stamp); err != nil {
		return Event{}, err
	}
	status, documented := statusOf(event.Type)
	if !documented {
		return event, nil
	}
	data, err := members(fields["data"], "task_id", "result", "error")
	if err != nil {
		return Event{}, malformed("data_" + string(err.(malformed))) //nolint:errorlint,forcetypeassert,errcheck // members returns nothing else
	}
	if event.TaskID, err = name(data, "task_id"); err != nil {
		return Event{}, err
	}
	event.Status = status
	event.Result, event.Error = data["result"], data["error"]
	return event, nil
}

// members returns the wanted members of a valid JSON object, raw. Names are
// compared exactly: encoding/json's struct decoding would take "ID" for "id",
// and the last of two for both.
func members(object []byte, wanted ...string) (map[string]json.RawMessage, error) {
	decoder := json.NewDecoder(bytes.NewReader(object))
	if first, err := decoder.Token(); err != nil || first != json.Delim('{') {
		return nil, malformed("not_an_object")
	}
	found := make(map[string]json.RawMessage, len(wanted))
	for decoder.More() {
		key, err := decoder.Token()
		if err != nil {
			return nil, malformed("not_json")
		}
		var value json.RawMessage
		if err := decoder.Decode(&value); err != nil {
			return nil, malformed("not_json")
		}
		for _, name := range wanted {
			if key != name {
				continue
			}
			if _, twice := found[name]; twice {
				return nil, malformed(name + "_twice")
			}
			found[name] = value
		}
	}
	if _, err := decoder.Token(); err != nil {
		return nil, malformed("not_json")
	}
	if _, err := decoder.Token(); err != io.EOF {
		return nil, malformed("not_json")
	}
	return found, nil
}

// name returns a member that must be a string of 1 to maxName bytes.
func name(fields map[string]json.RawMessage, key string) (string, error) {
	raw, ok := fields[key]
	if !ok || string(raw) == "null" {
		return "", malformed(key + "_missing")
	}
	var value string
	if err := json.Unmarshal(raw, &value); err != nil {
		return "", malformed(key + "_not_a_string")
	}
	switch {
	case value == "":
		return "", malformed(key + "_empty")
	case len(value) > maxName:
		return "", malformed(key + "_too_long")
	case loneSurrogate(raw):
		return "", malformed(key + "_not_unicode")
	}
	return value, nil
}

// loneSurrogate reports whether a valid JSON string holds half a surrogate
// pair. encoding/json would read each as U+FFFD and make two ids one.
func loneSurrogate(raw []byte) bool {
	for i := 0; i < len(raw); i++ {
		if raw[i] != '\\' {
			continue
		}
		unit, ok := escapedUnit(raw[i:])
		if !ok {
			i++ // a short escape: skip what was escaped, it may be a backslash
			continue
		}
		i += 5
		if !utf16.IsSurrogate(unit) {
			continue
		}
		low, ok := escapedUnit(raw[i+1:])
		if !ok || utf16.DecodeRune(unit, low) == utf8.RuneError {
			return true
		}
		i += 6
	}
	return false
}

// escapedUnit reads a \uXXXX at the start of raw.
func escapedUnit(raw []byte) (rune, bool) {
	if len(raw) < 6 || raw[0] != '\\' || raw[1] != 'u' {
		return 0, false
	}
	unit, err := strconv.ParseUint(string(raw[2:6]), 16, 16)
	return rune(unit), err == nil
}

// parseTimestamp reads an RFC 3339 date-time. Package time alone is too kind:
// it takes an hour of one digit, a comma, and a zone of +99:99.
func parseTimestamp(s string) (time.Time, error) {
	const bad = malformed("timestamp_not_rfc3339")
	s = strings.ToUpper(s) // RFC 3339, 5.6: t and z may be lower case
	t, err := time.Parse(time.RFC3339, s)
	if err != nil || s[len("2006-01-02T1")] == ':' || strings.Contains(s, ",") {
		return time.Time{}, bad
	}
	if zone := s[len(s)-len("07:00"):]; s[len(s)-1] != 'Z' && (zone[:2] > "23" || zone[3:] > "59") {
		return time.Time{}, bad
	}
	return t, nil
}
