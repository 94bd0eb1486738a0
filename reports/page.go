package reports

import "strings"

// Page is where hookdrill's repository keeps the page about a requirement, relative to its root:
// how it fails, and how that is mended.
func Page(id string) string { return "docs/requirements/" + id + ".md" }

// published is the address of the page about a requirement, below that of all pages; "" when
// they are published nowhere that is known.
func published(docs, id string) string {
	if docs == "" {
		return ""
	}
	return strings.TrimRight(docs, "/") + "/" + id
}
