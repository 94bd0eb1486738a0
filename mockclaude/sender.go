package mockclaude

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"net/url"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"hookdrill/contract"
)

const (
	userAgent      = "hookdrill"
	defaultTimeout = 10 * time.Second
	defaultBound   = 64 << 10
	// leastSecret is the length from which a secret is looked for in every text.
	leastSecret = 6
)

// SenderConfig says whom a [Sender] sends to and how.
type SenderConfig struct {
	// Target is an http or https URL without user information. Records show it as
	// [ShowURL] does.
	Target *url.URL
	// Further are targets beside it, as the instances behind a load balancer:
	// the target of a delivery is its To. They have the same scheme.
	Further  []*url.URL
	Contract *contract.Contract
	Keys     Keys
	// Header is sent with every request. Its values are secrets: no record shows
	// them. A value of fewer than six bytes is hidden where it was sent, but not
	// where an answer repeats it, for it might be any word.
	Header []Field
	// Timeout bounds each attempt from dialling to the last byte of the answer;
	// 0 is the contract's, or 10 s.
	Timeout time.Duration
	// MaxAnswer and MaxHeader bound the body and the header of an answer, in
	// bytes; 0 is 64 KiB.
	MaxAnswer int64
	MaxHeader int64
	// Now is the clock for timestamps, nil for time.Now. How long an exchange
	// takes is measured with the real clock.
	Now func() time.Time
	// TLS is the base of the TLS configuration, nil for Go's defaults.
	TLS *tls.Config
}

// Validate names every wrong field.
func (c SenderConfig) Validate() error {
	var errs []error
	wrong := func(format string, args ...any) { errs = append(errs, fmt.Errorf(format, args...)) }
	for _, u := range append([]*url.URL{c.Target}, c.Further...) {
		if u == nil {
			wrong("target: missing")
			continue
		}
		if u.Scheme != "http" && u.Scheme != "https" {
			wrong("target: scheme %q is not http or https", u.Scheme)
		}
		if u.Hostname() == "" {
			wrong("target: no host")
		}
		if u.User != nil {
			wrong("target: user information belongs in a header")
		}
		if c.Target != nil && u.Scheme != c.Target.Scheme {
			wrong("target: %s is not %s, as the first target is", u.Scheme, c.Target.Scheme)
		}
	}
	if c.Contract == nil {
		wrong("contract: missing")
	} else {
		errs = append(errs, checkContract(c.Contract))
	}
	if len(c.Keys.Current) == 0 {
		wrong("keys.current: empty")
	} else if c.Contract != nil {
		for name, key := range map[string][]byte{"keys.current": c.Keys.Current, "keys.previous": c.Keys.Previous} {
			if len(key) == 0 {
				continue
			}
			if _, err := DeriveKey(c.Contract.Key, key); err != nil {
				wrong("%s: %w", name, err)
			}
		}
	}
	for _, f := range c.Header {
		if !plainToken(f.Name) || !plainValue(f.Value) {
			wrong("header %q: not a valid header field", f.Name)
		}
	}
	if c.Timeout < 0 {
		wrong("timeout: negative")
	}
	if c.MaxAnswer < 0 {
		wrong("max_answer: negative")
	}
	if c.MaxHeader < 0 {
		wrong("max_header: negative")
	}
	return errors.Join(errs...)
}

// checkContract names what in a contract the sender cannot do.
func checkContract(c *contract.Contract) error {
	var errs []error
	one := func(name, value string, allowed ...string) {
		if slices.Contains(allowed, value) {
			return
		}
		errs = append(errs, fmt.Errorf("contract.%s: %q is not one of %s", name, value, strings.Join(allowed, ", ")))
	}
	if !plainToken(c.Signature.Header) {
		errs = append(errs, fmt.Errorf("contract.signature.header: %q is not a header name", c.Signature.Header))
	}
	one("signature.algorithm", c.Signature.Algorithm, algorithmHMAC)
	one("signature.encoding", c.Signature.Encoding, encodingHex, encodingBase64)
	one("key.derivation", c.Key.Derivation, contract.KeyWhole, contract.KeyBase64, contract.KeyHex)
	if !slices.ContainsFunc(c.SignedParts(), func(p contract.Part) bool { return p.Name == contract.HoldBody }) {
		errs = append(errs, fmt.Errorf("contract.signature.signed: %q does not hold {body}", c.Signature.Signed))
	}
	return errors.Join(errs...)
}

// Sender sends deliveries to one target, or to several that are instances of
// one receiver. It is safe for concurrent use.
type Sender struct {
	cfg      SenderConfig
	signer   *Signer
	targets  []*url.URL
	redactor *Redactor
	leaks    *leaks
	conns    atomic.Int64 // the number of the last connection

	mu     sync.Mutex
	open   map[*conn]struct{}
	closed bool
}

