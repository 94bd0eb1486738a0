package main

import (
	"fmt"
	"os"
	"path/filepath"
	"time"

	"github.com/spf13/cobra"
	"github.com/spf13/cobra/doc"
)

// manDate is the date on the manual pages: the same source gives the same pages.
const manDate = "2026-11-26"

func manCommand(s Streams) *cobra.Command {
	var dir string
	cmd := &cobra.Command{
		Use: "man", Short: "Write the manual pages, one for each command",
		Long: "Writes hookdrill.1 and a page for each command to a folder, for man -l or a folder of MANPATH.",
		Example: "  hookdrill man --out man1 && man -l man1/hookdrill-conformance.1\n" +
			"  hookdrill man --out /usr/local/share/man/man1",
		Args: noOperands,
		RunE: func(cmd *cobra.Command, _ []string) error {
			if err := os.MkdirAll(dir, 0o755); err != nil { //nolint:gosec // manual pages are for everybody
				return usage("", "--out: %w", err)
			}
			date, err := time.Parse(time.DateOnly, manDate)
			if err != nil {
				return fmt.Errorf("write manual pages: %w", err)
			}
			root := cmd.Root()
			root.DisableAutoGenTag = true
			header := &doc.GenManHeader{Title: "HOOKDRILL", Section: "1", Source: "hookdrill " + version, Manual: "hookdrill", Date: &date}
			if err := doc.GenManTree(root, header, dir); err != nil {
				return usage("", "--out: %w", err)
			}
			pages, err := filepath.Glob(filepath.Join(dir, "hookdrill*.1"))
			if err != nil {
				return fmt.Errorf("write manual pages: %w", err)
			}
			return show(s.Out, "%d pages in %s\n", len(pages), dir)
		},
	}
	cmd.Flags().StringVar(&dir, "out", "man1", "`DIR` for the pages; it is made when it is not there")
	return cmd
}
