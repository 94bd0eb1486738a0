package verdict

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"hookdrill/contract"
	"hookdrill/internal/plan"
	"hookdrill/internal/record"
	"hookdrill/mockclaude"
	"hookdrill/reports"
	"hookdrill/scenarios"
)

// bench builds a plan of one check and the record of its one case.
type bench struct {
	check   plan.Check
	c       *plan.Case
	rec     *record.Case
	effects *record.Effects
	level   string
	dead    string
}

func newBench(id, need, judge string) *bench {
	family, _, _ := strings.Cut(id, "-")
	b := &bench{level: "observed"}
	b.check = plan.Check{
		Requirement: contract.Requirement{ID: id, Family: family, Level: "must", Need: contract.Need(need), Title: id, Sent: "s", Right: "r"},
		Judge:       judge,
	}
	b.c = &plan.Case{ID: id + "/case", Requirement: id, Name: "case", Judge: judge, Effects: map[string]int{}}
	b.rec = &record.Case{ID: b.c.ID}
	return b
}

// sent adds a delivery and its answer.
func (b *bench) sent(role, event, expect, effect string, e mockclaude.Exchange) *bench {
	d := plan.Delivery{Role: role, Expect: expect, Effect: effect}
	d.EventID = event
	e.EventID = event
	b.rec.Attempts = append(b.rec.Attempts, record.Attempt{Delivery: len(b.c.Deliveries()), Exchange: e})
	b.c.Steps = append(b.c.Steps, plan.Step{Deliveries: []plan.Delivery{d}})
	return b
}

func (b *bench) twin(e mockclaude.Exchange) *bench {
	b.c.Control = true
	return b.sent(plan.RoleControl, fmt.Sprint("twin", len(b.rec.Attempts)), scenarios.ExpectAccepted, scenarios.EffectOnce, e)
}

// again adds another try of the last delivery.
func (b *bench) again(e mockclaude.Exchange) *bench {
	last := b.rec.Attempts[len(b.rec.Attempts)-1]
	e.EventID = last.EventID
	b.rec.Attempts = append(b.rec.Attempts, record.Attempt{Delivery: last.Delivery, Again: true, Exchange: e})
	return b
}

// crowd adds simultaneous copies and their answers.
func (b *bench) crowd(event string, statuses ...int) *bench {
	step := plan.Step{Mode: scenarios.ModeTogether}
	for i, status := range statuses {
		d := plan.Delivery{Role: plan.RoleCase, Expect: scenarios.ExpectAny, Effect: scenarios.EffectOnce}
		d.EventID = event
		step.Deliveries = append(step.Deliveries, d)
		e := answer(status)
		e.EventID = event
		b.rec.Attempts = append(b.rec.Attempts, record.Attempt{Delivery: i, Exchange: e})
	}
	b.c.Steps = append(b.c.Steps, step)
	return b
}

// moving says that effects had not come to a standstill.
func (b *bench) moving() *bench {
	b.effects.Settled = false
	return b
}

func (b *bench) seen(counts map[string]int) *bench {
	b.effects = &record.Effects{Counts: counts, States: map[string]string{}, Trusted: true, Settled: true}
	return b
}

func (b *bench) input() Input {
	run := &record.Run{Cases: map[string]*record.Case{}, Effects: b.effects, Dead: b.dead}
	if b.rec != nil {
		run.Cases[b.c.ID] = b.rec
	}
	c := &contract.Contract{Answers: contract.Answers{Unauthorized: 401}}
	return Input{
		Plan: &plan.Plan{Checks: []plan.Check{b.check}, Cases: []*plan.Case{b.c}, Contract: c},
		Run:  run, Head: reports.Report{Level: b.level},
	}
}

func answer(status int) mockclaude.Exchange { return mockclaude.Exchange{Status: status, Sent: true} }

func broken(kind mockclaude.ErrKind) mockclaude.Exchange { return mockclaude.Exchange{Err: kind} }

const (
	kase    = plan.RoleCase
	refused = scenarios.ExpectRefused
	accept  = scenarios.ExpectAccepted
	once    = scenarios.EffectOnce
	never   = scenarios.EffectNever
)

