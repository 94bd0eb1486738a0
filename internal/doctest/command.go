package doctest

import (
	"fmt"
	"strings"
)

// Command is a command of a page.
type Command struct {
	Line   int      // of its first line, from 1
	Text   string   // with the lines that continue it
	Output []string // what the page shows below it; none when it shows nothing
}

// Commands reads a block of a shell. With a prompt, "$ ", a line begins a command, and what follows
// is what it prints. Without one every line is a command, or goes on with the one before, and
// lines of comments alone are left out.
func (b Block) Commands() ([]Command, error) {
	var out []Command
	prompts := len(b.Lines) > 0 && strings.HasPrefix(b.Lines[0], "$ ")
	for i := 0; i < len(b.Lines); i++ {
		line, prompt := strings.CutPrefix(b.Lines[i], "$ ")
		switch {
		case prompt && !prompts:
			return nil, fmt.Errorf("line %d: a prompt in a block whose first line has none", b.Line+i)
		case prompts && !prompt:
			last := &out[len(out)-1]
			last.Output = append(last.Output, line)
			continue
		case strings.TrimSpace(line) == "" || strings.HasPrefix(strings.TrimSpace(line), "#"):
			continue
		}
		c := Command{Line: b.Line + i, Text: line}
		for !complete(c.Text) {
			if i++; i == len(b.Lines) {
				return nil, fmt.Errorf("line %d: the command goes on behind the block's end: %s", c.Line, c.Text)
			}
			c.Text += "\n" + b.Lines[i]
		}
		out = append(out, c)
	}
	for i := range out {
		for n := len(out[i].Output); n > 0 && strings.TrimSpace(out[i].Output[n-1]) == ""; n-- {
			out[i].Output = out[i].Output[:n-1]
		}
	}
	return out, nil
}

// complete says whether a command ends with its last line: no quotation is open, and no backslash
// joins the next one to it.
func complete(text string) bool {
	var quote byte
	for i := 0; i < len(text); i++ {
		switch c := text[i]; {
		case c == '\\' && quote != '\'':
			if i++; i >= len(text) {
				return false
			}
		case quote != 0:
			if c == quote {
				quote = 0
			}
		case c == '\'' || c == '"':
			quote = c
		case c == '#' && (i == 0 || strings.IndexByte(" \t\n;", text[i-1]) >= 0):
			if end := strings.IndexByte(text[i:], '\n'); end >= 0 {
				i += end
			} else {
				return true
			}
		}
	}
	return quote == 0
}

// Program is the first word of a command that names what is run: variables before it, and a folder
// that it is in, are left out. It is "export" or "=" for a command that only sets variables.
func (c Command) Program() string {
	for word := range strings.FieldsSeq(c.Text) {
		name, _, set := strings.Cut(word, "=")
		if set && name != "" && strings.Trim(name, "ABCDEFGHIJKLMNOPQRSTUVWXYZ_0123456789") == "" {
			continue
		}
		return word[strings.LastIndexByte(word, '/')+1:]
	}
	return "="
}
