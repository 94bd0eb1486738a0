package reference

import (
	"net/url"
	"strings"
)

// apiPath is the path of a resource on the sender's API; "" if a segment cannot
// be one. Ids come off the wire and are opaque, but one that goes into a path
// with the API's key beside it must not lead elsewhere. Escaping alone is not
// enough: "..", "%2e%2e" and "a%2F..%2Fb" are all undone by one server or proxy
// or another on the way. So only what needs no escape is taken, and nothing that
// is dots alone.
func apiPath(segments ...string) string {
	var path strings.Builder
	path.WriteString("/v1")
	for _, segment := range segments {
		if !plainSegment(segment) {
			return ""
		}
		path.WriteByte('/')
		path.WriteString(url.PathEscape(segment))
	}
	return path.String()
}

// plainSegment reports whether a text means the same before and after any
// escaping and normalising: RFC 3986's unreserved characters, up to 256.
func plainSegment(segment string) bool {
	const longest = 256
	return segment != "" && len(segment) <= longest && strings.Trim(segment, ".") != "" &&
		strings.TrimFunc(segment, func(r rune) bool {
			return 'a' <= r && r <= 'z' || 'A' <= r && r <= 'Z' || '0' <= r && r <= '9' || strings.ContainsRune("-_.~", r)
		}) == ""
}
