package verifiers

import (
	"slices"
	"testing"

	"hookdrill/contract"
	"hookdrill/mockclaude"
)

// draws is how many events of each type are drawn: payloads vary.
const draws = 4

// TestEveryEventIsAccepted by every verifier of its provider.
func TestEveryEventIsAccepted(t *testing.T) {
	t.Parallel()
	eachContract(t, func(t *testing.T, c *contract.Contract) {
		checks := verifiers()[c.Name]
		if len(checks) == 0 {
			t.Fatal("nobody verifies this contract; add its provider's verifier")
		}
		w := newWire(t, c)
		for _, typ := range types(c) {
			for seed := range uint64(draws) {
				got := w.send(t, w.delivery(t, typ, seed))
				for name, verify := range checks {
					if err := verify(key, got.header, got.body); err != nil {
						t.Errorf("%s refuses %s: %v\n%v\n%s", name, typ, err, got.header, got.body)
					}
				}
			}
		}
	})
}

// TestEveryRotationIsAccepted: one of several signatures is right, wherever it stands.
func TestEveryRotationIsAccepted(t *testing.T) {
	t.Parallel()
	eachContract(t, func(t *testing.T, c *contract.Contract) {
		if c.Signature.Several == "" {
			t.Log("never more than one signature")
			return
		}
		w := newWire(t, c)
		d := w.delivery(t, c.Types[0].Name, 1)
		for _, list := range [][]string{
			{mockclaude.ListRight, mockclaude.ListWrong},
			{mockclaude.ListWrong, mockclaude.ListRight},
			{mockclaude.ListPrevious, mockclaude.ListRight},
			{mockclaude.ListRight, mockclaude.ListPrevious},
			{mockclaude.ListWrong, mockclaude.ListPrevious, mockclaude.ListRight},
		} {
			d.Sign.List = list
			got := w.send(t, d)
			for name, verify := range verifiers()[c.Name] {
				if err := verify(key, got.header, got.body); err != nil {
					t.Errorf("%s refuses %v: %v\n%v", name, list, err, got.header)
				}
				if err := verify(previous, got.header, got.body); (err == nil) != slices.Contains(list, mockclaude.ListPrevious) {
					t.Errorf("%s with the previous key and %v: %v", name, list, err)
				}
			}
		}
	})
}
