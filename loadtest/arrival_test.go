package loadtest

import (
	"math"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
	"time"
)

func seeded(n uint64) *rand.Rand { return rand.New(rand.NewPCG(n, n)) }

// due lists the moments of a phase that are before its end.
func due(p Phase, seed uint64) []time.Duration {
	next := p.dues(seeded(seed))
	var out []time.Duration
	for {
		at := next()
		if at >= p.Duration() {
			return out
		}
		out = append(out, at)
	}
}

func TestConstantArrivals(t *testing.T) {
	t.Parallel()
	got := due(Steady(100, 50*time.Millisecond), 1)
	want := []time.Duration{0, 10 * time.Millisecond, 20 * time.Millisecond, 30 * time.Millisecond, 40 * time.Millisecond}
	if !slices.Equal(got, want) {
		t.Errorf("due at %v, want %v", got, want)
	}
	// A day later the schedule has not drifted.
	if at := moment(100*86400, 100, 0); at != 24*time.Hour {
		t.Errorf("event 8 640 000 at 100/s is due at %s", at)
	}
}

func TestRamps(t *testing.T) {
	t.Parallel()
	for name, p := range map[string]Phase{
		"up":     {Stages: []Stage{{10 * time.Second, 10, 1000}}},
		"down":   {Stages: []Stage{{10 * time.Second, 1000, 10}}},
		"steady": {Stages: []Stage{{10 * time.Second, 500, 500}}},
	} {
		got := due(p, 1)
		if math.Abs(float64(len(got))-p.Events()) > 1 {
			t.Errorf("%s: %d events, want %v", name, len(got), p.Events())
		}
		if !slices.IsSorted(got) {
			t.Errorf("%s: not in order", name)
		}
		for _, at := range []time.Duration{2 * time.Second, 7 * time.Second} {
			count := 0
			for _, d := range got {
				if d >= at-500*time.Millisecond && d < at+500*time.Millisecond {
					count++
				}
			}
			if math.Abs(float64(count)-p.rate(at)) > 2 {
				t.Errorf("%s: %d events in the second around %s, want %v", name, count, at, p.rate(at))
			}
		}
	}
}

func TestPoissonArrivals(t *testing.T) {
	t.Parallel()
	p := Steady(100, 100*time.Second)
	p.Poisson = true
	got := due(p, 3)
	if len(got) < 9600 || len(got) > 10400 { // four standard deviations
		t.Errorf("%d events, want about 10 000", len(got))
	}
	// The waits of a Poisson process have a standard deviation as large as their mean.
	var sum, squares float64
	for i := 1; i < len(got); i++ {
		w := (got[i] - got[i-1]).Seconds()
		sum += w
		squares += w * w
	}
	n := float64(len(got) - 1)
	mean := sum / n
	if cv := math.Sqrt(squares/n-mean*mean) / mean; cv < 0.95 || cv > 1.05 {
		t.Errorf("the waits' coefficient of variation is %v, want 1", cv)
	}
	if !slices.Equal(got, due(p, 3)) || slices.Equal(got, due(p, 4)) {
		t.Error("the moments do not follow the seed")
	}
}

func TestPhasesAreChecked(t *testing.T) {
	t.Parallel()
	for want, p := range map[string]Phase{
		"stages: want": {},
		"duration: ":   Steady(1, 0),
		"rate: ":       Steady(0, time.Second),
		"to: ":         {Stages: []Stage{{time.Second, 1, 2e6}}},
		"25h":          Steady(1, 25*time.Hour),
		"NaN":          Steady(math.NaN(), time.Second),
		"stage 2: ":    {Stages: []Stage{{time.Second, 1, 0}, {time.Second, -1, 0}}},
		"48h":          {Stages: []Stage{{24 * time.Hour, 1, 0}, {24 * time.Hour, 1, 0}}},
		"are too many": Steady(1e6, time.Hour),
	} {
		if err := p.Validate(); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%+v: %v, want …%s…", p, err, want)
		}
	}
	if err := Steady(100, time.Second).Validate(); err != nil {
		t.Error(err)
	}
}
