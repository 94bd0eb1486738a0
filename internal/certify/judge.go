package certify

import (
	"cmp"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"hookdrill/contract"
	"hookdrill/loadtest"
	"hookdrill/reports"
)

const (
	// enough is the part of the asked events that must be sent in time.
	enough = 0.99
	// quickPart is the part of the limit on the p99 below which forgeries have done no
	// harm, whatever the p99 was without them.
	quickPart = 10
)

// finding is what a check found.
type finding struct {
	status                reports.Status
	expected, actual, why string
}

func pass(expected, actual string) finding { return finding{reports.Pass, expected, actual, ""} }

func decide(ok bool, expected, actual, why string) finding {
	if ok {
		return pass(expected, actual)
	}
	return finding{reports.Fail, expected, actual, why}
}

// judge judges every requirement of a load.
func judge(catalogue []contract.Requirement, m *measured) []reports.Check {
	finders := map[string]func(*measured) finding{
		"LOAD-01": rateTaken, "LOAD-02": deliveredInTheEnd, "LOAD-03": latency, "LOAD-04": refusals, "LOAD-05": effectsOnce,
		"LOAD-06": fewRetries, "LOAD-07": processing, "LOAD-08": forgeriesRefused, "LOAD-09": underForgeries,
	}
	var out []reports.Check
	for _, r := range catalogue {
		check := reports.Check{
			ID: r.ID, Family: r.Family, Level: reports.Level(r.Level), Need: string(r.Need), Title: r.Title,
			Requirement: "Sent: " + r.Sent + ". Right: " + r.Right + ".", Matters: r.Matters, Cases: []reports.Case{},
		}
		f := m.find(finders[r.ID])
		if why := m.cfg.Contract.NotApplicable(r.ID); why != "" {
			f = finding{status: reports.NotApplicable, why: why}
		}
		check.Status, check.Why = f.status, f.why
		if f.expected != "" {
			check.Cases = append(check.Cases, reports.Case{
				Name: "load", Status: f.status, Expected: f.expected, Actual: f.actual, Why: f.why, Exchanges: []reports.Exchange{}, Repeat: m.cfg.Repeat,
			})
		}
		out = append(out, check)
	}
	return out
}

func (m *measured) find(f func(*measured) finding) finding {
	switch {
	case m.preflight != nil:
		return finding{status: reports.NotExercised, why: "the run ended at its preflight: " + m.preflight.Problem}
	case m.main == nil || m.main.Sent == 0:
		return finding{status: reports.NotExercised, why: "the run was stopped before the load"}
	}
	found := f(m)
	if found.status == reports.Pass && m.ours() > 0 {
		// What was not sent was not answered rightly either.
		found.status, found.why = reports.NotExercised, "the generator could not send everything: "+m.general()
	}
	return found
}

// ours counts the requests that the generator itself could not send.
func (m *measured) ours() (n uint64) {
	for _, o := range m.main.Classes {
		if o != nil {
			n += o.Ours()
		}
	}
	return n
}

// unmeasured is a finding that the generator's own trouble forbids: what it measured
// says nothing about the target. It is for a level that was missed; excuse is what else could be the reason.
func (m *measured) unmeasured(expected, actual, excuse string) (finding, bool) {
	why := cmp.Or(m.general(), excuse)
	return finding{reports.NotExercised, expected, actual, "the generator fell behind its schedule: " + why}, why != ""
}

func percent(x float64) string { return fmt.Sprintf("%.4g %%", x*100) }

func rateTaken(m *measured) finding {
	r := m.main
	expected := fmt.Sprintf("%s or more of %s events a second sent in time", percent(enough), number(m.askedRate()))
	actual := fmt.Sprintf("%s: %d of %d", percent(m.offered()), r.InTime, r.Asked)
	if m.offered() >= enough {
		if r.Stopped {
			return finding{reports.NotExercised, expected, actual, fmt.Sprintf("the load was stopped after %s of %s", r.Took.Round(time.Second), r.Phase.Duration())}
		}
		return pass(expected, actual)
	}
	if f, is := m.unmeasured(expected, actual, m.rateExcuse()); is {
		return f
	}
	return finding{reports.Fail, expected, actual, fmt.Sprintf("the target kept all %d workers waiting, so that %d requests could not be sent when they were due",
		m.cfg.Workers, r.Held)}
}

