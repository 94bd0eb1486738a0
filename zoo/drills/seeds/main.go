// Command seeds drills receivers, correct and defective ones, with many seeds each, and writes
// docs/drill-matrix.md: a defect must be found by its drill with every seed, and a correct receiver
// accused with none.
//
// PostgreSQL is the server that DATABASE_URL names, where databases are made and dropped, or a
// container.
package main

import (
	"bytes"
	"cmp"
	"context"
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
	"sync"

	"golang.org/x/sync/errgroup"

	"hookdrill/internal/database"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	err := run(ctx, os.Args[1:], os.Stdout)
	stop()
	if err != nil {
		_, _ = fmt.Fprintln(os.Stderr, "seeds:", err)
		os.Exit(1)
	}
}

func run(ctx context.Context, args []string, out io.Writer) error {
	flags := flag.NewFlagSet("seeds", flag.ContinueOnError)
	seeds := flags.Int("seeds", 20, "how many seeds a receiver")
	only := flags.String("only", "", "comma-separated names of receivers; the file is then not written")
	order := flags.String("first", "", "which receivers come first: defects, or as they are listed")
	file := flags.String("file", "docs/drill-matrix.md", "the file to write")
	parallel := flags.Int("parallel", 6, "how many runs at once; they wait most of the time")
	if err := flags.Parse(args); err != nil {
		return err
	}
	all := receivers()
	if *order == "defects" {
		slices.SortStableFunc(all, func(a, b receiver) int { return len(b.fails) - len(a.fails) })
	}
	if *only != "" {
		names := strings.Split(*only, ",")
		all = slices.DeleteFunc(all, func(r receiver) bool { return !slices.Contains(names, r.name) })
		if len(all) == 0 {
			return fmt.Errorf("no receiver is called %s", *only)
		}
	}
	dir, err := os.MkdirTemp("", "drill-seeds-")
	if err != nil {
		return fmt.Errorf("make folder: %w", err)
	}
	defer func() { _ = os.RemoveAll(dir) }()
	for _, command := range []string{"./cmd/hookdrill", "./zoo/drills/onpostgres"} {
		build := exec.CommandContext(ctx, "go", "build", "-o", dir+string(filepath.Separator), command) //nolint:gosec // our own arguments
		if text, err := build.CombinedOutput(); err != nil {
			return fmt.Errorf("build %s: %w\n%s", command, err, bytes.TrimSpace(text))
		}
	}
	choice, err := database.Choose(ctx, database.Options{
		DatabaseURL: os.Getenv("DATABASE_URL"), Image: os.Getenv("HOOKDRILL_POSTGRES_IMAGE"),
		DockerHost: os.Getenv("DOCKER_HOST"), Label: cmp.Or(os.Getenv("HOOKDRILL_TEST_LABEL"), "drills"),
	})
	if err != nil {
		return fmt.Errorf("find PostgreSQL: %w", err)
	}
	defer func() { _ = choice.Close(context.WithoutCancel(ctx)) }()
	if choice.URL == "" && slices.ContainsFunc(all, func(r receiver) bool { return r.postgres }) {
		return errors.New("some receivers need PostgreSQL: set DATABASE_URL, or install Docker")
	}
	d := driller{dir: dir, server: choice.URL, seeds: *seeds}
	results := make([][]result, len(all))
	var mu sync.Mutex
	var g errgroup.Group
	g.SetLimit(*parallel)
	for i, r := range all {
		results[i] = make([]result, *seeds)
		for seed := range *seeds {
			g.Go(func() error {
				if ctx.Err() != nil {
					return nil
				}
				one := d.judge(ctx, r, seed+1)
				if ctx.Err() != nil {
					return nil
				}
				one.done = true
				results[i][seed] = one
				mu.Lock()
				defer mu.Unlock()
				return one.tell(out, r, seed+1)
			})
		}
	}
	if err := g.Wait(); err != nil {
		return err
	}
	bad := 0
	for i := range all {
		for _, one := range results[i] {
			bad += len(one.problems)
		}
	}
	text := matrix(all, results, *seeds)
	if _, err := out.Write(text); err != nil {
		return fmt.Errorf("write result: %w", err)
	}
	if ctx.Err() != nil {
		return errors.New("interrupted: the table holds what was done")
	}
	if bad > 0 {
		return fmt.Errorf("%d problems", bad)
	}
	if *only != "" {
		return nil
	}
	if err := os.WriteFile(*file, text, 0o644); err != nil { //nolint:gosec // a document
		return fmt.Errorf("write matrix: %w", err)
	}
	return nil
}
