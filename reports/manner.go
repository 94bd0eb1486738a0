package reports

import "regexp"

// manner is what makes two cases of a check the same failure: what was right,
// what came and why, apart from ids and durations, which differ every time.
type manner struct {
	status                Status
	expected, actual, why string
}

// manners recognises cases that failed in the same way.
type manners struct{ passing *regexp.Regexp }

func newManners() manners {
	return manners{regexp.MustCompile(`\b[a-z]{2,12}_[A-Za-z0-9]{8,}\b|\b[0-9a-f]{12,}\b|\b\d+(?:\.\d+)? ?(?:µs|ms|s)\b|\b\d+ effect\(s\)`)}
}

func (s manners) of(c *Case) manner {
	same := func(text string) string { return s.passing.ReplaceAllLiteralString(cut(text, maxSentence), "…") }
	return manner{c.Status, same(c.Expected), same(c.Actual), same(c.Why)}
}

// bunch is the cases of a check that have one manner, in their order.
type bunch []*Case

// bunches sorts cases by their manner, in the order in which the manners occur.
func (s manners) bunches(all []*Case) []bunch {
	var out []bunch
	at := map[manner]int{}
	for _, c := range all {
		of := s.of(c)
		i, known := at[of]
		if !known {
			i = len(out)
			at[of], out = i, append(out, nil)
		}
		out[i] = append(out[i], c)
	}
	return out
}
