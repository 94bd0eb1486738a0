package plan

import (
	"errors"
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"

	"hookdrill/contract"
	"hookdrill/internal/suggest"
	"hookdrill/scenarios"
)

// Input is all that a plan depends on.
type Input struct {
	Contract     *contract.Contract
	Requirements []contract.Requirement
	Scenarios    []scenarios.Scenario
	Seed         uint64
	// Only and Skip select by requirement id, family, or requirement/case.
	// An empty Only selects everything.
	Only, Skip []string
	// Baseline are the ids that a baseline lists: requirements, or requirement/case.
	Baseline []string
	// Quick leaves out slow scenarios.
	Quick bool
	// HTTPS says that the target's URL is https, PreviousKey that a previous
	// key is configured: some requirements apply only then.
	HTTPS, PreviousKey bool
	// Managed says that the receiver can be stopped and started: requirements that need
	// that are checked then, without scenarios.
	Managed bool
	// WhsecKey says that the key is whsec_ and base64: deriving it otherwise is
	// then a mistake worth trying.
	WhsecKey bool
	// IsKey reports whether a text is a key that the receiver takes, nil for never: what is
	// signed with it is no forgery.
	IsKey func(string) bool
}

// genuine reports whether a case that means to sign with a wrong key would sign with the right one.
func genuine(raw scenarios.Case, in Input) bool {
	return in.IsKey != nil && slices.ContainsFunc(raw.Steps, func(s scenarios.Step) bool {
		return s.Sign != nil && s.Sign.Key != nil && in.IsKey(*s.Sign.Key)
	})
}

// ErrEmpty is returned when a selection selects nothing.
var ErrEmpty = errors.New("the selection is empty: no requirement is left to check")

// SelectionError is an id that names nothing.
type SelectionError struct {
	Flag, ID, Nearest string
}

func (e *SelectionError) Error() string {
	msg := fmt.Sprintf("%s: no requirement, family or case is called %q", e.Flag, e.ID)
	if e.Nearest != "" {
		msg += fmt.Sprintf("; did you mean %q?", e.Nearest)
	}
	return msg + " (hookdrill requirements lists them)"
}

// Build draws the plan. It returns [ErrEmpty] when nothing is selected and a
// [*SelectionError] for an id that is not known.
func Build(in Input) (*Plan, error) {
	cases, err := drawAll(in)
	if err != nil {
		return nil, err
	}
	only, err := newSelector("--only", in.Only, in, cases)
	if err != nil {
		return nil, err
	}
	skip, err := newSelector("--skip", in.Skip, in, cases)
	if err != nil {
		return nil, err
	}
	if err := listed(in, cases); err != nil {
		return nil, err
	}
	p := &Plan{Seed: in.Seed, Contract: in.Contract, Partial: map[string]bool{}}
	for _, sc := range in.Scenarios {
		p.Guessable = p.Guessable || slices.ContainsFunc(sc.Cases, func(raw scenarios.Case) bool { return genuine(raw, in) })
	}
	needed := map[string]bool{} // requirements read by a selected one
	chosen := map[string]bool{}
	for _, r := range in.Requirements {
		sc := find(in.Scenarios, r.ID)
		if in.Managed && r.Need == contract.NeedManaged {
			r.Unchecked = ""
		}
		if sc == nil && r.Unchecked == "" && r.Need != contract.NeedManaged {
			return nil, fmt.Errorf("build plan: requirement %s has no scenario and no stated reason", r.ID)
		}
		quick := in.Quick && sc != nil && sc.Slow
		if (len(in.Only) > 0 && !only.requirement(r)) || skip.whole(r) || quick {
			p.LeftOut = append(p.LeftOut, r.ID)
			continue
		}
		check := Check{Requirement: r}
		if sc != nil {
			check.Judge, check.Limit, check.Reads, check.Status = sc.Judge, sc.Limit, sc.Reads, sc.Status
			check.NotApplicable = applicable(r.ID, sc.When, in)
			if check.NotApplicable == "" && sends(sc) && !slices.ContainsFunc(cases, func(c *Case) bool { return c.Requirement == r.ID }) {
				check.NotApplicable = fmt.Sprintf("the contract %s has no place for what the cases change", in.Contract.Name)
			}
			for _, id := range sc.Reads {
				needed[id] = true
			}
		}
		chosen[r.ID] = true
		p.Checks = append(p.Checks, check)
	}
	if len(p.Checks) == 0 {
		return nil, ErrEmpty
	}
	p.Narrowed = len(p.LeftOut) > 0
	first, err := Preflight(in)
	if err != nil {
		return nil, err
	}
	p.Cases = append(p.Cases, first)
	for _, c := range cases {
		sc := find(in.Scenarios, c.Requirement)
		if applicable(c.Requirement, sc.When, in) != "" {
			continue
		}
		own := chosen[c.Requirement] && (len(in.Only) == 0 || only.one(c)) && !skip.one(c)
		read := needed[c.Requirement] && !(in.Quick && sc.Slow)
		if own || read {
			p.Cases = append(p.Cases, c)
		} else if chosen[c.Requirement] {
			p.Narrowed, p.Partial[c.Requirement] = true, true
		}
	}
	canaries := source(in.Seed, "canary", "")
	for range 3 {
		p.Canaries = append(p.Canaries, canary(in.Contract, canaries))
	}
	return p, nil
}

