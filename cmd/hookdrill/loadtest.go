package main

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"hookdrill/contract"
	"hookdrill/internal/certify"
	"hookdrill/internal/database"
	"hookdrill/internal/repeat"
	"hookdrill/loadtest"
	"hookdrill/mockclaude/api"
	"hookdrill/reference"
	"hookdrill/reference/pgstore"
	"hookdrill/reports"
)

// loadtestFlags are the flags of hookdrill loadtest.
type loadtestFlags struct {
	targetFlags
	observeFlags
	rate              rate
	duration          span
	warmup, forgeries time.Duration
	profile           string
	arrival, mix      string
	client            string
	workers           count
	retrySpeed        speed
	settle            time.Duration
	operated          []string
	strict, quiet     bool
	docs              docsAddress
	findMax           bool
	step              span
	maxRate           rate
	flags             *pflag.FlagSet
}

const (
	defaultMix    = "valid=90,duplicate=5,forged=3,stale=2"
	mostForgeries = 15 * time.Second
)

func loadtestCommand(s Streams) *cobra.Command {
	var f loadtestFlags
	cmd := &cobra.Command{
		Use:   "loadtest",
		Short: "Certify that an endpoint takes a rate of events, with what goes wrong among them",
		Long: "Sends events at a steady rate, whatever the target answers, with duplicates, forged and stale events among them,\n" +
			"retries what is not acknowledged, and judges the service levels of the contract. Without --target it starts the\n" +
			"bundled receiver, on the PostgreSQL of DATABASE_URL, or in a container where Docker is, or else on its embedded store.\n" +
			"Latencies count from the moment at which an event was due.\n\n" +
			"Exit: 0 certified · 1 a service level was missed · 2 usage or configuration · 3 incomplete · 4 target unreachable, or\n" +
			"refuses the first valid event · 5 hookdrill itself failed.",
		Example: "  hookdrill loadtest\n" +
			"  hookdrill loadtest --target http://127.0.0.1:8080/webhooks/claude --rate 500 --duration 30s\n" +
			"  hookdrill loadtest --target URL --observe http://127.0.0.1:8080/probe --arrival poisson\n" +
			"  hookdrill loadtest --target URL --profile spike --rate 1000",
		Args: noOperands,
		RunE: func(cmd *cobra.Command, _ []string) error {
			if err := layer(cmd, s); err != nil {
				return err
			}
			return f.run(cmd.Context(), s)
		},
	}
	f.workers, f.retrySpeed, f.rate = 256, 100, 100
	f.duration = span(time.Minute)
	f.step, f.maxRate = span(5*time.Second), 100_000
	fl := cmd.Flags()
	f.flags = fl
	f.targetFlags.register(fl)
	f.observeFlags.register(fl)
	fl.StringVar(&f.out, "out", "out", "`DIR` for the report; it is written to DIR/loadtest")
	fl.Uint64Var(&f.seed, "seed", 0, "seed of everything that is drawn (default: a new one, which the report names)")
	fl.Var(&f.rate, "rate", "events a second, the most that the profile comes to (default: the contract's)")
	fl.StringVar(&f.profile, "profile", loadtest.ProfileCertify, "`NAME` of a shape of the rate over time, or a YAML file with stages: "+profileNames())
	fl.Var(&f.duration, "duration", "how long the measured load lasts (with --profile soak: 10m)")
	fl.BoolVar(&f.findMax, "find-max", false, "search for the highest rate that meets the service levels, from --rate on, and certify that")
	fl.Var(&f.step, "step", "how long --find-max tries a rate for")
	fl.Var(&f.maxRate, "max-rate", "the highest rate that --find-max tries")
	fl.DurationVar(&f.warmup, "warmup", 5*time.Second, "how long the same load comes before it, unmeasured")
	fl.DurationVar(&f.forgeries, "forgeries", -1, "how long half of the requests are forged afterwards; 0s leaves that out (default: a quarter of --duration, up to 15s; with --find-max 0s)")
	fl.StringVar(&f.arrival, "arrival", "constant", "`HOW` events come: constant, evenly spaced, or poisson, as from many sources")
	fl.StringVar(&f.mix, "mix", defaultMix, "`SHARES` of the classes of requests")
	fl.Var(&f.workers, "workers", fmt.Sprintf("requests that may be under way at once, up to %d", loadtest.MostWorkers))
	fl.StringVar(&f.client, "client", "lean", "`WHICH` HTTP client: lean costs less and speaks HTTP/1.1 without TLS; ordinary is net/http's, which https always has")
	fl.Var(&f.retrySpeed, "retry-speed", "how many times shorter than in the contract the waits of retries are")
	fl.DurationVar(&f.settle, "settle", 10*time.Second, "how long to wait for effects that do not come")
	fl.StringArrayVar(&f.operated, "i-operate", nil, "`HOST` of a target beyond loopback and private addresses")
	fl.BoolVar(&f.strict, "strict", false, "let a failed SHOULD decide like a MUST")
	f.docs.register(fl)
	fl.BoolVar(&f.quiet, "quiet", false, "no progress on stderr")
	return cmd
}

