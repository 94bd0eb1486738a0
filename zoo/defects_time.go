package zoo

import (
	"io"
	"net/http"
	"regexp"
	"sync/atomic"
	"time"
)

// slowDefects are the receivers that keep the sender waiting, one event in ten:
// enough for a p99, and quick enough to test.
func slowDefects() []Animal {
	slow := func(name, defect string, catches, advice []string, long time.Duration) Animal {
		return Animal{
			Name: name, Defect: defect, Catches: catches, Advice: advice,
			breed: func(rc *receiver) {
				var n atomic.Int64
				rc.take = func(d *delivery) *answer {
					a := rc.processOnce(d)
					if n.Add(1)%10 == 0 {
						work(d, long)
					}
					return a
				}
			},
		}
	}
	return []Animal{
		slow("slow-600-ms", "one event in ten waits 600 ms for a table lock", ids("TIME-01", "TIME-02"), nil, 600*time.Millisecond),
		slow("slow-150-ms", "one event in ten waits 150 ms for an external call", ids("TIME-02"), nil, 150*time.Millisecond),
	}
}

// retryDefects are the receivers that a bad network confuses.
func retryDefects() []Animal {
	return []Animal{
		{
			Name: "cancelled-work-marked-seen", Defect: "the work ends with the connection, but its id stays marked: the retry is a duplicate and the event lost",
			// The sender has to leave within 80 ms.
			Catches: ids("RTY-01", "RTY-03", "LED-01"),
			Advice:  ids("TIME-02"), // 80 ms of work on a busy machine
			breed: func(rc *receiver) {
				rc.take = func(d *delivery) *answer {
					if !rc.store.mark(rc.key(d)) {
						return duplicate()
					}
					if pause(d.r.Context(), 80*time.Millisecond) != nil {
						return broken()
					}
					rc.store.apply(d.event)
					return done()
				}
			},
		},
		{
			Name: "marked-after-work", Defect: "the id is marked when 80 ms of work are done: a retry meanwhile is processed too",
			Catches: ids("RTY-03", "IDEM-02"),
			Also:    acknowledged("RTY-01"),
			Advice:  ids("TIME-02"),
			breed: func(rc *receiver) {
				rc.take = func(d *delivery) *answer {
					if rc.store.marked(rc.key(d)) {
						return duplicate()
					}
					work(d, 80*time.Millisecond)
					rc.store.apply(d.event)
					rc.store.mark(rc.key(d))
					return done()
				}
			},
		},
		{
			Name: "cut-body-takes-effect", Defect: "the event starts when its id has been read from the stream, and a broken stream does not undo it",
			Catches: ids("RTY-02"),
			Also:    acknowledged("LED-02"), // cut once and sent whole: two effects; cut and never sent whole: one
			breed: func(rc *receiver) {
				rc.read = withPrefix(rc.read, func(e event) { rc.store.apply(e) })
			},
		},
		{
			Name: "cut-body-marks-seen", Defect: "the id is marked when it has been read from the stream: after a broken one, the retry is a duplicate and the event lost",
			Catches: ids("RTY-02"),
			Also:    acknowledged(),
			breed: func(rc *receiver) {
				rc.read = withPrefix(rc.read, func(e event) { rc.store.mark(e.id) })
			},
		},
	}
}

// withPrefix calls then with the event that the beginning of a body names, when
// the rest of it never came.
func withPrefix(read step, then func(event)) step {
	id := regexp.MustCompile(`"id"\s*:\s*"([^"\\]+)"`)
	return func(d *delivery) *answer {
		var seen prefix
		d.r.Body = seen.tee(d.r.Body)
		a := read(d)
		if a != nil && a.status == http.StatusBadRequest {
			if m := id.FindSubmatch(seen.got); m != nil {
				then(event{id: string(m[1])})
			}
		}
		return a
	}
}

// prefix keeps what was read of a body.
type prefix struct {
	io.ReadCloser

	got []byte
}

func (p *prefix) tee(body io.ReadCloser) io.ReadCloser {
	p.ReadCloser = body
	return p
}

// Read is io.Reader's.
func (p *prefix) Read(b []byte) (int, error) {
	n, err := p.ReadCloser.Read(b)
	p.got = append(p.got, b[:n]...)
	return n, err
}
