// Command generate writes the test vectors into the folder that it is given.
package main

import (
	"fmt"
	"os"
	"path/filepath"

	"hookdrill/vectors"
)

func main() {
	if err := write(os.Args[1:]); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

func write(args []string) error {
	if len(args) != 1 {
		return fmt.Errorf("write vectors: want the folder to write into, got %d arguments; try: go run ./vectors/generate vectors", len(args))
	}
	files, err := vectors.Files()
	if err != nil {
		return fmt.Errorf("write vectors: %w", err)
	}
	for name, data := range files {
		if err := os.WriteFile(filepath.Join(args[0], name), data, 0o644); err != nil { //nolint:gosec // for everybody to read
			return fmt.Errorf("write vectors: %w", err)
		}
	}
	return nil
}
