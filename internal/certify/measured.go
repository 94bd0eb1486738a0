package certify

import (
	"maps"
	"math"
	"runtime"
	"strconv"
	"time"

	"github.com/HdrHistogram/hdrhistogram-go"

	"hookdrill/contract"
	"hookdrill/loadtest"
	"hookdrill/reports"
)

// measured is all that a load test saw.
type measured struct {
	cfg       *Config
	preflight *reports.Preflight
	// warmup and forged are nil when they were left out, main when the run did not get
	// there.
	warmup, main, forged *loadtest.Result
	// tried are the steps of a search.
	tried     []step
	misses    map[loadtest.Class][]miss
	retries   retried
	observers []reports.Observer
	effects   []*effects
	// watched is what an observer saw while the load ran, said what it said of some events;
	// nil when nobody looked.
	watched *reports.LoadWatched
	said    map[string]int
}

func (m *measured) results() []*loadtest.Result {
	var out []*loadtest.Result
	for _, s := range m.tried {
		if s.result != m.main {
			out = append(out, s.result)
		}
	}
	for _, r := range []*loadtest.Result{m.warmup, m.main, m.forged} {
		if r != nil {
			out = append(out, r)
		}
	}
	return out
}

func (m *measured) ledgers() []*loadtest.Ledger {
	var out []*loadtest.Ledger
	for _, r := range m.results() {
		out = append(out, r.Ledger)
	}
	return out
}

func (m *measured) requests() int {
	n := uint64(0)
	for _, r := range m.results() {
		n += r.Sent
	}
	return int(n)
}

// class is what became of the requests of a class in the measured phase; never nil.
func (m *measured) class(c loadtest.Class) *loadtest.Outcome {
	if m.main != nil && m.main.Classes[c] != nil {
		return m.main.Classes[c]
	}
	return &loadtest.Outcome{
		Latency: hdrhistogram.New(1, 2, 1), Service: hdrhistogram.New(1, 2, 1), // empty
	}
}

// askedRate is the mean rate that the measured phase asks for.
func (m *measured) askedRate() float64 { return m.cfg.Phase.Mean() }

// offered is the part of what the schedule asked for that was sent in time.
func (m *measured) offered() float64 {
	if m.main == nil || m.main.Asked == 0 {
		return 0
	}
	return float64(m.main.InTime) / float64(m.main.Asked)
}

func ratio(part, whole uint64) float64 {
	if whole == 0 {
		return 0
	}
	return float64(part) / float64(whole)
}

// delivered is the part of the valid events that was acknowledged in the end.
func (m *measured) delivered() float64 {
	v := m.class(loadtest.Valid)
	return ratio(v.Accepted()+m.retries.Delivered, v.Sent)
}

// refused is the part of the requests with a valid event that got no 2xx.
func (m *measured) refused() float64 {
	var bad, sent uint64
	for _, c := range []loadtest.Class{loadtest.Valid, loadtest.Duplicate} {
		o := m.class(c)
		bad += o.Sent - o.Accepted() - o.Ours()
		sent += o.Sent
	}
	return ratio(bad, sent)
}

// retryRatio is the part of the valid events that was not acknowledged at first.
func (m *measured) retryRatio() float64 {
	v := m.class(loadtest.Valid)
	return ratio(v.Sent-v.Accepted()-v.Ours(), v.Sent)
}

