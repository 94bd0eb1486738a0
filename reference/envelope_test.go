package reference

import (
	"encoding/json"
	"strings"
	"testing"
	"time"
	"unicode/utf8"
)

const stamp = `"timestamp":"2026-09-01T12:00:00Z"`

// envelope is a valid event with its last field replaced or added.
func envelope(id, eventType, timestamp, data string) string {
	return `{"id":` + id + `,"type":` + eventType + `,"timestamp":` + timestamp + `,"data":` + data + `}`
}

// parseEvent reads an event of the contract claude.
func parseEvent(body []byte) (Event, error) {
	letter, err := readClaude(claim{}, nil, body)
	return letter.event, err
}

func TestParseEvent(t *testing.T) {
	t.Parallel()
	const (
		id   = `"evt_1"`
		kind = `"agent.task.completed"`
		when = `"2026-09-01T12:00:00Z"`
		data = `{"task_id":"task_1","result":{"n":1}}`
	)
	deep := strings.Repeat("[", 10_000) + strings.Repeat("]", 10_000)
	for _, test := range []struct {
		name, body, want string // want is the reason, "" for a good event
	}{
		{"plain", envelope(id, kind, when, data), ""},
		{"failed", envelope(id, `"agent.task.failed"`, when, `{"task_id":"t","error":{"code":1}}`), ""},
		{"timeout", envelope(id, `"agent.task.timeout"`, when, `{"task_id":"t"}`), ""},
		{"pretty-printed", "{\n  \"id\" : \"evt_1\",\r\n\t\"type\":\"x\", " + stamp + "\n}\n", ""},
		{"a newline first", "\n" + envelope(id, kind, when, data), ""},
		{"another order of keys", `{"data":{},` + stamp + `,"type":"x","id":"evt_1"}`, ""},
		{"escapes", `{"\u0069d":"evt\/\u00e9","type":"x",` + stamp + `}`, ""},
		{"odd numbers", envelope(id, `"x"`, when, `{"a":1.0,"b":1e3,"c":12345678901234567890,"d":1e400}`), ""},
		{"extra fields", `{"id":"evt_1","type":"x",` + stamp + `,"more":{"id":3},"__proto__":{"id":"evil"}}`, ""},
		{"an extra key twice", `{"id":"evt_1","type":"x",` + stamp + `,"a":1,"a":2}`, ""},
		{"a case variant of a key", `{"id":"evt_1","ID":"evil","Id":3,"type":"x",` + stamp + `}`, ""},
		{"id in data", `{"id":"evt_1","type":"x",` + stamp + `,"data":{"id":"evil"}}`, ""},
		{"NUL in an id", envelope(`"evt_\u0000"`, kind, when, data), ""},
		{"a pair of surrogates", envelope(`"evt_\ud83d\ude00"`, kind, when, data), ""},
		{"an escaped backslash before u", envelope(`"evt_\\ud83d"`, kind, when, data), ""},
		{"U+FFFD itself", envelope(`"\ufffd"`, kind, when, data), ""},
		{"a lone surrogate in an extra field", `{"id":"evt_1","type":"x",` + stamp + `,"a":"\ud800"}`, ""},
		{"unknown type without data", `{"id":"evt_1","type":"x",` + stamp + `}`, ""},
		{"unknown type with data null", envelope(id, `"x"`, when, `null`), ""},
		{"unknown type with a list as data", envelope(id, `"x"`, when, `[1]`), ""},
		{"the longest id", envelope(`"`+strings.Repeat("a", maxName)+`"`, kind, when, data), ""},

		{"empty", ``, "not_json"},
		{"white space", ` `, "not_json"},
		{"text", `hello`, "not_json"},
		{"cut off", `{"id":"evt_1"`, "not_json"},
		{"trailing comma", `{"id":"evt_1",}`, "not_json"},
		{"two values", envelope(id, kind, when, data) + `{}`, "not_json"},
		{"NaN", envelope(id, `"x"`, when, `NaN`), "not_json"},
		{"raw NUL", "{\"id\":\"evt_\x00\"}", "not_json"},
		{"BOM", "\ufeff" + envelope(id, kind, when, data), "not_json"},
		{"invalid UTF-8", "{\"id\":\"evt_\xff\"}", "not_utf8"},
		{"10 000 deep", envelope(id, `"x"`, when, deep), "not_json"},
		{"null", `null`, "not_an_object"},
		{"list", `[]`, "not_an_object"},
		{"list of an event", `[` + envelope(id, kind, when, data) + `]`, "not_an_object"},
		{"string", `"x"`, "not_an_object"},
		{"number", `3`, "not_an_object"},
		{"true", `true`, "not_an_object"},
		{"empty object", `{}`, "id_missing"},
		{"id missing", `{"type":"x",` + stamp + `}`, "id_missing"},
		{"ID for id", `{"ID":"evt_1","type":"x",` + stamp + `}`, "id_missing"},
		{"id null", envelope(`null`, kind, when, data), "id_missing"},
		{"id empty", envelope(`""`, kind, when, data), "id_empty"},
		{"id a number", envelope(`7`, kind, when, data), "id_not_a_string"},
		{"id an object", envelope(`{}`, kind, when, data), "id_not_a_string"},
		{"id too long", envelope(`"`+strings.Repeat("a", maxName+1)+`"`, kind, when, data), "id_too_long"},
		{"id a lone surrogate", envelope(`"\ud800"`, kind, when, data), "id_not_unicode"},
		{"id a low surrogate first", envelope(`"\ude00\ud83d"`, kind, when, data), "id_not_unicode"},
		{"id a lone surrogate after a backslash", envelope(`"\\\ud800x"`, kind, when, data), "id_not_unicode"},
		{"id twice", `{"id":"evt_1","id":"evt_2","type":"x",` + stamp + `}`, "id_twice"},
		{"id twice, once escaped", `{"id":"evt_1","\u0069d":"evt_2","type":"x",` + stamp + `}`, "id_twice"},
		{"type missing", `{"id":"evt_1",` + stamp + `}`, "type_missing"},
		{"Type for type", `{"id":"evt_1","Type":"x",` + stamp + `}`, "type_missing"},
		{"type null", envelope(id, `null`, when, data), "type_missing"},
		{"type empty", envelope(id, `""`, when, data), "type_empty"},
		{"type a number", envelope(id, `7`, when, data), "type_not_a_string"},
		{"type twice", `{"id":"evt_1","type":"x","type":"x",` + stamp + `}`, "type_twice"},
		{"timestamp missing", `{"id":"evt_1","type":"x"}`, "timestamp_missing"},
		{"timestamp null", envelope(id, kind, `null`, data), "timestamp_missing"},
		{"timestamp empty", envelope(id, kind, `""`, data), "timestamp_empty"},
		{"timestamp a number", envelope(id, kind, `1788264000`, data), "timestamp_not_a_string"},
		{"timestamp a list", envelope(id, kind, `["2026-09-01T12:00:00Z"]`, data), "timestamp_not_a_string"},
		{"timestamp words", envelope(id, kind, `"now"`, data), "timestamp_not_rfc3339"},
		{"timestamp twice", `{"id":"evt_1","type":"x",` + stamp + `,` + stamp + `}`, "timestamp_twice"},
		{"data missing", `{"id":"evt_1","type":` + kind + `,` + stamp + `}`, "data_not_an_object"},
		{"data null", envelope(id, kind, when, `null`), "data_not_an_object"},
		{"data a string", envelope(id, kind, when, `"x"`), "data_not_an_object"},
		{"data a list", envelope(id, kind, when, `[]`), "data_not_an_object"},
		{"data twice", `{"id":"evt_1","type":"x",` + stamp + `,"data":{},"data":{}}`, "data_twice"},
		{"task_id missing", envelope(id, kind, when, `{}`), "task_id_missing"},
		{"task_id empty", envelope(id, kind, when, `{"task_id":""}`), "task_id_empty"},
		{"task_id a number", envelope(id, kind, when, `{"task_id":7}`), "task_id_not_a_string"},
		{"task_id twice", envelope(id, kind, when, `{"task_id":"a","task_id":"b"}`), "data_task_id_twice"},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			event, err := parseEvent([]byte(test.body))
			switch {
			case test.want == "" && err != nil:
				t.Errorf("refused: %v", err)
			case test.want != "" && err != malformed(test.want): //nolint:errorlint // exactly this
				t.Errorf("error = %v, want %s", err, test.want)
			case test.want == "" && !event.Timestamp.Equal(time.Date(2026, 9, 1, 12, 0, 0, 0, time.UTC)):
				t.Errorf("timestamp = %v", event.Timestamp)
			}
		})
	}
}

