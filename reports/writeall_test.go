package reports_test

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"hookdrill/reports"
)

func TestWriteAll(t *testing.T) {
	t.Parallel()
	dir := filepath.Join(t.TempDir(), "out", "conformance")
	for range 2 { // the second time over the first
		if err := reports.WriteAll(dir, sample()); err != nil {
			t.Fatal(err)
		}
	}
	names := map[string]bool{"report.json": true, "junit.xml": true, "report.html": true, "summary.md": true, "report.sarif": true}
	entries, err := os.ReadDir(dir)
	if err != nil {
		t.Fatal(err)
	}
	for _, e := range entries {
		info, err := e.Info()
		if err != nil {
			t.Fatal(err)
		}
		if !names[e.Name()] || info.Mode().Perm() != 0o644 || info.Size() == 0 {
			t.Errorf("%s with mode %v and %d bytes", e.Name(), info.Mode(), info.Size())
		}
	}
	if len(entries) != len(names) {
		t.Errorf("%d files, want %d", len(entries), len(names))
	}
}

func TestWriteAllNamesTheFile(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	for _, name := range []string{"junit.xml", "summary.md"} { // a folder cannot be replaced
		if err := os.MkdirAll(filepath.Join(dir, name, "x"), 0o755); err != nil {
			t.Fatal(err)
		}
	}
	err := reports.WriteAll(dir, sample())
	if err == nil || !strings.Contains(err.Error(), "junit.xml") || !strings.Contains(err.Error(), "summary.md") {
		t.Fatalf("got %v, want an error that names both files", err)
	}
	if strings.Contains(err.Error(), "report.html:") {
		t.Errorf("the error names a file that was written: %v", err)
	}
	if _, err := os.Stat(filepath.Join(dir, "report.html")); err != nil {
		t.Errorf("one failure kept another file from being written: %v", err)
	}
	left, _ := filepath.Glob(filepath.Join(dir, ".*"))
	if len(left) > 0 {
		t.Errorf("temporary files are left: %v", left)
	}
}

func TestWriteAllWithoutFolder(t *testing.T) {
	t.Parallel()
	file := filepath.Join(t.TempDir(), "file")
	if err := os.WriteFile(file, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	if err := reports.WriteAll(file, sample()); err == nil || !strings.Contains(err.Error(), "create report folder") {
		t.Errorf("got %v", err)
	}
}
