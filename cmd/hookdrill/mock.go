package main

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"math/rand/v2"
	"net/url"
	"strconv"
	"strings"

	"github.com/spf13/cobra"

	"hookdrill/contract"
	"hookdrill/mockclaude"
	"hookdrill/mockclaude/api"
	"hookdrill/mockclaude/datadir"
	"hookdrill/mockclaude/engine"
	"hookdrill/mockclaude/faults"
	"hookdrill/reference"
	"hookdrill/scenarios"
)

// mockFlags are the flags of hookdrill mock.
type mockFlags struct {
	target        targetFlags // of which it has the target, the contract, the keys and --config
	listen, admin string
	data, faults  string
	resend        string
	speed         speed
	seed          seed
	concurrency   count
	maxPending    count
	history       count
	operated      []string
	showKey       bool
	level         logLevel
}

func mockCommand(s Streams) *cobra.Command {
	var f mockFlags
	cmd := &cobra.Command{
		Use: "mock", Short: "Run mock Claude: an API on localhost whose webhooks are signed, retried and go wrong on demand", Args: noOperands,
		Long: "Runs mock Claude until it is interrupted. A task posted to its API ends in a webhook to every endpoint that\n" +
			"subscribed, --target among them, with the contract's retries. A second address shows deliveries as they happen,\n" +
			"in a page and as JSON, and takes faults to inject. It prints both addresses, and where the signing key is, to\n" +
			"stdout, and logs JSON to stderr. Every flag can be set in the environment (HOOKDRILL_SPEED for --speed)\n" +
			"and in hookdrill.yaml (speed). docs/mock.md and docs/faults.md say more.",
		RunE: func(cmd *cobra.Command, _ []string) error {
			m, err := f.configure(cmd, s)
			if err != nil {
				return err
			}
			return m.run(cmd.Context(), s)
		},
	}
	f.register(cmd)
	return cmd
}

func (f *mockFlags) register(cmd *cobra.Command) {
	f.speed, f.concurrency, f.maxPending, f.history = 1, 8, 1<<20, 10_000
	fl := cmd.Flags()
	t := &f.target
	fl.StringArrayVar(&t.targets, "target", nil, "`URL` of an endpoint that gets every event; may be repeated")
	fl.StringVar(&t.contract, "contract", "claude", "contract, by `NAME` or as a YAML file")
	fl.StringVar(&t.keyEnv, "key-env", "", "`NAME` of the environment variable with the targets' signing key (default: the contract's)")
	fl.StringVar(&t.keyFile, "key-file", "", "`FILE` with the targets' signing key; made if it is not there (default without a key in the environment: key in --data, or in out/mock)")
	fl.StringArrayVar(&t.header, "header", nil, "header to send to the targets with every request, as '`K: V`'; may be repeated")
	fl.DurationVar(&t.timeout, "timeout", 0, "bound of one attempt (default: the contract's)")
	fl.StringVar(&t.config, "config", "", "configuration `FILE` (default hookdrill.yaml, if it is there)")
	fl.StringVar(&f.listen, "listen", "127.0.0.1:8474", "`ADDRESS` of the API")
	fl.StringVar(&f.admin, "admin-listen", "127.0.0.1:8475", "`ADDRESS` of the live page and the management API; not for the world")
	fl.StringVar(&f.data, "data", "", "`DIR` in which subscriptions, the queue and the history outlive the process (default: in memory)")
	fl.Var(&f.speed, "speed", "how many times shorter than in the contract waits are; timestamps and time limits stay real")
	fl.Var(&f.seed, "seed", "what events, jitter and faults are drawn from (default: a new one each time)")
	fl.StringVar(&f.resend, "resend", "", "retries: anew, stamped and signed again, or identical (default: the contract's)")
	fl.StringVar(&f.faults, "faults", "", "fault programme, by `NAME` or as a YAML file")
	fl.Var(&f.concurrency, "concurrency", "attempts to one endpoint that may be under way at once, up to 256")
	fl.Var(&f.maxPending, "max-pending", "deliveries that may wait; events beyond are refused with 503")
	fl.Var(&f.history, "history", "finished deliveries, dead letters and attempts that are remembered")
	fl.StringArrayVar(&f.operated, "i-operate", nil, "`HOST` beyond loopback and private addresses to which may be sent; may be repeated")
	fl.BoolVar(&f.showKey, "show-key", false, "print the targets' signing key")
	fl.Var(&f.level, "log-level", "least level to log: debug, info, warn or error")
}

// mock is what a run needs.
type mock struct {
	contract      *contract.Contract
	listen, admin string
	data          string
	seed          uint64
	engine        engine.Config
	programme     *faults.Programme
	targets       []engine.Subscription
	operated      []string
	key           keyPlace
	showKey       bool
	logger        *slog.Logger
}

