package reports

import (
	"cmp"
	"fmt"
	"strconv"
	"strings"
)

// plural gives "1 check", "2 checks".
func plural(n int, one string) string {
	if n == 1 {
		return "1 " + one
	}
	return fmt.Sprintf("%d %ss", n, one)
}

// span says a time in milliseconds as a person would.
func span(ms int64) string {
	switch {
	case ms < 1000:
		return fmt.Sprintf("%d ms", ms)
	case ms < 60_000:
		return fmt.Sprintf("%.1f s", float64(ms)/1000)
	default:
		s := (ms + 500) / 1000
		return fmt.Sprintf("%d min %02d s", s/60, s%60)
	}
}

// sentence gives the verdict of r in one sentence, its own if it has one.
func sentence(r *Report) string {
	if s := strings.TrimSpace(r.Sentence); s != "" {
		return s
	}
	if r.Preflight != nil {
		return cmp.Or(strings.TrimSpace(r.Preflight.Problem), "The run could not start.")
	}
	gs := groups(r)
	switch r.Verdict {
	case Conformant:
		return fmt.Sprintf("The endpoint keeps every promise that was tested: %s passed.",
			plural(len(pick(gs, keyPass).checks), "check"))
	case Nonconformant:
		return fmt.Sprintf("The endpoint breaks its contract: %s failed.",
			plural(len(pick(gs, keyFail).checks), "check"))
	case Incomplete:
		return "Nothing failed, but not everything that was asked for could be proved."
	case Failed:
		return "The harness itself failed; the result says nothing about the endpoint."
	default:
		return "The report holds no verdict."
	}
}

// verdictWord says the verdict as a label, and the key of the outcome whose
// look it shares.
func verdictWord(r *Report) (word, key string) {
	switch {
	case r.Preflight != nil && r.Verdict != Failed:
		return "Could not start", keyError
	case r.Verdict == Conformant && !r.Interrupted && r.Load != nil:
		return "Certified", keyPass
	case r.Verdict == Nonconformant && r.Load != nil:
		return "Not certified", keyFail
	case r.Verdict == Conformant && !r.Interrupted:
		return "Conformant", keyPass
	case r.Verdict == Conformant:
		return "Interrupted", keyUnexercise
	case r.Verdict == Nonconformant && r.Baseline != nil && ExitCode(r) == ExitOK:
		return "Not conformant", keyKnown
	case r.Verdict == Nonconformant:
		return "Not conformant", keyFail
	case r.Verdict == Incomplete:
		return "Incomplete", keyUnexercise
	case r.Verdict == Failed:
		return "Harness error", keyError
	default:
		return "No verdict", keyError
	}
}

// verdictMark gives the sign that goes with the verdict's word.
func verdictMark(key string) string {
	for _, o := range outcomes() {
		if o.key == key {
			return o.mark
		}
	}
	return "?"
}

// setting is one fact about the run, for the head of a report.
type setting struct{ name, value string }

// settings gives the facts that a reader needs to place a result.
func settings(r *Report) []setting {
	target := r.Target.all()
	if r.Target.Bundled {
		target += " (the receiver that comes with hookdrill)"
	}
	facts := []setting{
		{"Target", target},
		{"Contract", r.Contract},
		{"Level", r.Level},
		{"Seed", strconv.FormatUint(r.Seed, 10)},
		{"Duration", span(r.DurationMS)},
		{"Exit code", strconv.Itoa(ExitCode(r))},
	}
	if b := r.Baseline; b != nil {
		facts = append(facts, setting{"Baseline", b.words()})
	}
	if r.Strict {
		facts = append(facts, setting{"Strict", "yes: advice decides"})
	}
	if r.Interrupted {
		facts = append(facts, setting{"Interrupted", "yes: stopped before its end"})
	}
	return facts
}

// words says what a baseline did, in a line.
func (b *Baseline) words() string {
	parts := []string{fmt.Sprintf("%s lists %d", b.File, b.Entries)}
	for _, p := range []struct {
		n    int
		what string
	}{{b.Known, "known to fail"}, {b.Waived, "known to be unproven"}, {b.Unexpected, "unexpected"}, {len(b.Stale), "stale"}, {len(b.Expired), "expired"}} {
		if p.n > 0 {
			parts = append(parts, fmt.Sprintf("%d %s", p.n, p.what))
		}
	}
	return strings.Join(parts, ", ")
}
