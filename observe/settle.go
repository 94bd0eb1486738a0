package observe

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"time"
)

// Expectation says how often an event should take effect.
type Expectation struct {
	// Min is waited for; 0 means that nothing has to come.
	Min int
	// Max is how often at most. Settle does not look at it: whoever judges does.
	Max int
}

// Met reports whether a count is within the expectation.
func (e Expectation) Met(processed int) bool { return processed >= e.Min && processed <= e.Max }

// SettleConfig bounds the waiting. Its zero value is useful.
type SettleConfig struct {
	// Quiet is how long the effects must not change; 0 is 400 ms.
	Quiet time.Duration
	// Max is how long to wait for expected effects that do not come, from the
	// beginning or from the last one that did; 0 is 5 s. A target with a backlog is
	// waited for as long as it works on it, up to 24 times Max in all. Effects that
	// change shortly before the end are given one more Quiet.
	Max time.Duration
	// Canaries are ids that were never sent. An observer that reports an effect
	// of one cannot be trusted.
	Canaries []string
}

// longest is how many times Max a target is waited for that works on.
const longest = 24

// The first pause between two polls; it doubles up to maxPause.
const (
	firstPause = 50 * time.Millisecond
	maxPause   = 400 * time.Millisecond
)

// Validate names every wrong field.
func (c SettleConfig) Validate() error {
	var errs []error
	if c.Quiet < 0 {
		errs = append(errs, fmt.Errorf("settle quiet: %s is negative", c.Quiet))
	}
	if c.Max < 0 {
		errs = append(errs, fmt.Errorf("settle max: %s is negative", c.Max))
	}
	for i, id := range c.Canaries {
		if !Askable(id) {
			errs = append(errs, fmt.Errorf("settle canaries[%d]: %q cannot be asked about", i, id))
		}
	}
	return errors.Join(errs...)
}

// Result is what an observer said in the end.
type Result struct {
	// Kind and Source are those of the observer.
	Kind, Source string
	// Effects holds the events that had an effect or a status, canaries left out.
	Effects map[string]Effect
	// Unseen lists, sorted, the expected ids that no observer can be asked about
	// (see [Askable]): nothing is known about them.
	Unseen []string
	// Polls counts the answered polls.
	Polls int
	// Settled is true when the effects stood still for Quiet.
	Settled bool
	// Trusted is false when the observer contradicted itself; Why says how.
	Trusted bool
	Why     string
	// Waited is the time from the first poll to the last answer.
	Waited time.Duration
}

// Settle asks o about the ids of expect until their effects have not changed
// for cfg.Quiet and each has reached its minimum, or no more of them has come for
// cfg.Max. Effects that are still changing then get one more Quiet; if they change in it too,
// the result is not Settled.
//
// Even when every minimum is reached at once a Quiet passes, so that a late
// double is seen. A poll that fails with a temporary [Error] is repeated within
// cfg.Max; other errors, and the end of ctx, are returned with the result so
// far.
func Settle(ctx context.Context, o Observer, expect map[string]Expectation, cfg SettleConfig) (Result, error) {
	if err := cfg.Validate(); err != nil {
		return Result{}, err
	}
	if cfg.Quiet == 0 {
		cfg.Quiet = 400 * time.Millisecond
	}
	if cfg.Max == 0 {
		cfg.Max = 5 * time.Second
	}
	s := newSettling(o, expect, cfg)
	for {
		err := s.poll(ctx)
		if ctx.Err() != nil {
			return s.finish(false), fmt.Errorf("wait for effects: %w", ctx.Err())
		}
		var seen *Error
		if err != nil && !(errors.As(err, &seen) && seen.Temporary && !s.over()) {
			return s.finish(false), err
		}
		switch {
		case err != nil: // asked again after the pause
		case s.still() && (s.reached() || s.over()):
			return s.finish(true), nil
		case s.late():
			return s.finish(false), nil
		}
		if err := wait(ctx, s.pause()); err != nil {
			return s.finish(false), fmt.Errorf("wait for effects: %w", err)
		}
	}
}

// settling is the state of one Settle.
type settling struct {
	observer Observer
	expect   map[string]Expectation
	cfg      SettleConfig
	ids      []string
	start    time.Time

	result Result
	// asked is when the latest answered poll began, since when the first poll
	// ended that showed what the latest shows.
	asked, since time.Time
	// moved is when the last expected effect was seen to come, or the start.
	moved   time.Time
	missing int
	// failed is true when the latest poll was not answered, changed when it showed
	// something else than the one before.
	failed, changed bool
	// extra is true once a poll ended after the wait for expected effects was over.
	extra bool
	next  time.Duration
}

