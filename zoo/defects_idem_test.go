package zoo

import (
	"fmt"
	"slices"
	"strings"
	"time"
)

func idemSymptoms() map[string]symptom {
	same := func() string { return fresh("evt_1") }
	stampedAnew := func() string {
		return eventOf("evt_1", "agent.task.completed", "task_evt_1", time.Now().Add(-5*time.Second))
	}
	otherData := func() string { return eventOf("evt_1", "agent.task.completed", "other", time.Now()) }
	copiesWith := func(name string) symptom {
		return func(s *sender) bool {
			body := fresh("evt_1")
			s.send(body, with(name, "1"))
			s.send(body, with(name, "2"))
			return s.processed("evt_1", 2) == 2
		}
	}
	pair := func(a, b string) symptom {
		return func(s *sender) bool {
			s.send(fresh(a))
			return s.send(fresh(b)).ok() && len(s.effects(b)) == 0
		}
	}
	copyAnswered := func(status int) symptom {
		return func(s *sender) bool {
			s.send(fresh("evt_1"))
			return s.send(fresh("evt_1")).status == status
		}
	}
	doubled := sometimes(func(s *sender, id string) bool {
		s.together(50, fresh(id))
		return s.effects(id)[id].Processed > 1
	})
	return map[string]symptom{
		"no-dedupe":                  twice(same, same),
		"check-then-mark":            doubled,
		"marked-after-work":          doubled,
		"dedupe-by-body":             twice(same, stampedAnew),
		"dedupe-by-id-and-timestamp": twice(same, stampedAnew),
		"same-id-other-data-processed": func(s *sender) bool {
			return twice(same, stampedAnew, otherData)(s)
		},
		"dedupe-by-task": func(s *sender) bool {
			s.send(eventOf("evt_1", "agent.task.completed", "t", time.Now()))
			s.send(eventOf("evt_2", "agent.task.failed", "t", time.Now()))
			return len(s.effects("evt_2")) == 0
		},
		"dedupe-ignores-case":     pair("evt_a", "evt_A"),
		"dedupe-by-32-characters": pair("evt_"+strings.Repeat("x", 60)+"1", "evt_"+strings.Repeat("x", 60)+"2"),
		"dedupe-by-slug":          pair("evt_1-1", "evt_1_1"),
		"dedupe-by-request-id":    copiesWith("X-Request-Id"),
		"dedupe-by-user-agent":    copiesWith("User-Agent"),
		"dedupe-remembers-500": func(s *sender) bool {
			s.send(fresh("evt_1"))
			for i := range 501 {
				s.send(fresh(fmt.Sprint("evt_other_", i)))
			}
			s.send(fresh("evt_1"))
			return s.processed("evt_1", 2) == 2
		},
		"duplicate-409": copyAnswered(409),
		"duplicate-500": copyAnswered(500),
		"lock-conflict-503": sometimes(func(s *sender, id string) bool {
			got := s.together(50, fresh(id))
			return slices.ContainsFunc(got, func(r result) bool { return r.status == 503 }) && s.processed(id, 1) == 1
		}),
	}
}
