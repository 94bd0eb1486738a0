package faults

import (
	"fmt"
	"math"
	"slices"
	"strconv"
	"strings"
	"time"
)

// Option is one option of a fault, as documents and the API show it.
type Option struct {
	Name    string `json:"name"`
	Default string `json:"default"`
	// Range says which values are right.
	Range string `json:"range"`
	Does  string `json:"does"`
}

// options reads the options of a fault, and notes which there are.
type options struct {
	with  map[string]any
	known []Option
	asked map[string]bool
	errs  []error
}

func (o *options) ask(name, usual, right, does string) (any, bool) {
	o.known = append(o.known, Option{name, usual, right, does})
	if o.asked == nil {
		o.asked = map[string]bool{}
	}
	o.asked[name] = true
	v, ok := o.with[name]
	return v, ok
}

func (o *options) wrong(name, right string, v any) {
	o.errs = append(o.errs, fmt.Errorf("%s: want %s, have %.100q", name, right, fmt.Sprint(v)))
}

// integer is a whole number from low to high.
func (o *options) integer(name string, usual, low, high int, does string) int {
	right := fmt.Sprintf("a whole number from %d to %d", low, high)
	v, ok := o.ask(name, strconv.Itoa(usual), right, does)
	if !ok {
		return usual
	}
	n, ok := whole(v)
	if !ok || n < float64(low) || n > float64(high) {
		o.wrong(name, right, v)
		return usual
	}
	return int(n)
}

// whole is a value of YAML or JSON as a whole number.
func whole(v any) (float64, bool) {
	var f float64
	switch n := v.(type) {
	case int:
		f = float64(n)
	case int64:
		f = float64(n)
	case uint64:
		f = float64(n)
	case float64:
		f = n
	default:
		return 0, false
	}
	return f, f == math.Trunc(f) && !math.IsInf(f, 0)
}

// duration is a duration from low to high, as in Go.
func (o *options) duration(name string, usual, low, high time.Duration, does string) time.Duration {
	right := fmt.Sprintf("a duration from %s to %s", brief(low), brief(high))
	v, ok := o.ask(name, brief(usual), right, does)
	if !ok {
		return usual
	}
	text, _ := v.(string)
	d, err := time.ParseDuration(text)
	if n, zero := whole(v); zero && n == 0 {
		d, err = 0, nil
	}
	if err != nil || d < low || d > high {
		o.wrong(name, right, v)
		return usual
	}
	return d
}

// brief writes 10m rather than 10m0s.
func brief(d time.Duration) string {
	s := d.String()
	if strings.HasSuffix(s, "m0s") {
		s = strings.TrimSuffix(s, "0s")
	}
	if strings.HasSuffix(s, "h0m") {
		s = strings.TrimSuffix(s, "0m")
	}
	return s
}

func (o *options) boolean(name string, usual bool, does string) bool {
	const right = "true or false"
	v, ok := o.ask(name, strconv.FormatBool(usual), right, does)
	if !ok {
		return usual
	}
	b, ok := v.(bool)
	if !ok {
		o.wrong(name, right, v)
	}
	return b
}

// word is one of some words.
func (o *options) word(name, usual string, words []string, does string) string {
	right := "one of " + strings.Join(words, ", ")
	v, ok := o.ask(name, usual, right, does)
	if !ok {
		return usual
	}
	s, _ := v.(string)
	if !slices.Contains(words, s) {
		o.wrong(name, right, v)
	}
	return s
}
