// Package baseline reads and writes the file of known failures, with which a gate can hold while
// a team works through them: which requirement or case, why, where it is tracked, and until when.
//
// It must not judge: package verdict does that with what the file says.
package baseline

import (
	"bytes"
	"errors"
	"fmt"
	"net/url"
	"slices"
	"strings"
	"time"

	"github.com/goccy/go-yaml"
	"github.com/goccy/go-yaml/ast"
	"github.com/goccy/go-yaml/parser"
)

// Entry is one known failure.
type Entry struct {
	// ID is a requirement, or a requirement, a slash and the name of a case.
	ID string `yaml:"id"`
	// Status is what is known: fail, which is the default, not_exercised or not_observed.
	Status string `yaml:"status,omitempty"`
	// Reason says why it is not mended yet, Link where that is tracked.
	Reason string `yaml:"reason"`
	Link   string `yaml:"link,omitempty"`
	// Expires is the last day, as YYYY-MM-DD, on which the entry counts.
	Expires string `yaml:"expires"`
}

// The statuses that an entry may know.
const (
	Fail         = "fail"
	NotExercised = "not_exercised"
	NotObserved  = "not_observed"
)

// File is a whole baseline.
type File struct {
	Known []Entry `yaml:"known"`
}

// MaxFile bounds a baseline, in bytes.
const MaxFile = 1 << 20

const day = time.DateOnly

// Expired reports whether the entry's last day is over at a moment, by UTC.
func (e Entry) Expired(now time.Time) bool {
	last, err := time.Parse(day, e.Expires)
	return err != nil || !now.UTC().Before(last.AddDate(0, 0, 1))
}

// Parse reads a baseline. The error names every line that is wrong, and what would be right. An
// entry without a reason is wrong, unless it is read to be updated.
func Parse(data []byte, name string, toUpdate bool) (*File, error) {
	if len(data) > MaxFile {
		return nil, fmt.Errorf("%s: larger than %d bytes", name, MaxFile)
	}
	f := &File{}
	if len(bytes.TrimSpace(data)) == 0 {
		return f, nil
	}
	if err := yaml.UnmarshalWithOptions(data, f, yaml.Strict()); err != nil {
		return nil, fmt.Errorf("%s: %s; want a list \"known\" of entries with id, reason, link and expires", name, strings.TrimSpace(yaml.FormatError(err, false, false)))
	}
	lines := entryLines(data)
	var errs []error
	seen := map[string]bool{}
	for i, e := range f.Known {
		wrong := func(format string, args ...any) {
			errs = append(errs, fmt.Errorf("%s:%d: %s", name, lines(i), fmt.Sprintf(format, args...)))
		}
		id := e.ID
		if id == "" {
			id = fmt.Sprintf("entry %d", i+1)
			wrong("an entry has no id; want a requirement such as SIG-06, or REQUIREMENT/CASE")
		}
		if seen[e.ID] && e.ID != "" {
			wrong("%s is there twice", id)
		}
		seen[e.ID] = true
		if strings.TrimSpace(e.Reason) == "" && !toUpdate {
			wrong("%s has no reason; say in a sentence why it is not mended yet", id)
		}
		if _, err := time.Parse(day, e.Expires); err != nil {
			wrong("%s: expires: want a date such as 2027-01-31, have %q", id, e.Expires)
		}
		if !slices.Contains([]string{"", Fail, NotExercised, NotObserved}, e.Status) {
			wrong("%s: status: want fail, not_exercised or not_observed, have %q", id, e.Status)
		}
		if u, err := url.Parse(e.Link); e.Link != "" && (err != nil || u.Host == "" || u.Scheme != "https" && u.Scheme != "http") {
			wrong("%s: link: want a URL that begins with https://, have %q", id, e.Link)
		}
	}
	return f, errors.Join(errs...)
}

// entryLines gives the line on which the i-th entry begins.
func entryLines(data []byte) func(int) int {
	none := func(int) int { return 1 }
	file, err := parser.ParseBytes(data, 0)
	if err != nil || len(file.Docs) == 0 {
		return none
	}
	path, err := yaml.PathString("$.known")
	if err != nil {
		return none
	}
	node, err := path.FilterFile(file)
	if err != nil {
		return none
	}
	list, ok := node.(*ast.SequenceNode)
	if !ok {
		return none
	}
	return func(i int) int {
		if i >= len(list.Values) {
			return 1
		}
		return list.Values[i].GetToken().Position.Line
	}
}

// grace is how many days a new entry counts.
const grace = 90

// head explains the file to whoever opens it.
const head = `# Known failures, for hookdrill conformance --baseline. See docs/baseline.md.
# Every entry wants a reason: without one the file is refused.
`

// Update gives the baseline after a run: entries that failed again or were not decided stay as
// they are, those that passed go, and what failed and has none gets an entry without a reason,
// which somebody has to fill in. Entries are sorted by id.
func (f *File) Update(failed, passed []string, now time.Time) *File {
	out := &File{Known: []Entry{}}
	have := map[string]bool{}
	for _, e := range f.Known {
		if (e.Status == "" || e.Status == Fail) && slices.Contains(passed, e.ID) {
			continue
		}
		if e.Status == "" || e.Status == Fail {
			have[e.ID] = true
		}
		out.Known = append(out.Known, e)
	}
	for _, id := range failed {
		requirement, _, _ := strings.Cut(id, "/")
		if !have[id] && !have[requirement] {
			have[id] = true
			out.Known = append(out.Known, Entry{ID: id, Expires: now.UTC().AddDate(0, 0, grace).Format(day)})
		}
	}
	slices.SortStableFunc(out.Known, func(a, b Entry) int { return strings.Compare(a.ID, b.ID) })
	return out
}

// Unexplained lists the ids of entries without a reason.
func (f *File) Unexplained() []string {
	var out []string
	for _, e := range f.Known {
		if strings.TrimSpace(e.Reason) == "" {
			out = append(out, e.ID)
		}
	}
	return out
}

// Marshal writes the file.
func (f *File) Marshal() ([]byte, error) {
	data, err := yaml.MarshalWithOptions(f, yaml.IndentSequence(true))
	if err != nil {
		return nil, fmt.Errorf("write baseline: %w", err)
	}
	return append([]byte(head), data...), nil
}
