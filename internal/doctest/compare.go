package doctest

import (
	"encoding/json"
	"fmt"
	"regexp"
	"strings"
)

// Compare says where a command printed something else than a page shows. Line must follow line; a
// line that begins with "…" stands for any lines, and "…" within a line for any text. What
// differs from run to run is not compared: addresses, seeds, ids, keys, times, and figures with a
// unit. Blank lines, and how far columns are apart, do not count. Objects of JSON are compared
// without regard to how they are broken into lines.
func Compare(shown []string, have string) error {
	want, got := masked(shown), masked(strings.Split(have, "\n"))
	at, anywhere := 0, false
	for _, line := range want {
		if strings.HasPrefix(line, "…") {
			anywhere = true
			continue
		}
		pattern := shape(line)
		next := at
		for next < len(got) && !pattern.MatchString(got[next]) {
			if !anywhere {
				return fmt.Errorf("the page shows\n\t%s\nand there was printed\n\t%s\nin\n%s", line, got[next], have)
			}
			next++
		}
		if next == len(got) {
			return fmt.Errorf("the page shows\n\t%s\nand it was not printed, or not there, in\n%s", line, have)
		}
		at, anywhere = next+1, false
	}
	if at < len(got) && !anywhere {
		return fmt.Errorf("the page does not show what was printed last:\n\t%s\nin\n%s", got[at], have)
	}
	return nil
}

// shape matches a line, with any text for each "…" in it.
func shape(line string) *regexp.Regexp {
	return regexp.MustCompile("^" + strings.ReplaceAll(regexp.QuoteMeta(line), "…", ".*") + "$")
}

// masked joins the lines of objects, leaves blank ones out, and puts N for what differs from run to run.
func masked(lines []string) []string {
	var out []string
	for i := 0; i < len(lines); i++ {
		line := strings.TrimSpace(lines[i])
		if strings.HasPrefix(line, "{") {
			var whole strings.Builder
			for end := i; end < len(lines); end++ {
				whole.WriteString(strings.TrimSpace(lines[end]))
				if json.Valid([]byte(whole.String())) {
					line, i = whole.String(), end
					break
				}
			}
		}
		line = mask(strings.Join(strings.Fields(line), " "))
		if line != "" {
			out = append(out, line)
		}
	}
	return out
}

// mask puts N for what differs from run to run.
func mask(line string) string {
	for _, v := range []struct{ volatile, mask string }{
		{`(127\.0\.0\.1|localhost):[0-9]+`, "$1:N"},
		{`\b(seed:?) [0-9]+`, "$1 N"},
		{`\bkey:[0-9a-f]{8}\b`, "key:N"},
		{`\b(task|evt|whsec)_[A-Za-z0-9+/=_]{4,}`, "${1}_N"},
		{`[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9:.]+Z?`, "N"},
		{`("[a-z_]+_s":) ?[0-9.]+`, "${1}N"},
		{`\b[0-9.]+/s\b`, "N/s"},
		{`[-+]?[0-9][0-9.]* ?%`, "N %"},
		{`\b[0-9][0-9.]* ?(ms|µs|s)(\W|$)`, "N s$2"},
		{`(container of) \S+,`, "$1 N,"},
		{`[0-9.]+ → [N0-9.]+`, "N → N"},
		{`\b[0-9]+ (MUST|not observed|n/a|pass)\b`, "N $1"}, // a busy machine keeps one or two from being exercised
	} {
		line = regexp.MustCompile(v.volatile).ReplaceAllString(line, v.mask)
	}
	return line
}
