package scenarios

import (
	"encoding/json"
	"io/fs"
	"maps"
	"os"
	"reflect"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/santhosh-tekuri/jsonschema/v6"

	"hookdrill/internal/schematest"
	"hookdrill/mockclaude"
)

func compiled(t *testing.T) *jsonschema.Schema {
	t.Helper()
	return schematest.Compile(t, SchemaJSON())
}

// byParse gives what hookdrill itself has against it.
func byParse(text string) error {
	f, err := Parse([]byte(text), "own.yaml")
	if err != nil {
		return err
	}
	return validate(f.Scenarios, "own.yaml", false)
}

func TestBuiltinFilesFollowTheSchema(t *testing.T) {
	t.Parallel()
	names, err := fs.Glob(builtin, "*.yaml")
	if err != nil || len(names) < 10 {
		t.Fatalf("found %v, %v; want at least 10 files", names, err)
	}
	s := compiled(t)
	for _, name := range names {
		data, err := fs.ReadFile(builtin, name)
		if err != nil {
			t.Fatal(err)
		}
		if err := schematest.YAML(t, s, data); err != nil {
			t.Errorf("%s breaks the schema: %v", name, err)
		}
	}
}

// TestExamplesOfTheDocs keeps the examples that users copy right.
func TestExamplesOfTheDocs(t *testing.T) {
	t.Parallel()
	page, err := os.ReadFile("../docs/scenarios.md")
	if err != nil {
		t.Fatal(err)
	}
	examples := regexp.MustCompile("(?s)```yaml\n(# [^\n]*\n)?(family:.*?)```").FindAllStringSubmatch(string(page), -1)
	if len(examples) < 2 {
		t.Fatalf("found %d examples in docs/scenarios.md, want at least 2", len(examples))
	}
	s := compiled(t)
	base, err := Builtin()
	if err != nil {
		t.Fatal(err)
	}
	dir := t.TempDir()
	for i, example := range examples {
		if err := schematest.YAML(t, s, []byte(example[2])); err != nil {
			t.Errorf("example %d breaks the schema: %v", i+1, err)
		}
		if err := os.WriteFile(dir+"/"+string(rune('a'+i))+".yaml", []byte(example[2]), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	if _, err := Folder(dir, base); err != nil {
		t.Errorf("the examples do not work as a folder: %v", err)
	}
}

// whole has a key of every kind of object that a file can hold.
const whole = `family: SIG
scenarios:
  - requirement: SIG-03
    control: true
    cases:
      - name: everything
        events:
          a: {type: agent.task.failed, id: "{{prefix}}x"}
        steps:
          - expect: refused
            wait: 1s
            header: [{name: X-A, value: b}]
            edit: [{set: data.note, to: "1"}]
            sign: {literal: "00"}
            after: [{append: " "}]
            shape: {kind: raw}
`

// TestUnknownKeysAreRefused puts an unknown key into each kind of object.
func TestUnknownKeysAreRefused(t *testing.T) {
	t.Parallel()
	s := compiled(t)
	if err := schematest.YAML(t, s, []byte(whole)); err != nil {
		t.Fatalf("the schema refuses the file before it is spoilt: %v", err)
	}
	if err := byParse(whole); err != nil {
		t.Fatalf("Parse refuses the file before it is spoilt: %v", err)
	}
	for name, swap := range map[string][2]string{
		"file":     {"family: SIG\n", "family: SIG\nextra: 1\n"},
		"scenario": {"    control: true\n", "    control: true\n    extra: 1\n"},
		"case":     {"        events:\n", "        extra: 1\n        events:\n"},
		"event":    {"{type: agent", "{extra: 1, type: agent"},
		"step":     {"            wait: 1s\n", "            wait: 1s\n            extra: 1\n"},
		"header":   {"{name: X-A", "{extra: 1, name: X-A"},
		"edit":     {"{set: data", "{extra: 1, set: data"},
		"sign":     {"{literal:", "{extra: 1, literal:"},
		"change":   {"{append:", "{extra: 1, append:"},
		"shape":    {"{kind:", "{extra: 1, kind:"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			text := strings.Replace(whole, swap[0], swap[1], 1)
			if text == whole {
				t.Fatal("nothing was spoilt")
			}
			if schematest.YAML(t, s, []byte(text)) == nil {
				t.Error("the schema lets it through")
			}
			if err := byParse(text); err == nil || !strings.Contains(err.Error(), "extra") {
				t.Errorf("Parse() error = %v, want one that names the key", err)
			}
		})
	}
}

// TestWrongWordsAreRefused spoils words and values that both know.
func TestWrongWordsAreRefused(t *testing.T) {
	t.Parallel()
	s := compiled(t)
	for name, swap := range map[string][2]string{
		"expect":            {"expect: refused", "expect: refuse"},
		"no expect":         {"expect: refused", "mode: again"},
		"mode":              {"wait: 1s", "mode: sideways"},
		"effect":            {"wait: 1s", "effect: twice"},
		"style":             {"wait: 1s", "style: ugly"},
		"header case":       {"wait: 1s", "header_case: camel"},
		"header order":      {"wait: 1s", "header_order: random"},
		"judge":             {"control: true", "judge: kindly"},
		"condition":         {"control: true", "when: raining"},
		"case's condition":  {"events:", "when: raining\n        events:"},
		"each":              {"events:", "each: state\n        events:"},
		"shape":             {"kind: raw", "kind: round"},
		"edit without both": {`{set: data.note, to: "1"}`, `{to: "1"}`},
		"status left out":   {"expect: refused", "expect: status"},
		"comma in a name":   {"name: everything", `name: "a,b"`},
		"no scenarios":      {whole, "family: SIG\nscenarios: []\n"},
		"duration":          {"wait: 1s", "wait: soon"},
		"two offsets":       {"wait: 1s", "stamp_offset: 1s\n            stamp_tolerances: 0.5"},
		"words for a limit": {"wait: 1s", "stamp_tolerances: twice"},
		"text for a number": {"wait: 1s", "copies: many"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			text := strings.Replace(whole, swap[0], swap[1], 1)
			if text == whole {
				t.Fatal("nothing was spoilt")
			}
			if schematest.YAML(t, s, []byte(text)) == nil {
				t.Error("the schema lets it through")
			}
			if byParse(text) == nil {
				t.Error("Parse and validate let it through")
			}
		})
	}
}

