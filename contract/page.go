package contract

import (
	"cmp"
	"fmt"
	"slices"
	"strconv"
	"strings"
)

// Section is a part of a contract's page.
type Section struct {
	Title string
	Rows  []Row
}

// Row is a line of a contract's page.
type Row struct {
	Name, Text string
	// Assumed are the numbers of the assumptions about it, counted from 1.
	Assumed []int
}

// Page is the contract in words, to be checked against the sender's documentation.
func (c *Contract) Page() []Section {
	p := &page{c: c}
	p.section(c.Name + ": " + c.Title)
	p.row("", "source", c.Source)
	p.request()
	p.signature()
	p.body()
	p.sending()
	p.types()
	p.section("Not applicable")
	p.without()
	p.section("Assumptions")
	for i, a := range c.Assumptions {
		p.row("", strconv.Itoa(i+1), a)
	}
	return p.sections
}

type page struct {
	c        *Contract
	sections []Section
}

func (p *page) section(title string) { p.sections = append(p.sections, Section{Title: title}) }

// row adds a line about fields of the contract, separated by spaces.
func (p *page) row(fields, name, text string) {
	last := &p.sections[len(p.sections)-1]
	last.Rows = append(last.Rows, Row{name, text, p.assumed(strings.Fields(fields))})
}

// assumed are the numbers of the assumptions about fields, or about what is in them or
// around them.
func (p *page) assumed(fields []string) []int {
	var all []int
	for i, a := range p.c.Assumptions {
		about, _, _ := strings.Cut(a, ": ")
		if slices.ContainsFunc(strings.Split(about, ", "), func(one string) bool {
			return slices.ContainsFunc(fields, func(f string) bool {
				return one == f || strings.HasPrefix(one, f+".") || strings.HasPrefix(f, one+".")
			})
		}) {
			all = append(all, i+1)
		}
	}
	return all
}

func (p *page) request() {
	c := p.c
	p.section("Request")
	p.row("request.path", "request", fmt.Sprintf("%s, by default to the path %s, %s", c.Request.Method, c.Request.Path, c.Request.ContentType))
	for _, h := range c.Request.Headers {
		p.row("request.headers."+h.Name, "header", h.Name+": "+h.Value)
	}
}

func (p *page) signature() {
	c := p.c
	p.section("Signature")
	p.row("signature.header", "header", fmt.Sprintf("%s: %s", c.Signature.Header, cmp.Or(c.Signature.Format, "{mac}")))
	if c.Signature.Several != "" {
		p.row("signature.several", "several", fmt.Sprintf("each further signature adds %q to the value", c.Signature.Several))
	} else {
		p.row("signature.several", "several", "never more than one")
	}
	p.row("signature.signed", "mac", fmt.Sprintf("%s over %s, in %s", c.Signature.Algorithm, c.Signature.template(), c.Signature.Encoding))
	how := "the whole secret as it stands, nothing stripped or decoded"
	if c.Key.Derivation != KeyWhole {
		how = "the secret, decoded from " + c.Key.Derivation
		if c.Key.Prefix != "" {
			how += " without its prefix " + c.Key.Prefix
		}
	}
	p.row("key.derivation", "key", how)
	p.row("key.env", "key from", "the environment variable "+c.Key.Env)
}

func (p *page) body() {
	c := p.c
	p.section("Event")
	id := "not stated"
	switch {
	case c.IDInHeader():
		id = "header " + c.ID.Header
		if c.Body.ID != "" {
			id += ", and the body's " + c.Body.ID
		}
	case c.Body.ID != "":
		id = "the body's " + c.Body.ID
	}
	if c.HasID() {
		id += ", as " + c.IDForm().String()
	}
	p.row("id body.id", "id", id)
	typ := "not stated"
	switch {
	case c.Body.Type != "":
		typ = "the body's " + c.Body.Type
	case c.TypeHeader() != "":
		typ = "header " + c.TypeHeader()
	}
	p.row("body.type", "type", typ)
	p.row("body.timestamp", "time in the body", place(c.Body.Timestamp, cmp.Or(c.Body.TimestampFormat, StampRFC3339)))
	p.row("body.data", "data", place(c.Body.Data, ""))
	p.row("body.subject", "subject", place(c.SubjectPath(), ""))
	p.row("freshness", "freshness", p.fresh())
}

func place(path, format string) string {
	switch {
	case path == "":
		return "no field of its own"
	case format == "":
		return "the body's " + path
	}
	return "the body's " + path + ", as " + format
}

func (p *page) fresh() string {
	f := p.c.Freshness
	where := "the time at the body's " + p.c.Body.Timestamp
	switch f.Source {
	case FreshNone:
		return "no limit of age"
	case FreshHeader:
		where = "the timestamp in " + p.c.Signature.Header
		if name, _ := p.c.TimestampHeader(); name != "" {
			where = "the header " + name
		}
	}
	if f.Direction == FreshPast {
		return fmt.Sprintf("%s is at most %s old", where, f.Tolerance)
	}
	return fmt.Sprintf("%s is at most %s from now, in both directions", where, f.Tolerance)
}

