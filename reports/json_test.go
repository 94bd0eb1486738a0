package reports_test

import (
	"bytes"
	"encoding/json"
	"errors"
	"path/filepath"
	"reflect"
	"strings"
	"testing"
	"testing/iotest"

	"github.com/santhosh-tekuri/jsonschema/v6"

	"hookdrill/internal/schematest"
	"hookdrill/reports"
)

func writeJSON(t *testing.T, r *reports.Report) []byte {
	t.Helper()
	var b bytes.Buffer
	if err := reports.WriteJSON(&b, r); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

func schema(t *testing.T) *jsonschema.Schema {
	t.Helper()
	return schematest.Compile(t, reports.SchemaJSON())
}

func TestJSONFollowsItsSchema(t *testing.T) {
	t.Parallel()
	odd := hostile() // hostile ids and statuses are no statuses: keep the rest
	odd.Checks = odd.Checks[:1]
	odd.Checks[0].ID, odd.Preflight.Kind = "SIG-01", "tls"
	for name, r := range map[string]*reports.Report{
		"failed": sample(), "unreachable": unreachable(), "passed": allPassed(), "strict": strictRun(), "hostile": odd,
		"bare": {Schema: reports.Schema, Tool: reports.Tool{Name: "hookdrill"}, Verdict: reports.Failed},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			if err := schematest.JSON(t, schema(t), writeJSON(t, r)); err != nil {
				t.Errorf("the report breaks its schema: %v", err)
			}
		})
	}
}

func TestSchemaRefuses(t *testing.T) {
	t.Parallel()
	for name, spoil := range map[string]func(doc map[string]any){
		"another schema":      func(d map[string]any) { d["schema"] = 2 },
		"no verdict":          func(d map[string]any) { delete(d, "verdict") },
		"an unknown verdict":  func(d map[string]any) { d["verdict"] = "good" },
		"null checks":         func(d map[string]any) { d["checks"] = nil },
		"a count left out":    func(d map[string]any) { delete(d["counts"].(map[string]any), "error") },
		"an unknown status":   func(d map[string]any) { d["checks"].([]any)[0].(map[string]any)["status"] = "green" },
		"a seed below 0":      func(d map[string]any) { d["seed"] = -1 },
		"a start that is not": func(d map[string]any) { d["started"] = "yesterday" },
		"null exchanges": func(d map[string]any) {
			d["checks"].([]any)[0].(map[string]any)["cases"].([]any)[0].(map[string]any)["exchanges"] = nil
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			var doc map[string]any
			if err := json.Unmarshal(writeJSON(t, sample()), &doc); err != nil {
				t.Fatal(err)
			}
			if err := schema(t).Validate(doc); err != nil {
				t.Fatalf("refused before it was spoilt: %v", err)
			}
			spoil(doc)
			data, _ := json.Marshal(doc)
			if schematest.JSON(t, schema(t), data) == nil {
				t.Error("the schema lets it through")
			}
		})
	}
}

// TestSchemaKnowsEveryField finds fields that were added to the Go types alone.
func TestSchemaKnowsEveryField(t *testing.T) {
	t.Parallel()
	type node struct {
		Properties map[string]json.RawMessage `json:"properties"`
	}
	var doc struct {
		node
		Defs map[string]node `json:"$defs"`
	}
	if err := json.Unmarshal(reports.SchemaJSON(), &doc); err != nil {
		t.Fatal(err)
	}
	sub := func(name string) map[string]json.RawMessage {
		var n node
		if err := json.Unmarshal(doc.Properties[name], &n); err != nil {
			t.Fatal(err)
		}
		return n.Properties
	}
	for _, pair := range []struct {
		value any
		known map[string]json.RawMessage
	}{
		{reports.Report{}, doc.Properties},
		{reports.Tool{}, sub("tool")},
		{reports.Target{}, sub("target")},
		{reports.Preflight{}, doc.Defs["preflight"].Properties},
		{reports.Observer{}, doc.Defs["observer"].Properties},
		{reports.Unlock{}, doc.Defs["unlock"].Properties},
		{reports.FamilyTime{}, doc.Defs["family"].Properties},
		{reports.Check{}, doc.Defs["check"].Properties},
		{reports.Case{}, doc.Defs["case"].Properties},
		{reports.Exchange{}, doc.Defs["exchange"].Properties},
		{reports.Load{}, doc.Defs["load"].Properties},
		{reports.LoadClass{}, doc.Defs["load_class"].Properties},
		{reports.Percentiles{}, doc.Defs["percentiles"].Properties},
		{reports.Generator{}, doc.Defs["generator"].Properties},
		{reports.LoadSecond{}, doc.Defs["load_second"].Properties},
		{reports.LoadStep{}, doc.Defs["load_step"].Properties},
		{reports.ServiceLevels{}, doc.Defs["service_levels"].Properties},
		{reports.Machine{}, doc.Defs["machine"].Properties},
	} {
		typ := reflect.TypeOf(pair.value)
		for field := range typ.Fields() {
			name, _, _ := strings.Cut(field.Tag.Get("json"), ",")
			if _, ok := pair.known[name]; !ok {
				t.Errorf("schema.json does not know %q of %s", name, typ.Name())
			}
		}
	}
}

