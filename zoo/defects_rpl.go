package zoo

import (
	"encoding/json"
	"net/http"
	"strings"
	"time"
)

// forever is longer than any event is old, and short enough to add to a time.
const forever = 200 * 365 * 24 * time.Hour

// freshnessDefects are the receivers whose idea of now is wrong.
func freshnessDefects() []Animal {
	window := func(name, defect string, catches, also []string, past, ahead time.Duration) Animal {
		return Animal{
			Name: name, Defect: defect, Catches: catches, Also: also,
			breed: func(rc *receiver) { rc.past, rc.ahead = past, ahead },
		}
	}
	return []Animal{
		window("freshness-not-checked", "an event of any age is taken",
			ids("RPL-01", "RPL-02"), holes(), forever, forever),
		window("future-not-checked", "only the past is bounded: an event stamped ahead can be replayed until then",
			ids("RPL-02"), holes(), tolerance, forever),
		window("past-not-checked", "the difference is taken the wrong way round: only the future is bounded",
			ids("RPL-01"), holes(), forever, tolerance),
		window("tolerance-one-hour", "an event may be an hour old",
			ids("RPL-01", "RPL-02"), holes(), time.Hour, time.Hour),
		window("tolerance-ten-minutes", "an event may be ten minutes old",
			ids("RPL-01", "RPL-02"), holes(), 10*time.Minute, 10*time.Minute),
		window("tolerance-one-minute", "an event may be a minute old, which a slow network takes",
			ids("RPL-03"), nil, time.Minute, time.Minute),
		// Seconds are rounded somewhere: five of them are no skew.
		window("clock-skew-refused", "an event from a clock that is half a minute ahead is refused",
			ids("RPL-07"), nil, tolerance, 5*time.Second),
		{
			Name: "freshness-by-header", Defect: "freshness is taken from a header that nobody signed, where there is one",
			Catches: ids("RPL-08"),
			// A captured delivery whose header was freshened is accepted, and its
			// event may be of any age.
			Also: holes("RPL-01", "RPL-02", "RPL-04", "RPL-05"),
			breed: func(rc *receiver) {
				rc.when = func(d *delivery) (time.Time, bool) {
					if at, ok := headerTime(d.r.Header); ok {
						return at, true
					}
					return bodyTime(d)
				}
			},
		},
	}
}

// headerTime is the time in a header that careless receivers trust.
func headerTime(h http.Header) (time.Time, bool) {
	for _, name := range []string{"Date", "X-Claude-Timestamp", "X-Timestamp", "X-Webhook-Timestamp", "X-Signature-Timestamp", "X-Request-Timestamp", "Webhook-Timestamp", "Timestamp"} {
		v := h.Get(name)
		if v == "" {
			continue
		}
		if at, err := http.ParseTime(v); err == nil {
			return at, true
		}
		if at, err := time.Parse(time.RFC3339, v); err == nil {
			return at, true
		}
		var seconds int64
		if json.Unmarshal([]byte(v), &seconds) == nil {
			return time.Unix(seconds, 0), true
		}
	}
	return time.Time{}, false
}

// timestampDefects are the receivers that cannot read a timestamp, or read one
// where there is none.
func timestampDefects() []Animal {
	reading := func(name, defect string, catches, also []string, when func(d *delivery, s string) (time.Time, bool)) Animal {
		return Animal{
			Name: name, Defect: defect, Catches: catches, Also: also,
			breed: func(rc *receiver) {
				rc.when = func(d *delivery) (time.Time, bool) {
					s, _ := text(d.fields["timestamp"])
					return when(d, s)
				}
			},
		}
	}
	layout := func(layouts ...string) func(*delivery, string) (time.Time, bool) {
		return func(_ *delivery, s string) (time.Time, bool) {
			for _, l := range layouts {
				// Parse takes a fraction that the layout does not name; these
				// receivers do not.
				if at, err := time.Parse(l, s); err == nil && (strings.Contains(l, ".") == strings.Contains(s, ".")) {
					return at, true
				}
			}
			return time.Time{}, false
		}
	}
	return []Animal{
		reading("timestamp-missing-accepted", "an event without a timestamp counts as fresh",
			ids("RPL-04"), holes(), func(d *delivery, _ string) (time.Time, bool) {
				if raw, ok := d.fields["timestamp"]; !ok || string(raw) == "null" || string(raw) == `""` {
					return time.Now(), true
				}
				return bodyTime(d)
			}),
		reading("unreadable-timestamp-is-now", "a text that is no time compares as not too old, as NaN does in JavaScript",
			ids("RPL-05"), holes(), func(d *delivery, s string) (time.Time, bool) {
				if at, ok := bodyTime(d); ok {
					return at, true
				}
				return time.Now(), s != ""
			}),
		reading("epoch-timestamp-accepted", "a number counts as seconds or milliseconds since 1970",
			ids("RPL-05"), holes(), func(d *delivery, s string) (time.Time, bool) {
				raw := d.fields["timestamp"]
				if s != "" {
					raw = json.RawMessage(s)
				}
				var n int64
				if json.Unmarshal(raw, &n) != nil || n == 0 {
					return bodyTime(d)
				}
				if n > 1e11 {
					return time.UnixMilli(n), true
				}
				return time.Unix(n, 0), true
			}),
		reading("timestamp-list-accepted", "a timestamp that is a list is not compared at all",
			ids("RPL-05"), holes(), func(d *delivery, _ string) (time.Time, bool) {
				if raw := d.fields["timestamp"]; len(raw) > 0 && raw[0] == '[' {
					return time.Now(), true
				}
				return bodyTime(d)
			}),
		reading("offset-ignored", "the offset of a timestamp is cut off, and the rest taken for UTC",
			ids("RPL-06"), nil, func(_ *delivery, s string) (time.Time, bool) {
				at, err := time.Parse(time.RFC3339, s)
				if err != nil {
					return at, false
				}
				_, seconds := at.Zone()
				return at.Add(time.Duration(seconds) * time.Second), true
			}),
		reading("offset-refused", "only timestamps that end in Z are taken",
			ids("RPL-06"), nil, layout("2006-01-02T15:04:05Z", "2006-01-02T15:04:05.999999999Z")),
		reading("fraction-refused", "a timestamp with a fraction of a second is refused",
			ids("RPL-06"), nil, layout("2006-01-02T15:04:05Z07:00")),
		reading("nanoseconds-refused", "a fraction of more than six digits is refused, as by Python before 3.11",
			ids("RPL-06"), nil, func(d *delivery, s string) (time.Time, bool) {
				_, fraction, _ := strings.Cut(s, ".")
				digits := len(fraction) - len(strings.TrimLeft(fraction, "0123456789"))
				if digits > 6 {
					return time.Time{}, false
				}
				return bodyTime(d)
			}),
	}
}
