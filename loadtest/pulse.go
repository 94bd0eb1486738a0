package loadtest

import (
	"sync"
	"time"
)

const (
	// beatEvery is the time between two beats.
	beatEvery = 10 * time.Millisecond
	// unfelt is how late a beat may be without being counted: timers and other
	// goroutines take that on an idle machine.
	unfelt = 10 * time.Millisecond
)

// pulse measures for how long this process got no processor, whatever the target did: a
// goroutine that has nothing to do but to wake up often, and notes how late it was. When all
// workers wait, nothing else can tell a target that is slow from a machine that is busy with
// something else.
type pulse struct {
	mu   sync.Mutex
	sum  time.Duration
	next time.Time // when the next beat is due
}

// start starts to measure. The function that it returns ends that.
func (p *pulse) start() (stop func()) {
	p.next = time.Now().Add(beatEvery)
	end := make(chan struct{})
	var done sync.WaitGroup
	done.Go(func() {
		timer := time.NewTimer(beatEvery)
		defer timer.Stop()
		for {
			select {
			case <-timer.C:
				p.beat(time.Now())
				timer.Reset(beatEvery)
			case <-end:
				return
			}
		}
	})
	return func() {
		close(end)
		done.Wait()
	}
}

// beat notes a beat.
func (p *pulse) beat(now time.Time) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.sum += p.late(now)
	p.next = now.Add(beatEvery)
}

// late is how late the next beat is already, 0 when that is too little to be counted.
func (p *pulse) late(now time.Time) time.Duration {
	if late := now.Sub(p.next); late > unfelt {
		return late
	}
	return 0
}

// lost is for how long the process had got no processor by now, a beat that is late already
// included.
func (p *pulse) lost(now time.Time) time.Duration {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.sum + p.late(now)
}
