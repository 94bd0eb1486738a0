package zoo

import (
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"io"
	"log/slog"
	"net/http"
	"time"
)

// What the contract claude says.
const (
	path            = "/webhooks/claude"
	signatureHeader = "X-Claude-Signature"
	tolerance       = 300 * time.Second
	bodyLimit       = 1 << 20
)

// receiver is a webhook receiver: its steps, and what they work with.
type receiver struct {
	steps

	keys  []string // the current key, then previous ones that still count
	store *store
	log   *slog.Logger
	logTo io.Writer // what log writes to

	limit int64         // bytes of the largest body
	past  time.Duration // how old an event may be
	ahead time.Duration // how far ahead of the clock an event may be

	api       API                 // of thin events; none without a URL
	where     func(errand) string // the URL that an errand leads to; "" for none
	errands   chan errand         // to the worker
	forgetful bool                // the worker drops what failed

	// worker runs beside the server until its ctx ends; nil for none.
	worker func(ctx context.Context)
	// crash drops every connection and takes none for a while. Only the fragile
	// front sets it.
	crash func(d time.Duration)
	// probeHidesStatus leaves status out of the probe's answers.
	probeHidesStatus bool
}

// step is one step of the pipeline: nil to go on, or the answer.
type step func(*delivery) *answer

// steps is the pipeline, in order; every step can be replaced. Between verify
// and its two parts either level will do, whichever makes a defect shorter.
type steps struct {
	admit     step                                 // the method
	read      step                                 // the whole body, bounded
	signature func(*delivery) string               // the signature that came along
	match     func(body []byte, given string) bool // whether it fits
	verify    step                                 // both of the above
	parse     step                                 // the envelope
	when      func(*delivery) (time.Time, bool)    // the event's time
	fresh     step                                 // whether that is now
	key       func(*delivery) string               // what tells duplicates
	take      step                                 // dedupe and effect
	reply     func(*delivery, answer)              // status and body
}

// delivery is one request on its way through the pipeline.
type delivery struct {
	w      http.ResponseWriter
	r      *http.Request
	body   []byte
	fields map[string]json.RawMessage // the envelope
	event  event
	isNew  bool // for receivers that look for duplicates ahead of the step take
}

// event is what a body says.
type event struct {
	id, kind string
	task     string    // "" when data names none
	state    string    // what the task becomes; "" for an unknown type
	at       time.Time // set by the step fresh
}

// answer is the outcome of a delivery.
type answer struct {
	status int
	text   string
}

// say makes an answer.
func say(status int, text string) *answer { return &answer{status: status, text: text} }

// newReceiver is a correct receiver that logs JSON. The first key is the current
// one.
func newReceiver(logTo io.Writer, keys ...string) *receiver {
	rc := &receiver{
		keys: keys, store: newStore(),
		log: slog.New(slog.NewJSONHandler(logTo, nil)), logTo: logTo,
		errands: make(chan errand, 4096),
		limit:   bodyLimit, past: tolerance, ahead: tolerance,
	}
	rc.steps = steps{
		admit:     postOnly,
		read:      rc.readAll,
		signature: headerSignature,
		match:     rc.matches,
		verify:    rc.verified,
		parse:     parseEvent,
		when:      bodyTime,
		fresh:     rc.isFresh,
		key:       func(d *delivery) string { return d.event.id },
		take:      rc.processOnce,
		reply:     replyJSON,
	}
	return rc
}

// ServeHTTP takes one request through the pipeline.
func (rc *receiver) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	begun := time.Now()
	d := &delivery{w: w, r: r}
	a := rc.handle(d)
	level := slog.LevelInfo
	if a.status >= http.StatusBadRequest {
		level = slog.LevelWarn
	}
	rc.log.Log(r.Context(), level, "delivery answered",
		"status", a.status, "outcome", a.text,
		"event_id", d.event.id, "event_type", d.event.kind, "task_id", d.event.task,
		"processing_time_ms", time.Since(begun).Milliseconds())
	rc.reply(d, *a)
}

func (rc *receiver) handle(d *delivery) *answer {
	for _, s := range []step{rc.admit, rc.read, rc.verify, rc.parse, rc.fresh} {
		if a := s(d); a != nil {
			return a
		}
	}
	return rc.take(d)
}

// postOnly is the step admit.
func postOnly(d *delivery) *answer {
	if d.r.Method != http.MethodPost {
		d.w.Header().Set("Allow", http.MethodPost)
		return say(http.StatusMethodNotAllowed, "only POST")
	}
	return nil
}

