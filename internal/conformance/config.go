package conformance

import (
	"crypto/x509"
	"fmt"
	"io"
	"net/url"
	"strings"
	"time"

	"hookdrill/contract"
	"hookdrill/internal/drill"
	"hookdrill/internal/faultproxy"
	"hookdrill/internal/plan"
	"hookdrill/internal/repeat"
	"hookdrill/internal/verdict"
	"hookdrill/mockclaude"
	"hookdrill/mockclaude/witness"
	"hookdrill/observe"
	"hookdrill/reports"
	"hookdrill/scenarios"
)

// Config is one conformance run.
type Config struct {
	Version string
	Target  *url.URL
	// Further are the target's other instances: one receiver behind a load
	// balancer, whose state they share.
	Further  []*url.URL
	Bundled  bool
	Contract *contract.Contract
	Keys     mockclaude.Keys
	// KeyEnv or KeyFile says where the key came from, for the repeat commands.
	KeyEnv, KeyFile string
	Header          []mockclaude.Field
	Requirements    []contract.Requirement
	Scenarios       []scenarios.Scenario
	Seed            uint64
	Only, Skip      []string
	// Scenario is the name of the failure scenario whose requirements Only holds, "" for none.
	Scenario      string
	Quick, Strict bool
	// Again is a case to carry out once more in place of a whole run; nil for a run.
	Again *Again
	// Baseline holds known failures; nil for none.
	Baseline *verdict.Known
	// Level is wire or observed.
	Level     string
	Observers []observe.Observer
	// Witness plays the API that a receiver of thin events calls back, nil when nobody
	// does. It is an observer beside Observers. APIKey is the key that the receiver calls
	// it with: a secret like the others, "" when none is known.
	Witness *witness.Witness
	APIKey  string
	Settle  time.Duration
	// DrillSettle is Settle for drills, after which workers may have to wait for what a killed
	// one had begun.
	DrillSettle time.Duration
	// Timeout bounds one attempt, RunTimeout the whole run.
	Timeout, RunTimeout time.Duration
	Roots               *x509.CertPool
	LogFile             string
	// Receiver is the target as a command that can be stopped and started, nil when it is
	// not in hookdrill's hands; Database is the proxy in front of its database, if it has one.
	Receiver drill.Receiver
	Database *faultproxy.Proxy
	// TargetText is the target as repeat commands give it: "" for its URL, - for nothing.
	TargetText string
	// Extra are flags to pass on in repeat commands, quoted already.
	Extra []string
	// PlanLog and WireLog receive plan.jsonl and wire.jsonl; nil drops them.
	PlanLog, WireLog io.Writer
	// Decided is told of each check as soon as it is decided.
	Decided func(reports.Check)
	// Started is told of the plan before anything is sent.
	Started func(*plan.Plan)
	// Ended is told, before the run's secrets are forgotten, how they are taken out of a text;
	// nil for none.
	Ended func(redact func(string) string)
	Now   func() time.Time
}

// Again is a planned case of an earlier run and its check.
type Again struct {
	Check plan.Check
	Case  *plan.Case
}

// UsedSeedError says that events of the plan were processed before the run.
type UsedSeedError struct {
	Seed   uint64
	Events int
}

func (e *UsedSeedError) Error() string {
	return fmt.Sprintf("seed %d was used against this receiver before: %d of its events are processed already, so a run would prove nothing; "+
		"leave --seed out for a new one, or empty the receiver's store", e.Seed, e.Events)
}

// ObserverError says that an observer cannot be asked.
type ObserverError struct{ Err error }

func (e *ObserverError) Error() string { return "observer: " + e.Err.Error() }

// Unwrap gives the cause.
func (e *ObserverError) Unwrap() error { return e.Err }

// isKey reports whether text is a key that is configured.
func (c Config) isKey(text string) bool {
	return len(c.Keys.Current) > 0 && text == string(c.Keys.Current) || len(c.Keys.Previous) > 0 && text == string(c.Keys.Previous)
}

// canSign is true when the keys of a run can sign with an algorithm that is not the
// contract's own.
func canSign(cfg Config, algorithm string) bool {
	signer, err := mockclaude.NewSigner(cfg.Contract, cfg.Keys)
	return err == nil && signer.CanSign(mockclaude.Sign{Mode: mockclaude.SignAlgorithm, Algorithm: algorithm}) == nil
}

func selection(cfg Config) []string {
	var out []string
	if cfg.Scenario != "" {
		out = append(out, "--scenario "+cfg.Scenario)
	} else if len(cfg.Only) > 0 {
		out = append(out, "--only "+repeat.Quote(strings.Join(cfg.Only, ",")))
	}
	if len(cfg.Skip) > 0 {
		out = append(out, "--skip "+repeat.Quote(strings.Join(cfg.Skip, ",")))
	}
	if cfg.Quick {
		out = append(out, "--quick")
	}
	if cfg.Strict {
		out = append(out, "--strict")
	}
	return out
}
