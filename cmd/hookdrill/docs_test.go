package main

import (
	"bytes"
	"io"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"hookdrill/contract"
)

// pages lists the documentation that commands are taken from.
func pages(t *testing.T) []string {
	t.Helper()
	var out []string
	for _, pattern := range []string{"../../*.md", "../../docs/*.md", "../../docs/requirements/*.md", "../../examples/*.md", "../../examples/*/*.md"} {
		files, err := filepath.Glob(pattern)
		if err != nil {
			t.Fatal(err)
		}
		out = append(out, files...)
	}
	return slices.DeleteFunc(out, func(f string) bool { return strings.HasSuffix(f, "CHANGELOG.md") })
}

// commandsOf takes out of a page what starts with a program's name: lines of code, and code in sentences.
func commandsOf(text, program string) []string {
	begin := `(?:[A-Z_]+=(?:'[^']*'|[^ \n]*) +)*(?:\./)?(?:bin/)?` + program + `(?: [^\n]*)?`
	text = strings.ReplaceAll(text, "\\\n", " ") // a command on two lines
	var prose, code strings.Builder
	fenced := false
	for line := range strings.SplitSeq(text, "\n") {
		switch {
		case strings.HasPrefix(line, "```"):
			fenced = !fenced
		case fenced || strings.HasPrefix(line, "    "):
			code.WriteString(strings.TrimPrefix(strings.TrimSpace(line), "$ ") + "\n")
		default:
			prose.WriteString(line + "\n")
		}
	}
	out := regexp.MustCompile("(?m)^"+begin+"$").FindAllString(code.String(), -1)
	for _, m := range regexp.MustCompile("`([^`]+)`").FindAllStringSubmatch(prose.String(), -1) {
		if one := strings.Join(strings.Fields(m[1]), " "); regexp.MustCompile("^" + begin + "$").MatchString(one) {
			out = append(out, one)
		}
	}
	return out
}

// words splits a command as a shell does, as far as the documentation needs it: up to what ends a command.
func words(command string) []string {
	var out []string
	for _, m := range regexp.MustCompile(`#.*|[;|&>]+|(?:'[^']*'|"[^"]*"|[^ '"#;|&>])+`).FindAllString(command, -1) {
		if strings.ContainsAny(m[:1], "#;|&>") {
			break
		}
		out = append(out, strings.NewReplacer("'", "", `"`, "").Replace(m))
	}
	return out
}

// Every command of the documentation is one that hookdrill takes: its subcommand, its flags, the
// values of flags with a kind, and the ids that it names. Nothing is started.
func TestDocumentedCommands(t *testing.T) {
	t.Parallel()
	found := 0
	for _, file := range pages(t) {
		text, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		for _, command := range commandsOf(string(text), "hookdrill") {
			found++
			if err := understood(command); err != "" {
				t.Errorf("%s: %s: %s", file, command, err)
			}
		}
	}
	if found < 150 {
		t.Errorf("only %d commands were found", found)
	}
}

// understood parses a command of hookdrill without running it.
func understood(command string) string {
	args := words(command)
	for len(args) > 0 && !strings.HasSuffix(args[0], "hookdrill") { // variables before it
		args = args[1:]
	}
	if len(args) < 2 || args[1] == "…" || args[1] == "COMMAND" {
		return ""
	}
	root := newRoot(Streams{Out: io.Discard, Err: io.Discard, Env: func(string) (string, bool) { return "", false }})
	root.InitDefaultHelpFlag()
	root.InitDefaultVersionFlag()
	root.InitDefaultCompletionCmd()
	cmd, rest, err := root.Find(args[1:])
	if err != nil {
		return err.Error()
	}
	if cmd == root && !strings.HasPrefix(rest[0], "-") {
		return "there is no command " + rest[0]
	}
	cmd.InitDefaultHelpFlag()
	if cmd.HasSubCommands() && len(rest) > 0 && !strings.HasPrefix(rest[0], "-") {
		return "there is no command " + cmd.CommandPath() + " " + rest[0]
	}
	rest = slices.DeleteFunc(slices.Clone(rest), func(s string) bool { return s == "…" || strings.HasPrefix(s, "[") })
	if n := len(rest); n > 0 && strings.HasPrefix(rest[n-1], "--") && !strings.Contains(rest[n-1], "=") {
		if f := cmd.Flags().Lookup(rest[n-1][2:]); f != nil && f.NoOptDefVal == "" {
			rest = rest[:n-1] // a flag that the sentence names, without its value
		}
	}
	if err := cmd.ParseFlags(rest); err != nil {
		return err.Error()
	}
	ids := cmd.Flags().Args()
	if only := cmd.Flags().Lookup("only"); only != nil {
		ids = strings.Split(strings.Trim(only.Value.String(), "[]"), ",")
	}
	for _, id := range ids {
		id, _, _ = strings.Cut(id, "/")
		if regexp.MustCompile(`^[A-Z]+-[0-9]+$`).MatchString(id) {
			if _, err := contract.Lookup(id); err != nil {
				return err.Error()
			}
		}
	}
	return ""
}

// Every make command of the documentation names targets that the Makefile has, and variables that
// it reads.
func TestDocumentedMakeCommands(t *testing.T) {
	t.Parallel()
	data, err := os.ReadFile("../../Makefile")
	if err != nil {
		t.Fatal(err)
	}
	found := 0
	for _, file := range pages(t) {
		text, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		for _, command := range commandsOf(string(text), "make") {
			for _, word := range words(command)[1:] {
				name, _, variable := strings.Cut(word, "=")
				switch {
				case variable && !bytes.Contains(data, []byte("$("+name+")")) && !bytes.Contains(data, []byte(","+name+")")):
					t.Errorf("%s: %s: the Makefile reads no %s", file, command, name)
				case !variable && regexp.MustCompile(`^[a-z][a-z-]*$`).MatchString(word) && !bytes.Contains(data, []byte("\n"+word+":")):
					t.Errorf("%s: %s: the Makefile has no target %s", file, command, word)
				}
			}
			found++
		}
	}
	if found < 25 {
		t.Errorf("only %d commands were found", found)
	}
}

// What cannot be understood is noticed, and what can is not.
func TestUnderstood(t *testing.T) {
	t.Parallel()
	for command, want := range map[string]string{
		"hookdrill conformance --target URL --only SIG,IDEM-02 # that":         "",
		"KEY=a bin/hookdrill report show out/conformance --format html | less": "",
		"hookdrill conformance --exec 'python3 app.py --x' --strict":           "",
		"hookdrill contracts show claude":                                      "",
		"hookdrill conformance --baseline":                                     "",
		"hookdrill conform":                                                    "there is no command",
		"hookdrill report sho x":                                               "there is no command",
		"hookdrill conformance --targt URL":                                    "unknown flag",
		"hookdrill loadtest --duration soon":                                   "invalid",
		"hookdrill conformance --only SIG-99":                                  "unknown requirement",
		"hookdrill requirements SIG-99":                                        "unknown requirement",
	} {
		if have := understood(command); want == "" && have != "" || !strings.Contains(have, want) {
			t.Errorf("%s: have %q, want %q", command, have, want)
		}
	}
}
