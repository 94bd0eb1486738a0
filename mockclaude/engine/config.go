package engine

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"time"

	"hookdrill/contract"
	"hookdrill/mockclaude"
)

// What a Config means by 0.
const (
	defaultConcurrency = 8
	defaultPending     = 2_000_000
	defaultEndpoints   = 1000
	defaultHistory     = 10_000
	defaultHistorySize = 64 << 20
	defaultGrace       = 2 * time.Second
	mostConcurrency    = 256
)

// The choices of [contract.Retries].Resend.
const (
	resendAnew      = "anew"
	resendIdentical = "identical"
)

// Config says how an engine delivers.
type Config struct {
	// Contract has the schedule, the time limit of an attempt, what is heeded of
	// an answer, and how events are signed.
	Contract *contract.Contract
	// Clock says how long waits last; its zero value is real time.
	Clock Clock
	// Seed is what events, jitter and faults are drawn from.
	Seed uint64
	// Journal keeps the queue beyond the life of the process; nil keeps it in
	// memory alone. The engine closes it.
	Journal Journal
	// Faults is asked before each attempt; nil for none.
	Faults Injector
	// Concurrency is how many attempts to one endpoint may be under way at once,
	// unless its subscription says otherwise, 1 to 256; 0 is 8.
	Concurrency int
	// MaxPending bounds the deliveries that are not finished; 0 is 2 000 000.
	MaxPending int
	// MaxEndpoints bounds the endpoints; 0 is 1000.
	MaxEndpoints int
	// History bounds the finished deliveries that are remembered, and, each for
	// itself, the dead letters and the attempts; 0 is 10 000.
	History int
	// HistorySize bounds the texts of the remembered deliveries and, for itself, those
	// of the attempts, in bytes; 0 is 64 MiB.
	HistorySize int
	// Grace is how long attempts under way may go on when the engine stops; 0 is 2 s.
	Grace time.Duration
	// Logger is told of what nobody asked for, such as a disabled endpoint; nil
	// for none.
	Logger *slog.Logger
	// Transport makes the transport of an endpoint, nil for a [mockclaude.Sender].
	Transport func(mockclaude.SenderConfig) (Transport, error)
}

// Transport makes the requests of one endpoint. It is used by several
// goroutines at once.
type Transport interface {
	Send(ctx context.Context, d mockclaude.Delivery) mockclaude.Exchange
	Together(ctx context.Context, ds []mockclaude.Delivery) []mockclaude.Exchange
	Close()
}

// Validate names every wrong field.
func (c Config) Validate() error {
	var errs []error
	if c.Contract == nil {
		errs = append(errs, errors.New("contract: missing"))
	} else if r := c.Contract.Retries.Resend; r != "" && r != resendAnew && r != resendIdentical {
		errs = append(errs, fmt.Errorf("contract.retries.resend: %q is not %s or %s", r, resendAnew, resendIdentical))
	}
	if c.Concurrency < 0 || c.Concurrency > mostConcurrency {
		errs = append(errs, fmt.Errorf("concurrency: want 1 to %d, have %d", mostConcurrency, c.Concurrency))
	}
	for _, f := range []struct {
		name  string
		value int
	}{{"max_pending", c.MaxPending}, {"max_endpoints", c.MaxEndpoints}, {"history", c.History}, {"history_size", c.HistorySize}, {"grace", int(c.Grace)}} {
		if f.value < 0 {
			errs = append(errs, fmt.Errorf("%s: negative", f.name))
		}
	}
	return errors.Join(errs...)
}

// filled is the configuration with its defaults.
func (c Config) filled() Config {
	or := func(v *int, otherwise int) {
		if *v == 0 {
			*v = otherwise
		}
	}
	or(&c.Concurrency, defaultConcurrency)
	or(&c.MaxPending, defaultPending)
	or(&c.MaxEndpoints, defaultEndpoints)
	or(&c.History, defaultHistory)
	or(&c.HistorySize, defaultHistorySize)
	if c.Grace == 0 {
		c.Grace = defaultGrace
	}
	if c.Logger == nil {
		c.Logger = slog.New(slog.DiscardHandler)
	}
	if c.Transport == nil {
		c.Transport = newTransport
	}
	return c
}
