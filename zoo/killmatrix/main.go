// Command killmatrix runs hookdrill's own binary against every receiver of the
// zoo and holds the results against what the zoo says: each defect is caught by
// the requirement that names it, trips no unrelated MUST, every requirement
// catches something, and no correct receiver is accused.
//
// It writes docs/kill-matrix.md, or, with -check, fails when that file or the
// results are not as they should be.
package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"os/exec"
	"os/signal"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"golang.org/x/sync/errgroup"

	"hookdrill/contract"
	"hookdrill/reports"
	"hookdrill/zoo"
)

const (
	key      = "whsec_a2lsbC1tYXRyaXgta2V5LTAwMDAwMDAwMDAwMDAwMDE="
	previous = "whsec_a2lsbC1tYXRyaXgta2V5LTAwMDAwMDAwMDAwMDAwMDA="
	apiKey   = "sk-ant-kill-matrix-000000000000000000000000" //nolint:gosec // made up, like the others
	// perRun bounds one run against one receiver.
	perRun = 4 * time.Minute
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	err := run(ctx, os.Args[1:], os.Stdout)
	stop()
	if err != nil {
		_, _ = fmt.Fprintln(os.Stderr, "killmatrix:", err)
		os.Exit(1)
	}
}

// outcome is one receiver and what hookdrill said of it.
type outcome struct {
	zoo.Animal
	report *reports.Report
	exit   int
	took   time.Duration
	err    error
}

func run(ctx context.Context, args []string, out io.Writer) error {
	flags := flag.NewFlagSet("killmatrix", flag.ContinueOnError)
	check := flags.Bool("check", false, "fail when the file is not up to date, and do not write it")
	file := flags.String("file", "docs/kill-matrix.md", "the file to write or check")
	only := flags.String("only", "", "comma-separated names of receivers, which are all that runs; the file is then neither written nor checked")
	parallel := flags.Int("parallel", 4, "how many receivers at once")
	binary := flags.String("binary", "", "the hookdrill binary (default: built from this tree)")
	if err := flags.Parse(args); err != nil {
		return err
	}
	animals, err := choose(*only)
	if err != nil {
		return err
	}
	dir, err := os.MkdirTemp("", "killmatrix-")
	if err != nil {
		return fmt.Errorf("make folder: %w", err)
	}
	defer func() { _ = os.RemoveAll(dir) }()
	if *binary == "" {
		*binary = filepath.Join(dir, "hookdrill")
		build := exec.CommandContext(ctx, "go", "build", "-o", *binary, "./cmd/hookdrill") //nolint:gosec // our own arguments
		if text, err := build.CombinedOutput(); err != nil {
			return fmt.Errorf("build hookdrill: %w\n%s", err, text)
		}
	}
	catalogue, err := requirements(animals)
	if err != nil {
		return fmt.Errorf("read catalogue: %w", err)
	}
	outcomes := make([]outcome, len(animals))
	pass := func(limit int, of func(zoo.Animal) bool) {
		var g errgroup.Group
		g.SetLimit(limit)
		for i, a := range animals {
			if of(a) {
				g.Go(func() error {
					outcomes[i] = judge(ctx, *binary, filepath.Join(dir, a.Name), a)
					return nil
				})
			}
		}
		_ = g.Wait() // the workers return no errors
	}
	pass(*parallel, func(a zoo.Animal) bool { return a.Contract == "" })
	pass(*parallel+2, foreign) // their runs wait most of the time for calls that do not come
	// Several receivers share the machine's cores, and many of their defects are a
	// matter of time: what is not as it should be is looked at again with nothing
	// beside it, and the output says so.
	for i := range outcomes {
		if p := outcomes[i].problems(); len(p) > 0 {
			if _, err := fmt.Fprintf(out, "%-44s looked at again alone: %s\n", outcomes[i].Name, strings.Join(p, "; ")); err != nil {
				return fmt.Errorf("write result: %w", err)
			}
			outcomes[i] = judge(ctx, *binary, filepath.Join(dir, outcomes[i].Name+"-again"), outcomes[i].Animal)
		}
	}
	bad := 0
	for _, o := range outcomes {
		problems := o.problems()
		bad += len(problems)
		state := "ok"
		if len(problems) > 0 {
			state = strings.Join(problems, "; ")
		}
		if _, err := fmt.Fprintf(out, "%-44s %6.1fs  %s\n", o.Name, o.took.Seconds(), state); err != nil {
			return fmt.Errorf("write result: %w", err)
		}
	}
	if *only == "" {
		for _, id := range uncaught(catalogue, animals) {
			bad++
			if _, err := fmt.Fprintf(out, "%s catches no receiver of the zoo\n", id); err != nil {
				return fmt.Errorf("write result: %w", err)
			}
		}
	}
	if bad > 0 {
		return fmt.Errorf("%d problems with %d receivers", bad, len(animals))
	}
	if *only != "" {
		return nil
	}
	return keep(*file, matrix(catalogue, animals), *check)
}

