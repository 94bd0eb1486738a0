package loadtest

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"iter"
	"math"
	"math/rand/v2"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/HdrHistogram/hdrhistogram-go"
	vegeta "github.com/tsenart/vegeta/v12/lib"

	"hookdrill/contract"
	"hookdrill/mockclaude"
)

// MostWorkers is how many requests may be under way at once.
const MostWorkers = 4096

const (
	defaultWorkers = 256
	defaultTimeout = 10 * time.Second
	// staleBeyond is how much older than the contract allows a stale event is.
	staleBeyond = 5 * time.Minute
	// grace is how late a request may begin and still be of its phase.
	grace = 100 * time.Millisecond
)

// Config says whom a load goes to, and how.
type Config struct {
	Target   *url.URL
	Contract *contract.Contract
	Keys     mockclaude.Keys
	// Header is sent with every request.
	Header []mockclaude.Field
	Mix    Mix
	// Workers bounds the requests under way at once, 1 to 4096; 0 is 256. Unlimited, a
	// generator collapses near a target's saturation; bounded, it keeps up, and
	// latencies are right because they count from when a request was due.
	Workers int
	// Timeout bounds each request; 0 is the contract's, or 10 s.
	Timeout time.Duration
	Seed    uint64
	// Ordinary makes all requests with net/http. Otherwise those without TLS are made by
	// a client that costs less.
	Ordinary bool
	// TLS is the base of the TLS configuration; nil for Go's defaults.
	TLS *tls.Config
	// Missed is told, while a phase runs, of every request that was not answered as it
	// should be; nil for none. It is called by several goroutines at once, and must be
	// quick.
	Missed func(Miss)
	// Watch is told of every second of a phase when it is over; nil for none.
	Watch func(Second)
}

func (c *Config) method() string {
	if c.Contract.Request.Method == "" {
		return http.MethodPost
	}
	return c.Contract.Request.Method
}

// Validate names every wrong field.
func (c Config) Validate() error {
	var errs []error
	switch {
	case c.Target == nil:
		errs = append(errs, errors.New("target: missing"))
	case c.Target.Scheme != "http" && c.Target.Scheme != "https" || c.Target.Hostname() == "":
		errs = append(errs, errors.New("target: want an http or https URL with a host"))
	}
	if c.Contract == nil {
		errs = append(errs, errors.New("contract: missing"))
	}
	if len(c.Keys.Current) == 0 {
		errs = append(errs, errors.New("keys.current: empty"))
	}
	if c.Workers < 0 || c.Workers > MostWorkers {
		errs = append(errs, fmt.Errorf("workers: want 1 to %d, have %d", MostWorkers, c.Workers))
	}
	if c.Timeout < 0 {
		errs = append(errs, errors.New("timeout: negative"))
	}
	return errors.Join(errs...)
}

// Miss is a request that was not answered as it should be: a valid event or a
// duplicate without a 2xx, a forged or stale one with one.
type Miss struct {
	Class Class
	// Number is that of the event; [Load.Event] makes it again.
	Number uint64
	// Status is the answer's, 0 for none; Err is then what happened.
	Status int
	Err    string
	// Sent is when the request was sent, Took how long the answer took.
	Sent time.Time
	Took time.Duration
}

// Load sends phases of a load to one target. Its phases run one after the other.
type Load struct {
	cfg    Config
	client client
	space  mockclaude.Space
	deck   deck
	// first is the number of the next phase's first request.
	first uint64
	// ledger is that of the phase that runs, or ran last.
	ledger atomic.Pointer[Ledger]
	mu     sync.Mutex
	events *mockclaude.Mint
	// pause pauses for short times.
	pause func(time.Duration)
}

// New makes a load. Its error names every wrong field of the configuration.
func New(cfg Config) (*Load, error) {
	if err := cfg.Validate(); err != nil {
		return nil, fmt.Errorf("make load: %w", err)
	}
	if cfg.Workers == 0 {
		cfg.Workers = defaultWorkers
	}
	if cfg.Timeout == 0 {
		cfg.Timeout = time.Duration(cfg.Contract.Timeout)
	}
	if cfg.Timeout == 0 {
		cfg.Timeout = defaultTimeout
	}
	l := &Load{cfg: cfg, deck: newDeck(cfg.Mix, cfg.Seed), pause: pause}
	l.space = mockclaude.NewSpace(cfg.Contract, l.rng("space"))
	var err error
	if l.events, err = l.mint(); err != nil {
		return nil, fmt.Errorf("make load: %w", err)
	}
	if cfg.Target.Scheme == "http" && !cfg.Ordinary {
		l.client = newLean(&l.cfg)
	} else {
		l.client = newOrdinary(&l.cfg)
	}
	return l, nil
}

// Close closes the connections that are kept.
func (l *Load) Close() { l.client.close() }

// Seed is the seed that the load draws from.
func (l *Load) Seed() uint64 { return l.cfg.Seed }

// EventID is the id of the event with a number.
func (l *Load) EventID(number uint64) string { return l.space.ID(number) }

