package pgstore

import (
	"errors"
	"fmt"
	"log/slog"
	"time"

	"go.opentelemetry.io/otel/trace"
	"go.opentelemetry.io/otel/trace/noop"
)

// Mode is when an event takes effect.
type Mode string

// The modes.
const (
	// ModeTransaction applies the effect in the transaction that records the
	// event, before the delivery is acknowledged.
	ModeTransaction Mode = "transaction"
	// ModeQueue records the event and a job, acknowledges, and lets workers
	// apply the effect.
	ModeQueue Mode = "queue"
)

// Config is what a store needs. Only URL has no default.
type Config struct {
	// URL is a PostgreSQL connection string, as libpq reads it.
	URL string
	// Mode is when an event takes effect. Default ModeTransaction.
	Mode Mode

	// Writers is how many transactions record events at once, each on a
	// connection of its own. Default 2: one is written while the other is
	// synced.
	Writers int
	// MaxBatch bounds the events that share a transaction; 1 turns group commit
	// off. Default 256.
	MaxBatch int
	// MaxWait is how long a transaction waits for further events when the one
	// before had several. Default 500 µs; negative for none.
	MaxWait time.Duration
	// WriteTimeout bounds a transaction. Default 5 s.
	WriteTimeout time.Duration

	// Workers is how many jobs this instance works on at once in queue mode.
	// Default 8.
	Workers int
	// MaxAttempts is how often a job is tried before it is put aside as a dead
	// letter. Default 10, over some four hours.
	MaxAttempts int
	// JobTimeout bounds one try. Default 10 s.
	JobTimeout time.Duration
	// RescueAfter is when a job whose worker was killed is tried again, at
	// least JobTimeout. It is looked for every 30 s, and as soon as another instance leads,
	// which is 15 to 20 s after the one that led was killed. Default 12 s, so that its jobs are
	// then among those.
	RescueAfter time.Duration

	// Logger takes what the background work reports. Default: none.
	Logger *slog.Logger
	// Tracer makes a span of each effect. Default: none.
	Tracer trace.TracerProvider
}

// Defaults is the configuration with every default filled in, for whoever shows
// them; the URL is left to be set.
func Defaults() Config { return Config{}.withDefaults() }

func or[T comparable](field *T, value T) {
	var unset T
	if *field == unset {
		*field = value
	}
}

func (c Config) withDefaults() Config {
	or(&c.Mode, ModeTransaction)
	or(&c.Writers, 2)
	or(&c.MaxBatch, 256)
	or(&c.MaxWait, 500*time.Microsecond)
	or(&c.WriteTimeout, 5*time.Second)
	or(&c.Workers, 8)
	or(&c.MaxAttempts, 10)
	or(&c.JobTimeout, 10*time.Second)
	or(&c.RescueAfter, 12*time.Second)
	or(&c.Logger, slog.New(slog.DiscardHandler))
	if c.Tracer == nil {
		c.Tracer = noop.NewTracerProvider()
	}
	return c
}

// Validate names every wrong field at once, joined.
func (c Config) Validate() error {
	c = c.withDefaults()
	var wrong []error
	refuse := func(format string, args ...any) { wrong = append(wrong, fmt.Errorf(format, args...)) }
	if c.URL == "" {
		refuse("url: is missing")
	}
	if c.Mode != ModeTransaction && c.Mode != ModeQueue {
		refuse("mode: want transaction or queue, have %q", c.Mode)
	}
	for _, n := range []struct {
		name  string
		n     int
		limit int
	}{{"writers", c.Writers, 64}, {"max_batch", c.MaxBatch, 4096}, {"workers", c.Workers, 256}, {"max_attempts", c.MaxAttempts, 1000}} {
		if n.n < 1 || n.n > n.limit {
			refuse("%s: want 1 to %d, have %d", n.name, n.limit, n.n)
		}
	}
	if c.MaxWait > 100*time.Millisecond {
		refuse("max_wait: want at most 100ms, have %v", c.MaxWait)
	}
	for _, d := range []struct {
		name string
		d    time.Duration
	}{{"write_timeout", c.WriteTimeout}, {"job_timeout", c.JobTimeout}} {
		if d.d < 0 {
			refuse("%s: want a duration above 0, have %v", d.name, d.d)
		}
	}
	if c.RescueAfter < c.JobTimeout {
		refuse("rescue_after: %v is shorter than job_timeout, %v: a job would run twice at once", c.RescueAfter, c.JobTimeout)
	}
	if len(wrong) > 0 {
		return fmt.Errorf("postgres store config: %w", errors.Join(wrong...))
	}
	return nil
}
