// Package testtool finds the programs that a test cannot do without. Where one
// is missing the test is skipped; with HOOKDRILL_REQUIRE_TOOLS=1, as in CI, it
// fails, because there nothing that a test needs may be missing.
package testtool

import (
	"os"
	"os/exec"
	"testing"
)

// Need returns the path of the first of some programs, which must all be there.
func Need(t testing.TB, names ...string) string {
	t.Helper()
	first := ""
	for _, name := range names {
		path, err := exec.LookPath(name)
		if err != nil {
			Missing(t, err)
		}
		if first == "" {
			first = path
		}
	}
	return first
}

// Missing ends a test for want of something other than a program on the path:
// err says what.
func Missing(t testing.TB, err error) {
	t.Helper()
	if Required() {
		t.Fatal(err)
	}
	t.Skip(err)
}

// Required says whether everything that tests need has to be there.
func Required() bool { return os.Getenv("HOOKDRILL_REQUIRE_TOOLS") == "1" }
