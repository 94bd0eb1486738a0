package main

import (
	crand "crypto/rand"
	"encoding/binary"
	"errors"
	"fmt"
	"strings"
	"time"

	"hookdrill/contract"
	"hookdrill/internal/conformance"
	"hookdrill/internal/repeat"
	"hookdrill/scenarios"
)

// configure turns flags into the configuration of a run, naming what is wrong.
func (f *conformanceFlags) configure(s Streams, seeded bool) (*conformance.Config, error) {
	c, err := loadContract(f.contract)
	if err != nil {
		return nil, err
	}
	s = f.ownKey(c, s)
	cfg := &conformance.Config{
		Version: version, Contract: c, Only: f.only, Skip: f.skip, Quick: f.quick, Strict: f.strict, Seed: f.seed,
		Settle: f.settle, DrillSettle: f.settle, Timeout: f.timeout, RunTimeout: f.runTimeout, LogFile: f.logFile, Now: time.Now,
	}
	if !f.settled {
		cfg.DrillSettle = drillSettle
	}
	if f.timeout < 0 || f.settle < 0 || f.runTimeout < 0 {
		return nil, usage("", "--timeout, --settle and --run-timeout cannot be negative")
	}
	if !seeded && f.seed == 0 {
		var b [4]byte
		if _, err := crand.Read(b[:]); err != nil {
			return nil, fmt.Errorf("draw seed: %w", err)
		}
		cfg.Seed = uint64(binary.BigEndian.Uint32(b[:]))
	}
	if cfg.Requirements, err = contract.Requirements(); err != nil {
		return nil, fmt.Errorf("read catalogue: %w", err)
	}
	if cfg.Scenarios, err = scenarios.Builtin(); err != nil {
		return nil, fmt.Errorf("read scenarios: %w", err)
	}
	if f.folder != "" {
		if cfg.Scenarios, err = scenarios.Folder(f.folder, cfg.Scenarios); err != nil {
			return nil, usage("docs/scenarios.md", "%w", err)
		}
	}
	if err := f.sameContract(cfg); err != nil {
		return nil, err
	}
	if cfg.Baseline, err = f.known(); err != nil {
		return nil, err
	}
	if cfg.Header, err = f.headers(); err != nil {
		return nil, err
	}
	if cfg.Roots, err = f.roots(); err != nil {
		return nil, err
	}
	if err := f.choose(cfg); err != nil {
		return nil, err
	}
	cfg.Extra = f.extra()
	if err := f.checkWitness(c); err != nil {
		return nil, err
	}
	if f.target == "" {
		return cfg, f.withoutTarget(cfg)
	}
	if cfg.Target, cfg.Further, err = parseTargets("--target", f.target); err != nil {
		return nil, err
	}
	// A preview needs no key, but what it shows depends on the one there is.
	if cfg.Keys, err = f.keys(c, s); err != nil && !f.list && !f.dryRun {
		return nil, err
	}
	cfg.KeyEnv, cfg.KeyFile = f.keyEnv, f.keyFile
	if cfg.Observers, err = f.observers(); err != nil {
		return nil, err
	}
	return cfg, f.setLevel(cfg)
}

// choose selects the requirements of a failure scenario.
func (f *conformanceFlags) choose(cfg *conformance.Config) error {
	if f.scenario == "" {
		return nil
	}
	if len(f.only) > 0 {
		return usage("", "--scenario and --only both say what to run; give one")
	}
	failure, err := scenarios.FailureNamed(f.scenario)
	if unknown, is := errors.AsType[*scenarios.UnknownFailureError](err); is {
		try := "hookdrill scenarios failures"
		if unknown.Nearest != "" {
			try = "hookdrill conformance --scenario " + unknown.Nearest
		}
		return usage(try, "--scenario: %w", err)
	}
	if err != nil {
		return fmt.Errorf("read failure scenarios: %w", err)
	}
	cfg.Scenario, cfg.Only = failure.Name, failure.Checks
	return nil
}

// withoutTarget refuses flags that make no sense with the bundled receiver.
func (f *conformanceFlags) withoutTarget(cfg *conformance.Config) error {
	for name, value := range map[string]string{
		"--observe": f.observe, "--observe-sql": f.observeSQL, "--key-env": f.keyEnv, "--key-file": f.keyFile, "--log": f.logFile,
		"--previous-key-env": f.prevEnv, "--previous-key-file": f.prevFile,
	} {
		if value != "" {
			return usage("hookdrill conformance --target URL "+name+" …", "%s is given without --target: the bundled receiver brings its own", name)
		}
	}
	cfg.Bundled = true
	cfg.Level = string(contract.NeedObserved)
	if f.level == string(contract.NeedWire) {
		cfg.Level = f.level
		return nil
	}
	return f.checkLevel()
}

func (f *conformanceFlags) checkLevel() error {
	switch f.level {
	case "", string(contract.NeedWire), string(contract.NeedObserved):
		return nil
	case string(contract.NeedManaged):
		if !f.held() {
			return usage("--exec 'command'", "--level managed needs a receiver that hookdrill starts and stops: --exec, or --start-cmd and --stop-cmd")
		}
		return nil
	}
	return usage("--level observed", "--level: %q is not one of wire, observed, managed", f.level)
}

func (f *conformanceFlags) setLevel(cfg *conformance.Config) error {
	if err := f.checkLevel(); err != nil {
		return err
	}
	highest := string(contract.NeedWire)
	if f.watched(cfg.Contract) { // it sees what is fetched, which is no proof that drills need
		highest = string(contract.NeedObserved)
	}
	if len(cfg.Observers) > 0 {
		highest = string(contract.NeedObserved)
		if f.drillable() {
			highest = string(contract.NeedManaged)
		}
	}
	unseen := f.level == string(contract.NeedObserved) && highest == string(contract.NeedWire)
	if unseen || f.level == string(contract.NeedManaged) && len(cfg.Observers) == 0 {
		return usage("--observe URL", "--level %s needs an observer: --observe, or --observe-sql with --observe-query", f.level)
	}
	if f.level == string(contract.NeedObserved) {
		highest = f.level
	}
	cfg.Level = highest
	if f.level == string(contract.NeedWire) {
		cfg.Level, cfg.Observers = f.level, nil
	}
	return nil
}

// extra are the flags that repeat commands pass on, without secrets.
func (f *conformanceFlags) extra() []string {
	var out []string
	add := func(flag, value string) {
		if value != "" {
			out = append(out, flag+" "+repeat.Quote(value))
		}
	}
	if f.contract != "claude" {
		add("--contract", f.contract)
	}
	f.execFlags(add)
	add("--witness", f.witness)
	add("--api-key-env", f.apiKeyEnv)
	add("--previous-key-env", f.prevEnv)
	add("--previous-key-file", f.prevFile)
	add("--observe", tokenless(f.observe))
	add("--observe-sql", passwordless(f.observeSQL))
	add("--observe-query", f.observeQuery)
	add("--ca", f.ca)
	add("--log", f.logFile)
	add("--scenarios", f.folder)
	add("--level", f.level)
	if f.timeout > 0 {
		add("--timeout", f.timeout.String())
	}
	for _, h := range f.header {
		name, _, _ := strings.Cut(h, ":")
		add("--header", strings.TrimSpace(name)+": …")
	}
	return out
}
