package main

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"time"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"hookdrill/contract"
	"hookdrill/internal/conformance"
	"hookdrill/internal/plan"
	"hookdrill/mockclaude"
	"hookdrill/reports"
)

// conformanceFlags are the flags of hookdrill conformance.
type conformanceFlags struct {
	targetFlags
	observeFlags
	managedFlags
	baselineFlags
	witnessFlags
	againFlags
	docs                               docsAddress
	level, logFile, folder, scenario   string
	only, skip                         []string
	strict, quick, list, dryRun, quiet bool
	settled                            bool // --settle was given
	settle, runTimeout                 time.Duration
}

func conformanceCommand(s Streams) *cobra.Command {
	var f conformanceFlags
	cmd := &cobra.Command{
		Use:   "conformance",
		Short: "Judge an endpoint against the contract, with evidence",
		Long: "Runs the suites against --target, or, without one, against the bundled receiver on its embedded store.\n\n" +
			"Exit: 0 conformant · 1 a MUST failed · 2 usage or configuration · 3 incomplete · 4 target unreachable, or refuses the\n" +
			"first valid event · 5 hookdrill itself failed.",
		Example: "  hookdrill conformance\n" +
			"  hookdrill conformance --target http://127.0.0.1:8080/webhooks/claude --key-env CLAUDE_WEBHOOK_KEY\n" +
			"  hookdrill conformance --target URL --observe http://127.0.0.1:8080/probe --only SIG,IDEM-02\n" +
			"  hookdrill conformance --exec 'python3 app.py' --observe http://127.0.0.1:{port}/probe",
		Args: noOperands,
		RunE: func(cmd *cobra.Command, _ []string) error {
			typed := map[string]bool{}
			cmd.Flags().Visit(func(fl *pflag.Flag) { typed[fl.Name] = true })
			if err := layer(cmd, s); err != nil {
				return err
			}
			f.settled = cmd.Flags().Changed("settle")
			if err := f.recall(typed, cmd.Flags().Changed("contract")); err != nil {
				return err
			}
			return f.run(cmd.Context(), s, cmd.Flags().Changed("seed"))
		},
	}
	fl := cmd.Flags()
	f.targetFlags.register(fl)
	f.registerPrevious(fl)
	fl.StringVar(&f.out, "out", "out", "`DIR` for the report; it is written to DIR/conformance")
	fl.Uint64Var(&f.seed, "seed", 0, "seed of everything that is drawn (default: a new one, which the report names)")
	f.observeFlags.register(fl)
	f.managedFlags.register(fl)
	f.baselineFlags.register(fl)
	f.witnessFlags.register(fl)
	f.againFlags.register(fl)
	f.docs.register(fl)
	fl.StringVar(&f.level, "level", "", "`LEVEL` to judge at: wire, observed or managed (default: the highest that the flags allow)")
	fl.StringVar(&f.logFile, "log", "", "`FILE` that the receiver logs to, for OBS-01 and OBS-02")
	fl.StringVar(&f.folder, "scenarios", "", "`DIR` of further scenarios")
	fl.StringSliceVar(&f.only, "only", nil, "`ID,…` to run: requirements, families, or REQUIREMENT/CASE")
	fl.StringVar(&f.scenario, "scenario", "", "failure scenario to run, by `NAME`: what provokes it, and nothing else (hookdrill scenarios failures)")
	fl.StringSliceVar(&f.skip, "skip", nil, "`ID,…` to leave out")
	fl.BoolVar(&f.strict, "strict", false, "let a failed SHOULD decide like a MUST")
	fl.BoolVar(&f.quick, "quick", false, "leave out the slow scenarios (the report names them)")
	fl.BoolVar(&f.list, "list", false, "list what would run, and send nothing")
	fl.BoolVar(&f.dryRun, "dry-run", false, "write plan.jsonl, and send nothing")
	fl.BoolVar(&f.quiet, "quiet", false, "no progress on stderr")
	fl.DurationVar(&f.settle, "settle", 5*time.Second, "how long to wait for effects that do not come (drills: 1m, unless it is given)")
	fl.DurationVar(&f.runTimeout, "run-timeout", 15*time.Minute, "bound of the whole run")
	return cmd
}

// drillSettle is how long drills wait for effects: queues whose worker was killed give its
// job to another after 30 s or so.
const drillSettle = time.Minute

