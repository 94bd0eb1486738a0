package reports

import (
	"errors"
	"fmt"
	"slices"
	"strings"
)

// Matrix is several reports side by side: a row a requirement, a column a receiver.
type Matrix struct {
	Columns []MatrixColumn
	Rows    []MatrixRow // those that differ first, each part in the order of the catalogue
	// Notes says what makes the columns hard to compare.
	Notes []string
}

// MatrixColumn is one receiver: its report, and what it is called.
type MatrixColumn struct {
	Name   string
	Report *Report
}

// MatrixRow is one requirement.
type MatrixRow struct {
	ID, Family, Title string
	Level             Level
	// Cells are in the order of the columns.
	Cells []MatrixCell
	// Differs: not all receivers came out in the same way.
	Differs bool
}

// MatrixCell is what became of one requirement with one receiver. Mark is a sign for Word.
type MatrixCell struct{ Key, Mark, Word, Why string }

// maxColumns is how many reports fit side by side.
const maxColumns = 50

// NewMatrix puts reports of one command side by side, 2 to 50 of them.
func NewMatrix(columns []MatrixColumn) (*Matrix, error) {
	if len(columns) < 2 || len(columns) > maxColumns {
		return nil, fmt.Errorf("compare reports: want 2 to %d, have %d", maxColumns, len(columns))
	}
	m := &Matrix{Columns: columns}
	at := map[string]int{}
	for i, c := range columns {
		if c.Report == nil {
			return nil, errors.New("compare reports: one is missing")
		}
		if first := columns[0].Report; c.Report.Command != first.Command {
			return nil, fmt.Errorf("compare reports: %s is of hookdrill %s, %s of hookdrill %s",
				line(columns[0].Name, maxShort), line(first.Command, maxShort), line(c.Name, maxShort), line(c.Report.Command, maxShort))
		}
		for j := range c.Report.Checks {
			check := &c.Report.Checks[j]
			row, known := at[check.ID]
			if !known {
				row = len(m.Rows)
				at[check.ID] = row
				m.Rows = append(m.Rows, MatrixRow{ID: check.ID, Family: check.Family, Title: check.Title, Level: check.Level, Cells: make([]MatrixCell, len(columns))})
			}
			o := outcomeOf(check, c.Report.Strict)
			m.Rows[row].Cells[i] = MatrixCell{o.key, o.mark, o.word, reason(check)}
		}
	}
	m.finish()
	return m, nil
}

func (m *Matrix) finish() {
	for i := range m.Rows {
		row := &m.Rows[i]
		for j := range row.Cells {
			if row.Cells[j].Key == "" {
				row.Cells[j] = MatrixCell{keyNA, " ", "not in the report", ""}
			}
			row.Differs = row.Differs || row.Cells[j].Key != row.Cells[0].Key || row.Cells[j].Word != row.Cells[0].Word
		}
	}
	slices.SortStableFunc(m.Rows, func(a, b MatrixRow) int {
		switch {
		case a.Differs == b.Differs:
			return 0
		case a.Differs:
			return -1
		}
		return 1
	})
	m.note("contracts", func(r *Report) string { return r.Contract })
	m.note("levels", func(r *Report) string { return r.Level })
	m.note("versions of hookdrill", func(r *Report) string { return r.Tool.Version })
	m.note("strictness", func(r *Report) string { return map[bool]string{true: "strict", false: "not strict"}[r.Strict] })
	for _, c := range m.Columns {
		switch {
		case c.Report.Preflight != nil:
			m.Notes = append(m.Notes, c.Name+" ended before its checks: "+c.Report.Preflight.Problem)
		case c.Report.Interrupted:
			m.Notes = append(m.Notes, c.Name+" was stopped before its end")
		case len(c.Report.LeftOut) > 0:
			m.Notes = append(m.Notes, fmt.Sprintf("%s left %s out", c.Name, plural(len(c.Report.LeftOut), "requirement")))
		}
	}
}

// note flags what is not the same for all columns.
func (m *Matrix) note(what string, of func(*Report) string) {
	var parts []string
	differs := false
	for _, c := range m.Columns {
		differs = differs || of(c.Report) != of(m.Columns[0].Report)
		parts = append(parts, c.Name+" "+of(c.Report))
	}
	if differs {
		m.Notes = append(m.Notes, "different "+what+": "+strings.Join(parts, ", "))
	}
}

// differing counts the rows that differ.
func (m *Matrix) differing() int {
	n := 0
	for _, r := range m.Rows {
		if r.Differs {
			n++
		}
	}
	return n
}

func (m *Matrix) sentence() string {
	return fmt.Sprintf("%s, %s: %s.", plural(len(m.Columns), "receiver"), plural(len(m.Rows), "requirement"),
		map[bool]string{true: "no row differs", false: plural(m.differing(), "row") + " with a difference"}[m.differing() == 0])
}
