package certify

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"hookdrill/loadtest"
	"hookdrill/observe"
	"hookdrill/reports"
)

const (
	// batch is how many events an observer is asked about at once.
	batch = 1000
	// mostNamed is how many ids of each kind are kept as evidence.
	mostNamed = 5
)

// UsedSeedError says that events of the load were processed before the run.
type UsedSeedError struct{ Seed uint64 }

func (e *UsedSeedError) Error() string {
	return fmt.Sprintf("seed %d was used against this receiver before: events of it are processed already, so a run would prove nothing; "+
		"leave --seed out for a new one, or empty the receiver's store", e.Seed)
}

// ObserverError says that an observer cannot be asked.
type ObserverError struct{ Err error }

func (e *ObserverError) Error() string { return "observer: " + e.Err.Error() }

// Unwrap gives the cause.
func (e *ObserverError) Unwrap() error { return e.Err }

// fresh makes sure that observers can be asked, and know none of the first events.
func fresh(ctx context.Context, observers []observe.Observer, load *loadtest.Load) error {
	var ids []string
	for n := range uint64(100) {
		ids = append(ids, load.EventID(n))
	}
	for _, o := range observers {
		effects, err := o.Effects(ctx, ids)
		if ctx.Err() != nil {
			return nil //nolint:nilerr // the run was stopped, and says so in its report
		}
		if err != nil {
			return &ObserverError{err}
		}
		for _, id := range ids {
			if effects[id].Processed > 0 {
				return &UsedSeedError{load.Seed()}
			}
		}
	}
	return nil
}

// effects is what an observer saw of the load.
type effects struct {
	// Seen counts the events that it was asked about.
	Seen uint64
	// Lost were acknowledged and had no effect, Doubled had more than one, Unexpected
	// are forged or stale and had one, Recovered were not acknowledged and had one. The
	// names are of the first few.
	Lost, Doubled, Unexpected, Recovered                     uint64
	LostNames, DoubledNames, UnexpectedNames, RecoveredNames []string
	// Problem says why the observer could not be trusted or understood.
	Problem string
}

func (e *effects) count(n *uint64, names *[]string, id string) {
	*n++
	if len(*names) < mostNamed {
		*names = append(*names, id)
	}
}

// observe asks the observers about every event of the load.
func (m *measured) observe(ctx context.Context, observers []observe.Observer, load *loadtest.Load, settle time.Duration, retries *retries) {
	for i, o := range observers {
		said := m.said
		if i > 0 {
			said = nil // it was the first that was asked
		}
		seen := reports.Observer{Kind: o.Kind(), Source: o.Source(), Trusted: true}
		e, err := look(ctx, o, m.ledgers(), load, settle, retries, said)
		switch {
		case ctx.Err() != nil:
			return
		case err != nil:
			if cannot, is := errors.AsType[*observe.Error](err); is {
				e.Problem = cannot.Problem + "; " + cannot.Mend
			} else {
				e.Problem = err.Error()
			}
		}
		if e.Problem != "" {
			seen.Trusted, seen.Why = false, e.Problem
		}
		m.observers = append(m.observers, seen)
		m.effects = append(m.effects, e)
	}
}

// look asks one observer. Events that an answer lacks are asked about again until they are
// there or the time is over. What was said of some while the load ran must still hold.
func look(ctx context.Context, o observe.Observer, ledgers []*loadtest.Ledger, load *loadtest.Load, settle time.Duration, retries *retries, said map[string]int) (*effects, error) {
	e := &effects{}
	canary := load.EventID(1<<59 - 1)
	end := time.Now().Add(settle)
	ask := func(entries []loadtest.Entry) error {
		expect := map[string]observe.Expectation{}
		for i := range entries {
			entries[i].Acknowledged = entries[i].Acknowledged || retries.delivered(entries[i].ID)
			if entries[i].Acknowledged {
				expect[entries[i].ID] = observe.Expectation{Min: 1, Max: 1}
			} else {
				expect[entries[i].ID] = observe.Expectation{}
			}
		}
		quiet := 10 * time.Millisecond
		if e.Seen == 0 {
			quiet = 0 // the usual one, for effects that come late
		}
		cfg := observe.SettleConfig{Quiet: quiet, Max: max(10*time.Millisecond, time.Until(end)), Canaries: []string{canary}}
		result, err := observe.Settle(ctx, o, expect, cfg)
		if err != nil {
			return fmt.Errorf("look at effects: %w", err)
		}
		if !result.Trusted {
			e.Problem = result.Why
		}
		for _, one := range entries {
			e.Seen++
			n := result.Effects[one.ID].Processed
			if before := said[one.ID]; n < before {
				e.Problem = fmt.Sprintf("while the load ran it said that %s was processed %d times, and afterwards %d", one.ID, before, n)
			}
			switch {
			case one.Bad && n > 0:
				e.count(&e.Unexpected, &e.UnexpectedNames, one.ID)
			case n > 1:
				e.count(&e.Doubled, &e.DoubledNames, one.ID)
			case one.Acknowledged && n == 0:
				e.count(&e.Lost, &e.LostNames, one.ID)
			case !one.Acknowledged && n == 1:
				e.count(&e.Recovered, &e.RecoveredNames, one.ID)
			}
		}
		return nil
	}
	for _, ledger := range ledgers {
		var entries []loadtest.Entry
		for one := range ledger.All() {
			if entries = append(entries, one); len(entries) == batch {
				if err := ask(entries); err != nil {
					return e, err
				}
				entries = entries[:0]
			}
		}
		if len(entries) > 0 {
			if err := ask(entries); err != nil {
				return e, err
			}
		}
	}
	return e, nil
}

// named lists the first few ids, and says how many there are.
func named(n uint64, ids []string) string {
	text := strings.Join(ids, ", ")
	if n > uint64(len(ids)) {
		text += ", …"
	}
	return text
}
