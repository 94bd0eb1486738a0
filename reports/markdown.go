package reports

import (
	"cmp"
	"strings"
)

// mdText makes s plain text of one line of GitHub Markdown: nothing in it can
// become markup, HTML, a link or a mention. It must not stand at the very
// start of a block, where a number and a full stop begin a list.
func mdText(s string, limit int) string {
	s = strings.TrimSpace(line(s, limit))
	return strings.NewReplacer(
		"&", "&amp;", "<", "&lt;", ">", "&gt;", "@", "&#64;",
		"://", "&#58;//", "www.", "www&#46;", "WWW.", "WWW&#46;",
		`\`, `\\`, "`", "\\`", "*", `\*`, "_", `\_`, "[", `\[`, "]", `\]`,
		"#", `\#`, "|", `\|`, "~", `\~`, "$", `\$`,
	).Replace(s)
}

// mdCode makes s inline code. It is not for tables, whose rows are split at bars
// even inside code.
func mdCode(s string, limit int) string {
	s = cmp.Or(strings.TrimSpace(line(s, limit)), "–")
	fence := strings.Repeat("`", max(1, longestRun(s, '`')+1))
	pad := ""
	if strings.HasPrefix(s, "`") || strings.HasSuffix(s, "`") {
		pad = " "
	}
	return fence + pad + s + pad + fence
}

// mdFence makes s a code block whose fence is longer than any run of backticks
// in it.
func mdFence(s, lang string, limit int) string {
	s = strings.TrimRight(block(s, limit), "\n")
	fence := strings.Repeat("`", max(3, longestRun(s, '`')+1))
	return fence + lang + "\n" + s + "\n" + fence + "\n"
}

func longestRun(s string, of rune) int {
	longest, run := 0, 0
	for _, r := range s {
		if r != of {
			run = 0
			continue
		}
		run++
		longest = max(longest, run)
	}
	return longest
}
