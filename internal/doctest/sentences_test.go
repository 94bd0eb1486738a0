package doctest

import (
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

// TestSentences carries out the commands in sentences and tables that only list and show something. The others are
// parsed by cmd/hookdrill's tests.
func TestSentences(t *testing.T) {
	t.Parallel()
	commands := map[string]string{} // and where each stands
	for _, name := range files(t) {
		text, err := os.ReadFile(filepath.Join(root, name))
		if err != nil {
			t.Fatal(err)
		}
		for _, m := range regexp.MustCompile("`(hookdrill\\s+(?:contracts|scenarios|requirements|version)\\b[^`|]*)`").FindAllStringSubmatch(string(text), -1) {
			command := strings.Join(strings.Fields(m[1]), " ")
			if regexp.MustCompile(`\b[A-Z]{2,}$|…|\bcontracts init$`).MatchString(command) {
				continue // it says how a command looks, and is none
			}
			commands[command] = name
		}
	}
	if len(commands) < 12 {
		t.Errorf("only %d commands were found", len(commands))
	}
	s := newSession(t)
	for _, command := range sorted(commands) {
		if out, code := s.run(nil, command); code != 0 || strings.TrimSpace(out) == "" {
			t.Errorf("%s: exit code %d: %s\n%s", commands[command], code, command, out)
		}
	}
	t.Logf("%d commands", len(commands))
}
