package scenarios

import (
	"embed"
	"fmt"
	"path"
	"slices"
	"strings"

	"github.com/goccy/go-yaml"

	"hookdrill/internal/suggest"
)

//go:embed failures/*.yaml
var failures embed.FS

// Failure is a way in which receivers fail in production, as the guide tells of it, and the
// requirements that provoke it.
type Failure struct {
	Name  string `yaml:"-"`
	Title string `yaml:"title"`
	// Happens says what happens in production, Provoked how it is brought about here, and Right
	// what the right receiver does.
	Happens  string `yaml:"happens"`
	Provoked string `yaml:"provoked"`
	Right    string `yaml:"right"`
	// Checks are the ids of the requirements, in the order of the catalogue's families.
	Checks []string `yaml:"checks"`
}

// UnknownFailureError says that there is no failure of a name.
type UnknownFailureError struct{ Name, Nearest string }

func (e *UnknownFailureError) Error() string {
	if e.Nearest == "" {
		return fmt.Sprintf("no failure scenario is called %q", e.Name)
	}
	return fmt.Sprintf("no failure scenario is called %q; did you mean %q?", e.Name, e.Nearest)
}

// Failures returns the failure scenarios, sorted by name. An error means that hookdrill was
// built from broken data.
func Failures() ([]Failure, error) {
	entries, err := failures.ReadDir("failures")
	if err != nil {
		return nil, fmt.Errorf("read failure scenarios: %w", err)
	}
	var out []Failure
	for _, entry := range entries {
		data, err := failures.ReadFile(path.Join("failures", entry.Name()))
		if err != nil {
			return nil, fmt.Errorf("read failure scenarios: %w", err)
		}
		f := Failure{Name: strings.TrimSuffix(entry.Name(), ".yaml")}
		if err := yaml.UnmarshalWithOptions(data, &f, yaml.Strict()); err != nil {
			return nil, fmt.Errorf("read %s: %w", entry.Name(), err)
		}
		out = append(out, f)
	}
	slices.SortFunc(out, func(a, b Failure) int { return strings.Compare(a.Name, b.Name) })
	return out, nil
}

// FailureNamed returns the failure scenario of a name, or an [*UnknownFailureError] with the nearest.
func FailureNamed(name string) (Failure, error) {
	all, err := Failures()
	if err != nil {
		return Failure{}, err
	}
	var known []string
	for _, f := range all {
		if f.Name == name {
			return f, nil
		}
		known = append(known, f.Name)
	}
	return Failure{}, &UnknownFailureError{Name: name, Nearest: suggest.Nearest(name, known)}
}
