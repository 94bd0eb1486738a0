package main

import (
	"fmt"
	"io"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"hookdrill/contract"
	"hookdrill/internal/fixes"
	"hookdrill/internal/plan"
	"hookdrill/internal/suggest"
	"hookdrill/mockclaude/faults"
	"hookdrill/reports"
	"hookdrill/scenarios"
)

// show prints lines and stops at the first that cannot be written.
func show(w io.Writer, format string, args ...any) error {
	if _, err := fmt.Fprintf(w, format, args...); err != nil {
		return fmt.Errorf("write output: %w", err)
	}
	return nil
}

func requirementsCommand(s Streams) *cobra.Command {
	return &cobra.Command{
		Use: "requirements [ID…]", Short: "List the catalogue of requirements, or show some of them whole",
		Long: "Lists the catalogue. With ids it shows what is sent, what is right, why it matters, how it fails, and how that is mended in\n" +
			"Python, Node and Go: what the pages of docs/requirements say, without a network.",
		Example: "  hookdrill requirements\n  hookdrill requirements SIG-06 IDEM-02",
		RunE: func(_ *cobra.Command, args []string) error {
			all, err := contract.Requirements()
			if err != nil {
				return fmt.Errorf("read catalogue: %w", err)
			}
			load, err := contract.LoadRequirements()
			if err != nil {
				return fmt.Errorf("read catalogue: %w", err)
			}
			all = append(all, load...)
			if len(args) == 0 {
				for _, r := range all {
					if err := show(s.Out, "%-8s %-6s %-8s %s\n", r.ID, r.Level, r.Need, r.Title); err != nil {
						return err
					}
				}
				return nil
			}
			known, err := fixes.All()
			if err != nil {
				return err //nolint:wrapcheck // it says what failed
			}
			for i, id := range args {
				r, err := requirement(all, id)
				if err != nil {
					return err
				}
				page, err := requirementPage(r, known[r.ID])
				if err != nil {
					return err
				}
				if err := show(s.Out, "%s%s", map[bool]string{true: "\n"}[i > 0], page); err != nil {
					return err
				}
			}
			return nil
		},
	}
}

// requirement finds one by its id, in any case.
func requirement(all []contract.Requirement, id string) (contract.Requirement, error) {
	var known []string
	for _, r := range all {
		if strings.EqualFold(r.ID, id) {
			return r, nil
		}
		known = append(known, r.ID)
	}
	if near := suggest.Nearest(strings.ToUpper(id), known); near != "" {
		return contract.Requirement{}, usage("hookdrill requirements "+near, "no requirement is called %q; did you mean %q?", id, near)
	}
	return contract.Requirement{}, usage("hookdrill requirements", "no requirement is called %q", id)
}

// requirementPage is the page about a requirement for a terminal.
func requirementPage(r contract.Requirement, f fixes.Fix) (string, error) {
	code, err := f.Snippets()
	if err != nil {
		return "", err //nolint:wrapcheck // it says what failed
	}
	var b strings.Builder
	fmt.Fprintf(&b, "%s (%s, needs %s): %s\n", r.ID, r.Level, r.Need, r.Title)
	for _, field := range [][2]string{
		{"sent", r.Sent},
		{"right", r.Right},
		{"why it matters", r.Matters},
		{"the incident it prevents", reports.Incident(r.ID)},
		{"source", r.Source},
		{"not checked", r.Unchecked},
		{"how it fails", fixes.Plain(f.Fails)},
		{"how to fix it", fixes.Plain(f.Fix)},
	} {
		if field[1] != "" {
			fmt.Fprintf(&b, "  %s: %s\n", field[0], strings.Join(strings.Fields(field[1]), " "))
		}
	}
	block := func(title, text string) {
		fmt.Fprintf(&b, "\n  %s:\n\n", title)
		for line := range strings.Lines(strings.TrimRight(text, "\n") + "\n") {
			fmt.Fprint(&b, map[bool]string{false: "      "}[line == "\n"], line)
		}
	}
	for _, s := range code {
		block("in "+s.Name, s.Text)
	}
	block("to check only this", strings.Join(f.Command(r), "\n"))
	return b.String(), nil
}

