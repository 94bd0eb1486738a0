// Package preflight finds out, before a run, whether there is anything to
// judge: whether the target can be reached and accepts the first valid event.
//
// When it does not, the package says in one sentence what is wrong, what the
// likely cause is, and what would mend it. It must not judge a requirement.
package preflight

import (
	"context"
	"fmt"
	"net/http"
	"net/url"
	"strings"
	"time"

	"hookdrill/contract"
	"hookdrill/internal/plan"
	"hookdrill/internal/record"
	"hookdrill/mockclaude"
	"hookdrill/reports"
)

// Config is what a preflight needs.
type Config struct {
	Target *url.URL
	// Further are the target's other instances, Each a valid event for each of
	// them.
	Further  []*url.URL
	Each     []mockclaude.Event
	Contract *contract.Contract
	Sender   *mockclaude.Sender
	// To gives a sender to another URL of the same host, to see whether a path
	// beside the given one would do better.
	To    func(*url.URL) (*mockclaude.Sender, error)
	Keys  mockclaude.Keys
	Case  *plan.Case
	Trial []mockclaude.Event
	Now   func() time.Time
	// Warm is how long a target that answers 503 is given to become ready; 0 for not at all.
	Warm time.Duration
	// Seen is told of each exchange.
	Seen func(plan.Delivery, mockclaude.Exchange)
}

// Result is what a preflight found.
type Result struct {
	// Problem is nil when the run can go ahead.
	Problem *reports.Preflight
	// Record holds the exchanges of the planned case.
	Record *record.Case
	// Skew is how far the target's clock is ahead of ours; 0 without a Date.
	Skew time.Duration
	// Server is the target's Server header.
	Server string
	// Notes are worth knowing though nothing is wrong.
	Notes []string
}

// flight is a preflight under way.
type flight struct {
	Config
	out   *Result
	trial int
	// to is the number of the instance that is looked at; Target is its URL.
	to int
}

// Check sends the first valid event and the first forged one, and a valid event
// to every further instance. A target that hangs costs one attempt's timeout.
func Check(ctx context.Context, cfg Config) *Result {
	f := &flight{Config: cfg, out: &Result{Record: &record.Case{ID: cfg.Case.ID, Started: cfg.Now()}}}
	deliveries := cfg.Case.Deliveries()
	first := f.send(ctx, 0, deliveries[0])
	for end := cfg.Now().Add(cfg.Warm); first.Status == http.StatusServiceUnavailable && cfg.Now().Before(end) && pause(ctx); {
		first = f.send(ctx, 0, deliveries[0])
	}
	f.out.Server = reports.Clean(first.Server)
	if !f.accepts(ctx, first) || !f.each(ctx) {
		return f.out
	}
	forged := f.send(ctx, 1, deliveries[1])
	if forged.Status >= 200 && forged.Status < 300 {
		f.out.Notes = append(f.out.Notes, "The first unsigned event was accepted: the signature does not seem to be checked at all.")
	}
	f.out.Record.Duration = cfg.Now().Sub(f.out.Record.Started)
	return f.out
}

// pause waits before the next try of a target that is not ready; false when ctx ended.
func pause(ctx context.Context) bool {
	timer := time.NewTimer(250 * time.Millisecond)
	defer timer.Stop()
	select {
	case <-timer.C:
		return true
	case <-ctx.Done():
		return false
	}
}

// accepts reports whether the first valid event was accepted, and says why if
// it was not.
func (f *flight) accepts(ctx context.Context, e mockclaude.Exchange) bool {
	f.clock(e)
	if e.Status >= 200 && e.Status <= 299 && (e.Err == "" || e.Err == mockclaude.ErrTooLarge) {
		return true
	}
	f.out.Problem = f.diagnose(ctx, e)
	if n := 1 + len(f.Further); n > 1 {
		f.out.Problem.Problem = fmt.Sprintf("Instance %d of %d, %s: %s", f.to+1, n, shown(f.Target), f.out.Problem.Problem)
	}
	f.out.Problem.Exchanges = f.evidence()
	return false
}

