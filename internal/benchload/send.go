package main

import (
	"context"
	"flag"
	"fmt"
	"io"
	"math/rand/v2"
	"net/http"
	"net/url"
	"slices"
	"time"

	vegeta "github.com/tsenart/vegeta/v12/lib"

	"hookdrill/contract"
	"hookdrill/loadtest"
	"hookdrill/mockclaude"
)

// benchKey signs the events of a measurement, and is good nowhere else.
const benchKey = "whsec_bench"

// mostRate is a rate that nobody reaches: a load of it sends as fast as it is answered.
const mostRate = 1_000_000

func newMint() (*mockclaude.Mint, error) {
	c, err := contract.Load("claude")
	if err != nil {
		return nil, fmt.Errorf("read contract: %w", err)
	}
	space := mockclaude.NewSpace(c, rand.New(rand.NewPCG(1, 1)))                       //nolint:gosec // repeatable on purpose
	return mockclaude.NewMint(c, mockclaude.Keys{Current: []byte(benchKey)}, space, 1) //nolint:wrapcheck // it says what failed
}

func newLoad(target string, conns int, ordinary bool) (*loadtest.Load, error) {
	c, err := contract.Load("claude")
	if err != nil {
		return nil, fmt.Errorf("read contract: %w", err)
	}
	u, err := url.Parse(target)
	if err != nil {
		return nil, fmt.Errorf("parse URL: %w", err)
	}
	return loadtest.New(loadtest.Config{ //nolint:wrapcheck // it says what failed
		Target: u, Contract: c, Keys: mockclaude.Keys{Current: []byte(benchKey)}, Workers: conns, Seed: uint64(time.Now().UnixNano()), Ordinary: ordinary,
	})
}

// send is a generator of its own process: ours.
func send(ctx context.Context, args []string) error {
	fl := flag.NewFlagSet("send", flag.ContinueOnError)
	target := fl.String("url", "", "where to")
	conns := fl.Int("conns", 50, "connections")
	d := fl.Duration("duration", 5*time.Second, "how long")
	ordinary := fl.Bool("ordinary", false, "net/http's client")
	if err := fl.Parse(args); err != nil {
		return fmt.Errorf("send: %w", err)
	}
	l, err := newLoad(*target, *conns, *ordinary) //nolint:contextcheck // its HTTP client dials without a context
	if err != nil {
		return err
	}
	defer l.Close()
	ctx, cancel := context.WithTimeout(ctx, *d)
	defer cancel()
	_, err = l.Run(ctx, loadtest.Steady(mostRate, 10*time.Second))
	return err //nolint:wrapcheck // it says what failed
}

// pacing compares how late requests are sent, ours and vegeta's.
func pacing(ctx context.Context, s settings, text, stderr io.Writer) error {
	subject, err := startReceiver(ctx)
	if err != nil {
		return err
	}
	defer subject.stop()
	_, _ = fmt.Fprintf(text, "\nHow late requests were sent, in µs, p50 / p99, median of %d runs of %s\n\n| rate | hookdrill | vegeta's library |\n|---|---|---|\n", s.rounds, s.duration)
	for _, rate := range []int{1000, 5000, 10_000} {
		var all [4][]float64
		for range s.rounds {
			ours, err := ourLag(ctx, subject.url, rate, s.duration)
			if err != nil {
				return err
			}
			its := itsLag(subject.url, rate, s.duration)
			_, _ = fmt.Fprintf(stderr, "%d/s: late by %.0f / %.0f µs, vegeta by %.0f / %.0f\n", rate, ours[0], ours[1], its[0], its[1])
			for i, v := range []float64{ours[0], ours[1], its[0], its[1]} {
				all[i] = append(all[i], v)
			}
		}
		_, _ = fmt.Fprintf(text, "| %d/s | %.0f / %.0f | %.0f / %.0f |\n", rate, median(all[0]), median(all[1]), median(all[2]), median(all[3]))
	}
	return nil
}

func ourLag(ctx context.Context, target string, rate int, d time.Duration) ([2]float64, error) {
	l, err := newLoad(target, 256, false) //nolint:contextcheck // its HTTP client dials without a context
	if err != nil {
		return [2]float64{}, err
	}
	defer l.Close()
	r, err := l.Run(ctx, loadtest.Steady(float64(rate), d))
	if err != nil {
		return [2]float64{}, fmt.Errorf("send: %w", err)
	}
	return [2]float64{float64(r.Lag.ValueAtQuantile(50)), float64(r.Lag.ValueAtQuantile(99))}, nil
}

// itsLag is the lag of vegeta's own pacer: its timestamps beside its schedule.
func itsLag(target string, rate int, d time.Duration) [2]float64 {
	var began time.Time
	interval := time.Second / time.Duration(rate)
	pacer := vegeta.ConstantPacer{Freq: rate, Per: time.Second}
	watching := vegeta.PacerFunc(func(elapsed time.Duration, hits uint64) (time.Duration, bool) {
		if hits == 0 {
			began = time.Now().Add(-elapsed)
		}
		return pacer.Pace(elapsed, hits)
	})
	client := &http.Client{Transport: &http.Transport{MaxIdleConnsPerHost: 256}, Timeout: 10 * time.Second}
	defer client.CloseIdleConnections()
	attacker := vegeta.NewAttacker(vegeta.Client(client), vegeta.MaxWorkers(256))
	var late []float64
	for res := range attacker.Attack(vegeta.NewStaticTargeter(vegeta.Target{Method: http.MethodPost, URL: target + "/", Body: []byte("{}")}), pacerOf{watching, pacer}, d, "") {
		due := began.Add(time.Duration(res.Seq) * interval) //nolint:gosec // a sequence number
		late = append(late, float64(res.Timestamp.Sub(due).Microseconds()))
	}
	slices.Sort(late)
	if len(late) == 0 {
		return [2]float64{}
	}
	return [2]float64{late[len(late)/2], late[len(late)*99/100]}
}

// pacerOf is a pace with the rate of another pacer.
type pacerOf struct {
	vegeta.PacerFunc
	of vegeta.Pacer
}

// Rate implements [vegeta.Pacer].
func (p pacerOf) Rate(elapsed time.Duration) float64 { return p.of.Rate(elapsed) }
