package main

import (
	"net/url"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"hookdrill/internal/fixes"
	"hookdrill/reports"
)

// Every link of the documentation leads to a file that is there, and to a heading that it has.
func TestLinksOfTheDocumentation(t *testing.T) {
	t.Parallel()
	s, err := load("../..")
	if err != nil {
		t.Fatal(err)
	}
	for _, p := range s.broken() {
		t.Error(p)
	}
}

// What is written is whole in itself: each link leads to a file of the site and to an id in it.
func TestSite(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	if err := run([]string{"-root", "../..", "-out", dir}); err != nil {
		t.Fatal(err)
	}
	reference := regexp.MustCompile(`(?:href|src)="([^"]*)"`)
	pages := 0
	err := filepath.WalkDir(dir, func(file string, _ os.DirEntry, err error) error {
		if err != nil || !strings.HasSuffix(file, ".html") {
			return err
		}
		pages++
		text := read(t, file)
		if strings.Contains(text, "<script") {
			t.Errorf("%s has a script", file)
		}
		for _, m := range reference.FindAllStringSubmatch(text, -1) {
			u, err := url.Parse(strings.ReplaceAll(m[1], "&amp;", "&"))
			if err != nil {
				t.Errorf("%s: %v", file, err)
				continue
			}
			if u.Scheme != "" {
				continue
			}
			to := file
			if u.Path != "" {
				to = filepath.Join(filepath.Dir(file), filepath.FromSlash(u.Path))
			}
			if _, err := os.Stat(to); err != nil {
				t.Errorf("%s: %s: %v", file, m[1], err)
			} else if u.Fragment != "" && !strings.Contains(read(t, to), ` id="`+u.Fragment+`"`) {
				t.Errorf("%s: %s: there is no such id", file, m[1])
			}
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	if pages < 100 {
		t.Errorf("there are %d pages, and more than a hundred requirements", pages)
	}
	for file, want := range map[string]string{
		"index.html":                               `<a href="docs/probe.html">`,
		"docs/requirements/SIG-06.html":            `<a href="../../docs/requirements/index.html">The requirements</a>`,
		"docs/requirements/PAY-08.html":            "and __proto__",
		"docs/requirements/IDEM-02.html":           `<a href="IDEM-03.html" rel="next">`,
		"docs/requirements/IDEM-03.html":           `<h2 id="how-it-fails">How it fails <a class="anchor" href="#how-it-fails"`,
		"docs/drills.html":                         `<a href="../docs/drills.html" aria-current="page">Drills</a><ul><li><a href="#`,
		"docs/report.png":                          "PNG",
		"docs/loadtest.html":                       `<h2 id="latency">`,
		"examples/" + "flask" + "/" + "index.html": "<h1",
	} {
		if !strings.Contains(read(t, filepath.Join(dir, filepath.FromSlash(file))), want) {
			t.Errorf("%s has no %s", file, want)
		}
	}
}

// A report that is told where the pages are leads to one for each requirement: on the site, whether it
// is opened from a disk or served, and in the folder of Markdown.
func TestReportsLeadToTheSite(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	if err := run([]string{"-root", "../..", "-out", dir}); err != nil {
		t.Fatal(err)
	}
	root, err := filepath.Abs("../..")
	if err != nil {
		t.Fatal(err)
	}
	known, err := fixes.All()
	if err != nil {
		t.Fatal(err)
	}
	r := &reports.Report{}
	for id := range known {
		r.Checks = append(r.Checks, reports.Check{ID: id, Level: reports.Must, Status: reports.Pass})
	}
	for _, docs := range []string{"file://" + dir + "/docs/requirements", "file://" + root + "/docs/requirements/{id}.md"} {
		r.Docs = docs
		var b strings.Builder
		if err := reports.WriteHTML(&b, r); err != nil {
			t.Fatal(err)
		}
		links := regexp.MustCompile(`href="file://([^"]*)"`).FindAllStringSubmatch(b.String(), -1)
		if len(links) != len(known) {
			t.Errorf("%s: %d links for %d requirements", docs, len(links), len(known))
		}
		for _, l := range links {
			if !strings.Contains(read(t, l[1]), "How to fix it") {
				t.Errorf("%s does not say how it is mended", l[1])
			}
		}
	}
}

func TestBrokenLinksAreNamed(t *testing.T) {
	t.Parallel()
	root := t.TempDir()
	text := "# A *title*, `code`\n\n[a](#a-title-code) [b](#none) [c](gone.md) [d](../../out) [e](https://example.org) [f](x.txt) [g](README.md#two-1)\n\n## Two\n\n## Two\n"
	for name, content := range map[string]string{"README.md": text, "x.txt": "x"} {
		if err := os.WriteFile(filepath.Join(root, name), []byte(content), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	s, err := load(root)
	if err != nil {
		t.Fatal(err)
	}
	want := []string{
		`README.md: "#none": README.md has no heading for #none`, `README.md: "../../out" leads out of the repository`,
		`README.md: "gone.md": there is no gone.md`,
	}
	if have := s.broken(); !slices.Equal(have, want) {
		t.Errorf("have %q, want %q", have, want)
	}
	if err := run([]string{"-root", root, "-out", t.TempDir()}); err == nil {
		t.Error("a site with broken links was written")
	}
}

func read(t *testing.T, file string) string {
	t.Helper()
	data, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	return string(data)
}