func (f *conformanceFlags) run(ctx context.Context, s Streams, seeded bool) error {
	asked := *f
	if err := f.place(ctx); err != nil {
		return err
	}
	cfg, err := f.configure(s, seeded)
	if err != nil {
		return err
	}
	if f.exec != "" {
		cfg.TargetText, cfg.Extra = cmp.Or(tokenless(asked.target), "-"), asked.extra()
		cfg.KeyEnv, cfg.KeyFile = asked.keyEnv, asked.keyFile
	}
	if f.list || f.dryRun {
		return f.preview(cfg, s)
	}
	dir := f.into()
	if err := dropCases(dir); err != nil {
		return err
	}
	planLog, wireLog, err := openLogs(dir)
	if err != nil {
		return err
	}
	defer func() { _, _ = planLog.Close(), wireLog.Close() }()
	cfg.PlanLog, cfg.WireLog = planLog, wireLog
	w, err := f.startWitness(ctx, cfg, s)
	if err != nil {
		return err
	}
	if w != nil {
		defer w.Close() //nolint:contextcheck // it ends in order when ctx has ended, too
	}
	if f.target == "" {
		bundled, err := startBundled(ctx, cfg.Contract.Name, witnessAPI(w, cfg), slog.LevelInfo, embedded)
		if err != nil {
			return err
		}
		defer bundled.stop()
		cfg.Target, cfg.Keys, cfg.LogFile = bundled.target, bundled.keys, bundled.log.Name()
		if f.level != string(contract.NeedWire) {
			cfg.Observers = append(cfg.Observers, bundled.observer)
		}
	}
	if f.held() {
		r, err := f.startManaged(ctx, cfg, s, witnessEnv(w, cfg))
		if err != nil {
			return err
		}
		defer r.end(ctx)
		cfg.Ended = func(redact func(string) string) { _ = r.keepLog(dir, redact) } // the report tells without it, too
		if f.drillable() {
			cfg.Receiver, cfg.Database = r, r.proxy
		}
		if cfg.LogFile == "" && r.process != nil {
			cfg.LogFile = r.process.LogFile()
		}
	}
	report, err := f.conduct(ctx, cfg, s)
	if err != nil {
		return err
	}
	report.Docs = string(f.docs)
	if err := f.keepCases(cfg, report, dir); err != nil {
		return err
	}
	said := f.report(report, dir, s)
	if err := f.outcome(report, s); err != nil {
		return err
	}
	if err := f.keep(cfg.Baseline, report, s); err != nil {
		return err
	}
	return said
}

// conduct runs the run and sorts its errors into exit codes.
func (f *conformanceFlags) conduct(ctx context.Context, cfg *conformance.Config, s Streams) (*reports.Report, error) {
	cfg.Started = func(p *plan.Plan) { f.planned = p }
	if !f.quiet {
		progress := &reports.Progress{W: s.Err, Color: terminal(s.Err, s), Strict: f.strict}
		cfg.Decided = progress.Check
		told := cfg.Started
		cfg.Started = func(p *plan.Plan) {
			told(p)
			_, _ = fmt.Fprintf(s.Err, "%s at level %s, seed %d: %d requirements, %d cases\n",
				reports.Clean(targets(cfg)), cfg.Level, cfg.Seed, len(p.Checks), len(p.Cases))
		}
	}
	report, err := conformance.Run(ctx, *cfg)
	var selection *plan.SelectionError
	var used *conformance.UsedSeedError
	var observer *conformance.ObserverError
	switch {
	case errors.As(err, &selection), errors.Is(err, plan.ErrEmpty):
		return nil, usage("hookdrill requirements", "%w", err)
	case errors.As(err, &used):
		return nil, usage("", "%w", err)
	case errors.As(err, &observer):
		return nil, usage("docs/observation.md", "%w", err)
	}
	return report, err
}

// targets shows the target, every instance of it.
func targets(cfg *conformance.Config) string {
	all := []string{mockclaude.ShowURL(cfg.Target.String())}
	for _, u := range cfg.Further {
		all = append(all, mockclaude.ShowURL(u.String()))
	}
	return strings.Join(all, ", ")
}

func (f *conformanceFlags) report(report *reports.Report, dir string, s Streams) error {
	if err := reports.WriteAll(dir, report); err != nil {
		_ = reports.WriteConsole(s.Out, report, reports.ConsoleOptions{Color: terminal(s.Out, s)})
		return err
	}
	if err := reports.WriteConsole(s.Out, report, reports.ConsoleOptions{Color: terminal(s.Out, s), ReportDir: dir, Again: f.sendAgain()}); err != nil {
		return fmt.Errorf("write summary: %w", err)
	}
	if code := reports.ExitCode(report); code != reports.ExitOK {
		return exitError(code)
	}
	return nil
}

// openLogs begins a run's folder. What an earlier run left there goes first: a
// run that ends without a report must not seem to have that one.
func openLogs(dir string) (planLog, wireLog *os.File, err error) {
	for _, name := range []string{"report.json", "junit.xml", "report.html", "summary.md", "report.sarif"} {
		err := os.Remove(filepath.Join(dir, name))
		if err != nil && !errors.Is(err, fs.ErrNotExist) && !errors.Is(err, syscall.ENOTDIR) { // create says it better
			return nil, nil, fmt.Errorf("remove old report: %w", err)
		}
	}
	if planLog, err = create(dir, "plan.jsonl"); err != nil {
		return nil, nil, err
	}
	if wireLog, err = create(dir, "wire.jsonl"); err != nil {
		return nil, nil, errors.Join(err, planLog.Close())
	}
	return planLog, wireLog, nil
}

func create(dir, name string) (*os.File, error) {
	if err := os.MkdirAll(dir, 0o755); err != nil { //nolint:gosec // reports are meant to be read
		return nil, fmt.Errorf("write report: %w (--out names another folder)", err)
	}
	f, err := os.Create(filepath.Join(dir, name)) //nolint:gosec // the folder is the user's own choice
	if err != nil {
		return nil, fmt.Errorf("write report: %w (--out names another folder)", err)
	}
	return f, nil
}

// terminal reports whether colours are welcome on w.
func terminal(w io.Writer, s Streams) bool {
	if no, ok := s.Env("NO_COLOR"); ok && no != "" {
		return false
	}
	f, ok := w.(*os.File)
	if !ok {
		return false
	}
	info, err := f.Stat()
	return err == nil && info.Mode()&os.ModeCharDevice != 0
}
