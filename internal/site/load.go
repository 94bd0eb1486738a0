package main

import (
	"fmt"
	"net/url"
	"os"
	"path"
	"path/filepath"
	"regexp"
	"slices"
	"strings"

	"github.com/yuin/goldmark"
	"github.com/yuin/goldmark/ast"
	"github.com/yuin/goldmark/extension"
	"github.com/yuin/goldmark/parser"
	"github.com/yuin/goldmark/text"
)

// site is every page, and every file that the pages show.
type site struct {
	root  string
	pages map[string]*page
}

// page is a Markdown file; its name is relative to the root, with slashes.
type page struct {
	name, title string
	source      []byte
	tree        ast.Node
	anchors     map[string]bool
	links       []link
	parts       []entry // its headings of the second level
}

// link is a destination as it was written, in a place that can be rewritten.
type link struct {
	to  string
	set func(string)
}

// globs name the pages.
func globs() []string {
	return []string{"*.md", "docs/*.md", "docs/*/*.md", "examples/*.md", "examples/*/*.md"}
}

func load(root string) (*site, error) {
	s := &site{root: root, pages: map[string]*page{}}
	for _, pattern := range globs() {
		files, err := filepath.Glob(filepath.Join(root, pattern))
		if err != nil {
			return nil, fmt.Errorf("list pages: %w", err)
		}
		for _, file := range files {
			name, err := filepath.Rel(root, file)
			if err != nil {
				return nil, fmt.Errorf("name page: %w", err)
			}
			source, err := os.ReadFile(file) //nolint:gosec // a page of the repository
			if err != nil {
				return nil, fmt.Errorf("read page: %w", err)
			}
			s.pages[filepath.ToSlash(name)] = parse(filepath.ToSlash(name), source)
		}
	}
	if len(s.pages) == 0 {
		return nil, fmt.Errorf("there are no pages in %s: run it in the repository, or give --root", root)
	}
	return s, nil
}

func markdown() goldmark.Markdown { return goldmark.New(goldmark.WithExtensions(extension.GFM)) }

func parse(name string, source []byte) *page {
	p := &page{name: name, title: name, source: source, anchors: map[string]bool{}}
	p.tree = markdown().Parser().Parse(text.NewReader(source), parser.WithContext(parser.NewContext()))
	titled := false
	_ = ast.Walk(p.tree, func(n ast.Node, entering bool) (ast.WalkStatus, error) {
		if !entering {
			return ast.WalkContinue, nil
		}
		switch n := n.(type) {
		case *ast.Heading:
			words := plain(n, source)
			id := anchor(words, p.anchors)
			p.anchors[id] = true
			n.SetAttributeString("id", []byte(id))
			if n.Level == 2 {
				p.parts = append(p.parts, entry{To: "#" + id, Title: words})
			}
			if !titled && n.Level == 1 {
				p.title, titled = words, true
			}
		case *ast.Link:
			p.links = append(p.links, link{string(n.Destination), func(to string) { n.Destination = []byte(to) }})
		case *ast.Image:
			p.links = append(p.links, link{string(n.Destination), func(to string) { n.Destination = []byte(to) }})
		}
		return ast.WalkContinue, nil
	})
	return p
}

// plain is the text of a heading.
func plain(n ast.Node, source []byte) string {
	var b strings.Builder
	_ = ast.Walk(n, func(c ast.Node, entering bool) (ast.WalkStatus, error) {
		if t, is := c.(*ast.Text); is && entering {
			b.Write(t.Segment.Value(source))
		}
		return ast.WalkContinue, nil
	})
	return regexp.MustCompile(`\\([[:punct:]])`).ReplaceAllString(b.String(), "$1")
}

// anchor is the name that GitHub gives a heading: the links were written for it.
func anchor(words string, taken map[string]bool) string {
	base := regexp.MustCompile(`[^\p{L}\p{N}_ -]`).ReplaceAllString(strings.ToLower(words), "")
	base = strings.ReplaceAll(base, " ", "-")
	id := base
	for i := 1; taken[id]; i++ {
		id = fmt.Sprintf("%s-%d", base, i)
	}
	return id
}

// target finds what a link leads to: a page, or another file or folder, and an anchor. Name is ""
// for what is elsewhere.
func (s *site) target(p *page, to string) (name, fragment string, err error) {
	u, err := url.Parse(to)
	if err != nil {
		return "", "", fmt.Errorf("parse link: %w", err)
	}
	if u.Scheme != "" || u.Host != "" {
		return "", "", nil
	}
	name = p.name
	if u.Path != "" {
		name = path.Join(path.Dir(p.name), u.Path)
	}
	if _, folder := s.pages[path.Join(name, "README.md")]; folder {
		name = path.Join(name, "README.md")
	}
	return name, u.Fragment, nil
}

// broken lists the links that lead nowhere.
func (s *site) broken() []string {
	var out []string
	for _, p := range s.pages {
		for _, l := range p.links {
			name, fragment, err := s.target(p, l.to)
			if err != nil {
				out = append(out, fmt.Sprintf("%s: %q: %v", p.name, l.to, err))
				continue
			}
			if name == "" {
				continue
			}
			if to := s.pages[name]; to != nil {
				if fragment != "" && !to.anchors[fragment] {
					out = append(out, fmt.Sprintf("%s: %q: %s has no heading for #%s", p.name, l.to, name, fragment))
				}
				continue
			}
			if strings.HasPrefix(name, "..") {
				out = append(out, fmt.Sprintf("%s: %q leads out of the repository", p.name, l.to))
				continue
			}
			if _, err := os.Stat(filepath.Join(s.root, filepath.FromSlash(name))); err != nil {
				out = append(out, fmt.Sprintf("%s: %q: there is no %s", p.name, l.to, name))
			}
		}
	}
	slices.Sort(out)
	return out
}
