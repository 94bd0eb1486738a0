package verifiers

import (
	"bytes"
	"encoding/json"
	"os/exec"
	"slices"
	"strings"
	"testing"
)

// TestTheCommandLinksNoVerifier: the libraries of the providers are in no package that the
// command is built of, and in no requirement of the module that its users get.
func TestTheCommandLinksNoVerifier(t *testing.T) {
	t.Parallel()
	var own struct{ Require []struct{ Path string } }
	if err := json.Unmarshal(run(t, ".", "go", "mod", "edit", "-json"), &own); err != nil {
		t.Fatal(err)
	}
	var product struct{ Require []struct{ Path string } }
	if err := json.Unmarshal(run(t, "..", "go", "mod", "edit", "-json"), &product); err != nil {
		t.Fatal(err)
	}
	linked := strings.Fields(string(run(t, "..", "go", "list", "-deps", "-f", "{{with .Module}}{{.Path}}{{end}}", "./cmd/hookdrill")))
	if !slices.Contains(linked, "github.com/goccy/go-yaml") {
		t.Fatalf("the command is built of %v", slices.Compact(linked))
	}
	names := []string{"anthropic-sdk-go", "go-github", "openai-go", "slack-go", "standard-webhooks", "stripe-go", "svix"}
	seen := 0
	for _, r := range own.Require {
		if !slices.ContainsFunc(names, func(name string) bool { return strings.Contains(r.Path, name) }) {
			continue
		}
		seen++
		if slices.Contains(linked, r.Path) {
			t.Errorf("the command links %s", r.Path)
		}
		for _, p := range product.Require {
			if p.Path == r.Path {
				t.Errorf("go.mod of hookdrill requires %s", r.Path)
			}
		}
	}
	if seen != len(names) {
		t.Errorf("%d of the %d libraries are in go.mod", seen, len(names))
	}
}

func run(t *testing.T, dir, name string, args ...string) []byte {
	t.Helper()
	cmd := exec.CommandContext(t.Context(), name, args...)
	cmd.Dir = dir
	var stderr bytes.Buffer
	cmd.Stderr = &stderr
	out, err := cmd.Output()
	if err != nil {
		t.Fatalf("%s %v: %v\n%s", name, args, err, stderr.String())
	}
	return out
}