// configure turns flags into a configuration; the error names everything that is
// wrong.
func (f *loadtestFlags) configure(ctx context.Context, s Streams) (*certify.Config, error) {
	c, err := loadContract(f.contract)
	if err != nil {
		return nil, err
	}
	var wrong wrongs
	cfg := &certify.Config{
		Version: version, Contract: c, Seed: f.seed, Workers: int(f.workers), RetrySpeed: float64(f.retrySpeed),
		Timeout: f.timeout, Settle: f.settle, Strict: f.strict, Ordinary: f.client == "ordinary", Now: time.Now,
	}
	if !f.flags.Changed("seed") {
		cfg.Seed = rand.Uint64N(1<<32-1) + 1 //nolint:gosec // repeatable on purpose
	}
	perSecond := float64(f.rate)
	if !f.flags.Changed("rate") && c.Levels.Rate > 0 {
		perSecond = float64(c.Levels.Rate)
	}
	wrong.add(f.shape(cfg, perSecond))
	cfg.Warmup = f.warmup
	if cfg.Forgeries = f.forgeries; f.forgeries < 0 {
		cfg.Forgeries = min(mostForgeries, cfg.Phase.Duration()/4)
		if f.findMax {
			cfg.Forgeries = 0 // of twice the highest rate nothing is to be expected
		}
	}
	if f.findMax {
		cfg.Profile, cfg.Search = "find-max", &certify.Search{From: perSecond, To: float64(f.maxRate), Step: time.Duration(f.step)}
		if float64(f.maxRate) < perSecond {
			wrong.add(usage("", "--max-rate: want %s or more, as --rate, have %s", f.rate.of(perSecond), f.maxRate.String()))
		}
	}
	if f.arrival != "constant" && f.arrival != "poisson" {
		wrong.add(usage("--arrival poisson", "--arrival: want constant or poisson, have %q", f.arrival))
	}
	if f.client != "lean" && f.client != "ordinary" {
		wrong.add(usage("--client ordinary", "--client: want lean or ordinary, have %q", f.client))
	}
	if f.workers > loadtest.MostWorkers {
		wrong.add(usage("", "--workers: want 1 to %d, have %d", loadtest.MostWorkers, int(f.workers)))
	}
	if f.timeout < 0 || f.warmup < 0 || f.settle < 0 {
		wrong.add(usage("", "--timeout, --warmup and --settle cannot be negative"))
	}
	if cfg.Mix, err = loadtest.ParseMix(f.mix); err != nil {
		wrong.add(usage("--mix "+defaultMix, "--mix: %w", err))
	}
	if c := cfg.Contract; c != nil && !c.HasFreshness() && cfg.Mix[loadtest.Stale] > 0 {
		if f.flags.Changed("mix") {
			wrong.add(usage("--mix valid=90,duplicate=5,forged=3", "--mix: the contract %s has no limit of age, so that no event is stale", c.Name))
		}
		cfg.Mix[loadtest.Stale] = 0
	}
	cfg.Header, err = f.headers()
	wrong.add(err)
	roots, err := f.roots()
	wrong.add(err)
	if roots != nil {
		cfg.TLS = &tls.Config{RootCAs: roots, MinVersion: tls.VersionTLS12}
	}
	wrong.add(f.aim(ctx, cfg, s))
	cfg.Repeat = f.repeat(cfg)
	return cfg, wrong.err()
}

