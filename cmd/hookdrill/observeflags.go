package main

import (
	"strings"

	"github.com/spf13/pflag"

	"hookdrill/observe"
)

// observeFlags are the flags that say who sees what the target did.
type observeFlags struct {
	observe, observeSQL, observeQuery string
	observeHeader                     []string
}

func (f *observeFlags) register(fl *pflag.FlagSet) {
	fl.StringVar(&f.observe, "observe", "", "`URL` of a probe that says what the receiver did (docs/observation.md)")
	fl.StringArrayVar(&f.observeHeader, "observe-header", nil, "header to send to the probe, as '`K: V`'; may be repeated")
	fl.StringVar(&f.observeSQL, "observe-sql", "", "`DSN` of the receiver's database (postgres://… or sqlite:PATH)")
	fl.StringVar(&f.observeQuery, "observe-query", "", "`SQL` that gives (id, count[, status]) for the ids in $1")
}

// observers makes the observers, and names what is wrong with the flags.
func (f *observeFlags) observers() ([]observe.Observer, error) {
	var out []observe.Observer
	if f.observe != "" {
		u, err := parseTarget("--observe", f.observe)
		if err != nil {
			return nil, err
		}
		var header []observe.Header
		for i, h := range f.observeHeader {
			name, value, found := strings.Cut(h, ":")
			if !found {
				return nil, usage("--observe-header 'Authorization: Bearer …'", "--observe-header number %d is not of the form 'K: V'", i+1)
			}
			header = append(header, observe.Header{Name: strings.TrimSpace(name), Value: strings.TrimSpace(value)})
		}
		probe, err := observe.NewProbe(observe.ProbeConfig{URL: u, Header: header})
		if err != nil {
			return nil, usage("", "--observe: %w", err)
		}
		out = append(out, probe)
	}
	if (f.observeSQL == "") != (f.observeQuery == "") {
		return nil, usage("docs/observation.md", "--observe-sql and --observe-query go together; one of them is missing")
	}
	if f.observeSQL != "" {
		sql, err := observe.NewSQL(observe.SQLConfig{DSN: f.observeSQL, Query: f.observeQuery})
		if err != nil {
			return nil, usage("docs/observation.md", "%w", err)
		}
		out = append(out, sql)
	}
	return out, nil
}