// each sends a valid event to each further instance, until one does not accept
// it.
func (f *flight) each(ctx context.Context) bool {
	first := f.Target
	for i, u := range f.Further {
		event := f.Each[i]
		f.to, f.Target = i+1, u
		e := f.send(ctx, -1, plan.Delivery{Delivery: mockclaude.Delivery{
			EventID: event.ID, Type: event.Type, TaskID: event.TaskID, Body: event.Template(f.Contract), To: f.to,
		}})
		if !f.accepts(ctx, e) {
			return false
		}
	}
	f.to, f.Target = 0, first
	return true
}

// shown is a URL as a sentence shows it.
func shown(u *url.URL) string { return mockclaude.ShowURL(u.String()) }

func (f *flight) send(ctx context.Context, at int, d plan.Delivery) mockclaude.Exchange {
	e := f.Sender.Send(ctx, d.Delivery)
	f.out.Record.Attempts = append(f.out.Record.Attempts, record.Attempt{Delivery: at, Exchange: e})
	if f.Seen != nil {
		f.Seen(d, e)
	}
	return e
}

func (f *flight) evidence() []reports.Exchange {
	var out []reports.Exchange
	for _, a := range f.out.Record.Attempts {
		out = append(out, reports.Exchange{
			Role: "preflight", At: a.Start.UTC(), Request: a.Request, Response: a.Response, MS: float64(a.Duration.Microseconds()) / 1000,
			Status: a.Status, Error: strings.TrimSpace(string(a.Err) + " " + a.ErrText), EventID: a.EventID, Target: a.Target,
		})
	}
	return out
}

// clock compares the target's Date header with our clock. A difference of a
// second or two is the header's own coarseness.
func (f *flight) clock(e mockclaude.Exchange) {
	date, err := http.ParseTime(e.Date)
	if err != nil {
		return
	}
	skew := date.Sub(e.Start.Add(e.Duration))
	if skew > -3*time.Second && skew < 3*time.Second {
		return
	}
	if skew.Abs() > f.out.Skew.Abs() {
		f.out.Skew = skew
	}
	whose := "The target's clock"
	if len(f.Further) > 0 {
		whose = "The clock of " + f.Target.Host
	}
	f.out.Notes = append(f.out.Notes, fmt.Sprintf(whose+" differs from ours by %s, by its Date header; freshness is judged by the target's clock.", skew.Round(time.Second)))
}

// diagnose says why the first valid event was not accepted.
func (f *flight) diagnose(ctx context.Context, e mockclaude.Exchange) *reports.Preflight {
	at := func(kind, problem, cause, mend string) *reports.Preflight {
		return &reports.Preflight{Kind: kind, Problem: problem, Cause: cause, Mend: mend}
	}
	switch {
	case e.Status == http.StatusBadRequest && speaksTLS(e.Response): // whole or not: such servers hang up
		return at("tls", f.Target.Host+" speaks TLS, and the URL begins with http://.",
			"The port is that of https.", "Begin the URL with https://.")
	case e.Status == 0 || e.Err != "":
		return unreachable(f.Target, e)
	case e.Status >= 300 && e.Status < 400:
		p := at("redirect", fmt.Sprintf("%s answered the first valid event with a redirect (%d) to %s.", shown(f.Target), e.Status, reports.Clean(e.Location)),
			"A sender never follows a redirect: to it the event is undelivered.",
			"Give the URL that answers itself, and register that one with the sender.")
		f.elsewhere(ctx, p)
		return p
	case e.Status == http.StatusNotFound || e.Status == http.StatusGone:
		p := at("not_found", fmt.Sprintf("%s answered the first valid event with %d: nothing is served at this path.", shown(f.Target), e.Status),
			"The path of the URL is wrong, or a proxy in front does not pass it on.",
			"Check the path against the route of the receiver; the contract's default is "+f.Contract.Request.Path+".")
		f.elsewhere(ctx, p)
		return p
	case e.Status == http.StatusMethodNotAllowed || e.Status == http.StatusNotImplemented:
		p := at("method", fmt.Sprintf("%s does not take POST: it answered %d%s.", shown(f.Target), e.Status, allow(e)),
			"The path is served by something other than the webhook handler, or the handler is bound to another method.",
			"Bind the handler to POST, or correct the path.")
		f.elsewhere(ctx, p)
		return p
	case e.Status >= 500:
		return at("server_error", fmt.Sprintf("%s answered the first valid event with %d: the receiver failed by itself.", shown(f.Target), e.Status),
			"An exception in the handler, or something behind it that is not there (database, configuration, key).",
			"Look at the receiver's log for this moment; its answer is below.")
	case e.Status < 200:
		return at("no_http", fmt.Sprintf("%s answered the first valid event with %d.", shown(f.Target), e.Status), "This is no final status.", "Look at what serves this URL.")
	}
	return f.refused(ctx, e)
}

