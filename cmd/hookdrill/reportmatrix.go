package main

import (
	"io"
	"path/filepath"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"hookdrill/reports"
)

func reportMatrixCommand(s Streams) *cobra.Command {
	var format, out string
	cmd := &cobra.Command{
		Use: "matrix REPORT REPORT…", Short: "Put the reports of several receivers side by side",
		Long: "Puts reports of the same command side by side: a row for each requirement, a column for each receiver, rows that differ first.\n" +
			"NAME=REPORT names a column; otherwise the report's folder does. What makes columns hard to compare is noted: other contracts,\n" +
			"levels, versions or selections.",
		Example: "  hookdrill report matrix flask/out express/out\n" +
			"  hookdrill report matrix before=old/report.json after=out/conformance --format html --out matrix.html",
		Args: operands(2, 50, "REPORT REPORT…"),
		RunE: func(_ *cobra.Command, args []string) error {
			var columns []reports.MatrixColumn
			for _, arg := range args {
				name, path, named := strings.Cut(arg, "=")
				if !named {
					name, path = columnName(arg), arg
				}
				r, err := openReport(path)
				if err != nil {
					return err
				}
				if name == "" || slices.ContainsFunc(columns, func(c reports.MatrixColumn) bool { return c.Name == name }) {
					return usage("hookdrill report matrix one=a/report.json two=b/report.json", "%q: its column needs a name of its own, as in NAME=%s", arg, path)
				}
				columns = append(columns, reports.MatrixColumn{Name: name, Report: r})
			}
			m, err := reports.NewMatrix(columns)
			if err != nil {
				return usage("", "%w", err)
			}
			write, known := map[string]func(io.Writer, *reports.Matrix) error{
				"text": func(w io.Writer, m *reports.Matrix) error {
					return reports.WriteMatrix(w, m, out == "" && terminal(s.Out, s)) //nolint:wrapcheck // it says what failed
				},
				"markdown": reports.WriteMatrixMarkdown, "html": reports.WriteMatrixHTML,
			}[format]
			if !known {
				return usage("--format html", "--format: want text, markdown or html, have %q", format)
			}
			return output(s, out, func(w io.Writer) error { return write(w, m) })
		},
	}
	cmd.Flags().StringVar(&format, "format", "text", "`FORMAT`: text, markdown or html")
	cmd.Flags().StringVar(&out, "out", "", "`FILE` to write to (default: the standard output)")
	return cmd
}

// columnName is the folder or file that tells a report from others: not report.json, nor the
// folders that every run writes.
func columnName(path string) string {
	parts := strings.Split(filepath.ToSlash(filepath.Clean(path)), "/")
	for _, part := range slices.Backward(parts) {
		name := strings.TrimSuffix(part, ".json")
		if !slices.Contains([]string{"", ".", "..", "report", "conformance", "loadtest", "out"}, name) {
			return name
		}
	}
	return ""
}