// readAll is the step read.
func (rc *receiver) readAll(d *delivery) *answer {
	if d.r.ContentLength > rc.limit {
		return say(http.StatusRequestEntityTooLarge, "body too large")
	}
	var err error
	d.body, err = io.ReadAll(http.MaxBytesReader(d.w, d.r.Body, rc.limit))
	if large := (*http.MaxBytesError)(nil); errors.As(err, &large) {
		return say(http.StatusRequestEntityTooLarge, "body too large")
	}
	if err != nil {
		return say(http.StatusBadRequest, "body incomplete")
	}
	return nil
}

// headerSignature is the step signature.
func headerSignature(d *delivery) string { return d.r.Header.Get(signatureHeader) }

// matches is the step match: constant time, against every key that counts.
func (rc *receiver) matches(body []byte, given string) bool {
	mac, err := hex.DecodeString(given)
	if err != nil {
		return false
	}
	for _, key := range rc.keys {
		if hmac.Equal(mac, sum(key, body)) {
			return true
		}
	}
	return false
}

// sum is the HMAC-SHA256 of a body.
func sum(key string, body []byte) []byte {
	h := hmac.New(sha256.New, []byte(key))
	h.Write(body)
	return h.Sum(nil)
}

// sign is the signature of a body as the header carries it.
func sign(key string, body []byte) string { return hex.EncodeToString(sum(key, body)) }

// verified is the step verify.
func (rc *receiver) verified(d *delivery) *answer {
	given := rc.signature(d)
	if given == "" || !rc.match(d.body, given) {
		return say(http.StatusUnauthorized, "signature missing or wrong")
	}
	return nil
}

// parseEvent is the step parse. Names are taken as they are spelt, which a map
// does and a Go struct does not.
func parseEvent(d *delivery) *answer {
	if err := json.Unmarshal(d.body, &d.fields); err != nil || d.fields == nil {
		return say(http.StatusBadRequest, "body is no JSON object")
	}
	var ok bool
	if d.event.id, ok = text(d.fields["id"]); !ok || d.event.id == "" {
		return say(http.StatusBadRequest, "id missing")
	}
	if d.event.kind, ok = text(d.fields["type"]); !ok || d.event.kind == "" {
		return say(http.StatusBadRequest, "type missing")
	}
	d.event.state = stateAfter(d.event.kind)
	d.event.task, _ = text(object(d.fields["data"])["task_id"])
	return nil
}

// text decodes a JSON string.
func text(raw json.RawMessage) (string, bool) {
	var s *string
	if len(raw) == 0 || json.Unmarshal(raw, &s) != nil || s == nil {
		return "", false
	}
	return *s, true
}

// object decodes a JSON object; nil for anything else.
func object(raw json.RawMessage) map[string]json.RawMessage {
	var fields map[string]json.RawMessage
	if json.Unmarshal(raw, &fields) != nil {
		return nil
	}
	return fields
}

// stateAfter is what a task becomes by an event of a type, "" if nothing.
func stateAfter(kind string) string {
	switch kind {
	case "agent.task.completed":
		return "completed"
	case "agent.task.failed":
		return "failed"
	case "agent.task.timeout":
		return "timeout"
	default:
		return ""
	}
}

// bodyTime is the step when.
func bodyTime(d *delivery) (time.Time, bool) {
	s, ok := text(d.fields["timestamp"])
	if !ok {
		return time.Time{}, false
	}
	at, err := time.Parse(time.RFC3339, s)
	return at, err == nil
}

// isFresh is the step fresh.
func (rc *receiver) isFresh(d *delivery) *answer {
	at, ok := rc.when(d)
	if !ok {
		return say(http.StatusBadRequest, "timestamp missing or malformed")
	}
	now := time.Now()
	if at.Before(now.Add(-rc.past)) || at.After(now.Add(rc.ahead)) {
		return say(http.StatusBadRequest, "event is not fresh")
	}
	d.event.at = at
	return nil
}

// processOnce is the step take.
func (rc *receiver) processOnce(d *delivery) *answer {
	if !rc.store.process(rc.key(d), d.event) {
		return duplicate()
	}
	return done()
}

// done answers an event that took effect, duplicate one that had done so before.
func done() *answer      { return say(http.StatusOK, "processed") }
func duplicate() *answer { return say(http.StatusOK, "duplicate") }

// replyJSON is the step reply.
func replyJSON(d *delivery, a answer) {
	d.w.Header().Set("Content-Type", "application/json")
	d.w.WriteHeader(a.status)
	// A sender that hung up is no concern of the receiver.
	_ = json.NewEncoder(d.w).Encode(map[string]string{"message": a.text})
}
