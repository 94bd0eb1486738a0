package drilltest

import (
	"context"
	"errors"
	"fmt"
	"net/url"
	"slices"
	"strings"

	"hookdrill/observe"
)

// Option changes how [Run] judges.
type Option func(*settings)

type settings struct {
	key, previous string
	contract      string
	path          string
	observe       func(ids []string) map[string]int
	observeURL    string
	observeHeader []string
	only, skip    []string
	strict, quick bool
	baseline      string
	seed          uint64
	seeded        bool
}

// apply collects the options, and names all that is wrong with them.
func apply(options []Option) (settings, error) {
	o := settings{contract: "claude"}
	for _, option := range options {
		option(&o)
	}
	var wrong []error
	if o.key == "" {
		wrong = append(wrong, errors.New("key: is missing; give drilltest.Key the key that the handler verifies with"))
	}
	if o.observe != nil && o.observeURL != "" {
		wrong = append(wrong, errors.New("observe: drilltest.Observe and drilltest.ObserveURL are both given; want one"))
	}
	return o, errors.Join(wrong...)
}

// Key is the secret that the handler verifies signatures with.
func Key(key string) Option { return func(o *settings) { o.key = key } }

// PreviousKey is the secret before the last rotation, which the handler takes as well; it brings SIG-16.
func PreviousKey(key string) Option { return func(o *settings) { o.previous = key } }

// Contract is the name of a built-in contract or the file of one's own. The default is claude.
func Contract(name string) Option { return func(o *settings) { o.contract = name } }

// Path is where the handler takes events. The default is the contract's.
func Path(path string) Option { return func(o *settings) { o.path = path } }

// Observe lets the test say how often each event took effect, so that what the answers do not show is judged
// as well: an event that was lost, or processed twice. An id that is absent had no effect. Effects are what must
// not happen twice; rows of the table that recognises doubles are not (docs/observation.md). f is called while the
// handler may be serving, from one goroutine at a time.
func Observe(f func(ids []string) map[string]int) Option {
	return func(o *settings) { o.observe = f }
}

// ObserveURL is a probe as docs/observation.md describes it: a URL, or a path of the handler's own, such as
// /observe. Each header is a "Name: value" that it wants.
func ObserveURL(address string, headers ...string) Option {
	return func(o *settings) { o.observeURL, o.observeHeader = address, headers }
}

// Only judges these requirements, families or REQUIREMENT/CASE, and no others. With -run go test judges them all
// and shows some; with Only it sends less.
func Only(ids ...string) Option { return func(o *settings) { o.only = append(o.only, ids...) } }

// Skip leaves out these requirements, families or REQUIREMENT/CASE.
func Skip(ids ...string) Option { return func(o *settings) { o.skip = append(o.skip, ids...) } }

// Strict lets what is only advice (SHOULD) fail its subtest.
func Strict() Option { return func(o *settings) { o.strict = true } }

// Quick leaves out the slow scenarios, which are told in the log.
func Quick() Option { return func(o *settings) { o.quick = true } }

// Baseline is a file of known failures, as docs/baseline.md describes it: their subtests are skipped, and one that
// passes by now, or whose entry has expired, fails.
func Baseline(file string) Option { return func(o *settings) { o.baseline = file } }

// Seed is where everything that is drawn comes from, event ids too. By default it is a new one each time; the log
// names it. The same seed sends the same events, so that a receiver that remembers them wants another.
func Seed(seed uint64) Option {
	return func(o *settings) { o.seed, o.seeded = seed, true }
}

// observer is what the options make of them, nil for none.
func (o settings) observer(base string) (observe.Observer, error) {
	if o.observe != nil {
		return observe.Func(func(_ context.Context, ids []string) (map[string]observe.Effect, error) {
			effects := map[string]observe.Effect{}
			for id, n := range o.observe(slices.Clone(ids)) {
				effects[id] = observe.Effect{Processed: n}
			}
			return effects, nil
		}), nil
	}
	if o.observeURL == "" {
		return nil, nil //nolint:nilnil // none was asked for
	}
	address := o.observeURL
	if strings.HasPrefix(address, "/") {
		address = base + address
	}
	u, err := url.Parse(address)
	if err != nil {
		return nil, fmt.Errorf("observe: %q is no URL and no path", o.observeURL)
	}
	cfg := observe.ProbeConfig{URL: u}
	for _, h := range o.observeHeader {
		name, value, ok := strings.Cut(h, ":")
		if !ok {
			return nil, errors.New("observe: a header is not of the form \"Name: value\"")
		}
		cfg.Header = append(cfg.Header, observe.Header{Name: strings.TrimSpace(name), Value: strings.TrimSpace(value)})
	}
	probe, err := observe.NewProbe(cfg)
	if err != nil {
		return nil, fmt.Errorf("observe: %w", err)
	}
	return probe, nil
}