func choose(only string) ([]zoo.Animal, error) {
	all := append(zoo.All(), zoo.Foreign()...)
	if only == "" {
		return all, nil
	}
	var out []zoo.Animal
	for name := range strings.SplitSeq(only, ",") {
		at := slices.IndexFunc(all, func(a zoo.Animal) bool { return a.Name == name })
		if at < 0 {
			return nil, fmt.Errorf("no receiver of the zoo is called %q", name)
		}
		out = append(out, all[at])
	}
	return out, nil
}

func foreign(a zoo.Animal) bool { return a.Contract != "" }

// judge runs the binary against one receiver.
func judge(ctx context.Context, binary, dir string, a zoo.Animal) outcome {
	o := outcome{Animal: a}
	var old []string
	if a.PreviousKey {
		old = append(old, previous)
	}
	ctx, cancel := context.WithTimeout(ctx, perRun)
	defer cancel()
	var api zoo.API
	witness := ""
	if a.Fetches() {
		if witness, o.err = freeAddress(ctx); o.err != nil {
			return o
		}
		api = zoo.API{URL: "http://" + witness, Key: apiKey}
	}
	server, err := zoo.StartWith(a.Name, api, key, old...)
	if err != nil {
		o.err = err
		return o
	}
	defer func() { _ = server.Close() }()
	args := []string{"conformance", "--quiet", "--target", server.URL, "--key-env", "ZOO_KEY", "--observe", server.ObserveURL, "--out", dir}
	if a.Contract != "" {
		args = append(args, "--contract", a.Contract)
	}
	if witness != "" {
		args = append(args, "--witness", witness, "--api-key-env", "ZOO_API_KEY")
	}
	if a.PreviousKey {
		args = append(args, "--previous-key-env", "ZOO_PREVIOUS_KEY")
	}
	if server.CAFile != "" {
		args = append(args, "--ca", server.CAFile)
	}
	if server.LogFile != "" {
		args = append(args, "--log", server.LogFile)
	}
	cmd := exec.CommandContext(ctx, binary, args...) //nolint:gosec // our own arguments
	cmd.Env = append(os.Environ(), "ZOO_KEY="+key, "ZOO_PREVIOUS_KEY="+previous, "ZOO_API_KEY="+apiKey)
	var text bytes.Buffer
	cmd.Stdout, cmd.Stderr = &text, &text
	began := time.Now()
	err = cmd.Run()
	o.took = time.Since(began)
	var exit *exec.ExitError
	if err != nil && !errors.As(err, &exit) {
		o.err = fmt.Errorf("run hookdrill: %w", err)
		return o
	}
	o.exit = cmd.ProcessState.ExitCode()
	data, err := os.ReadFile(filepath.Join(dir, "conformance", "report.json")) //nolint:gosec // our own folder
	if err != nil {
		o.err = fmt.Errorf("no report (exit %d): %s", o.exit, strings.TrimSpace(text.String()))
		return o
	}
	if strings.Contains(string(data)+text.String(), key) {
		o.err = errors.New("the key is in the report or on the console")
		return o
	}
	o.report = &reports.Report{}
	if err := json.Unmarshal(data, o.report); err != nil {
		o.err = fmt.Errorf("read report: %w", err)
	}
	return o
}

