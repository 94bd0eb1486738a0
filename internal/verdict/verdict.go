// Package verdict turns a plan and the records of a run into one report value.
//
// Everything in it is pure: the same plan and records give the same report. It
// is the only place that judges; suites record, reports render. A planned case
// without a record is an error, never a pass.
package verdict

import (
	"fmt"
	"slices"
	"time"

	"hookdrill/contract"
	"hookdrill/internal/plan"
	"hookdrill/internal/record"
	"hookdrill/reports"
	"hookdrill/scenarios"
)

// Input is all that a verdict depends on.
type Input struct {
	Plan *plan.Plan
	Run  *record.Run
	// Head is the report without checks, counts and verdict.
	Head reports.Report
	// Strict makes a failed SHOULD decide like a MUST.
	Strict bool
	// Baseline holds known failures; nil for none.
	Baseline *Known
	// Drilled holds the checks that were carried out and judged as drills, by id.
	Drilled map[string]reports.Check
	// Called holds the cases about what the receiver calls that were carried out, by id;
	// nil when nobody watched.
	Called map[string]reports.Case
	// Repeat gives the command that repeats a case; Curl the one that sends its
	// decisive delivery without hookdrill, "" where curl cannot.
	Repeat func(check plan.Check, c *plan.Case) string
	Curl   func(d plan.Delivery, at time.Time) string
}

// Judge gives the whole report.
func Judge(in Input) *reports.Report {
	r := in.Head
	r.Strict = in.Strict
	r.Checks = make([]reports.Check, 0, len(in.Plan.Checks))
	for i := range in.Plan.Checks {
		r.Checks = append(r.Checks, Check(in, in.Plan.Checks[i].ID))
	}
	r.Families = families(in, r.Checks)
	r.Interrupted = in.Run.Interrupted
	in.Baseline.apply(&r, in.Plan)
	Finish(&r)
	return &r
}

// Finish derives from a report's checks all that follows from them: the counts, what
// would unlock what was not observed, the verdict and the exit code.
func Finish(r *reports.Report) {
	r.Counts = map[reports.Status]int{}
	for _, s := range reports.Statuses() {
		r.Counts[s] = 0
	}
	for _, c := range r.Checks {
		r.Counts[c.Status]++
	}
	r.Unlock = unlock(r.Checks, r.Observers)
	decide(r)
}

// Check judges one selected requirement.
func Check(in Input, id string) reports.Check {
	check := in.Plan.Check(id)
	out := reports.Check{
		ID: check.ID, Family: check.Family, Level: reports.Level(check.Level), Need: string(check.Need),
		Title: check.Title, Requirement: "Sent: " + check.Sent + ". Right: " + check.Right + ".", Matters: check.Matters,
		Cases: []reports.Case{},
	}
	switch {
	case check.Unchecked != "":
		out.Status, out.Why = reports.NotObserved, check.Unchecked
		return out
	case check.NotApplicable != "":
		out.Status, out.Why = reports.NotApplicable, check.NotApplicable
		return out
	case in.Head.Preflight != nil:
		return afterPreflight(in, out)
	}
	if check.Need == contract.NeedManaged {
		return drilled(in, out)
	}
	j := judge{Input: in, check: check}
	for _, c := range in.Plan.Cases {
		if c.Requirement != check.ID {
			continue
		}
		one := j.one(c)
		if in.Repeat != nil {
			one.Repeat = in.Repeat(*check, c)
		}
		if rec := in.Run.Cases[c.ID]; rec != nil {
			out.DurationMS += rec.Duration.Milliseconds()
		}
		out.Cases = append(out.Cases, one)
	}
	out.Status, out.Why = summarise(out.Cases)
	return out
}

// drilled is the check of a drill: one that was planned and not carried out is no pass.
func drilled(in Input, out reports.Check) reports.Check {
	if done, carried := in.Drilled[out.ID]; carried {
		return done
	}
	out.Status, out.Why = reports.Error, "planned, and not carried out: a defect of hookdrill"
	if in.Run.Interrupted {
		out.Status, out.Why = reports.NotExercised, "the run was interrupted before it"
	}
	return out
}