// TestCalls: a trial of what the receiver calls has call and no steps, and no other case
// has it; the values are checked by the schema and by Parse alike.
func TestCalls(t *testing.T) {
	t.Parallel()
	s := compiled(t)
	const judged = "family: API\nscenarios:\n  - requirement: API-04\n    judge: calls\n    cases:\n      - name: x\n        "
	const other = "family: API\nscenarios:\n  - requirement: API-04\n    cases:\n      - name: x\n        "
	tests := map[string]struct {
		text  string
		right bool
	}{
		"an ordinary event":   {judged + "call: {}", true},
		"everything":          {judged + "call: {types: [vault.created], id: 'a/{{marker}}', forge: key, status: 429, first: 1, retry_after: 1s, delay: 2s}", true},
		"dropped":             {judged + "call: {drop: true, first: 1}", true},
		"no call":             {judged + "steps: [{expect: accepted}]", false},
		"call and steps":      {judged + "call: {}\n        steps: [{expect: accepted}]", false},
		"both without judge":  {other + "call: {}\n        steps: [{expect: accepted}]", false},
		"as in a folder":      {other + "call: {}", true},
		"neither":             {other + "when: whsec_key", false},
		"an unknown key":      {judged + "call: {extra: 1}", false},
		"an unknown forgery":  {judged + "call: {forge: badly}", false},
		"no error":            {judged + "call: {status: 200}", false},
		"a negative number":   {judged + "call: {status: 500, first: -1}", false},
		"a duration of words": {judged + "call: {delay: soon}", false},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			if err := schematest.YAML(t, s, []byte(tt.text)); (err == nil) != tt.right {
				t.Errorf("the schema says %v", err)
			}
			if err := byParse(tt.text); (err == nil) != tt.right {
				t.Errorf("Parse says %v", err)
			}
		})
	}
	for _, text := range []string{"call: {first: 2}", "call: {drop: true, status: 500}", "call: {delay: -2s}"} {
		if byParse(judged+text) == nil {
			t.Errorf("%s makes no sense, and passes", text)
		}
	}
}

