package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/jackc/pgx/v5"

	"hookdrill/reports"
)

// perRun bounds one run.
const perRun = 10 * time.Minute

type driller struct {
	dir, server string
	seeds       int
}

// result is one receiver drilled with one seed.
type result struct {
	done     bool
	took     time.Duration
	problems []string
}

func (r result) tell(out io.Writer, rc receiver, seed int) error {
	state := "ok"
	if len(r.problems) > 0 {
		state = strings.Join(r.problems, "; ")
	}
	if _, err := fmt.Fprintf(out, "%-26s %-8s seed %2d %6.1fs %s\n", rc.name, strings.Join(rc.only, ","), seed, r.took.Seconds(), state); err != nil {
		return fmt.Errorf("write result: %w", err)
	}
	return nil
}

func failed(format string, args ...any) result {
	return result{problems: []string{fmt.Sprintf(format, args...)}}
}

// judge drills one receiver with one seed, in a folder and on a database of its own.
func (d driller) judge(ctx context.Context, r receiver, seed int) result {
	name := fmt.Sprintf("%s-%s-%d", r.name, strings.ToLower(r.only[0]), seed)
	dir := filepath.Join(d.dir, name)
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return failed("make folder: %v", err)
	}
	defer func() { _ = os.RemoveAll(dir) }()
	zoo, err := filepath.Abs("zoo/drills")
	if err != nil {
		return failed("find receivers: %v", err)
	}
	ctx, cancel := context.WithTimeout(ctx, perRun)
	defer cancel()
	data := filepath.Join(dir, "events.db")
	env := append(os.Environ(), "DEFECT="+r.defect, "DB="+data, "DATABASE_URL=")
	if r.postgres {
		database, drop, err := d.database(ctx, strings.NewReplacer("-", "_").Replace(name))
		if err != nil {
			return failed("make database: %v", err)
		}
		defer drop()
		env = append(env, "DATABASE_URL="+database)
	}
	command := strings.NewReplacer("{bin}", d.dir, "{zoo}", zoo, "{data}", data).Replace(r.command)
	args := []string{
		"conformance", "--quiet", "--exec", command, "--observe", "http://127.0.0.1:{port}/probe", "--only", strings.Join(r.only, ","),
		"--seed", strconv.Itoa(seed), "--out", dir,
	}
	if len(r.fails) > 0 {
		args = append(args, "--settle", "10s") // what is lost does not come
	}
	cmd := exec.CommandContext(ctx, filepath.Join(d.dir, "hookdrill"), args...) //nolint:gosec // our own arguments
	cmd.Env = env
	var text bytes.Buffer
	cmd.Stdout, cmd.Stderr = &text, &text
	began := time.Now()
	err = cmd.Run()
	out := result{took: time.Since(began)}
	var exit *exec.ExitError
	if err != nil && !errors.As(err, &exit) {
		return failed("run hookdrill: %v", err)
	}
	written, err := os.ReadFile(filepath.Join(dir, "conformance", "report.json")) //nolint:gosec // our own folder
	if err != nil {
		return failed("no report (exit %d): %s", cmd.ProcessState.ExitCode(), strings.TrimSpace(text.String()))
	}
	var report reports.Report
	if err := json.Unmarshal(written, &report); err != nil {
		return failed("read report: %v", err)
	}
	out.problems = r.problems(report.Checks)
	return out
}

// problems says what is not as it should be.
func (r receiver) problems(checks []reports.Check) (out []string) {
	if len(checks) < len(r.only) {
		out = append(out, fmt.Sprintf("%d checks", len(checks)))
	}
	for _, c := range checks {
		want := reports.Pass
		switch {
		case slices.Contains(r.fails, c.ID):
			want = reports.Fail
		case slices.Contains(r.skips, c.ID):
			want = reports.NotApplicable
		}
		if c.Status == want {
			continue
		}
		problem := []string{fmt.Sprintf("%s is %s, want %s: %s", c.ID, c.Status, want, c.Why)}
		for _, one := range c.Cases {
			problem = append(append(problem, one.Actual), one.Timeline...)
		}
		out = append(out, strings.Join(problem, "\n    "))
	}
	return out
}

// database makes an empty database, and gives its URL and what drops it.
func (d driller) database(ctx context.Context, name string) (string, func(), error) {
	do := func(ctx context.Context, statement string) error {
		conn, err := pgx.Connect(ctx, d.server)
		if err != nil {
			return fmt.Errorf("connect: %w", err)
		}
		defer func() { _ = conn.Close(ctx) }()
		if _, err := conn.Exec(ctx, statement); err != nil {
			return fmt.Errorf("run statement: %w", err)
		}
		return nil
	}
	quoted := pgx.Identifier{"drill_" + name}.Sanitize()
	drop := func() { _ = do(context.WithoutCancel(ctx), "DROP DATABASE IF EXISTS "+quoted+" WITH (FORCE)") }
	drop()
	if err := do(ctx, "CREATE DATABASE "+quoted); err != nil {
		return "", nil, err
	}
	u, err := url.Parse(d.server)
	if err != nil {
		return "", nil, errors.New("the server's URL cannot be parsed")
	}
	u.Path = "/drill_" + name
	return u.String(), drop, nil
}