func TestCheck(t *testing.T) {
	t.Parallel()
	const wire, observed = "wire", "observed"
	tests := map[string]struct {
		bench *bench
		want  reports.Status
		why   string
	}{
		"refusal between accepted twins": {
			newBench("SIG-03", wire, "").twin(answer(200)).sent(kase, "a", refused, never, answer(401)).twin(answer(200)),
			reports.Pass, "",
		},
		"forgery accepted": {
			newBench("SIG-03", wire, "").twin(answer(200)).sent(kase, "a", refused, never, answer(200)).twin(answer(200)),
			reports.Fail, "acknowledged",
		},
		"forgery meets a server error": {
			newBench("SIG-03", wire, "").twin(answer(200)).sent(kase, "a", refused, never, answer(500)).twin(answer(200)),
			reports.Fail, "server error",
		},
		"forgery meets a closed connection": {
			newBench("SIG-03", wire, "").twin(answer(200)).sent(kase, "a", refused, never, broken(mockclaude.ErrClosed)).twin(answer(200)),
			reports.Fail, "dropped",
		},
		"twin before refused": {
			newBench("SIG-03", wire, "").twin(answer(401)).sent(kase, "a", refused, never, answer(401)).twin(answer(200)),
			reports.NotExercised, "proves nothing",
		},
		"twin after refused": {
			newBench("SIG-03", wire, "").twin(answer(200)).sent(kase, "a", refused, never, answer(401)).twin(answer(429)),
			reports.NotExercised, "proves nothing",
		},
		"target dead after the refusal": {
			newBench("SIG-07", wire, "").twin(answer(200)).sent(kase, "a", refused, never, answer(400)).twin(broken(mockclaude.ErrRefused)),
			reports.Fail, "no longer answered",
		},
		"closing is allowed where the head itself is malformed": {
			newBench("SIG-07", wire, "").twin(answer(200)).
				sent(kase, "a", scenarios.ExpectClosed, never, broken(mockclaude.ErrClosed)).twin(answer(200)),
			reports.Pass, "",
		},
		"valid event refused": {
			newBench("RAW-01", wire, "").sent(kase, "a", accept, once, answer(401)), reports.Fail, "refused",
		},
		"2xx that never ends": {
			newBench("RAW-01", wire, "").sent(kase, "a", accept, once, mockclaude.Exchange{Status: 200, Err: mockclaude.ErrTimeout}),
			reports.Fail, "did not end",
		},
		"no record":        {func() *bench { b := newBench("RAW-01", wire, ""); b.rec = nil; return b }(), reports.Error, "no record"},
		"harness failure":  {newBench("RAW-01", wire, "").sent(kase, "a", accept, once, broken(mockclaude.ErrHarness)), reports.Error, "could not make"},
		"delivery missing": {missingDelivery(), reports.Error, "no record"},
		"panic":            {func() *bench { b := newBench("RAW-01", wire, ""); b.rec.Panic = "boom"; return b }(), reports.Error, "boom"},
		"skipped":          {func() *bench { b := newBench("RAW-01", wire, ""); b.rec.Skipped = "dead"; return b }(), reports.NotExercised, "dead"},
		"no observer": {
			withEffects(newBench("IDEM-01", observed, "").sent(kase, "a", accept, once, answer(200)), "a", 1), reports.NotObserved, "--observe",
		},
		"wire part wrong without an observer": {
			withEffects(newBench("IDEM-01", observed, "").sent(kase, "a", accept, once, answer(409)), "a", 1), reports.Fail, "refused",
		},
		"one effect": {
			withEffects(newBench("IDEM-01", observed, "").sent(kase, "a", accept, once, answer(200)), "a", 1).seen(map[string]int{"a": 1}),
			reports.Pass, "",
		},
		"two effects": {
			withEffects(newBench("IDEM-01", observed, "").sent(kase, "a", accept, once, answer(200)), "a", 1).seen(map[string]int{"a": 2}),
			reports.Fail, "2 times",
		},
		"no effect": {
			withEffects(newBench("IDEM-01", observed, "").sent(kase, "a", accept, once, answer(200)), "a", 1).seen(map[string]int{}),
			reports.Fail, "no effect",
		},
		"observer not trusted": {untrusted(), reports.NotObserved, "cannot be trusted"},
		"ledger: acknowledged and lost": {
			newBench("LED-01", observed, scenarios.JudgeAcked).sent(kase, "a", accept, once, answer(200)).seen(map[string]int{}), reports.Fail, "no effect",
		},
		"ledger: at most one is enough for an unknown type": {
			newBench("LED-01", observed, scenarios.JudgeAcked).sent(kase, "a", accept, scenarios.EffectMaybe, answer(200)).seen(map[string]int{}), reports.Pass, "",
		},
		"ledger: an accepted forgery is another check's finding": {
			newBench("LED-01", observed, scenarios.JudgeAcked).sent(kase, "a", refused, never, answer(200)).seen(map[string]int{"a": 1}), reports.NotExercised, "no such event",
		},
		"ledger: refused and processed": {
			newBench("LED-02", observed, scenarios.JudgeRest).sent(kase, "a", refused, never, answer(401)).seen(map[string]int{"a": 1}), reports.Fail, "must not",
		},
		"ledger: given up and processed once is right": {
			newBench("LED-02", observed, scenarios.JudgeRest).
				sent(kase, "a", scenarios.ExpectAny, once, broken(mockclaude.ErrAbandoned)).
				twin(answer(200)).sent(kase, "b", refused, never, answer(401)).twin(answer(200)).seen(map[string]int{"a": 1}), reports.Pass, "",
		},
		"ledger: everything is refused": {
			newBench("LED-02", observed, scenarios.JudgeRest).twin(answer(401)).sent(kase, "a", refused, never, answer(401)).twin(answer(401)).seen(map[string]int{}),
			reports.NotExercised, "no refusal lies between valid events",
		},
		"refused events had no effect": {
			newBench("SIG-14", observed, scenarios.JudgeNoEffect).twin(answer(200)).sent(kase, "a", refused, never, answer(403)).twin(answer(200)).seen(map[string]int{}), reports.Pass, "",
		},
		"a refused event had an effect, and everything is refused": {
			newBench("SIG-14", observed, scenarios.JudgeNoEffect).twin(answer(403)).sent(kase, "a", refused, never, answer(403)).twin(answer(403)).seen(map[string]int{"a": 1}),
			reports.Fail, "must not",
		},
		"no effect where everything is refused": {
			newBench("SIG-14", observed, scenarios.JudgeNoEffect).twin(answer(403)).sent(kase, "a", refused, never, answer(403)).twin(answer(403)).seen(map[string]int{}),
			reports.NotExercised, "no refusal lies between valid events",
		},
		"no effect where the twin behind is refused": {
			newBench("SIG-14", observed, scenarios.JudgeNoEffect).twin(answer(200)).sent(kase, "a", refused, never, answer(403)).twin(answer(403)).seen(map[string]int{}),
			reports.NotExercised, "no refusal lies between valid events",
		},
		"refusals without twins": {
			newBench("SIG-13", wire, scenarios.JudgeLeakSecret).sent(kase, "a", refused, never, answer(401)), reports.NotExercised, "no refusal lies between valid events",
		},
		"server errors between twins are no refusals": {
			newBench("SIG-19", wire, scenarios.JudgeLeakTrace).twin(answer(200)).sent(kase, "a", refused, never, answer(500)).twin(answer(200)),
			reports.NotExercised, "no refusal lies between valid events",
		},
		"refusals that give nothing away": {
			newBench("SIG-19", wire, scenarios.JudgeLeakTrace).twin(answer(200)).sent(kase, "a", refused, never, answer(401)).twin(answer(200)), reports.Pass, "",
		},
		"nothing was refused": {
			newBench("SIG-14", observed, scenarios.JudgeNoEffect).sent(kase, "a", refused, never, answer(200)).seen(map[string]int{}), reports.NotExercised, "",
		},
		"leaked key": {
			newBench("SIG-13", wire, scenarios.JudgeLeakSecret).sent(kase, "a", refused, never, mockclaude.Exchange{Status: 401, Leaks: []string{mockclaude.LeakKey}}),
			reports.Fail, "give it away",
		},
		"no refusal to look at": {
			newBench("SIG-13", wire, scenarios.JudgeLeakSecret).sent(kase, "a", accept, once, answer(200)), reports.NotExercised, "nothing was refused",
		},
		"other status": {
			newBench("SIG-15", wire, scenarios.JudgeStatus).twin(answer(200)).sent(kase, "a", refused, never, answer(403)).twin(answer(200)), reports.Fail, "another status",
		},
		"refused by a rate limiter, like its twins": {
			newBench("SIG-03", wire, "").twin(answer(429)).again(answer(200)).sent(kase, "a", refused, never, answer(429)).twin(answer(200)),
			reports.NotExercised, "rate limit",
		},
		"429 is a receiver's own refusal": {
			newBench("SIG-03", wire, "").twin(answer(200)).sent(kase, "a", refused, never, answer(429)).twin(answer(200)), reports.Pass, "",
		},
		"valid event held back by a rate limiter": {
			newBench("RAW-01", wire, "").sent(kase, "a", accept, once, answer(429)), reports.NotExercised, "rate limit",
		},
		"no crowd": {
			withEffects(newBench("IDEM-02", observed, "").crowd("a", 200, 429, 429), "a", 1).seen(map[string]int{"a": 1}), reports.NotExercised, "no crowd",
		},
		"a crowd with one turned away": {
			withEffects(newBench("IDEM-02", observed, "").crowd("a", 200, 200, 429), "a", 1).seen(map[string]int{"a": 1}), reports.Pass, "",
		},
		"copies turned away by a rate limiter": {
			newBench("IDEM-03", wire, scenarios.JudgeAll2xx).crowd("a", 200, 429), reports.NotExercised, "rate limit",
		},
		"a copy met a lock": {
			newBench("IDEM-03", wire, scenarios.JudgeAll2xx).crowd("a", 200, 503, 429), reports.Fail, "not acknowledged",
		},
		"429 is no other status": {
			newBench("SIG-15", wire, scenarios.JudgeStatus).twin(answer(200)).sent(kase, "a", refused, never, answer(429)).again(answer(401)).twin(answer(200)),
			reports.Pass, "",
		},
		"429 proves nothing for the whole run": {
			newBench("SIG-19", wire, scenarios.JudgeLeakTrace).twin(answer(200)).sent(kase, "a", refused, never, answer(429)).twin(answer(200)),
			reports.NotExercised, "no refusal lies between valid events",
		},
		"an effect that is still to come": {
			withEffects(newBench("IDEM-01", observed, "").sent(kase, "a", accept, once, answer(202)), "a", 1).seen(map[string]int{}).moving(),
			reports.NotObserved, "still coming",
		},
		"two effects while others are still to come": {
			withEffects(newBench("IDEM-01", observed, "").sent(kase, "a", accept, once, answer(202)), "a", 1).seen(map[string]int{"a": 2}).moving(),
			reports.Fail, "2 times",
		},
		"ledger: still to come": {
			newBench("LED-01", observed, scenarios.JudgeAcked).sent(kase, "a", accept, once, answer(202)).seen(map[string]int{}).moving(),
			reports.NotObserved, "still coming",
		},
		"endless answer": {
			newBench("HTTP-03", wire, scenarios.JudgeSize).sent(kase, "a", accept, once, mockclaude.Exchange{Status: 200, Err: mockclaude.ErrTooLarge}), reports.Fail, "bounded",
		},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			got := Check(tt.bench.input(), tt.bench.check.ID)
			if got.Status != tt.want || !strings.Contains(got.Why, tt.why) {
				t.Errorf("Check() = %s, %q; want %s, with %q", got.Status, got.Why, tt.want, tt.why)
			}
		})
	}
}

