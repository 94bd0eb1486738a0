package main

import (
	"errors"
	"fmt"
	"strconv"
	"strings"
	"time"
)

// size is a flag for a number of bytes above 0: 1048576, 1MiB, 64 KiB.
type size int64

const maxSize = 1 << 30

func (s *size) Type() string { return "SIZE" }

func (s *size) String() string {
	for _, unit := range sizeUnits() {
		if n := int64(*s); n >= unit.bytes && n%unit.bytes == 0 {
			return strconv.FormatInt(n/unit.bytes, 10) + unit.name
		}
	}
	return "0"
}

func (s *size) Set(text string) error {
	digits, bytes := text, int64(1)
	for _, unit := range sizeUnits() {
		if rest, found := strings.CutSuffix(text, unit.name); found && unit.name != "" {
			digits, bytes = strings.TrimSuffix(rest, " "), unit.bytes
			break
		}
	}
	n, err := strconv.ParseInt(digits, 10, 64)
	if err != nil || n < 1 || n > maxSize/bytes {
		return fmt.Errorf("want bytes, KiB or MiB above 0 and up to 1024MiB, have %q", text)
	}
	*s = size(n * bytes)
	return nil
}

type sizeUnit struct {
	name  string
	bytes int64
}

func sizeUnits() []sizeUnit { return []sizeUnit{{"MiB", 1 << 20}, {"KiB", 1 << 10}, {"", 1}} }

// count is a flag for a number from 1.
type count int

const maxCount = 1 << 20

func (c *count) Type() string   { return "N" }
func (c *count) String() string { return strconv.Itoa(int(*c)) }

func (c *count) Set(text string) error {
	n, err := strconv.Atoi(text)
	if err != nil || n < 1 || n > maxCount {
		return fmt.Errorf("want a number from 1 to %d, have %q", maxCount, text)
	}
	*c = count(n)
	return nil
}

// span is a flag for a duration above 0.
type span time.Duration

func (d *span) Type() string   { return "DURATION" }
func (d *span) String() string { return time.Duration(*d).String() }

func (d *span) Set(text string) error {
	v, err := time.ParseDuration(text)
	if err != nil || v <= 0 {
		return fmt.Errorf("want a duration above 0, such as 1.5s or 10m, have %q", text)
	}
	*d = span(v)
	return nil
}

// delay is a flag for a duration that may be 0.
type delay time.Duration

func (d *delay) Type() string   { return "DURATION" }
func (d *delay) String() string { return time.Duration(*d).String() }

func (d *delay) Set(text string) error {
	v, err := time.ParseDuration(text)
	if err != nil || v < 0 {
		return fmt.Errorf("want a duration from 0, such as 5s, have %q", text)
	}
	*d = delay(v)
	return nil
}

// wrongs collects what the user has to put right, so that all of it can be
// said at once.
type wrongs struct {
	errs []error
	try  string
}

// add takes an error, of which there may be none.
func (w *wrongs) add(err error) {
	if err == nil {
		return
	}
	w.errs = append(w.errs, err)
	w.try = ""
	if one, ok := errors.AsType[*usageError](err); ok && len(w.errs) == 1 {
		w.try = one.try // a hint for one of several would pass for the cure of all
	}
}

// err is nil if nothing is wrong.
func (w *wrongs) err() error {
	switch len(w.errs) {
	case 0:
		return nil
	case 1:
		if _, ok := errors.AsType[*usageError](w.errs[0]); ok {
			return w.errs[0]
		}
	}
	return usage(w.try, "%w", errors.Join(w.errs...))
}

// speed is a flag for how many times shorter waits are.
type speed float64

func (v *speed) Type() string   { return "N" }
func (v *speed) String() string { return strconv.FormatFloat(float64(*v), 'g', -1, 64) }

func (v *speed) Set(text string) error {
	f, err := strconv.ParseFloat(text, 64)
	if err != nil || !(f > 0 && f <= 1e6) {
		return fmt.Errorf("want a number above 0 and up to 1000000, have %q", text)
	}
	*v = speed(f)
	return nil
}

// seed is a flag for what is drawn at random; 0 is a new one each time.
type seed uint64

func (v *seed) Type() string   { return "N" }
func (v *seed) String() string { return strconv.FormatUint(uint64(*v), 10) }

func (v *seed) Set(text string) error {
	n, err := strconv.ParseUint(text, 10, 64)
	if err != nil {
		return fmt.Errorf("want a number from 0 to 18446744073709551615, have %q", text)
	}
	*v = seed(n)
	return nil
}

// rate is a flag for events a second.
type rate float64

func (r *rate) Type() string   { return "EVENTS" }
func (r *rate) String() string { return r.of(float64(*r)) }

func (*rate) of(v float64) string { return strconv.FormatFloat(v, 'g', -1, 64) }

func (r *rate) Set(text string) error {
	v, err := strconv.ParseFloat(strings.TrimSuffix(text, "/s"), 64)
	if err != nil || !(v >= 0.01 && v <= 1e6) {
		return fmt.Errorf("want events a second, 0.01 to 1000000, have %q", text)
	}
	*r = rate(v)
	return nil
}
