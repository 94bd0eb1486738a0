package observe

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"time"
)

// The bounds of one request to a probe.
const (
	maxProbeIDs    = 100
	maxProbeURL    = 2000    // bytes; some servers take no more than 2083 for a URL
	maxProbeAnswer = 1 << 20 // bytes
)

// DefaultTimeout is how long one question to an observer may take unless its
// config says otherwise.
const DefaultTimeout = 5 * time.Second

// Header is a header field that is sent with every question.
type Header struct{ Name, Value string }

// ProbeConfig says where a probe is.
type ProbeConfig struct {
	// URL is the probe's address, http or https. Its query is kept, except that
	// id is added.
	URL *url.URL
	// Header is sent with every request, such as Authorization.
	Header []Header
	// Timeout bounds one request with its answer; 0 is [DefaultTimeout].
	Timeout time.Duration
	// Transport makes the requests; nil is one of the probe's own, which uses no
	// proxy.
	Transport http.RoundTripper
}

// Validate names every wrong field.
func (c ProbeConfig) Validate() error {
	var errs []error
	switch {
	case c.URL == nil:
		errs = append(errs, errors.New("probe url: is missing"))
	case c.URL.Scheme != "http" && c.URL.Scheme != "https" || c.URL.Host == "":
		errs = append(errs, fmt.Errorf("probe url: %q is no http or https URL with a host", redacted(c.URL)))
	}
	for _, h := range c.Header {
		if h.Name == "" || strings.ContainsAny(h.Name, " \t\r\n:") || strings.ContainsAny(h.Value, "\r\n\x00") {
			errs = append(errs, fmt.Errorf("probe header: %q is no header field", clean(h.Name, maxStatus)))
		}
	}
	if c.Timeout < 0 {
		errs = append(errs, fmt.Errorf("probe timeout: %s is negative", c.Timeout))
	}
	return errors.Join(errs...)
}

// Probe is an [Observer] that asks an HTTP endpoint of the target. It is safe
// for concurrent use.
type Probe struct {
	url     url.URL // without user and password: those are in header
	source  string
	header  http.Header
	host    string // from a Host field, or ""
	timeout time.Duration
	client  *http.Client
	secrets secrets
}

// NewProbe returns an observer that asks by GET with the ids in the query. It
// makes no request yet. The error names every wrong field of c.
func NewProbe(c ProbeConfig) (*Probe, error) {
	if err := c.Validate(); err != nil {
		return nil, err
	}
	p := &Probe{
		url:     *c.URL,
		source:  redacted(c.URL),
		header:  http.Header{"Accept": {"application/json"}},
		timeout: c.Timeout,
		client: &http.Client{
			Transport:     c.Transport,
			CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
		},
	}
	if p.timeout == 0 {
		p.timeout = DefaultTimeout
	}
	if p.client.Transport == nil {
		p.client.Transport = newTransport()
	}
	p.keepSecrets(c)
	return p, nil
}

// newTransport is a transport with bounds, without a proxy.
func newTransport() *http.Transport {
	return &http.Transport{
		MaxIdleConnsPerHost:    2,
		IdleConnTimeout:        30 * time.Second,
		TLSHandshakeTimeout:    DefaultTimeout,
		MaxResponseHeaderBytes: 64 << 10,
		ForceAttemptHTTP2:      true,
	}
}

// keepSecrets moves what must not be shown from c's URL and header to where it
// is used, and remembers it.
func (p *Probe) keepSecrets(c ProbeConfig) {
	var hidden []string
	for _, h := range c.Header {
		if strings.EqualFold(h.Name, "Host") {
			p.host = h.Value
			continue
		}
		p.header.Add(h.Name, h.Value)
		hidden = append(hidden, h.Value)
	}
	for _, values := range c.URL.Query() {
		hidden = append(hidden, values...)
	}
	if user := c.URL.User; user != nil {
		password, _ := user.Password()
		hidden = append(hidden, user.Username(), password)
		if p.header.Get("Authorization") == "" {
			r := http.Request{Header: http.Header{}}
			r.SetBasicAuth(user.Username(), password)
			p.header.Set("Authorization", r.Header.Get("Authorization"))
			hidden = append(hidden, r.Header.Get("Authorization"))
		}
		p.url.User = nil
	}
	p.secrets = newSecrets(hidden...)
}

// redacted writes u without its user, its password and the values of its query,
// any of which may be a token.
func redacted(u *url.URL) string {
	shown := url.URL{Scheme: u.Scheme, Host: u.Host, Path: u.Path}
	if u.User != nil {
		shown.User = url.User("***")
	}
	text := strings.Replace(shown.String(), "%2A%2A%2A@", "***@", 1)
	var names []string
	for name := range u.Query() {
		names = append(names, url.QueryEscape(name)+"=***")
	}
	if len(names) > 0 {
		slices.Sort(names)
		text += "?" + strings.Join(names, "&")
	}
	return clean(text, 300)
}

// Kind returns probe.
func (p *Probe) Kind() string { return "probe" }

// Source returns the probe's URL without user, password and the values of its
// query.
func (p *Probe) Source() string { return p.source }

// Close closes idle connections.
func (p *Probe) Close() { p.client.CloseIdleConnections() }

// CloseIdle closes idle connections, so that a receiver that is about to stop need not wait
// for them. The probe can be asked again.
func (p *Probe) CloseIdle() { p.client.CloseIdleConnections() }