// afterPreflight is what becomes of a check when the run ended before it: the
// first valid event is SIG-01's, everything else was not exercised.
func afterPreflight(in Input, out reports.Check) reports.Check {
	out.Status, out.Why = reports.NotExercised, "the run ended at its preflight: "+in.Head.Preflight.Problem
	redirected := out.ID == "HTTP-02" && in.Head.Preflight.Kind == "redirect"
	if redirected || out.ID == "SIG-01" && refusal(in.Head.Preflight.Kind) {
		out.Status = reports.Fail
		one := reports.Case{
			Name: "first valid event", Status: reports.Fail, Expected: "2xx", Actual: in.Head.Preflight.Problem,
			Why: in.Head.Preflight.Cause, Exchanges: in.Head.Preflight.Exchanges,
		}
		if in.Repeat != nil {
			one.Repeat = in.Repeat(*in.Plan.Check(out.ID), nil)
		}
		out.Cases = append(out.Cases, one)
	}
	return out
}

// refusal tells preflight problems in which the target answered the first valid
// event from those in which it did not.
func refusal(kind string) bool {
	switch kind {
	case "unauthorized", "malformed", "server_error", "not_found", "method", "redirect", "refused_event":
		return true
	}
	return false
}

// summarise derives a check's status from its cases: the worst of them, where a
// case that proved nothing keeps the check from passing.
func summarise(cases []reports.Case) (reports.Status, string) {
	if len(cases) == 0 {
		return reports.NotExercised, "no case of it was selected"
	}
	for _, s := range []reports.Status{reports.Fail, reports.Error, reports.NotExercised, reports.NotObserved, reports.Pass} {
		n, first := 0, ""
		for _, c := range cases {
			if c.Status == s {
				if n == 0 {
					first = c.Why
				}
				n++
			}
		}
		if n == 0 {
			continue
		}
		if s == reports.Pass {
			return s, ""
		}
		if len(cases) > 1 {
			return s, fmt.Sprintf("%d of %d cases; the first: %s", n, len(cases), first)
		}
		return s, first
	}
	return reports.NotApplicable, cases[0].Why
}

func decide(r *reports.Report) {
	binding := func(c reports.Check) bool {
		return c.Level == reports.Must || (r.Strict && c.Level == reports.Should)
	}
	failed, unproven, passed, broken, bound := 0, 0, 0, 0, 0
	known, waived := 0, 0
	for _, c := range r.Checks {
		if c.Status == reports.Error {
			broken++
		}
		if !binding(c) {
			continue
		}
		bound++
		switch c.Status {
		case reports.Fail:
			failed++
		case reports.KnownFail:
			known++
		case reports.Pass, reports.StaleBaseline:
			passed++
		case reports.NotExercised, reports.NotObserved:
			if c.Status == reports.NotObserved && !asked(r.Level, c.Need) {
				continue
			}
			if c.Baseline != nil {
				waived++
			} else {
				unproven++
			}
		default: // counted above, or of no weight
		}
	}
	kind := "MUST requirements"
	if r.Strict {
		kind = "requirements (MUST and SHOULD)"
	}
	switch {
	case r.Preflight != nil:
		r.Verdict, r.Sentence = reports.Incomplete, "Nothing was judged: "+r.Preflight.Problem
		if failed > 0 {
			r.Verdict = reports.Nonconformant
		}
	case failed > 0:
		r.Verdict = reports.Nonconformant
		r.Sentence = fmt.Sprintf("The target breaks %d of the %d %s that were decided at level %s.", failed, failed+passed+known, kind, r.Level)
	case broken > 0:
		r.Verdict = reports.Failed
		r.Sentence = fmt.Sprintf("No verdict: hookdrill itself failed in %d checks.", broken)
	case r.Interrupted:
		r.Verdict = reports.Incomplete
		r.Sentence = "The run was interrupted; what it had not reached is unproven."
	case known > 0:
		r.Verdict = reports.Nonconformant
		r.Sentence = knownSentence(r.Baseline, known, unproven, r.Level)
	case bound == 0:
		decideAdvice(r)
	case unproven+waived > 0:
		r.Verdict = reports.Incomplete
		r.Sentence = fmt.Sprintf("Nothing failed, but %d of the %d %s are unproven at level %s.", unproven+waived, bound, kind, r.Level)
	case passed == 0:
		r.Verdict = reports.Incomplete
		r.Sentence = fmt.Sprintf("Nothing failed, and nothing was proved: of the %d %s none could be judged at level %s.", bound, kind, r.Level)
	default:
		r.Verdict = reports.Conformant
		r.Sentence = fmt.Sprintf("The target keeps all %d %s that were checked at level %s.", passed, kind, r.Level)
	}
	if n := len(r.LeftOut); n > 0 && r.Preflight == nil {
		r.Sentence += fmt.Sprintf(" It is a selection: %d requirements were left out.", n)
	}
	if failed > 0 && r.Interrupted {
		r.Sentence += " The run was interrupted before its end."
	}
	if b := r.Baseline; b != nil {
		b.Unexpected, b.Known, b.Unproven, b.Waived = failed, known, unproven, waived
		if waived > 0 && failed == 0 && known == 0 {
			r.Sentence += fmt.Sprintf(" The baseline lists %d of them until %s.", waived, b.Until)
		}
		r.Sentence += outdated(b)
	}
	r.ExitCode = reports.ExitCode(r)
}

