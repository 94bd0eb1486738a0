package loadtest

import (
	"errors"
	"fmt"
	"strconv"
	"strings"
)

// Class is what a request of a load is.
type Class int

// The classes of requests.
const (
	// Valid: a new event, rightly signed.
	Valid Class = iota
	// Duplicate: an earlier valid event again, stamped and signed anew.
	Duplicate
	// Forged: a new event, signed with a wrong key.
	Forged
	// Stale: a new event, rightly signed for a moment that is too long ago.
	Stale
	classes int = iota
)

// Classes lists the classes.
func Classes() []Class { return []Class{Valid, Duplicate, Forged, Stale} }

// String is the name of the class.
func (c Class) String() string { return [...]string{"valid", "duplicate", "forged", "stale"}[c] }

// Refused is true for a class that a receiver must refuse.
func (c Class) Refused() bool { return c == Forged || c == Stale }

// Mix is the share of each class. Its zero value is valid events alone.
type Mix [classes]float64

// ParseMix reads shares such as valid=90,duplicate=5,forged=3,stale=2. They
// need not add up to 100: they are relative to each other. Valid events must be
// among them.
func ParseMix(text string) (Mix, error) {
	var m Mix
	var errs []error
	seen := map[Class]bool{}
	for part := range strings.SplitSeq(text, ",") {
		name, value, _ := strings.Cut(strings.TrimSpace(part), "=")
		c, ok := classNamed(name)
		share, err := strconv.ParseFloat(value, 64)
		switch {
		case !ok:
			errs = append(errs, fmt.Errorf("unknown class %.40q; there are valid, duplicate, forged, stale", name))
		case seen[c]:
			errs = append(errs, fmt.Errorf("%s is given twice", name))
		case err != nil || !(share >= 0 && share <= 1e6):
			errs = append(errs, fmt.Errorf("%s: want a number from 0, have %.40q", name, value))
		default:
			m[c] = share
		}
		seen[c] = true
	}
	if err := errors.Join(errs...); err != nil {
		return Mix{}, err
	}
	if m[Valid] == 0 {
		return Mix{}, errors.New("valid: want more than 0, for without valid events nothing is proved")
	}
	return m, nil
}

func classNamed(name string) (Class, bool) {
	for _, c := range Classes() {
		if c.String() == name {
			return c, true
		}
	}
	return 0, false
}

// String writes a mix the way ParseMix reads it.
func (m Mix) String() string {
	var parts []string
	for _, c := range Classes() {
		if m[c] > 0 {
			parts = append(parts, c.String()+"="+strconv.FormatFloat(m[c], 'g', -1, 64))
		}
	}
	if len(parts) == 0 {
		return "valid=1"
	}
	return strings.Join(parts, ",")
}

// deck says of each request of a load what it is. What it says of a number depends
// on the seed and the mix alone, so that nothing has to be kept.
type deck struct {
	seed  uint64
	under [classes]float64 // the upper bounds of the classes within 0 to 1
}

func newDeck(m Mix, seed uint64) deck {
	d := deck{seed: seed}
	total := 0.0
	for _, share := range m {
		total += share
	}
	if total == 0 {
		m[Valid], total = 1, 1
	}
	sum := 0.0
	for c, share := range m {
		sum += share
		d.under[c] = sum / total
	}
	return d
}

// mixed is a well-mixed number made from two (the finalizer of SplitMix64).
func mixed(seed, n uint64) uint64 {
	z := seed + (n+1)*0x9e3779b97f4a7c15
	z = (z ^ z>>30) * 0xbf58476d1ce4e5b9
	z = (z ^ z>>27) * 0x94d049bb133111eb
	return z ^ z>>31
}

// drawn is the class that the number draws.
func (d deck) drawn(n uint64) Class {
	x := float64(mixed(d.seed, n)>>11) / (1 << 53)
	for c, under := range d.under {
		if x < under {
			return Class(c)
		}
	}
	return Valid
}

const (
	// nearest and farthest bound how many requests lie between an event and its
	// duplicate; the least gives the first time to be answered.
	nearest, farthest = 50, 1050
	// tries bounds the search for a valid event to repeat.
	tries = 20
)

// card is what the request with a number is: its class, and the number of its event,
// which is its own but for a duplicate.
func (d deck) card(n uint64) (Class, uint64) {
	c := d.drawn(n)
	if c != Duplicate {
		return c, n
	}
	for try := range uint64(tries) {
		back := nearest + mixed(d.seed^n, try)%(farthest-nearest)
		if back <= n && d.drawn(n-back) == Valid {
			return Duplicate, n - back
		}
	}
	return Valid, n // there is nothing to repeat yet
}
