package doctest

import (
	"slices"
	"strings"
	"testing"
)

func TestBlocks(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		page string
		want []Block
	}{
		"none":                        {"# Title\n\nText with `code`.\n\n- a list\n  that goes on\n", nil},
		"indented":                    {"Text:\n\n    a\n      b\n\nText", []Block{{3, "", false, []string{"a", "  b"}}}},
		"indented by a tab":           {"Text:\n\n\ta\n", []Block{{3, "", false, []string{"a"}}}},
		"a blank line within":         {"\n    a\n\n\n    b\n\n", []Block{{2, "", false, []string{"a", "", "", "b"}}}},
		"text between":                {"    a\ntext\n    b\n", []Block{{1, "", false, []string{"a"}}, {3, "", false, []string{"b"}}}},
		"right below text":            {"Text:\n    a\n", []Block{{2, "", false, []string{"a"}}}},
		"at the page's end":           {"Text\n\n    a", []Block{{3, "", false, []string{"a"}}}},
		"fenced":                      {"Text\n```yaml github\na: b\n\n  c: d\n```\ntext", []Block{{3, "yaml github", true, []string{"a: b", "", "  c: d"}}}},
		"fenced without a word":       {"```\na\n```\n", []Block{{2, "", true, []string{"a"}}}},
		"tildes":                      {"~~~go\na\n```\nb\n~~~\n", []Block{{2, "go", true, []string{"a", "```", "b"}}}},
		"a longer fence":              {"````md\n```\na\n```\n````\n", []Block{{2, "md", true, []string{"```", "a", "```"}}}},
		"a fence in a list":           {"1. Do\n\n   ```sql\n   SELECT\n     1\n   ```\n", []Block{{4, "sql", true, []string{"SELECT", "  1"}}}},
		"a fence right behind a code": {"    a\n```\nb\n```\n", []Block{{1, "", false, []string{"a"}}, {3, "", true, []string{"b"}}}},
		"two fences":                  {"```\na\n```\n```\nb\n```\n", []Block{{2, "", true, []string{"a"}}, {5, "", true, []string{"b"}}}},
		"indented within a fence":     {"```\n    a\n```\n", []Block{{2, "", true, []string{"    a"}}}},
		"in a list":                   {"- item\n\n      a\n", []Block{{3, "", false, []string{"  a"}}}},
	} {
		have, err := Blocks(c.page)
		if err != nil || !slices.EqualFunc(have, c.want, func(a, b Block) bool {
			return a.Line == b.Line && a.Info == b.Info && a.Fenced == b.Fenced && slices.Equal(a.Lines, b.Lines)
		}) {
			t.Errorf("%s: have %+v, %v, want %+v", name, have, err, c.want)
		}
	}
	for name, page := range map[string]string{
		"no end":               "```\na\n",
		"another end":          "```\na\n~~~\n",
		"a shorter end":        "````\na\n```\n",
		"HTML":                 "<pre>\na\n</pre>\n",
		"in a quotation":       "> ```\n> a\n> ```\n",
		"indented in one":      ">     a\n",
		"behind a list's mark": "- ```\n  a\n  ```\n",
		"indented behind one":  "1.     a\n",
	} {
		if have, err := Blocks(page); err == nil {
			t.Errorf("%s: have %+v and no error", name, have)
		}
	}
}

func TestCommands(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		block string
		want  []Command
	}{
		"one":               {"make", []Command{{1, "make", nil}}},
		"two":               {"a b\nc", []Command{{1, "a b", nil}, {2, "c", nil}}},
		"blank lines":       {"a\n\nb", []Command{{1, "a", nil}, {3, "b", nil}}},
		"comments":          {"# first\na # it's one\nb\n  # last", []Command{{2, "a # it's one", nil}, {3, "b", nil}}},
		"a backslash":       {"a \\\n  b \\\n  c\nd", []Command{{1, "a \\\n  b \\\n  c", nil}, {4, "d", nil}}},
		"a quotation":       {"a 'b\n  # c' d\ne", []Command{{1, "a 'b\n  # c' d", nil}, {3, "e", nil}}},
		"a double one":      {"a \"b 'c\n d\"\ne", []Command{{1, "a \"b 'c\n d\"", nil}, {3, "e", nil}}},
		"an escaped quote":  {"a \\'\nb \"c\\\"\"\nd", []Command{{1, "a \\'", nil}, {2, "b \"c\\\"\"", nil}, {3, "d", nil}}},
		"a # in a word":     {"a b#'c\nd'\ne", []Command{{1, "a b#'c\nd'", nil}, {3, "e", nil}}},
		"a prompt":          {"$ a\nb\n\n  c", []Command{{1, "a", []string{"b", "", "  c"}}}},
		"prompts":           {"$ a\nb\n\n$ c \\\n  d\n$ e", []Command{{1, "a", []string{"b"}}, {4, "c \\\n  d", nil}, {6, "e", nil}}},
		"a comment printed": {"$ a\n# b", []Command{{1, "a", []string{"# b"}}}},
	} {
		have, err := Block{Line: 1, Lines: strings.Split(c.block, "\n")}.Commands()
		if err != nil || !slices.EqualFunc(have, c.want, func(a, b Command) bool {
			return a.Line == b.Line && a.Text == b.Text && slices.Equal(a.Output, b.Output)
		}) {
			t.Errorf("%s: have %+v, %v, want %+v", name, have, err, c.want)
		}
	}
	for name, block := range map[string]string{"a backslash": "a \\", "a quotation": "a 'b\nc", "a late prompt": "a\n$ b"} {
		if have, err := (Block{Line: 1, Lines: strings.Split(block, "\n")}).Commands(); err == nil {
			t.Errorf("%s: have %+v and no error", name, have)
		}
	}
}

