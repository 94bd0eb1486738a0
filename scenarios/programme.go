package scenarios

import (
	"embed"
	"errors"
	"fmt"
	"os"
	"path"
	"slices"
	"strings"

	"github.com/goccy/go-yaml"

	"hookdrill/internal/suggest"
)

//go:embed programmes/*.yaml
var programmes embed.FS

// Programme is a fault programme: what goes wrong with which attempts of mock
// Claude. It has either steps or a soak.
type Programme struct {
	// Name is that of the built-in programme, or the file's.
	Name  string `yaml:"-"`
	Title string `yaml:"title"`
	// Match selects the attempts that the steps without a match of their own, or the
	// soak, are about; nil selects all.
	Match *Match `yaml:"match,omitempty"`
	// Repeat is how often the list of steps runs; 0 is once.
	Repeat int `yaml:"repeat,omitempty"`
	// Forever repeats it without an end.
	Forever bool            `yaml:"forever,omitempty"`
	Steps   []ProgrammeStep `yaml:"steps,omitempty"`
	Soak    *Soak           `yaml:"soak,omitempty"`
}

// Match selects attempts by the event's type and by the endpoint; an empty list
// selects all.
type Match struct {
	Types     []string `yaml:"types,omitempty" json:"types,omitempty"`
	Endpoints []string `yaml:"endpoints,omitempty" json:"endpoints,omitempty"`
}

// ProgrammeStep gives a fault to the next attempts that it matches.
type ProgrammeStep struct {
	// Fault is the name of a fault, or none for attempts that go unharmed.
	Fault string `yaml:"fault" json:"fault"`
	// Count is how many attempts it takes, 1 to 1 000 000; 0 is 1.
	Count int `yaml:"count,omitempty" json:"count,omitempty"`
	// On is first, or "", for first attempts alone, and any for retries too.
	On    string `yaml:"on,omitempty" json:"on,omitempty"`
	Match *Match `yaml:"match,omitempty" json:"match,omitempty"`
	// With holds the fault's options.
	With map[string]any `yaml:"with,omitempty" json:"with,omitempty"`
}

// Soak draws faults at random.
type Soak struct {
	// OneIn makes one of that many attempts faulty, on average, 2 to 1000.
	OneIn int `yaml:"one_in"`
	// Consecutive is the most faulty attempts in a row of one delivery, 1 to 9, so that
	// each is delivered in the end.
	Consecutive int         `yaml:"consecutive"`
	Faults      []SoakFault `yaml:"faults"`
}

// SoakFault is one of the faults that a soak draws from.
type SoakFault struct {
	Fault string         `yaml:"fault"`
	With  map[string]any `yaml:"with,omitempty"`
}

// The choices of ProgrammeStep.On, and the fault that is none.
const (
	OnFirst = "first"
	OnAny   = "any"
	NoFault = "none"
)

const (
	mostCount = 1_000_000
	mostSteps = 1000
)

// Programmes reads the programmes that come with hookdrill, in alphabetical
// order.
func Programmes() ([]Programme, error) {
	names, err := programmeNames()
	if err != nil {
		return nil, err
	}
	var out []Programme
	for _, name := range names {
		p, err := builtinProgramme(name)
		if err != nil {
			return nil, err
		}
		out = append(out, *p)
	}
	return out, nil
}

func programmeNames() ([]string, error) {
	entries, err := programmes.ReadDir("programmes")
	if err != nil {
		return nil, fmt.Errorf("list fault programmes: %w", err)
	}
	var names []string
	for _, e := range entries {
		names = append(names, strings.TrimSuffix(e.Name(), ".yaml"))
	}
	return names, nil
}

func builtinProgramme(name string) (*Programme, error) {
	data, err := builtinText(name)
	if err != nil {
		return nil, err
	}
	p, err := ParseProgramme(data, path.Join("programmes", name+".yaml"))
	if err != nil {
		return nil, err
	}
	p.Name = name
	return p, nil
}

func builtinText(name string) ([]byte, error) {
	data, err := programmes.ReadFile(path.Join("programmes", name+".yaml"))
	if err != nil {
		return nil, fmt.Errorf("read fault programme: %w", err)
	}
	return data, nil
}