// node is the part of a schema that this test reads.
type node struct {
	Properties map[string]struct {
		Ref  string `json:"$ref"`
		Enum []any  `json:"enum"`
	} `json:"properties"`
}

func document(t *testing.T) (defs map[string]node) {
	t.Helper()
	var doc struct {
		node
		Defs map[string]node `json:"$defs"`
	}
	if err := json.Unmarshal(SchemaJSON(), &doc); err != nil {
		t.Fatal(err)
	}
	doc.Defs["file"] = doc.node
	return doc.Defs
}

// TestSchemaAndTypesHaveTheSameKeys finds keys that were added to one alone.
func TestSchemaAndTypesHaveTheSameKeys(t *testing.T) {
	t.Parallel()
	defs := document(t)
	for name, value := range map[string]any{
		"file": File{}, "scenario": Scenario{}, "case": Case{}, "event": Event{}, "step": Step{}, "field": Field{},
		"edit": Edit{}, "sign": Sign{}, "change": Change{}, "shape": Shape{}, "call": Call{},
	} {
		var want []string
		typ := reflect.TypeOf(value)
		for field := range typ.Fields() {
			key, _, _ := strings.Cut(field.Tag.Get("yaml"), ",")
			want = append(want, key)
			ref := defs[name].Properties[key].Ref
			if isDuration := field.Type == reflect.TypeFor[time.Duration](); isDuration != (ref == "#/$defs/duration") {
				t.Errorf("%s.%s: the schema and the type differ about a duration", name, key)
			}
		}
		slices.Sort(want)
		if got := slices.Sorted(maps.Keys(defs[name].Properties)); !slices.Equal(got, want) {
			t.Errorf("%s: the schema has the keys %v, the type %v", name, got, want)
		}
	}
}

// TestDocsKnowEveryKey finds keys and words that docs/scenarios.md leaves out.
func TestDocsKnowEveryKey(t *testing.T) {
	t.Parallel()
	page, err := os.ReadFile("../docs/scenarios.md")
	if err != nil {
		t.Fatal(err)
	}
	// A key stands in backquotes, alone or with a value behind it.
	named := func(word string) bool {
		return regexp.MustCompile("`[^`\n]*\\b" + regexp.QuoteMeta(word) + "\\b[^`\n]*`").Match(page)
	}
	for def, n := range document(t) {
		for key, property := range n.Properties {
			if !named(key) {
				t.Errorf("docs/scenarios.md does not mention the key %q of a %s", key, def)
			}
			for _, word := range property.Enum {
				if s, ok := word.(string); ok && regexp.MustCompile(`^\w+$`).MatchString(s) && !named(s) {
					t.Errorf("docs/scenarios.md does not mention the word %q of %s", s, key)
				}
			}
		}
	}
}

// TestSchemaHasTheWordsOfTheCode compares the lists that the code has as values.
func TestSchemaHasTheWordsOfTheCode(t *testing.T) {
	t.Parallel()
	defs := document(t)
	words := func(def, key string) []string {
		var out []string
		for _, w := range defs[def].Properties[key].Enum {
			if s, ok := w.(string); ok {
				out = append(out, s)
			}
		}
		slices.Sort(out)
		return out
	}
	for _, tt := range []struct {
		def, key string
		want     []string
	}{
		{"step", "style", Styles()},
		{"step", "stamp_format", mockclaude.StampFormats()},
		{"sign", "algorithm", mockclaude.SignAlgorithms()},
		{"step", "mode", []string{ModeTogether, ModeSpread, ModeConnection, ModeTrickle, ModeAgain, ModeMeanwhile}},
		{"step", "effect", []string{EffectOnce, EffectMaybe, EffectNever}},
		{"shape", "kind", []string{
			mockclaude.ShapeRaw, mockclaude.ShapeChunked, mockclaude.ShapePieces, mockclaude.ShapeExpect,
			mockclaude.ShapeHTTP2, mockclaude.ShapeCut, mockclaude.ShapeAbandon,
		}},
	} {
		slices.Sort(tt.want)
		if got := words(tt.def, tt.key); !slices.Equal(got, tt.want) {
			t.Errorf("%s.%s: the schema has %v, the code %v", tt.def, tt.key, got, tt.want)
		}
	}
}