func deliveredInTheEnd(m *measured) finding {
	limit := m.cfg.Contract.Levels.Delivered
	v := m.class(loadtest.Valid)
	expected := percent(limit) + " or more acknowledged, retries included"
	actual := fmt.Sprintf("%s: %d of %d the first time, %d by a retry, %d abandoned", percent(m.delivered()), v.Accepted(), v.Sent, m.retries.Delivered, m.retries.Abandoned)
	switch {
	case m.delivered() >= limit:
		return pass(expected, actual)
	case v.Ours() > 0:
		f, _ := m.unmeasured(expected, actual, "")
		return f
	case m.retries.Left > 0 && m.retriesCouldDo(limit):
		return finding{reports.NotExercised, expected, actual, fmt.Sprintf("%d events were still being retried when the run ended", m.retries.Left)}
	}
	return finding{reports.Fail, expected, actual, "valid events were never acknowledged" + m.evidence(loadtest.Valid)}
}

// retriesCouldDo is true when the events whose retries had not ended would have been
// enough.
func (m *measured) retriesCouldDo(limit float64) bool {
	v := m.class(loadtest.Valid)
	return ratio(v.Accepted()+m.retries.Delivered+m.retries.Left, v.Sent) >= limit
}

func latency(m *measured) finding {
	limit := time.Duration(m.cfg.Contract.Levels.P99)
	p := percentiles(m.class(loadtest.Valid).Latency)
	expected := fmt.Sprintf("p99 under %s, from the moment an event was due", limit)
	actual := fmt.Sprintf("p99 %s ms (p50 %s, max %s; from the moment of sending p99 %s)", number(p.P99), number(p.P50), number(p.Max),
		number(percentiles(m.class(loadtest.Valid).Service).P99))
	ok := p.P99 < float64(limit.Milliseconds())
	if f, is := m.unmeasured(expected, actual, m.latencyExcuse()); is && !ok {
		return f
	}
	if share := m.unacknowledged(); ok && share > 1-enough {
		return finding{reports.NotExercised, expected, actual, percent(share) + " of the valid events were not acknowledged when they were sent first, and how soon that was clear is no latency"}
	}
	return decide(ok, expected, actual, "answers came too late"+m.worst())
}

// unacknowledged is the part of the valid events without a 2xx.
func (m *measured) unacknowledged() float64 {
	v := m.class(loadtest.Valid)
	return ratio(v.Sent-v.Accepted(), v.Sent)
}

// worst says when it was worst.
func (m *measured) worst() string {
	if len(m.main.Seconds) == 0 {
		return ""
	}
	worst := slices.MaxFunc(m.main.Seconds, func(a, b loadtest.Second) int { return cmp.Compare(a.P99, b.P99) })
	return fmt.Sprintf("; worst in the second that ended %s after the start, with a p99 of %s", worst.At.Round(time.Second), worst.P99.Round(time.Millisecond))
}

func refusals(m *measured) finding {
	limit := m.cfg.Contract.Levels.Errors
	expected := percent(limit) + " or fewer without a 2xx"
	actual := percent(m.refused()) + ": " + m.answers(loadtest.Valid, loadtest.Duplicate)
	if m.refused() <= limit {
		return pass(expected, actual)
	}
	return finding{reports.Fail, expected, actual, "valid events were not acknowledged" + m.evidence(loadtest.Valid, loadtest.Duplicate)}
}

// answers lists the answers to some classes.
func (m *measured) answers(of ...loadtest.Class) string {
	counts := map[string]uint64{}
	for _, c := range of {
		o := m.class(c)
		for status, n := range o.Statuses {
			counts[strconv.Itoa(status)] += n
		}
		for kind, n := range o.Errors {
			counts[kind] += n
		}
	}
	var parts []string
	for what, n := range counts {
		parts = append(parts, fmt.Sprintf("%s × %d", what, n))
	}
	slices.Sort(parts)
	return strings.Join(parts, ", ")
}