// ProgrammeText returns the YAML text of a programme that comes with hookdrill.
// The error of an unknown name says which there are.
func ProgrammeText(name string) ([]byte, error) {
	if err := knownProgramme(name); err != nil {
		return nil, err
	}
	return builtinText(name)
}

// LoadProgramme returns a programme by its built-in name, or, when name contains
// a slash or ends in .yaml or .yml, the one in the file of that name.
func LoadProgramme(name string) (*Programme, error) {
	if strings.Contains(name, "/") || strings.HasSuffix(name, ".yaml") || strings.HasSuffix(name, ".yml") {
		data, err := os.ReadFile(name) //nolint:gosec // the file that the user names
		if err != nil {
			return nil, fmt.Errorf("read fault programme: %w", err)
		}
		return ParseProgramme(data, name)
	}
	if err := knownProgramme(name); err != nil {
		return nil, fmt.Errorf("%w, and a file has a slash in its name or ends in .yaml", err)
	}
	return builtinProgramme(name)
}

// knownProgramme is nil for the name of a programme that comes with hookdrill.
func knownProgramme(name string) error {
	names, err := programmeNames()
	if err != nil || slices.Contains(names, name) {
		return err
	}
	hint := ""
	if near := suggest.Nearest(name, names); near != "" {
		hint = fmt.Sprintf("did you mean %q? ", near)
	}
	return fmt.Errorf("unknown fault programme %q; %sthere are %s", name, hint, strings.Join(names, ", "))
}

// ParseProgramme reads a programme strictly; the error names the file and,
// for what is not in the right form, the line. Whether the faults exist, and
// their options, is not looked at.
func ParseProgramme(data []byte, name string) (*Programme, error) {
	var p Programme
	if err := yaml.UnmarshalWithOptions(data, &p, yaml.Strict()); err != nil {
		return nil, fmt.Errorf("%s: %s", name, strings.TrimSpace(yaml.FormatError(err, false, true)))
	}
	p.Name = name
	if err := p.validate(); err != nil {
		return nil, err
	}
	return &p, nil
}

// validate names every mistake.
func (p *Programme) validate() error {
	var errs []error
	bad := func(format string, args ...any) {
		errs = append(errs, fmt.Errorf(p.Name+": "+format, args...))
	}
	if strings.TrimSpace(p.Title) == "" {
		bad("title: missing; say what the programme does")
	}
	switch {
	case len(p.Steps) == 0 && p.Soak == nil:
		bad("it has neither steps nor a soak")
	case len(p.Steps) > 0 && p.Soak != nil:
		bad("it has steps and a soak; give one")
	case len(p.Steps) > mostSteps:
		bad("steps: %d are the most", mostSteps)
	}
	if p.Repeat < 0 || p.Repeat > mostCount {
		bad("repeat: want 1 to %d, have %d", mostCount, p.Repeat)
	}
	if p.Forever && p.Repeat > 0 {
		bad("repeat and forever are both given; give one")
	}
	if p.Soak != nil && (p.Forever || p.Repeat > 0) {
		bad("a soak goes on without repeat or forever")
	}
	for i, s := range p.Steps {
		if err := s.Validate(); err != nil {
			bad("steps[%d]: %w", i, err)
		}
	}
	if s := p.Soak; s != nil {
		if s.OneIn < 2 || s.OneIn > 1000 {
			bad("soak.one_in: want 2 to 1000, have %d", s.OneIn)
		}
		if s.Consecutive < 1 || s.Consecutive > 9 {
			bad("soak.consecutive: want 1 to 9, have %d", s.Consecutive)
		}
		if len(s.Faults) == 0 {
			bad("soak.faults: it has none to draw from")
		}
	}
	return errors.Join(errs...)
}

// Validate names every mistake in a step but those of its fault and options.
func (s ProgrammeStep) Validate() error {
	var errs []error
	if s.Fault == "" {
		errs = append(errs, errors.New("fault: missing"))
	}
	if s.Count < 0 || s.Count > mostCount {
		errs = append(errs, fmt.Errorf("count: want 1 to %d, have %d", mostCount, s.Count))
	}
	if s.On != "" && s.On != OnFirst && s.On != OnAny {
		errs = append(errs, fmt.Errorf("on: want %s or %s, have %q", OnFirst, OnAny, s.On))
	}
	return errors.Join(errs...)
}
