package zoo

import (
	"encoding/hex"
	"encoding/json"
	"net/http"
	"runtime/debug"
	"strings"
	"time"
)

// badSignatureUpsets are the receivers that a bad signature breaks.
func badSignatureUpsets() []Animal {
	return []Animal{
		{
			Name: "non-ascii-signature-500", Defect: "a signature that is not ASCII is a server error, as from Python's compare_digest",
			Catches: ids("SIG-07"),
			breed: func(rc *receiver) {
				rc.verify = func(d *delivery) *answer {
					if !ascii(rc.signature(d)) {
						return broken()
					}
					return rc.verified(d)
				}
			},
		},
		{
			Name: "signature-length-500", Defect: "a signature of another length is a server error, as from Node's timingSafeEqual",
			Catches: ids("SIG-06", "SIG-07", "SIG-10"), // HMAC-SHA1 has another length
			breed: func(rc *receiver) {
				rc.verify = func(d *delivery) *answer {
					if given := rc.signature(d); given != "" && len(given) != 64 {
						return broken()
					}
					return rc.verified(d)
				}
			},
		},
		{
			Name: "malformed-signature-drops-connection", Defect: "a signature that is not hexadecimal aborts the handler, and the connection with it",
			Catches: ids("SIG-07"),
			// An odd number of digits does not decode either, nor does a label before them; a
			// refusal with a malformed signature takes its connection along.
			Also: ids("SIG-06", "SIG-10", "RAW-09"),
			breed: func(rc *receiver) {
				rc.verify = func(d *delivery) *answer {
					if _, err := hex.DecodeString(rc.signature(d)); err != nil {
						panic(http.ErrAbortHandler)
					}
					return rc.verified(d)
				}
			},
		},
		{
			Name: "bad-signature-kills-process", Defect: "a signature that is not ASCII ends the process; it is back after two seconds",
			Catches: ids("SIG-07"),
			// RAW-09 may send such a signature; whatever else is sent in those
			// two seconds gets no answer.
			Also:  ids("RAW-09"),
			front: overFragile,
			breed: func(rc *receiver) {
				rc.verify = func(d *delivery) *answer {
					if !ascii(rc.signature(d)) {
						rc.crash(2 * time.Second)
						panic(http.ErrAbortHandler)
					}
					return rc.verified(d)
				}
			},
		},
	}
}

// broken is the answer of an exception that nobody caught.
func broken() *answer { return say(http.StatusInternalServerError, "internal error") }

func ascii(s string) bool {
	return strings.IndexFunc(s, func(r rune) bool { return r > 127 }) < 0
}

// talkativeRefusals are the receivers that tell a forger too much, or say it
// with the wrong status.
func talkativeRefusals() []Animal {
	return []Animal{
		{
			Name: "expected-signature-in-refusal", Defect: "a refusal says which signature was expected: whoever asks can sign",
			Catches: ids("SIG-13"),
			breed: func(rc *receiver) {
				rc.verify = func(d *delivery) *answer {
					a := rc.verified(d)
					if a != nil {
						a.text = "expected signature " + sign(rc.keys[0], d.body)
					}
					return a
				}
			},
		},
		{
			Name: "key-in-refusal", Defect: "a refusal shows the configuration, the key included",
			Catches: ids("SIG-13"),
			breed: func(rc *receiver) {
				rc.verify = func(d *delivery) *answer {
					a := rc.verified(d)
					if a != nil {
						a.text = "signature does not match; CLAUDE_WEBHOOK_KEY=" + rc.keys[0]
					}
					return a
				}
			},
		},
		{
			Name: "stack-trace-in-refusal", Defect: "a refusal of a signature carries a stack trace",
			Catches: ids("SIG-19"),
			breed: func(rc *receiver) {
				rc.reply = func(d *delivery, a answer) {
					if a.status == http.StatusUnauthorized {
						http.Error(d.w, string(debug.Stack()), a.status)
						return
					}
					replyJSON(d, a)
				}
			},
		},
		{
			Name: "traceback-in-refusal", Defect: "debug mode is on: a malformed event is answered with a Python traceback",
			Catches: ids("SIG-19"),
			breed: func(rc *receiver) {
				rc.reply = func(d *delivery, a answer) {
					if a.status == http.StatusBadRequest {
						http.Error(d.w, "Traceback (most recent call last):\n"+
							"  File \"/srv/app/webhooks.py\", line 42, in receive\n"+
							"    event = parse(request.get_data())\n"+
							"ValueError: "+a.text, a.status)
						return
					}
					replyJSON(d, a)
				}
			},
		},
		{
			Name: "bad-request-for-forgeries", Defect: "a wrong signature is answered with 400, as if the body were wrong",
			Catches: ids("SIG-15"),
			breed: func(rc *receiver) {
				rc.verify = func(d *delivery) *answer {
					if a := rc.verified(d); a != nil {
						return say(http.StatusBadRequest, a.text)
					}
					return nil
				}
			},
		},
	}
}

// verificationOrder are the receivers that do things before they verify.
func verificationOrder() []Animal {
	return []Animal{
		{
			Name: "parsed-before-verified", Defect: "the body is parsed before its signature is looked at",
			Catches: ids("SIG-18"),
			Advice:  ids("SIG-15"), // a flipped byte may be no JSON any more
			breed: func(rc *receiver) {
				rc.verify = func(d *delivery) *answer {
					if !json.Valid(d.body) {
						return say(http.StatusBadRequest, "body is no JSON")
					}
					return rc.verified(d)
				}
			},
		},
		{
			Name: "effect-before-verification", Defect: "the event takes effect, and then its signature is checked",
			Catches: ids("SIG-14", "LED-02"),
			// What a forgery used up is a duplicate when the real one comes, and
			// so does the stale twin of a fresh event: both still have one effect.
			breed: func(rc *receiver) {
				verify := rc.verify
				rc.verify = func(d *delivery) *answer {
					early := *d
					if parseEvent(&early) == nil {
						early.event.at, _ = rc.when(&early)
						rc.take(&early)
					}
					return verify(d)
				}
			},
		},
		{
			Name: "forgery-uses-up-id", Defect: "the id is marked as seen before the signature is checked, so a forgery keeps the real event out",
			// Only a forged event whose id is then used by a genuine one shows it.
			Catches: ids("LED-01"),
			Also:    ids("PAY-12", "RTY-01", "RTY-02", "RTY-03"),
			breed: func(rc *receiver) {
				verify := rc.verify
				rc.verify = func(d *delivery) *answer {
					early := *d
					if parseEvent(&early) == nil {
						d.isNew = rc.store.mark(rc.key(&early))
					}
					return verify(d)
				}
				rc.take = func(d *delivery) *answer {
					if !d.isNew {
						return duplicate()
					}
					rc.store.apply(d.event)
					return done()
				}
			},
		},
	}
}
