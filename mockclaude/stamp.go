package mockclaude

import (
	"fmt"
	"strconv"
	"time"

	"hookdrill/contract"
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
// A stamp's Text is not looked at.
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

// header is the stamp of a delivery's headers.
func (d Delivery) header() Stamp {
	if d.HeaderStamp == nil {
		s := d.Stamp
		s.Format = "" // the body's
		return s
	}
	s := *d.HeaderStamp
	if s.At.IsZero() {
		s.At = d.Stamp.At
	}
	return s
}

// HeaderStampText is what {timestamp} is in the headers of a delivery that is sent at a
// moment, in one of the contract's formats.
func HeaderStampText(now time.Time, d Delivery, format string) (string, error) {
	return formatHeader(now, d.header(), format)
}

// formatHeader writes a stamp where the contract has a timestamp of a format.
func formatHeader(now time.Time, s Stamp, format string) (string, error) {
	if s.Text != nil {
		return *s.Text, nil
	}
	if s.Format == "" {
		switch format {
		case contract.StampUnix:
			s.Format = "unix"
		case contract.StampUnixMS:
			s.Format = "unix_ms"
		}
	}
	return FormatStamp(now, s)
}
