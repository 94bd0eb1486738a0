// Package fixes holds what there is to say of a requirement beside the catalogue: how it fails, and
// how that is mended, with code in three languages. Reports, the pages of docs/requirements and
// `hookdrill requirements` say the same, from here.
//
// It must not know any run, nor how anything is judged.
package fixes

import (
	"embed"
	"fmt"
	"regexp"
	"strings"

	"github.com/goccy/go-yaml"
)

//go:embed fixes.yaml code
var data embed.FS

// Fix is what there is to say about one requirement; fixes.yaml says what each field is.
type Fix struct {
	ID       string   `yaml:"id"`
	Fails    string   `yaml:"fails"`
	Fix      string   `yaml:"fix"`
	Code     string   `yaml:"code"`
	With     string   `yaml:"with"`
	Database bool     `yaml:"database"`
	Drills   []string `yaml:"drills"`
}

// All returns what is known of every requirement, by its id.
func All() (map[string]Fix, error) {
	text, err := data.ReadFile("fixes.yaml")
	if err != nil {
		return nil, fmt.Errorf("read fixes: %w", err)
	}
	var file struct {
		Fixes []Fix `yaml:"fixes"`
	}
	if err := yaml.UnmarshalWithOptions(text, &file, yaml.Strict()); err != nil {
		return nil, fmt.Errorf("read fixes.yaml: %w", err)
	}
	byID := map[string]Fix{}
	for _, f := range file.Fixes {
		if _, taken := byID[f.ID]; taken {
			return nil, fmt.Errorf("fixes.yaml: two rows about %s", f.ID)
		}
		f.Fails, f.Fix = strings.TrimSpace(f.Fails), strings.TrimSpace(f.Fix)
		if f.Fails == "" || f.Fix == "" {
			return nil, fmt.Errorf("fixes.yaml: %s: fails and fix are both wanted", f.ID)
		}
		byID[f.ID] = f
	}
	return byID, nil
}

// Snippet is code in one language: its name for people, its name for highlighters, and the code.
type Snippet struct{ Name, Language, Text string }

// languages are those of every file in code/, in their order.
func languages() []Snippet {
	return []Snippet{{Name: "Python", Language: "python"}, {Name: "Node", Language: "js"}, {Name: "Go", Language: "go"}}
}

// Snippets returns the code that mends the requirement: in Python, Node and Go, in this order.
func (f Fix) Snippets() ([]Snippet, error) {
	text, err := data.ReadFile("code/" + f.Code + ".md")
	if err != nil {
		return nil, fmt.Errorf("read code: %w", err)
	}
	out := languages()
	found := regexp.MustCompile("(?s)```([a-z]+)\n(.*?)```").FindAllSubmatch(text, -1)
	for i := range out {
		want := map[bool]string{true: "node", false: out[i].Language}[out[i].Name == "Node"]
		if len(found) != len(out) || string(found[i][1]) != want {
			return nil, fmt.Errorf("code/%s.md: want one block each of python, node and go, in this order", f.Code)
		}
		out[i].Text = string(found[i][2])
	}
	return out, nil
}

// Part is a stretch of a text: words, or code.
type Part struct {
	Text string
	Code bool
}

// Parts divides a text of fixes.yaml, where code stands between backticks and a link to another
// page in brackets, of which the words are kept.
func Parts(text string) []Part {
	text = regexp.MustCompile(`\[([^]]*)\]\([^)]*\)`).ReplaceAllString(text, "$1")
	var out []Part
	for i, piece := range strings.Split(text, "`") {
		if piece != "" {
			out = append(out, Part{piece, i%2 == 1})
		}
	}
	return out
}

// Plain is a text of fixes.yaml as words alone.
func Plain(text string) string {
	var b strings.Builder
	for _, p := range Parts(text) {
		b.WriteString(p.Text)
	}
	return b.String()
}