// Effects asks about ids, in several requests when there are many. Entries for
// ids that were not asked about are ignored.
func (p *Probe) Effects(ctx context.Context, ids []string) (map[string]Effect, error) {
	effects := make(map[string]Effect)
	for _, query := range p.batches(askable(ids)) {
		if err := p.ask(ctx, query, effects); err != nil {
			return nil, err
		}
	}
	return effects, nil
}

// batch is the query of one request and the ids in it.
type batch struct {
	query string
	ids   []string
}

// batches spreads ids over as few requests as the bounds allow. An id that is
// longer than a whole URL may be travels alone.
func (p *Probe) batches(ids []string) []batch {
	rest := len(p.url.String())
	var all []batch
	var now batch
	now.query = p.url.RawQuery
	for _, id := range ids {
		add := "id=" + url.QueryEscape(id)
		full := len(now.ids) == maxProbeIDs || rest+len(now.query)-len(p.url.RawQuery)+len(add)+1 > maxProbeURL
		if full && len(now.ids) > 0 {
			all = append(all, now)
			now = batch{query: p.url.RawQuery}
		}
		if now.query != "" {
			now.query += "&"
		}
		now.query += add
		now.ids = append(now.ids, id)
	}
	if len(now.ids) > 0 {
		all = append(all, now)
	}
	return all
}

// ask sends one request and adds what it says to effects.
func (p *Probe) ask(ctx context.Context, b batch, effects map[string]Effect) error {
	ctx, cancel := context.WithTimeout(ctx, p.timeout)
	defer cancel()
	u := p.url
	u.RawQuery = b.query
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, u.String(), http.NoBody)
	if err != nil {
		return p.fail(err, "the request cannot be made", "check the URL of the probe")
	}
	req.Header, req.Host = p.header.Clone(), p.host
	resp, err := p.client.Do(req)
	if err != nil {
		return p.unreachable(err)
	}
	defer resp.Body.Close() //nolint:errcheck // read or given up
	body, err := io.ReadAll(io.LimitReader(resp.Body, maxProbeAnswer+1))
	if err != nil {
		return p.unreachable(err)
	}
	if err := p.checkAnswer(resp, body); err != nil {
		return err
	}
	events, err := parseAnswer(body)
	if shape, ok := errors.AsType[*shapeError](err); ok {
		return p.fail(err, shape.problem+", in "+p.excerpt(body), shape.mend)
	}
	if err != nil {
		return err
	}
	for _, id := range b.ids {
		if effect, ok := events[id]; ok {
			effects[id] = effect
		}
	}
	return nil
}

// checkAnswer looks at everything but the body's shape.
func (p *Probe) checkAnswer(resp *http.Response, body []byte) error {
	status := resp.StatusCode
	switch {
	case status >= 300 && status < 400:
		return p.fail(nil, fmt.Sprintf("the probe redirects (%d) to %s", status, p.show(resp.Header.Get("Location"))),
			"redirects are not followed: give the final URL")
	case status == http.StatusUnauthorized || status == http.StatusForbidden:
		return p.fail(nil, fmt.Sprintf("the probe answered %d with %s", status, p.excerpt(body)),
			"give it the header that it asks for")
	case status == http.StatusNotFound || status == http.StatusMethodNotAllowed:
		return p.fail(nil, fmt.Sprintf("the probe answered %d with %s", status, p.excerpt(body)),
			"check the path, and that observation is switched on; a probe answers 200 for unknown ids too")
	case status == http.StatusTooManyRequests || status >= 500:
		err := p.fail(nil, fmt.Sprintf("the probe answered %d with %s", status, p.excerpt(body)),
			"look into the target's log")
		err.Temporary = true
		return err
	case status != http.StatusOK:
		return p.fail(nil, fmt.Sprintf("the probe answered %d with %s", status, p.excerpt(body)), "a probe answers 200")
	case len(body) > maxProbeAnswer:
		return p.fail(nil, "the probe's answer is longer than 1 MiB", "answer only for the ids in the query")
	}
	return nil
}

// unreachable is the error about a request without a whole answer.
func (p *Probe) unreachable(err error) error {
	// A *url.Error repeats the URL with everything that Source hides.
	cause := err
	if withURL, ok := errors.AsType[*url.Error](err); ok {
		cause = withURL.Err
	}
	var timeout net.Error
	if errors.Is(err, context.Canceled) {
		return fmt.Errorf("observe %s: %w", p.source, context.Canceled)
	}
	if errors.Is(err, context.DeadlineExceeded) || errors.As(err, &timeout) && timeout.Timeout() {
		e := p.fail(cause, fmt.Sprintf("the probe gave no whole answer within %s", p.timeout),
			"check that the address is right and the query behind it is fast")
		e.Temporary = true
		return e
	}
	e := p.fail(cause, "the probe cannot be asked: "+p.show(cause.Error()), "check the address, and that the target runs")
	e.Temporary = true
	return e
}

func (p *Probe) fail(cause error, problem, mend string) *Error {
	return &Error{Source: p.source, Problem: problem, Mend: mend, Err: cause}
}

// show makes text from the other side fit for an error.
func (p *Probe) show(text string) string { return clean(p.secrets.hide(text), maxExcerpt) }

// excerpt quotes the beginning of a body.
func (p *Probe) excerpt(body []byte) string {
	if len(body) == 0 {
		return "an empty body"
	}
	// More than is shown, so that a secret is not cut in two before it is hidden.
	head := body[:min(len(body), 32*maxExcerpt)]
	return fmt.Sprintf("%q", p.show(string(head)))
}
