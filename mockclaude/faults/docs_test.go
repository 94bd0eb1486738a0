package faults

import (
	"encoding/json"
	"fmt"
	"os"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"

	"hookdrill/internal/schematest"
	"hookdrill/scenarios"
)

// section is the part of a page under a heading of the second rank.
func section(page, heading string) string {
	_, rest, found := strings.Cut(page, "\n## "+heading+"\n")
	if !found {
		return ""
	}
	text, _, _ := strings.Cut(rest, "\n## ")
	return text
}

// TestThePageIsComplete: docs/faults.md has a section for each fault, with each of
// its options as the code has them, and its examples work.
func TestThePageIsComplete(t *testing.T) {
	t.Parallel()
	data, err := os.ReadFile("../../docs/faults.md")
	if err != nil {
		t.Fatal(err)
	}
	page := string(data)
	for _, k := range Kinds() {
		text := section(page, "`"+k.Name+"`")
		if text == "" {
			t.Errorf("docs/faults.md has no section `%s`", k.Name)
			continue
		}
		for _, part := range []string{"On the wire", "In the world", "A right receiver"} {
			if !strings.Contains(text, "**"+part+"**") {
				t.Errorf("docs/faults.md, %s: it does not say %q", k.Name, part)
			}
		}
		rows := regexp.MustCompile("(?m)^\\| `.*$").FindAllString(text, -1)
		var want []string
		for _, o := range k.Options() {
			want = append(want, fmt.Sprintf("| `%s` | %s | %s | %s |", o.Name, o.Default, o.Range, o.Does))
		}
		if !slices.Equal(rows, want) {
			t.Errorf("docs/faults.md, %s: the options are\n%s\nwant\n%s", k.Name, strings.Join(rows, "\n"), strings.Join(want, "\n"))
		}
	}
	all, err := scenarios.Programmes()
	if err != nil {
		t.Fatal(err)
	}
	for _, p := range all {
		if want := fmt.Sprintf("| `%s` | %s |", p.Name, p.Title); !strings.Contains(page, want) {
			t.Errorf("docs/faults.md does not have the row %s", want)
		}
	}
	examples := regexp.MustCompile("(?s)```yaml\n(.*?)```").FindAllStringSubmatch(page, -1)
	if len(examples) < 2 {
		t.Errorf("%d programmes in docs/faults.md, want at least 2", len(examples))
	}
	for _, e := range examples {
		p, err := scenarios.ParseProgramme([]byte(e[1]), "docs/faults.md")
		if err == nil {
			_, err = Compile(p)
		}
		if err != nil {
			t.Errorf("%v in\n%s", err, e[1])
		}
		if err := bySchema(t, e[1]); err != nil {
			t.Errorf("by the schema: %v in\n%s", err, e[1])
		}
	}
	steps := regexp.MustCompile(`(?m)^    (\{"fault".*\})$`).FindAllStringSubmatch(page, -1)
	if len(steps) < len(Kinds())-1 {
		t.Errorf("%d injections in docs/faults.md, want one a fault", len(steps))
	}
	for _, s := range steps {
		var step scenarios.ProgrammeStep
		if err := json.Unmarshal([]byte(s[1]), &step); err != nil {
			t.Errorf("%v in %s", err, s[1])
			continue
		}
		if _, err := newStep(step); err != nil {
			t.Errorf("%v in %s", err, s[1])
		}
	}
}

// bySchema gives what the schema has against a programme.
func bySchema(t *testing.T, text string) error {
	t.Helper()
	return schematest.YAML(t, schematest.Compile(t, scenarios.ProgrammeSchemaJSON()), []byte(text))
}

