package reports

import (
	"slices"
	"strings"
)

// part is a stretch of a request, and whether it differs from another request.
type part struct {
	Text string
	// Marked: the stretch is different, or not in the other one at all.
	Marked bool
	// Gone: the stretch is only in the other one.
	Gone bool
	// Note: the stretch, which is Marked, is in neither, and says what cannot be seen.
	Note bool
}

// maxCompared bounds the requests that are compared, in bytes.
const maxCompared = 64 << 10

// comparison is a request with the marks, and what it was compared with.
type comparison struct {
	Parts []part
	// With is the number of the other exchange in the case; 0 when there is none.
	With int
	// Twin: the other one is a twin that was accepted, with an event of its own.
	Twin bool
	// Same: not one byte differs.
	Same bool
}

// compare marks, in the exchange at index i of a case, what differs from the
// exchange that explains it: an earlier one of the same event, or an accepted twin.
func compare(all []Exchange, i int) comparison {
	x := &all[i]
	plain := comparison{Parts: []part{{Text: x.Request}}}
	if len(x.Request) > maxCompared || x.Role == "control" {
		return plain
	}
	if x.EventID != "" {
		for j := range all[:i] {
			if all[j].EventID != x.EventID || len(all[j].Request) > maxCompared {
				continue
			}
			if all[j].Request == x.Request {
				return comparison{With: j + 1, Same: true}
			}
			return marked(comparison{Parts: tokenDiff(x.Request, all[j].Request), With: j + 1})
		}
	}
	if x.Role != "case" {
		return plain
	}
	for j := range all {
		twin := &all[j]
		if twin.Role == "control" && twin.Status >= 200 && twin.Status < 300 && len(twin.Request) <= maxCompared {
			return marked(comparison{Parts: twinDiff(x.Request, twin.Request), With: j + 1, Twin: true})
		}
	}
	return plain
}

// marked forgets what was compared when there is nothing to see of it.
func marked(c comparison) comparison {
	if !slices.ContainsFunc(c.Parts, func(p part) bool { return p.Marked || p.Gone }) {
		c.With = 0
	}
	return c
}

// twinDiff marks what distinguishes a request from a twin with another event. Ids, times near
// each other and what the events say differ between any two events, and are no finding.
func twinDiff(request, twin string) []part {
	head, body := splitRequest(request)
	twinHead, twinBody := splitRequest(twin)
	return append(headDiff(head, twinHead), bodyDiff(body, twinBody)...)
}

// splitRequest separates the head of a request, its empty line included, from its body.
func splitRequest(text string) (head, body string) {
	for _, end := range []string{"\r\n\r\n", "\n\n"} {
		if i := strings.Index(text, end); i >= 0 {
			return text[:i+len(end)], text[i+len(end):]
		}
	}
	return text, ""
}

func headDiff(head, twin string) []part {
	lines, twins := strings.SplitAfter(head, "\n"), strings.SplitAfter(twin, "\n")
	others := map[string]string{}
	for _, l := range twins[1:] {
		if name, _, ok := strings.Cut(l, ":"); ok {
			others[strings.ToLower(name)] = l
		}
	}
	var out []part
	if alike(lines[0], twins[0], false) {
		out = append(out, part{Text: lines[0]})
	} else {
		out = append(out, tokenDiff(lines[0], twins[0])...)
	}
	for i, l := range lines[1:] {
		name, _, ok := strings.Cut(l, ":")
		if !ok { // the empty line: before it, what is missing
			if i == len(lines)-2 || strings.TrimSpace(l) == "" {
				out = append(out, missing(others)...)
				clear(others)
			}
			out = append(out, part{Text: l})
			continue
		}
		key := strings.ToLower(name)
		other, known := others[key]
		delete(others, key)
		switch {
		case !known && key != "content-length" && key != "transfer-encoding":
			out = append(out, part{Text: l, Marked: true})
		case !known, key == "content-length", alikeHeaders(value(l), value(other)) && strings.HasPrefix(other, name):
			out = append(out, part{Text: l})
		default:
			out = append(out, tokenDiff(l, other)...)
		}
	}
	return out
}

// missing are the headers that only the twin has.
func missing(others map[string]string) []part {
	var out []part
	for key, l := range others {
		if key != "content-length" && key != "transfer-encoding" {
			out = append(out, part{Text: l, Gone: true})
		}
	}
	slices.SortFunc(out, func(a, b part) int { return strings.Compare(a.Text, b.Text) })
	return out
}

// alikeHeaders is alike for the values of headers, in which what is redacted stands in brackets.
func alikeHeaders(a, b string) bool {
	return a == b || !strings.HasPrefix(b, "[") && alike(a, b, false)
}

func value(headerLine string) string {
	_, v, _ := strings.Cut(headerLine, ":")
	return strings.TrimSpace(v)
}

// tokenDiff marks the tokens of text that are not in other, by their longest common subsequence.
func tokenDiff(text, other string) []part {
	a, b := tokens(text), tokens(other)
	head := 0
	for head < min(len(a), len(b)) && a[head] == b[head] {
		head++
	}
	tail := 0
	for tail < min(len(a), len(b))-head && a[len(a)-1-tail] == b[len(b)-1-tail] {
		tail++
	}
	out := []part{{Text: strings.Join(a[:head], "")}}
	middle, between := a[head:len(a)-tail], b[head:len(b)-tail]
	const most = 1000 // tokens: the table below is their product
	if len(middle) > most || len(between) > most {
		out = append(out, part{Text: strings.Join(middle, ""), Marked: true})
	} else {
		out = append(out, common(middle, between)...)
	}
	return join(append(out, part{Text: strings.Join(a[len(a)-tail:], "")}))
}

func common(a, b []string) []part {
	length := make([][]int16, len(a)+1)
	for i := range length {
		length[i] = make([]int16, len(b)+1)
	}
	for i := range slices.Backward(a) {
		for j := len(b) - 1; j >= 0; j-- {
			if a[i] == b[j] {
				length[i][j] = length[i+1][j+1] + 1
			} else {
				length[i][j] = max(length[i+1][j], length[i][j+1])
			}
		}
	}
	var out []part
	i, j := 0, 0
	for i < len(a) || j < len(b) {
		switch {
		case i < len(a) && j < len(b) && a[i] == b[j]:
			out = append(out, part{Text: a[i]})
			i, j = i+1, j+1
		case j == len(b) || i < len(a) && length[i+1][j] >= length[i][j+1]:
			out = append(out, part{Text: a[i], Marked: true})
			i++
		default:
			out = append(out, part{Text: b[j], Gone: true})
			j++
		}
	}
	return out
}

// join puts neighbours of one kind together.
func join(parts []part) []part {
	var out []part
	for _, p := range parts {
		if p.Text == "" {
			continue
		}
		if n := len(out); n > 0 && out[n-1].Marked == p.Marked && out[n-1].Gone == p.Gone && !out[n-1].Note && !p.Note {
			out[n-1].Text += p.Text
			continue
		}
		out = append(out, p)
	}
	return out
}

// tokens splits text into words, line ends and single other characters.
func tokens(text string) []string {
	word := func(c byte) bool {
		return c == '_' || c >= '0' && c <= '9' || c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' || c >= 0x80
	}
	var out []string
	for i := 0; i < len(text); {
		j := i + 1
		switch {
		case word(text[i]):
			for j < len(text) && word(text[j]) {
				j++
			}
		case text[i] == '\r' && j < len(text) && text[j] == '\n':
			j++
		}
		out = append(out, text[i:j])
		i = j
	}
	return out
}
