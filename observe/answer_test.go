package observe

import (
	"errors"
	"maps"
	"testing"
)

func TestParseAnswer(t *testing.T) {
	t.Parallel()
	tests := []struct {
		name, body string
		want       map[string]Effect
		problem    string
	}{
		{"one", `{"events":{"a":{"processed":1}}}`, map[string]Effect{"a": {Processed: 1}}, ""},
		{"with status", `{"events":{"a":{"processed":2,"status":"completed"}}}`, map[string]Effect{"a": {2, "completed"}}, ""},
		{"none", `{"events":{}}`, map[string]Effect{}, ""},
		{"zero and null status", `{"events":{"a":{"processed":0,"status":null}}}`, map[string]Effect{"a": {}}, ""},
		{"more fields", `{"now":1,"events":{"a":{"processed":1,"at":[1]}},"x":{}}`, map[string]Effect{"a": {Processed: 1}}, ""},
		{"spaces", " {\n \"events\" : { \"a\" : { \"processed\" : 7 } } }\n", map[string]Effect{"a": {Processed: 7}}, ""},
		{"escaped id", `{"events":{"\u0061\"":{"processed":1}}}`, map[string]Effect{`a"`: {Processed: 1}}, ""},
		{"status is cleaned", `{"events":{"a":{"processed":1,"status":"\u001b[2Jdone"}}}`, map[string]Effect{"a": {1, "�[2Jdone"}}, ""},

		{"empty", ``, nil, "the answer is no JSON"},
		{"html", `<html>`, nil, "the answer is no JSON"},
		{"list", `[]`, nil, "the answer is no JSON object"},
		{"null", `null`, nil, "the answer is no JSON object"},
		{"no events", `{"a":{"processed":1}}`, nil, `the answer has no "events"`},
		{"events in another case", `{"Events":{}}`, nil, `the answer has no "events"`},
		{"events null", `{"events":null}`, nil, `"events" is no JSON object`},
		{"events as a list", `{"events":[{"id":"a","processed":1}]}`, nil, `"events" is no JSON object`},
		{"entry is a number", `{"events":{"a":1}}`, nil, `the entry "a" is no JSON object`},
		{"no processed", `{"events":{"a":{"count":1}}}`, nil, `the entry "a" has no "processed"`},
		{"processed in another case", `{"events":{"a":{"Processed":1}}}`, nil, `the entry "a" has no "processed"`},
		{"boolean", `{"events":{"a":{"processed":true}}}`, nil, `the entry "a" has "processed": true`},
		{"text", `{"events":{"a":{"processed":"1"}}}`, nil, `the entry "a" has "processed": "1"`},
		{"negative", `{"events":{"a":{"processed":-1}}}`, nil, `the entry "a" has "processed": -1`},
		{"fraction", `{"events":{"a":{"processed":1.0}}}`, nil, `the entry "a" has "processed": 1.0`},
		{"exponent", `{"events":{"a":{"processed":1e0}}}`, nil, `the entry "a" has "processed": 1e0`},
		{"null count", `{"events":{"a":{"processed":null}}}`, nil, `the entry "a" has "processed": null`},
		{"too large", `{"events":{"a":{"processed":99999999999}}}`, nil, `the entry "a" has "processed": 99999999999`},
		{"status a number", `{"events":{"a":{"processed":1,"status":3}}}`, nil, `the entry "a" has "status": 3`},
		{"id twice", `{"events":{"a":{"processed":1},"a":{"processed":1}}}`, nil, `"events" has the key "a" twice`},
		{"same id in two spellings", `{"events":{"a":{"processed":0},"\u0061":{"processed":1}}}`, nil, `"events" has the key "a" twice`},
		{"events twice", `{"events":{},"events":{}}`, nil, `the answer has the key "events" twice`},
		{"breaks off", `{"events":{"a":{"processed":1}}`, nil, "the answer breaks off"},
		{"breaks off inside", `{"events":{"a":{"proc`, nil, "the answer is no JSON"},
		{"followed by more", `{"events":{}} {}`, nil, "the answer is followed by something else"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			got, err := parseAnswer([]byte(tt.body))
			var shape *shapeError
			switch {
			case tt.problem == "" && (err != nil || !maps.Equal(got, tt.want)):
				t.Errorf("got %v, %v, want %v", got, err, tt.want)
			case tt.problem != "" && (!errors.As(err, &shape) || shape.problem != tt.problem || shape.mend == ""):
				t.Errorf("got %v, %v, want the problem %q", got, err, tt.problem)
			}
		})
	}
}

func FuzzParseAnswer(f *testing.F) {
	f.Add([]byte(`{"events":{"a":{"processed":1,"status":"completed"}}}`))
	f.Add([]byte(`{"events":{"a":{"processed":1},"a":`))
	f.Add([]byte(`{"events":[[[[[[`))
	f.Fuzz(func(t *testing.T, body []byte) {
		effects, err := parseAnswer(body)
		var shape *shapeError
		if err != nil && !errors.As(err, &shape) {
			t.Fatalf("an error without a mend: %v", err)
		}
		for id, e := range effects {
			if e.Processed < 0 || len([]rune(e.Status)) > maxStatus+1 {
				t.Fatalf("the effect of %q is %+v", id, e)
			}
		}
	})
}
