package scenarios

import (
	"embed"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path"
	"slices"
	"strings"

	"github.com/goccy/go-yaml"
)

//go:embed *.yaml
var builtin embed.FS

// Builtin reads the scenarios that come with hookdrill, in order of their
// files' names.
func Builtin() ([]Scenario, error) {
	return load(builtin, "scenarios", true)
}

// Folder reads every *.yaml file of a folder of the user's own and adds its
// cases to those of base: a scenario of a requirement that base has gives it
// more cases. The error names file and line.
func Folder(dir string, base []Scenario) ([]Scenario, error) {
	own, err := load(os.DirFS(dir), dir, false)
	if err != nil {
		return nil, err
	}
	out := slices.Clone(base)
	for _, sc := range own {
		at := slices.IndexFunc(out, func(b Scenario) bool { return b.Requirement == sc.Requirement })
		if at < 0 {
			return nil, fmt.Errorf("%s: requirement %q is not in the catalogue (hookdrill requirements lists them)", dir, sc.Requirement)
		}
		if sc.Judge != "" || sc.Control || sc.Limit != 0 || sc.When != "" || sc.Slow || sc.Status != 0 || len(sc.Reads) > 0 {
			return nil, fmt.Errorf("%s: requirement %s is built in: a folder adds cases to it; leave out everything but requirement and cases", dir, sc.Requirement)
		}
		out[at].Cases = append(slices.Clone(out[at].Cases), sc.Cases...)
	}
	return out, validate(out, dir, true)
}

func load(files fs.FS, where string, whole bool) ([]Scenario, error) {
	names, err := fs.Glob(files, "*.yaml")
	if err != nil {
		return nil, fmt.Errorf("list scenarios: %w", err)
	}
	if len(names) == 0 {
		return nil, fmt.Errorf("%s: no scenario files (*.yaml) there", where)
	}
	var all []Scenario
	for _, name := range names {
		data, err := fs.ReadFile(files, name)
		if err != nil {
			return nil, fmt.Errorf("read scenarios: %w", err)
		}
		file, err := Parse(data, path.Join(where, name))
		if err != nil {
			return nil, err
		}
		all = append(all, file.Scenarios...)
	}
	return all, validate(all, where, whole)
}

// Parse reads one scenario file strictly: an unknown key, a wrong word or a
// wrong type is an error that names file and line.
func Parse(data []byte, name string) (*File, error) {
	var file File
	if err := yaml.UnmarshalWithOptions(data, &file, yaml.Strict()); err != nil {
		return nil, fmt.Errorf("%s: %s", name, strings.TrimSpace(yaml.FormatError(err, false, true)))
	}
	if len(file.Scenarios) == 0 {
		return nil, fmt.Errorf("%s: no scenarios in it", name)
	}
	for i := range file.Scenarios {
		sc := &file.Scenarios[i]
		family, _, _ := strings.Cut(sc.Requirement, "-")
		if family == "ORD" {
			family = "IDEM"
		}
		if family != file.Family {
			return nil, fmt.Errorf("%s: requirement %s does not belong to family %s", name, sc.Requirement, file.Family)
		}
	}
	return &file, nil
}

