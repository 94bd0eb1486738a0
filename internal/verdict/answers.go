package verdict

import (
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"hookdrill/contract"
	"hookdrill/internal/plan"
	"hookdrill/internal/record"
	"hookdrill/mockclaude"
	"hookdrill/reports"
	"hookdrill/scenarios"
)

// maxExchanges bounds the evidence of one case.
const maxExchanges = 8

// seen is a planned delivery and the attempt that counts for it.
type seen struct {
	plan.Delivery
	step       plan.Step
	background bool
	attempt    *record.Attempt
	// sound is set by everyAttempt: the twins beside it were all accepted.
	sound bool
}

// pair joins the deliveries of a case with the last attempt of each.
func pair(c *plan.Case, rec *record.Case) []seen {
	var out []seen
	for _, s := range c.Steps {
		for _, d := range s.Deliveries {
			out = append(out, seen{Delivery: d, step: s})
		}
		for _, d := range s.Background {
			out = append(out, seen{Delivery: d, step: s, background: true})
		}
	}
	if rec == nil {
		return out
	}
	for i := range rec.Attempts {
		if at := rec.Attempts[i].Delivery; at >= 0 && at < len(out) {
			out[at].attempt = &rec.Attempts[i]
		}
	}
	return out
}

// answers judges each answer against its expectation, then the controls, then
// the effects.
func (j judge) answers(c *plan.Case, rec *record.Case, out *reports.Case) {
	all := pair(c, rec)
	out.Expected = expectation(c)
	out.Exchanges = exchanges(all)
	if bad := missing(all); bad != "" {
		out.Status, out.Why = reports.Error, bad
		if j.Run.Interrupted {
			out.Status, out.Why = reports.NotExercised, "the run was interrupted in this case"
		}
		return
	}
	if len(all) == 0 {
		out.Status, out.Why = reports.NotExercised, "the case sends nothing"
		return
	}
	if s := falsePremise(all); s != nil {
		out.Status = reports.NotExercised
		out.Actual = actual(s.attempt)
		out.Why = "what the case builds on was not answered with " + expectWord(s.Delivery) + ", so nothing is proved"
		return
	}
	if limiterSpoke(all, rec, out) || noCrowd(all, out) {
		return
	}
	var decisive *seen
	short := 0
	for i := range all {
		s := &all[i]
		if s.Role != plan.RoleCase || ok(s, c.Limit) {
			continue
		}
		if s.step.Mode == scenarios.ModeSpread {
			short++
			continue
		}
		decisive = s
		break
	}
	if decisive != nil {
		if j.elsewhere(decisive) {
			out.Status = reports.NotExercised
			out.Actual = actual(decisive.attempt)
			out.Why = "a forged event was not refused with 4xx, which is the finding of other checks; what comes after a refusal was not seen"
			return
		}
		j.failed(c, all, decisive, out)
		return
	}
	if short > 0 {
		out.Status = reports.NotExercised
		out.Why = fmt.Sprintf("%d of the other events were not accepted, so the situation did not come about", short)
		return
	}
	out.Actual = actuals(all)
	if c.Control && !j.controls(all, out) {
		return
	}
	if j.check.Judge == scenarios.JudgeSameStatus && !sameStatus(all, out) {
		return
	}
	if j.check.Need != contract.NeedWire {
		j.effects(c, all, out)
		return
	}
	out.Status = reports.Pass
}

// falsePremise gives a premise that was not answered as expected.
func falsePremise(all []seen) *seen {
	for i := range all {
		if all[i].Role == plan.RolePremise && !ok(&all[i], 0) {
			return &all[i]
		}
	}
	return nil
}

// elsewhere reports a forged event that was not refused where the check is about
// something else: the connection after a refusal, or how refusals compare.
func (j judge) elsewhere(s *seen) bool {
	if s.Expect != scenarios.ExpectRefused || s.attempt.Status == 0 {
		return false
	}
	return s.step.Mode == scenarios.ModeConnection || (j.check.Judge == scenarios.JudgeSameStatus && accepted(s.attempt))
}

// missing says what keeps the records from being judged at all.
func missing(all []seen) string {
	for _, s := range all {
		switch {
		case s.attempt == nil:
			return "a planned delivery has no record: a defect of hookdrill"
		case s.attempt.Err == mockclaude.ErrHarness:
			return "hookdrill could not make the delivery: " + s.attempt.ErrText
		case s.attempt.Err == mockclaude.ErrCanceled:
			return "the delivery was cancelled"
		}
	}
	return ""
}