func TestParsedFields(t *testing.T) {
	t.Parallel()
	body := `{"ID":"evil","id":"evt_\u0000A","type":"agent.task.failed",` + stamp +
		`,"data":{"TASK_ID":"evil","task_id":"task_1","error":{"code": 1.0}}}`
	event, err := parseEvent([]byte(body))
	if err != nil {
		t.Fatal(err)
	}
	if event.ID != "evt_\x00A" || event.Type != "agent.task.failed" || event.TaskID != "task_1" || event.Status != "failed" {
		t.Errorf("event = %+v", event)
	}
	if string(event.Error) != `{"code": 1.0}` || event.Result != nil || string(event.Payload) != body {
		t.Errorf("error %q, result %q, payload %q: not what was sent", event.Error, event.Result, event.Payload)
	}
}

func TestParseTimestamp(t *testing.T) {
	t.Parallel()
	noon := time.Date(2026, 9, 1, 12, 0, 0, 0, time.UTC)
	for text, want := range map[string]time.Time{
		"2026-09-01T12:00:00Z":                noon,
		"2026-09-01t12:00:00z":                noon,
		"2026-09-01T12:00:00+00:00":           noon,
		"2026-09-01T22:00:00+10:00":           noon,
		"2026-09-01T04:00:00-08:00":           noon,
		"2026-09-01T12:00:00.123Z":            noon.Add(123_000_000),
		"2026-09-01T12:00:00.123456Z":         noon.Add(123_456_000),
		"2026-09-01T12:00:00.123456789Z":      noon.Add(123_456_789),
		"2026-09-01T12:00:00.123456789+00:00": noon.Add(123_456_789),
	} {
		if got, err := parseTimestamp(text); err != nil || !got.Equal(want) {
			t.Errorf("%s = %v, %v; want %v", text, got, err, want)
		}
	}
	for _, text := range []string{
		"now", "1788264000000", "NaN", "-1", strings.Repeat("9", 30), "2026-09-01", "12:00:00Z", "2026-09-01 12:00:00Z",
		"2026-09-01T12:00:00", "2026-09-01T12:00Z", "2026-9-1T12:00:00Z", "2026-02-30T12:00:00Z", "2026-09-01T24:00:00Z",
		"2026-09-01T5:00:00Z", "2026-09-01T12:00:00,5Z", "2026-09-01T12:00:00+25:00", "2026-09-01T12:00:00+10:60",
		"2026-09-01T12:00:00+1000", "2026-09-01T12:00:00.Z", " 2026-09-01T12:00:00Z", "2026-09-01T12:00:00Z ", "2026-09-01T12:00:00Z\x00",
	} {
		if got, err := parseTimestamp(text); err == nil {
			t.Errorf("%q was read as %v", text, got)
		}
	}
}