// NewSender makes a sender. Its error names every wrong field of the
// configuration.
func NewSender(cfg SenderConfig) (*Sender, error) {
	if err := cfg.Validate(); err != nil {
		return nil, fmt.Errorf("make sender: %w", err)
	}
	if cfg.Timeout == 0 {
		cfg.Timeout = time.Duration(cfg.Contract.Timeout)
	}
	if cfg.Timeout <= 0 {
		cfg.Timeout = defaultTimeout
	}
	if cfg.MaxAnswer == 0 {
		cfg.MaxAnswer = defaultBound
	}
	if cfg.MaxHeader == 0 {
		cfg.MaxHeader = defaultBound
	}
	if cfg.Now == nil {
		cfg.Now = time.Now
	}
	signer, err := NewSigner(cfg.Contract, cfg.Keys)
	if err != nil {
		return nil, fmt.Errorf("make sender: %w", err)
	}
	s := &Sender{
		cfg: cfg, signer: signer, targets: append([]*url.URL{cfg.Target}, cfg.Further...), redactor: newRedactor(cfg.Keys), leaks: newLeaks(cfg.Keys),
		open: map[*conn]struct{}{},
	}
	for _, f := range cfg.Header {
		s.hide(f)
	}
	for _, target := range s.targets {
		s.hideQuery(target)
	}
	return s, nil
}

// hide makes the value of a user's header a secret: the whole of it, and the
// token in a value such as "Bearer token".
func (s *Sender) hide(f Field) {
	label := "[secret header " + f.Name + "]"
	values := []string{f.Value}
	if _, token, ok := strings.Cut(f.Value, " "); ok {
		values = append(values, strings.TrimSpace(token))
	}
	for _, v := range values {
		if len(v) >= leastSecret {
			s.redactor.AddSecret(v, label)
		}
	}
}

// target is where a delivery goes. A delivery to a target that the sender does
// not have is never prepared; it is shown as one to the first.
func (s *Sender) target(d Delivery) *url.URL {
	if s.has(d.To) {
		return s.targets[d.To]
	}
	return s.targets[0]
}

func (s *Sender) has(to int) bool { return to >= 0 && to < len(s.targets) }

// Signer returns what makes this sender's signatures.
func (s *Sender) Signer() *Signer { return s.signer }

// Redactor returns what takes this sender's secrets out of texts.
func (s *Sender) Redactor() *Redactor { return s.redactor }

// Timeout is the bound of an attempt that names none of its own.
func (s *Sender) Timeout() time.Duration { return s.cfg.Timeout }

// Close closes every open connection. Whatever is under way ends as canceled,
// and so does everything that is sent afterwards.
func (s *Sender) Close() {
	s.mu.Lock()
	s.closed = true
	open := s.open
	s.open = map[*conn]struct{}{}
	s.mu.Unlock()
	for c := range open {
		c.Close() //nolint:errcheck // nothing is to be done about it
	}
}

// Send makes one delivery on a connection of its own, which it closes after the
// answer. It always returns a record; it never follows a redirect.
//
// An ordinary delivery is made by net/http, unless its header is such that
// net/http would alter it; every other HTTP/1.1 delivery is written by hand.
func (s *Sender) Send(ctx context.Context, d Delivery) Exchange {
	return s.SendBegun(ctx, d, func() {})
}

// SendBegun is Send for what has to meet the middle of a delivery: it calls begun once, when the request
// is signed and its first byte is about to leave, or when none will. To sign megabytes takes a while.
func (s *Sender) SendBegun(ctx context.Context, d Delivery, begun func()) Exchange {
	ctx, cancel := s.bound(ctx, d)
	defer cancel()
	begun = sync.OnceFunc(begun)
	defer begun()
	return s.send(ctx, d, begun)
}

// bound gives an attempt its time: the delivery's, or the sender's own.
func (s *Sender) bound(ctx context.Context, d Delivery) (context.Context, context.CancelFunc) {
	timeout := s.cfg.Timeout
	if d.Timeout > 0 {
		timeout = d.Timeout
	}
	return context.WithTimeoutCause(ctx, timeout, errTimeUp)
}

func (s *Sender) send(ctx context.Context, d Delivery, begun func()) Exchange {
	c, err := s.dial(ctx, d)
	if err != nil {
		return s.undialled(d, err)
	}
	defer c.Close() //nolint:errcheck // the answer has been read
	p, err := s.prepare(d, s.cfg.Now())
	if err != nil {
		return s.unsent(d, err)
	}
	begun()
	if p.byHand() {
		return s.record(c, p, s.exchange(ctx, c, p, writerFor(p)))
	}
	return s.record(c, p, s.byTransport(ctx, c, p))
}

// undialled is the record of a delivery for which there was no connection. It
// still shows what would have been sent.
func (s *Sender) undialled(d Delivery, err error) Exchange {
	p, failed := s.prepare(d, s.cfg.Now())
	if failed != nil {
		return s.unsent(d, failed)
	}
	return s.record(nil, p, answer{start: time.Now(), at: s.cfg.Now(), err: err})
}

// unsent is the record of a delivery that could not be made into a request.
func (s *Sender) unsent(d Delivery, err error) Exchange {
	return Exchange{
		EventID: d.EventID, Start: s.cfg.Now(),
		Err: ErrHarness, ErrText: s.redactor.Text(err.Error()),
	}
}
