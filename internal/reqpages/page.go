package main

import (
	"fmt"
	"path"
	"slices"
	"strings"

	"hookdrill/contract"
	"hookdrill/internal/fixes"
	"hookdrill/reports"
	"hookdrill/zoo"
)

// pages returns every page by its file's name.
func pages() (map[string][]byte, error) {
	all, err := contract.Requirements()
	if err != nil {
		return nil, fmt.Errorf("read catalogue: %w", err)
	}
	load, err := contract.LoadRequirements()
	if err != nil {
		return nil, fmt.Errorf("read catalogue: %w", err)
	}
	all = append(all, load...)
	known, err := fixes.All()
	if err != nil {
		return nil, err
	}
	out := map[string][]byte{"README.md": index(all)}
	for _, r := range all {
		f, there := known[r.ID]
		if !there {
			return nil, fmt.Errorf("fixes.yaml: nothing about %s: say how it fails, and how that is mended", r.ID)
		}
		delete(known, r.ID)
		code, err := f.Snippets()
		if err != nil {
			return nil, fmt.Errorf("%s: %w", r.ID, err)
		}
		out[path.Base(reports.Page(r.ID))] = page(r, f, code)
	}
	for id := range known {
		return nil, fmt.Errorf("fixes.yaml: %s is no requirement", id)
	}
	return out, nil
}

func index(all []contract.Requirement) []byte {
	var b strings.Builder
	b.WriteString("# The requirements\n\n")
	b.WriteString("Written by `make docs`. One page each: what is sent, what is right, why it matters, how it fails, and how that is mended in Python, Node\n" +
		"and Go. `hookdrill requirements SIG-06` shows the same in a terminal, and `hookdrill report explain out/conformance SIG-06` what a\n" +
		"run found.\n")
	family := ""
	for _, r := range all {
		if r.Family != family {
			family = r.Family
			fmt.Fprintf(&b, "\n## %s\n\n| requirement | level | needs |\n|---|---|---|\n", family)
		}
		fmt.Fprintf(&b, "| [%s](%s) %s | %s | %s |\n", r.ID, path.Base(reports.Page(r.ID)), escape(r.Title), strings.ToUpper(r.Level), need(r))
	}
	return []byte(b.String())
}

func page(r contract.Requirement, f fixes.Fix, code []fixes.Snippet) []byte {
	var b strings.Builder
	fmt.Fprintf(&b, "# %s: %s\n\n", r.ID, escape(r.Title))
	fmt.Fprintf(&b, "%s · needs %s · source: %s\n", strings.ToUpper(r.Level), need(r), escape(r.Source))
	section := func(title, text string) { fmt.Fprintf(&b, "\n## %s\n\n%s\n", title, text) }
	section("What is sent", sentence(escape(r.Sent)))
	section("What is right", sentence(escape(r.Right)))
	matters := escape(r.Matters)
	if incident := reports.Incident(r.ID); incident != "" {
		matters += "\n\nThe incident it prevents: " + escape(incident)
	}
	section("Why it matters", matters)
	section("How it fails", f.Fails)
	section("How to fix it", f.Fix)
	for _, s := range code {
		fmt.Fprintf(&b, "\n### %s\n\n```%s\n%s```\n", s.Name, s.Language, s.Text)
	}
	b.WriteString("\nThe code shows the point, with the headers of the contract `claude` where it names no others, and leaves the rest of a receiver out;\n" +
		"[the examples](../../examples/README.md) are whole.\n")
	section("Who breaks it", culprits(r, f))
	section("Only this", only(r, f))
	return []byte(b.String())
}

// need says what it takes to see whether the requirement is kept.
func need(r contract.Requirement) string {
	return map[contract.Need]string{
		contract.NeedWire:     "the answers alone",
		contract.NeedObserved: "an [observer](../observation.md)",
		contract.NeedManaged:  "a receiver that [hookdrill starts](../drills.md)",
		contract.NeedLog:      "the receiver's log",
	}[r.Need]
}

// culprits lists the receivers of the zoo that the requirement has to catch.
func culprits(r contract.Requirement, f fixes.Fix) string {
	var b strings.Builder
	for _, a := range slices.Concat(zoo.All(), zoo.Foreign()) {
		if !slices.Contains(a.Catches, r.ID) {
			continue
		}
		fmt.Fprintf(&b, "- `%s`", a.Name)
		if a.Contract != "" {
			fmt.Fprintf(&b, " (contract `%s`)", a.Contract)
		}
		fmt.Fprintf(&b, ": %s\n", escape(a.Defect))
	}
	for _, name := range f.Drills {
		fmt.Fprintf(&b, "- `%s`, of the drills' receivers\n", name)
	}
	switch {
	case b.Len() > 0 && len(f.Drills) > 0:
		return b.String() + "\n`go run ./zoo/drills/seeds` drills them, with many seeds each."
	case b.Len() > 0:
		return b.String() + "\nEach is a receiver with this one defect; `go run ./zoo/killmatrix -only NAME` runs hookdrill against one."
	case r.Family == "LOAD":
		return "No receiver of the zoo, which is not put under load: the tests of `internal/certify` have those that break it."
	}
	return "No receiver of the zoo."
}

// only is the command that checks this requirement and no other.
func only(r contract.Requirement, f fixes.Fix) string {
	text := "    " + strings.Join(f.Command(r), "\n    ")
	if r.Family == "LOAD" {
		text += "\n\nA load test measures all requirements of its family at once."
	}
	return text
}

// sentence begins with a capital and ends with a full stop.
func sentence(text string) string {
	if text == "" {
		return text
	}
	return strings.ToUpper(text[:1]) + text[1:] + map[bool]string{true: "", false: "."}[strings.HasSuffix(text, ".")]
}

// escape lets plain text of the catalogue mean itself in Markdown.
func escape(text string) string {
	return strings.NewReplacer(`\`, `\\`, `*`, `\*`, `_`, `\_`, `<`, `\<`, `[`, `\[`, "`", "\\`", `|`, `\|`, `#`, `\#`).
		Replace(strings.Join(strings.Fields(text), " "))
}
