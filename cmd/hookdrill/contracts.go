package main

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"strings"

	"github.com/spf13/cobra"

	"hookdrill/contract"
)

func contractsCommand(s Streams) *cobra.Command {
	cmd := &cobra.Command{
		Use: "contracts", Short: "List the built-in contracts", Args: noOperands,
		Long: "Lists the built-in contracts. --contract takes one of these names, or a YAML file of your own:\n" +
			"`contracts init` writes one to begin with, and docs/contracts.md explains it.",
		RunE: func(*cobra.Command, []string) error {
			for _, name := range contract.Names() {
				c, err := contract.Load(name)
				if err != nil {
					return fmt.Errorf("read contract: %w", err)
				}
				if err := show(s.Out, "%-21s %s\n", c.Name, c.Title); err != nil {
					return err
				}
			}
			return nil
		},
	}
	cmd.AddCommand(
		&cobra.Command{
			Use: "show NAME|FILE", Short: "Show a contract as a page to check against the sender's documentation, its assumptions marked",
			RunE: func(_ *cobra.Command, args []string) error {
				if len(args) != 1 {
					return usage("hookdrill contracts show claude", "contracts show takes one name, and got %d", len(args))
				}
				c, err := loadContract(args[0])
				if err != nil {
					return err
				}
				return showContract(s.Out, c)
			},
		},
		&cobra.Command{
			Use: "init [FILE]", Short: "Write a contract of your own to begin with: to stdout, or to a file that is not there yet",
			Example: "  hookdrill contracts init my.yaml\n  hookdrill send --contract my.yaml --target URL",
			RunE: func(_ *cobra.Command, args []string) error {
				switch len(args) {
				case 0:
					return show(s.Out, "%s", contract.Starter())
				case 1:
					return writeStarter(s.Out, args[0])
				}
				return usage("hookdrill contracts init my.yaml", "contracts init takes one file, and got %d", len(args))
			},
		},
		&cobra.Command{
			Use: "schema", Short: "Print the JSON Schema of contract files", Args: noOperands,
			RunE: func(*cobra.Command, []string) error { return show(s.Out, "%s", contract.SchemaJSON()) },
		},
	)
	return cmd
}

// writeStarter writes the starter to a file, and never over one.
func writeStarter(w io.Writer, name string) error {
	f, err := os.OpenFile(name, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o644) //nolint:gosec // a file that the user names, for others to read
	switch {
	case errors.Is(err, fs.ErrExist):
		return usage("", "contracts init: %s is there already, and is left as it is", name)
	case err != nil:
		return usage("", "contracts init: %w", err)
	}
	_, err = f.Write(contract.Starter())
	if err := errors.Join(err, f.Close()); err != nil {
		return fmt.Errorf("write contract: %w", err)
	}
	return show(w, "%s\n", name)
}

func showContract(w io.Writer, c *contract.Contract) error {
	for _, section := range c.Page() {
		if err := show(w, "\n%s\n", section.Title); err != nil {
			return err
		}
		for _, r := range section.Rows {
			mark := ""
			if len(r.Assumed) > 0 {
				mark = "  [assumed: " + strings.Trim(strings.ReplaceAll(fmt.Sprint(r.Assumed), " ", ", "), "[]") + "]"
			}
			if err := show(w, "  %-16s %s%s\n", r.Name, r.Text, mark); err != nil {
				return err
			}
		}
	}
	return nil
}