func TestJSONIsExplicit(t *testing.T) {
	t.Parallel()
	r := &reports.Report{Checks: []reports.Check{{ID: "SIG-01", Status: reports.Pass, Cases: []reports.Case{{}}}}, Unlock: []reports.Unlock{{}}}
	text := string(writeJSON(t, r))
	if strings.Contains(text, "null") {
		t.Errorf("null in the report:\n%s", text)
	}
	for _, s := range reports.Statuses() {
		if !strings.Contains(text, `"`+string(s)+`": `) {
			t.Errorf("%s is not counted", s)
		}
	}
	if !strings.Contains(text, `"pass": 1`) {
		t.Error("checks were not counted where the report has no counts")
	}
	if r.Counts != nil || r.Unlock[0].Checks != nil || r.Checks[0].Cases[0].Exchanges != nil {
		t.Error("writing changed the report")
	}
}

func TestReadJSON(t *testing.T) {
	t.Parallel()
	first := writeJSON(t, sample())
	r, err := reports.ReadJSON(bytes.NewReader(first))
	if err != nil {
		t.Fatal(err)
	}
	if again := writeJSON(t, r); !bytes.Equal(first, again) {
		t.Error("reading and writing changed the report")
	}
	later := bytes.Replace(first, []byte(`"schema": 1,`), []byte(`"schema": 1, "later": {"sent": 3},`), 1)
	if _, err := reports.ReadJSON(bytes.NewReader(later)); err != nil {
		t.Errorf("a field that was added later: %v", err)
	}
}

func TestReadJSONRefuses(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct{ name, in, want string }{
		{"nothing", " \n", "the file is empty"},
		{"text", "<html>", "not JSON"},
		{"cut off", `{"schema":1,"tool":{"name":"hookdrill"`, "not JSON"},
		{"two values", `{} {}`, "not JSON"},
		{"a list", `[]`, "not a hookdrill report: it is JSON, but no object: array"},
		{"null", `null`, "not a hookdrill report"},
		{"another tool", `{"schema":1,"tool":{"name":"vegeta"}}`, "not a hookdrill report"},
		{"no schema", `{"tool":{"name":"hookdrill"}}`, `no "schema"`},
		{"a later schema", `{"schema":2,"tool":{"name":"hookdrill"}}`, "it has schema 2, this hookdrill reads schema 1"},
		{"a field of the wrong type", `{"schema":1,"tool":{"name":"hookdrill"},"checks":7}`, "checks"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			r, err := reports.ReadJSON(strings.NewReader(tt.in))
			if err == nil || !strings.Contains(err.Error(), tt.want) || r != nil {
				t.Errorf("got %v, %v; want an error that says %q", r, err, tt.want)
			}
		})
	}
	broken := errors.New("broken disk")
	if _, err := reports.ReadJSON(iotest.ErrReader(broken)); !errors.Is(err, broken) {
		t.Errorf("got %v, want %v", err, broken)
	}
}

func FuzzReadJSON(f *testing.F) {
	f.Add([]byte(`{"schema":1,"tool":{"name":"hookdrill"},"checks":[{"id":"SIG-01","cases":[{}]}]}`))
	f.Fuzz(func(t *testing.T, in []byte) {
		r, err := reports.ReadJSON(bytes.NewReader(in))
		if err != nil {
			return
		}
		var b bytes.Buffer
		for _, err := range []error{
			reports.WriteJSON(&b, r), reports.WriteJUnit(&b, r), reports.WriteHTML(&b, r), reports.WriteSummary(&b, r),
			reports.WriteConsole(&b, r, reports.ConsoleOptions{}),
		} {
			if err != nil {
				t.Errorf("a report that can be read cannot be written: %v", err)
			}
		}
	})
}

// A folder of reports is not a report, but holds some.
func TestOpenNamesTheReportsBelow(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	if _, err := reports.Open(dir); err == nil || !strings.HasSuffix(err.Error(), "there is no report.json in "+dir) {
		t.Errorf("an empty folder: %v", err)
	}
	if err := reports.WriteAll(filepath.Join(dir, "conformance"), sample()); err != nil {
		t.Fatal(err)
	}
	if _, err := reports.Open(dir); err == nil || !strings.HasSuffix(err.Error(), "; there is one in "+filepath.Join(dir, "conformance")) {
		t.Errorf("a folder with a report below: %v", err)
	}
}
