package main

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"

	"github.com/spf13/pflag"

	"hookdrill/internal/casefile"
	"hookdrill/internal/conformance"
	"hookdrill/internal/plan"
	"hookdrill/internal/repeat"
	"hookdrill/mockclaude"
	"hookdrill/reports"
)

// againFlags are the flags of a case that is sent again, and what a run keeps for it.
type againFlags struct {
	file    string
	again   *casefile.File
	planned *plan.Plan
}

func (f *againFlags) register(fl *pflag.FlagSet) {
	fl.StringVar(&f.file, "repeat", "", "`FILE` of a case that failed (out/conformance/cases/…): send exactly that case again")
}

// recall reads the file of --repeat, and takes from it what the flags leave open. Flags that choose what to send were
// not typed beside it; where a configuration file gives them they are of no account.
func (f *conformanceFlags) recall(typed map[string]bool, contractGiven bool) error {
	if f.file == "" {
		return nil
	}
	for _, name := range []string{"only", "skip", "quick", "list", "dry-run", "baseline", "update-baseline", "scenarios", "exec"} {
		if typed[name] {
			hint := "hookdrill conformance --repeat " + f.file
			if name == "exec" {
				return usage("--only ID --exec 'command'", "--repeat sends one case to a receiver that runs; what hookdrill itself starts and stops is repeated by --only with --exec")
			}
			return usage(hint, "--repeat sends one case as it was, and --%s would choose another", name)
		}
	}
	f.only, f.skip, f.folder, f.exec, f.baseline = nil, nil, "", "", ""
	f.quick, f.list, f.dryRun, f.update = false, false, false, false
	data, err := os.ReadFile(f.file)
	if err != nil {
		return usage("", "--repeat: %w", err)
	}
	if f.again, err = casefile.Parse(data); err != nil {
		return usage("", "--repeat: %s: %w", reports.Clean(f.file), err)
	}
	if !contractGiven {
		f.contract = f.again.Contract
	}
	if f.target == "" && !f.again.Bundled {
		f.target = strings.Join(f.again.Targets, ",")
		if strings.Contains(f.target, "***") {
			return usage("--repeat FILE --target URL", "--repeat: the target's URL held a secret, which is not in the file (%s); give it with --target", f.target)
		}
	}
	return nil
}

// sendAgain is the command that sends a case of this run again, but for its file; "" when
// hookdrill started the receiver, which is gone by then. The target and the contract are in
// the file; where the key is, and who observes, are not.
func (f *conformanceFlags) sendAgain() string {
	if f.exec != "" {
		return ""
	}
	args := []string{"hookdrill conformance"}
	add := func(flag, value string) {
		if value != "" {
			args = append(args, flag+" "+repeat.Quote(value))
		}
	}
	add("--key-env", f.keyEnv)
	add("--key-file", f.keyFile)
	add("--observe", tokenless(f.observe))
	add("--observe-sql", passwordless(f.observeSQL))
	add("--observe-query", f.observeQuery)
	add("--ca", f.ca)
	return strings.Join(append(args, "--repeat"), " ")
}

// sameContract refuses a contract that is not the one of the case.
func (f *againFlags) sameContract(cfg *conformance.Config) error {
	if f.again == nil {
		return nil
	}
	digest, err := casefile.DigestOf(cfg.Contract)
	if err != nil {
		return err //nolint:wrapcheck // it says what failed
	}
	if digest != f.again.ContractDigest {
		return usage("hookdrill conformance --only '"+f.again.Case.ID+"'",
			"--repeat: the contract %s is not what it was when the case was written (by hookdrill %s), so the case would prove something else; "+
				"give the old one with --contract, or draw the case anew", cfg.Contract.Name, f.again.Version)
	}
	cfg.Strict = true // one case decides, whatever its level
	cfg.Again = &conformance.Again{Check: f.again.Check, Case: f.again.Case}
	return nil
}

// into is where a run leaves its files: a repeated case must not take the place of the run that it comes from.
func (f *conformanceFlags) into() string {
	if f.again != nil {
		return filepath.Join(f.out, "repeat")
	}
	return filepath.Join(f.out, "conformance")
}

const caseFolder = "cases"

// keepCases writes a file for each case that failed and can be sent again by itself, and names it in the report.
func (f *conformanceFlags) keepCases(cfg *conformance.Config, r *reports.Report, dir string) error {
	if f.planned == nil || f.again != nil {
		return nil
	}
	digest, err := casefile.DigestOf(cfg.Contract)
	if err != nil {
		return err //nolint:wrapcheck // it says what failed
	}
	file := casefile.File{
		Version: version, Contract: f.contract, ContractDigest: digest, Bundled: cfg.Bundled, Seed: r.Seed,
		Targets: []string{mockclaude.ShowURL(cfg.Target.String())},
	}
	for _, u := range cfg.Further {
		file.Targets = append(file.Targets, mockclaude.ShowURL(u.String()))
	}
	for i := range r.Checks {
		for k := range r.Checks[i].Cases {
			one, id := &r.Checks[i].Cases[k], r.Checks[i].ID+"/"+r.Checks[i].Cases[k].Name
			if one.Status != reports.Fail && one.Status != reports.Error && one.Status != reports.KnownFail {
				continue
			}
			check, c := f.planned.Check(r.Checks[i].ID), f.planned.Case(id)
			if !casefile.Repeatable(check, c) {
				continue
			}
			file.Check, file.Case, file.Status, file.Why = *check, c, string(one.Status), one.Why
			data, err := file.Marshal()
			if err != nil {
				return err //nolint:wrapcheck // it says what failed
			}
			name := filepath.Join(caseFolder, casefile.Name(id))
			if err := os.MkdirAll(filepath.Join(dir, caseFolder), 0o755); err != nil { //nolint:gosec // reports are meant to be read
				return fmt.Errorf("write case: %w", err)
			}
			if err := replace(filepath.Join(dir, name), data); err != nil {
				return fmt.Errorf("write case: %w", err)
			}
			one.File = filepath.ToSlash(name)
		}
	}
	return nil
}

// dropCases takes away the cases of an earlier run.
func dropCases(dir string) error {
	old, err := filepath.Glob(filepath.Join(dir, caseFolder, "*.json"))
	if err != nil {
		return nil //nolint:nilerr // a folder whose name is a pattern keeps its old cases
	}
	for _, name := range old {
		if err := os.Remove(name); err != nil && !errors.Is(err, fs.ErrNotExist) {
			return fmt.Errorf("remove old case: %w", err)
		}
	}
	return nil
}

// outcome says in a line what became of a case that was sent again.
func (f *againFlags) outcome(r *reports.Report, s Streams) error {
	if f.again == nil {
		return nil
	}
	status := reports.Status("")
	if r.Preflight == nil && len(r.Checks) == 1 {
		status = r.Checks[0].Status
	}
	word, what := "unproven", "the case could not be judged this time"
	if r.Verdict == reports.Failed {
		status = reports.Error
	}
	switch status {
	case reports.Pass:
		word, what = "fixed", "the right answer was seen"
	case reports.Fail:
		word, what = "failed", "it fails as it did"
		if f.again.Status == string(reports.Error) {
			what = "it fails"
		}
	case reports.Error:
		word, what = "error", "hookdrill itself failed"
	default: // unproven
	}
	return note(s, "%s  %s: %s\n", word, reports.Clean(f.again.Case.ID), what)
}