// evidence names the first few requests of some classes that were not answered as they
// should be.
func (m *measured) evidence(of ...loadtest.Class) string {
	var parts []string
	for _, c := range of {
		for _, miss := range m.misses[c] {
			what := miss.Err
			if what == "" {
				what = strconv.Itoa(miss.Status)
			}
			if c != loadtest.Valid {
				what += " to a " + c.String() + " one"
			}
			parts = append(parts, fmt.Sprintf("%s at %s: %s", miss.ID, miss.Sent.UTC().Format("15:04:05.000"), what))
		}
	}
	if len(parts) == 0 {
		return ""
	}
	return "; the first: " + strings.Join(parts, ", ")
}

func effectsOnce(m *measured) finding {
	const expected = "no acknowledged event lost, none processed twice"
	if m.class(loadtest.Valid).Accepted()+m.retries.Delivered == 0 {
		return finding{status: reports.NotExercised, why: "no event was acknowledged, so none could be lost"}
	}
	trusted := 0
	var actual []string
	for i, e := range m.effects {
		if e.Problem != "" {
			return finding{reports.NotObserved, expected, "", m.observers[i].Source + " cannot be trusted: " + e.Problem}
		}
		trusted++
		text := fmt.Sprintf("of %d events: %d lost, %d processed twice, %d processed without an acknowledgement", e.Seen, e.Lost, e.Doubled, e.Recovered)
		actual = append(actual, text)
		var why []string
		if e.Lost > 0 {
			why = append(why, "acknowledged and not processed: "+named(e.Lost, e.LostNames))
		}
		if e.Doubled > 0 {
			why = append(why, "processed more than once: "+named(e.Doubled, e.DoubledNames))
		}
		if len(why) > 0 {
			return finding{reports.Fail, expected, text, strings.Join(why, "; ")}
		}
	}
	if trusted == 0 && len(m.cfg.Observers) > 0 {
		return finding{status: reports.NotObserved, why: "the run was stopped before the observer had been asked about the load"}
	}
	if trusted == 0 {
		return finding{status: reports.NotObserved, why: "nobody could say what the target did (--observe)"}
	}
	return pass(expected, strings.Join(actual, "; "))
}

func fewRetries(m *measured) finding {
	limit := m.cfg.Contract.Levels.Retried
	return decide(m.retryRatio() <= limit, percent(limit)+" or fewer", percent(m.retryRatio()), "too many events were not acknowledged the first time"+m.evidence(loadtest.Valid))
}

func processing(m *measured) finding {
	if m.main.Processing.TotalCount() == 0 {
		return finding{status: reports.NotApplicable, why: "the target does not state how long it took (Server-Timing)"}
	}
	limit := time.Duration(m.cfg.Contract.Levels.ProcessingP99)
	p := percentiles(m.main.Processing)
	return decide(p.P99 < float64(limit.Milliseconds()), "p99 under "+limit.String(), "p99 "+number(p.P99)+" ms", "the target itself says that it took longer")
}

func underForgeries(m *measured) finding {
	if m.forged == nil || m.forged.Classes[loadtest.Valid] == nil {
		return finding{status: reports.NotExercised, why: "the phase with half of the requests forged was left out"}
	}
	with, without := percentiles(m.forged.Classes[loadtest.Valid].Latency).P99, percentiles(m.class(loadtest.Valid).Latency).P99
	limit := max(2*without, ms(time.Duration(m.cfg.Contract.Levels.P99).Microseconds())/quickPart)
	expected := fmt.Sprintf("p99 of valid events at most %s ms", number(limit))
	actual := fmt.Sprintf("%s ms with half of the requests forged, %s ms without", number(with), number(without))
	own := measured{cfg: m.cfg, main: m.forged}
	switch share := own.unacknowledged(); {
	case with <= limit && share > 1-enough:
		return finding{reports.NotExercised, expected, actual, percent(share) + " of the valid events were not acknowledged then, and how soon that was clear is no latency"}
	case with <= limit:
		return pass(expected, actual)
	}
	excuse := ""
	if percentiles(m.forged.Undisturbed).P99 <= limit {
		excuse = own.starved()
	}
	if f, is := own.unmeasured(expected, actual, excuse); is {
		return f
	}
	return finding{reports.Fail, expected, actual, "forgeries slow valid events down"}
}

// number writes a number with as many decimals as tell.
func number(x float64) string {
	text := fmt.Sprintf("%.1f", x)
	if x < 10 {
		text = fmt.Sprintf("%.2f", x)
	}
	return strings.TrimSuffix(strings.TrimRight(text, "0"), ".")
}
