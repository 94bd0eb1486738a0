package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"runtime/debug"
	"strings"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"hookdrill/internal/suggest"
	"hookdrill/reports"
)

// version is the version of the program, as reports name it.
const version = "0.1.0"

// Streams is the outside world of a command.
type Streams struct {
	In       io.Reader
	Out, Err io.Writer
	Env      func(string) (string, bool)
}

// usageError is a mistake of the user's: exit 2.
type usageError struct {
	err error
	try string
}

func (e *usageError) Error() string { return e.err.Error() }
func (e *usageError) Unwrap() error { return e.err }

func usage(try, format string, args ...any) error {
	return &usageError{err: fmt.Errorf(format, args...), try: try}
}

// exitError ends a command with a code after its report has said why.
type exitError int

func (e exitError) Error() string { return fmt.Sprintf("exit %d", int(e)) }

// Run runs the command that args name and returns the exit code. A panic is
// hookdrill's own failure; Go's exit code for it would be that of a wrong flag.
func Run(ctx context.Context, args []string, s Streams) (exit int) {
	defer func() {
		if p := recover(); p != nil {
			_, _ = fmt.Fprintf(s.Err, "hookdrill: a defect of hookdrill: %s\n%s\n", reports.Clean(fmt.Sprint(p)), debug.Stack())
			exit = reports.ExitInternal
		}
	}()
	root := newRoot(s) //nolint:contextcheck // commands get theirs from ExecuteContext
	root.SetArgs(args)
	root.SetIn(s.In)
	root.SetOut(s.Out)
	root.SetErr(s.Err)
	err := root.ExecuteContext(ctx)
	var code exitError
	var wrong *usageError
	switch {
	case err == nil:
		return reports.ExitOK
	case errors.As(err, &code):
		return int(code)
	case errors.As(err, &wrong):
		_, _ = fmt.Fprintf(s.Err, "hookdrill: %s\n", indent(wrong.Error(), ""))
		if wrong.try != "" {
			_, _ = fmt.Fprintf(s.Err, "Try: %s\n", wrong.try)
		}
		return reports.ExitUsage
	}
	_, _ = fmt.Fprintf(s.Err, "hookdrill: %s\n", indent(err.Error(), ""))
	return reports.ExitInternal
}

func newRoot(s Streams) *cobra.Command {
	root := &cobra.Command{
		Use:   "hookdrill",
		Short: "Conformance harness for webhook endpoints",
		Long: "hookdrill plays Claude on a bad day: it sends signed events, retries, duplicates, forgeries and replays to a\n" +
			"webhook endpoint, watches what the endpoint does, and says with evidence which promises it breaks.",
		Version:       version,
		SilenceErrors: true,
		SilenceUsage:  true,
		RunE: func(cmd *cobra.Command, args []string) error {
			if len(args) > 0 {
				return unknownCommand(cmd, args[0])
			}
			return cmd.Help()
		},
		Args: cobra.ArbitraryArgs,
	}
	root.SetVersionTemplate("hookdrill {{.Version}}\n")
	root.SetFlagErrorFunc(flagError)
	root.AddCommand(conformanceCommand(s), sendCommand(s), mockCommand(s), loadtestCommand(s), reportCommand(s), receiverCommand(s), contractsCommand(s), requirementsCommand(s), scenariosCommand(s), versionCommand(s), manCommand(s))
	completable(root)
	return root
}

func unknownCommand(root *cobra.Command, word string) error {
	var known []string
	for _, c := range root.Commands() {
		known = append(known, c.Name())
	}
	msg := fmt.Sprintf("unknown command %q", word)
	if near := suggest.Nearest(word, known); near != "" {
		return usage(root.CommandPath()+" "+near+" --help", "%s; did you mean %q?", msg, near)
	}
	return usage(root.CommandPath()+" --help", "%s", msg)
}

// flagError names the nearest flag for an unknown one.
func flagError(cmd *cobra.Command, err error) error {
	try := cmd.CommandPath() + " --help"
	word, found := strings.CutPrefix(err.Error(), "unknown flag: --")
	if !found {
		return usage(try, "%w", err)
	}
	var known []string
	cmd.Flags().VisitAll(func(f *pflag.Flag) { known = append(known, f.Name) })
	if near := suggest.Nearest(word, known); near != "" {
		return usage(try, "unknown flag --%s; did you mean --%s?", word, near)
	}
	return usage(try, "unknown flag --%s", word)
}

// noOperands refuses operands, which are most often flags without dashes.
func noOperands(cmd *cobra.Command, args []string) error {
	if len(args) == 0 {
		return nil
	}
	hint := cmd.CommandPath() + " --help"
	if strings.Contains(args[0], "://") {
		hint = cmd.CommandPath() + " --target " + args[0]
	}
	return usage(hint, "%s takes no operands, and got %q", cmd.Name(), args[0])
}
