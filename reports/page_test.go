package reports

import (
	"bytes"
	"io"
	"strings"
	"testing"

	"hookdrill/internal/fixes"
)

// Every writer for people and programs leads to what there is to read: to the page, where one is
// published, and to the command that shows it otherwise.
func TestReportsLeadToThePages(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct{ docs, at string }{
		{"", ""},
		{"https://example.org/about/", "https://example.org/about/SIG-06.html"},
		{"http://127.0.0.1:8000/docs/requirements", "http://127.0.0.1:8000/docs/requirements/SIG-06.html"},
		{"file:///srv/site/docs/requirements", "file:///srv/site/docs/requirements/SIG-06.html"},
		{"https://forge.example/hooks/blob/main/docs/requirements/{id}.md", "https://forge.example/hooks/blob/main/docs/requirements/SIG-06.md"},
		{"https://example.org/?page={id}&x=1", "https://example.org/?page=SIG-06&x=1"},
		{"javascript:alert(1)//{id}", ""}, // a report.json may hold anything
		{"//example.org/{id}", ""},
	} {
		r := &Report{Docs: tt.docs, Checks: []Check{
			{ID: "SIG-06", Family: "SIG", Level: Must, Status: Fail, Cases: []Case{{Name: "half", Status: Fail, Expected: "4xx", Actual: "200"}}},
			{ID: `"><script>`, Family: "SIG", Level: Must, Status: Fail},
			{ID: "OWN-01", Family: "OWN", Level: Must, Status: Fail},
		}}
		text := map[string]string{}
		for name, err := range map[string]error{
			"html": write(text, "html", WriteHTML, r), "sarif": write(text, "sarif", WriteSARIF, r),
			"junit": write(text, "junit", WriteJUnit, r), "markdown": write(text, "markdown", WriteSummary, r),
		} {
			if err != nil {
				t.Fatalf("%s: %v", name, err)
			}
		}
		want := map[string]string{
			"html": `<code>hookdrill requirements SIG-06</code>`, "junit": "more: hookdrill requirements SIG-06\n", "markdown": "`hookdrill requirements SIG-06` shows the code.",
		}
		if tt.at != "" {
			want = map[string]string{
				"html": `<a href="` + strings.ReplaceAll(tt.at, "&", "&amp;") + `">`, "junit": "more: " + tt.at + "\n", "markdown": "[The page about it](<" + tt.at + ">)",
				"sarif": `"helpUri": "` + tt.at + `"`,
			}
		}
		for name, w := range want {
			if !strings.Contains(text[name], w) {
				t.Errorf("docs %q: %s has no %s", tt.docs, name, w)
			}
		}
		if tt.at == "" && (strings.Contains(text["sarif"], "helpUri") || strings.Contains(text["html"], "javascript:")) {
			t.Errorf("docs %q: there is a link", tt.docs)
		}
		if strings.Contains(text["html"], `"><script>`) || strings.Contains(text["html"]+text["junit"]+text["markdown"], "requirements OWN-01") {
			t.Errorf("docs %q: a page of what has none", tt.docs)
		}
	}
}

func write(into map[string]string, name string, to func(io.Writer, *Report) error, r *Report) error {
	var b bytes.Buffer
	err := to(&b, r)
	into[name] = b.String()
	return err
}

func TestValidateDocs(t *testing.T) {
	t.Parallel()
	for docs, right := range map[string]bool{
		"": true, "https://example.org": true, "http://[::1]:80/x": true, "file:///x/{id}.md": true,
		"example.org": false, "ftp://example.org": false, "javascript:x": false, "https:///x": false, "file:": false, "../site": false, "https://%zz": false,
	} {
		if err := ValidateDocs(docs); (err == nil) != right {
			t.Errorf("%q: %v", docs, err)
		}
	}
}

// Whoever has the file alone reads how a failure is mended: in words, and in code of three languages.
// It is there once a requirement, however many checks and cases failed of it.
func TestFailuresSayHowTheyAreMended(t *testing.T) {
	t.Parallel()
	known, err := fixes.All()
	if err != nil {
		t.Fatal(err)
	}
	r := &Report{}
	for id := range known {
		c := Check{ID: id, Family: "SIG", Level: Must, Status: Fail, Cases: []Case{{Name: "a", Status: Fail}}}
		r.Checks = append(r.Checks, c)
	}
	var b bytes.Buffer
	if err := WriteHTML(&b, r); err != nil {
		t.Fatal(err)
	}
	unescape := strings.NewReplacer("&#34;", `"`, "&#39;", "'", "&lt;", "<", "&gt;", ">", "&amp;", "&", "&#43;", "+", "&#96;", "`", "<code>", "", "</code>", "")
	text := unescape.Replace(b.String())
	for id, f := range known {
		code, err := f.Snippets()
		if err != nil {
			t.Fatal(err)
		}
		for _, w := range []string{fixes.Plain(f.Fails), fixes.Plain(f.Fix), code[0].Text, code[1].Text, code[2].Text} {
			if !strings.Contains(text, w) {
				t.Errorf("%s: the page does not have %s", id, w)
			}
		}
	}
	whole := b.Len()
	if most := 600 << 10; whole > most {
		t.Errorf("a page on which every requirement fails has %d KB", whole>>10)
	}
	for range 1000 {
		r.Checks = append(r.Checks, Check{ID: "SIG-06", Family: "SIG", Level: Must, Status: Fail})
	}
	b.Reset()
	if err := WriteHTML(&b, r); err != nil {
		t.Fatal(err)
	}
	if n := strings.Count(b.String(), `<details class="evidence fix">`); n != len(known) {
		t.Errorf("%d times code for %d requirements", n, len(known))
	}
	for i := range r.Checks {
		r.Checks[i].Status, r.Checks[i].Cases = Pass, nil
	}
	b.Reset()
	if err := WriteHTML(&b, r); err != nil {
		t.Fatal(err)
	}
	if strings.Contains(b.String(), "How to fix it") {
		t.Error("what passed is mended")
	}
}
