package main

import (
	"context"
	"errors"
	"time"

	"github.com/spf13/pflag"

	"hookdrill/reference"
	"hookdrill/reference/pgstore"
	"hookdrill/reference/sqlitestore"
)

// databaseURL names the PostgreSQL database. It is no flag: it holds a password.
const databaseURL = "DATABASE_URL"

// storeFlags are those about where a receiver keeps its events.
type storeFlags struct {
	data     string
	mode     string
	writers  count
	maxBatch count
	workers  count
	attempts count
	// flags tells which were given.
	flags *pflag.FlagSet
}

// onPostgres are the flags that need a PostgreSQL database.
func onPostgres() []string {
	return []string{"mode", "writers", "max-batch", "workers", "max-attempts"}
}

func (f *storeFlags) register(fl *pflag.FlagSet) {
	d := pgstore.Defaults()
	f.flags = fl
	f.writers, f.maxBatch, f.workers, f.attempts = count(d.Writers), count(d.MaxBatch), count(d.Workers), count(d.MaxAttempts)
	fl.StringVar(&f.data, "data", "hookdrill-receiver.db", "`FILE` of the embedded store, used when DATABASE_URL is not set")
	fl.StringVar(&f.mode, "mode", string(d.Mode), "`MODE`: an event takes effect in the transaction that records it, or by workers on a queue")
	fl.Var(&f.writers, "writers", "transactions that record events at once")
	fl.Var(&f.maxBatch, "max-batch", "events that may share a transaction; 1 turns group commit off")
	fl.Var(&f.workers, "workers", "events that this instance processes at once with --mode queue")
	fl.Var(&f.attempts, "max-attempts", "tries before an event becomes a dead letter with --mode queue")
}

// postgres returns the configuration of the store on PostgreSQL, if the
// environment names one, and what is wrong with the flags.
func (f *storeFlags) postgres(s Streams) (cfg pgstore.Config, wanted bool, err error) {
	url, _ := s.Env(databaseURL)
	if url == "" {
		var wrong []error
		for _, name := range onPostgres() {
			if f.flags.Changed(name) {
				wrong = append(wrong, usage("set "+databaseURL, "--%s: it is about PostgreSQL, and %s is not set", name, databaseURL))
			}
		}
		return cfg, false, errors.Join(wrong...)
	}
	if f.flags.Changed("data") {
		err = usage("unset one of the two", "--data and %s name two stores", databaseURL)
	}
	cfg = pgstore.Config{
		URL: url, Mode: pgstore.Mode(f.mode), Writers: int(f.writers), MaxBatch: int(f.maxBatch),
		Workers: int(f.workers), MaxAttempts: int(f.attempts),
	}
	if wrong := cfg.Validate(); wrong != nil {
		err = errors.Join(err, usage("", "%w", wrong))
	}
	return cfg, true, err
}

// open opens the store that the environment and the flags name, and says in a
// few words which one it is.
func (f *storeFlags) open(ctx context.Context, s Streams, r reference.Config) (reference.Store, string, error) {
	cfg, wanted, err := f.postgres(s)
	if err != nil {
		return nil, "", err
	}
	if !wanted {
		store, err := sqlitestore.Open(ctx, f.data)
		if err != nil {
			return nil, "", usage("--data FILE", "--data: %w", err)
		}
		return store, "SQLite, in the file " + f.data, nil
	}
	cfg.Logger, cfg.Tracer = r.Logger, r.Tracer
	ctx, cancel := context.WithTimeout(ctx, openTimeout)
	defer cancel()
	store, err := pgstore.Open(ctx, cfg)
	if err != nil {
		return nil, "", usage("", "%s: %w", databaseURL, err)
	}
	return store, store.Summary() + ", " + databaseURL, nil
}

// openTimeout bounds the wait for a database, and for another instance that
// migrates it.
const openTimeout = time.Minute
