package scenarios_test

import (
	"errors"
	"os"
	"slices"
	"strings"
	"testing"

	"hookdrill/contract"
	"hookdrill/scenarios"
)

// TestFailures: each is whole, names requirements that there are, and has a page that tells
// of all of them.
func TestFailures(t *testing.T) {
	t.Parallel()
	all, err := scenarios.Failures()
	if err != nil || len(all) != 6 {
		t.Fatalf("%d failure scenarios, %v", len(all), err)
	}
	catalogue, err := contract.Requirements()
	if err != nil {
		t.Fatal(err)
	}
	for _, f := range all {
		page, err := os.ReadFile("../docs/scenarios/" + f.Name + ".md")
		if err != nil {
			t.Error(err)
			continue
		}
		for _, heading := range []string{"## In production", "## How it is provoked", "## The right receiver"} {
			if !strings.Contains(string(page), heading) {
				t.Errorf("%s.md: %q is missing", f.Name, heading)
			}
		}
		for _, id := range f.Checks {
			if !slices.ContainsFunc(catalogue, func(r contract.Requirement) bool { return r.ID == id }) {
				t.Errorf("%s: there is no %s", f.Name, id)
			}
			if !strings.Contains(string(page), id) {
				t.Errorf("%s.md does not tell of %s", f.Name, id)
			}
		}
		for name, text := range map[string]string{"title": f.Title, "happens": f.Happens, "provoked": f.Provoked, "right": f.Right} {
			if text == "" || strings.TrimSpace(text) != text {
				t.Errorf("%s: %s is %q", f.Name, name, text)
			}
		}
		if named, err := scenarios.FailureNamed(f.Name); err != nil || named.Title != f.Title {
			t.Errorf("%s: %v", f.Name, err)
		}
	}
	_, err = scenarios.FailureNamed("silent-failur")
	if unknown, ok := errors.AsType[*scenarios.UnknownFailureError](err); !ok || unknown.Nearest != "silent-failure" {
		t.Error(err)
	}
}