// shape fills in the measured phase.
func (f *loadtestFlags) shape(cfg *certify.Config, rate float64) error {
	named, builtIn := loadtest.ProfileNamed(f.profile)
	cfg.Profile = f.profile
	if builtIn {
		d := time.Duration(f.duration)
		if !f.flags.Changed("duration") {
			d = named.Duration
		}
		cfg.Phase = named.Phase(rate, d)
		cfg.Phase.Poisson = f.arrival == "poisson"
		if f.findMax && named.Name != loadtest.ProfileCertify {
			return usage("hookdrill loadtest --find-max", "--find-max and --profile %s are given; the search is for a rate that is constant", f.profile)
		}
		if err := cfg.Phase.Validate(); err != nil {
			return usage("", "%w", err)
		}
		return nil
	}
	for _, name := range []string{"rate", "duration", "arrival", "find-max"} {
		if f.flags.Changed(name) {
			return usage("", "--%s and --profile %s are given; a file of stages says that itself", name, f.profile)
		}
	}
	data, err := os.ReadFile(f.profile)
	if err != nil {
		return usage("hookdrill loadtest --profile spike", "--profile: %q is neither a profile (%s) nor a file: %w", f.profile, profileNames(), err)
	}
	if cfg.Phase, err = loadtest.ParseStages(data); err != nil {
		return usage("docs/loadtest.md", "--profile %s: %w", f.profile, err)
	}
	return nil
}

func profileNames() string {
	var names []string
	for _, p := range loadtest.Profiles() {
		names = append(names, p.Name)
	}
	return strings.Join(names, ", ")
}

// aim fills in whom the load goes to, where that is not the bundled receiver.
func (f *loadtestFlags) aim(ctx context.Context, cfg *certify.Config, s Streams) error {
	if f.target == "" {
		for name, value := range map[string]string{
			"--observe": f.observe, "--observe-sql": f.observeSQL, "--key-env": f.keyEnv, "--key-file": f.keyFile,
		} {
			if value != "" {
				return usage("hookdrill loadtest --target URL "+name+" …", "%s is given without --target: the bundled receiver brings its own", name)
			}
		}
		cfg.Bundled = true
		return nil
	}
	target, further, err := parseTargets("--target", f.target)
	if err != nil {
		return err
	}
	if len(further) > 0 {
		return usage("", "--target: loadtest takes one URL, and %d are given; give that of the load balancer", 1+len(further))
	}
	if err := api.LocalOnly(f.operated)(ctx, target); err != nil {
		return usage("", "--target: %w", err)
	}
	cfg.Target = target
	if cfg.Keys, err = f.keys(cfg.Contract, s); err != nil {
		return err
	}
	cfg.Observers, err = f.observers()
	return err
}

// repeat is the command that repeats the run, without secrets. It draws new events: a
// receiver has seen the old ones.
func (f *loadtestFlags) repeat(cfg *certify.Config) string {
	args := []string{"hookdrill loadtest"}
	add := func(flag, value string) {
		if value != "" {
			args = append(args, flag+" "+repeat.Quote(value))
		}
	}
	add("--target", tokenless(f.target))
	if f.contract != "claude" {
		add("--contract", f.contract)
	}
	add("--key-env", f.keyEnv)
	add("--key-file", f.keyFile)
	add("--observe", tokenless(f.observe))
	add("--observe-sql", passwordless(f.observeSQL))
	add("--observe-query", f.observeQuery)
	if _, builtIn := loadtest.ProfileNamed(f.profile); builtIn {
		add("--rate", f.rate.of(cfg.Phase.Peak()))
		add("--duration", cfg.Phase.Duration().String())
	}
	f.flags.Visit(func(flag *pflag.Flag) {
		if slices.Contains(onceMore(), flag.Name) {
			add("--"+flag.Name, flag.Value.String())
		}
	})
	if f.findMax {
		args = append(args, "--find-max")
	}
	if f.strict {
		args = append(args, "--strict")
	}
	for _, h := range f.header {
		name, _, _ := strings.Cut(h, ":")
		add("--header", strings.TrimSpace(name)+": …")
	}
	for _, host := range f.operated {
		add("--i-operate", host)
	}
	return strings.Join(args, " ")
}

// onceMore are the flags that a repeated run takes over as they were given.
func onceMore() []string {
	return []string{
		"profile", "step", "max-rate", "warmup", "forgeries", "arrival", "mix", "workers", "client", "retry-speed", "timeout", "settle", "ca",
	}
}