// configure turns flags, environment and file into a configuration. The error
// names everything that is wrong.
func (f *mockFlags) configure(cmd *cobra.Command, s Streams) (*mock, error) {
	file, name, err := readConfig(cmd)
	if err != nil {
		return nil, err
	}
	var wrong wrongs
	fillIn(cmd, s, file, name, &wrong)
	m := &mock{
		listen: f.listen, admin: f.admin, data: f.data, operated: f.operated, showKey: f.showKey,
		logger: reference.NewLogger(s.Err, slog.Level(f.level)),
	}
	clock, err := engine.ScaledClock(float64(f.speed))
	wrong.add(err)
	m.seed = uint64(f.seed)
	if m.seed == 0 {
		m.seed = rand.Uint64N(1<<32-1) + 1 //nolint:gosec // repeatable on purpose
	}
	if m.contract, err = loadContract(f.target.contract); err != nil {
		wrong.add(err)
		return nil, wrong.err()
	}
	c := *m.contract
	m.contract = &c
	switch f.resend {
	case "":
	case "anew", "identical":
		c.Retries.Resend = f.resend
	default:
		wrong.add(usage("--resend identical", "--resend: want anew or identical, have %q", f.resend))
	}
	if f.target.timeout < 0 {
		wrong.add(usage("", "--timeout: want a duration above 0, have %s", f.target.timeout))
	} else if f.target.timeout > 0 {
		c.Timeout = contract.Duration(f.target.timeout)
	}
	if f.faults != "" {
		p, err := loadFaults(f.faults)
		wrong.add(err)
		m.programme = p
	}
	header, err := f.target.headers()
	wrong.add(err)
	for i, raw := range f.target.targets {
		u, err := parseTarget("--target", raw)
		if err != nil {
			wrong.add(err)
			continue
		}
		m.targets = append(m.targets, engine.Subscription{ID: "we_target_" + strconv.Itoa(i+1), URL: u.String(), Header: header})
	}
	if f.target.keyEnv != "" && f.target.keyFile != "" {
		wrong.add(usage("", "--key-env and --key-file are both given; give one"))
	}
	m.key = keyPlace{env: f.target.keyEnv, file: f.target.keyFile, kind: c.Key, dir: f.data}
	m.engine = engine.Config{
		Contract: &c, Clock: clock, Seed: m.seed, Concurrency: int(f.concurrency), MaxPending: int(f.maxPending), History: int(f.history), Logger: m.logger,
	}
	wrong.add(m.engine.Validate())
	return m, wrong.err()
}

// loadFaults reads a fault programme.
func loadFaults(name string) (*faults.Programme, error) {
	p, err := scenarios.LoadProgramme(name)
	if err != nil {
		return nil, usage("hookdrill scenarios", "--faults: %w", err)
	}
	compiled, err := faults.Compile(p)
	if err != nil {
		return nil, usage("", "--faults: %w", err)
	}
	return compiled, nil
}

// run runs mock Claude until ctx ends.
func (m *mock) run(ctx context.Context, s Streams) (err error) {
	allow := api.LocalOnly(m.operated)
	for _, t := range m.targets {
		if err := allow(ctx, mustParse(t.URL)); err != nil {
			return usage("", "--target: %w", err)
		}
	}
	key, where, err := m.key.read(s)
	if err != nil {
		return err
	}
	if _, err := mockclaude.DeriveKey(m.contract.Key, key); err != nil {
		return usage("", "the targets' signing key does not fit the contract %s: %w", m.contract.Name, err)
	}
	if m.data != "" {
		journal, err := datadir.Open(ctx, m.data)
		if err != nil {
			return usage("", "--data: %w", err)
		}
		m.engine.Journal = journal
	}
	injector := faults.NewInjector(m.programme)
	m.engine.Faults = injector
	e, err := engine.New(m.engine)
	if err != nil {
		return fmt.Errorf("start mock Claude: %w", err)
	}
	running, stop := context.WithCancel(ctx)
	defer stop()
	ended := make(chan error, 1)
	go func() { ended <- e.Run(running) }()
	select {
	case <-e.Ready():
	case err := <-ended:
		return fmt.Errorf("start mock Claude: %w", err)
	}
	for _, t := range m.targets {
		t.Key = key
		if _, err := e.Subscribe(ctx, t); err != nil {
			stop()
			return errors.Join(fmt.Errorf("start mock Claude: %w", err), <-ended)
		}
	}
	servers, err := m.serve(running, e, injector, allow)
	if err != nil {
		stop()
		return errors.Join(err, <-ended)
	}
	if err := m.announce(s, servers, e, key, where); err != nil {
		stop()
		servers.wait()
		return errors.Join(err, <-ended)
	}
	select {
	case err = <-ended:
		stop()
		servers.wait()
		return wrapMock(err)
	case err = <-servers.failed:
		stop()
		servers.wait()
		return errors.Join(wrapMock(err), wrapMock(<-ended))
	}
}

func wrapMock(err error) error {
	if err == nil {
		return nil
	}
	return fmt.Errorf("run mock Claude: %w", err)
}

// mustParse parses a URL that was parsed before.
func mustParse(raw string) *url.URL {
	u, err := url.Parse(raw)
	if err != nil {
		return &url.URL{}
	}
	return u
}

// announce says where everything is.
func (m *mock) announce(s Streams, servers *mockServers, e *engine.Engine, key []byte, where string) error {
	var text strings.Builder
	fmt.Fprintf(&text, "api: %s\nmanagement: %s\n", servers.api, servers.manage)
	fmt.Fprintf(&text, "key: %s (%s)\n", where, mockclaude.Keys{Current: key}.ID())
	if m.showKey {
		fmt.Fprintf(&text, "key value: %s\n", key)
	}
	for _, ep := range e.Endpoints() {
		fmt.Fprintf(&text, "endpoint: %s %s\n", ep.ID, ep.URL)
	}
	return show(s.Out, "%sseed: %d\n", text.String(), m.seed)
}