func (p *page) sending() {
	c := p.c
	status := func(n int) string {
		if n == 0 {
			return "not stated"
		}
		return strconv.Itoa(n)
	}
	p.section("Answers and retries")
	p.row("answers", "answers", fmt.Sprintf("2xx acknowledges; signature missing or wrong: %s; malformed: %s; duplicate: %s",
		status(c.Answers.Unauthorized), status(c.Answers.Malformed), status(c.Answers.Duplicate)))
	p.row("answers.redirect", "3xx", map[string]string{
		"": "not stated", "failure": "a failure as any other, not followed", "disables": "disables the endpoint at once", "follows": "followed",
	}[c.Answers.Redirect])
	if len(c.Answers.Throttle) > 0 {
		p.row("answers.throttle", "slows down", strings.Trim(fmt.Sprint(c.Answers.Throttle), "[]"))
	}
	waits := make([]string, len(c.Retries.Waits))
	for i, w := range c.Retries.Waits {
		waits[i] = w.String()
	}
	retries := "none"
	if len(waits) > 0 {
		retries = fmt.Sprintf("%d after the first attempt, jitter ±%.0f %%: %s", len(waits), c.Retries.Jitter*100, strings.Join(waits, ", "))
	}
	p.row("retries.waits retries.jitter", "retries", retries)
	p.row("retries.resend", "a retry", map[string]string{"anew": "is stamped and signed anew", "identical": "has the first attempt's bytes"}[c.Retries.Resend])
	heeded := "not heeded"
	if c.Retries.RetryAfter > 0 {
		heeded = "heeded up to " + c.Retries.RetryAfter.String()
	}
	p.row("retries.retry_after", "Retry-After", heeded)
	p.row("disable", "disabled", p.disabled())
	p.row("timeout", "timeout", c.Timeout.String()+" per attempt")
	l := c.Levels
	p.row("service_levels", "service levels", fmt.Sprintf("delivered %s, p99 %s, errors %s, retried %s, processing p99 %s, at %d events a second",
		percent(l.Delivered), l.P99, percent(l.Errors), percent(l.Retried), l.ProcessingP99, l.Rate))
	if f := c.Fetch; f != nil {
		p.row("fetch", "fetched from", "the API at "+f.BaseURLEnv+", with the key in "+f.KeyEnv)
	}
	if h := c.Handshake; h != nil {
		answer := "any 2xx"
		if h.Echo != "" {
			answer = "a 2xx whose body holds the payload's " + h.Echo
		}
		p.row("handshake", "handshake", fmt.Sprintf("%s, answered by %s", h.Type, answer))
	}
	if f := c.Fetch; f != nil {
		p.row("fetch", "fetch", fmt.Sprintf("by the id that an event carries, from the address in %s with the key in %s", f.BaseURLEnv, f.KeyEnv))
	}
}

func percent(part float64) string { return strconv.FormatFloat(part*100, 'g', 6, 64) + " %" }

func (p *page) disabled() string {
	d := p.c.Disable
	var why []string
	if d.Redirect {
		why = append(why, "by a 3xx at once")
	}
	if d.Gone {
		why = append(why, "by a 410 at once")
	}
	if d.Abandoned > 0 {
		why = append(why, fmt.Sprintf("after %d abandoned deliveries in a row", d.Abandoned))
	}
	if len(why) == 0 {
		return "never"
	}
	return strings.Join(why, ", ")
}

func (p *page) types() {
	p.section("Types")
	for _, t := range p.c.Types {
		var notes []string
		if p.c.HasSubject() {
			notes = append(notes, "about "+t.SubjectForm().String())
		}
		if t.State != "" {
			notes = append(notes, "state "+t.State)
		}
		if n := len(t.Samples); n > 0 {
			notes = append(notes, fmt.Sprintf("%d samples", n))
		}
		p.row("types", "type", t.Name+suffix(notes))
	}
}

func suffix(notes []string) string {
	if len(notes) == 0 {
		return ""
	}
	return " (" + strings.Join(notes, ", ") + ")"
}

// without lists what of the catalogue has no meaning here.
func (p *page) without() {
	all, err := Requirements()
	if err != nil {
		return // hookdrill was built from a broken catalogue, which others tell of
	}
	why := map[string][]string{}
	var order []string
	for _, r := range all {
		if reason := p.c.NotApplicable(r.ID); reason != "" {
			if why[reason] == nil {
				order = append(order, reason)
			}
			why[reason] = append(why[reason], r.ID)
		}
	}
	for _, reason := range order {
		ids := why[reason]
		name := ids[0]
		if len(ids) > 1 {
			name += "…"
		}
		p.row("", name, fmt.Sprintf("%s: %s", strings.Join(ids, ", "), reason))
	}
	if len(order) == 0 {
		p.row("", "nothing", "every requirement of the catalogue has a meaning under this contract")
	}
}