func (f *loadtestFlags) run(ctx context.Context, s Streams) error {
	cfg, err := f.configure(ctx, s)
	if err != nil {
		return err
	}
	dir := filepath.Join(f.out, "loadtest")
	if err := removeFiles(dir, "report.json", "junit.xml", "report.html", "summary.md", "report.sarif", "certificate.json", histogramFile); err != nil {
		return usage("--out names another folder", "remove old report: %w", err)
	}
	if cfg.Bundled {
		stop, err := f.startBundled(ctx, cfg, s)
		if err != nil {
			return err
		}
		defer stop()
	}
	if !f.quiet {
		live := &liveLoad{w: s.Err, tty: terminal(s.Err, s), width: func() int { return columns(s.Err) }}
		cfg.Began, cfg.Watch = live.began, live.second
		_, _ = fmt.Fprintf(s.Err, "%s at level %s, seed %d\n", reports.Clean(shownTarget(cfg.Target.String())), f.level(cfg), cfg.Seed)
	}
	result, err := certify.Run(ctx, *cfg)
	var used *certify.UsedSeedError
	var observer *certify.ObserverError
	switch {
	case errors.As(err, &used):
		return usage("", "%w", err)
	case errors.As(err, &observer):
		return usage("docs/observation.md", "%w", err)
	case err != nil:
		return err
	}
	result.Report.Docs = string(f.docs)
	if err := reports.WriteAll(dir, result.Report); err != nil {
		_ = reports.WriteConsole(s.Out, result.Report, reports.ConsoleOptions{Color: terminal(s.Out, s)})
		return err
	}
	if result.Report.Load != nil {
		if err := errors.Join(writeHistogram(dir, result), reports.WriteCertificate(dir, result.Report)); err != nil {
			return err //nolint:wrapcheck // it names the file
		}
	}
	if err := reports.WriteConsole(s.Out, result.Report, reports.ConsoleOptions{Color: terminal(s.Out, s), ReportDir: dir}); err != nil {
		return fmt.Errorf("write summary: %w", err)
	}
	if code := reports.ExitCode(result.Report); code != reports.ExitOK {
		return exitError(code)
	}
	return nil
}

func (f *loadtestFlags) level(cfg *certify.Config) string {
	if len(cfg.Observers) > 0 {
		return string(contract.NeedObserved)
	}
	return string(contract.NeedWire)
}

// startBundled starts the bundled receiver on the best database there is.
func (f *loadtestFlags) startBundled(ctx context.Context, cfg *certify.Config, s Streams) (stop func(), err error) {
	env := func(name string) string {
		value, _ := s.Env(name)
		return value
	}
	choice, err := database.Choose(ctx, database.Options{
		DatabaseURL: env(databaseURL), Image: env("HOOKDRILL_POSTGRES_IMAGE"), DockerHost: env("DOCKER_HOST"), Label: env("HOOKDRILL_TEST_LABEL"),
	})
	if _, is := errors.AsType[*database.ImageError](err); is {
		choice, err = database.Choice{Source: database.Embedded, Sentence: fmt.Sprintf("the embedded store, because DATABASE_URL is not set and %v", err)}, nil
	}
	if err != nil {
		return nil, fmt.Errorf("start the receiver's database: %w", err)
	}
	remove := func() {
		if err := choice.Close(context.WithoutCancel(ctx)); err != nil {
			_, _ = fmt.Fprintf(s.Err, "remove the container: %v\n", err)
		}
	}
	open := embedded
	if choice.Source != database.Embedded {
		open = func(ctx context.Context, _ string) (reference.Store, error) {
			return pgstore.Open(ctx, pgstore.Config{URL: choice.URL})
		}
	}
	b, err := startBundled(ctx, cfg.Contract.Name, nil, slog.LevelError, open)
	if err != nil {
		remove()
		return nil, err
	}
	_, _ = fmt.Fprintf(s.Err, "the bundled receiver keeps its events in %s\n", reports.Clean(choice.Sentence))
	cfg.Target, cfg.Keys = b.target, b.keys
	cfg.Observers = append(cfg.Observers, b.observer)
	return func() {
		b.stop()
		remove()
	}, nil
}

// histogramFile is the name of the latencies' percentiles, in the form of HdrHistogram.
const histogramFile = "latency.hgrm"

func writeHistogram(dir string, r *certify.Result) error {
	if r.Latency == nil {
		return nil
	}
	file, err := create(dir, histogramFile)
	if err != nil {
		return err
	}
	_, err = r.Latency.PercentilesPrint(file, 5, 1000)
	if err := errors.Join(err, file.Close()); err != nil {
		return fmt.Errorf("write %s: %w", histogramFile, err)
	}
	return nil
}

// removeFiles removes files of a folder that are there.
func removeFiles(dir string, names ...string) error {
	var errs []error
	for _, name := range names {
		if err := os.Remove(filepath.Join(dir, name)); err != nil && !errors.Is(err, fs.ErrNotExist) {
			errs = append(errs, err)
		}
	}
	return errors.Join(errs...)
}
