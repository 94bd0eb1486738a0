package certify

import (
	"fmt"
	"math"
	"time"

	"github.com/HdrHistogram/hdrhistogram-go"

	"hookdrill/loadtest"
)

const (
	// late is a lag of the generator's own that tells on the figures, and lateShare
	// the part of the requests that may have it.
	late      = 50 * time.Millisecond
	lateShare = 0.01
	// busy is the use of all processors above which they are what held it back.
	busy = 0.85
	// overShare is the part of the time spent on requests that may go to those that take longer
	// than the service level allows, in a target that is quick enough.
	overShare = 0.25
	// loaded is how many times longer requests take with all workers busy than with few, in front of a
	// target that is at its limit. One that takes its time, and more requests meanwhile, takes the same
	// time with all of them.
	loaded = 2
	// margin is how many more workers are advised than are needed on average.
	margin = 1.5
)

// behind says what kept the generator from its schedule, for reasons of its own; ""
// when nothing did.
func (m *measured) behind() string {
	for _, why := range []string{m.general(), m.rateExcuse(), m.latencyExcuse()} {
		if why != "" {
			return why
		}
	}
	return ""
}

// general is what was wrong whatever came of it: requests that could not be sent, or were sent late while
// workers were idle.
func (m *measured) general() string {
	r := m.main
	if r == nil {
		return ""
	}
	kinds := map[string]uint64{}
	for _, o := range r.Classes {
		if o == nil {
			continue
		}
		for kind, n := range o.Errors {
			kinds[kind] += n
		}
	}
	for _, kind := range loadtest.OwnErrors() {
		if kinds[kind] > 0 {
			return fmt.Sprintf("connections: %d requests could not be sent: %s", kinds[kind], kind)
		}
	}
	n := r.Lag.TotalCount()
	if n == 0 {
		return ""
	}
	share := 1 - float64(countBelow(r, late))/float64(n)
	if share <= lateShare {
		return ""
	}
	return fmt.Sprintf("%s: %.1f %% of the requests were sent more than %s late while workers were idle, at %.0f %% of all processors", m.short(), share*100, late, r.CPU*100)
}

// short is what there was too little of when the generator got no processor.
func (m *measured) short() string {
	if m.main.CPU > busy {
		return "CPU"
	}
	return "the machine's scheduling"
}

// rateExcuse is why the rate was missed, when that is not for the target to answer for.
func (m *measured) rateExcuse() string {
	if m.main == nil || m.offered() >= enough {
		return ""
	}
	if r := m.main; ratio(r.InTime+r.Excused, r.Asked) >= enough {
		return m.starved()
	}
	return m.fewWorkers()
}

// latencyExcuse is the same for the latency.
func (m *measured) latencyExcuse() string {
	v := m.class(loadtest.Valid)
	if m.main == nil || m.quick(v.Latency) {
		return ""
	}
	if h := m.main.Undisturbed; h != nil && h.TotalCount() > 0 && m.quick(h) {
		return m.starved()
	}
	if m.quick(v.Service) {
		return m.fewWorkers()
	}
	return ""
}

// quick is true for latencies that meet the service level.
func (m *measured) quick(h *hdrhistogram.Histogram) bool {
	return percentiles(h).P99 < ms(time.Duration(m.cfg.Contract.Levels.P99).Microseconds())
}

func (m *measured) starved() string {
	return fmt.Sprintf("%s: this process itself got no processor for %s of %s, at %.0f %% of all processors", m.short(),
		m.main.Lost.Round(time.Millisecond), m.main.Ended.Round(time.Second), m.main.CPU*100)
}

// fewWorkers says that the workers were too few for a target that answers in time: all of them waited,
// though hardly a request took longer than it may, and requests took no longer with all workers busy than
// with few.
func (m *measured) fewWorkers() string {
	r := m.main
	if r.Full == nil || r.Quiet == nil || ratio(r.Held, r.Sent) <= lateShare || r.Full.TotalCount() == 0 {
		return ""
	}
	limit := time.Duration(m.cfg.Contract.Levels.P99).Microseconds()
	if m.overLimit(limit) > overShare {
		return ""
	}
	quiet := m.quiet()
	if quiet == 0 || float64(r.Full.ValueAtQuantile(50)) >= loaded*float64(quiet) {
		return ""
	}
	need := int(math.Ceil(r.Phase.Peak() * r.Full.Mean() / 1e6 * margin))
	return fmt.Sprintf("workers: all %d were busy, each with a request of %s ms, as long as one takes alone; %d would do (--workers)", m.cfg.Workers,
		number(ms(r.Full.ValueAtQuantile(50))), max(need, m.cfg.Workers+1))
}

// quiet is how long a request takes when few are under way, in µs; 0 when that was not seen.
func (m *measured) quiet() int64 {
	if m.main.Quiet.TotalCount() == 0 {
		return 0
	}
	return m.main.Quiet.ValueAtQuantile(50)
}

// overLimit is the part of the time spent on requests that went to those that took longer than a limit, in µs.
func (m *measured) overLimit(limit int64) float64 {
	var all, over float64
	for _, o := range m.main.Classes {
		if o == nil {
			continue
		}
		for _, bar := range o.Service.Distribution() {
			spent := float64(bar.Count) * float64(bar.From+bar.To) / 2
			if all += spent; bar.From > limit {
				over += spent
			}
		}
	}
	if all == 0 {
		return 0
	}
	return over / all
}

// countBelow counts the requests whose lag was below a bound.
func countBelow(r *loadtest.Result, bound time.Duration) int64 {
	var n int64
	for _, bar := range r.Lag.Distribution() {
		if bar.To <= bound.Microseconds() {
			n += bar.Count
		}
	}
	return n
}
