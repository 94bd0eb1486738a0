package zoo

import (
	"io"
	"net/http"
	"strings"
	"sync"
	"time"
)

// sizeDefects are the receivers with a wrong idea of how large a body is.
func sizeDefects() []Animal {
	return []Animal{
		{
			Name: "limit-100-kb", Defect: "bodies over 100 KB are refused, the default of a popular body parser",
			Catches: ids("PAY-10"),
			Advice:  ids("PAY-13"),
			breed:   func(rc *receiver) { rc.limit = 100 << 10 },
		},
		{
			Name: "limit-512-kb", Defect: "bodies over 512 KB are refused",
			Catches: ids("PAY-13"),
			breed:   func(rc *receiver) { rc.limit = 512 << 10 },
		},
		{
			Name: "body-unlimited", Defect: "a body of any size is read into memory and taken",
			Catches: ids("PAY-11"),
			breed:   func(rc *receiver) { rc.limit = 256 << 20 }, // for the sake of this machine
		},
		{
			Name: "large-body-blocks-everyone", Defect: "a large body is read before it is refused, on the one thread that answers everybody",
			Catches: ids("PAY-11"),
			breed: func(rc *receiver) {
				var thread sync.Mutex
				rc.read = func(d *delivery) *answer {
					declared := d.r.ContentLength > rc.limit
					if declared {
						thread.Lock()
						defer thread.Unlock()
					}
					var err error
					if d.body, err = io.ReadAll(io.LimitReader(d.r.Body, 64<<20)); err != nil {
						return say(http.StatusBadRequest, "body incomplete")
					}
					if !declared {
						thread.Lock()
						defer thread.Unlock()
					}
					if int64(len(d.body)) > rc.limit {
						_ = pause(d.r.Context(), 5*time.Second) // cut short by Close
						return say(http.StatusRequestEntityTooLarge, "body too large")
					}
					return nil
				}
			},
		},
	}
}

// httpDefects are the receivers that are wrong about HTTP itself.
func httpDefects() []Animal {
	return []Animal{
		{
			Name: "any-method-processed", Defect: "the route takes every method, and processes the event",
			Catches: ids("HTTP-01"),
			Also:    holes(), // the event by GET takes effect
			Advice:  ids("HTTP-05"),
			breed:   func(rc *receiver) { rc.admit = func(*delivery) *answer { return nil } },
		},
		{
			Name: "get-answers-200", Defect: "every method but POST is greeted with 200, so a wrong method looks delivered",
			Catches: ids("HTTP-01"),
			Also:    acknowledged(),
			Advice:  ids("HTTP-05"),
			breed: func(rc *receiver) {
				rc.admit = func(d *delivery) *answer {
					if d.r.Method != http.MethodPost {
						return say(http.StatusOK, "the webhook endpoint is up")
					}
					return nil
				}
			},
		},
		{
			Name: "other-methods-404", Defect: "other methods than POST are not found, rather than not allowed",
			Catches: ids("HTTP-05"),
			breed: func(rc *receiver) {
				rc.admit = func(d *delivery) *answer {
					if d.r.Method != http.MethodPost {
						return say(http.StatusNotFound, "not found")
					}
					return nil
				}
			},
		},
		{
			Name: "trailing-slash-redirect", Defect: "the URL without a slash at its end redirects to the one with it",
			Catches: ids("HTTP-02"),
			// No valid event gets in at this URL: SIG-01 sees it first.
			Also: ids("SIG-01"),
			breed: func(rc *receiver) {
				rc.admit = func(d *delivery) *answer {
					if !strings.HasSuffix(d.r.URL.Path, "/") {
						d.w.Header().Set("Location", d.r.URL.Path+"/")
						return say(http.StatusMovedPermanently, "moved")
					}
					return postOnly(d)
				}
			},
		},
		{
			Name: "debug-page-on-refusal", Defect: "a malformed event is answered with a debug page of 100 KB",
			Catches: ids("HTTP-03"),
			breed: func(rc *receiver) {
				rc.reply = func(d *delivery, a answer) {
					if a.status != http.StatusBadRequest {
						replyJSON(d, a)
						return
					}
					d.w.Header().Set("Content-Type", "text/html")
					d.w.WriteHeader(a.status)
					// A sender that stops reading is no concern of the receiver.
					_, _ = io.WriteString(d.w, "<html><body>"+strings.Repeat("<tr><td>setting</td><td>value</td></tr>\n", 2600)+"</body></html>")
				}
			},
		},
		{
			Name: "ten-sync-workers", Defect: "ten workers read one connection each: ten slow clients are enough",
			Catches: ids("HTTP-04"),
			Advice:  ids("TIME-02"),
			front:   rawFront{workers: 10, closes: true}.open,
		},
	}
}
