// Package examples_test runs the receivers of this folder by the commands of
// their READMEs, and holds docs/probe.md to their code.
package examples_test

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"hookdrill/internal/pgtest"
	"hookdrill/internal/testtool"
	"hookdrill/reports"
)

func TestMain(m *testing.M) { pgtest.Main(m) }

// root is the repository, where the READMEs' commands are run.
const root = ".."

// TestExamples: the command that an example's README shows judges it
// conformant, at level managed, and nothing fails, advice included.
func TestExamples(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	build := exec.CommandContext(t.Context(), "go", "build", "-o", filepath.Join(dir, "hookdrill"), "./cmd/hookdrill")
	build.Dir = root
	if out, err := build.CombinedOutput(); err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	for name, c := range map[string]struct {
		needs    string // exits with 0 where what the example needs is there
		database bool
	}{
		"flask":   {"/usr/bin/python3 -c 'import flask' && command -v gunicorn", false},
		"fastapi": {"/usr/bin/python3 -c 'import fastapi, uvicorn'", false},
		"express": {`node -e 'require("express"); require("pg")'`, true},
		"go":      {"command -v go", true},
	} {
		// All at once, however many tests run in parallel: most of the time they wait.
		command := strings.ReplaceAll(readme(t, name), "bin/", dir+"/")
		env := environment(t, c.database)
		missing, ran := needed(t, c.needs, env), make(chan outcome, 1)
		if missing == nil {
			go func() { ran <- shell(t, command, env) }()
		}
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			if missing != nil {
				t.Skip(missing)
			}
			judge(t, command, env, <-ran)
		})
	}
}

// outcome is what came of a command: what it wrote, and its error.
type outcome struct {
	said string
	err  error
}

// needed is nil where what an example needs is there. Where it must be there (HOOKDRILL_REQUIRE_TOOLS=1,
// as in CI) it is a failure that it is not.
func needed(t *testing.T, command string, env []string) error {
	t.Helper()
	o := shell(t, command, env)
	if o.err == nil {
		return nil
	}
	if testtool.Required() {
		t.Fatalf("%s: %v\n%s", command, o.err, o.said)
	}
	return fmt.Errorf("%s: %w", command, o.err)
}

// judge reads the report of an example's run. How long an answer takes is the machine's doing as much
// as the receiver's: a MUST that failed by time alone is tried again, and advice about it only noted.
func judge(t *testing.T, command string, env []string, o outcome) {
	t.Helper()
	for range 4 {
		report := read(t, env, o.said)
		var slow []string
		for _, check := range report.Checks {
			switch {
			case check.Status != reports.Fail:
			case slices.Contains([]string{"TIME-01", "TIME-02", "HTTP-04", "PAY-11"}, check.ID):
				slow = append(slow, check.ID)
			default:
				t.Errorf("%s: %s %+v", check.ID, check.Why, check.Cases)
			}
		}
		switch {
		case t.Failed():
			return
		case report.Level != "managed":
			t.Fatalf("level %s\n%s", report.Level, o.said)
		case o.err == nil && len(slow) == 0 && report.Verdict == reports.Conformant:
			return
		case !slices.Contains(slow, "TIME-01") && (o.err != nil || report.Verdict != reports.Conformant):
			t.Fatalf("%v, verdict %s: %s\n%s", o.err, report.Verdict, report.Sentence, o.said)
		}
		t.Logf("too slow: %v", slow)
		if !slices.Contains(slow, "TIME-01") {
			return
		}
		o = shell(t, command+" --only TIME-01", env)
	}
	t.Logf("too slow each time:\n%s", o.said)
}

func read(t *testing.T, env []string, said string) *reports.Report {
	t.Helper()
	out := strings.TrimPrefix(env[len(env)-1], "HOOKDRILL_OUT=")
	data, err := os.ReadFile(filepath.Join(out, "conformance", "report.json"))
	if err != nil {
		t.Fatalf("%v\n%s", err, said)
	}
	var report reports.Report
	if err := json.Unmarshal(data, &report); err != nil {
		t.Fatal(err)
	}
	return &report
}

// environment is what an example finds: Debian's interpreters first, and the modules that Debian
// packages for Node, which another Node than Debian's does not look for.
func environment(t *testing.T, database bool) []string {
	t.Helper()
	env := append(os.Environ(),
		"PATH=/usr/bin:"+os.Getenv("PATH"),
		"NODE_PATH="+strings.Join(append(filepath.SplitList(os.Getenv("NODE_PATH")), "/usr/share/nodejs", "/usr/lib/nodejs"), ":"),
		"DB="+filepath.Join(t.TempDir(), "events.db"), "PYTHONDONTWRITEBYTECODE=1", "CLAUDE_WEBHOOK_KEY=")
	if database {
		env = append(env, "DATABASE_URL="+pgtest.URL(t))
	}
	return append(env, "HOOKDRILL_OUT="+t.TempDir())
}

// shell runs a command in the root of the repository.
func shell(t *testing.T, command string, env []string) outcome {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), 6*time.Minute)
	defer cancel()
	cmd := exec.CommandContext(ctx, "sh", "-ec", command)
	cmd.Dir, cmd.Env = root, env
	cmd.Cancel = func() error { return cmd.Process.Signal(os.Interrupt) } // then hookdrill ends its receiver, too
	cmd.WaitDelay = 30 * time.Second
	out, err := cmd.CombinedOutput()
	return outcome{string(out), cmp.Or(context.Cause(ctx), err)}
}

// readme is the block of commands in an example's README that judges it.
func readme(t *testing.T, name string) string {
	t.Helper()
	data, err := os.ReadFile(filepath.Join(name, "README.md"))
	if err != nil {
		t.Fatal(err)
	}
	for _, block := range regexp.MustCompile(`(?m)(^    .*\n)+`).FindAllString(string(data), -1) {
		if strings.Contains(block, "hookdrill conformance --exec") {
			return strings.TrimSpace(block)
		}
	}
	t.Fatal("the README does not say how the example is judged")
	return ""
}

// TestProbePage: what docs/probe.md shows is in the examples, to the letter.
func TestProbePage(t *testing.T) {
	t.Parallel()
	page, err := os.ReadFile(filepath.Join(root, "docs", "probe.md"))
	if err != nil {
		t.Fatal(err)
	}
	shown := regexp.MustCompile("(?s)\n`(examples/[^`]+)`[^\n]*(?:\n[^\n`][^\n]*)*\n```[a-z]+\n(.*?)```").FindAllStringSubmatch(string(page), -1)
	if len(shown) < 4 || len(shown) != strings.Count(string(page), "\n```\n") {
		t.Fatalf("%d samples name the file that they are of", len(shown))
	}
	for _, s := range shown {
		code, err := os.ReadFile(filepath.Join(root, filepath.FromSlash(s[1])))
		if errors.Is(err, os.ErrNotExist) || err == nil && !strings.Contains(string(code), s[2]) {
			t.Errorf("%s does not hold what docs/probe.md shows of it:\n%s", s[1], s[2])
		} else if err != nil {
			t.Error(err)
		}
		if n := strings.Count(s[2], "\n"); n > 40 {
			t.Errorf("the probe of %s has %d lines", s[1], n)
		}
	}
}