func scenariosCommand(s Streams) *cobra.Command {
	cmd := &cobra.Command{
		Use: "scenarios", Short: "List what is sent for each requirement, and the failure scenarios", Args: noOperands,
		RunE: func(*cobra.Command, []string) error {
			if err := listCases(s.Out); err != nil {
				return err
			}
			if err := show(s.Out, "\nfailure scenarios, for hookdrill conformance --scenario NAME:\n"); err != nil {
				return err
			}
			return listFailures(s.Out, nil)
		},
	}
	cmd.AddCommand(
		&cobra.Command{
			Use: "failures [NAME]", Short: "List the failure scenarios of hookdrill conformance --scenario, or show one whole",
			RunE: func(_ *cobra.Command, args []string) error { return listFailures(s.Out, args) },
		},
		&cobra.Command{
			Use: "programmes [NAME]", Short: "List the fault programmes of hookdrill mock --faults, or show one as YAML",
			RunE: func(_ *cobra.Command, args []string) error { return listProgrammes(s.Out, args) },
		},
		&cobra.Command{
			Use: "faults [NAME…]", Short: "List the faults that a programme can give to attempts, or show the options of some",
			RunE: func(_ *cobra.Command, args []string) error { return listFaults(s.Out, args) },
		},
	)
	return cmd
}

func listCases(w io.Writer) error {
	all, err := scenarios.Builtin()
	if err != nil {
		return fmt.Errorf("read scenarios: %w", err)
	}
	catalogue, err := contract.Requirements()
	if err != nil {
		return fmt.Errorf("read catalogue: %w", err)
	}
	c, err := contract.Load("claude")
	if err != nil {
		return fmt.Errorf("read contract: %w", err)
	}
	p, err := plan.Build(plan.Input{Contract: c, Requirements: catalogue, Scenarios: all, Seed: 1, HTTPS: true, PreviousKey: true, WhsecKey: true})
	if err != nil {
		return err
	}
	for _, one := range p.Cases {
		if err := show(w, "%s\n", one.ID); err != nil {
			return err
		}
	}
	return nil
}

func listFailures(w io.Writer, names []string) error {
	if len(names) > 1 {
		return usage("hookdrill scenarios failures "+names[0], "scenarios failures takes one name, and got %d", len(names))
	}
	if len(names) == 1 {
		f, err := scenarios.FailureNamed(names[0])
		if err != nil {
			return usage("hookdrill scenarios failures", "%w", err)
		}
		return show(w, "%s: %s\n  in production: %s\n  provoked by: %s\n  right: %s\n  requirements: %s\n  more: docs/scenarios/%s.md\n",
			f.Name, f.Title, f.Happens, f.Provoked, f.Right, strings.Join(f.Checks, ", "), f.Name)
	}
	all, err := scenarios.Failures()
	if err != nil {
		return fmt.Errorf("read failure scenarios: %w", err)
	}
	for _, f := range all {
		if err := show(w, "%-22s %s\n", f.Name, f.Title); err != nil {
			return err
		}
	}
	return nil
}

func listProgrammes(w io.Writer, names []string) error {
	if len(names) > 1 {
		return usage("hookdrill scenarios programmes "+names[0], "scenarios programmes takes one name, and got %d", len(names))
	}
	if len(names) == 1 {
		text, err := scenarios.ProgrammeText(names[0])
		if err != nil {
			return usage("hookdrill scenarios programmes", "%w", err)
		}
		return show(w, "%s", text)
	}
	all, err := scenarios.Programmes()
	if err != nil {
		return fmt.Errorf("read fault programmes: %w", err)
	}
	for _, p := range all {
		if err := show(w, "%-12s %s\n", p.Name, p.Title); err != nil {
			return err
		}
	}
	return nil
}

func listFaults(w io.Writer, names []string) error {
	kinds := faults.Kinds()
	if len(names) == 0 {
		for _, k := range kinds {
			if err := show(w, "%-10s %s\n", k.Name, k.Title); err != nil {
				return err
			}
		}
		return nil
	}
	for _, name := range names {
		if _, err := faults.New(name, nil); err != nil {
			return usage("hookdrill scenarios faults", "%w", err)
		}
		k := kinds[slices.IndexFunc(kinds, func(k faults.Kind) bool { return k.Name == name })]
		if err := show(w, "%s: %s\n", k.Name, k.Title); err != nil {
			return err
		}
		for _, o := range k.Options() {
			if err := show(w, "  %s: %s; %s (default %s)\n", o.Name, o.Does, o.Range, o.Default); err != nil {
				return err
			}
		}
	}
	return nil
}
