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

// A clock that runs a little behind leaves the end of a phase to a second that is empty: the one before
// is told.
func TestLiveLoadTellsTheEnd(t *testing.T) {
	t.Parallel()
	profile, _ := loadtest.ProfileNamed(loadtest.ProfileSpike)
	for name, ends := range map[string][]time.Duration{
		"behind": {999 * time.Millisecond, 1998 * time.Millisecond, 2003 * time.Millisecond},
		"even":   {time.Second, 2 * time.Second, 2 * time.Second},
	} {
		var b bytes.Buffer
		l := &liveLoad{w: &b}
		l.began("certify", profile.Phase(100, 2*time.Second))
		for i, at := range ends {
			sent := uint64(100)
			if i == len(ends)-1 {
				sent = 0
			}
			l.second(loadtest.Second{At: at, Sent: sent})
		}
		if out := b.String(); strings.Count(out, "\n") != 1 || !strings.Contains(out, "  0s left") {
			t.Errorf("%s: %q", name, out)
		}
	}
}

func TestLiveLoadFits(t *testing.T) {
	t.Parallel()
	for columns, want := range map[int]string{0: "123456  ▁▂▃▄", 13: "123456  ▁▂▃▄", 11: "123456  ▃▄", 9: "123456", 7: "123456", 5: "1234"} {
		l := &liveLoad{width: func() int { return columns }}
		if got := l.fit("123456", "▁▂▃▄"); got != want {
			t.Errorf("in %d columns: %q, want %q", columns, got, want)
		}
	}
	if got := (&liveLoad{}).fit("1", "▁"); got != "1  ▁" {
		t.Errorf("without a width: %q", got)
	}
}