// load is what the report tells of the load; nil when there was none.
func (m *measured) load() *reports.Load {
	r := m.main
	switch {
	case r == nil && len(m.tried) > 0:
		return m.stopped()
	case r == nil:
		return nil
	}
	v := m.class(loadtest.Valid)
	seconds := r.Took.Seconds()
	out := &reports.Load{
		Profile: m.cfg.Profile, AskedRPS: round(m.askedRate()), PeakRPS: round(m.cfg.Phase.Peak()), Curve: curve(v), Watched: m.watched, DurationMS: r.Took.Milliseconds(), Sent: r.Sent,
		DeliveredRatio: m.delivered(), ErrorRatio: m.refused(), RetryRatio: m.retryRatio(), Abandoned: m.retries.Abandoned,
		LatencyMS: percentiles(v.Latency), ServiceMS: percentiles(v.Service), Classes: map[string]reports.LoadClass{}, Seconds: []reports.LoadSecond{},
		Search: steps(m.tried, m.cfg),
		Levels: levels(m.cfg.Contract.Levels), Machine: machine(),
		Generator: reports.Generator{
			CPU: round(r.CPU), Workers: m.cfg.Workers, LagMS: percentiles(r.Lag), Held: r.Held, Resent: r.Resent, Behind: m.behind(),
		},
	}
	if seconds > 0 {
		out.OfferedRPS = round(float64(r.InTime) / seconds)
		out.AchievedRPS = round(float64(v.Accepted()) / max(seconds, r.Ended.Seconds()))
	}
	for _, c := range loadtest.Classes() {
		o := r.Classes[c]
		if o == nil {
			continue
		}
		one := reports.LoadClass{
			Sent: o.Sent, Accepted: o.Accepted(), Statuses: map[string]uint64{}, Errors: map[string]uint64{},
			LatencyMS: percentiles(o.Latency), ServiceMS: percentiles(o.Service),
		}
		for status, n := range o.Statuses {
			one.Statuses[strconv.Itoa(status)] = n
		}
		maps.Copy(one.Errors, o.Errors)
		out.Classes[c.String()] = one
	}
	for _, s := range r.Seconds {
		one := reports.LoadSecond{
			AtMS: s.At.Milliseconds(), Asked: s.Asked, Sent: s.Sent, Accepted: s.Accepted, Failed: s.Failed, Statuses: map[string]uint64{},
			P50: ms(s.P50.Microseconds()), P99: ms(s.P99.Microseconds()), Max: ms(s.Max.Microseconds()),
		}
		for digit, n := range s.Status {
			if n > 0 {
				one.Statuses[strconv.Itoa(digit)+"xx"] = n
			}
		}
		out.Seconds = append(out.Seconds, one)
	}
	for _, s := range m.cfg.Phase.Stages {
		out.Stages = append(out.Stages, reports.LoadStage{DurationMS: s.Duration.Milliseconds(), RPS: round(s.Rate), ToRPS: round(s.To)})
	}
	for _, b := range r.Blocks {
		encoded, err := b.Latency.Encode(hdrhistogram.V2CompressedEncodingCookieBase)
		if err != nil {
			continue // it cannot be compared, then
		}
		out.Blocks = append(out.Blocks, reports.LoadBlock{FromMS: b.From.Milliseconds(), ToMS: b.To.Milliseconds(), Accepted: b.Accepted, Latency: string(encoded)})
	}
	for _, e := range m.effects {
		if e.Problem == "" {
			out.Duplicates, out.Lost, out.Unexpected, out.Recovered = &e.Doubled, &e.Lost, &e.Unexpected, &e.Recovered
			break
		}
	}
	return out
}

// stopped is what the report tells of a search that did not come to its end.
func (m *measured) stopped() *reports.Load {
	return &reports.Load{
		Profile: m.cfg.Profile, Search: steps(m.tried, m.cfg), Classes: map[string]reports.LoadClass{}, Seconds: []reports.LoadSecond{},
		Levels: levels(m.cfg.Contract.Levels), Machine: machine(), Generator: reports.Generator{Workers: m.cfg.Workers},
	}
}

func machine() reports.Machine {
	return reports.Machine{OS: runtime.GOOS, Arch: runtime.GOARCH, CPUs: runtime.NumCPU()}
}

// curve is a percentile plot: eight points from each of 0 %, 90 %, 99 % and so on to the
// next, up to the slowest event.
func curve(o *loadtest.Outcome) []reports.LoadPercentile {
	const parts = 8
	var out []reports.LoadPercentile
	add := func(q float64) {
		out = append(out, reports.LoadPercentile{Percentile: q, LatencyMS: ms(o.Latency.ValueAtQuantile(q)), ServiceMS: ms(o.Service.ValueAtQuantile(q))})
	}
	n := float64(o.Latency.TotalCount())
	if n == 0 {
		return nil
	}
	for k := 0; math.Pow(10, float64(k)/parts) < n; k++ {
		add(100 * (1 - math.Pow(10, -float64(k)/parts)))
	}
	add(100)
	return out
}

func levels(s contract.Service) reports.ServiceLevels {
	return reports.ServiceLevels{
		P99MS: ms(time.Duration(s.P99).Microseconds()), ProcessingP99MS: ms(time.Duration(s.ProcessingP99).Microseconds()),
		Delivered: s.Delivered, Errors: s.Errors, Retried: s.Retried,
	}
}

// percentiles are those of a histogram of µs, in ms.
func percentiles(h *hdrhistogram.Histogram) reports.Percentiles {
	if h == nil || h.TotalCount() == 0 {
		return reports.Percentiles{}
	}
	at := func(q float64) float64 { return ms(h.ValueAtQuantile(q)) }
	return reports.Percentiles{P50: at(50), P90: at(90), P95: at(95), P99: at(99), P999: at(99.9), Max: ms(h.Max())}
}

func ms(micros int64) float64 { return float64(micros) / 1000 }

// round keeps three decimals.
func round(x float64) float64 { return float64(int64(x*1000+0.5)) / 1000 }
