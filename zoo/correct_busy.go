package zoo

import (
	"context"
	"net/http"
	"sync"
	"time"
)

// correctUnderPressure are correct receivers that defend themselves: they turn away for
// the moment what they do not want now, or work off later what they have taken.
func correctUnderPressure() []Animal {
	return []Animal{
		{
			Name: "correct-rate-limited", Style: "stands behind a rate limit of 200 a second, which answers 429 with Retry-After",
			breed: func(rc *receiver) {
				limit := bucket{rate: 200, size: 60, level: 60, at: time.Now()}
				rc.admit = first(func(d *delivery) *answer {
					if limit.take() {
						return nil
					}
					d.w.Header().Set("Retry-After", "1")
					return say(http.StatusTooManyRequests, "too many requests")
				}, postOnly)
			},
		},
		{
			Name: "correct-409-meanwhile", Style: "works for 20 ms, and answers 409 to a copy that comes meanwhile",
			Advice: ids("IDEM-03", "TIME-02"),
			breed: func(rc *receiver) {
				var busy sync.Map
				rc.take = func(d *delivery) *answer {
					if _, locked := busy.LoadOrStore(rc.key(d), true); locked {
						return say(http.StatusConflict, "in progress")
					}
					defer busy.Delete(rc.key(d))
					if rc.store.marked(rc.key(d)) {
						return duplicate()
					}
					work(d, 20*time.Millisecond)
					return rc.processOnce(d)
				}
			},
		},
		{
			Name: "correct-backlog", Style: "answers 202, and one worker at 12 ms an event follows with the effects, seconds behind after a burst",
			breed: func(rc *receiver) {
				queue := make(chan event, 1<<14)
				rc.worker = func(ctx context.Context) {
					for {
						select {
						case e := <-queue:
							if pause(ctx, 12*time.Millisecond) != nil {
								return
							}
							rc.store.apply(e)
						case <-ctx.Done():
							return
						}
					}
				}
				rc.take = func(d *delivery) *answer {
					if !rc.store.mark(rc.key(d)) {
						return duplicate()
					}
					queue <- d.event // a full queue holds the answer up; it drops nothing
					return say(http.StatusAccepted, "queued")
				}
			},
		},
	}
}

// bucket is a rate limit: as many tokens as it holds at once, and so many more a second.
type bucket struct {
	mu         sync.Mutex
	rate, size float64
	level      float64
	at         time.Time
}

func (b *bucket) take() bool {
	b.mu.Lock()
	defer b.mu.Unlock()
	now := time.Now()
	b.level = min(b.size, b.level+b.rate*now.Sub(b.at).Seconds())
	b.at = now
	if b.level < 1 {
		return false
	}
	b.level--
	return true
}
