package reports

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"strings"
)

// WriteJSON writes r as report.json, indented. What is missing is made
// explicit: nil lists are [], and every status is counted, if only with 0; the
// exit code is the one that [ExitCode] derives. r itself is not changed.
func WriteJSON(w io.Writer, r *Report) error {
	if r == nil {
		return errors.New("write JSON report: there is no report")
	}
	enc := json.NewEncoder(w)
	enc.SetEscapeHTML(false)
	enc.SetIndent("", "  ")
	if err := enc.Encode(explicit(r)); err != nil {
		return fmt.Errorf("write JSON report: %w", err)
	}
	return nil
}

// ReadJSON reads a report.json. Fields that this version does not know are
// passed over, since a schema only ever gains them. Any other schema number is
// an error.
func ReadJSON(rd io.Reader) (*Report, error) {
	data, err := io.ReadAll(rd)
	if err != nil {
		return nil, fmt.Errorf("read report: %w", err)
	}
	data = bytes.TrimPrefix(data, []byte("\ufeff"))
	if len(bytes.TrimSpace(data)) == 0 {
		return nil, errors.New("read report: the file is empty")
	}
	var head struct {
		Schema *int `json:"schema"`
		Tool   *struct {
			Name string `json:"name"`
		} `json:"tool"`
	}
	if !json.Valid(data) {
		return nil, fmt.Errorf("read report: not JSON: %w", json.Unmarshal(data, new(any)))
	}
	if err := json.Unmarshal(data, &head); err != nil {
		var kind *json.UnmarshalTypeError
		if errors.As(err, &kind) && kind.Field == "" {
			return nil, fmt.Errorf("read report: not a hookdrill report: it is JSON, but no object: %s", kind.Value)
		}
		return nil, fmt.Errorf("read report: not a hookdrill report: %w", err)
	}
	switch {
	case head.Tool == nil || head.Tool.Name != "hookdrill":
		return nil, errors.New(`read report: not a hookdrill report: tool.name is not "hookdrill"`)
	case head.Schema == nil:
		return nil, errors.New(`read report: not a hookdrill report: it has no "schema" number`)
	case *head.Schema != Schema:
		return nil, fmt.Errorf("read report: it has schema %d, this hookdrill reads schema %d", *head.Schema, Schema)
	}
	r := new(Report)
	if err := json.Unmarshal(data, r); err != nil {
		return nil, fmt.Errorf("read report: %w", err)
	}
	return r, nil
}

// Open reads the report at a path, which is a report.json or a folder that holds one.
func Open(path string) (*Report, error) {
	info, err := os.Stat(path)
	if err != nil {
		return nil, fmt.Errorf("read report: %w", err)
	}
	if info.IsDir() {
		folder := path
		path = filepath.Join(path, fileJSON)
		if _, err := os.Stat(path); errors.Is(err, fs.ErrNotExist) {
			return nil, fmt.Errorf("read report: there is no %s in %s%s", fileJSON, Clean(folder), below(folder))
		}
	}
	file, err := os.Open(path) //nolint:gosec // the user's own report
	if err != nil {
		return nil, fmt.Errorf("read report: %w", err)
	}
	defer func() { _ = file.Close() }() // it was only read
	r, err := ReadJSON(io.LimitReader(file, maxReport))
	if err != nil {
		return nil, fmt.Errorf("%s: %w", Clean(path), err)
	}
	return r, nil
}

// below names the folders in a folder that do hold a report, as a mend.
func below(folder string) string {
	found, err := filepath.Glob(filepath.Join(folder, "*", fileJSON))
	if err != nil || len(found) == 0 {
		return ""
	}
	var names []string
	for _, file := range found {
		names = append(names, Clean(filepath.Dir(file)))
	}
	return "; there is one in " + strings.Join(names, ", ")
}

// maxReport bounds what is read of a report; a longer one is cut, and then no JSON.
const maxReport = 1 << 30

// explicit gives a copy of r without nil lists and with every count.
func explicit(r *Report) *Report {
	c := *r
	c.ExitCode = ExitCode(r)
	c.Counts = counts(r)
	c.Assumptions = list(r.Assumptions)
	c.Observers = list(r.Observers)
	c.Unlock = list(r.Unlock)
	for i := range c.Unlock {
		c.Unlock[i].Checks = list(c.Unlock[i].Checks)
	}
	c.Families = list(r.Families)
	c.Checklist = checklistOf(r)
	c.Checks = list(r.Checks)
	for i := range c.Checks {
		c.Checks[i].Cases = list(c.Checks[i].Cases)
		for j := range c.Checks[i].Cases {
			c.Checks[i].Cases[j].Exchanges = list(c.Checks[i].Cases[j].Exchanges)
		}
	}
	return &c
}

// list copies s; a nil list becomes an empty one.
func list[T any](s []T) []T { return append(make([]T, 0, len(s)), s...) }

// counts gives r's own counts, or, where it has none, those of its checks.
func counts(r *Report) map[Status]int {
	all := map[Status]int{}
	for _, s := range Statuses() {
		all[s] = 0
	}
	if r.Counts != nil {
		maps.Copy(all, r.Counts)
		return all
	}
	for i := range r.Checks {
		all[r.Checks[i].Status]++
	}
	return all
}
