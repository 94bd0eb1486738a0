package main

import (
	"embed"
	"fmt"
	"regexp"
	"strings"

	"github.com/goccy/go-yaml"
)

//go:embed fixes.yaml code
var data embed.FS

// fix is a row of fixes.yaml, which says what each field is.
type fix struct {
	ID       string   `yaml:"id"`
	Fails    string   `yaml:"fails"`
	Fix      string   `yaml:"fix"`
	Code     string   `yaml:"code"`
	With     string   `yaml:"with"`
	Database bool     `yaml:"database"`
	Drills   []string `yaml:"drills"`
}

// fixes returns the rows by their ids.
func fixes() (map[string]fix, error) {
	text, err := data.ReadFile("fixes.yaml")
	if err != nil {
		return nil, fmt.Errorf("read fixes: %w", err)
	}
	var file struct {
		Fixes []fix `yaml:"fixes"`
	}
	if err := yaml.UnmarshalWithOptions(text, &file, yaml.Strict()); err != nil {
		return nil, fmt.Errorf("read fixes.yaml: %w", err)
	}
	byID := map[string]fix{}
	for _, f := range file.Fixes {
		if _, taken := byID[f.ID]; taken {
			return nil, fmt.Errorf("fixes.yaml: two rows about %s", f.ID)
		}
		if strings.TrimSpace(f.Fails) == "" || strings.TrimSpace(f.Fix) == "" {
			return nil, fmt.Errorf("fixes.yaml: %s: fails and fix are both wanted", f.ID)
		}
		byID[f.ID] = f
	}
	return byID, nil
}

// snippet is code in one language.
type snippet struct{ Language, Text string }

// languages lists those of every file in code/, in their order, with their names.
func languages() [][2]string {
	return [][2]string{{"python", "Python"}, {"node", "Node"}, {"go", "Go"}}
}

// snippets reads the code that mends a requirement in three languages.
func snippets(name string) ([]snippet, error) {
	text, err := data.ReadFile("code/" + name + ".md")
	if err != nil {
		return nil, fmt.Errorf("read code: %w", err)
	}
	var out []snippet
	for _, found := range regexp.MustCompile("(?s)```([a-z]+)\n(.*?)```").FindAllSubmatch(text, -1) {
		out = append(out, snippet{string(found[1]), string(found[2])})
	}
	for i, l := range languages() {
		if len(out) != len(languages()) || out[i].Language != l[0] {
			return nil, fmt.Errorf("code/%s.md: want one block each of python, node and go, in this order", name)
		}
	}
	return out, nil
}
