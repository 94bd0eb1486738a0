package reference

import (
	"strconv"
	"strings"
	"time"
)

// maxSeconds bounds a Unix timestamp's digits: eleven reach the year 5138, and
// milliseconds have thirteen.
const maxSeconds = 11

// unixSeconds reads a Unix timestamp of a header. Package strconv alone is too
// kind: it takes signs, and others take 1e3 and white space. Who compares in
// floating point finds NaN neither too old nor too new.
func unixSeconds(text string) (time.Time, error) {
	const bad = malformed("timestamp_not_unix_seconds")
	if text == "" || len(text) > maxSeconds || strings.Trim(text, "0123456789") != "" {
		return time.Time{}, bad
	}
	seconds, err := strconv.ParseInt(text, 10, 64)
	if err != nil {
		return time.Time{}, bad
	}
	return time.Unix(seconds, 0), nil
}

// parseTimestamp reads an RFC 3339 date-time. Package time alone is too kind:
// it takes an hour of one digit, a comma, and a zone of +99:99.
func parseTimestamp(s string) (time.Time, error) {
	const bad = malformed("timestamp_not_rfc3339")
	s = strings.ToUpper(s) // RFC 3339, 5.6: t and z may be lower case
	t, err := time.Parse(time.RFC3339, s)
	if err != nil || s[len("2006-01-02T1")] == ':' || strings.Contains(s, ",") {
		return time.Time{}, bad
	}
	if zone := s[len(s)-len("07:00"):]; s[len(s)-1] != 'Z' && (zone[:2] > "23" || zone[3:] > "59") {
		return time.Time{}, bad
	}
	return t, nil
}
