package mockclaude

import (
	"strings"
	"testing"
	"time"
)

func noon() time.Time { return time.Date(2026, 3, 4, 12, 30, 15, 123_456_789, time.UTC) }

func TestFormatStamp(t *testing.T) {
	t.Parallel()
	want := map[string]string{
		"": "2026-03-04T12:30:15Z", "z": "2026-03-04T12:30:15Z", "utc": "2026-03-04T12:30:15+00:00",
		"+10:00": "2026-03-04T22:30:15+10:00", "-08:00": "2026-03-04T04:30:15-08:00",
		"ms": "2026-03-04T12:30:15.123Z", "us": "2026-03-04T12:30:15.123456Z", "ns": "2026-03-04T12:30:15.123456789Z",
		"unix": "1772627415", "unix_ms": "1772627415123",
	}
	for _, format := range append(StampFormats(), "") {
		got, err := FormatStamp(noon(), Stamp{Format: format})
		if err != nil || got != want[format] {
			t.Errorf("format %q: %q, %v; want %q", format, got, err, want[format])
		}
		if !strings.HasPrefix(format, "unix") {
			if _, err := time.Parse(time.RFC3339Nano, got); err != nil {
				t.Errorf("format %q is not RFC 3339: %v", format, err)
			}
		}
	}
	got, err := FormatStamp(noon().In(time.FixedZone("x", 3600)), Stamp{Offset: -10 * time.Minute})
	if err != nil || got != "2026-03-04T12:20:15Z" {
		t.Errorf("offset: %q, %v", got, err)
	}
	if _, err := FormatStamp(noon(), Stamp{Format: "rfc822"}); err == nil {
		t.Error("an unknown format is no error")
	}
}

func TestExpand(t *testing.T) {
	t.Parallel()
	for template, want := range map[string]string{
		``: ``, `{"a":{"b":1}}`: `{"a":{"b":1}}`,
		`{"t":"{{stamp}}"}`:          `{"t":"2026-03-04T12:30:15Z"}`,
		`{{repeat:3:[}}1`:            `[[[1`,
		`{{repeat:2:{"a":}}1`:        `{"a":{"a":1`,
		`{{repeat:0:x}}`:             ``,
		`{{repeat:2:a:b}}`:           `a:ba:b`,
		`x{{hex:00ffC3}}y`:           "x\x00\xff\xc3y",
		`{{{repeat:2:"a":1,}}"b":1}`: `{"a":1,"a":1,"b":1}`,
		`{{hex:7B7B}}`:               `{{`,
	} {
		got, err := Expand(template, noon(), Stamp{})
		if err != nil || string(got) != want {
			t.Errorf("%s: %q, %v; want %q", template, got, err, want)
		}
	}
	for _, template := range []string{
		`{{`, `{{stamp`, `{{}}`, `{{stampe}}`, `{{repeat:x:y}}`, `{{repeat:-1:y}}`, `{{repeat:3}}`, `{{hex:0}}`,
		`{{hex:zz}}`, `{{repeat:999999999:abcdef}}`, `{{signature}}`,
	} {
		if got, err := Expand(template, noon(), Stamp{}); err == nil {
			t.Errorf("%s: %q is no error", template, got)
		}
	}
}

func FuzzExpand(f *testing.F) {
	f.Add(`{"t":"{{stamp}}",{{repeat:3:x}}{{hex:00}}`)
	f.Fuzz(func(t *testing.T, template string) {
		out, err := Expand(template, noon(), Stamp{})
		if err == nil && !strings.Contains(template, "{{") && string(out) != template {
			t.Errorf("%q became %q", template, out)
		}
	})
}
