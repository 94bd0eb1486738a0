// Command benchreceiver measures the reference receiver on PostgreSQL against
// two others in one run: the same with group commit off, and one that verifies
// and stores nothing. `make bench-receiver` runs it.
//
// Each receiver is a process of its own on loopback. The three take turns, and
// what is reported is the median: this machine's noise hits all of them alike.
// Ratios hold from one machine to another, absolute figures do not.
package main

import (
	"cmp"
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"os/signal"
	"runtime"
	"slices"
	"strings"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"

	"hookdrill/internal/database"
)

// options bound a measurement.
type options struct {
	runs     int
	conns    int
	warmUp   time.Duration
	saturate time.Duration
	paced    time.Duration
	rate     int
	out      string
	profile  string
}

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	code := 0
	if err := run(ctx, os.Args[1:], os.Stdout, os.Stderr); err != nil {
		fmt.Fprintln(os.Stderr, "bench-receiver:", err)
		code = 1
	}
	stop()
	os.Exit(code)
}

func run(ctx context.Context, args []string, stdout, stderr io.Writer) error {
	if len(args) > 0 && args[0] == serveWord {
		return serve(ctx, args[1:], stdout)
	}
	var o options
	flags := flag.NewFlagSet("benchreceiver", flag.ContinueOnError)
	flags.SetOutput(stderr)
	flags.IntVar(&o.runs, "runs", 5, "how often each receiver is measured, at least 1")
	flags.IntVar(&o.conns, "conns", 256, "connections at saturation")
	flags.DurationVar(&o.warmUp, "warm-up", time.Second, "time before a measurement begins")
	flags.DurationVar(&o.saturate, "saturate", 6*time.Second, "time at saturation")
	flags.DurationVar(&o.paced, "paced", 10*time.Second, "time at the given rate")
	flags.IntVar(&o.rate, "rate", 1000, "events a second of the paced measurement")
	flags.StringVar(&o.out, "out", "", "file to write the table to, as Markdown, beside the console")
	flags.StringVar(&o.profile, "profile", "", "file for a CPU profile of the receiver with group commit at saturation")
	if err := flags.Parse(args); err != nil {
		return err //nolint:wrapcheck // flag has said what is wrong
	}
	if flags.NArg() > 0 || o.runs < 1 || o.conns < 1 || o.rate < 1 || o.saturate <= 0 || o.paced <= 0 {
		return errors.New("want no operands, and runs, conns, rate and times above 0")
	}
	db, err := database.Choose(ctx, database.Options{DatabaseURL: os.Getenv("DATABASE_URL"), Image: os.Getenv("HOOKDRILL_POSTGRES_IMAGE")})
	if err != nil {
		return err //nolint:wrapcheck // it says enough
	}
	defer func() { _ = db.Close(context.WithoutCancel(ctx)) }()
	_, _ = fmt.Fprintln(stdout, db.Sentence)
	if db.URL == "" {
		return errors.New("this measurement is about PostgreSQL: start Docker, or set DATABASE_URL")
	}
	server, err := describeServer(ctx, db.URL)
	if err != nil {
		return err
	}
	results, err := measureAll(ctx, o, db.URL, stderr)
	if err != nil {
		return err
	}
	table := render(o, server, results)
	_, _ = io.WriteString(stdout, table)
	if o.out != "" {
		if err := os.WriteFile(o.out, []byte(table), 0o644); err != nil { //nolint:gosec // a document
			return fmt.Errorf("write table: %w", err)
		}
	}
	return nil
}

// describeServer refuses a server that would make durable commits look cheap.
func describeServer(ctx context.Context, url string) (string, error) {
	conn, err := pgx.Connect(ctx, url)
	if err != nil {
		return "", fmt.Errorf("connect: %w", err)
	}
	defer func() { _ = conn.Close(context.WithoutCancel(ctx)) }()
	var version, fsync, commit string
	if err := conn.QueryRow(ctx, `SELECT current_setting('server_version'), current_setting('fsync'), current_setting('synchronous_commit')`).
		Scan(&version, &fsync, &commit); err != nil {
		return "", fmt.Errorf("ask the server: %w", err)
	}
	if fsync != "on" || commit != "on" {
		return "", fmt.Errorf("the server runs with fsync=%s, synchronous_commit=%s: nothing measured there says what a durable receiver does", fsync, commit)
	}
	version, _, _ = strings.Cut(version, " ")
	return fmt.Sprintf("PostgreSQL %s, fsync and synchronous_commit on", version), nil
}

// sample is one measurement of one receiver.
type sample struct {
	perSecond   float64
	receiverCPU float64 // seconds per million events
	serverCPU   float64
	clientCPU   float64
	p50, p99    time.Duration // paced
	refused     int
}

func measureAll(ctx context.Context, o options, url string, progress io.Writer) (map[subject][]sample, error) {
	results := map[subject][]sample{}
	for i := range o.runs {
		order := subjects()
		if i%2 == 1 {
			slices.Reverse(order)
		}
		for _, s := range order {
			profile := ""
			if s == grouped && i == o.runs-1 {
				profile = o.profile
			}
			one, err := measure(ctx, o, s, url, profile)
			if err != nil {
				return nil, fmt.Errorf("run %d, %s: %w", i+1, s, err)
			}
			results[s] = append(results[s], one)
			_, _ = fmt.Fprintf(progress, "run %d/%d, %-12s %7.0f events/s, p99 at %d/s %v\n", i+1, o.runs, s, one.perSecond, o.rate, one.p99)
		}
	}
	return results, nil
}

