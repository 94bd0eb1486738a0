package main

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/spf13/pflag"

	"hookdrill/contract"
	"hookdrill/internal/baseline"
	"hookdrill/internal/verdict"
	"hookdrill/reports"
)

// baselineFlags are the flags of a file of known failures.
type baselineFlags struct {
	baseline string
	update   bool
}

func (f *baselineFlags) register(fl *pflag.FlagSet) {
	fl.StringVar(&f.baseline, "baseline", "", "`FILE` of known failures: only what it does not list is red; see docs/baseline.md")
	fl.BoolVar(&f.update, "update-baseline", false, "write what failed to the file of --baseline, and take out what passed")
}

// known reads the baseline, nil when there is none.
func (f *baselineFlags) known() (*verdict.Known, error) {
	if f.baseline == "" {
		if f.update {
			return nil, usage("--baseline hookdrill-baseline.yaml", "--update-baseline needs --baseline, the file to write")
		}
		return nil, nil //nolint:nilnil // no baseline is no error
	}
	data, err := os.ReadFile(f.baseline)
	if err != nil && !(f.update && errors.Is(err, fs.ErrNotExist)) {
		if errors.Is(err, fs.ErrNotExist) {
			return nil, usage("--update-baseline writes it", "--baseline: %w", err)
		}
		return nil, usage("", "--baseline: %w", err)
	}
	file, err := baseline.Parse(data, f.baseline, f.update)
	if err != nil {
		return nil, usage("docs/baseline.md", "--baseline: %w", err)
	}
	return &verdict.Known{Name: f.baseline, File: file, Now: time.Now()}, nil
}

// keep writes the baseline anew after a run, if that was asked for and the run came to its end.
func (f *baselineFlags) keep(known *verdict.Known, r *reports.Report, s Streams) error {
	if !f.update {
		return nil
	}
	if r.Interrupted || r.Preflight != nil || r.Verdict == reports.Failed {
		return note(s, "baseline  %s is left as it was: the run did not come to its end\n", f.baseline)
	}
	next := known.File.Update(failures(r), r.Baseline.Stale, known.Now)
	data, err := next.Marshal()
	if err != nil {
		return err
	}
	if err := replace(f.baseline, data); err != nil {
		return fmt.Errorf("write baseline: %w", err)
	}
	text := fmt.Sprintf("baseline  %s: known failures: %d", f.baseline, len(next.Known))
	if bare := next.Unexplained(); len(bare) > 0 {
		text += "; without a reason, so that the file cannot be used yet: " + strings.Join(bare, ", ")
	}
	return note(s, "%s\n", reports.Clean(text))
}

func note(s Streams, format string, args ...any) error {
	if _, err := fmt.Fprintf(s.Out, format, args...); err != nil {
		return fmt.Errorf("write summary: %w", err)
	}
	return nil
}

// failures lists what failed and decides, case by case where the check has cases that have
// their name from the plan.
func failures(r *reports.Report) []string {
	var out []string
	bad := func(s reports.Status) bool { return s == reports.Fail || s == reports.KnownFail }
	for _, c := range r.Checks {
		if !bad(c.Status) || c.Level == reports.Info || c.Level == reports.Should && !r.Strict {
			continue
		}
		before := len(out)
		for _, one := range c.Cases {
			if bad(one.Status) && c.Need != string(contract.NeedManaged) {
				out = append(out, c.ID+"/"+one.Name)
			}
		}
		if len(out) == before {
			out = append(out, c.ID)
		}
	}
	return out
}

// replace puts a whole file in the place of another, or of none: nobody reads half of it,
// and a crash leaves the one or the other.
func replace(path string, data []byte) (err error) {
	if file, err := filepath.EvalSymlinks(path); err == nil {
		path = file
	}
	f, err := os.CreateTemp(filepath.Dir(path), "."+filepath.Base(path)+".*")
	if err != nil {
		return fmt.Errorf("create temporary file: %w", err)
	}
	defer func() {
		if err != nil {
			_ = os.Remove(f.Name())
		}
	}()
	_, err = f.Write(data)
	if err := errors.Join(err, f.Chmod(0o644), f.Sync(), f.Close()); err != nil {
		return err
	}
	return os.Rename(f.Name(), path) //nolint:wrapcheck // it names both files
}