// TestSchemaAgrees: what the schema says of a programme is what the code says.
func TestSchemaAgrees(t *testing.T) {
	t.Parallel()
	texts := map[string]string{
		"whole":              "title: t\nmatch: {types: [a], endpoints: [b]}\nrepeat: 2\nsteps: [{fault: none, count: 1, on: any, match: {}}, {fault: drop, on: first}]",
		"forever":            "title: t\nforever: true\nsteps: [{fault: drop}]",
		"soak":               "title: t\nsoak: {one_in: 2, consecutive: 9, faults: [{fault: drop}, {fault: cut, with: {at: 3}}]}",
		"no title":           "steps: [{fault: drop}]",
		"a blank title":      "title: ' '\nsteps: [{fault: drop}]",
		"nothing":            "title: t",
		"no steps":           "title: t\nsteps: []",
		"both":               "title: t\nsteps: [{fault: drop}]\nsoak: {one_in: 2, consecutive: 1, faults: [{fault: drop}]}",
		"an unknown key":     "title: t\nzebra: 1\nsteps: [{fault: drop}]",
		"of a step":          "title: t\nsteps: [{fault: drop, zebra: 1}]",
		"of a match":         "title: t\nsteps: [{fault: drop, match: {zebra: []}}]",
		"of a soak":          "title: t\nsoak: {one_in: 2, consecutive: 9, zebra: 1, faults: [{fault: drop}]}",
		"a count in a soak":  "title: t\nsoak: {one_in: 2, consecutive: 9, faults: [{fault: drop, count: 2}]}",
		"a wrong count":      "title: t\nsteps: [{fault: drop, count: 1000001}]",
		"a wrong on":         "title: t\nsteps: [{fault: drop, on: last}]",
		"no fault":           "title: t\nsteps: [{count: 1}]",
		"an unknown fault":   "title: t\nsteps: [{fault: drp}]",
		"repeat and forever": "title: t\nrepeat: 2\nforever: true\nsteps: [{fault: drop}]",
		"a repeated soak":    "title: t\nrepeat: 2\nsoak: {one_in: 2, consecutive: 9, faults: [{fault: drop}]}",
		"one in one":         "title: t\nsoak: {one_in: 1, consecutive: 9, faults: [{fault: drop}]}",
		"ten in a row":       "title: t\nsoak: {one_in: 2, consecutive: 10, faults: [{fault: drop}]}",
		"nothing to draw":    "title: t\nsoak: {one_in: 2, consecutive: 9, faults: []}",
		"options of none":    "title: t\nsteps: [{fault: none, with: {at: 1}}]",
	}
	for _, k := range Kinds() {
		texts[k.Name+" with zebra"] = "title: t\nsteps: [{fault: " + k.Name + ", with: {zebra: 1}}]"
		for _, o := range k.Options() {
			values := []string{o.Default, "-1", "true", "a word", "1s", "2.5", "0", strconv.Itoa(1 << 30)}
			for _, word := range regexp.MustCompile(`\d+`).FindAllString(o.Range, -1) {
				n, err := strconv.Atoi(word)
				if err != nil {
					t.Fatal(err)
				}
				values = append(values, word, strconv.Itoa(n-1), strconv.Itoa(n+1))
			}
			for _, v := range values {
				if strings.HasPrefix(o.Range, "a duration") && v == "0" {
					continue // whether 0 is within a range, and how long is too long, the schema leaves to the code
				}
				texts[k.Name+"."+o.Name+" "+v] = fmt.Sprintf("title: t\nsteps: [{fault: %s, with: {%s: %s}}]", k.Name, o.Name, v)
			}
		}
	}
	for name, text := range texts {
		p, err := scenarios.ParseProgramme([]byte(text), "t.yaml")
		if err == nil {
			_, err = Compile(p)
		}
		if s := bySchema(t, text); (s == nil) != (err == nil) {
			t.Errorf("%s: by the code %v, by the schema %v\n%s", name, err, s, text)
		}
	}
	all, err := scenarios.Programmes()
	if err != nil {
		t.Fatal(err)
	}
	for _, p := range all {
		text, err := scenarios.ProgrammeText(p.Name)
		if err != nil {
			t.Fatal(err)
		}
		if err := bySchema(t, string(text)); err != nil {
			t.Errorf("%s: %v", p.Name, err)
		}
	}
}
