package main

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"os"
	"strconv"
	"strings"

	"github.com/spf13/cobra"

	"hookdrill/internal/suggest"
	"hookdrill/reports"
)

func reportCommand(s Streams) *cobra.Command {
	cmd := &cobra.Command{
		Use: "report", Short: "Show, explain and compare saved reports",
		Long: "Reads report.json files that hookdrill wrote. A REPORT is such a file, or a folder that holds one.",
		RunE: func(cmd *cobra.Command, args []string) error {
			if len(args) > 0 {
				return unknownCommand(cmd, args[0])
			}
			return errors.Join(cmd.Help(), usage("hookdrill report show out/conformance", "report wants show, explain, diff or matrix"))
		},
		Args: cobra.ArbitraryArgs,
	}
	cmd.AddCommand(reportShowCommand(s), reportExplainCommand(s), reportDiffCommand(s), reportMatrixCommand(s))
	return cmd
}

// operands wants so many operands, and says which.
func operands(least, most int, names string) cobra.PositionalArgs {
	return func(cmd *cobra.Command, args []string) error {
		if len(args) < least || len(args) > most {
			return usage(cmd.CommandPath()+" "+names, "%s wants %s, and got %d operands", cmd.CommandPath(), names, len(args))
		}
		return nil
	}
}

// openReport reads a report; a file that is none is a mistake of the user's.
func openReport(path string) (*reports.Report, error) {
	r, err := reports.Open(path)
	if err != nil {
		return nil, usage("hookdrill report --help", "%w", err)
	}
	return r, nil
}

func reportShowCommand(s Streams) *cobra.Command {
	var format, out, with string
	var docs docsAddress
	cmd := &cobra.Command{
		Use: "show REPORT", Short: "Show a report: as text, Markdown, HTML, JUnit, SARIF or JSON",
		Example: "  hookdrill report show out/conformance\n  hookdrill report show out/conformance --format html --out report.html\n" +
			"  hookdrill report show out/conformance --with out/loadtest --format html --out launch.html",
		Args: operands(1, 1, "REPORT"),
		RunE: func(_ *cobra.Command, args []string) error {
			r, err := openReport(args[0])
			if err != nil {
				return err
			}
			if with != "" {
				other, err := openReport(with)
				if err != nil {
					return err
				}
				if r, err = reports.Combine(r, other); err != nil {
					return usage("hookdrill report show out/conformance --with out/loadtest", "--with: %w", err)
				}
			}
			write, known := map[string]func(io.Writer, *reports.Report) error{
				"text": func(w io.Writer, r *reports.Report) error {
					return reports.WriteConsole(w, r, reports.ConsoleOptions{Color: out == "" && terminal(s.Out, s)})
				},
				"markdown": reports.WriteSummary, "junit": reports.WriteJUnit, "json": reports.WriteJSON, "html": reports.WriteHTML, "sarif": reports.WriteSARIF,
				"annotations": reports.WriteAnnotations, "outputs": reports.WriteOutputs,
			}[format]
			if !known {
				return usage("--format markdown", "--format: want text, markdown, html, junit, sarif, json, annotations or outputs, have %q", format)
			}
			if docs != "" {
				if format == "annotations" || format == "outputs" {
					return usage("--format html --docs "+string(docs), "--docs: %s have no links", format)
				}
				r.Docs = string(docs)
			}
			return output(s, out, func(w io.Writer) error { return write(w, r) })
		},
	}
	cmd.Flags().StringVar(&format, "format", "text", "`FORMAT`: text, markdown, html, junit, sarif, json, annotations (GitHub's workflow commands) or outputs (name=value)")
	cmd.Flags().StringVar(&out, "out", "", "`FILE` to write to (default: the standard output)")
	cmd.Flags().StringVar(&with, "with", "", "`REPORT` of a load test (or, of a load test, of conformance) that the checklist takes in")
	docs.register(cmd.Flags())
	return cmd
}

// output writes to a file, whole or not at all, or to the standard output.
func output(s Streams, file string, write func(io.Writer) error) error {
	var b bytes.Buffer
	if err := write(&b); err != nil {
		return err
	}
	if file == "" {
		if _, err := s.Out.Write(b.Bytes()); err != nil {
			return fmt.Errorf("write output: %w", err)
		}
		return nil
	}
	if err := os.WriteFile(file, b.Bytes(), 0o644); err != nil { //nolint:gosec // made to be read by others
		return usage("", "--out: %w", err)
	}
	return nil
}

