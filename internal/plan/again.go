package plan

import (
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
)

// Again is the plan that carries out one case of an earlier run once more: behind the preflight, as it was but
// for the ids of its events and tasks. A receiver that has processed an event answers its copy without
// looking at it, and has its effect already: with the old ids the case would meet its own leftovers.
//
// The new ids keep whatever the old ones had to do with each other and with the text around them: their length, their
// kind of characters, and that two of them differ in the case of their letters only.
func Again(in Input, check Check, old *Case) (*Plan, error) {
	rng := source(in.Seed, "again", old.ID)
	c, err := renamed(old, rng)
	if err != nil {
		return nil, err
	}
	first, err := Preflight(in)
	if err != nil {
		return nil, err
	}
	p := &Plan{
		Seed: in.Seed, Contract: in.Contract, Checks: []Check{check}, Cases: []*Case{first, c}, Narrowed: true,
		Partial: map[string]bool{check.ID: true},
	}
	for range 3 {
		p.Canaries = append(p.Canaries, canary(in.Contract, rng))
	}
	for _, r := range in.Requirements {
		if r.ID != check.ID {
			p.LeftOut = append(p.LeftOut, r.ID)
		}
	}
	return p, nil
}

// renamed is a copy of a case with other ids.
func renamed(old *Case, rng *rand.Rand) (*Case, error) {
	words := map[string]bool{}
	for _, d := range old.Deliveries() {
		for _, id := range []string{d.EventID, d.TaskID} {
			for _, w := range drawnWords(id) {
				words[w] = true
			}
		}
	}
	var all []string
	for w := range words {
		all = append(all, w)
	}
	// The longest first: a word may hold another one.
	slices.SortFunc(all, func(a, b string) int {
		if len(a) != len(b) {
			return len(b) - len(a)
		}
		return strings.Compare(a, b)
	})
	swap := substitution(rng)
	var pairs []string
	for _, w := range all {
		pairs = append(pairs, w, strings.Map(swap, w))
	}
	var text strings.Builder
	enc := json.NewEncoder(&text)
	enc.SetEscapeHTML(false)
	if err := enc.Encode(old); err != nil {
		return nil, fmt.Errorf("plan case again: %w", err)
	}
	var c Case
	if err := json.Unmarshal([]byte(strings.NewReplacer(pairs...).Replace(text.String())), &c); err != nil {
		return nil, fmt.Errorf("plan case again: %w", err)
	}
	return &c, nil
}

// leastWord is how long a run of letters and digits is at least that was drawn; a run of hexadecimal digits, as
// in a UUID, may have half of that. No word of a mutation is as long.
const leastWord = 16

// drawnWords are the parts of an id that were drawn at random.
func drawnWords(id string) []string {
	var out []string
	for _, w := range strings.FieldsFunc(id, func(r rune) bool { return !strings.ContainsRune(idDigits, r) }) {
		hex := strings.Trim(w, hexDigits) == "" && strings.ContainsAny(w, "0123456789")
		if len(w) >= leastWord || hex && len(w) >= leastWord/2 {
			out = append(out, w)
		}
	}
	return out
}

// substitution replaces letters by letters and digits by digits: upper case as lower case, hexadecimal digits by such, and no
// zero, which must not come first in a number.
func substitution(rng *rand.Rand) func(rune) rune {
	to := map[rune]rune{}
	for _, class := range []string{"123456789", "abcdef", "ghijklmnopqrstuvwxyz"} {
		// Each by the next of a shuffled ring: none stays what it was.
		ring := []rune(class)
		rng.Shuffle(len(ring), func(i, j int) { ring[i], ring[j] = ring[j], ring[i] })
		for i, r := range ring {
			next := ring[(i+1)%len(ring)]
			to[r] = next
			if r >= 'a' {
				to[r-'a'+'A'] = next - 'a' + 'A'
			}
		}
	}
	return func(r rune) rune {
		if n, ok := to[r]; ok {
			return n
		}
		return r
	}
}