func FuzzParseEvent(f *testing.F) {
	f.Add([]byte(envelope(`"evt_1"`, `"agent.task.completed"`, `"2026-09-01T12:00:00Z"`, `{"task_id":"task_1","result":{}}`)))
	f.Add([]byte(`{"ID":"a","id":"b","type":"x",` + stamp + `,"id":"c"}`))
	f.Add([]byte(`{"id":"\ud83d\ude00\ud800","type":"x",` + stamp + `}`))
	f.Add([]byte("\ufeff{}"))
	f.Add([]byte(`{"id":"a","type":"x","timestamp":"2026-09-01T5:00:00,5+99:99"}`))
	f.Fuzz(func(t *testing.T, body []byte) {
		event, err := parseEvent(body)
		if err != nil {
			if _, ok := err.(malformed); !ok { //nolint:errorlint // parseEvent promises this type
				t.Fatalf("error is a %T", err)
			}
			return
		}
		for _, s := range []string{event.ID, event.Type, event.TaskID} {
			if !utf8.ValidString(s) || len(s) > maxName {
				t.Errorf("%q got through", s)
			}
		}
		// A map keeps names as they are, so a naive decoding must agree: what
		// is good here is good JSON with that very id.
		var naive map[string]any
		if err := json.Unmarshal(event.Payload, &naive); err != nil && !strings.Contains(err.Error(), "cannot unmarshal number") {
			t.Fatalf("accepted what is no JSON object: %v", err)
		} else if err == nil && (naive["id"] != event.ID || naive["type"] != event.Type) {
			t.Errorf("id %q, type %q; naive decoding has %v, %v", event.ID, event.Type, naive["id"], naive["type"])
		}
		if (event.TaskID == "") != (event.Status == "") {
			t.Errorf("task %q has status %q", event.TaskID, event.Status)
		}
	})
}
