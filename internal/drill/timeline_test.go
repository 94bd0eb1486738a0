package drill

import (
	"slices"
	"strings"
	"testing"
	"time"

	"hookdrill/mockclaude"
	"hookdrill/reports"
)

// TestTold: the timeline of a failure tells what was done and what became of the event, in order, the
// many attempts in the middle in one line.
func TestTold(t *testing.T) {
	t.Parallel()
	began := time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC)
	now := began
	b := newBook(began, func() time.Time { return now })
	at := func(ms int) time.Duration { return time.Duration(ms) * time.Millisecond }
	e := &event{number: 7, Delivery: mockclaude.Delivery{EventID: "evt_7"}}
	attempt := func(from, to, status int, err mockclaude.ErrKind) {
		b.add(e, attempt{at(from), at(to), mockclaude.Exchange{Status: status, Err: err}})
	}
	attempt(10, 30, 0, mockclaude.ErrClosed)
	now = began.Add(at(20))
	b.note("the receiver is killed")
	for i := range 6 {
		attempt(40+10*i, 42+10*i, 0, mockclaude.ErrRefused)
	}
	attempt(110, 115, 503, "")
	attempt(200, 212, 200, "")
	now = began.Add(at(300))
	b.note("1 event was looked at")
	e.seen = true
	b.blame(e)
	want := []string{
		"   0.010 s  event 7 (evt_7) sent",
		"   0.020 s  the receiver is killed",
		"   0.030 s  event 7: no answer (closed), after 20ms",
		"   0.040 s  event 7 sent again, attempts 2 to 7: no answer (refused)",
		"   0.110 s  event 7 sent again, attempt 8: answered with 503 after 5ms",
		"   0.200 s  event 7 sent again, attempt 9: acknowledged with 200 after 12ms",
		"   0.300 s  1 event was looked at",
		"   0.300 s  event 7: no effect was seen, and it was acknowledged: it is lost",
	}
	if got := b.told(reports.Fail); !slices.Equal(got, want) {
		t.Errorf("%s", strings.Join(got, "\n"))
	}
	if got := b.told(reports.Pass); len(got) != 2 {
		t.Errorf("passed: %s", strings.Join(got, "\n"))
	}
	e.effect = 2
	if got := b.told(reports.Fail); !strings.Contains(got[len(got)-1], "2 effects were seen") {
		t.Error(got[len(got)-1])
	}
}
