package contract

import (
	"errors"
	"flag"
	"fmt"
	"os"
	"slices"
	"strings"
	"testing"
)

// TestRequirementsGolden holds what is public of the catalogue: ids, levels,
// needs and their order. Lines may be added to it; none may change or go.
func TestRequirementsGolden(t *testing.T) {
	t.Parallel()
	all, err := Requirements()
	if err != nil {
		t.Fatal(err)
	}
	var got strings.Builder
	for _, r := range all {
		fmt.Fprintf(&got, "%-8s %-6s %-8s %s\n", r.ID, r.Level, r.Need, r.Title)
	}
	const file = "testdata/requirements.golden.txt"
	if flag.Lookup("update").Value.String() == "true" {
		if err := os.WriteFile(file, []byte(got.String()), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	if got.String() != string(want) {
		t.Errorf("%s differs; run go test -update if that is right. Got:\n%s", file, got.String())
	}
}

// TestRequirementsTexts checks what the eye skips in eighty rows.
func TestRequirementsTexts(t *testing.T) {
	t.Parallel()
	all, err := Requirements()
	if err != nil {
		t.Fatal(err)
	}
	titles, matters := map[string]string{}, map[string]string{}
	families := map[string]bool{}
	for _, r := range all {
		families[r.Family] = true
		if n := len(strings.Fields(r.Title)); n > 8 {
			t.Errorf("%s: the title has %d words", r.ID, n)
		}
		if !strings.HasSuffix(r.Matters, ".") {
			t.Errorf("%s: matters is no sentence: %q", r.ID, r.Matters)
		}
		for what, text := range map[string]string{"title": r.Title, "sent": r.Sent, "right": r.Right, "source": r.Source} {
			if strings.HasSuffix(text, ".") {
				t.Errorf("%s: %s ends in a full stop", r.ID, what)
			}
			if strings.ContainsAny(text, "\n\t") {
				t.Errorf("%s: %s has more than one line", r.ID, what)
			}
		}
		if other := titles[r.Title]; other != "" {
			t.Errorf("%s and %s have the same title", other, r.ID)
		}
		if other := matters[r.Matters]; other != "" {
			t.Errorf("%s and %s matter for the same reason", other, r.ID)
		}
		titles[r.Title], matters[r.Matters] = r.ID, r.ID
		if (r.Unchecked != "") != (r.Need == NeedManaged) {
			t.Errorf("%s: need %s and unchecked %q do not go together", r.ID, r.Need, r.Unchecked)
		}
	}
	for _, family := range Families() {
		if !families[family] && family != "LOAD" {
			t.Errorf("family %s has no requirement", family)
		}
	}
}

func TestLookup(t *testing.T) {
	t.Parallel()
	r, err := Lookup("ORD-01")
	if err != nil || r.ID != "ORD-01" || r.Family != "ORD" || r.Level != "should" || r.Need != NeedObserved {
		t.Errorf("Lookup(ORD-01) = %+v, %v", r, err)
	}
	tests := []struct{ id, nearest string }{
		{"SIG-3", "SIG-03"},
		{"sig-03", "SIG-03"},
		{"IDME-10", "IDEM-10"},
		{"KUBERNETES", ""},
	}
	for _, tt := range tests {
		t.Run(tt.id, func(t *testing.T) {
			t.Parallel()
			_, err := Lookup(tt.id)
			var unknown *UnknownError
			if !errors.As(err, &unknown) || unknown.Nearest != tt.nearest {
				t.Errorf("Lookup(%q) = %v, want the suggestion %q", tt.id, err, tt.nearest)
			}
		})
	}
}

func TestParseRequirementsBroken(t *testing.T) {
	t.Parallel()
	const row = "  - id: SIG-01\n    family: SIG\n    level: must\n    need: wire\n" +
		"    title: t\n    sent: s\n    right: r\n    matters: m\n    source: c\n"
	if _, err := parseRequirements([]byte("requirements:\n"+row), "r.yaml"); err != nil {
		t.Fatalf("the row that the cases break is broken itself: %v", err)
	}
	tests := []struct {
		name, rows string
		want       []string
	}{
		{"id twice", row + row, []string{`r.yaml:11: requirement "SIG-01": the id is taken`}},
		{"prefix is not the family", strings.Replace(row, "id: SIG", "id: RAW", 1), []string{`does not begin with the family "SIG"`}},
		{"id of another form", strings.Replace(row, "SIG-01", "SIG-1", 1), []string{"not of the form SIG-01"}},
		{"unknown family", strings.ReplaceAll(row, "SIG", "GIS"), []string{`unknown family "GIS"`}},
		{"unknown level", strings.Replace(row, "must", "may", 1), []string{`level "may" is none of must, should, info`}},
		{"unknown need", strings.Replace(row, "wire", "luck", 1), []string{`need "luck" is none of [wire observed managed log]`}},
		{"empty text", strings.Replace(row, "matters: m", `matters: ""`, 1), []string{"matters is missing"}},
		{"missing text", strings.Replace(row, "    title: t\n", "", 1), []string{"title is missing"}},
		{"spaces around a text", strings.Replace(row, "sent: s", `sent: " s"`, 1), []string{"sent has spaces around it"}},
		{"families out of order", strings.ReplaceAll(row, "SIG", "RAW") + row, []string{"family SIG stands after a later one"}},
		{"unknown key", row + "    levle: must\n", []string{`r.yaml:11:5: unknown key "levle"; did you mean "level"?`}},
		{
			"two mistakes in two rows", strings.Replace(row, "must", "may", 1) + strings.ReplaceAll(strings.Replace(row, "wire", "luck", 1), "-01", "-02"),
			[]string{`"SIG-01": level`, `"SIG-02": need`},
		},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			_, err := parseRequirements([]byte("requirements:\n"+tt.rows), "r.yaml")
			if err == nil {
				t.Fatal("no error")
			}
			if i := slices.IndexFunc(tt.want, func(w string) bool { return !strings.Contains(err.Error(), w) }); i >= 0 {
				t.Errorf("got  %v\nwant %s", err, tt.want[i])
			}
		})
	}
}

func TestLoadRequirements(t *testing.T) {
	t.Parallel()
	all, err := LoadRequirements()
	if err != nil || len(all) != 9 {
		t.Fatalf("%d requirements, %v", len(all), err)
	}
	for _, r := range all {
		if found, err := Lookup(r.ID); err != nil || found != r || r.Family != "LOAD" {
			t.Errorf("Lookup(%s) = %+v, %v", r.ID, found, err)
		}
	}
}
