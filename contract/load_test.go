package contract_test

import (
	"errors"
	"flag"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/goccy/go-yaml"

	"hookdrill/contract"
)

var update = flag.Bool("update", false, "write the golden files anew")

func TestLoadBuiltIn(t *testing.T) {
	t.Parallel()
	for _, name := range contract.Names() {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			c, err := contract.Load(name)
			if err != nil {
				t.Fatal(err)
			}
			if c.Name != name {
				t.Errorf("the contract in %s.yaml is named %q", name, c.Name)
			}
			// What a contract is written as reads back as the same contract.
			text, err := yaml.Marshal(c)
			if err != nil {
				t.Fatal(err)
			}
			golden(t, name+".golden.yaml", text)
			again, err := contract.Parse(text, "again.yaml")
			if err != nil {
				t.Fatalf("parse what was written: %v", err)
			}
			second, err := yaml.Marshal(again)
			if err != nil {
				t.Fatal(err)
			}
			if string(second) != string(text) {
				t.Errorf("written again, the contract differs:\n%s", second)
			}
		})
	}
	if !slices.Contains(contract.Names(), "claude") {
		t.Errorf("Names() = %v, without claude", contract.Names())
	}
}

func TestClaudeFacts(t *testing.T) {
	t.Parallel()
	c, err := contract.Load("claude")
	if err != nil {
		t.Fatal(err)
	}
	var sum time.Duration
	for _, wait := range c.Retries.Waits {
		sum += time.Duration(wait)
	}
	if len(c.Retries.Waits) != 10 || sum != 1023*time.Second {
		t.Errorf("%d retries over %s, want 10 over 1023s", len(c.Retries.Waits), sum)
	}
	if !c.Documented("agent.task.timeout") || c.Documented("agent.task") || c.Documented("") {
		t.Error("Documented does not tell the documented types from others")
	}
	// Every value that the source leaves open is owned up to.
	all := strings.Join(c.Assumptions, "\n")
	for _, field := range []string{"timeout:", "retries.jitter:", "retries.resend:", "retries.retry_after:", "disable:"} {
		if !strings.Contains(all, field) {
			t.Errorf("no assumption about %s", field)
		}
	}
}

func TestLoadFile(t *testing.T) {
	t.Parallel()
	valid, err := os.ReadFile("claude.yaml")
	if err != nil {
		t.Fatal(err)
	}
	dir := t.TempDir()
	for name, data := range map[string]string{
		"good.yaml": string(valid),
		"good.yml":  string(valid),
		"noext":     string(valid),
		"bad.yaml":  strings.Replace(string(valid), "encoding: hex", "encoding: base32", 1),
		"huge.yaml": strings.Repeat("# \n", 1<<20),
	} {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(data), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	tests := []struct{ name, file, want string }{
		{"yaml", "good.yaml", ""},
		{"yml", "good.yml", ""},
		{"a slash is enough", "noext", ""},
		{"the error names the file", "bad.yaml", filepath.Join(dir, "bad.yaml") + ":15: signature.encoding"},
		{"too large", "huge.yaml", "larger than 1048576 bytes"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			_, err := contract.Load(filepath.Join(dir, tt.file))
			wantError(t, err, tt.want)
		})
	}
	if _, err := contract.Load("missing.yaml"); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("a missing file gives %v, want %v", err, fs.ErrNotExist)
	}
}

func TestLoadUnknown(t *testing.T) {
	t.Parallel()
	_, err := contract.Load("cluade")
	want := `unknown contract "cluade"; did you mean "claude"? (built in: claude, claude-managed-agents, github, openai, sentry, shopify, slack, standard-webhooks, stripe, svix; the name of a file contains a slash or ends in .yaml)`
	if err == nil || err.Error() != want {
		t.Errorf("got  %v\nwant %s", err, want)
	}
	var unknown *contract.UnknownError
	if _, err := contract.Load("kubernetes"); !errors.As(err, &unknown) || unknown.Nearest != "" {
		t.Errorf("a far name gives %v, want an UnknownError without a suggestion", err)
	}
}

// wantError checks that err holds want, or is nil when want is "".
func wantError(t *testing.T, err error, want string) {
	t.Helper()
	switch {
	case want == "" && err != nil:
		t.Errorf("unexpected error: %v", err)
	case want != "" && err == nil:
		t.Errorf("no error, want %q", want)
	case want != "" && !strings.Contains(err.Error(), want):
		t.Errorf("got  %v\nwant %s", err, want)
	}
}

// golden compares got with a file in testdata, or writes it with -update.
func golden(t *testing.T, name string, got []byte) {
	t.Helper()
	file := filepath.Join("testdata", name)
	if *update {
		if err := os.WriteFile(file, got, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	if string(got) != string(want) {
		t.Errorf("%s differs; run go test -update if that is right. Got:\n%s", file, got)
	}
}