// decideAdvice judges a selection without a MUST, as the repeat command of a piece of advice is: there is
// nothing else that it could be about.
func decideAdvice(r *reports.Report) {
	kept, open := 0, 0
	for _, c := range r.Checks {
		switch {
		case c.Level != reports.Should:
		case c.Status == reports.Pass:
			kept++
		case c.Status == reports.Fail, c.Status == reports.NotExercised, c.Status == reports.NotObserved && asked(r.Level, c.Need):
			open++
		}
	}
	if open > 0 || kept == 0 {
		r.Verdict = reports.Incomplete
		r.Sentence = fmt.Sprintf("No MUST requirement was judged, and %d of the %d SHOULD requirements that were checked are not kept.", open, open+kept)
		return
	}
	r.Verdict = reports.Conformant
	r.Sentence = fmt.Sprintf("The target keeps all %d SHOULD requirements that were checked at level %s; no MUST requirement was.", kept, r.Level)
}

// asked reports whether a need lies within a level.
func asked(level, need string) bool {
	rank := map[string]int{string(contract.NeedWire): 0, string(contract.NeedObserved): 1, string(contract.NeedManaged): 2}
	n, known := rank[need]
	return known && n <= rank[level]
}

func unlock(checks []reports.Check, observers []reports.Observer) []reports.Unlock {
	ways := []struct{ need, what, how string }{
		{string(contract.NeedObserved), "whether events had their effect, once", "add --observe URL (a probe), or --observe-sql DSN with --observe-query SQL; see docs/observation.md"},
		{string(contract.NeedManaged), "what survives a kill, a restart or the loss of the database", "let hookdrill start the receiver: --exec 'command'; see docs/drills.md"},
		{string(contract.NeedLog), "what the receiver writes to its log", "add --log FILE, the file that the receiver logs to"},
	}
	if slices.ContainsFunc(observers, func(o reports.Observer) bool { return o.Kind != "witness" }) {
		ways[0].what, ways[0].how = "what state a task is in", "let the observer give the task's present state as status, and look at why it is not trusted, if it is not; see docs/observation.md"
	}
	out := []reports.Unlock{}
	for _, w := range ways {
		u := reports.Unlock{What: w.what, How: w.how}
		for _, c := range checks {
			if c.Status == reports.NotObserved && c.Need == w.need {
				u.Checks = append(u.Checks, c.ID)
			}
		}
		if len(u.Checks) > 0 {
			out = append(out, u)
		}
	}
	return out
}