// validate names every mistake at once. What is not whole is a user's folder alone.
func validate(all []Scenario, where string, whole bool) error {
	var errs []error
	bad := func(format string, args ...any) {
		errs = append(errs, fmt.Errorf(where+": "+format, args...))
	}
	word := func(at, what, value string, known ...string) {
		if !slices.Contains(known, value) {
			bad("%s: %s %q is not one of %s", at, what, value, strings.Join(known, ", "))
		}
	}
	seen := map[string]bool{}
	for _, sc := range all {
		if seen[sc.Requirement] {
			bad("%s stands twice", sc.Requirement)
		}
		seen[sc.Requirement] = true
		word(sc.Requirement, "judge", sc.Judge, JudgeAnswers, JudgeLatency, JudgeSameStatus, JudgeLeakSecret, JudgeLeakTrace,
			JudgeNoEffect, JudgeSize, JudgeAcked, JudgeRest, JudgeStatus, JudgeAll2xx, JudgeState, JudgeTLS, JudgeLog, JudgeCalls)
		word(sc.Requirement, "when", sc.When, "", WhenHTTPS, WhenPreviousKey, WhenSeveralSignatures, WhenHandshake)
		if len(sc.Cases) == 0 {
			bad("%s has no cases", sc.Requirement)
		}
		names := map[string]bool{}
		for _, c := range sc.Cases {
			at := sc.Requirement + "/" + c.Name
			if c.Name == "" || strings.ContainsAny(c.Name, ",\n") || names[c.Name] {
				bad("%s: a case's name must be unique and hold no comma", at)
			}
			names[c.Name] = true
			if len(c.Steps) == 0 && c.Call == nil && needsSteps(sc) {
				bad("%s has no steps: a case that sends nothing proves nothing", at)
			}
			checkCall(at, sc, c, whole, bad)
			word(at, "each", c.Each, "", EachType, EachAuthHeader)
			word(at, "when", c.When, "", WhenWhsecKey, WhenDecodedKey, WhenSeveralHeaders, WhenSeveralSignatures,
				WhenFutureRefused, WhenFutureTaken, WhenEventTime)
			for _, s := range c.Steps {
				checkStep(at, s, word, bad)
			}
		}
	}
	return errors.Join(errs...)
}

// checkCall checks a trial of what the receiver calls, and that it stands where such
// trials are judged. A folder of the user's own, before it is joined with the rest, does
// not say how it is judged.
func checkCall(at string, sc Scenario, c Case, whole bool, bad func(string, ...any)) {
	called := sc.Judge == JudgeCalls
	if c.Call != nil && len(c.Steps) > 0 || called && c.Call == nil || whole && !called && c.Call != nil {
		bad("%s: a case has call in place of steps where the judge is %s, and nowhere else", at, JudgeCalls)
	}
	if c.Call != nil {
		if err := c.Call.validate(); err != nil {
			bad("%s: %w", at, err)
		}
	}
}

// needsSteps reports whether the cases of a scenario are judged by what they
// send themselves.
func needsSteps(sc Scenario) bool {
	switch sc.Judge {
	case JudgeAnswers, JudgeSameStatus, JudgeState:
		return true
	}
	return sc.Judge == JudgeLatency && len(sc.Reads) == 0
}

func checkStep(at string, s Step, word func(at, what, value string, known ...string), bad func(string, ...any)) {
	word(at, "mode", s.Mode, ModeOne, ModeTogether, ModeSpread, ModeConnection, ModeTrickle, ModeAgain, ModeMeanwhile)
	word(at, "expect", s.Expect, ExpectAccepted, ExpectRefused, ExpectNotServer, ExpectNotOK, ExpectNotMoved, ExpectClosed, ExpectStatus, ExpectAny)
	word(at, "effect", s.Effect, "", EffectOnce, EffectMaybe, EffectNever)
	word(at, "style", s.Style, append(Styles(), "")...)
	word(at, "header_case", s.HeaderCase, "", "lower", "upper", "mixed")
	word(at, "header_order", s.HeaderOrder, "", "reversed")
	if s.Expect == ExpectStatus && (s.Status < 200 || s.Status > 599) {
		bad("%s: expect status needs a status from 200 to 599", at)
	}
	if s.StampOffset != 0 && s.StampTolerances != 0 {
		bad("%s: stamp_offset and stamp_tolerances both move the timestamp; leave one of them out", at)
	}
	for _, e := range s.Edit {
		if (e.Set == "") == (e.Remove == "") {
			bad("%s: an edit needs one of set and remove", at)
		}
	}
	if s.Sign != nil {
		word(at, "mac", s.Sign.MAC, "", MACRandom, MACZeros)
		for _, entry := range s.Sign.List {
			word(at, "list", entry, "right", "previous", "wrong")
		}
	}
	if s.Shape != nil {
		word(at, "shape", s.Shape.Kind, "", "raw", "chunked", "pieces", "expect", "http2", "cut", "abandon")
	}
}
