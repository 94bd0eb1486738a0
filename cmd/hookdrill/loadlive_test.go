package main

import (
	"bytes"
	"strings"
	"testing"
	"time"

	"hookdrill/loadtest"
)

func TestBars(t *testing.T) {
	t.Parallel()
	for want, all := range map[string][]time.Duration{
		"▁":     {time.Millisecond},
		"▁▁▁":   {0, 0, 0},
		"▁▁▄█":  {0, 1, 64, 8192},
		"▁▁▁▁█": {time.Millisecond, time.Millisecond, time.Millisecond, time.Millisecond, time.Second},
	} {
		if got := bars(all); got != want {
			t.Errorf("%v: %s, want %s", all, got, want)
		}
	}
}

func TestLiveLoad(t *testing.T) {
	t.Parallel()
	spike, _ := loadtest.ProfileNamed(loadtest.ProfileSpike)
	var b bytes.Buffer
	l := &liveLoad{w: &b, tty: true}
	l.began("spike", spike.Phase(1000, 30*time.Second))
	for i := range 30 {
		l.second(loadtest.Second{At: time.Duration(i+1) * time.Second, Sent: 100, P50: time.Millisecond, P99: 2 * time.Millisecond, Failed: 1})
	}
	lines := strings.Split(strings.TrimSuffix(b.String(), "\n"), "\r\x1b[K")
	last := lines[len(lines)-1]
	if len(lines) != 31 || !strings.HasPrefix(last, "spike, 100 to 1000/s") || !strings.Contains(last, "30 without an answer  0s left") {
		t.Errorf("%d lines, the last %q", len(lines), last)
	}
	if n := strings.Count(last, "▁"); n != chartSeconds {
		t.Errorf("%d bars in %q", n, last)
	}
}