// failed fills in a case whose decisive delivery got a wrong answer.
func (j judge) failed(c *plan.Case, all []seen, s *seen, out *reports.Case) {
	out.Status = reports.Fail
	out.Actual = actual(s.attempt)
	out.Why = why(s)
	out.Exchanges = append([]reports.Exchange{exchange(s)}, others(all, s)...)
	if j.Curl != nil && s.Shape.Kind == "" {
		out.Curl = j.Curl(s.Delivery, s.attempt.Start)
	}
	late := abs(j.Run.Skew) > 20*time.Second
	if late && (c.Requirement == "RPL-03" || c.Requirement == "RPL-07") {
		out.Status = reports.NotExercised
		out.Why = fmt.Sprintf("the target's clock differs from ours by %s, so the age of the event is not what was meant", j.Run.Skew.Round(time.Second))
	}
}

// controls judges the twins of a negative case: both must have been accepted.
func (j judge) controls(all []seen, out *reports.Case) bool {
	first, last := all[0].attempt, all[len(all)-1].attempt
	switch {
	case !accepted(first):
		out.Status = reports.NotExercised
		out.Why = "the valid twin sent before it was not accepted (" + actual(first) + "), so a refusal proves nothing"
		return false
	case accepted(last):
		return true
	case last.Status == 0 && last.Err != mockclaude.ErrCanceled:
		out.Status = reports.Fail
		out.Actual = "then a valid event: " + actual(last)
		out.Why = "after this request the target no longer answered valid events: one request takes others with it"
		out.Exchanges = append(out.Exchanges, exchange(&all[len(all)-1]))
		return false
	case last.Status >= 500:
		out.Status = reports.Fail
		out.Actual = "then a valid event: " + actual(last)
		out.Why = "after this request the target answered valid events with a server error"
		return false
	}
	out.Status = reports.NotExercised
	out.Why = "the valid twin sent after it was not accepted (" + actual(last) + "), so a refusal proves nothing"
	return false
}

func sameStatus(all []seen, out *reports.Case) bool {
	var got []int
	for _, s := range all {
		if s.Role == plan.RoleCase {
			got = append(got, s.attempt.Status)
		}
	}
	out.Expected = "the same 4xx for both"
	if len(slices.Compact(slices.Clone(got))) == 1 {
		return true
	}
	out.Status = reports.Fail
	out.Actual = fmt.Sprint(got)
	out.Why = "the answer depends on what is in a body that nobody signed: it was parsed before it was verified"
	return false
}

// ok reports whether the attempt is the right answer for its delivery.
func ok(s *seen, limit time.Duration) bool {
	a := s.attempt
	status := a.Status
	switch s.Expect {
	case scenarios.ExpectAccepted:
		if limit > 0 && a.Duration > limit {
			return false
		}
		return accepted(a) && echoed(s)
	case scenarios.ExpectRefused:
		return status >= 400 && status < 500
	case scenarios.ExpectNotServer:
		return (status >= 200 && status < 300) || (status >= 400 && status < 500)
	case scenarios.ExpectNotOK:
		return status != 0 && (status < 200 || status > 299)
	case scenarios.ExpectNotMoved:
		return status != 0 && (status < 300 || status > 399)
	case scenarios.ExpectClosed:
		closed := a.Err == mockclaude.ErrClosed || a.Err == mockclaude.ErrTruncated
		return (status >= 400 && status < 500) || (status == 0 && closed)
	case scenarios.ExpectStatus:
		return status == s.Status
	case scenarios.ExpectAny:
		return true
	}
	return false
}

// echoed reports whether the body of an answer holds what the delivery asks to be echoed.
func echoed(s *seen) bool {
	_, body, _ := strings.Cut(s.attempt.Response, "\n\n")
	return strings.Contains(body, s.Echo)
}

// accepted reports a 2xx whose answer was read to its end or to the bound.
func accepted(a *record.Attempt) bool {
	return a.Status >= 200 && a.Status < 300 && (a.Err == "" || a.Err == mockclaude.ErrTooLarge)
}

func expectation(c *plan.Case) string {
	var words []string
	for _, d := range c.Deliveries() {
		if d.Role != plan.RoleCase {
			continue
		}
		w := expectWord(d)
		if w != "" && (len(words) == 0 || words[len(words)-1] != w) {
			words = append(words, w)
		}
	}
	text := strings.Join(words, ", then ")
	if c.Limit > 0 && text != "" {
		text += fmt.Sprintf(" within %s", c.Limit)
	}
	return text
}

func expectWord(d plan.Delivery) string {
	switch d.Expect {
	case scenarios.ExpectAccepted:
		if d.Echo != "" {
			return "2xx with the challenge in the body"
		}
		return "2xx"
	case scenarios.ExpectRefused:
		return "4xx"
	case scenarios.ExpectNotServer:
		return "2xx or 4xx"
	case scenarios.ExpectNotOK:
		return "an answer that is not 2xx"
	case scenarios.ExpectNotMoved:
		return "an answer that is not 3xx"
	case scenarios.ExpectClosed:
		return "4xx or the connection closed"
	case scenarios.ExpectStatus:
		return strconv.Itoa(d.Status)
	}
	return ""
}