// Event is the event with a number.
func (l *Load) Event(number uint64) mockclaude.Event {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.events.Event(number)
}

// Recent gives up to n events of the phase that runs, or ran last: those with the highest
// numbers below the one that it had come to, backwards. It may be called while the phase
// runs.
func (l *Load) Recent(came uint64, n int) iter.Seq[Entry] {
	return func(yield func(Entry) bool) {
		g := l.ledger.Load()
		for i := came; g != nil && i > 0 && came-i < uint64(n); i-- { //nolint:gosec // a length
			if e, sent := g.entry(i - 1); sent && !yield(e) {
				return
			}
		}
	}
}

func (l *Load) rng(purpose string) *rand.Rand {
	var n uint64
	for _, b := range []byte(purpose) {
		n = n*131 + uint64(b)
	}
	return rand.New(rand.NewPCG(l.cfg.Seed, n)) //nolint:gosec // repeatable on purpose
}

func (l *Load) mint() (*mockclaude.Mint, error) {
	return mockclaude.NewMint(l.cfg.Contract, l.cfg.Keys, l.space, l.cfg.Seed)
}

// Result is what came of a phase.
type Result struct {
	Phase Phase
	// First is the number of the phase's first request; the requests are numbered
	// without a gap.
	First uint64
	// Began is when the phase began; Took is how long its requests were begun for, and
	// Ended when the last one had ended, from then.
	Began       time.Time
	Took, Ended time.Duration
	// Asked counts the requests that the phase came to, Sent those that were made, and
	// InTime those of them that were begun before the end of the phase, or shortly after.
	Asked, Sent, InTime uint64
	// Classes holds what became of each class, nil for one that was not sent.
	Classes [classes]*Outcome
	// Processing holds what the target says of itself (Server-Timing), in µs.
	Processing *hdrhistogram.Histogram
	// Lag holds how long after they were due requests were sent, in µs, for reasons of
	// the generator's. Held counts those that were not counted there, because the
	// target kept all workers waiting.
	Lag  *hdrhistogram.Histogram
	Held uint64
	// Lost is for how long of the phase this process got no processor, though it had asked for one.
	Lost time.Duration
	// Undisturbed holds the latencies of valid events without that time, so far as it came before
	// their end and after the last moment at which the generator was on time, in µs. Excused counts the
	// requests that are not in InTime, and would be without it.
	Undisturbed *hdrhistogram.Histogram
	Excused     uint64
	// Quiet and Full hold, in µs, what Outcome.Service holds, of the requests that were sent while
	// at most half of the workers were busy, and of those that had waited because all were.
	Quiet, Full *hdrhistogram.Histogram
	// Resent counts the requests that were sent again over a new connection, since the
	// kept one turned out to be closed.
	Resent uint64
	// CPU is the part of all processors that this process used, 0 to 1.
	CPU     float64
	Seconds []Second
	// Blocks are the same seconds, in at most 64 groups, with all latencies of their valid
	// events: what two runs are compared by.
	Blocks []Block
	// Stopped is true when the phase was stopped before its end.
	Stopped bool
	// Ledger says which events were sent and acknowledged.
	Ledger *Ledger
}

// Run runs a phase to its end, or until ctx ends. The requests under way then are
// waited for, no longer than their time limit. An error is about the phase's
// fields.
func (l *Load) Run(ctx context.Context, p Phase) (*Result, error) {
	if err := p.Validate(); err != nil {
		return nil, fmt.Errorf("phase %s: %w", p.Name, err)
	}
	r := &Result{Phase: p, First: l.first, Ledger: newLedger(l, l.first, p)}
	l.ledger.Store(r.Ledger)
	pace := newPacer(ctx, p, l.rng("phase "+strconv.FormatUint(l.first, 10)), l.cfg.Workers)
	pace.precise = l.pause
	rest := pace.pulse.start()
	t := &transport{load: l, pace: pace, tally: newTally(), first: l.first, ledger: r.Ledger}
	attacker := vegeta.NewAttacker(
		vegeta.Client(&http.Client{Transport: t, CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}),
		vegeta.Workers(uint64(min(l.cfg.Workers, 8))), vegeta.MaxWorkers(uint64(l.cfg.Workers)), //nolint:gosec // validated
	)
	used := cpuTime()
	r.Began = time.Now()
	watching := l.watch(r, t)
	targeter := func(target *vegeta.Target) error {
		target.Method, target.URL = http.MethodPost, "http://target/" // the transport knows better
		return nil
	}
	for range attacker.Attack(targeter, pace, 0, "") { // the transport has recorded it
	}
	r.Ended = time.Since(r.Began)
	r.Lost = pace.pulse.lost(time.Now())
	rest()
	watching()
	r.Took = p.Duration()
	if r.Stopped = ctx.Err() != nil; r.Stopped {
		r.Took = min(r.Took, r.Ended)
	}
	if r.Ended > 0 {
		r.CPU = (cpuTime() - used).Seconds() / r.Ended.Seconds() / float64(processors())
	}
	r.Asked = pace.asked.Load()
	r.Sent = t.sent.Load()
	t.tally.sum(r)
	l.first += r.Asked
	return r, nil
}