func reportExplainCommand(s Streams) *cobra.Command {
	return &cobra.Command{
		Use: "explain REPORT [ID…]", Short: "Explain checks of a report with all evidence: those named, or all that failed",
		Example: "  hookdrill report explain out/conformance SIG-03",
		Args:    operands(1, 1000, "REPORT [ID…]"),
		RunE: func(_ *cobra.Command, args []string) error {
			r, err := openReport(args[0])
			if err != nil {
				return err
			}
			checks, err := chosen(r, args[1:])
			if err != nil {
				return err
			}
			if len(checks) == 0 {
				return show(s.Out, "No check of this report failed.\n")
			}
			for i, c := range checks {
				if i > 0 {
					if err := show(s.Out, "\n"); err != nil {
						return err
					}
				}
				if err := reports.WriteExplanation(s.Out, r, c, terminal(s.Out, s)); err != nil {
					return err //nolint:wrapcheck // it says what failed
				}
			}
			return nil
		},
	}
}

// chosen are the checks with some ids, or those that failed when none is named.
func chosen(r *reports.Report, ids []string) ([]*reports.Check, error) {
	var out []*reports.Check
	var known []string
	at := map[string]*reports.Check{}
	for i := range r.Checks {
		c := &r.Checks[i]
		known = append(known, c.ID)
		at[strings.ToUpper(c.ID)] = c
		if len(ids) == 0 && c.Status == reports.Fail {
			out = append(out, c)
		}
	}
	for _, id := range ids {
		c := at[strings.ToUpper(id)]
		if c == nil {
			if near := suggest.Nearest(strings.ToUpper(id), known); near != "" {
				return nil, usage("", "the report has no check %q; did you mean %s?", id, near)
			}
			return nil, usage("", "the report has no check %q", id)
		}
		out = append(out, c)
	}
	return out, nil
}

func reportDiffCommand(s Streams) *cobra.Command {
	var format, slower string
	cmd := &cobra.Command{
		Use: "diff OLD NEW", Short: "Compare two reports: what fails now, what is fixed, and of loads what is slower",
		Long: "Compares two reports of the same command. Of loads it gives the change of p50, p99 and throughput with an interval that\n" +
			"holds it in 95 of 100 cases, by a bootstrap over stretches of both runs.\n\n" +
			"Exit: 0 nothing got worse · 1 a check fails that did not, or the load is surely slower than --fail-if-slower allows ·\n" +
			"2 usage · 3 a check that passed is not proved any more, or the load measured slower, but that may be chance.",
		Example: "  hookdrill report diff yesterday/report.json out/conformance\n" +
			"  hookdrill report diff baseline/loadtest out/loadtest --fail-if-slower 10%",
		Args: operands(2, 2, "OLD NEW"),
		RunE: func(_ *cobra.Command, args []string) error {
			limit, err := parseLimit(slower)
			if err != nil {
				return err
			}
			before, err := openReport(args[0])
			if err != nil {
				return err
			}
			after, err := openReport(args[1])
			if err != nil {
				return err
			}
			d, err := reports.Compare(before, after)
			if err != nil {
				return usage("", "%w", err)
			}
			switch format {
			case "text":
				err = reports.WriteDiff(s.Out, d, limit, terminal(s.Out, s))
			case "markdown":
				err = reports.WriteDiffMarkdown(s.Out, d, limit)
			default:
				return usage("--format markdown", "--format: want text or markdown, have %q", format)
			}
			if err != nil {
				return err //nolint:wrapcheck // it says what failed
			}
			if code := d.ExitCode(limit); code != reports.ExitOK {
				return exitError(code)
			}
			return nil
		},
	}
	cmd.Flags().StringVar(&format, "format", "text", "`FORMAT`: text or markdown")
	cmd.Flags().StringVar(&slower, "fail-if-slower", "", "`PERCENT` by which p50 and p99 may grow, and the throughput shrink, such as 10%")
	return cmd
}

var errLimit = errors.New("want a percentage from 0% to 1000%, such as 10%")

// parseLimit reads a percentage; without one it is below 0.
func parseLimit(text string) (float64, error) {
	if text == "" {
		return -1, nil
	}
	x, err := strconv.ParseFloat(strings.TrimSpace(strings.TrimSuffix(text, "%")), 64)
	if err != nil || !strings.HasSuffix(text, "%") || !(x >= 0 && x <= 1000) {
		return 0, usage("--fail-if-slower 10%", "--fail-if-slower: %w, have %q", errLimit, text)
	}
	return x / 100, nil
}