// measure starts a receiver, measures it, and stops it.
func measure(ctx context.Context, o options, s subject, url, profile string) (sample, error) {
	child, err := start(ctx, s, url, profile)
	if err != nil {
		return sample{}, err
	}
	defer child.stop()
	g := newGenerator(child.target)
	defer g.close()
	if _, err := g.saturate(ctx, o.conns, o.warmUp); err != nil {
		return sample{}, err
	}
	if err := settle(ctx, url); err != nil {
		return sample{}, err
	}
	paced, err := g.paced(ctx, o.rate, o.paced)
	if err != nil {
		return sample{}, err
	}
	before := cpuOf(child.cmd.Process.Pid)
	sat, err := g.saturate(ctx, o.conns, o.saturate)
	if err != nil {
		return sample{}, err
	}
	after := cpuOf(child.cmd.Process.Pid)
	million := float64(sat.accepted) / 1e6
	return sample{
		perSecond:   float64(sat.accepted) / sat.took.Seconds(),
		receiverCPU: (after.process - before.process).Seconds() / million,
		serverCPU:   (after.postgres - before.postgres).Seconds() / million,
		clientCPU:   (after.self - before.self).Seconds() / million,
		p50:         time.Duration(paced.latency.ValueAtQuantile(50)) * time.Microsecond,
		p99:         time.Duration(paced.latency.ValueAtQuantile(99)) * time.Microsecond,
		refused:     sat.refused + paced.refused,
	}, nil
}

// settle has the server write out what earlier measurements left in its
// buffers: it would otherwise do so in the middle of the next one, whoever's
// that is. A user without the right to do so measures without.
func settle(ctx context.Context, url string) error {
	conn, err := pgx.Connect(ctx, url)
	if err != nil {
		return fmt.Errorf("connect: %w", err)
	}
	defer func() { _ = conn.Close(context.WithoutCancel(ctx)) }()
	_, err = conn.Exec(ctx, `CHECKPOINT`)
	if refused, ok := errors.AsType[*pgconn.PgError](err); ok && refused.Code == "42501" {
		return nil
	}
	if err != nil {
		return fmt.Errorf("settle: %w", err)
	}
	return nil
}

func median[T any](samples []sample, of func(sample) T, less func(a, b T) int) T {
	values := make([]T, len(samples))
	for i, s := range samples {
		values[i] = of(s)
	}
	slices.SortFunc(values, less)
	return values[len(values)/2]
}

// render writes the medians and, behind them, the ratios that count.
func render(o options, server string, results map[subject][]sample) string {
	var b strings.Builder
	fmt.Fprintf(&b, "%s · %d CPUs · Go %s · %d connections · median of %d alternating runs\n\n", server, runtime.NumCPU(),
		strings.TrimPrefix(runtime.Version(), "go"), o.conns, o.runs)
	fmt.Fprintf(&b, "| receiver | events/s | CPU-s per million: receiver | database | generator | p50 at %d/s | p99 at %d/s |\n|---|---|---|---|---|---|---|\n", o.rate, o.rate)
	rates := map[subject]float64{}
	for _, s := range subjects() {
		r := results[s]
		rates[s] = median(r, func(x sample) float64 { return x.perSecond }, cmp.Compare)
		fmt.Fprintf(&b, "| %s | %.0f | %.1f | %.1f | %.1f | %s | %s |\n", s.words(), rates[s],
			median(r, func(x sample) float64 { return x.receiverCPU }, cmp.Compare),
			median(r, func(x sample) float64 { return x.serverCPU }, cmp.Compare),
			median(r, func(x sample) float64 { return x.clientCPU }, cmp.Compare),
			ms(median(r, func(x sample) time.Duration { return x.p50 }, cmp.Compare)),
			ms(median(r, func(x sample) time.Duration { return x.p99 }, cmp.Compare)))
	}
	fmt.Fprintf(&b, "\n(a) is %.1f times (b) and %.2f of (c).\n", rates[grouped]/rates[single], rates[grouped]/rates[verifies])
	for _, s := range subjects() {
		low := slices.MinFunc(results[s], func(x, y sample) int { return cmp.Compare(x.perSecond, y.perSecond) })
		high := slices.MaxFunc(results[s], func(x, y sample) int { return cmp.Compare(x.perSecond, y.perSecond) })
		worst := slices.MaxFunc(results[s], func(x, y sample) int { return cmp.Compare(x.p99, y.p99) })
		refused := 0
		for _, x := range results[s] {
			refused += x.refused
		}
		fmt.Fprintf(&b, "%s: %.0f to %.0f events/s, worst p99 %s, %d refused.\n", s, low.perSecond, high.perSecond, ms(worst.p99), refused)
	}
	return b.String()
}

func ms(d time.Duration) string { return fmt.Sprintf("%.1f ms", float64(d.Microseconds())/1000) }
