package main

import (
	"bytes"
	_ "embed" // for site.css
	"fmt"
	"html/template"
	"os"
	"path"
	"path/filepath"
	"slices"
	"strings"
)

//go:embed site.css
var stylesheet []byte

const layout = `<!DOCTYPE html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta http-equiv="Content-Security-Policy" content="default-src 'none'; style-src 'self'; img-src 'self'">
<title>{{.Title}} · hookdrill</title>
<link rel="stylesheet" href="{{.Up}}site.css">
</head>
<body>
<a class="skip" href="#content">To the page</a>
<nav aria-label="Pages"><ul>
{{- range .Entries}}
<li><a href="{{.To}}"{{if .Here}} aria-current="page"{{end}}>{{.Title}}</a></li>
{{- end}}
</ul></nav>
<main id="content">
{{.Body}}</main>
</body>
</html>
`

// entry is a line of the navigation.
type entry struct {
	To, Title string
	Here      bool
}

// write makes dir the site: pages, the stylesheet, and the files that the pages lead to.
func (s *site) write(dir string) error {
	shown := template.Must(template.New("page").Parse(layout))
	for _, name := range s.names() {
		p := s.pages[name]
		for _, l := range p.links {
			to, err := s.lead(p, l.to, dir)
			if err != nil {
				return err
			}
			l.set(to)
		}
		var body, whole bytes.Buffer
		if err := markdown().Renderer().Render(&body, p.source, p.tree); err != nil {
			return fmt.Errorf("render %s: %w", name, err)
		}
		up := strings.Repeat("../", strings.Count(name, "/"))
		err := shown.Execute(&whole, struct {
			Title, Up string
			Entries   []entry
			Body      template.HTML
		}{p.title, up, s.navigation(p, up), template.HTML(body.String())}) //nolint:gosec // goldmark leaves out raw HTML
		if err != nil {
			return fmt.Errorf("write %s: %w", name, err)
		}
		if err := put(filepath.Join(dir, filepath.FromSlash(htmlName(name))), whole.Bytes()); err != nil {
			return err
		}
	}
	return put(filepath.Join(dir, "site.css"), stylesheet)
}

// names lists the pages, README first.
func (s *site) names() []string {
	var names []string
	for name := range s.pages {
		names = append(names, name)
	}
	slices.SortFunc(names, func(a, b string) int {
		if depth := strings.Count(a, "/") - strings.Count(b, "/"); depth != 0 {
			return depth
		}
		return strings.Compare(strings.Replace(a, "README", " ", 1), strings.Replace(b, "README", " ", 1))
	})
	return names
}

// navigation lists the pages but for those that an index of their folder lists.
func (s *site) navigation(here *page, up string) []entry {
	var out []entry
	for _, name := range s.names() {
		if strings.Count(name, "/") > 1 && path.Base(name) != "README.md" {
			continue
		}
		out = append(out, entry{up + htmlName(name), s.pages[name].title, name == here.name})
	}
	return out
}

// lead is a link as the site has it; a file that is no page comes along.
func (s *site) lead(p *page, to, dir string) (string, error) {
	name, fragment, err := s.target(p, to)
	if err != nil || name == "" {
		return to, err
	}
	if fragment != "" {
		fragment = "#" + fragment
	}
	up := strings.Repeat("../", strings.Count(p.name, "/"))
	if s.pages[name] != nil {
		return up + htmlName(name) + fragment, nil
	}
	from := filepath.Join(s.root, filepath.FromSlash(name))
	info, err := os.Stat(from)
	if err != nil {
		return "", fmt.Errorf("follow link: %w", err)
	}
	if info.IsDir() { // a page that lists what is in it
		list, err := listing(from, name)
		if err != nil {
			return "", err
		}
		return up + name + "/index.txt", put(filepath.Join(dir, filepath.FromSlash(name), "index.txt"), list)
	}
	data, err := os.ReadFile(from) //nolint:gosec // a file of the repository
	if err != nil {
		return "", fmt.Errorf("follow link: %w", err)
	}
	return up + name, put(filepath.Join(dir, filepath.FromSlash(name)), data)
}

func listing(folder, name string) ([]byte, error) {
	files, err := os.ReadDir(folder)
	if err != nil {
		return nil, fmt.Errorf("list folder: %w", err)
	}
	var b strings.Builder
	fmt.Fprintf(&b, "%s, in hookdrill's repository, holds:\n\n", name)
	for _, f := range files {
		fmt.Fprintln(&b, f.Name())
	}
	return []byte(b.String()), nil
}

// htmlName is the file of a page: README.md is the index of its folder.
func htmlName(name string) string {
	if path.Base(name) == "README.md" {
		return path.Join(path.Dir(name), "index.html")
	}
	return strings.TrimSuffix(name, ".md") + ".html"
}

func put(file string, data []byte) error {
	if err := os.MkdirAll(filepath.Dir(file), 0o755); err != nil { //nolint:gosec // to be published
		return fmt.Errorf("make folder: %w", err)
	}
	if err := os.WriteFile(file, data, 0o644); err != nil { //nolint:gosec // to be published
		return fmt.Errorf("write file: %w", err)
	}
	return nil
}
