package mockclaude

import (
	"fmt"
	"strconv"
	"time"
)

// StampFormats lists the names that [Stamp].Format may have, apart from "",
// which means z.
func StampFormats() []string {
	return []string{"z", "utc", "+10:00", "-08:00", "ms", "us", "ns", "unix", "unix_ms"}
}

// FormatStamp writes the moment now plus the stamp's offset in the stamp's
// format: "" and z are RFC 3339 with Z and seconds, utc has +00:00 in place of
// Z, +10:00 and -08:00 are in those zones, ms, us and ns have 3, 6 and 9 digits
// of fraction, unix and unix_ms are digits that a template may leave unquoted.
// An unknown format is an error.
func FormatStamp(now time.Time, s Stamp) (string, error) {
	if !s.At.IsZero() {
		now = s.At
	}
	t := now.Add(s.Offset).UTC()
	switch s.Format {
	case "", "z":
		return t.Format("2006-01-02T15:04:05Z"), nil
	case "utc":
		return t.Format("2006-01-02T15:04:05+00:00"), nil
	case "+10:00":
		return t.In(time.FixedZone(s.Format, 10*60*60)).Format("2006-01-02T15:04:05-07:00"), nil
	case "-08:00":
		return t.In(time.FixedZone(s.Format, -8*60*60)).Format("2006-01-02T15:04:05-07:00"), nil
	case "ms":
		return t.Format("2006-01-02T15:04:05.000Z"), nil
	case "us":
		return t.Format("2006-01-02T15:04:05.000000Z"), nil
	case "ns":
		return t.Format("2006-01-02T15:04:05.000000000Z"), nil
	case "unix":
		return strconv.FormatInt(t.Unix(), 10), nil
	case "unix_ms":
		return strconv.FormatInt(t.UnixMilli(), 10), nil
	default:
		return "", fmt.Errorf("format stamp: unknown format %q", s.Format)
	}
}
