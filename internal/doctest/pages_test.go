package doctest

import (
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
)

// step says what is special about a command or a block of a page. A command that no step names is
// carried out as it stands, and has to end with 0.
type step struct {
	// find is part of the command, or of a block's first line; between ^ and $ it is the whole of it. A find that begins
	// with three backquotes is a fence: the step is for every such block.
	find string
	// env narrows a whole run, which would take minutes, and nothing else: what a page's command says in its
	// flags goes before it.
	env []string
	// codes are the exit codes that are right; 0 when there are none.
	codes []int
	// slow is a code that only a machine that is too slow makes right. Then the verdict is not what the page shows;
	// everything before it is.
	slow int
	// app is the name of a receiver that the command starts: it listens at $PORT, and goes on until the page
	// ends or another one takes its place.
	app string
	// before and then are carried out around the command; then is given what it printed.
	before func(*session)
	then   func(s *session, out string)
	// with stands before a block that is not a whole command.
	with string
	// write is the file that a block is written to. It is there before any command if early is set.
	write string
	early bool
	// block is what is done with a block that is no commands.
	block func(*session, Block)
	// held names the test that holds the block, as FILE TEST.
	held string
	// never says why nobody can carry this out in a test. What it says is parsed by cmd/hookdrill's tests all the same.
	never string
	// all is for every block that find is part of.
	all bool

	used int
}

// page is how a page is carried out.
type page struct {
	needs []string // commands that succeed where there is what the page needs
	setup func(*session)
	steps []step
}

// programs are those that a block of commands may begin with.
func programs() []string {
	return []string{"hookdrill", "make", "curl", "jq", "export", "cd", "=", "python3", "node", "gunicorn", "go", "docker", "my-receiver", "run"}
}

// files lists the pages, by their path in the repository.
func files(t *testing.T) []string {
	t.Helper()
	var out []string
	for _, pattern := range []string{"*.md", "docs/*.md", "docs/*/*.md", "examples/*.md", "examples/*/*.md", "vectors/*.md"} {
		found, err := filepath.Glob(filepath.Join(root, pattern))
		if err != nil {
			t.Fatal(err)
		}
		for _, f := range found {
			name, err := filepath.Rel(root, f)
			if err != nil {
				t.Fatal(err)
			}
			out = append(out, filepath.ToSlash(name))
		}
	}
	return slices.DeleteFunc(out, func(f string) bool {
		return f == "CHANGELOG.md" || regexp.MustCompile(`^docs/requirements/[A-Z]+-`).MatchString(f)
	})
}

// TestPages carries out each page of the documentation, from its first command to its last.
func TestPages(t *testing.T) {
	t.Parallel()
	all, known := files(t), pages()
	for name := range known {
		if !slices.Contains(all, name) {
			t.Errorf("there is no page %s", name)
		}
	}
	for _, name := range all {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			text, err := os.ReadFile(filepath.Join(root, name))
			if err != nil {
				t.Fatal(err)
			}
			carryOut(t, name, string(text), known[name])
		})
	}
}

// carryOut reads a page and does what it says.
func carryOut(t *testing.T, name, text string, p page) {
	t.Helper()
	blocks, err := Blocks(text)
	if err != nil {
		t.Fatalf("%s: %v", name, err)
	}
	if len(blocks) == 0 && len(p.steps) == 0 {
		return
	}
	needs(t, p.needs...)
	r := &reader{session: newSession(t), name: name, steps: slices.Clone(p.steps)}
	for _, b := range blocks {
		if st := r.match(b.Lines[0], b.Info, false); st != nil && st.early {
			r.write(st.write, []byte(r.fill(b.Text())))
		}
	}
	if p.setup != nil {
		p.setup(r.session)
	}
	for _, b := range blocks {
		r.block(b)
	}
	for _, st := range r.steps {
		if st.used == 0 {
			t.Errorf("%s: nothing on the page is %q", name, st.find)
		}
	}
}

// reader goes through a page.
type reader struct {
	*session
	name  string
	steps []step
}

// match finds the step that is for a text: the first one that has not been used, or one for all blocks of a kind.
func (r *reader) match(text, info string, use bool) *step {
	for i := range r.steps {
		st := &r.steps[i]
		switch fence := strings.HasPrefix(st.find, "```"); {
		case fence && (info == "" || st.find != "```"+info), !fence && st.used > 0 && !st.all, !fence && !found(text, st.find):
			continue
		}
		if use {
			st.used++
		}
		return st
	}
	return nil
}

