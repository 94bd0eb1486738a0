package vectors

import (
	"fmt"
	"strconv"
	"time"

	"hookdrill/contract"
	"hookdrill/mockclaude"
)

func stampText(at int64) string { return strconv.FormatInt(at, 10) }

// times are about how old an event may be. Nothing lies between 290 and 310 s, where clocks
// that differ a little, and verifiers that round, may answer either way.
func (m *maker) times() {
	if !m.c.HasFreshness() {
		m.add(Valid, "a moment ten years later: deliveries of this scheme do not age", m.at(now+10*365*86400, now), "NoFreshness")
		return
	}
	for _, age := range []int64{1, 60, 289} {
		m.add(Valid, fmt.Sprintf("%d s old", age), m.at(now, now-age), "Fresh")
	}
	for _, age := range []int64{311, 600, 86400, 10 * 365 * 86400} {
		m.add(Invalid, fmt.Sprintf("%d s old", age), m.at(now, now-age), "Stale")
	}
	m.add(Invalid, "the beginning of 1970", m.at(now, 0), "Stale")
	m.add(Valid, "a few seconds ahead, as clocks differ", m.at(now, now+5), "Fresh")
	ahead := Invalid
	if m.c.Freshness.Direction == contract.FreshPast {
		ahead = Acceptable // the libraries limit the past alone, and a receiver may do more
		m.add(Acceptable, "289 s ahead", m.at(now, now+289), "Ahead")
	} else {
		m.add(Valid, "289 s ahead", m.at(now, now+289), "Fresh")
	}
	for _, by := range []int64{311, 86400, 10 * 365 * 86400} {
		m.add(ahead, fmt.Sprintf("%d s ahead", by), m.at(now, now+by), "Ahead")
	}
	if m.c.Freshness.Source == contract.FreshBody {
		m.bodyTimes()
		return
	}
	text := func(result, comment, stamp string) {
		r := m.request()
		r.stamp, r.unsaid = stamp, true
		m.add(result, comment, r, "StampForm")
	}
	text(ahead, "a signed time in milliseconds", stampText(now*1000))
	text(Invalid, "a signed time that is a word", "now")
	text(Invalid, "a signed time that is no number", "NaN")
	text(Invalid, "a signed time in hex", "0x69557a00")
	text(Invalid, "a signed time below zero", stampText(-now))
	text(Invalid, "a signed time with words behind it", stampText(now)+"abc")
	text(Acceptable, "a signed time in RFC 3339", time.Unix(now, 0).UTC().Format(time.RFC3339))
	text(Acceptable, "a signed time with a fraction", stampText(now)+".5")
	text(Acceptable, "a signed time with a plus before it", "+"+stampText(now))
	text(Acceptable, "a signed time with a zero before it", "0"+stampText(now))
	text(Acceptable, "a signed time with an exponent", "1767225600e0")
}

// at is a right request that was sent at one moment and arrives at another.
func (m *maker) at(arrives, sent int64) request {
	r := m.request()
	if m.c.Freshness.Source == contract.FreshBody {
		r.body = m.body(time.Unix(sent, 0))
	}
	r.now, r.stamp = arrives, stampText(sent)
	return r
}

// bodyTimes are spellings of the time where it stands in the body, as RFC 3339.
func (m *maker) bodyTimes() {
	stamped := func(result, comment string, stamp mockclaude.Stamp) {
		body, err := mockclaude.Expand(m.event.Template(m.c), time.Unix(now, 0), stamp)
		m.fail(err)
		m.add(result, comment, m.requestOf(body), "StampForm")
	}
	for _, form := range [][2]string{
		{"utc", "+00:00 in place of Z"},
		{"+10:00", "a time of another zone"},
		{"-08:00", "a time of a zone in the west"},
		{"ms", "a time with milliseconds"},
		{"us", "a time with microseconds"},
		{"ns", "a time with nanoseconds"},
	} {
		stamped(Valid, form[1], mockclaude.Stamp{Format: form[0]})
	}
	stamped(Invalid, "an old time of another zone, whose clock shows the present", mockclaude.Stamp{Format: "+10:00", Offset: -10 * time.Hour})
	body := func(result, comment, stamp string) {
		m.add(result, comment, m.requestOf([]byte(`{"id":"`+m.event.ID+`","type":"`+m.event.Type+`",`+stamp+`"data":{"task_id":"task_1"}}`)), "StampForm")
	}
	body(Invalid, "no time", "")
	body(Invalid, "a time that is null", `"timestamp":null,`)
	body(Invalid, "an empty time", `"timestamp":"",`)
	body(Invalid, "a time in words", `"timestamp":"now",`)
	body(Acceptable, "a time in Unix seconds", `"timestamp":1767225600,`)
	body(Acceptable, "a time without a zone", `"timestamp":"2026-01-01T00:00:00",`)
}

// published are the vectors that the schemes' own documentation gives.
func (m *maker) published() {
	switch m.name {
	case "github":
		r := m.requestOf([]byte("Hello, World!"))
		r.key = "It's a Secret to Everybody"
		m.add(Valid, "the example of GitHub's documentation", r, "Published")
	case "standard-webhooks", "svix":
		m.add(Valid, "the example of the libraries of Standard Webhooks", request{
			key: "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw", id: "msg_p5jXN8AQM9LWM0D4loKWxJek",
			stamp: "1614265330", now: 1614265330, body: []byte(`{"test": 2432232314}`),
		}, "Published")
	}
}
