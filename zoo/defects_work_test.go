package zoo

import (
	"context"
	"fmt"
	"io"
	"net"
	"net/url"
	"slices"
	"sync"
	"time"
)

func workSymptoms() map[string]symptom {
	kinds := func(kind, status string, processed int) symptom {
		return func(s *sender) bool {
			s.send(eventOf("evt_1", kind, "t", time.Now()))
			return s.effects("evt_1")["evt_1"] == sight{processed, status}
		}
	}
	// Three tenth events in a row: a busy machine does not do that.
	slower := func(limit time.Duration) symptom {
		return func(s *sender) bool {
			for i := 1; i <= 30; i++ {
				begun := time.Now()
				s.send(fresh(fmt.Sprint("evt_", i)))
				if i%10 == 0 && time.Since(begun) < limit {
					return false
				}
			}
			return true
		}
	}
	// cut sends half of a body, and then the whole.
	cutThenWhole := func(want int) symptom {
		return sometimes(func(s *sender, id string) bool {
			text := s.text(fresh(id))
			u, _ := url.Parse(s.server.URL)
			c, err := new(net.Dialer).DialContext(s.t.Context(), "tcp", u.Host)
			if err != nil {
				s.t.Fatal(err)
			}
			_, _ = io.WriteString(c, text[:len(text)-50])
			_ = c.Close()
			_ = pause(s.t.Context(), 200*time.Millisecond)
			return s.send(fresh(id)).ok() && s.effects(id)[id].Processed == want
		})
	}
	acknowledged := func(n int, wrong func(processed int) bool) symptom {
		return func(s *sender) bool {
			eventIDs := make([]string, n)
			var senders sync.WaitGroup
			for i := range eventIDs {
				eventIDs[i] = fmt.Sprint("evt_", i)
				senders.Go(func() { s.sendCtx(s.t.Context(), fresh(eventIDs[i])) })
			}
			senders.Wait()
			_ = pause(s.t.Context(), 300*time.Millisecond)
			seen := s.effects(eventIDs...)
			return slices.ContainsFunc(eventIDs, func(id string) bool { return wrong(seen[id].Processed) })
		}
	}
	lost := func(n int) bool { return n == 0 }
	return map[string]symptom{
		"timeout-type-refused":           refusedToo(func() string { return eventOf("evt_1", "agent.task.timeout", "t", time.Now()) }),
		"failure-handler-fails-silently": kinds("agent.task.failed", "", 0),
		"failed-recorded-as-completed":   kinds("agent.task.failed", "completed", 1),
		"older-event-overwrites": func(s *sender) bool {
			s.send(eventOf("evt_1", "agent.task.completed", "t", time.Now()))
			s.send(eventOf("evt_2", "agent.task.failed", "t", time.Now().Add(-time.Minute)))
			return s.effects("evt_1")["evt_1"].Status == "failed"
		},
		"slow-600-ms": slower(600 * time.Millisecond),
		"slow-150-ms": slower(150 * time.Millisecond),
		"cancelled-work-marked-seen": sometimes(func(s *sender, id string) bool {
			soon, stop := context.WithTimeout(s.t.Context(), 30*time.Millisecond)
			defer stop()
			s.sendCtx(soon, fresh(id))
			return s.send(fresh(id)).ok() && s.effects(id)[id].Processed == 0
		}),
		"cut-body-takes-effect":    cutThenWhole(2),
		"cut-body-marks-seen":      cutThenWhole(0),
		"loses-one-in-twenty-five": acknowledged(100, lost),
		"queue-drops-when-full":    acknowledged(100, lost),
		"doubles-one-in-twenty-five": acknowledged(100, func(n int) bool {
			return n > 1
		}),
		"stale-event-takes-effect": func(s *sender) bool {
			return s.send(timed(ago(time.Hour))).refused() && s.effects("evt_t")["evt_t"].Processed == 1
		},
	}
}
