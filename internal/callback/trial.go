package callback

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"net"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"

	"hookdrill/internal/plan"
	"hookdrill/mockclaude"
	"hookdrill/mockclaude/witness"
	"hookdrill/reports"
	"hookdrill/scenarios"
)

// maxEvidence bounds the exchanges and the calls that a case shows.
const maxEvidence = 12

// trial is one case under way.
type trial struct {
	*Trials
	id    string
	call  scenarios.Call
	types []string
	// unfit says why the case does not apply, "" when it does.
	unfit string
	rng   *rand.Rand
	began time.Time
	// first is the number of the last call before the trial.
	first int64

	mu    sync.Mutex
	marks []string // what its calls are recognised by
	lines []line
	shown []reports.Exchange
}

type line struct {
	at   time.Time
	text string
}

// event is an event of a trial.
type event struct {
	mockclaude.Event
	// body is the template of its body.
	body string
}

// answer is what came of a delivery.
type answer struct {
	mockclaude.Exchange
	// came is when the answer was there.
	came time.Time
}

func (a answer) acknowledged() bool { return a.Status >= 200 && a.Status <= 299 }

// said is the answer in a word.
func (a answer) said() string {
	if a.Status > 0 {
		return strconv.Itoa(a.Status)
	}
	return "no answer (" + string(a.Err) + ")"
}

func newTrial(t *Trials, c *plan.Case) *trial {
	seed := sha256.Sum256(fmt.Appendf(nil, "hookdrill %d call %s", t.cfg.Seed, c.ID))
	run := &trial{Trials: t, id: c.ID, rng: rand.New(rand.NewChaCha8(seed)), began: t.cfg.Now(), first: t.cfg.Witness.Total()} //nolint:gosec // repeatable on purpose
	if c.Call != nil {
		run.call = *c.Call
	}
	run.types = run.call.Types
	for _, typ := range run.types {
		if !slices.Contains(t.fetched, typ) {
			run.unfit = "the receiver fetches nothing for events of type " + typ
		}
	}
	if len(run.types) == 0 && len(t.fetched) > 0 {
		run.types = t.fetched[:1]
	}
	return run
}

// draw makes an ordinary event of a type.
func (t *trial) draw(typ string) (*event, error) {
	made, err := mockclaude.NewEvent(t.cfg.Contract, typ, t.rng)
	if err != nil {
		return nil, err //nolint:wrapcheck // it says what it was about
	}
	e := &event{Event: made, body: made.Template(t.cfg.Contract)}
	t.mark(e.TaskID)
	return e, nil
}

// ordinary makes an event of the trial's first type.
func (t *trial) ordinary() *event {
	e, err := t.draw(t.types[0])
	if err != nil {
		panic(err) // it was made before, while the receiver was looked at
	}
	return e
}

// name gives an event another id of its resource.
func (e *event) name(id string) {
	e.body = strings.ReplaceAll(e.body, quote(e.TaskID), quote(id))
	e.TaskID = id
}

// quote is a text as a JSON string.
func quote(s string) string {
	var b bytes.Buffer
	enc := json.NewEncoder(&b)
	enc.SetEscapeHTML(false)
	_ = enc.Encode(s) // a string always encodes
	return strings.TrimSuffix(b.String(), "\n")
}

func (t *trial) delivery(e *event) mockclaude.Delivery {
	return mockclaude.Delivery{EventID: e.ID, Type: e.Type, TaskID: e.TaskID, Body: e.body}
}

// send delivers an event as it should be.
func (t *trial) send(ctx context.Context, e *event, role string) answer {
	return t.deliver(ctx, t.delivery(e), role)
}

// deliver makes a delivery and keeps it as evidence.
func (t *trial) deliver(ctx context.Context, d mockclaude.Delivery, role string) answer {
	x := t.cfg.Sender.Send(ctx, d)
	a := answer{x, x.Start.Add(x.Duration)}
	t.note(x.Start, "sent: "+role+", about "+d.TaskID)
	t.note(a.came, "answered "+a.said()+": "+role)
	t.mu.Lock()
	defer t.mu.Unlock()
	if len(t.shown) < maxEvidence {
		t.shown = append(t.shown, reports.Exchange{
			Role: role, Request: x.Request, Response: x.Response, MS: float64(x.Duration.Microseconds()) / 1000,
			Status: x.Status, Error: x.ErrText, EventID: d.EventID,
		})
	}
	return a
}