func newSettling(o Observer, expect map[string]Expectation, cfg SettleConfig) *settling {
	s := &settling{
		observer: o, expect: expect, cfg: cfg, start: time.Now(), moved: time.Now(), next: firstPause,
		result: Result{Kind: o.Kind(), Source: o.Source(), Trusted: true},
	}
	for _, id := range slices.Sorted(maps.Keys(expect)) {
		if Askable(id) {
			s.ids = append(s.ids, id)
		} else {
			s.result.Unseen = append(s.result.Unseen, id)
		}
	}
	s.ids = append(s.ids, cfg.Canaries...)
	return s
}

// poll asks once and compares the answer with the one before.
func (s *settling) poll(ctx context.Context) error {
	begin := time.Now()
	answer, err := s.observer.Effects(ctx, s.ids)
	if s.failed = err != nil; s.failed {
		return err
	}
	effects := maps.Clone(answer)
	for _, id := range s.cfg.Canaries {
		if n := effects[id].Processed; n > 0 {
			s.distrust("it counts %d for %q, an event that was never sent", n, id)
		}
		delete(effects, id)
	}
	for _, id := range slices.Sorted(maps.Keys(s.result.Effects)) {
		if before, now := s.result.Effects[id].Processed, effects[id].Processed; now < before {
			s.distrust("it counted %d for %q first and %d later", before, id, now)
		}
	}
	maps.DeleteFunc(effects, func(_ string, e Effect) bool { return e == Effect{} })
	if s.changed = s.result.Polls == 0 || !maps.Equal(effects, s.result.Effects); s.changed {
		s.since = time.Now()
	}
	s.asked, s.result.Effects = begin, effects
	missing := 0
	for id, e := range s.expect {
		missing += max(0, e.Min-effects[id].Processed)
	}
	if s.result.Polls > 0 && missing < s.missing {
		s.moved = time.Now()
	}
	s.missing = missing
	s.result.Polls++
	return nil
}

// distrust remembers the first contradiction.
func (s *settling) distrust(format string, args ...any) {
	if s.result.Trusted {
		s.result.Trusted = false
		s.result.Why = "the " + s.result.Kind + " contradicts itself: " + fmt.Sprintf(format, args...)
	}
}

// still reports whether the effects have not changed for Quiet.
func (s *settling) still() bool { return s.result.Polls > 1 && s.asked.Sub(s.since) >= s.cfg.Quiet }

// reached reports whether every effect that is waited for has come.
func (s *settling) reached() bool {
	for _, id := range s.ids {
		if s.result.Effects[id].Processed < s.expect[id].Min {
			return false
		}
	}
	return true
}

// left is how long expected effects are still waited for.
func (s *settling) left() time.Duration {
	return min(s.cfg.Max-time.Since(s.moved), longest*s.cfg.Max-time.Since(s.start))
}

func (s *settling) over() bool { return s.left() <= 0 }

// late reports whether the wait is over, and the poll a Quiet behind it saw a change too. However long
// polls take, nothing is called moving that was not seen to move.
func (s *settling) late() bool {
	over := s.over()
	late := over && s.extra && s.changed
	s.extra = over
	return late
}

// pause returns how long to wait for the next poll.
func (s *settling) pause() time.Duration {
	if !s.failed && (s.reached() || s.over()) {
		// All that is left to see is whether it stays.
		return max(s.cfg.Quiet-time.Since(s.since), time.Millisecond)
	}
	pause := s.next
	s.next = min(2*s.next, maxPause)
	if left := s.left(); left > 0 {
		pause = min(pause, left) // one look is at the end
	}
	return pause
}

// finish completes the result.
func (s *settling) finish(settled bool) Result {
	s.result.Settled = settled
	s.result.Waited = time.Since(s.start)
	return s.result
}

// wait waits for d or the end of ctx.
func wait(ctx context.Context, d time.Duration) error {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-ctx.Done():
		return ctx.Err()
	case <-timer.C:
		return nil
	}
}

// Compare returns a sentence for each event about which two results disagree,
// sorted by id; none when they agree. Statuses are compared only where both
// have one.
func Compare(a, b Result) []string {
	ids := map[string]bool{}
	for id := range a.Effects {
		ids[id] = true
	}
	for id := range b.Effects {
		ids[id] = true
	}
	var differ []string
	for _, id := range slices.Sorted(maps.Keys(ids)) {
		ea, eb := a.Effects[id], b.Effects[id]
		switch {
		case ea.Processed != eb.Processed:
			differ = append(differ, fmt.Sprintf("the %s counts %d for %q, the %s %d", a.Kind, ea.Processed, id, b.Kind, eb.Processed))
		case ea.Status != eb.Status && ea.Status != "" && eb.Status != "":
			differ = append(differ, fmt.Sprintf("the %s says %q of %q, the %s %q", a.Kind, ea.Status, id, b.Kind, eb.Status))
		}
	}
	return differ
}
