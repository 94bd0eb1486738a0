package main

import (
	"errors"
	"fmt"
	"io"
	"net/url"
	"path/filepath"

	"hookdrill/internal/conformance"
	"hookdrill/internal/plan"
)

// preview lists what would run, or writes the plan.
func (f *conformanceFlags) preview(cfg *conformance.Config, s Streams) error {
	if cfg.Target == nil {
		cfg.Target = &url.URL{Scheme: "http", Host: "127.0.0.1"}
		cfg.Keys = bundledKeys() // the kind of keys that the bundled receiver gets
	}
	p, err := conformance.Plan(*cfg)
	if err != nil {
		return usage("hookdrill requirements", "%w", err)
	}
	if f.list {
		return writeList(s.Out, p)
	}
	dir := filepath.Join(f.out, "conformance")
	file, err := create(dir, "plan.jsonl")
	if err != nil {
		return err
	}
	if err := p.Write(file); err != nil {
		return errors.Join(err, file.Close())
	}
	if err := file.Close(); err != nil {
		return fmt.Errorf("write plan: %w", err)
	}
	_, err = fmt.Fprintf(s.Out, "seed %d: %d requirements, %d cases; nothing was sent\nplan: %s\n",
		p.Seed, len(p.Checks), len(p.Cases), filepath.Join(dir, "plan.jsonl"))
	return err
}

func writeList(w io.Writer, p *plan.Plan) error {
	for _, c := range p.Checks {
		note := ""
		switch {
		case c.Unchecked != "":
			note = " (not checked: " + c.Unchecked + ")"
		case c.NotApplicable != "":
			note = " (not applicable: " + c.NotApplicable + ")"
		}
		if _, err := fmt.Fprintf(w, "%-8s %-6s %-8s %s%s\n", c.ID, c.Level, c.Need, c.Title, note); err != nil {
			return fmt.Errorf("write list: %w", err)
		}
		for _, one := range p.Cases {
			if one.Requirement == c.ID {
				if _, err := fmt.Fprintf(w, "         %s\n", one.Name); err != nil {
					return fmt.Errorf("write list: %w", err)
				}
			}
		}
	}
	return nil
}