// twin sends an ordinary event and waits until its resource is fetched. It returns what
// keeps it from proving anything, "" when it is fetched.
func (t *trial) twin(ctx context.Context, when string) string {
	e := t.ordinary()
	if a := t.send(ctx, e, "an ordinary event "+when); !a.acknowledged() {
		return "the ordinary event " + when + " was not acknowledged (" + a.said() + "), so nothing is proved"
	}
	if !t.awaitFetch(ctx, e, 0) {
		return fmt.Sprintf("the resource of the ordinary event %s was not fetched within %s, so nothing is proved", when, t.cfg.Settle)
	}
	return ""
}

// awaitFetch waits until an event's resource is fetched by a call after the one with a
// number.
func (t *trial) awaitFetch(ctx context.Context, e *event, after int64) bool {
	return t.wait(ctx, t.cfg.Settle, func() bool {
		return slices.ContainsFunc(t.about(e), func(c witness.Call) bool { return c.Number > after })
	})
}

// rest lets time pass for calls that are still to come, until none came for a while.
func (t *trial) rest(ctx context.Context) {
	for total := int64(-1); total != t.cfg.Witness.Total() && ctx.Err() == nil; {
		total = t.cfg.Witness.Total()
		t.wait(ctx, t.cfg.Still, func() bool { return t.cfg.Witness.Total() != total })
	}
}

// mark makes calls that hold a text count as the trial's.
func (t *trial) mark(text string) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.marks = append(t.marks, text)
}

// trap is the address of the trap, under the name by which the receiver knows the witness.
func (t *trial) trap() string {
	host := t.host
	if ip := net.ParseIP(host); ip != nil {
		host = "" // then the trap's own address is as good
	}
	return t.cfg.Witness.Trap(host)
}

// note adds a moment to the timeline.
func (t *trial) note(at time.Time, text string) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.lines = append(t.lines, line{at, text})
}

// redact takes secrets out of a text; what a receiver sends to the witness is its own.
func (t *trial) redact(text string) string { return reports.Clean(t.cfg.Sender.Redactor().Text(text)) }

func (t *trial) evidence() []reports.Exchange {
	t.mu.Lock()
	defer t.mu.Unlock()
	return slices.Clone(t.shown)
}

// told is the timeline: what was sent, what was answered, and which calls came.
func (t *trial) told() []string {
	t.mu.Lock()
	marks, lines := slices.Clone(t.marks), slices.Clone(t.lines)
	t.mu.Unlock()
	calls := t.cfg.Witness.Calls(func(c witness.Call) bool {
		return c.Number > t.first && (c.Trapped || slices.ContainsFunc(marks, c.Holds))
	})
	for _, c := range calls[:min(len(calls), maxEvidence)] {
		lines = append(lines, line{c.Began, "called: " + shown(c)})
	}
	slices.SortStableFunc(lines, func(a, b line) int { return a.at.Compare(b.at) })
	out := make([]string, len(lines))
	for i, l := range lines {
		out[i] = t.redact(fmt.Sprintf("%8.3f s  %s", l.at.Sub(t.began).Seconds(), l.text))
	}
	return out
}

// shown is a call in a few words.
func shown(c witness.Call) string {
	target := c.Target
	if len(target) > 200 {
		target = target[:200] + "…"
	}
	text := strings.TrimSpace(c.Method + " " + target)
	if c.Trapped {
		text += " at another host (" + c.Host + ")"
	}
	switch c.Key {
	case witness.KeyRight:
		text += ", with the API key"
	case witness.KeyWrong:
		text += ", with another key (" + c.KeyID + ")"
	case witness.KeyUnchecked:
		text += ", with a key (" + c.KeyID + ")"
	default:
		text += ", without a key"
	}
	switch {
	case c.Status > 0:
		text += fmt.Sprintf(", answered %d", c.Status)
	case c.Ended.IsZero():
		text += ", not answered yet"
	case !c.Trapped:
		text += ", closed without an answer"
	}
	return text
}
