package main

import (
	"cmp"
	"context"
	crand "crypto/rand"
	"encoding/hex"
	"net/url"

	"github.com/spf13/pflag"

	"hookdrill/contract"
	"hookdrill/internal/conformance"
	"hookdrill/mockclaude/witness"
	"hookdrill/reference"
)

// witnessFlags are the flags of the API that hookdrill plays for the receiver.
type witnessFlags struct {
	witness, apiKeyEnv string
}

func (f *witnessFlags) register(fl *pflag.FlagSet) {
	fl.StringVar(&f.witness, "witness", "", "`HOST:PORT` at which hookdrill plays the API that the receiver calls back, and watches it (docs/witness.md); with --exec it does so by itself")
	fl.StringVar(&f.apiKeyEnv, "api-key-env", "", "`NAME` of the variable with the key that the receiver calls that API with")
}

// watched reports whether the API is played for the target of a run.
func (f *conformanceFlags) watched(c *contract.Contract) bool {
	return c.Fetch != nil && (f.witness != "" || f.exec != "" || f.target == "")
}

// checkWitness refuses flags of the witness where it can see nothing.
func (f *conformanceFlags) checkWitness(c *contract.Contract) error {
	for name, value := range map[string]string{"--witness": f.witness, "--api-key-env": f.apiKeyEnv} {
		switch {
		case value == "":
		case c.Fetch == nil:
			return usage("docs/witness.md", "%s: the events of the contract %s name nothing that a receiver would fetch", name, c.Name)
		case f.target == "":
			return usage("hookdrill conformance --target URL "+name+" …", "%s is given without --target: the bundled receiver brings its own", name)
		case name == "--api-key-env" && f.witness == "" && f.exec == "":
			return usage("--witness 127.0.0.1:8475", "--api-key-env names the key for the API that hookdrill plays, and nothing asks for that: --witness is missing")
		}
	}
	return nil
}

// startWitness starts the API for the receiver of a run; nil when nobody would call it.
func (f *conformanceFlags) startWitness(ctx context.Context, cfg *conformance.Config, s Streams) (*witness.Witness, error) {
	if !f.watched(cfg.Contract) {
		return nil, nil //nolint:nilnil // there is none, and that is no error
	}
	switch {
	case f.apiKeyEnv != "":
		key, set := s.Env(f.apiKeyEnv)
		if !set || key == "" {
			return nil, usage("export "+f.apiKeyEnv+"=…", "--api-key-env: the variable %s is not set", f.apiKeyEnv)
		}
		cfg.APIKey = key
	case f.witness == "" || f.held(): // the receiver is given one
		cfg.APIKey = makeAPIKey()
	}
	w, err := witness.Start(ctx, witness.Config{Listen: cmp.Or(f.witness, "127.0.0.1:0"), Key: cfg.APIKey})
	if err != nil {
		return nil, usage("--witness 127.0.0.1:8475", "--witness: %w", err)
	}
	if f.level != string(contract.NeedWire) {
		cfg.Witness = w
	}
	return w, nil
}

func makeAPIKey() string {
	var b [24]byte
	_, _ = crand.Read(b[:]) // it never fails: it ends the program instead
	return "sk-ant-hookdrill-" + hex.EncodeToString(b[:])
}

// witnessEnv tells a receiver where the API is, and with which key to call it; nothing
// where there is none.
func witnessEnv(w *witness.Witness, cfg *conformance.Config) []string {
	if w == nil {
		return nil
	}
	return []string{cfg.Contract.Fetch.BaseURLEnv + "=" + w.URL(), cfg.Contract.Fetch.KeyEnv + "=" + cfg.APIKey}
}

// witnessAPI is the API for the bundled receiver; nil where there is none.
func witnessAPI(w *witness.Witness, cfg *conformance.Config) *reference.API {
	if w == nil {
		return nil
	}
	return &reference.API{URL: &url.URL{Scheme: "http", Host: w.Address()}, Key: cfg.APIKey}
}
