package contract

import (
	_ "embed" // for requirements.yaml and load.yaml
	"errors"
	"fmt"
	"regexp"
	"slices"
	"strings"
)

//go:embed requirements.yaml
var catalogue []byte

//go:embed load.yaml
var loadCatalogue []byte

// Requirements returns the catalogue in its order: family by family, as the
// families stand in [Families]. An error means that hookdrill was built from a
// broken catalogue.
func Requirements() ([]Requirement, error) {
	return parseRequirements(catalogue, "requirements.yaml")
}

// LoadRequirements returns the family LOAD, which a load test checks and a conformance
// run does not.
func LoadRequirements() ([]Requirement, error) {
	return parseRequirements(loadCatalogue, "load.yaml")
}

// Families lists the families of the catalogue in its order, and then that of a load.
func Families() []string {
	return []string{"SIG", "RAW", "PAY", "HTTP", "IDEM", "ORD", "RPL", "TIME", "RTY", "LED", "DUR", "TLS", "OBS", "API", "LOAD"}
}

// Lookup returns the requirement with an id, such as SIG-03. The error about an
// unknown id is an [*UnknownError] with the nearest one.
func Lookup(id string) (Requirement, error) {
	all, err := Requirements()
	if err != nil {
		return Requirement{}, err
	}
	load, err := LoadRequirements()
	if err != nil {
		return Requirement{}, err
	}
	all = append(all, load...)
	ids := make([]string, len(all))
	for i, r := range all {
		if r.ID == id {
			return r, nil
		}
		ids[i] = r.ID
	}
	return Requirement{}, unknown("requirement", id, ids, "hookdrill requirements lists them")
}

func parseRequirements(data []byte, filename string) ([]Requirement, error) {
	var file struct {
		Requirements []Requirement `yaml:"requirements"`
	}
	tree, err := decodeStrictly(data, filename, &file)
	if err != nil {
		return nil, err
	}
	var errs []error
	for i, problems := range checkAll(file.Requirements) {
		for _, p := range problems {
			line := lineOf(tree, fmt.Sprintf("requirements[%d]", i))
			errs = append(errs, fmt.Errorf("%s:%d: requirement %q: %s", filename, line, file.Requirements[i].ID, p))
		}
	}
	if len(errs) > 0 {
		return nil, errors.Join(errs...)
	}
	return file.Requirements, nil
}

// checkAll returns what is wrong with each requirement, by its index.
func checkAll(all []Requirement) [][]string {
	problems := make([][]string, len(all))
	seen := map[string]bool{}
	last := 0
	for i, r := range all {
		problems[i] = r.check()
		if seen[r.ID] {
			problems[i] = append(problems[i], "the id is taken")
		}
		seen[r.ID] = true
		at := slices.Index(Families(), r.Family)
		if at >= 0 && at < last {
			problems[i] = append(problems[i], "family "+r.Family+" stands after a later one")
		}
		last = max(last, at)
	}
	return problems
}

// check returns what is wrong with r by itself.
func (r Requirement) check() []string {
	var wrong []string
	complain := func(ok bool, format string, args ...any) {
		if !ok {
			wrong = append(wrong, fmt.Sprintf(format, args...))
		}
	}
	complain(slices.Contains(Families(), r.Family), "unknown family %q", r.Family)
	complain(regexp.MustCompile(`^[A-Z]+-[0-9]{2}$`).MatchString(r.ID), "the id is not of the form SIG-01")
	complain(strings.HasPrefix(r.ID, r.Family+"-"), "the id does not begin with the family %q", r.Family)
	levels := []string{"must", "should", "info"}
	complain(slices.Contains(levels, r.Level), "level %q is none of %s", r.Level, strings.Join(levels, ", "))
	needs := []Need{NeedWire, NeedObserved, NeedManaged, NeedLog}
	complain(slices.Contains(needs, r.Need), "need %q is none of %v", r.Need, needs)
	for _, text := range []struct{ key, value string }{
		{"title", r.Title}, {"sent", r.Sent}, {"right", r.Right}, {"matters", r.Matters}, {"source", r.Source},
	} {
		complain(strings.TrimSpace(text.value) != "", "%s is missing", text.key)
		complain(text.value == strings.TrimSpace(text.value), "%s has spaces around it", text.key)
	}
	return wrong
}
