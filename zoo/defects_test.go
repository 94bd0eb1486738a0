package zoo

import (
	"fmt"
	"maps"
	"slices"
	"strings"
	"testing"
	"time"
)

// symptom shows a defect: it is true when the receiver has it.
type symptom func(*sender) bool

// twin is the correct animal that a symptom is tried on too.
func twin(a Animal) string {
	switch {
	case a.Log:
		return "correct-log"
	case a.PreviousKey:
		return "correct-two-keys"
	case slices.ContainsFunc(a.Catches, func(id string) bool { return strings.HasPrefix(id, "TLS-") || id == "RAW-08" }):
		return "correct-https"
	default:
		return "correct-plain"
	}
}

// TestEveryDefectShows is what keeps the zoo honest: each defect has a symptom,
// and a correct receiver does not have it.
func TestEveryDefectShows(t *testing.T) {
	t.Parallel()
	symptoms := allSymptoms()
	for _, a := range All() {
		if a.Correct() {
			continue
		}
		t.Run(a.Name, func(t *testing.T) {
			t.Parallel()
			shows := symptoms[a.Name]
			if shows == nil {
				t.Fatal("no symptom is known")
			}
			if !shows(start(t, a.Name, previousKeys(a)...)) {
				t.Error("the defect does not show")
			}
			if shows(start(t, twin(a), previousKeys(a)...)) {
				t.Errorf("%s has it too", twin(a))
			}
		})
	}
	for name := range symptoms {
		if _, err := find(name); err != nil {
			t.Errorf("a symptom of nobody: %v", err)
		}
	}
}

// takesForged is the symptom of a receiver that answers 2xx to a body with a
// signature that is not its own.
func takesForged(forge func(body string) string) symptom {
	return func(s *sender) bool {
		body := fresh("evt_forged")
		return s.send(body, with(signatureHeader, forge(body))).ok() && s.effects("evt_forged")["evt_forged"].Processed == 1
	}
}

// keyedBy signs with another key.
func keyedBy(key string) symptom {
	return takesForged(func(body string) string { return sign(key, []byte(body)) })
}

// cutTo keeps that many characters of the right signature.
func cutTo(n int) symptom {
	return takesForged(func(body string) string { return sign(testKey, []byte(body))[:n] })
}

// answersTo is the symptom of a status to a signed body.
func answersTo(status int, body string) symptom {
	return func(s *sender) bool { return s.send(stamped(body)).status == status }
}

// stamped puts the time of now in place of STAMP.
func stamped(body string) string {
	return strings.ReplaceAll(body, "STAMP", fmt.Sprintf("%q", time.Now().UTC().Format(time.RFC3339)))
}

// sometimes tries a symptom that depends on timing with five events.
func sometimes(shows func(s *sender, id string) bool) symptom {
	return func(s *sender) bool {
		for i := range 5 {
			if shows(s, fmt.Sprint("evt_try_", i)) {
				return true
			}
		}
		return false
	}
}

// envelope is a signed event with other fields.
func envelope(id, kind, more string) string {
	return fmt.Sprintf(`{"id":%s,"type":%s,"timestamp":STAMP%s}`, id, kind, more)
}

const completed = `"agent.task.completed"`

// timed is an event with a timestamp, as JSON.
func timed(stamp string) string {
	return `{"id":"evt_t","type":` + completed + `,"timestamp":` + stamp + `,"data":{"task_id":"t"}}`
}

func ago(d time.Duration) string {
	return fmt.Sprintf("%q", time.Now().Add(-d).UTC().Format(time.RFC3339))
}

// taken is the symptom of a 2xx where there should be none; refusedToo of a 4xx
// where there should be 2xx.
func taken(body func() string, changes ...change) symptom {
	return func(s *sender) bool { return s.send(body(), changes...).ok() }
}

func refusedToo(body func() string, changes ...change) symptom {
	return func(s *sender) bool { return s.send(body(), changes...).refused() }
}

func always(body string) func() string { return func() string { return stamped(body) } }

// twice is the symptom of two effects of evt_1 after the bodies.
func twice(bodies ...func() string) symptom {
	return func(s *sender) bool {
		for _, b := range bodies {
			s.send(b())
		}
		return s.processed("evt_1", 2) == 2
	}
}

func allSymptoms() map[string]symptom {
	all := map[string]symptom{}
	for _, group := range []map[string]symptom{
		sigSymptoms(), refusalSymptoms(), rawSymptoms(), paySymptoms(), httpSymptoms(), idemSymptoms(),
		rplSymptoms(), workSymptoms(), tlsSymptoms(), logSymptoms(),
	} {
		maps.Copy(all, group)
	}
	return all
}