// found says whether a text is what a step is for.
func found(text, find string) bool {
	if whole, ok := strings.CutPrefix(find, "^"); ok {
		if whole, ok := strings.CutSuffix(whole, "$"); ok {
			return text == whole
		}
		return strings.HasPrefix(text, whole)
	}
	return strings.Contains(text, find)
}

// block does what a block says.
func (r *reader) block(b Block) {
	r.t.Helper()
	st := r.match(b.Lines[0], b.Info, false)
	if st == nil || st.with == "" && st.write == "" && st.block == nil && st.held == "" && (st.never == "" || !strings.HasPrefix(st.find, "```")) {
		r.commands(b)
		return
	}
	st = r.match(b.Lines[0], b.Info, true)
	switch {
	case st.held != "":
		r.held(b, st.held)
	case st.never != "":
	case st.with != "":
		r.command(Command{Line: b.Line, Text: st.with + strings.TrimSpace(b.Text())}, st)
	default:
		if st.before != nil {
			st.before(r.session)
		}
		if st.write != "" && !st.early {
			r.write(st.write, []byte(r.fill(b.Text())))
		}
		if st.block != nil {
			st.block(r.session, b)
		}
	}
}

// held looks whether there is a test that says it holds this page.
func (r *reader) held(b Block, test string) {
	r.t.Helper()
	file, name, _ := strings.Cut(test, " ")
	text, err := os.ReadFile(filepath.Join(root, file))
	if err != nil || !strings.Contains(string(text), "\nfunc "+name+"(t *testing.T) {") || !strings.Contains(string(text), filepath.Base(r.name)) && !strings.Contains(string(text), filepath.Dir(r.name)) {
		r.t.Errorf("%s:%d: %s is no test of this page (%v)", r.name, b.Line, test, err)
	}
}

// commands carries out the commands of a block.
func (r *reader) commands(b Block) {
	r.t.Helper()
	all, err := b.Commands()
	if err != nil || len(all) == 0 {
		r.t.Errorf("%s:%d: %v", r.name, b.Line, err)
		return
	}
	for _, c := range all {
		if !slices.Contains(programs(), c.Program()) || b.Info != "" && b.Info != "sh" && b.Info != "console" {
			r.t.Errorf("%s:%d: nothing says what is to be done with this block, and it is no commands: %s", r.name, b.Line, c.Text)
			return
		}
	}
	for _, c := range all {
		st := r.match(c.Text, "", true)
		if st == nil {
			st = &step{}
			// Other targets write into the repository, or take long.
			if c.Program() == "make" && !regexp.MustCompile(`^\S+ (build|help|conformance|loadtest)\b`).MatchString(c.Text) {
				r.t.Errorf("%s:%d: nothing says what is to be done with %s", r.name, c.Line, c.Text)
				continue
			}
		}
		r.command(c, st)
	}
}

// command carries out a command.
func (r *reader) command(c Command, st *step) {
	r.t.Helper()
	if st.never != "" {
		return
	}
	if st.before != nil {
		st.before(r.session)
	}
	text, env := r.fill(c.Text), slices.Clone(st.env)
	for i := range env {
		env[i] = r.fill(env[i])
	}
	kind := regexp.MustCompile(`\bhookdrill (receiver|mock)\b`).FindStringSubmatch(c.Text)
	out, code := "", 0
	switch {
	case kind != nil:
		out = r.hookdrill(kind[1], env, text, "").out.String()
	case st.app != "":
		r.app(st.app, env, strings.TrimSuffix(strings.TrimSpace(text), "&"))
	default:
		out, code = r.run(env, text)
	}
	if !slices.Contains(st.codes, code) && (len(st.codes) > 0 || code != 0) && (code != st.slow || code == 0) {
		r.t.Fatalf("%s:%d: exit code %d of %s\n%s", r.name, c.Line, code, text, out)
	}
	if len(c.Output) > 0 {
		shown := c.Output
		if verdict := slices.IndexFunc(shown, func(line string) bool { return strings.HasPrefix(line, "✓ C") }); code == st.slow && code != 0 && verdict >= 0 {
			shown = append(slices.Clone(shown[:verdict]), "…")
		}
		if err := Compare(shown, out); err != nil {
			r.t.Errorf("%s:%d: %s: %v", r.name, c.Line, c.Text, err)
		}
	}
	if st.then != nil {
		st.then(r.session, out)
	}
}
