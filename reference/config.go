package reference

import (
	"log/slog"
	"time"

	"go.opentelemetry.io/otel/trace"
)

// Config is what a receiver needs. Only Keys and Store have no default.
type Config struct {
	// Addr is where [Receiver.Run] listens. Default 127.0.0.1:0, a free port.
	Addr string
	// Contract names the sender's contract, one of [Contracts]. Default claude.
	Contract string
	// Path is where deliveries arrive, with or without a trailing slash.
	// Default the contract's, such as /webhooks/claude.
	Path string
	// Keys are the signing secrets that are good at present, as the sender hands
	// them out: the current one and, during a rotation, the previous one. The
	// contract says whether one is used whole or decoded.
	Keys []string
	// API is where the resources of thin events are fetched, after the delivery
	// was acknowledged; it needs a contract with such events, a [FetchStore], and
	// [Receiver.Run]. Default: nothing is fetched.
	API *API
	// Store keeps the events. [Receiver.Run] closes it when it returns.
	Store Store
	// Probe turns GET /probe on, which tells anybody who asks what an event
	// did. Default off.
	Probe bool

	// MaxBody is the size in bytes above which a body is refused with 413.
	// Default 1 MiB.
	MaxBody int64
	// MaxHeader bounds a request's head in bytes. Default 32 KiB, and 512 KiB
	// with Probe, so that a probe for 100 long ids fits.
	MaxHeader int
	// Tolerance is how far a timestamp may lie in the past or the future.
	// Default 300 s.
	Tolerance time.Duration
	// Retention is how long event ids are kept. Default 90 days.
	Retention time.Duration

	// MaxInFlight is how many verified deliveries may wait for the store at
	// once. Those above it get 503 with Retry-After, at once. Default 1024.
	MaxInFlight int
	// MaxLargeBodies is how many bodies above 64 KiB may be in memory at once;
	// those above it get 503 with Retry-After. Together with MaxConns it bounds
	// memory: MaxConns × (64 KiB + MaxHeader) + MaxLargeBodies × MaxBody.
	// Default 64.
	MaxLargeBodies int
	// MaxConns is how many connections may be open at once. Those above it get
	// 503 with Retry-After, or are just closed when they are very many.
	// Default 4096.
	MaxConns int
	// RetryAfter is what every 503 asks the sender to wait, rounded up to whole
	// seconds. Default 1 s.
	RetryAfter time.Duration

	// StoreTimeout bounds the wait for the store; afterwards the answer is
	// 503. Default 3 s.
	StoreTimeout time.Duration
	// HeaderTimeout bounds the reading of a request's head. Default 5 s.
	HeaderTimeout time.Duration
	// ReadTimeout bounds the reading of a whole request. Default 10 s.
	ReadTimeout time.Duration
	// WriteTimeout bounds a request from the end of its head to the end of
	// its answer. Default 20 s.
	WriteTimeout time.Duration
	// IdleTimeout is how long a connection may wait for its next request.
	// Default 2 min.
	IdleTimeout time.Duration
	// ShutdownTimeout bounds how long accepted work is waited for. Default
	// 15 s.
	ShutdownTimeout time.Duration
	// DrainDelay is how long the receiver goes on serving after /readyz has
	// turned to 503 and before it stops listening, so that load balancers
	// notice. It comes before ShutdownTimeout. Default 0.
	DrainDelay time.Duration

	// AdminAddr is where /metrics, /healthz, /readyz and /debug/pprof/ are
	// served, for operators alone. Default: nowhere.
	AdminAddr string
	// Metrics counts and measures deliveries. If the store is a
	// prometheus.Collector, its metrics join them. Default: none, unless
	// there is an AdminAddr to serve them at.
	Metrics *Metrics
	// Tracer makes a trace of every delivery, which holds no id, payload, key or
	// signature. Default: none.
	Tracer trace.TracerProvider

	// Logger takes one line a delivery; [NewLogger] makes one with the
	// contract's field names. Default: none.
	Logger *slog.Logger
	// Now is the clock. Default [time.Now].
	Now func() time.Time
}

// Defaults is the configuration with every default filled in, for whoever
// shows them; keys and store are left to be set.
func Defaults() Config { return Config{}.withDefaults() }

// or sets an unset field.
func or[T comparable](field *T, value T) {
	var unset T
	if *field == unset {
		*field = value
	}
}

func (c Config) withDefaults() Config {
	or(&c.Addr, "127.0.0.1:0")
	or(&c.Contract, DefaultContract)
	if contract, known := FindContract(c.Contract); known {
		or(&c.Path, contract.Path)
	}
	or(&c.MaxBody, 1<<20)
	if c.Probe {
		or(&c.MaxHeader, 512<<10)
	}
	or(&c.MaxHeader, 32<<10)
	or(&c.Tolerance, 300*time.Second)
	or(&c.Retention, 90*24*time.Hour)
	or(&c.MaxInFlight, 1024)
	or(&c.MaxLargeBodies, 64)
	or(&c.MaxConns, 4096)
	or(&c.RetryAfter, time.Second)
	or(&c.StoreTimeout, 3*time.Second)
	or(&c.HeaderTimeout, 5*time.Second)
	or(&c.ReadTimeout, 10*time.Second)
	or(&c.WriteTimeout, 20*time.Second)
	or(&c.IdleTimeout, 2*time.Minute)
	or(&c.ShutdownTimeout, 15*time.Second)
	or(&c.Logger, slog.New(slog.DiscardHandler))
	if c.Now == nil {
		c.Now = time.Now
	}
	return c
}