// canary is an id like the contract's that no event has.
func canary(c *contract.Contract, rng *rand.Rand) string {
	f := c.IDForm()
	if f.Kind == contract.FillUUID {
		text := draw(rng, hexDigits, 32)
		return f.Prefix + text[:8] + "-" + text[8:12] + "-4" + text[13:16] + "-8" + text[17:20] + "-" + text[20:]
	}
	digits := map[string]string{contract.FillRandomHex: hexDigits, contract.FillRandomDigits: "123456789"}[f.Kind]
	if digits == "" {
		digits = idDigits
	}
	return f.Prefix + draw(rng, digits, f.Size)
}

// listed refuses ids of a baseline that name nothing; a family is too much to excuse.
func listed(in Input, cases []*Case) error {
	if _, err := newSelector("--baseline", in.Baseline, in, cases); err != nil {
		return err
	}
	for _, id := range in.Baseline {
		if !strings.Contains(id, "-") {
			return &SelectionError{Flag: "--baseline", ID: id, Nearest: suggest.Nearest(id+"-01", []string{id + "-01"})}
		}
	}
	return nil
}

func drawAll(in Input) ([]*Case, error) {
	var all []*Case
	for _, sc := range in.Scenarios {
		if !slices.ContainsFunc(in.Requirements, func(r contract.Requirement) bool { return r.ID == sc.Requirement }) {
			return nil, fmt.Errorf("build plan: scenario %s has no row in the catalogue", sc.Requirement)
		}
	}
	for i := range in.Scenarios {
		sc := &in.Scenarios[i]
		for _, raw := range sc.Cases {
			if applicable(sc.Requirement, sc.When, in) != "" || !carried(raw.When, in) || genuine(raw, in) {
				continue
			}
			for _, each := range expand(raw, in.Contract) {
				c, err := drawCase(in, sc, each)
				if errors.Is(err, errNoPlace) {
					continue
				}
				if err != nil {
					return nil, fmt.Errorf("plan %s/%s: %w", sc.Requirement, each.name, err)
				}
				all = append(all, c)
			}
		}
	}
	order := map[string]int{}
	for i, r := range in.Requirements {
		order[r.ID] = i
	}
	slices.SortStableFunc(all, func(a, b *Case) int { return order[a.Requirement] - order[b.Requirement] })
	return all, nil
}

// variant is a case of a scenario with its {{each}} decided.
type variant struct {
	scenarios.Case
	name string
	each string
}

func expand(c scenarios.Case, con *contract.Contract) []variant {
	field := con.SubjectPath()
	c.Name = strings.ReplaceAll(c.Name, "{{subject_field}}", field[strings.LastIndex(field, ".")+1:])
	var names []string
	switch c.Each {
	case scenarios.EachType:
		for _, t := range con.Types {
			names = append(names, t.Name)
		}
	case scenarios.EachAuthHeader:
		for _, name := range con.AuthHeaders() {
			if !strings.EqualFold(name, con.Signature.Header) {
				names = append(names, name)
			}
		}
	default:
		return []variant{{c, c.Name, ""}}
	}
	var out []variant
	for _, name := range names {
		out = append(out, variant{c, strings.ReplaceAll(c.Name, "{{each}}", name), name})
	}
	return out
}

// sends reports whether a scenario has cases that send something.
func sends(sc *scenarios.Scenario) bool {
	return slices.ContainsFunc(sc.Cases, func(c scenarios.Case) bool { return len(c.Steps) > 0 })
}

func find(all []scenarios.Scenario, requirement string) *scenarios.Scenario {
	for i := range all {
		if all[i].Requirement == requirement {
			return &all[i]
		}
	}
	return nil
}

// selector is a parsed --only or --skip.
type selector struct {
	ids, families, cases map[string]bool
}

func newSelector(flag string, words []string, in Input, cases []*Case) (selector, error) {
	s := selector{map[string]bool{}, map[string]bool{}, map[string]bool{}}
	known := []string{}
	ids, families, full := map[string]bool{}, map[string]bool{}, map[string]bool{}
	for _, r := range in.Requirements {
		ids[r.ID], families[r.Family] = true, true
		known = append(known, r.ID)
	}
	for f := range families {
		known = append(known, f)
	}
	for _, c := range cases {
		full[c.ID] = true
		known = append(known, c.ID)
	}
	slices.Sort(known)
	for _, w := range words {
		switch {
		case ids[w]:
			s.ids[w] = true
		case families[w]:
			s.families[w] = true
		case full[w]:
			s.cases[w] = true
		default:
			return s, &SelectionError{Flag: flag, ID: w, Nearest: suggest.Nearest(w, known)}
		}
	}
	return s, nil
}

// whole reports whether the selector names the requirement as a whole.
func (s selector) whole(r contract.Requirement) bool { return s.ids[r.ID] || s.families[r.Family] }

// requirement reports whether the selector names the requirement or a case of it.
func (s selector) requirement(r contract.Requirement) bool {
	if s.whole(r) {
		return true
	}
	for id := range s.cases {
		if strings.HasPrefix(id, r.ID+"/") {
			return true
		}
	}
	return false
}

func (s selector) one(c *Case) bool {
	family, _, _ := strings.Cut(c.Requirement, "-")
	return s.ids[c.Requirement] || s.families[family] || s.cases[c.ID]
}
