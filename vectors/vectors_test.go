package vectors

import (
	"bytes"
	"encoding/json"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/santhosh-tekuri/jsonschema/v6"

	"hookdrill/contract"
)

// read reads the files of the folder.
func read(t *testing.T) []File {
	t.Helper()
	var all []File
	for _, s := range schemes() {
		data, err := os.ReadFile(s.name + ".json")
		if err != nil {
			t.Fatal(err)
		}
		var f File
		dec := json.NewDecoder(bytes.NewReader(data))
		dec.DisallowUnknownFields()
		if err := dec.Decode(&f); err != nil {
			t.Fatal(err)
		}
		all = append(all, f)
	}
	return all
}

// TestTheFilesAreWhatIsMade, byte for byte, and there are no others.
func TestTheFilesAreWhatIsMade(t *testing.T) {
	t.Parallel()
	files, err := Files()
	if err != nil {
		t.Fatal(err)
	}
	there, err := filepath.Glob("*.json")
	if err != nil {
		t.Fatal(err)
	}
	if want := append(sortedKeys(files), "schema.json"); !slices.Equal(there, slices.Sorted(slices.Values(want))) {
		t.Errorf("the folder has %v, want %v", there, want)
	}
	for name, want := range files {
		if got, err := os.ReadFile(name); err != nil || !bytes.Equal(got, want) {
			t.Errorf("%s is not what is made, %v; run: make vectors", name, err)
		}
	}
}

// TestTheFilesObeyTheSchema, and it refuses what is none.
func TestTheFilesObeyTheSchema(t *testing.T) {
	t.Parallel()
	schema, err := jsonschema.NewCompiler().Compile("schema.json")
	if err != nil {
		t.Fatal(err)
	}
	for _, s := range schemes() {
		data, err := os.ReadFile(s.name + ".json")
		if err != nil {
			t.Fatal(err)
		}
		for _, c := range []struct {
			old, new string
			fine     bool
		}{
			{"", "", true},
			{`"result": "valid"`, `"result": "fine"`, false},
			{"PUBLIC", "secret", false},
			{`"body_base64"`, `"body"`, false},
			{`"id": 1,`, `"id": 0,`, false},
		} {
			value, err := jsonschema.UnmarshalJSON(strings.NewReader(strings.Replace(string(data), c.old, c.new, 1)))
			if err != nil {
				t.Fatal(err)
			}
			if err := schema.Validate(value); (err == nil) != c.fine {
				t.Errorf("%s with %q: %v", s.name, c.new, err)
			}
		}
	}
}

// TestEveryContractHasVectors: each in one file, whose words are those of the contract.
func TestEveryContractHasVectors(t *testing.T) {
	t.Parallel()
	var named []string
	for _, s := range schemes() {
		var first How
		for i, name := range s.contracts {
			c, err := contract.Load(name)
			if err != nil {
				t.Fatal(err)
			}
			how := (&maker{scheme: s, c: c}).how()
			if i == 0 {
				first = how
			}
			if how != first {
				t.Errorf("%s does not sign as %s does: %+v, %+v", name, s.contracts[0], how, first)
			}
			named = append(named, name)
		}
	}
	slices.Sort(named)
	if !slices.Equal(named, contract.Names()) {
		t.Errorf("there are vectors of %v, want %v", named, contract.Names())
	}
}

// TestWhatTheVectorsSay: each has a comment of its own and flags that are explained, and the
// numbers are those that docs/vectors.md states at least.
func TestWhatTheVectorsSay(t *testing.T) {
	t.Parallel()
	for _, f := range read(t) {
		comments, results := map[string]bool{}, map[string]int{}
		for i, v := range f.Tests {
			if v.ID != i+1 || comments[v.Comment] || v.Comment == "" {
				t.Errorf("%s, %d: the number or the comment %q is not its own", f.Scheme, v.ID, v.Comment)
			}
			comments[v.Comment] = true
			results[v.Result]++
			for _, flag := range v.Flags {
				if f.Flags[flag] == "" {
					t.Errorf("%s, %s: %s is not explained", f.Scheme, v.Comment, flag)
				}
			}
			if v.Result != Valid && len(v.Flags) == 0 {
				t.Errorf("%s, %s: no flag says why", f.Scheme, v.Comment)
			}
		}
		if results[Valid] < 20 || results[Invalid] < 45 || results[Acceptable] < 10 {
			t.Errorf("%s: %v", f.Scheme, results)
		}
	}
}
