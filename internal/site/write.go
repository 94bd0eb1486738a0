package main

import (
	"bytes"
	_ "embed" // for site.css
	"fmt"
	"html/template"
	"os"
	"path"
	"path/filepath"
	"regexp"
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
<main id="content">
<p class="where">{{range .Trail}}<a href="{{.To}}">{{.Title}}</a> {{end}}<a class="menu" href="#pages">All pages</a></p>
{{.Body}}
{{- if or .Before.To .After.To}}
<p class="turn">{{with .Before}}{{if .To}}<a href="{{.To}}" rel="prev">← {{.Title}}</a>{{end}}{{end}} {{with .After}}{{if .To}}<a href="{{.To}}" rel="next">{{.Title}} →</a>{{end}}{{end}}</p>
{{- end}}
</main>
<nav id="pages" aria-label="Pages"><ul>
{{- range .Entries}}
<li{{if .First}} class="first"{{end}}><a href="{{.To}}"{{if .Here}} aria-current="page"{{end}}>{{.Title}}</a>
{{- with .Parts}}<ul>{{range .}}<li><a href="{{.To}}">{{.Title}}</a></li>{{end}}</ul>{{end}}</li>
{{- end}}
</ul></nav>
</body>
</html>
`

// entry is a line of the navigation.
type entry struct {
	To, Title string
	Here      bool
	First     bool    // of its group
	Parts     []entry // the headings of the page that is shown
}

// shown is what the layout is given.
type shown struct {
	Title, Up     string
	Entries       []entry
	Trail         []entry // the pages above this one
	Before, After entry   // its neighbours in a folder that its index lists
	Body          template.HTML
}

// write makes dir the site: pages, the stylesheet, and the files that the pages lead to.
func (s *site) write(dir string) error {
	pages := template.Must(template.New("page").Parse(layout))
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
		before, after := s.neighbours(p)
		err := pages.Execute(&whole, shown{
			p.title, up, s.navigation(p, up), s.trail(p, up), before, after,
			template.HTML(anchored(body.String())), //nolint:gosec // goldmark leaves out raw HTML
		})
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
		if g := group(a) - group(b); g != 0 {
			return g
		}
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
	last := -1
	for _, name := range s.names() {
		if strings.Count(name, "/") > 1 && path.Base(name) != "README.md" {
			continue
		}
		one := entry{To: up + htmlName(name), Title: s.pages[name].title, Here: name == here.name}
		if one.Here {
			one.Parts = here.parts
		}
		if n := len(out); n > 0 {
			one.First = group(name) != last
		}
		last = group(name)
		out = append(out, one)
	}
	return out
}

// group is where a page stands in the navigation: the README, the documentation, the lists of further
// pages, the examples, and last what is about the project itself.
func group(name string) int {
	switch {
	case name == "README.md":
		return 0
	case strings.HasPrefix(name, "docs/"):
		return 1
	case strings.HasPrefix(name, "examples/"):
		return 2
	}
	return 3
}

// trail lists the indexes above a page, the outermost first.
func (s *site) trail(here *page, up string) []entry {
	var out []entry
	for dir := path.Dir(here.name); ; dir = path.Dir(dir) {
		name := path.Join(dir, "README.md")
		if above := s.pages[name]; above != nil && name != here.name {
			out = slices.Insert(out, 0, entry{To: up + htmlName(name), Title: above.title})
		}
		if dir == "." {
			return out
		}
	}
}

// neighbours are the pages before and after one in a folder of pages that only its index lists.
func (s *site) neighbours(here *page) (before, after entry) {
	if strings.Count(here.name, "/") < 2 || path.Base(here.name) == "README.md" {
		return before, after
	}
	var folder []string
	for name := range s.pages {
		if path.Dir(name) == path.Dir(here.name) && path.Base(name) != "README.md" {
			folder = append(folder, name)
		}
	}
	slices.Sort(folder)
	i := slices.Index(folder, here.name)
	to := func(name string) entry { return entry{To: path.Base(htmlName(name)), Title: s.pages[name].title} }
	if i > 0 {
		before = to(folder[i-1])
	}
	if i+1 < len(folder) {
		after = to(folder[i+1])
	}
	return before, after
}

// anchored gives each heading a link to itself, to copy.
func anchored(body string) string {
	return regexp.MustCompile(`(<h[23] id="([^"]+)">)(.*?)(</h[23]>)`).
		ReplaceAllString(body, `$1$3 <a class="anchor" href="#$2" aria-label="Link to this part">#</a>$4`)
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