func TestProgram(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]string{
		"make help": "make", "bin/hookdrill x": "hookdrill", "A=b C_2=d ./my-receiver &": "my-receiver",
		"export A=b": "export", "A=b": "=", "--observe-sql x": "--observe-sql", `{"a":1}`: `{"a":1}`, ".ci/run # all": "run",
	} {
		if have := (Command{Text: text}).Program(); have != want {
			t.Errorf("%s: have %q, want %q", text, have, want)
		}
	}
}

func TestCompare(t *testing.T) {
	t.Parallel()
	const run = "go build x\nhttp://127.0.0.1:4711/w at level observed, seed 12: 3 requirements\n\n✓ pass  SIG-01  Right  13 ms\n✓ pass  SIG-02  Wrong  1.0 s\n✓ CONFORMANT  all 57 MUST\n"
	for name, c := range map[string]struct {
		shown, have string
		right       bool
	}{
		"the same":                 {run, run, true},
		"other figures":            {"go build x\nhttp://127.0.0.1:8080/w at level observed, seed 7: 3 requirements\n✓ pass SIG-01 Right 9 ms\n✓ pass  SIG-02  Wrong  3 ms\n✓ CONFORMANT  all 5 MUST", strings.Replace(run, "1.0 s", "2 ms", 1), true},
		"a count":                  {run, strings.Replace(run, "3 req", "4 req", 1), false},
		"lines left out":           {"go build x\n…\n✓ CONFORMANT all 1 MUST", run, true},
		"the last left out":        {"go build x\n  … more lines …", run, true},
		"a line missing":           {strings.Replace(run, "✓ pass  SIG-01  Right  13 ms\n", "", 1), run, false},
		"the first missing":        {strings.Replace(run, "go build x\n", "", 1), run, false},
		"the last missing":         {strings.Replace(run, "✓ CONFORMANT  all 57 MUST\n", "", 1), run, false},
		"a line too many":          {run + "report", run, false},
		"a word":                   {strings.Replace(run, "Wrong", "False", 1), run, false},
		"a word behind what's out": {"…\n✓ CONFORMED all 57 MUST", run, false},
		"another order":            {"…\n✓ pass SIG-02 Wrong 1 s\n…\n✓ pass SIG-01 Right 1 ms\n…", run, false},
		"text left out":            {"a … d", "a b c d", true},
		"but not its end":          {"a … d", "a b c", false},
		"nothing":                  {"a", "", false},
		"JSON on two lines":        {"{\"a\":1,\n \"b\":\"2026-11-24T10:28:08.14Z\"}", `{"a":1,"b":"2027-01-01T00:00:00Z"}`, true},
		"JSON cut within":          {`{"id":"we_000001","key":"whsec_GIEb…"}`, `{"id":"we_000001","key":"whsec_abcdefgh+/="}`, true},
		"another key of JSON":      {`{"a":1}`, `{"b":1}`, false},
		"a trailing key":           {`{"a":1}`, `{"a":1,"b":2}`, false},
		"seconds in JSON":          {`{"next_wait_s":1.05}`, `{"next_wait_s":3}`, true},
		"a table":                  {"p99  1.32 →  1.91 ms  +44.8 %  95 %: -8.6 % to +94.1 %  slower", "p99  2 → 1.9 ms  -4 %  95 %: +8.6 % to +9 %  slower", true},
		"another row of it":        {"p99  1.32 →  1.91 ms  +44.8 %  slower", "p99  2 → 1.9 ms  -4 %  quicker", false},
	} {
		if err := Compare(strings.Split(c.shown, "\n"), c.have); (err == nil) != c.right {
			t.Errorf("%s: %v", name, err)
		}
	}
}