// watch takes the seconds of a phase out of its tally. The function that it returns takes
// the last one, and returns when it is done.
func (l *Load) watch(r *Result, t *transport) (stop func()) {
	end := make(chan struct{})
	var done sync.WaitGroup
	var asked uint64
	var all blocks
	second := func() {
		s, valid, accepted := t.tally.take()
		s.At = time.Since(r.Began)
		all.add(s.At, accepted, valid)
		now := t.pace.asked.Load()
		s.Asked, asked = now-asked, now
		r.Seconds = append(r.Seconds, s)
		if l.cfg.Watch != nil {
			l.cfg.Watch(s)
		}
	}
	done.Go(func() {
		tick := time.NewTicker(time.Second)
		defer tick.Stop()
		for {
			select {
			case <-tick.C:
				second()
			case <-end:
				second()
				r.Blocks = all.list
				return
			}
		}
	})
	return func() {
		close(end)
		done.Wait()
	}
}

// transport makes the requests of a phase: vegeta says when, by a request of which
// only the sequence number counts.
type transport struct {
	load   *Load
	pace   *pacer
	tally  *tally
	ledger *Ledger
	first  uint64
	sent   atomic.Uint64

	mu    sync.Mutex
	idle  []*lane
	lanes int
}

var errSequence = errors.New("a request without its sequence number")

// RoundTrip implements [http.RoundTripper].
func (t *transport) RoundTrip(req *http.Request) (*http.Response, error) {
	busy := t.pace.busy.Add(1)
	defer t.pace.busy.Add(-1)
	seq, err := strconv.ParseUint(req.Header.Get("X-Vegeta-Seq"), 10, 64)
	if err != nil {
		return nil, errSequence
	}
	l, err := t.take()
	if err != nil {
		return nil, err
	}
	defer t.back(l)
	h := hit{number: t.first + seq}
	h.due, h.held = t.pace.due(seq)
	class, event := t.load.deck.card(h.number)
	if class == Duplicate && event < t.first {
		class, event = Valid, h.number // of another phase
	}
	h.class = class
	h.start = time.Now()
	stamp := h.start
	if class == Stale {
		stamp = stamp.Add(-time.Duration(t.load.cfg.Contract.Freshness.Tolerance) - staleBeyond)
	}
	body, fields := l.mint.Make(event, stamp, class == Forged)
	t.sent.Add(1)
	a, err := t.load.client.send(l, body, fields)
	h.end = time.Now()
	h.status, h.err, h.resent = a.status, kindOf(err), a.resent
	h.processing, h.hasProcessing = processing(a.timing)
	h.quiet = busy <= t.pace.most/2
	over := h.start.Sub(t.pace.began) - t.pace.length - grace
	h.inTime = over <= 0
	if h.end.Sub(h.due) > unfelt {
		h.lost = t.pace.lost(seq, h.end)
		h.excused = !h.inTime && over <= t.pace.lost(seq, h.start)
	}
	t.tally.record(l.number, h)
	t.ledger.note(event, class, h)
	if missed := t.load.cfg.Missed; missed != nil && (h.err == "" && acknowledges(h.status)) == class.Refused() {
		missed(Miss{class, event, h.status, h.err, h.start, h.end.Sub(h.start)})
	}
	return answered(a.status), nil
}

// answered is what vegeta is given; it is not looked at again.
func answered(status int) *http.Response {
	return &http.Response{StatusCode: status, Body: http.NoBody, Header: nil}
}

// take returns a lane that nobody uses.
func (t *transport) take() (*lane, error) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if n := len(t.idle); n > 0 {
		l := t.idle[n-1]
		t.idle = t.idle[:n-1]
		return l, nil
	}
	mint, err := t.load.mint()
	if err != nil {
		return nil, err
	}
	t.lanes++
	return &lane{number: t.lanes, mint: mint}, nil
}

func (t *transport) back(l *lane) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.idle = append(t.idle, l)
}

// processing reads the duration of the metric process, or else of the first one that
// has a duration, from a Server-Timing header (W3C Server Timing).
func processing(header string) (d time.Duration, ok bool) {
	for metric := range strings.SplitSeq(header, ",") {
		name, rest, _ := strings.Cut(metric, ";")
		for param := range strings.SplitSeq(rest, ";") {
			key, value, _ := strings.Cut(param, "=")
			if !strings.EqualFold(strings.TrimSpace(key), "dur") {
				continue
			}
			ms, err := strconv.ParseFloat(strings.Trim(strings.TrimSpace(value), `"`), 64)
			if err != nil || math.IsNaN(ms) || ms < 0 || ms > 1e9 {
				continue
			}
			if named := strings.TrimSpace(name) == "process"; named || !ok {
				d, ok = time.Duration(ms*float64(time.Millisecond)), true
				if named {
					return d, true
				}
			}
		}
	}
	return d, ok
}
