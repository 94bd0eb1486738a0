package main

import (
	"go/format"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"hookdrill/internal/testtool"
)

// The pages that are committed are those that the catalogue, the fixes and the zoo give.
func TestPagesAreUpToDate(t *testing.T) {
	t.Parallel()
	if err := run([]string{"-check", "-dir", "../../docs/requirements"}); err != nil {
		t.Error(err)
	}
}

func TestWriteAndCheck(t *testing.T) {
	t.Parallel()
	dir := filepath.Join(t.TempDir(), "requirements")
	if err := run([]string{"-dir", dir}); err != nil {
		t.Fatal(err)
	}
	if err := run([]string{"-dir", dir, "-check"}); err != nil {
		t.Errorf("right after writing: %v", err)
	}
	for _, change := range []func() error{
		func() error { return os.WriteFile(filepath.Join(dir, "OLD-01.md"), []byte("old"), 0o600) },
		func() error { return os.Remove(filepath.Join(dir, "SIG-01.md")) },
		func() error { return os.WriteFile(filepath.Join(dir, "SIG-02.md"), []byte("edited"), 0o600) },
	} {
		if err := change(); err != nil {
			t.Fatal(err)
		}
	}
	err := run([]string{"-dir", dir, "-check"})
	if err == nil || !strings.Contains(err.Error(), ": OLD-01.md, SIG-01.md, SIG-02.md; make docs") {
		t.Errorf("check of a changed folder: %v", err)
	}
	if err := run([]string{"-dir", dir}); err != nil {
		t.Fatal(err)
	}
	if err := run([]string{"-dir", dir, "-check"}); err != nil {
		t.Errorf("after writing again: %v", err)
	}
}

// No requirement's text is another's: each says how it fails, and how that is mended.
func TestFixesAreTheirOwn(t *testing.T) {
	t.Parallel()
	known, err := fixes()
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
	known, err := fixes()
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
		code, err := snippets(strings.TrimSuffix(file.Name(), ".md"))
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
