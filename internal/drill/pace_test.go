package drill

import (
	"context"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"sync"
	"testing"
	"time"

	"hookdrill/contract"
	"hookdrill/mockclaude"
	"hookdrill/reports"
)

// TestPace: an answer is quick by the contract's measure, or by that of the receiver before the fault where
// it was slower, and what piled up takes as long as so many events took before.
func TestPace(t *testing.T) {
	t.Parallel()
	const ms = time.Millisecond
	for name, c := range map[string]struct {
		lone, waves []time.Duration
		quick       time.Duration
		left        int
		allowed     time.Duration
	}{
		"nothing is known":                         {nil, nil, 500 * ms, 400, normal},
		"a quick receiver":                         {[]time.Duration{2 * ms, 900 * ms, 3 * ms}, []time.Duration{80 * ms, 60 * ms}, 500 * ms, 400, normal},
		"a busy machine":                           {[]time.Duration{300 * ms, 200 * ms, 400 * ms}, []time.Duration{1600 * ms, 1000 * ms}, 900 * ms, 400, 48 * time.Second},
		"a busy machine on which nothing piled up": {[]time.Duration{300 * ms}, []time.Duration{1600 * ms}, 900 * ms, 0, normal},
		"no receiver is waited for without end":    {[]time.Duration{time.Second}, []time.Duration{20 * time.Second}, 3 * time.Second, 400, longest},
	} {
		p := paceOf(500*ms, c.lone, c.waves, 40)
		if p.quick != c.quick || p.allows(c.left) != c.allowed {
			t.Errorf("%s: quick within %s, allowed %s with %d left; want %s and %s", name, p.quick, p.allows(c.left), c.left, c.quick, c.allowed)
		}
	}
}

// slowing is a receiver whose every answer takes so long, by a clock that its requests move, from its
// first start and from its second.
type slowing struct {
	mu            sync.Mutex
	now           time.Time
	each, restart time.Duration
	backlog       int // answers that take each; the others take nothing
	starts        int
}

func (s *slowing) ServeHTTP(w http.ResponseWriter, _ *http.Request) {
	s.mu.Lock()
	defer s.mu.Unlock()
	switch {
	case s.starts > 0:
		s.now = s.now.Add(s.restart)
	case s.backlog != 0:
		s.backlog--
		s.now = s.now.Add(s.each)
	}
	w.WriteHeader(http.StatusOK)
}

func (s *slowing) time() time.Time {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.now
}

func (s *slowing) Running() bool                                   { return true }
func (s *slowing) Start(context.Context) error                     { s.starts++; return nil }
func (s *slowing) Stop(time.Duration) (time.Duration, bool, error) { return 0, true, nil }
func (s *slowing) Kill() error                                     { return nil }
func (s *slowing) Kills() (bool, string)                           { return true, "" }
func (s *slowing) Means() (stop, kill string)                      { return "stop", "kill" }

// TestQuickAgain: what a database's slow moment leaves behind is a defect, and a slow machine is none.
func TestQuickAgain(t *testing.T) {
	t.Parallel()
	con, err := contract.Load("claude")
	if err != nil {
		t.Fatal(err)
	}
	busy := pace{quick: 2 * time.Second, each: 30 * time.Millisecond}
	quick := pace{quick: 500 * time.Millisecond, each: time.Millisecond}
	for name, c := range map[string]struct {
		receiver *slowing
		before   pace
		left     int
		status   reports.Status
		why      string
	}{
		"quick at once": {&slowing{}, quick, 400, "", ""},
		"never again, but for a restart": {
			&slowing{each: 3 * time.Second, backlog: -1}, quick, 400, reports.Fail, "want 5 answers with 2xx in a row, each within 500ms",
		},
		"as slow after a restart": {
			&slowing{each: 3 * time.Second, backlog: -1, restart: 3 * time.Second}, quick, 400, reports.NotExercised, "this machine was too busy to tell",
		},
		"as slow as before":                   {&slowing{each: 1500 * time.Millisecond, backlog: -1}, busy, 0, "", ""},
		"a backlog, worked off as before":     {&slowing{each: 5 * time.Second, backlog: 5}, busy, 300, "", ""},
		"a backlog that nothing accounts for": {&slowing{each: 5 * time.Second, backlog: 5}, busy, 0, reports.Fail, "want 5 answers"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			r := c.receiver
			r.now = time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC)
			srv := httptest.NewServer(r)
			t.Cleanup(srv.Close)
			target, err := url.Parse(srv.URL)
			if err != nil {
				t.Fatal(err)
			}
			sender, err := mockclaude.NewSender(mockclaude.SenderConfig{Target: target, Contract: con, Keys: mockclaude.Keys{Current: []byte("whsec_pace_0123456789")}})
			if err != nil {
				t.Fatal(err)
			}
			one := New(Config{Contract: con, Sender: sender, Receiver: r, Now: r.time}).trial("DUR-05", r.time())
			v, bad := one.quickAgain(t.Context(), c.before, c.left)
			if v.status != c.status || bad != (c.status != "") || !strings.Contains(v.why, c.why) {
				t.Errorf("status %q, bad %t: %s %s; want %q with %q", v.status, bad, v.actual, v.why, c.status, c.why)
			}
		})
	}
}
