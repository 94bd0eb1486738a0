package fixes

import (
	"go/format"
	"io/fs"
	"os/exec"
	"strings"
	"testing"

	"hookdrill/internal/testtool"
)

// No requirement's text is another's: each says how it fails, and how that is mended.
func TestFixesAreTheirOwn(t *testing.T) {
	t.Parallel()
	known, err := All()
	if err != nil {
		t.Fatal(err)
	}
	fails := map[string]string{}
	for id, f := range known {
		if other, taken := fails[f.Fails]; taken {
			t.Errorf("%s fails in the words of %s", id, other)
		}
		fails[f.Fails] = id
		if f.Database && !strings.Contains(f.With, "--exec ") {
			t.Errorf("%s: database without --exec, which alone has a proxy before it", id)
		}
	}
}

// The code on the pages is code of its language, and none of it lies unused.
func TestSnippets(t *testing.T) {
	t.Parallel()
	known, err := All()
	if err != nil {
		t.Fatal(err)
	}
	used := map[string]bool{}
	for _, f := range known {
		used[f.Code+".md"] = true
	}
	files, err := fs.ReadDir(data, "code")
	if err != nil {
		t.Fatal(err)
	}
	python, node := &strings.Builder{}, &strings.Builder{}
	for _, file := range files {
		if !used[file.Name()] {
			t.Errorf("code/%s is used by no requirement", file.Name())
		}
		code, err := Fix{Code: strings.TrimSuffix(file.Name(), ".md")}.Snippets()
		if err != nil {
			t.Fatal(err)
		}
		// A function around each lets it return, and wait.
		python.WriteString("def " + strings.TrimSuffix(file.Name(), ".md") + "():\n" + indent(code[0].Text) + "\n")
		node.WriteString("(async () => {\n" + code[1].Text + "});\n")
		if have, err := format.Source([]byte(code[2].Text)); err != nil {
			t.Errorf("code/%s: Go: %v", file.Name(), err)
		} else if string(have) != code[2].Text {
			t.Errorf("code/%s: the Go is not formatted: want\n%s", file.Name(), have)
		}
	}
	parse(t, python.String(), "python3", "-c", "import ast, sys; ast.parse(sys.stdin.read())")
	parse(t, node.String(), "node", "--check", "-")
}

func indent(text string) string { return "    " + strings.ReplaceAll(text, "\n", "\n    ") }

// parse lets an interpreter read code that it does not run.
func parse(t *testing.T, code, name string, args ...string) {
	t.Helper()
	if _, err := exec.LookPath(name); err != nil {
		if testtool.Required() {
			t.Fatal(err)
		}
		t.Logf("%s is not there, and its code is not looked at", name)
		return
	}
	cmd := exec.CommandContext(t.Context(), name, args...)
	cmd.Stdin = strings.NewReader(code)
	if out, err := cmd.CombinedOutput(); err != nil {
		t.Errorf("%s: %v\n%s", name, err, out)
	}
}

func TestPlain(t *testing.T) {
	t.Parallel()
	const text = "Compare (`startswith` is none), as [PAY-05](PAY-05.md) says: `==`."
	if have, want := Plain(text), "Compare (startswith is none), as PAY-05 says: ==."; have != want {
		t.Errorf("have %q, want %q", have, want)
	}
	if have := Parts(text); len(have) != 5 || have[0].Code || !have[1].Code || have[1].Text != "startswith" || have[4] != (Part{".", false}) {
		t.Errorf("have %+v", have)
	}
}

// In every text the backticks come in pairs, so that code and words are not mistaken for each other.
func TestTextsCanBeDivided(t *testing.T) {
	t.Parallel()
	known, err := All()
	if err != nil {
		t.Fatal(err)
	}
	for id, f := range known {
		for _, text := range []string{f.Fails, f.Fix} {
			if strings.Count(text, "`")%2 != 0 || strings.ContainsAny(Plain(text), "[]`*") && !strings.Contains(text, "`") {
				t.Errorf("%s: %s", id, text)
			}
		}
	}
}
