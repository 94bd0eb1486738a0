// Command benchload measures the load generator beside others: how many events a
// second each sends to the same trivial receiver, each connection as fast as it is
// answered, what that costs in processor time, and how well schedules are kept.
//
// The generators take turns, so that a machine that changes changes for all. The
// receiver counts; nobody's own figures are believed. Generators that are not
// installed are left out, and said to be.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"os/signal"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"syscall"
	"time"
)

type settings struct {
	rounds, conns int
	duration      time.Duration
	out           string
}

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	err := run(ctx, os.Args[1:], os.Stdout, os.Stderr)
	stop()
	if err != nil {
		_, _ = fmt.Fprintln(os.Stderr, "benchload:", err)
		os.Exit(1)
	}
}

func run(ctx context.Context, args []string, stdout, stderr io.Writer) error {
	if len(args) > 0 {
		switch args[0] {
		case "receive":
			return receive(ctx, stdout)
		case "send":
			return send(ctx, args[1:])
		}
	}
	var s settings
	fl := flag.NewFlagSet("benchload", flag.ContinueOnError)
	fl.SetOutput(stderr)
	fl.IntVar(&s.rounds, "rounds", 5, "runs of each generator")
	fl.IntVar(&s.conns, "conns", 50, "connections")
	fl.DurationVar(&s.duration, "duration", 5*time.Second, "length of a run")
	fl.StringVar(&s.out, "out", "", "write the tables to this file as well")
	if err := fl.Parse(args); err != nil {
		if errors.Is(err, flag.ErrHelp) {
			return nil
		}
		return err
	}
	if s.rounds < 1 || s.conns < 1 || s.duration < time.Second {
		return errors.New("want -rounds and -conns from 1, and -duration from 1s")
	}
	var text strings.Builder
	if err := throughput(ctx, s, &text, stderr); err != nil {
		return err
	}
	if err := pacing(ctx, s, &text, stderr); err != nil {
		return err
	}
	if _, err := io.WriteString(stdout, text.String()); err != nil {
		return fmt.Errorf("write tables: %w", err)
	}
	if s.out != "" {
		if err := os.WriteFile(s.out, []byte(text.String()), 0o644); err != nil { //nolint:gosec // made to be read
			return fmt.Errorf("write tables: %w", err)
		}
	}
	return nil
}

// throughput lets the generators take turns.
func throughput(ctx context.Context, s settings, text, stderr io.Writer) error {
	subject, err := startReceiver(ctx)
	if err != nil {
		return err
	}
	defer subject.stop()
	files, err := writeFiles(subject.url, s)
	if err != nil {
		return err
	}
	defer os.RemoveAll(files.dir) //nolint:errcheck // a temporary folder
	all := generators(files, s)
	rates, costs := map[string][]float64{}, map[string][]float64{}
	for round := range s.rounds {
		for i := range all {
			g := all[(i+round)%len(all)]
			if g.missing() {
				continue
			}
			m, err := measure(ctx, subject, g, s.duration)
			if err != nil {
				return err
			}
			_, _ = fmt.Fprintf(stderr, "round %d: %-28s %8.0f events/s %6.1f CPU-s per million\n", round+1, g.name, m.rate, m.cost)
			rates[g.name], costs[g.name] = append(rates[g.name], m.rate), append(costs[g.name], m.cost)
		}
	}
	ours := median(rates[all[0].name])
	_, _ = fmt.Fprintf(text, "%d CPUs · %s · %d connections · median of %d alternating runs of %s\n\n| generator | events/s | lowest to highest | CPU-s per million | hookdrill's rate by its |\n|---|---|---|---|---|\n",
		runtime.NumCPU(), runtime.Version(), s.conns, s.rounds, s.duration)
	for _, g := range all {
		if len(rates[g.name]) == 0 {
			_, _ = fmt.Fprintf(text, "| %s | not installed | | | |\n", g.name)
			continue
		}
		r := median(rates[g.name])
		_, _ = fmt.Fprintf(text, "| %s | %.0f | %.0f to %.0f | %.1f | %.2f |\n", g.name, r, slices.Min(rates[g.name]), slices.Max(rates[g.name]), median(costs[g.name]), ours/r)
	}
	_, _ = fmt.Fprintln(text)
	for _, g := range all {
		_, _ = fmt.Fprintf(text, "    %s\n", strings.ReplaceAll(strings.Join(append([]string{filepath.Base(g.args[0])}, g.args[1:]...), " "), files.dir+"/", ""))
	}
	return nil
}

func median(values []float64) float64 {
	sorted := slices.Sorted(slices.Values(values))
	if len(sorted) == 0 {
		return 0
	}
	return (sorted[(len(sorted)-1)/2] + sorted[len(sorted)/2]) / 2
}
