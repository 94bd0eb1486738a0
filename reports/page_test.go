package reports

import (
	"bytes"
	"strings"
	"testing"
)

func TestHTMLNamesThePages(t *testing.T) {
	t.Parallel()
	r := &Report{Checks: []Check{{ID: "SIG-06", Family: "SIG", Level: Must, Status: Fail}, {ID: `"><script>`, Family: "SIG", Level: Must, Status: Fail}}}
	for docs, want := range map[string]string{
		"":                               `<code>docs/requirements/SIG-06.md</code>`,
		"https://example.org/about/":     `<a href="https://example.org/about/SIG-06">SIG-06</a>`,
		"https://example.org/about?a=b&": `<a href="https://example.org/about?a=b&amp;/SIG-06">SIG-06</a>`,
	} {
		var b bytes.Buffer
		if err := WriteLinkedHTML(&b, r, docs); err != nil {
			t.Fatal(err)
		}
		if !strings.Contains(b.String(), want) {
			t.Errorf("docs %q: the page has no %s", docs, want)
		}
		if strings.Contains(b.String(), `"><script>`) {
			t.Errorf("docs %q: an id is markup", docs)
		}
	}
}
