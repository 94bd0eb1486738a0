package reports

import (
	_ "embed" // for go:embed
	"errors"
	"fmt"
	"html/template"
	"io"
	"strings"
	"unicode/utf8"
)

//go:embed matrix.html.tmpl
var matrixHTML string

// WriteMatrix writes a matrix for a terminal.
func WriteMatrix(w io.Writer, m *Matrix, color bool) error {
	if m == nil {
		return errors.New("write matrix: there is none")
	}
	const most, titles = 24, 44
	paint := painter(color)
	var b strings.Builder
	fmt.Fprintf(&b, "%s\n\n", paint.bold(m.sentence()))
	widths := make([]int, len(m.Columns))
	for i, c := range m.Columns {
		widths[i] = min(most, max(utf8.RuneCountInString(line(c.Name, maxShort)), len("not in the report")))
	}
	cell := func(text string, width int) string {
		runes := []rune(text)
		if len(runes) > width {
			runes = append(runes[:width-1], '…')
		}
		return string(runes) + strings.Repeat(" ", width-len(runes))
	}
	fmt.Fprintf(&b, "%-9s %s", "", cell("", titles))
	for i, c := range m.Columns {
		b.WriteString("  " + paint.bold(cell(line(c.Name, maxShort), widths[i])))
	}
	fmt.Fprintf(&b, "\n%-9s %s", "verdict", cell("", titles))
	for i, c := range m.Columns {
		word, key := verdictWord(c.Report)
		b.WriteString("  " + paint.as(key, cell(verdictMark(key)+" "+strings.ToLower(word), widths[i])))
	}
	b.WriteString("\n")
	for i, r := range m.Rows {
		if i > 0 && m.Rows[i-1].Differs && !r.Differs {
			b.WriteString("\n")
		}
		fmt.Fprintf(&b, "%-9s %s", line(r.ID, maxShort), cell(line(r.Title, maxShort), titles))
		for j, c := range r.Cells {
			b.WriteString("  " + paint.as(c.Key, cell(strings.TrimSpace(c.Mark+" "+c.Word), widths[j])))
		}
		b.WriteString("\n")
	}
	for i, n := range m.Notes {
		if i == 0 {
			b.WriteString("\n")
		}
		fmt.Fprintf(&b, "note  %s\n", line(n, maxSentence))
	}
	lines := strings.Split(b.String(), "\n")
	for i := range lines {
		lines[i] = strings.TrimRight(lines[i], " ")
	}
	if _, err := io.WriteString(w, strings.Join(lines, "\n")); err != nil {
		return fmt.Errorf("write matrix: %w", err)
	}
	return nil
}

// WriteMatrixMarkdown writes a matrix as Markdown.
func WriteMatrixMarkdown(w io.Writer, m *Matrix) error {
	if m == nil {
		return errors.New("write matrix: there is none")
	}
	var b strings.Builder
	fmt.Fprintf(&b, "# hookdrill %s: side by side\n\n**%s**\n\n| | |", mdText(m.Columns[0].Report.Command, maxShort), m.sentence())
	for _, c := range m.Columns {
		fmt.Fprintf(&b, " %s |", mdText(c.Name, maxShort))
	}
	b.WriteString("\n|---|---|" + strings.Repeat("---|", len(m.Columns)) + "\n| **Verdict** | |")
	for _, c := range m.Columns {
		word, key := verdictWord(c.Report)
		fmt.Fprintf(&b, " %s %s |", verdictMark(key), word)
	}
	b.WriteString("\n")
	for i, r := range m.Rows {
		if b.Len() > maxSummary {
			fmt.Fprintf(&b, "\n… and %s.\n", plural(len(m.Rows)-i, "more row"))
			break
		}
		fmt.Fprintf(&b, "| %s | %s |", mdText(r.ID, maxShort), mdText(r.Title, maxShort))
		for _, c := range r.Cells {
			text := strings.TrimSpace(c.Mark + " " + c.Word)
			if r.Differs {
				text = "**" + text + "**"
			}
			fmt.Fprintf(&b, " %s |", text)
		}
		b.WriteString("\n")
	}
	b.WriteString("\n")
	for _, n := range m.Notes {
		fmt.Fprintf(&b, "- **Note:** %s\n", mdText(n, maxSentence))
	}
	if _, err := io.WriteString(w, b.String()); err != nil {
		return fmt.Errorf("write matrix: %w", err)
	}
	return nil
}

// matrixPage is what the template is given.
type matrixPage struct {
	*Matrix
	CSS              template.CSS
	JS               template.JS
	Policy, Sentence string
	Differing, Same  int
	Heads            []matrixHead
	FamilyNames      []string
	Levels           []Level
}

// matrixHead is a receiver's facts, above its column.
type matrixHead struct {
	Name, Target, Level, Contract, Version, When string
	Key, Mark, Word                              string
}

// WriteMatrixHTML writes a matrix as one HTML file, in the manner of [WriteHTML].
func WriteMatrixHTML(w io.Writer, m *Matrix) error {
	if m == nil {
		return errors.New("write matrix: there is none")
	}
	page, err := template.New("matrix").Funcs(template.FuncMap{
		"short": func(s string) string { return line(s, maxShort) },
		"upper": func(l Level) string { return strings.ToUpper(line(string(l), maxShort)) },
	}).Parse(matrixHTML)
	if err != nil {
		return fmt.Errorf("parse page template: %w", err)
	}
	p := matrixPage{
		Matrix: m, CSS: template.CSS(pageCSS), JS: template.JS(pageJS), Policy: policy(), Sentence: m.sentence(), //nolint:gosec // embedded with the program
		Differing: m.differing(), Same: len(m.Rows) - m.differing(),
	}
	for _, c := range m.Columns {
		word, key := verdictWord(c.Report)
		p.Heads = append(p.Heads, matrixHead{
			c.Name, c.Report.Target.all(), c.Report.Level, c.Report.Contract, c.Report.Tool.Version, c.Report.Started.UTC().Format("2006-01-02 15:04 UTC"),
			key, verdictMark(key), word,
		})
		p.FamilyNames, p.Levels = filterValues(c.Report.Checks, p.FamilyNames, p.Levels)
	}
	if err := page.Execute(w, p); err != nil {
		return fmt.Errorf("write matrix: %w", err)
	}
	return nil
}
