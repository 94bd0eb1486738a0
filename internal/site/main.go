// Command site writes the documentation as a static site: the README, docs/ and the other pages
// that they lead to, as HTML with one stylesheet, that works from a folder and without a network.
//
// It must not add to what the pages say: whoever reads them in a repository misses nothing.
package main

import (
	"flag"
	"fmt"
	"os"
)

func main() {
	if err := run(os.Args[1:]); err != nil {
		_, _ = fmt.Fprintln(os.Stderr, "site:", err)
		os.Exit(1)
	}
}

func run(args []string) error {
	flags := flag.NewFlagSet("site", flag.ContinueOnError)
	root := flags.String("root", ".", "the repository")
	out := flags.String("out", "out/site", "the folder to write")
	if err := flags.Parse(args); err != nil {
		return fmt.Errorf("read flags: %w", err)
	}
	s, err := load(*root)
	if err != nil {
		return err
	}
	if problems := s.broken(); len(problems) > 0 {
		for _, p := range problems {
			_, _ = fmt.Fprintln(os.Stderr, p)
		}
		return fmt.Errorf("%d broken links", len(problems))
	}
	return s.write(*out)
}
