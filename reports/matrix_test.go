package reports_test

import (
	"bytes"
	"io"
	"strings"
	"testing"

	"hookdrill/reports"
)

func matrix(t *testing.T, columns ...reports.MatrixColumn) *reports.Matrix {
	t.Helper()
	m, err := reports.NewMatrix(columns)
	if err != nil {
		t.Fatal(err)
	}
	return m
}

func TestMatrix(t *testing.T) {
	t.Parallel()
	a, b, c := sample(), allPassed(), drilled()
	b.Contract, b.Tool.Version, c.Interrupted = "stripe", "0.2.0", true
	m := matrix(t, reports.MatrixColumn{Name: "a", Report: a}, reports.MatrixColumn{Name: "b", Report: b}, reports.MatrixColumn{Name: "c", Report: c})
	for _, w := range []struct {
		name  string
		write func(io.Writer, *reports.Matrix) error
	}{
		{"matrix.txt", func(w io.Writer, m *reports.Matrix) error { return reports.WriteMatrix(w, m, false) }},
		{"matrix.md", reports.WriteMatrixMarkdown},
		{"matrix.html", reports.WriteMatrixHTML},
	} {
		var buf bytes.Buffer
		if err := w.write(&buf, m); err != nil {
			t.Fatal(err)
		}
		golden(t, w.name, withoutAssets(buf.Bytes()))
	}
	same := false
	for _, r := range m.Rows {
		if same && r.Differs {
			t.Errorf("%s differs, and stands below a row that does not", r.ID)
		}
		same = same || !r.Differs
	}
	notes := strings.Join(m.Notes, "\n")
	for _, want := range []string{"different contracts: a claude, b stripe", "different levels", "different versions of hookdrill", "c was stopped before its end"} {
		if !strings.Contains(notes, want) {
			t.Errorf("%q is not noted: %s", want, notes)
		}
	}
}

// TestMatrixClaimsNothing: what a report does not have is no pass.
func TestMatrixClaimsNothing(t *testing.T) {
	t.Parallel()
	few := allPassed()
	few.Checks = few.Checks[:1]
	m := matrix(t, reports.MatrixColumn{Name: "few", Report: few}, reports.MatrixColumn{Name: "all", Report: allPassed()})
	for i, r := range m.Rows {
		if r.ID != "SIG-20" && (!r.Differs || r.Cells[0].Word != "not in the report") {
			t.Errorf("row %d: %+v", i, r)
		}
	}
}

func TestMatrixRefuses(t *testing.T) {
	t.Parallel()
	one := reports.MatrixColumn{Name: "a", Report: sample()}
	for name, columns := range map[string][]reports.MatrixColumn{
		"none": nil, "one": {one}, "a load test": {one, {Name: "b", Report: loaded()}}, "nothing": {one, {Name: "b"}},
	} {
		if _, err := reports.NewMatrix(columns); err == nil {
			t.Errorf("%s: no error", name)
		}
	}
}

func TestMatrixIsHarmless(t *testing.T) {
	t.Parallel()
	h := reports.MatrixColumn{Name: hostileText(), Report: hostile()}
	m := matrix(t, h, h)
	for name, write := range map[string]func(io.Writer, *reports.Matrix) error{
		"text":     func(w io.Writer, m *reports.Matrix) error { return reports.WriteMatrix(w, m, false) },
		"markdown": reports.WriteMatrixMarkdown, "html": reports.WriteMatrixHTML,
	} {
		var b bytes.Buffer
		if err := write(&b, m); err != nil {
			t.Fatal(err)
		}
		wantPrintable(t, b.String())
		if name != "html" {
			continue
		}
		for _, n := range elements(t, b.String()) {
			if n.Data == "img" || n.Data == "script" && n.Parent.Data != "body" || attr(n, "onmouseover") != "" || attr(n, "style") != "" {
				t.Errorf("a <%s> comes from a text of the target's", n.Data)
			}
		}
	}
}
