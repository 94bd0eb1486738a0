package contract

import (
	"fmt"
	"regexp"
	"slices"
	"strings"
	"unicode"
)

// validation collects problems.
type validation struct{ problems []Problem }

func (v *validation) wrong(field, format string, args ...any) {
	v.problems = append(v.problems, Problem{Field: field, Why: fmt.Sprintf(format, args...)})
}

func (v *validation) text(field, value string) {
	if strings.TrimSpace(value) == "" {
		v.wrong(field, "is missing")
	}
}

func (v *validation) oneOf(field, value string, right ...string) {
	switch {
	case slices.Contains(right, value):
	case value == "":
		v.wrong(field, "is missing; use %s", strings.Join(right, " or "))
	default:
		v.wrong(field, "%q is not supported; use %s", value, strings.Join(right, " or "))
	}
}

func (v *validation) match(field, value, pattern, right string) {
	switch {
	case value == "":
		v.wrong(field, "is missing; write %s", right)
	case !regexp.MustCompile(pattern).MatchString(value):
		v.wrong(field, "%q is not right; write %s", value, right)
	}
}

// line reads a template with placeholders in single braces.
func (v *validation) line(field, text string, allowed ...string) (parts []Part, ok bool) {
	parts, err := Line(text, allowed...)
	switch {
	case err != nil:
		v.wrong(field, "%q is not right: %s", text, err)
	case strings.IndexFunc(text, unicode.IsControl) >= 0:
		v.wrong(field, "%q is not right: it holds a control character", text)
	default:
		return parts, true
	}
	return nil, false
}

func (v *validation) positive(field string, d Duration) {
	if d <= 0 {
		v.wrong(field, "%s is not right; write a duration above zero, such as 10s", d)
	}
}

func (v *validation) ratio(field string, part float64) {
	if !(part >= 0 && part <= 1) { // not the other way round: NaN compares with nothing
		v.wrong(field, "%v is not right; write a part of 1 from 0 to 1, such as 0.1 for 10 %%", part)
	}
}

func (v *validation) between(field string, n, low, high int) {
	if n < low || n > high {
		v.wrong(field, "%d is not right; write a number from %d to %d", n, low, high)
	}
}