func missingDelivery() *bench {
	b := newBench("RAW-01", "wire", "").sent(kase, "a", accept, once, answer(200))
	b.rec.Attempts = nil
	return b
}

func withEffects(b *bench, id string, n int) *bench {
	b.c.Effects[id] = n
	return b
}

func untrusted() *bench {
	b := withEffects(newBench("IDEM-01", "observed", "").sent(kase, "a", accept, once, answer(200)), "a", 1).seen(map[string]int{"a": 1})
	b.effects.Trusted, b.effects.Why = false, "it forgot an event"
	return b
}

func TestStates(t *testing.T) {
	t.Parallel()
	tests := map[string]struct {
		judge, reported string
		want            reports.Status
	}{
		"right":                       {"", "completed", reports.Pass},
		"another spelling":            {"", "Succeeded", reports.Pass},
		"wrong":                       {"", "failed", reports.Fail},
		"absent":                      {"", "", reports.Pass},
		"a word with another meaning": {"", "processed", reports.Pass},
		"overwritten":                 {scenarios.JudgeState, "timed_out", reports.Fail},
		"nothing to compare":          {scenarios.JudgeState, "", reports.NotObserved},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			b := withEffects(newBench("PAY-12", "observed", tt.judge).sent(kase, "a", accept, once, answer(200)), "a", 1).seen(map[string]int{"a": 1})
			b.c.State = map[string]string{"a": "completed"}
			b.effects.States["a"] = tt.reported
			if got := Check(b.input(), "PAY-12"); got.Status != tt.want {
				t.Errorf("Check() = %s, %q; want %s", got.Status, got.Why, tt.want)
			}
		})
	}
}

