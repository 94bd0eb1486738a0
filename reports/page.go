package reports

import (
	"fmt"
	"net/url"
	"strings"

	"hookdrill/internal/fixes"
)

// Page is where hookdrill's repository keeps the page about a requirement, relative to its root:
// how it fails, and how that is mended.
func Page(id string) string { return "docs/requirements/" + id + ".md" }

// placeholder stands for a requirement's id in the address of its page.
const placeholder = "{id}"

// ValidateDocs says what is wrong with an address of the requirements' pages, see [Report.Docs];
// nil for one that can be used, and for "".
func ValidateDocs(docs string) error {
	if docs == "" {
		return nil
	}
	u, err := url.Parse(docs)
	if err != nil || u.Host == "" && u.Scheme != "file" || u.Path == "" && u.Scheme == "file" ||
		u.Scheme != "https" && u.Scheme != "http" && u.Scheme != "file" {
		return fmt.Errorf("want an address with https://, http:// or file:// that the pages of the requirements are under, or one with %s for a requirement's id, have %q", placeholder, docs)
	}
	return nil
}

// published is the address of the page about a requirement; "" when pages are published nowhere
// that is known, or there is none.
func (m mender) published(id string) string {
	if _, known := m.known[id]; !known || m.docs == "" {
		return ""
	}
	if strings.Contains(m.docs, placeholder) {
		return strings.ReplaceAll(m.docs, placeholder, id)
	}
	return strings.TrimRight(m.docs, "/") + "/" + id + ".html"
}

// mender knows how checks fail and are mended, and where the pages about that are.
type mender struct {
	known map[string]fixes.Fix
	docs  string
}

func menderOf(r *Report) (mender, error) {
	known, err := fixes.All()
	if err != nil {
		return mender{}, err //nolint:wrapcheck // it says what failed
	}
	m := mender{known: known}
	if ValidateDocs(r.Docs) == nil { // a file may hold anything
		m.docs = r.Docs
	}
	return m, nil
}

// whole is where all that there is to say about a requirement can be read: an address, or a
// command; "" for one of a file of the user's own.
func (m mender) whole(id string) string {
	if _, known := m.known[id]; !known {
		return ""
	}
	if at := m.published(id); at != "" {
		return at
	}
	return "hookdrill requirements " + id
}

// of is how a check that failed is mended; the zero value for one that did not fail, and for
// one of a file of the user's own.
func (m mender) of(c *Check) fixes.Fix {
	if c.Status != Fail && c.Status != KnownFail {
		return fixes.Fix{}
	}
	return m.known[c.ID]
}
