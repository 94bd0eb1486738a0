package jsontext

import (
	"bytes"
	"encoding/json"
	"strings"
	"testing"
)

func TestParseKeepsWhatItRead(t *testing.T) {
	t.Parallel()
	for _, text := range []string{
		`{"a":1,"b":[true,null,-0.5e3,{}],"c":{"d":"\u00e9\/\"}"},"a":2,"":[]}`, `"x"`, `12`, `[]`, `{}`,
	} {
		v, err := Parse(text)
		if err != nil {
			t.Fatal(err)
		}
		if v.String() != text {
			t.Errorf("%s became %s", text, v)
		}
		var want bytes.Buffer
		if err := json.Indent(&want, []byte(text), "", "\t"); err != nil {
			t.Fatal(err)
		}
		if got := v.Indent("\t"); got != want.String() {
			t.Errorf("%s, want %s", got, want.String())
		}
		if spaced, err := Parse(" \n" + want.String() + "\r\n"); err != nil || spaced.String() != text {
			t.Errorf("%v, %v", spaced, err)
		}
	}
	v, err := Parse(`{"at": {{stamp_unix}}, "id": "{{id}}", "deep": {"x": {{stamp}}}}`)
	if err != nil || v.String() != `{"at":{{stamp_unix}},"id":"{{id}}","deep":{"x":{{stamp}}}}` {
		t.Errorf("%v, %v", v, err)
	}
}

func TestParseNamesTheMistake(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]string{
		"":                       "line 1: the JSON ends too early",
		"{\n\"a\": 1,\n}":        "line 3: want the name of a member in double quotes",
		"{\"a\" 1}":              `line 1: want a colon behind the name "a"`,
		"[1 2]":                  "line 1: want a comma or ] here",
		"{\"a\":\n'x'}":          `line 2: "'x'" is no JSON value`,
		`{"a":"x`:                "line 1: a string without its end",
		"{\"a\":\"x\ny\"}":       "line 1: a control character within a string",
		`{"a":"\x"}`:             `line 1: "\x" is no JSON string`,
		"{} {}":                  "line 1: more follows after the end of the JSON value",
		"{\"a\": {{stamp}":       "line 1: {{ without }}",
		strings.Repeat("[", 999): "line 1: nested deeper than 200 levels",
	} {
		if _, err := Parse(text); err == nil || err.Error() != want {
			t.Errorf("%q: %v, want %s", text, err, want)
		}
	}
}

func TestSetAndRemove(t *testing.T) {
	t.Parallel()
	v, err := Parse(`{"a":1,"b":{"c":[{"d":2}]},"a":3}`)
	if err != nil {
		t.Fatal(err)
	}
	if got := v.Get("b.c.0.d"); got == nil || got.Raw != "2" {
		t.Errorf("Get = %v", got)
	}
	if v.Get("b.c.1.d") != nil || v.Get("x.y") != nil || v.Get("a.b") != nil || v.Get("") != v {
		t.Error("Get finds what is not there")
	}
	v.Set("a", &Value{Raw: "9"})
	v.Set("b.c.0.d", &Value{Raw: "8"})
	v.Set("x.y.z", &Value{Raw: "7"})
	v.Remove("b.nothing")
	v.Remove("no.where")
	if want := `{"a":9,"b":{"c":[{"d":8}]},"a":3,"x":{"y":{"z":7}}}`; v.String() != want {
		t.Errorf("%s, want %s", v, want)
	}
	v.Remove("a")
	v.Remove("x.y")
	v.Remove("b.c.0")
	if want := `{"b":{"c":[]},"a":3,"x":{}}`; v.String() != want {
		t.Errorf("%s, want %s", v, want)
	}
	v.Set("a.b", &Value{Raw: "1"}) // a scalar becomes an object
	if want := `{"b":{"c":[]},"a":{"b":1},"x":{}}`; v.String() != want {
		t.Errorf("%s, want %s", v, want)
	}
}

func FuzzParse(f *testing.F) {
	f.Add(`{"a":[1,{"b":"\u1234"}],"c":{{stamp}}}`)
	f.Fuzz(func(t *testing.T, text string) {
		v, err := Parse(text)
		if err != nil {
			return
		}
		again, err := Parse(v.String())
		if err != nil || again.String() != v.String() {
			t.Fatalf("%q: %v, %v", v, again, err)
		}
		if !strings.Contains(text, "{{") && !json.Valid([]byte(text)) {
			t.Fatalf("%q is no JSON", text)
		}
	})
}
