package reference

import (
	"bytes"
	"encoding/json"
	"io"
	"net/http"
	"strconv"
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

// object returns the wanted members of a verified body, which must be a JSON
// object.
func object(body []byte, wanted ...string) (map[string]json.RawMessage, error) {
	// encoding/json would replace broken UTF-8 and make two ids one.
	if !utf8.Valid(body) {
		return nil, malformed("not_utf8")
	}
	if !json.Valid(body) {
		return nil, malformed("not_json")
	}
	return members(body, wanted...)
}

// inner returns the wanted members of a member that must be an object.
func inner(fields map[string]json.RawMessage, key string, wanted ...string) (map[string]json.RawMessage, error) {
	found, err := members(fields[key], wanted...)
	if err != nil {
		return nil, malformed(key + "_" + string(err.(malformed))) //nolint:errorlint,forcetypeassert,errcheck // members returns nothing else
	}
	return found, nil
}

// perhaps returns a member as a string, and "" for whatever is no name: the
// sender promises nothing about it, so nothing is refused for its sake.
func perhaps(fields map[string]json.RawMessage, key string) string {
	value, err := name(fields, key)
	if err != nil {
		return ""
	}
	return value
}

// perhapsInner is inner for a member about which nothing is promised.
func perhapsInner(fields map[string]json.RawMessage, key string, wanted ...string) map[string]json.RawMessage {
	found, err := members(fields[key], wanted...)
	if err != nil {
		return nil
	}
	return found
}

// seconds returns a member that must be a whole number of Unix seconds.
func seconds(fields map[string]json.RawMessage, key string) (time.Time, error) {
	raw, ok := fields[key]
	if !ok || string(raw) == "null" {
		return time.Time{}, malformed(key + "_missing")
	}
	t, err := unixSeconds(string(raw))
	if err != nil {
		return time.Time{}, malformed(key + "_not_unix_seconds")
	}
	return t, nil
}

// moment returns a member that must be an RFC 3339 date-time.
func moment(fields map[string]json.RawMessage, key string) (time.Time, error) {
	text, err := name(fields, key)
	if err != nil {
		return time.Time{}, err
	}
	t, err := parseTimestamp(text)
	if err != nil {
		return time.Time{}, malformed(key + "_not_rfc3339")
	}
	return t, nil
}

// headerName returns what a header says that must be there once, by the rules of
// [name]. A reason calls it key.
func headerName(header http.Header, field, key string) (string, error) {
	value, ok := one(header, field)
	if !ok {
		return "", malformed(key + "_missing")
	}
	return value, checkName(value, key)
}

// checkName refuses what is no id or type although it is some text.
func checkName(value, key string) error {
	switch {
	case value == "":
		return malformed(key + "_empty")
	case len(value) > maxName:
		return malformed(key + "_too_long")
	case !utf8.ValidString(value):
		return malformed(key + "_not_unicode")
	}
	return nil
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
	if loneSurrogate(raw) {
		return "", malformed(key + "_not_unicode")
	}
	return value, checkName(value, key)
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
