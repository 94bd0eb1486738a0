package casefile

import (
	"strings"
	"testing"

	"hookdrill/contract"
	"hookdrill/internal/plan"
)

func TestName(t *testing.T) {
	t.Parallel()
	seen := map[string]string{}
	for _, id := range []string{"SIG-06/half", "SIG-06_half", "PAY-09/../../etc", "PAY-02/\"x\"", "PAY-02/'x'", "RPL-06/" + strings.Repeat("é", 300), "CON"} {
		name := Name(id)
		if name != Name(id) || strings.ContainsAny(name, `/\:*?"<>|'`) || strings.HasPrefix(name, ".") || len(name) > 100 {
			t.Errorf("Name(%q) = %q", id, name)
		}
		if other, there := seen[strings.ToLower(name)]; there {
			t.Errorf("%q and %q have the same name", id, other)
		}
		seen[strings.ToLower(name)] = id
	}
}

func sample() File {
	d := plan.Delivery{Role: plan.RoleCase, Expect: "refused", Effect: "never"}
	d.EventID, d.Body, d.To = "evt_1", `{"id":"evt_1","note":"<é\u2028>"}`, 2
	c := &plan.Case{ID: "SIG-03/random", Requirement: "SIG-03", Name: "random", Steps: []plan.Step{{Deliveries: []plan.Delivery{d}}}}
	check := plan.Check{Requirement: contract.Requirement{ID: "SIG-03", Need: contract.NeedWire}}
	return File{Version: "1", Contract: "claude", Targets: []string{"http://127.0.0.1:1/"}, Status: "fail", Check: check, Case: c}
}

func TestRoundTrip(t *testing.T) {
	t.Parallel()
	data, err := sample().Marshal()
	if err != nil {
		t.Fatal(err)
	}
	f, err := Parse(data)
	if err != nil {
		t.Fatal(err)
	}
	got := f.Case.Deliveries()[0]
	if want := sample().Case.Deliveries()[0]; got.Body != want.Body || got.Expect != want.Expect || got.To != 0 {
		t.Errorf("the case came back as %+v", got)
	}
	if again, err := f.Marshal(); err != nil || string(again) != string(data) {
		t.Errorf("written again it differs: %v", err)
	}
}

func TestParseRefuses(t *testing.T) {
	t.Parallel()
	whole, err := sample().Marshal()
	if err != nil {
		t.Fatal(err)
	}
	managed := sample()
	managed.Check.Need = contract.NeedManaged
	drill, err := managed.Marshal()
	if err != nil {
		t.Fatal(err)
	}
	tests := map[string]struct{ text, want string }{
		"altered":      {strings.Replace(string(whole), "refused", "accepted", 1), "altered"},
		"other schema": {strings.Replace(string(whole), `"schema": 1`, `"schema": 9`, 1), "schema 9"},
		"unknown key":  {strings.Replace(string(whole), `"schema": 1`, `"schema": 1, "more": 1`, 1), "more"},
		"a report":     {`{"schema":1,"tool":{"name":"hookdrill"}}`, "not a case"},
		"no JSON":      {"hello", "not a case"},
		"cut":          {string(whole[:len(whole)/2]), "not a case"},
		"a drill":      {string(drill), "--only"},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			if _, err := Parse([]byte(tt.text)); err == nil || !strings.Contains(err.Error(), tt.want) {
				t.Errorf("Parse() = %v, want %q", err, tt.want)
			}
		})
	}
}

func FuzzParse(f *testing.F) {
	data, err := sample().Marshal()
	if err != nil {
		f.Fatal(err)
	}
	f.Add(data)
	f.Fuzz(func(_ *testing.T, text []byte) { _, _ = Parse(text) })
}
