package zoo

import (
	"context"
	"io"
	"net/http"
	"strings"
	"sync"
	"time"
)

// answering is a correct receiver that answers some outcomes with other
// statuses.
func answering(name, style string, advice []string, statuses map[int]int) Animal {
	return Animal{
		Name: name, Style: style, Advice: advice,
		breed: func(rc *receiver) {
			rc.reply = func(d *delivery, a answer) {
				if s, ok := statuses[a.status]; ok {
					a.status = s
				}
				replyJSON(d, a)
			}
		},
	}
}

// correctAnswers are correct receivers that word their answers differently.
func correctAnswers() []Animal {
	return []Animal{
		{Name: "correct-plain", Style: "answers as the contract says, over net/http"},
		answering("correct-204", "answers 204 without a body", nil,
			map[int]int{http.StatusOK: http.StatusNoContent}),
		answering("correct-403", "refuses forgeries with 403 in place of 401", ids("SIG-15"),
			map[int]int{http.StatusUnauthorized: http.StatusForbidden}),
		answering("correct-422", "refuses malformed and stale events with 422 in place of 400", nil,
			map[int]int{http.StatusBadRequest: http.StatusUnprocessableEntity}),
		{
			Name: "correct-208", Style: "answers duplicates with 208 Already Reported",
			breed: func(rc *receiver) {
				rc.take = func(d *delivery) *answer {
					a := rc.processOnce(d)
					if a.text == duplicate().text {
						a.status = http.StatusAlreadyReported
					}
					return a
				}
			},
		},
		{
			Name: "correct-stale-401", Style: "refuses events that are not fresh with 401",
			breed: func(rc *receiver) {
				rc.fresh = func(d *delivery) *answer {
					if a := rc.isFresh(d); a != nil {
						return say(http.StatusUnauthorized, a.text)
					}
					return nil
				}
			},
		},
		{
			Name: "correct-html", Style: "answers with a web page of 20 KB",
			breed: func(rc *receiver) {
				rc.reply = func(d *delivery, a answer) {
					d.w.Header().Set("Content-Type", "text/html; charset=utf-8")
					d.w.WriteHeader(a.status)
					// A sender that stops reading is no concern of the receiver.
					_, _ = io.WriteString(d.w, "<!doctype html><title>"+a.text+"</title>"+strings.Repeat("<p>A page from the shared hosting.</p>\n", 540))
				}
			},
		},
		{
			Name: "correct-ignores-unknown", Style: "acknowledges types that it does not know, without any effect",
			breed: func(rc *receiver) {
				rc.take = func(d *delivery) *answer {
					if d.event.state == "" {
						return say(http.StatusOK, "ignored")
					}
					return rc.processOnce(d)
				}
			},
		},
		{
			Name: "correct-strict-data", Style: "refuses a task event without a task_id with 422",
			breed: func(rc *receiver) {
				rc.parse = first(parseEvent, func(d *delivery) *answer {
					if d.event.state != "" && d.event.task == "" {
						return say(http.StatusUnprocessableEntity, "task_id missing")
					}
					return nil
				})
			},
		},
		{
			Name: "correct-bare-probe", Style: "has a probe that counts effects and tells no status",
			breed: func(rc *receiver) { rc.probeHidesStatus = true },
		},
		{
			Name: "correct-two-keys", Style: "takes the previous key beside the current one",
			PreviousKey: true,
		},
		{
			Name: "correct-log", Style: "logs one JSON object a line, refusals included, and no secret",
			Log: true,
		},
	}
}

// correctServers are correct receivers over different HTTP servers.
func correctServers() []Animal {
	return []Animal{
		{
			Name: "correct-https", Style: "is served over TLS 1.2 and 1.3 with HTTP/2",
			front: tlsFront{}.open,
		},
		{
			Name: "correct-http10", Style: "is HTTP/1.0 written by hand over TCP: every answer ends its connection",
			front: rawFront{closes: true}.open,
		},
		{
			Name: "correct-by-hand", Style: "is HTTP/1.1 written by hand over TCP, with connections kept open",
			front: rawFront{}.open,
		},
		{
			Name: "correct-one-at-a-time", Style: "has one thread, which serves one connection at a time by HTTP/1.0",
			// One slow client keeps the others waiting.
			Advice: ids("HTTP-04", "PAY-11", "TIME-02"),
			front:  rawFront{closes: true, workers: 1}.open,
		},
		{
			Name: "correct-fasthttp", Style: "is served by fasthttp, which parses and writes HTTP on its own",
			front: overFastHTTP,
		},
		{
			Name: "correct-closes", Style: "ends every connection after one answer, and says so",
			breed: func(rc *receiver) {
				rc.reply = func(d *delivery, a answer) {
					d.w.Header().Set("Connection", "close")
					replyJSON(d, a)
				}
			},
		},
		{
			Name: "correct-refuses-early", Style: "refuses a delivery without a signature before reading it, and ends the connection",
			breed: func(rc *receiver) {
				rc.admit = first(postOnly, func(d *delivery) *answer {
					if rc.signature(d) == "" {
						d.w.Header().Set("Connection", "close")
						return say(http.StatusUnauthorized, "signature missing or wrong")
					}
					return nil
				})
			},
		},
	}
}

// later is how long a queue holds an event in correct-202.
const later = 300 * time.Millisecond

// correctWork are correct receivers that do their work at another pace.
func correctWork() []Animal {
	return []Animal{
		{
			Name: "correct-202", Style: "answers 202, and the effect follows 300 ms later",
			breed: func(rc *receiver) {
				type job struct {
					e   event
					due time.Time
				}
				queue := make(chan job, 1024)
				rc.worker = func(ctx context.Context) {
					for {
						select {
						case j := <-queue:
							if pause(ctx, time.Until(j.due)) != nil {
								return
							}
							rc.store.apply(j.e)
						case <-ctx.Done():
							return
						}
					}
				}
				rc.take = func(d *delivery) *answer {
					if !rc.store.mark(rc.key(d)) {
						return duplicate()
					}
					// A full queue holds the answer up; it drops nothing. What
					// was marked is queued whether or not the sender waits.
					queue <- job{e: d.event, due: time.Now().Add(later)}
					return say(http.StatusAccepted, "queued")
				}
			},
		},
		{
			Name: "correct-slow", Style: "works for 80 ms before it answers; copies wait for the first",
			Advice: ids("TIME-02"), // on a busy machine
			breed: func(rc *receiver) {
				var mu sync.Mutex
				atWork := map[string]chan struct{}{}
				rc.take = func(d *delivery) *answer {
					mu.Lock()
					ended, copied := atWork[rc.key(d)]
					if !copied {
						ended = make(chan struct{})
						atWork[rc.key(d)] = ended
					}
					mu.Unlock()
					if copied {
						<-ended
						return duplicate()
					}
					defer close(ended)
					work(d, 80*time.Millisecond)
					return rc.processOnce(d)
				}
			},
		},
		{
			Name: "correct-serial", Style: "processes one event at a time, whatever arrives",
			breed: func(rc *receiver) {
				var turn sync.Mutex
				rc.take = func(d *delivery) *answer {
					turn.Lock()
					defer turn.Unlock()
					return rc.processOnce(d)
				}
			},
		},
	}
}
