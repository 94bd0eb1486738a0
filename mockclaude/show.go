package mockclaude

import (
	"net/url"
	"strings"
)

// masked stands for a value that is not shown.
const masked = "***"

// secretWords are what the names of query parameters contain whose values are
// secrets.
func secretWords() []string {
	return []string{"token", "secret", "key", "sig", "password", "auth", "code"}
}

// ShowURL gives a URL as reports show it: *** stands for the value of each query
// parameter whose name contains token, secret, key, sig, password, auth or code.
// Everything else is as it was, in a text that is no URL too.
func ShowURL(raw string) string {
	rest, query, found := strings.Cut(raw, "?")
	if !found {
		return raw
	}
	query, fragment, cut := strings.Cut(query, "#")
	var out strings.Builder
	out.WriteString(rest + "?")
	for i, pair := range strings.Split(query, "&") {
		if i > 0 {
			out.WriteByte('&')
		}
		name, value, _ := strings.Cut(pair, "=")
		if value != "" && secretName(name) {
			pair = name + "=" + masked
		}
		out.WriteString(pair)
	}
	if cut {
		out.WriteString("#" + fragment)
	}
	return out.String()
}

func secretName(name string) bool {
	if plain, err := url.QueryUnescape(name); err == nil {
		name = plain
	}
	name = strings.ToLower(name)
	for _, word := range secretWords() {
		if strings.Contains(name, word) {
			return true
		}
	}
	return false
}

// hideQuery makes the secrets in a target's query unknown to records, wherever
// they turn up.
func (s *Sender) hideQuery(target *url.URL) {
	for pair := range strings.SplitSeq(target.RawQuery, "&") {
		name, value, _ := strings.Cut(pair, "=")
		if !secretName(name) {
			continue
		}
		for _, spelling := range spelt(value) {
			if len(spelling) >= leastSecret {
				s.redactor.AddSecret(spelling, masked)
			}
		}
	}
}

// spelt is a value as it stands in a query, and as it is meant.
func spelt(value string) []string {
	if plain, err := url.QueryUnescape(value); err == nil && plain != value {
		return []string{value, plain}
	}
	return []string{value}
}
