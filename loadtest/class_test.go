package loadtest

import (
	"math"
	"strings"
	"testing"
)

func TestParseMix(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]string{
		"valid=90,duplicate=5,forged=3,stale=2": "valid=90,duplicate=5,forged=3,stale=2",
		"stale=1, valid=0.5":                    "valid=0.5,stale=1",
		"valid=1,forged=0":                      "valid=1",
	} {
		m, err := ParseMix(text)
		if err != nil || m.String() != want {
			t.Errorf("ParseMix(%q) = %s, %v, want %s", text, m, err, want)
		}
	}
	for text, want := range map[string]string{
		"":                  "unknown class",
		"valid":             "want a number",
		"valid=-1":          "want a number",
		"valid=NaN":         "want a number",
		"valid=1,valid=2":   "twice",
		"forged=1":          "without valid events",
		"valid=1,stael=2":   `"stael"`,
		"valid=x,forged=1y": "forged",
	} {
		if _, err := ParseMix(text); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("ParseMix(%q): %v, want …%s…", text, err, want)
		}
	}
}

func TestDeck(t *testing.T) {
	t.Parallel()
	m, err := ParseMix("valid=90,duplicate=5,forged=3,stale=2")
	if err != nil {
		t.Fatal(err)
	}
	d := newDeck(m, 9)
	const n = 200_000
	var count [classes]float64
	for i := range uint64(n) {
		c, of := d.card(i)
		count[c]++
		if again, same := d.card(i); again != c || same != of {
			t.Fatal("the same number gave another card")
		}
		if c != Duplicate {
			if of != i {
				t.Fatalf("the %s request %d has the event %d", c, i, of)
			}
			continue
		}
		if original, own := d.card(of); original != Valid || own != of || i-of < nearest || i-of > farthest {
			t.Fatalf("request %d repeats %d, which is %s", i, of, original)
		}
	}
	for c, want := range map[Class]float64{Valid: .9, Duplicate: .05, Forged: .03, Stale: .02} {
		if got := count[c] / n; math.Abs(got-want) > 0.003 {
			t.Errorf("%s: %v of the requests, want %v", c, got, want)
		}
	}
	plain := newDeck(Mix{}, 1)
	for i := range uint64(1000) {
		if c, _ := plain.card(i); c != Valid {
			t.Fatal("without a mix not all are valid")
		}
	}
}
