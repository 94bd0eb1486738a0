package scenarios

import (
	"strings"
	"testing"
)

func TestBuiltinScenariosAreWellFormed(t *testing.T) {
	t.Parallel()
	all, err := Builtin()
	if err != nil {
		t.Fatal(err)
	}
	if len(all) < 60 {
		t.Errorf("got %d scenarios, want at least 60", len(all))
	}
}

func TestParseNamesTheMistake(t *testing.T) {
	t.Parallel()
	tests := map[string]struct{ text, want string }{
		"unknown key":  {"family: SIG\nscenarios:\n  - requirement: SIG-03\n    casez: []\n", "casez"},
		"line":         {"family: SIG\nscenarios:\n  - requirement: SIG-03\n    casez: []\n", "[4:5]"},
		"wrong type":   {"family: SIG\nscenarios: 7\n", "own.yaml"},
		"empty":        {"family: SIG\nscenarios: []\n", "no scenarios"},
		"other family": {"family: SIG\nscenarios:\n  - {requirement: RAW-01, cases: [{name: a, steps: []}]}\n", "does not belong"},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			_, err := Parse([]byte(tt.text), "own.yaml")
			if err == nil || !strings.Contains(err.Error(), tt.want) {
				t.Errorf("Parse() error = %v, want one with %q", err, tt.want)
			}
		})
	}
}

func TestValidateNamesEveryMistakeAtOnce(t *testing.T) {
	t.Parallel()
	err := validate([]Scenario{{
		Requirement: "SIG-03", Judge: "guess",
		Cases: []Case{{Name: "a,b", Steps: []Step{{Mode: "sideways", Expect: "acepted"}}}},
	}}, "own", true)
	if err == nil {
		t.Fatal("validate() = nil, want an error")
	}
	for _, want := range []string{"guess", "comma", "sideways", "acepted"} {
		if !strings.Contains(err.Error(), want) {
			t.Errorf("validate() error %q does not name %q", err, want)
		}
	}
}
