package zoo

import (
	"fmt"
	"net/http"
	"strconv"
	"time"
)

func rplSymptoms() map[string]symptom {
	at := func(stamp func() string) func() string { return func() string { return timed(stamp()) } }
	aged := func(d time.Duration) func() string { return at(func() string { return ago(d) }) }
	layout := func(l string, offset int) symptom {
		return refusedToo(at(func() string {
			return fmt.Sprintf("%q", time.Now().In(time.FixedZone("", offset)).Format(l))
		}))
	}
	return map[string]symptom{
		"freshness-not-checked": taken(aged(25 * 365 * day)),
		"future-not-checked":    taken(aged(-365 * day)),
		"past-not-checked":      taken(aged(25 * 365 * day)),
		"tolerance-ten-minutes": taken(aged(9 * time.Minute)),
		"tolerance-one-hour":    taken(aged(10 * time.Minute)),
		"tolerance-one-minute":  refusedToo(aged(240 * time.Second)),
		"clock-skew-refused": func(s *sender) bool {
			return s.send(fresh("evt_1")).ok() && s.send(aged(-30*time.Second)()).refused()
		},
		"freshness-by-header": func(s *sender) bool {
			return s.send(aged(day)(), with("Date", time.Now().UTC().Format(http.TimeFormat))).ok()
		},
		"timestamp-missing-accepted":  taken(always(`{"id":"evt_1","type":"a"}`)),
		"unreadable-timestamp-is-now": taken(at(func() string { return `"yesterday"` })),
		"epoch-timestamp-accepted":    taken(at(func() string { return strconv.FormatInt(time.Now().UnixMilli(), 10) })),
		"timestamp-list-accepted":     taken(at(func() string { return `[]` })),
		"offset-ignored":              layout(time.RFC3339, 36000),
		"offset-refused":              layout("2006-01-02T15:04:05+00:00", 0),
		"fraction-refused":            layout("2006-01-02T15:04:05.000Z07:00", 0),
		"nanoseconds-refused":         layout("2006-01-02T15:04:05.000000000Z07:00", 0),
	}
}
