// Command reqpages writes docs/requirements: a page for every requirement of the catalogue, and
// an index. What the catalogue says comes from package contract, how a requirement fails and is
// mended from fixes.yaml and code/, and who breaks it from the zoo.
//
// It must not judge anything: it reads the zoo's names, and starts no receiver.
package main

import (
	"bytes"
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
)

func main() {
	if err := run(os.Args[1:]); err != nil {
		_, _ = fmt.Fprintln(os.Stderr, "reqpages:", err)
		os.Exit(1)
	}
}

func run(args []string) error {
	flags := flag.NewFlagSet("reqpages", flag.ContinueOnError)
	dir := flags.String("dir", "docs/requirements", "the folder to write")
	check := flags.Bool("check", false, "fail when the folder is not up to date, and do not write it")
	if err := flags.Parse(args); err != nil {
		return fmt.Errorf("read flags: %w", err)
	}
	want, err := pages()
	if err != nil {
		return err
	}
	if *check {
		return compare(*dir, want)
	}
	return write(*dir, want)
}

// write makes dir hold these pages and no other.
func write(dir string, want map[string][]byte) error {
	if err := os.MkdirAll(dir, 0o755); err != nil { //nolint:gosec // documentation
		return fmt.Errorf("make folder: %w", err)
	}
	stale, err := filepath.Glob(filepath.Join(dir, "*.md"))
	if err != nil {
		return fmt.Errorf("list pages: %w", err)
	}
	for _, file := range stale {
		if _, known := want[filepath.Base(file)]; !known {
			if err := os.Remove(file); err != nil {
				return fmt.Errorf("remove page: %w", err)
			}
		}
	}
	for name, page := range want {
		if err := os.WriteFile(filepath.Join(dir, name), page, 0o644); err != nil { //nolint:gosec // documentation
			return fmt.Errorf("write page: %w", err)
		}
	}
	return nil
}

// compare says which pages of dir are not what they should be.
func compare(dir string, want map[string][]byte) error {
	var wrong []string
	files, err := filepath.Glob(filepath.Join(dir, "*.md"))
	if err != nil {
		return fmt.Errorf("list pages: %w", err)
	}
	for _, file := range files {
		if _, known := want[filepath.Base(file)]; !known {
			wrong = append(wrong, filepath.Base(file))
		}
	}
	for name, page := range want {
		have, err := os.ReadFile(filepath.Join(dir, name)) //nolint:gosec // a page of ours
		if err != nil && !os.IsNotExist(err) {
			return fmt.Errorf("read page: %w", err)
		}
		if !bytes.Equal(have, page) {
			wrong = append(wrong, name)
		}
	}
	if len(wrong) == 0 {
		return nil
	}
	slices.Sort(wrong)
	return fmt.Errorf("out of date in %s: %s; make docs writes them anew", dir, strings.Join(wrong, ", "))
}