func actuals(all []seen) string {
	var words []string
	for i := range all {
		if all[i].Role != plan.RoleCase {
			continue
		}
		if w := actual(all[i].attempt); len(words) == 0 || words[len(words)-1] != w {
			words = append(words, w)
		}
	}
	if len(words) > 6 {
		words = append(words[:6], "…")
	}
	return strings.Join(words, ", then ")
}

// actual says what came back, in a few words.
func actual(a *record.Attempt) string {
	switch {
	case a.Status != 0 && a.Err == "":
		return strconv.Itoa(a.Status)
	case a.Status != 0:
		return fmt.Sprintf("%d, and then: %s", a.Status, errWord(a.Err))
	}
	return errWord(a.Err)
}

func errWord(e mockclaude.ErrKind) string {
	switch e {
	case mockclaude.ErrDNS:
		return "the name does not resolve"
	case mockclaude.ErrRefused:
		return "connection refused"
	case mockclaude.ErrDial:
		return "no connection"
	case mockclaude.ErrTLS:
		return "TLS failed"
	case mockclaude.ErrTimeout:
		return "no complete answer in time"
	case mockclaude.ErrClosed:
		return "connection closed without an answer"
	case mockclaude.ErrTruncated:
		return "the answer broke off"
	case mockclaude.ErrTooLarge:
		return "the answer went past 64 KiB"
	case mockclaude.ErrProtocol:
		return "an answer that is not HTTP"
	case mockclaude.ErrAbandoned:
		return "given up on purpose"
	case mockclaude.ErrHTTP2:
		return "HTTP/2 was not negotiated"
	case mockclaude.ErrCanceled:
		return "cancelled"
	case mockclaude.ErrHarness:
		return "hookdrill failed"
	}
	return "no answer"
}

// why says what a wrong answer means.
func why(s *seen) string {
	a := s.attempt
	switch {
	case a.Status == 0 && s.Expect == scenarios.ExpectRefused:
		return "the connection was dropped instead of a refusal: the sender takes that for a failure of the network and tries again"
	case a.Status == 0:
		return "no answer came, which the sender counts as a failed delivery"
	case a.Err == mockclaude.ErrProtocol:
		return a.ErrText
	case s.background && a.Status < 300:
		return "a body of this size was taken in whole: whoever has the key, or is not checked before the body is read, can fill the memory"
	case accepted(a) && !echoed(s):
		return "the challenge is not in the answer, so the sender does not believe that the endpoint is yours"
	case a.Status < 300 && s.Expect == scenarios.ExpectAccepted:
		if accepted(a) {
			return fmt.Sprintf("the answer took %s", a.Duration.Round(time.Millisecond))
		}
		return "the answer began and did not end"
	case a.Status < 300:
		return "it was acknowledged, as if it were right"
	case a.Status < 400:
		return redirectWhy(a)
	case a.Status >= 500 && s.Expect == scenarios.ExpectAccepted:
		return "a valid event met a server error; the sender retries it, and meets the same again"
	case a.Status >= 500:
		return "a server error for a bad request: the sender retries what can never succeed, and an attacker can bring it about at will"
	case s.Expect == scenarios.ExpectAccepted:
		return "a valid event was refused; the sender counts it as undelivered and gives up in the end"
	}
	return "the status is not the right one"
}

func redirectWhy(a *record.Attempt) string {
	if a.Location != "" {
		return "it answered with a redirect, which a sender never follows, to " + a.Location
	}
	return "it answered with a redirect, which a sender never follows"
}

func exchanges(all []seen) []reports.Exchange {
	out := []reports.Exchange{}
	for i := range all {
		if all[i].attempt != nil && len(out) < maxExchanges {
			out = append(out, exchange(&all[i]))
		}
	}
	return out
}

// others are the exchanges beside the decisive one.
func others(all []seen, not *seen) []reports.Exchange {
	out := []reports.Exchange{}
	for i := range all {
		if &all[i] != not && all[i].attempt != nil && len(out) < maxExchanges-1 {
			out = append(out, exchange(&all[i]))
		}
	}
	return out
}

func exchange(s *seen) reports.Exchange {
	a := s.attempt
	return reports.Exchange{
		Role: s.Role, At: a.Start.UTC(), Request: a.Request, Response: a.Response, MS: float64(a.Duration.Microseconds()) / 1000,
		Status: a.Status, Error: strings.TrimSpace(errText(a)), EventID: a.EventID, Target: a.Target,
	}
}

func errText(a *record.Attempt) string {
	if a.Err == "" {
		return ""
	}
	if a.ErrText == "" {
		return errWord(a.Err)
	}
	return errWord(a.Err) + ": " + a.ErrText
}

func abs(d time.Duration) time.Duration {
	if d < 0 {
		return -d
	}
	return d
}