func families(in Input, checks []reports.Check) []reports.FamilyTime {
	out := []reports.FamilyTime{}
	at := map[string]int{}
	for _, c := range checks {
		if _, ok := at[c.Family]; !ok {
			at[c.Family] = len(out)
			out = append(out, reports.FamilyTime{Family: c.Family})
		}
		out[at[c.Family]].DurationMS += c.DurationMS
	}
	for _, c := range in.Plan.Cases {
		check := in.Plan.Check(c.Requirement)
		if rec := in.Run.Cases[c.ID]; check != nil && rec != nil {
			out[at[check.Family]].Requests += len(rec.Attempts)
		}
	}
	return out
}

// judge judges the cases of one check.
type judge struct {
	Input
	check *plan.Check
}

// one judges one case.
func (j judge) one(c *plan.Case) reports.Case {
	out := reports.Case{Name: c.Name, Exchanges: []reports.Exchange{}}
	rec := j.Run.Cases[c.ID]
	switch {
	case rec == nil && j.Run.Interrupted:
		out.Status, out.Why = reports.NotExercised, "the run was interrupted before this case"
		return out
	case rec == nil:
		out.Status, out.Why = reports.Error, "the case was planned and has no record: a defect of hookdrill"
		return out
	case rec.Panic != "":
		out.Status, out.Why = reports.Error, "the suite panicked: "+rec.Panic
		return out
	case rec.Skipped != "":
		out.Status, out.Why = reports.NotExercised, rec.Skipped
		return out
	case rec.Decided != nil:
		d := rec.Decided
		out.Status, out.Expected, out.Actual, out.Why = reports.Status(d.Status), d.Expected, d.Actual, d.Why
		return out
	}
	switch j.check.Judge {
	case scenarios.JudgeLatency:
		j.latency(c, &out)
	case scenarios.JudgeLeakSecret:
		j.leaks(&out, "neither the key nor the expected signature in any refusal", "key", "signature")
	case scenarios.JudgeLeakTrace:
		j.leaks(&out, "no stack trace in any refusal", "stack trace")
	case scenarios.JudgeNoEffect:
		j.refusedEffects(&out)
	case scenarios.JudgeSize:
		j.size(&out)
	case scenarios.JudgeAcked:
		j.acked(&out)
	case scenarios.JudgeRest:
		j.rest(&out)
	case scenarios.JudgeStatus:
		j.exactStatus(&out)
	case scenarios.JudgeAll2xx:
		j.allAccepted(&out)
	case scenarios.JudgeCalls:
		return j.called(c)
	case scenarios.JudgeTLS, scenarios.JudgeLog:
		out.Status, out.Why = reports.Error, "the suite decided nothing: a defect of hookdrill"
	default:
		j.answers(c, rec, &out)
	}
	if out.Status == reports.Pass {
		j.whole(&out)
	}
	return out
}

// called is a case about what the receiver calls.
func (j judge) called(c *plan.Case) reports.Case {
	if done, carried := j.Called[c.ID]; carried {
		return done
	}
	out := reports.Case{Name: c.Name, Exchanges: []reports.Exchange{}}
	switch {
	case j.Run.Interrupted:
		out.Status, out.Why = reports.NotExercised, "the run was interrupted before this case"
	case j.Run.Dead != "":
		out.Status, out.Why = reports.NotExercised, "the target had stopped answering during "+j.Run.Dead
	case j.Called == nil:
		out.Status, out.Why = reports.NotObserved, "nobody played the API that the receiver calls: it needs the witness (--witness, or --exec)"
	default:
		out.Status, out.Why = reports.Error, "the case was planned and not carried out: a defect of hookdrill"
	}
	return out
}

// whole takes back the pass of a check that reads other cases when some of
// them were not carried out: what was not sent was not seen.
func (j judge) whole(out *reports.Case) {
	missed := 0
	for _, c := range j.Plan.Cases {
		if !j.reads(c) {
			continue
		}
		if rec := j.Run.Cases[c.ID]; rec == nil || rec.Skipped != "" || rec.Panic != "" {
			missed++
		}
	}
	if missed > 0 {
		out.Status = reports.NotExercised
		out.Why = fmt.Sprintf("%d of the cases that it reads were not carried out", missed)
	}
}