// problems says what is not as the zoo says.
func (o outcome) problems() []string {
	if o.err != nil {
		return []string{o.err.Error()}
	}
	var out []string
	status := map[string]reports.Status{}
	for _, c := range o.report.Checks {
		status[c.ID] = c.Status
		expected := slices.Contains(o.Catches, c.ID) || slices.Contains(o.Also, c.ID)
		switch {
		case c.Status == reports.Error:
			out = append(out, c.ID+" is an error: "+c.Why)
		case c.Status == reports.Fail && c.Level == reports.Must && !expected:
			out = append(out, "accused by "+c.ID+": "+c.Why)
		case c.Status == reports.Fail && c.Level != reports.Must && !expected && !slices.Contains(o.Advice, c.ID):
			out = append(out, "advised against by "+c.ID+": "+c.Why)
		}
	}
	for _, id := range o.Catches {
		if status[id] != reports.Fail {
			out = append(out, fmt.Sprintf("not caught by %s (%s)", id, status[id]))
		}
	}
	if o.Correct() && o.exit != reports.ExitOK {
		out = append(out, fmt.Sprintf("exit %d: %s", o.exit, o.report.Sentence))
	}
	if mustFail := o.mustFail(); mustFail && o.exit != reports.ExitNonconform && o.exit != reports.ExitUnreachable {
		out = append(out, fmt.Sprintf("exit %d for a defect", o.exit))
	}
	return out
}

// mustFail reports whether a MUST failed.
func (o outcome) mustFail() bool {
	return slices.ContainsFunc(o.report.Checks, func(c reports.Check) bool {
		return c.Level == reports.Must && c.Status == reports.Fail
	})
}

// requirements is the catalogue, in which what has no meaning for any contract of the zoo
// is unchecked.
func requirements(animals []zoo.Animal) ([]contract.Requirement, error) {
	catalogue, err := contract.Requirements()
	if err != nil {
		return nil, err //nolint:wrapcheck // it is wrapped by the caller
	}
	names := []string{"claude"}
	for _, a := range animals {
		if foreign(a) && !slices.Contains(names, a.Contract) {
			names = append(names, a.Contract)
		}
	}
	var spoken []*contract.Contract
	for _, name := range names {
		c, err := contract.Load(name)
		if err != nil {
			return nil, err //nolint:wrapcheck // it is wrapped by the caller
		}
		spoken = append(spoken, c)
	}
	for i, r := range catalogue {
		if !slices.ContainsFunc(spoken, func(c *contract.Contract) bool { return c.NotApplicable(r.ID) == "" }) {
			catalogue[i].Unchecked = spoken[0].NotApplicable(r.ID)
		}
	}
	return catalogue, nil
}

// uncaught lists the requirements that are checked and catch nothing.
func uncaught(catalogue []contract.Requirement, animals []zoo.Animal) []string {
	var out []string
	for _, r := range catalogue {
		if r.Unchecked != "" {
			continue
		}
		if !slices.ContainsFunc(animals, func(a zoo.Animal) bool { return slices.Contains(a.Catches, r.ID) }) {
			out = append(out, r.ID)
		}
	}
	return out
}

// keep writes the file, or compares it with what it should be.
func keep(file string, text []byte, check bool) error {
	if !check {
		if err := os.WriteFile(file, text, 0o644); err != nil { //nolint:gosec // a document
			return fmt.Errorf("write kill matrix: %w", err)
		}
		return nil
	}
	have, err := os.ReadFile(file) //nolint:gosec // named by a flag
	if err != nil {
		return fmt.Errorf("read kill matrix: %w", err)
	}
	if !bytes.Equal(have, text) {
		return fmt.Errorf("%s is not up to date; run make killmatrix", file)
	}
	return nil
}