func TestLatencyByNearestRank(t *testing.T) {
	t.Parallel()
	tests := map[string]struct {
		slow int
		want reports.Status
	}{
		"none slow":      {0, reports.Pass},
		"two of 200":     {2, reports.Pass},
		"three of 200":   {3, reports.Fail},
		"all of them":    {200, reports.Fail},
		"ended after 3":  {-3, reports.Fail},
		"too few at all": {-1, reports.NotExercised},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			b := newBench("TIME-01", "wire", scenarios.JudgeLatency)
			b.check.Limit = 500 * time.Millisecond
			step := plan.Step{Mode: scenarios.ModeConnection}
			for i := range 200 {
				d := plan.Delivery{Role: kase, Expect: accept, Effect: once}
				step.Deliveries = append(step.Deliveries, d)
				if tt.slow < 0 && i >= -tt.slow {
					continue
				}
				e := answer(200)
				if e.Duration = time.Millisecond; i < max(tt.slow, -tt.slow) {
					e.Duration = 600 * time.Millisecond
				}
				b.rec.Attempts = append(b.rec.Attempts, record.Attempt{Delivery: i, Exchange: e})
			}
			b.c.Steps = []plan.Step{step}
			if got := Check(b.input(), "TIME-01"); got.Status != tt.want {
				t.Errorf("Check() = %s, %q; want %s", got.Status, got.Why, tt.want)
			}
		})
	}
}