// refused says why a correctly signed event was refused, by trying what else
// the receiver may have meant.
func (f *flight) refused(ctx context.Context, e mockclaude.Exchange) *reports.Preflight {
	kind := "refused_event"
	switch e.Status {
	case http.StatusUnauthorized, http.StatusForbidden:
		kind = "unauthorized"
	case http.StatusBadRequest, http.StatusUnprocessableEntity, http.StatusUnsupportedMediaType:
		kind = "malformed"
	}
	p := &reports.Preflight{Kind: kind, Problem: fmt.Sprintf("%s refused the first valid event with %d.", shown(f.Target), e.Status)}
	if f.out.Skew > 290*time.Second || f.out.Skew < -290*time.Second {
		p.Cause = fmt.Sprintf("Its clock differs from ours by %s, so every event looks stale to it.", f.out.Skew.Round(time.Second))
		p.Mend = "Set the clock of one of the two machines."
		return p
	}
	if match, mend := f.derivations(ctx); match != "" {
		p.Cause, p.Mend = match, mend
		return p
	}
	p.Cause = fmt.Sprintf("The secret is most likely not the same on both sides (ours has the id %s). Signing it any other way that is in use did not match either.", f.Keys.ID())
	p.Mend = fmt.Sprintf("Compare the secret that the receiver uses with the one given by --key-env or --key-file, to the last character. %s The signature is in the header %s.", keyMend(f.Contract.Key), f.Contract.Signature.Header)
	if words := strings.ToLower(e.Response); strings.Contains(words, "csrf") || strings.Contains(words, "xsrf") {
		p.Cause = "A protection against cross-site request forgery (CSRF) stands before the handler; a webhook sender has no token for it."
		p.Mend = "Exempt the webhook's route from it: the signature is what protects that route."
		return p
	}
	if kind != "unauthorized" {
		p.Cause = "It may not have liked the event rather than the signature. " + p.Cause
		p.Mend += " The receiver's own words are in its answer below."
	}
	return p
}

// elsewhere tries the path with or without its trailing slash and the
// contract's default path.
func (f *flight) elsewhere(ctx context.Context, p *reports.Preflight) {
	tried := map[string]bool{f.Target.Path: true}
	for _, path := range []string{toggleSlash(f.Target.Path), f.Contract.Request.Path} {
		if tried[path] {
			continue
		}
		tried[path] = true
		other := *f.Target
		other.Path, other.RawPath = path, ""
		sender, err := f.To(&other)
		if err != nil {
			continue
		}
		event, more := f.next()
		if !more {
			return
		}
		e := sender.Send(ctx, mockclaude.Delivery{EventID: event.ID, Type: event.Type, Body: event.Template(f.Contract)})
		sender.Close()
		f.out.Record.Attempts = append(f.out.Record.Attempts, record.Attempt{Delivery: -1, Exchange: e})
		if e.Status >= 200 && e.Status < 300 {
			p.Mend = fmt.Sprintf("Use %s: it accepted the same event.", shown(&other))
			return
		}
	}
}

// speaksTLS recognises what servers for https say, in plain http, to a request
// in plain http: Go's, nginx and Apache.
func speaksTLS(answer string) bool {
	for _, words := range []string{"HTTP request to an HTTPS server", "plain HTTP request was sent to HTTPS port", "speaking plain HTTP to an SSL-enabled server port"} {
		if strings.Contains(answer, words) {
			return true
		}
	}
	return false
}

func (f *flight) next() (mockclaude.Event, bool) {
	if f.trial >= len(f.Trial) {
		return mockclaude.Event{}, false
	}
	f.trial++
	return f.Trial[f.trial-1], true
}

func toggleSlash(path string) string {
	if strings.HasSuffix(path, "/") && path != "/" {
		return strings.TrimSuffix(path, "/")
	}
	if path == "" {
		return "/"
	}
	return strings.TrimSuffix(path, "/") + "/"
}

func allow(e mockclaude.Exchange) string {
	if e.Allow == "" {
		return ""
	}
	return " and allows " + reports.Clean(e.Allow)
}
