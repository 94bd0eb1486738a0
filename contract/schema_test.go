package contract_test

import (
	"encoding/json"
	"maps"
	"os"
	"reflect"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/santhosh-tekuri/jsonschema/v6"

	"hookdrill/contract"
	"hookdrill/internal/schematest"
)

func compiled(t *testing.T) *jsonschema.Schema {
	t.Helper()
	return schematest.Compile(t, contract.SchemaJSON())
}

func TestContractsFollowTheSchema(t *testing.T) {
	t.Parallel()
	s := compiled(t)
	if err := schematest.YAML(t, s, contract.Starter()); err != nil {
		t.Errorf("the starter breaks the schema: %v", err)
	}
	for _, name := range contract.Names() {
		text, err := os.ReadFile(name + ".yaml")
		if err != nil {
			t.Fatal(err)
		}
		if err := schematest.YAML(t, s, text); err != nil {
			t.Errorf("%s.yaml breaks the schema: %v", name, err)
		}
	}
	for name, swap := range map[string][2]string{
		"unknown key":       {"encoding: hex", "encodng: hex"},
		"unknown derived":   {"derivation: whole", "derivation: half"},
		"unknown source":    {"source: header #", "source: footer #"},
		"no unit":           {"tolerance: 300s", "tolerance: 300"},
		"status":            {"unauthorized: 401", "unauthorized: 200"},
		"no header":         {"header: X-My-Signature", "header: X My Signature"},
		"missing signature": {"signed: ", "# "},
	} {
		text := strings.Replace(string(contract.Starter()), swap[0], swap[1], 1)
		if text == string(contract.Starter()) {
			t.Fatalf("%s: nothing was spoilt", name)
		}
		if schematest.YAML(t, s, []byte(text)) == nil {
			t.Errorf("%s: the schema lets it through", name)
		}
		if _, err := contract.Parse([]byte(text), "c.yaml"); err == nil {
			t.Errorf("%s: Parse lets it through", name)
		}
	}
}

type node struct {
	Properties map[string]struct {
		Ref  string `json:"$ref"`
		Enum []any  `json:"enum"`
	} `json:"properties"`
}

func document(t *testing.T) map[string]node {
	t.Helper()
	var doc struct {
		node
		Defs map[string]node `json:"$defs"`
	}
	if err := json.Unmarshal(contract.SchemaJSON(), &doc); err != nil {
		t.Fatal(err)
	}
	doc.Defs["contract"] = doc.node
	return doc.Defs
}

// TestSchemaAndTypesHaveTheSameKeys finds keys that were added to one alone.
func TestSchemaAndTypesHaveTheSameKeys(t *testing.T) {
	t.Parallel()
	defs := document(t)
	known := map[string]any{
		"contract": contract.Contract{}, "request": contract.Request{}, "header": contract.Header{}, "signature": contract.Signature{},
		"key": contract.Key{}, "id": contract.ID{}, "body": contract.Body{}, "freshness": contract.Freshness{}, "answers": contract.Answers{},
		"retries": contract.Retries{}, "disable": contract.Disable{}, "handshake": contract.Handshake{}, "fetch": contract.Fetch{}, "service_levels": contract.Service{},
		"type": contract.Type{}, "field": contract.DataField{},
	}
	for name, value := range known {
		var want []string
		for field := range reflect.TypeOf(value).Fields() {
			key, _, _ := strings.Cut(field.Tag.Get("yaml"), ",")
			if key == "-" {
				continue
			}
			want = append(want, key)
			duration := field.Type == reflect.TypeFor[contract.Duration]()
			if duration != (defs[name].Properties[key].Ref == "#/$defs/duration") {
				t.Errorf("%s.%s: the schema and the type differ about a duration", name, key)
			}
		}
		slices.Sort(want)
		if got := slices.Sorted(maps.Keys(defs[name].Properties)); !slices.Equal(got, want) {
			t.Errorf("%s: the schema has the keys %v, the type %v", name, got, want)
		}
	}
	if len(defs) != len(known)+1 { // and a duration
		t.Errorf("the schema defines %d things, the types %d", len(defs), len(known)+1)
	}
}

// TestDocsKnowEveryKey finds keys and words that docs/contracts.md leaves out.
func TestDocsKnowEveryKey(t *testing.T) {
	t.Parallel()
	page, err := os.ReadFile("../docs/contracts.md")
	if err != nil {
		t.Fatal(err)
	}
	named := func(word string) bool {
		return regexp.MustCompile("`[^`\n]*" + regexp.QuoteMeta(word) + "[^`\n]*`").Match(page)
	}
	for def, n := range document(t) {
		for key, property := range n.Properties {
			if !named(key) {
				t.Errorf("docs/contracts.md does not mention the key %q of %s", key, def)
			}
			for _, word := range property.Enum {
				if s, ok := word.(string); ok && !named(s) {
					t.Errorf("docs/contracts.md does not mention the word %q of %s", s, key)
				}
			}
		}
	}
	for _, fill := range []string{"{{uuid}}", "{{random_digits:N}}", "{{one_of:", "{{stamp_unix_ms}}", "{delivery}", "{event}", "{timestamp:rfc3339}"} {
		if !named(fill) {
			t.Errorf("docs/contracts.md does not mention %s", fill)
		}
	}
}

// TestDocsExampleParses keeps the example that users copy right.
func TestDocsExampleParses(t *testing.T) {
	t.Parallel()
	page, err := os.ReadFile("../docs/contracts.md")
	if err != nil {
		t.Fatal(err)
	}
	examples := regexp.MustCompile("(?s)```yaml\n(name:.*?)```").FindAllSubmatch(page, -1)
	if len(examples) == 0 {
		t.Fatal("there is no example")
	}
	for _, example := range examples {
		if _, err := contract.Parse(example[1], "example.yaml"); err != nil {
			t.Error(err)
		}
		if err := schematest.YAML(t, compiled(t), example[1]); err != nil {
			t.Error(err)
		}
	}
}
