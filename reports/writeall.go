package reports

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
)

// Names of the files that a run leaves.
const (
	fileJSON    = "report.json"
	fileJUnit   = "junit.xml"
	fileHTML    = "report.html"
	fileSummary = "summary.md"
	fileSARIF   = "report.sarif"
)

// WriteAll writes report.json, junit.xml, report.html, summary.md and report.sarif to dir,
// which it creates. Each file appears whole or not at all, and replaces an
// older one. All are tried; the error names every file that failed.
func WriteAll(dir string, r *Report) error {
	if err := os.MkdirAll(dir, 0o755); err != nil { //nolint:gosec // reports are made to be read by others
		return fmt.Errorf("create report folder: %w", err)
	}
	var errs []error
	for _, f := range []struct {
		name  string
		write func(io.Writer, *Report) error
	}{
		{fileJSON, WriteJSON},
		{fileJUnit, WriteJUnit},
		{fileHTML, WriteHTML},
		{fileSummary, WriteSummary},
		{fileSARIF, WriteSARIF},
	} {
		path := filepath.Join(dir, f.name)
		if err := writeFile(path, func(w io.Writer) error { return f.write(w, r) }); err != nil {
			errs = append(errs, fmt.Errorf("write %s: %w", path, err))
		}
	}
	return errors.Join(errs...)
}

// writeFile writes a file beside path and renames it, so that nobody reads
// half of it.
func writeFile(path string, write func(io.Writer) error) (err error) {
	f, err := os.CreateTemp(filepath.Dir(path), "."+filepath.Base(path)+".*")
	if err != nil {
		return fmt.Errorf("create temporary file: %w", err)
	}
	defer func() {
		if err != nil {
			_ = os.Remove(f.Name())
		}
	}()
	b := bufio.NewWriterSize(f, 64<<10) // a page is written in small pieces
	if err := errors.Join(write(b), b.Flush(), f.Chmod(0o644), f.Sync(), f.Close()); err != nil {
		return err
	}
	if err := os.Rename(f.Name(), path); err != nil {
		return fmt.Errorf("put file in place: %w", err)
	}
	return nil
}
