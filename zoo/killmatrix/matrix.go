package main

import (
	"bytes"
	"cmp"
	"fmt"
	"slices"
	"strings"

	"hookdrill/contract"
	"hookdrill/zoo"
)

// matrix writes the kill matrix: it holds nothing that differs from run to run.
func matrix(catalogue []contract.Requirement, animals []zoo.Animal) []byte {
	var b bytes.Buffer
	defects := 0
	for _, a := range animals {
		if !a.Correct() {
			defects++
		}
	}
	fmt.Fprintf(&b, `# The kill matrix

Written by %[1]smake killmatrix%[1]s, which runs hookdrill's own binary against every receiver of the zoo and fails unless
each line below was seen: %[2]d receivers with one named defect each, and %[3]d correct ones in other styles.

A receiver may trip further requirements as a consequence of its defect; the zoo names those, and any other fails the build.

## Requirement by defect

| requirement | level | catches |
|---|---|---|
`, "`", defects, len(animals)-defects)
	for _, r := range catalogue {
		var names []string
		for _, a := range animals {
			if slices.Contains(a.Catches, r.ID) {
				names = append(names, "`"+a.Name+"`")
			}
		}
		what := strings.Join(names, ", ")
		if r.Unchecked != "" {
			what = "not checked: " + r.Unchecked
		}
		fmt.Fprintf(&b, "| %s %s | %s | %s |\n", r.ID, cell(r.Title), r.Level, what)
	}
	b.WriteString("\n## Receivers with a defect\n\n| receiver | contract | defect | caught by | may trip as well |\n|---|---|---|---|---|\n")
	for _, a := range animals {
		if !a.Correct() {
			also := slices.Concat(a.Also, a.Advice)
			fmt.Fprintf(&b, "| `%s` | %s | %s | %s | %s |\n",
				a.Name, cmp.Or(a.Contract, "claude"), cell(a.Defect), strings.Join(a.Catches, ", "), strings.Join(also, ", "))
		}
	}
	b.WriteString("\n## Correct receivers\n\nNone of them fails a MUST; exit 0.\n\n| receiver | contract | style | advice it gets |\n|---|---|---|---|\n")
	for _, a := range animals {
		if a.Correct() {
			fmt.Fprintf(&b, "| `%s` | %s | %s | %s |\n", a.Name, cmp.Or(a.Contract, "claude"), cell(a.Style), strings.Join(a.Advice, ", "))
		}
	}
	return b.Bytes()
}

func cell(s string) string { return strings.ReplaceAll(s, "|", `\|`) }
