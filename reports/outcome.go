package reports

// outcome is what a check amounts to for a reader: its status, with the level
// and strictness taken into account.
type outcome struct {
	key  string // stable: a CSS class
	word string // as a line of a list says it
	name string // as a heading or a row says it
	mark string // one sign, never without the word
}

// Keys of outcomes.
const (
	keyFail       = "fail"
	keyError      = "error"
	keyUnexercise = "not-exercised"
	keyUnseen     = "not-observed"
	keyAdvice     = "advice"
	keyRecorded   = "recorded"
	keyKnown      = "known"
	keyStale      = "stale"
	keyNA         = "na"
	keyPass       = "pass"
	keyUnknown    = "unknown"
)

// outcomes lists every outcome in the order in which reports show them.
func outcomes() []outcome {
	return []outcome{
		{keyFail, "FAIL", "Failed", "✗"},
		{keyError, "error", "Errors", "!"},
		{keyUnknown, "unknown", "Unknown status", "?"},
		{keyUnexercise, "not exercised", "Not exercised", "○"},
		{keyUnseen, "not observed", "Not observed", "?"},
		{keyStale, "stale baseline", "Stale in the baseline", "!"},
		{keyAdvice, "advice", "Advice", "▲"},
		{keyKnown, "known failure", "Known failures", "≈"},
		{keyRecorded, "recorded", "Recorded", "·"},
		{keyNA, "n/a", "Not applicable", "–"},
		{keyPass, "pass", "Passed", "✓"},
	}
}

// decides says whether a failure of level l decides the verdict. A level that
// is unknown decides: doubt must not look like a pass.
func decides(l Level, strict bool) bool {
	return l != Info && (l != Should || strict)
}

func outcomeKey(c *Check, strict bool) string {
	switch c.Status {
	case Pass:
		return keyPass
	case Fail:
		switch {
		case decides(c.Level, strict):
			return keyFail
		case c.Level == Should:
			return keyAdvice
		default:
			return keyRecorded
		}
	case Error:
		return keyError
	case NotExercised:
		return keyUnexercise
	case NotObserved:
		return keyUnseen
	case NotApplicable:
		return keyNA
	case KnownFail:
		return keyKnown
	case StaleBaseline:
		return keyStale
	default:
		return keyUnknown
	}
}

func outcomeOf(c *Check, strict bool) outcome {
	key := outcomeKey(c, strict)
	for _, o := range outcomes() {
		if o.key == key {
			return o
		}
	}
	return outcome{key: key, word: key, name: key, mark: "?"}
}

// group is the checks of one outcome, in the order of the report.
type group struct {
	outcome
	checks []*Check
}

// groups sorts the checks of r by outcome. Outcomes without a check are there
// too, empty.
func groups(r *Report) []group {
	var all []group
	at := map[string]int{}
	for i, o := range outcomes() {
		all = append(all, group{outcome: o})
		at[o.key] = i
	}
	for i := range r.Checks {
		g := &all[at[outcomeKey(&r.Checks[i], r.Strict)]]
		g.checks = append(g.checks, &r.Checks[i])
	}
	return all
}

// pick gives the group with a key.
func pick(gs []group, key string) group {
	for _, g := range gs {
		if g.key == key {
			return g
		}
	}
	return group{}
}

// badCases gives the cases of c that explain its status, or, where no case
// does, none.
func badCases(c *Check) []*Case {
	var bad []*Case
	for i := range c.Cases {
		if c.Cases[i].Status != Pass && (c.Cases[i].Status == c.Status || c.Status == KnownFail && c.Cases[i].Status == Fail) {
			bad = append(bad, &c.Cases[i])
		}
	}
	return bad
}

// reason says in one sentence why c has its status.
func reason(c *Check) string {
	if c.Why != "" {
		return c.Why
	}
	for _, bad := range badCases(c) {
		if bad.Why != "" {
			return bad.Why
		}
	}
	return ""
}
