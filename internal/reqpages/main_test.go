package main

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
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
