package zoo

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"net/http"
	"strings"
	"sync"
	"time"
	"unicode"
)

// dedupeDefects are the receivers that tell duplicates by the wrong thing, or
// forget them.
func dedupeDefects() []Animal {
	return []Animal{
		{
			Name: "no-dedupe", Defect: "every copy of an event is processed",
			Catches: ids("IDEM-01", "IDEM-02", "IDEM-04", "IDEM-05", "IDEM-07", "IDEM-09", "RTY-01", "RTY-03", "LED-01"),
			breed: func(rc *receiver) {
				rc.take = func(d *delivery) *answer {
					rc.store.apply(d.event)
					return done()
				}
			},
		},
		{
			Name: "check-then-mark", Defect: "the id is looked up, and marked twenty milliseconds later",
			Catches: ids("IDEM-02"),
			Also:    acknowledged("RTY-01", "RTY-03"), // a retry within those twenty
			breed: func(rc *receiver) {
				rc.take = func(d *delivery) *answer {
					if rc.store.marked(rc.key(d)) {
						return duplicate()
					}
					work(d, 20*time.Millisecond)
					rc.store.mark(rc.key(d))
					rc.store.apply(d.event)
					return done()
				}
			},
		},
		dedupedBy("dedupe-by-body", "duplicates are told by a hash of the body, which a retry stamps anew",
			ids("IDEM-04"), acknowledged("RTY-01", "RTY-02", "RTY-03", "IDEM-02", "IDEM-07", "IDEM-09"), ids("IDEM-05"),
			func(d *delivery) string {
				h := sha256.Sum256(d.body)
				return hex.EncodeToString(h[:])
			}),
		dedupedBy("dedupe-by-task", "duplicates are told by task_id: the second event about a task is lost",
			ids("IDEM-08"), acknowledged("IDEM-06", "PAY-12"), ids("ORD-01", "IDEM-05"), // where those share a task, or change it
			func(d *delivery) string {
				if d.event.task == "" {
					return d.event.id
				}
				return d.event.task
			}),
		dedupedBy("dedupe-ignores-case", "the column of ids has a collation that ignores case",
			ids("IDEM-06"), acknowledged(), nil,
			func(d *delivery) string { return strings.ToLower(d.event.id) }),
		dedupedBy("dedupe-by-32-characters", "the column of ids takes 32 characters and cuts off the rest",
			ids("IDEM-06"), acknowledged(), nil,
			func(d *delivery) string { return d.event.id[:min(32, len(d.event.id))] }),
		dedupedBy("dedupe-by-slug", "ids are made fit for file names before they are compared: every other character becomes _, and the ends are trimmed",
			ids("IDEM-06"), acknowledged(), nil,
			func(d *delivery) string {
				return strings.Trim(strings.Map(func(r rune) rune {
					if r < 128 && (unicode.IsLetter(r) || unicode.IsDigit(r)) {
						return r
					}
					return '_'
				}, d.event.id), "_")
			}),
		dedupedBy("dedupe-by-request-id", "duplicates are told by X-Request-Id, which a proxy draws anew",
			ids("IDEM-09"), acknowledged("RTY-01", "RTY-03", "IDEM-01", "IDEM-02", "IDEM-04", "IDEM-07"), ids("IDEM-05"),
			func(d *delivery) string {
				if id := d.r.Header.Get("X-Request-Id"); id != "" {
					return id
				}
				return d.event.id
			}),
		dedupedBy("dedupe-by-user-agent", "the fingerprint of a duplicate includes User-Agent, which changes with the sender's release",
			ids("IDEM-09"), acknowledged("RTY-01", "RTY-02", "RTY-03"), nil,
			func(d *delivery) string { return d.event.id + " " + d.r.UserAgent() }),
		dedupedBy("dedupe-by-id-and-timestamp", "a copy that is stamped anew counts as a new event",
			ids("IDEM-04"), acknowledged("RTY-01", "RTY-02", "RTY-03", "IDEM-02", "IDEM-07", "IDEM-09"), ids("IDEM-05"),
			func(d *delivery) string { return d.event.id + " " + string(d.fields["timestamp"]) }),
		dedupedBy("same-id-other-data-processed", "an event whose data differ is processed though its id was seen",
			ids("IDEM-05"), acknowledged(), nil,
			func(d *delivery) string { return d.event.id + " " + string(d.fields["data"]) }),
		{
			Name: "dedupe-remembers-500", Defect: "the last 500 ids are remembered, in memory",
			Catches: ids("IDEM-07"),
			Also:    acknowledged(),
			breed: func(rc *receiver) {
				var mu sync.Mutex
				var last []string
				rc.take = func(d *delivery) *answer {
					a := rc.processOnce(d)
					if a.text == duplicate().text {
						return a
					}
					mu.Lock()
					defer mu.Unlock()
					if last = append(last, rc.key(d)); len(last) > 500 {
						rc.store.forget(last[0])
						last = last[1:]
					}
					return a
				}
			},
		},
	}
}

// dedupedBy is an animal that tells duplicates by another key.
func dedupedBy(name, defect string, catches, also, advice []string, key func(*delivery) string) Animal {
	return Animal{
		Name: name, Defect: defect, Catches: catches, Also: also, Advice: advice,
		breed: func(rc *receiver) { rc.key = key },
	}
}

// work takes a while, whether or not the sender waits for it.
func work(d *delivery, long time.Duration) {
	_ = pause(context.WithoutCancel(d.r.Context()), long) // never ends early
}

// duplicateAnswerDefects are the receivers that process once, and say so with
// the wrong status.
func duplicateAnswerDefects() []Animal {
	// Whatever sends a copy and wants 2xx for it.
	copies := ids("IDEM-02", "IDEM-07", "IDEM-09", "RTY-01", "RTY-03")
	refusing := func(name, defect string, status int) Animal {
		return Animal{
			Name: name, Defect: defect,
			Catches: ids("IDEM-01", "IDEM-03", "IDEM-04"), Also: copies, Advice: ids("IDEM-05"),
			breed: func(rc *receiver) {
				rc.take = func(d *delivery) *answer {
					a := rc.processOnce(d)
					if a.text == duplicate().text {
						a.status = status
					}
					return a
				}
			},
		}
	}
	return []Animal{
		refusing("duplicate-409", "a duplicate is answered with 409, so it is sent again and again", http.StatusConflict),
		refusing("duplicate-500", "the unique constraint that stops a duplicate surfaces as a server error", http.StatusInternalServerError),
		{
			Name: "lock-conflict-503", Defect: "a copy that arrives while the first is at work is told to come back later",
			Catches: ids("IDEM-03"),
			Also:    ids("RTY-01", "RTY-03"), // a retry that comes that early
			breed: func(rc *receiver) {
				var busy sync.Map
				rc.take = func(d *delivery) *answer {
					if _, locked := busy.LoadOrStore(rc.key(d), true); locked {
						return say(http.StatusServiceUnavailable, "locked")
					}
					defer busy.Delete(rc.key(d))
					if rc.store.marked(rc.key(d)) {
						return duplicate()
					}
					work(d, 30*time.Millisecond)
					return rc.processOnce(d)
				}
			},
		},
	}
}