func TestDecide(t *testing.T) {
	t.Parallel()
	check := func(level reports.Level, need string, s reports.Status) reports.Check {
		return reports.Check{Level: level, Need: need, Status: s}
	}
	pass := check(reports.Must, "wire", reports.Pass)
	tests := map[string]struct {
		level  string
		strict bool
		checks []reports.Check
		want   reports.Verdict
		exit   int
	}{
		"all passed":                    {"wire", false, []reports.Check{pass}, reports.Conformant, 0},
		"a MUST failed":                 {"wire", false, []reports.Check{pass, check(reports.Must, "wire", reports.Fail)}, reports.Nonconformant, 1},
		"a SHOULD failed":               {"wire", false, []reports.Check{pass, check(reports.Should, "wire", reports.Fail)}, reports.Conformant, 0},
		"a SHOULD failed, strictly":     {"wire", true, []reports.Check{pass, check(reports.Should, "wire", reports.Fail)}, reports.Nonconformant, 1},
		"unobserved below the level":    {"observed", false, []reports.Check{pass, check(reports.Must, "observed", reports.NotObserved)}, reports.Incomplete, 3},
		"unobserved above the level":    {"wire", false, []reports.Check{pass, check(reports.Must, "observed", reports.NotObserved)}, reports.Conformant, 0},
		"managed is above observed":     {"observed", false, []reports.Check{pass, check(reports.Must, "managed", reports.NotObserved)}, reports.Conformant, 0},
		"a log is outside the levels":   {"observed", false, []reports.Check{pass, check(reports.Must, "log", reports.NotObserved)}, reports.Conformant, 0},
		"not exercised":                 {"wire", false, []reports.Check{pass, check(reports.Must, "wire", reports.NotExercised)}, reports.Incomplete, 3},
		"nothing passed":                {"wire", false, []reports.Check{check(reports.Must, "wire", reports.NotApplicable)}, reports.Incomplete, 3},
		"hookdrill failed":              {"wire", false, []reports.Check{pass, check(reports.Should, "wire", reports.Error)}, reports.Failed, 5},
		"a failure outweighs an error":  {"wire", false, []reports.Check{check(reports.Must, "wire", reports.Fail), check(reports.Must, "wire", reports.Error)}, reports.Nonconformant, 1},
		"advice alone, kept":            {"wire", false, []reports.Check{check(reports.Should, "wire", reports.Pass)}, reports.Conformant, 0},
		"advice alone, not kept":        {"wire", false, []reports.Check{check(reports.Should, "wire", reports.Pass), check(reports.Should, "wire", reports.Fail)}, reports.Incomplete, 3},
		"advice alone, unobserved":      {"observed", false, []reports.Check{check(reports.Should, "observed", reports.NotObserved)}, reports.Incomplete, 3},
		"information alone":             {"wire", false, []reports.Check{check(reports.Info, "wire", reports.Pass)}, reports.Incomplete, 3},
		"not applicable does not count": {"wire", false, []reports.Check{pass, check(reports.Must, "wire", reports.NotApplicable)}, reports.Conformant, 0},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			r := &reports.Report{Level: tt.level, Strict: tt.strict, Checks: tt.checks}
			decide(r)
			if r.Verdict != tt.want || r.ExitCode != tt.exit {
				t.Errorf("decide() = %s, exit %d; want %s, exit %d", r.Verdict, r.ExitCode, tt.want, tt.exit)
			}
		})
	}
}

