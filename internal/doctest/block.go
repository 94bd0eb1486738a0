package doctest

import (
	"fmt"
	"regexp"
	"strings"
)

// Block is a block of code on a page.
type Block struct {
	Line   int    // of its first line of code, from 1
	Info   string // what stands behind the fence; empty for an indented block
	Fenced bool
	Lines  []string // without their indentation
}

// Text is the code, each line with its end.
func (b Block) Text() string { return strings.Join(b.Lines, "\n") + "\n" }

// Blocks finds every block of a page: between fences, or indented by four spaces or a tab. A
// line that is indented so far is code wherever it stands; in doubt there is a block too many,
// which somebody has to explain, and none too few. A page that has code in a form that is not
// read here, or a fence without an end, is an error.
func Blocks(page string) ([]Block, error) {
	var out []Block
	var fence string // of the block that is open
	var indent int   // of its fence
	var open *Block  // the indented block that may go on
	for i, line := range strings.Split(page, "\n") {
		trimmed := strings.TrimLeft(line, " ")
		mark := regexp.MustCompile("^(`{3,}|~{3,})").FindString(trimmed)
		switch {
		case fence != "" && strings.TrimRight(trimmed, " ") == mark && strings.HasPrefix(mark, fence):
			fence = ""
		case fence != "":
			b := &out[len(out)-1]
			b.Lines = append(b.Lines, outdent(line, indent))
		case mark != "" && len(line)-len(trimmed) < 4:
			fence, indent, open = mark, len(line)-len(trimmed), nil
			out = append(out, Block{Line: i + 2, Info: strings.TrimSpace(strings.TrimPrefix(trimmed, mark)), Fenced: true})
		case strings.HasPrefix(line, "    ") && trimmed != "", strings.HasPrefix(line, "\t"):
			if open == nil {
				out = append(out, Block{Line: i + 1})
				open = &out[len(out)-1]
			}
			open.Lines = append(open.Lines, strings.TrimPrefix(strings.TrimPrefix(line, "    "), "\t"))
		case trimmed == "":
			if open != nil {
				open.Lines = append(open.Lines, "") // the block may go on behind it
			}
		case regexp.MustCompile(`(?i)<(pre|code)\b`).MatchString(line), regexp.MustCompile("^([-*+>]|[0-9]+[.)]) +(`{3}|~{3}|    )").MatchString(trimmed):
			return nil, fmt.Errorf("line %d: code in HTML, in a quotation or behind a list's mark is not read; indent it, or fence it", i+1)
		default:
			open = nil
		}
	}
	if fence != "" {
		return nil, fmt.Errorf("the fence above line %d has no end", out[len(out)-1].Line)
	}
	for i := range out {
		for n := len(out[i].Lines); !out[i].Fenced && n > 0 && out[i].Lines[n-1] == ""; n-- {
			out[i].Lines = out[i].Lines[:n-1]
		}
	}
	return out, nil
}

// outdent takes up to n spaces off a line.
func outdent(line string, n int) string {
	for ; n > 0 && strings.HasPrefix(line, " "); n-- {
		line = line[1:]
	}
	return line
}
