package loadtest

import (
	"math"
	"slices"
	"strings"
	"testing"
	"time"
)

func TestProfiles(t *testing.T) {
	t.Parallel()
	for _, profile := range Profiles() {
		for _, d := range []time.Duration{time.Second, 7 * time.Second, profile.Duration, time.Hour} {
			p := profile.Phase(200, d)
			if err := p.Validate(); err != nil {
				t.Errorf("%s for %s: %v", profile.Name, d, err)
			}
			if p.Duration() != d || p.Peak() > 200 {
				t.Errorf("%s for %s lasts %s, up to %v a second", profile.Name, d, p.Duration(), p.Peak())
			}
			if d >= 5*time.Second && p.Peak() != 200 {
				t.Errorf("%s for %s never gets to its rate, but to %v", profile.Name, d, p.Peak())
			}
		}
	}
	if _, ok := ProfileNamed("sawtooth"); ok {
		t.Error("a profile that there is not")
	}
}

// TestStagesFollowWithoutAGap: around the border of two stages events come as each asks
// for.
func TestStagesFollowWithoutAGap(t *testing.T) {
	t.Parallel()
	p := Phase{Stages: []Stage{{time.Second, 10, 0}, {time.Second, 100, 0}, {2 * time.Second, 100, 20}, {time.Second, 20, 0}}}
	got := due(p, 1)
	if !slices.IsSorted(got) || math.Abs(float64(len(got))-p.Events()) > 1 {
		t.Fatalf("%d events, want %v", len(got), p.Events())
	}
	count := func(from, to time.Duration) (n int) {
		for _, at := range got {
			if at >= from && at < to {
				n++
			}
		}
		return n
	}
	for _, c := range []struct {
		from, to time.Duration
		want     int
	}{{0, time.Second, 10}, {time.Second, 2 * time.Second, 100}, {2 * time.Second, 4 * time.Second, 120}, {4 * time.Second, 5 * time.Second, 20}} {
		if n := count(c.from, c.to); n < c.want-1 || n > c.want+1 {
			t.Errorf("%d events from %s to %s, want %d", n, c.from, c.to, c.want)
		}
	}
	for at, want := range map[time.Duration]float64{0: 10, 1500 * time.Millisecond: 100, 3 * time.Second: 60, 5 * time.Second: 20} {
		if have := p.rate(at); math.Abs(have-want) > 1e-9 {
			t.Errorf("rate at %s: %v, want %v", at, have, want)
		}
	}
	if p.Mean() != 50 || p.Peak() != 100 {
		t.Errorf("mean %v, peak %v", p.Mean(), p.Peak())
	}
	p.Poisson = true
	if n := len(due(p, 2)); n < 190 || n > 310 {
		t.Errorf("%d random events, want about 250", n)
	}
}

func TestParseStages(t *testing.T) {
	t.Parallel()
	p, err := ParseStages([]byte("arrival: poisson\nstages:\n  - {duration: 30s, rate: 10, to: 100}\n  - {duration: 1m, rate: 100}\n"))
	want := []Stage{{30 * time.Second, 10, 100}, {time.Minute, 100, 0}}
	if err != nil || !p.Poisson || !slices.Equal(p.Stages, want) {
		t.Errorf("%+v, %v", p, err)
	}
	for text, problem := range map[string]string{
		"":           "stages: want 1",
		"stages: []": "stages: want 1",
		"stages: 3":  "1",
		"stage: []":  "stage",
		"arrival: often\nstages: [{duration: 1s, rate: 1}]": "arrival: want constant or poisson",
		"stages: [{duration: 10, rate: 1}]":                 "no duration",
		"stages: [{duration: 1s, rate: fast}]":              "rate",
		"stages: [{duration: 1s}]":                          "rate: want",
		"stages: [{duration: 1s, rate: 1, speed: 2}]":       "speed",
	} {
		if _, err := ParseStages([]byte(text)); err == nil || !strings.Contains(err.Error(), problem) {
			t.Errorf("%q: %v, want …%s…", text, err, problem)
		}
	}
}