func TestReconcileTurnsDisagreementIntoErrors(t *testing.T) {
	t.Parallel()
	tests := map[string]struct {
		status reports.Status
		states []string
		want   reports.Status
	}{
		"agree on pass":            {reports.Pass, []string{"passed"}, reports.Pass},
		"agree on fail":            {reports.Fail, []string{"passed", "failed"}, reports.Fail},
		"agree on skip":            {reports.NotExercised, []string{"skipped"}, reports.NotExercised},
		"no spec ran":              {reports.Pass, nil, reports.Error},
		"spec failed, records ok":  {reports.Pass, []string{"failed"}, reports.Error},
		"spec panicked":            {reports.Pass, []string{"panicked"}, reports.Error},
		"spec passed, records bad": {reports.Fail, []string{"passed"}, reports.Error},
		"spec skipped a pass":      {reports.Pass, []string{"skipped"}, reports.Error},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			r := &reports.Report{Level: "wire", Counts: map[reports.Status]int{}, Checks: []reports.Check{{ID: "SIG-03", Level: reports.Must, Need: "wire", Status: tt.status}}}
			Reconcile(r, map[string][]string{"SIG-03": tt.states}, nil)
			if r.Checks[0].Status != tt.want {
				t.Errorf("Reconcile() = %s, want %s", r.Checks[0].Status, tt.want)
			}
			if tt.want == reports.Error && r.ExitCode == 0 {
				t.Error("exit 0 in spite of a disagreement")
			}
		})
	}
}

// TestReconcileWithAFailureOfNoCheck: when a part of the suite failed that
// belongs to no check, hookdrill itself failed, whatever the checks say.
func TestReconcileWithAFailureOfNoCheck(t *testing.T) {
	t.Parallel()
	tests := map[string]struct {
		status      reports.Status
		state       string
		interrupted bool
		want        reports.Verdict
		exit        int
	}{
		"all passed":           {reports.Pass, "passed", false, reports.Failed, reports.ExitInternal},
		"a MUST failed":        {reports.Fail, "failed", false, reports.Failed, reports.ExitInternal},
		"a MUST is unproven":   {reports.NotExercised, "skipped", false, reports.Failed, reports.ExitInternal},
		"the run was stopped":  {reports.Pass, "passed", true, reports.Incomplete, reports.ExitIncomplete},
		"stopped, a MUST fell": {reports.Fail, "failed", true, reports.Nonconformant, reports.ExitIncomplete},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			r := &reports.Report{Level: "wire", Counts: map[reports.Status]int{}, Interrupted: tt.interrupted, Checks: []reports.Check{{ID: "SIG-03", Level: reports.Must, Need: "wire", Status: tt.status}}}
			Reconcile(r, map[string][]string{"SIG-03": {tt.state}}, []string{"waits until effects stand still: boom"})
			if r.Verdict != tt.want || r.ExitCode != tt.exit {
				t.Errorf("Reconcile() = %s, exit %d; want %s, exit %d", r.Verdict, r.ExitCode, tt.want, tt.exit)
			}
		})
	}
}
