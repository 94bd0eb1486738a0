package engine

import (
	"context"
	"fmt"
	"net/url"
	"slices"
	"strings"
	"time"

	"hookdrill/mockclaude"
)

// The bounds of a subscription.
const (
	mostTypes = 64
	mostURL   = 2048
)

// Subscription is what an endpoint is made from.
type Subscription struct {
	// URL is http or https, without user information or fragment.
	URL string
	// Types are the types that it wants; none means all.
	Types []string
	// Concurrency is how many attempts may be under way at once, 1 to 256; 0 is the
	// engine's own.
	Concurrency int
	// Key is the whole secret string that events are signed with.
	Key []byte
	// Header is sent with every request; its values are secrets. A journal does
	// not keep it.
	Header []mockclaude.Field
	// ID is "" for a new one; otherwise the endpoint of that ID, which the journal may
	// know already, is made or takes on all of this.
	ID string
}

// endpoint is a subscription with its queue.
type endpoint struct {
	id          string
	url         *url.URL
	types       []string
	concurrency int
	keys        mockclaude.Keys
	header      []mockclaude.Field
	created     time.Time
	disabled    string
	paused      bool
	failures    int
	deleted     bool

	transport Transport
	queue     dueHeap
	held      map[*item]*hold
	behind    []*item // held until others have begun
	gathered  []*item // held until they are enough
	inFlight  int
	begun     uint64
	at        int // index in the engine's heap, or none
	dirty     bool
}

// hold is what is still to happen to a delivery that a fault holds back.
type hold struct {
	fault string
	left  int    // attempts of others that must end first
	since uint64 // and must have begun after this one
}

func (ep *endpoint) wants(typ string) bool {
	return len(ep.types) == 0 || slices.Contains(ep.types, typ)
}

// whole is the view with the whole URL, secrets and all.
func (ep *endpoint) whole() Endpoint {
	v := ep.view()
	v.URL = ep.url.String()
	return v
}

func (ep *endpoint) view() Endpoint {
	return Endpoint{
		ID: ep.id, URL: mockclaude.ShowURL(ep.url.String()), Types: ep.types, Concurrency: ep.concurrency, KeyID: ep.keys.ID(),
		Created: ep.created, Disabled: ep.disabled, Paused: ep.paused, Failures: ep.failures,
		Pending: len(ep.queue), InFlight: ep.inFlight,
	}
}

// endpointHeap holds the endpoints to which an attempt can be begun, in the order
// of what is due first.
type endpointHeap []*endpoint

func (h endpointHeap) Len() int           { return len(h) }
func (h endpointHeap) Less(i, j int) bool { return dueHeap{h[i].queue[0], h[j].queue[0]}.Less(0, 1) }

func (h endpointHeap) Swap(i, j int) {
	h[i], h[j] = h[j], h[i]
	h[i].at, h[j].at = i, j
}

func (h *endpointHeap) Push(x any) {
	ep := x.(*endpoint) //nolint:errcheck,forcetypeassert // nothing else is pushed
	ep.at = len(*h)
	*h = append(*h, ep)
}

func (h *endpointHeap) Pop() any {
	old := *h
	ep := old[len(old)-1]
	old[len(old)-1] = nil
	*h = old[:len(old)-1]
	ep.at = none
	return ep
}

// parse checks a subscription.
func (s Subscription) parse(usual int) (*endpoint, error) {
	u, err := url.Parse(s.URL)
	bad := func(field, format string, args ...any) error {
		return &InvalidError{field, fmt.Sprintf(format, args...)}
	}
	switch {
	case s.URL == "":
		return nil, bad("url", "missing")
	case len(s.URL) > mostURL:
		return nil, bad("url", "longer than %d bytes", mostURL)
	case err != nil:
		return nil, bad("url", "not a URL")
	case u.Scheme != "http" && u.Scheme != "https":
		return nil, bad("url", "does not begin with http:// or https://")
	case u.Hostname() == "":
		return nil, bad("url", "names no host")
	case u.User != nil:
		return nil, bad("url", "a user and a password do not belong in it")
	case u.Fragment != "":
		return nil, bad("url", "a fragment is never sent; leave it out")
	case len(s.Types) > mostTypes:
		return nil, bad("types", "%d are the most", mostTypes)
	case slices.ContainsFunc(s.Types, func(t string) bool { return t == "" || len(t) > 200 || strings.ContainsFunc(t, unprintable) }):
		return nil, bad("types", "a type is 1 to 200 printable characters")
	case s.Concurrency < 0 || s.Concurrency > mostConcurrency:
		return nil, bad("concurrency", "want 1 to %d, have %d", mostConcurrency, s.Concurrency)
	case len(s.Key) == 0:
		return nil, bad("key", "missing")
	}
	if s.Concurrency == 0 {
		s.Concurrency = usual
	}
	return &endpoint{
		id: s.ID, url: u, types: slices.Clone(s.Types), concurrency: s.Concurrency, keys: mockclaude.Keys{Current: slices.Clone(s.Key)},
		header: s.Header, held: map[*item]*hold{}, at: none,
	}, nil
}

func unprintable(r rune) bool { return r <= ' ' || r == 0x7f }

// connect gives an endpoint its transport, in place of one with other keys.
func (e *Engine) connect(ep *endpoint) error {
	t, err := e.cfg.Transport(mockclaude.SenderConfig{
		Target: ep.url, Contract: e.cfg.Contract, Keys: ep.keys, Header: ep.header, Now: e.cfg.Clock.Now,
	})
	if err != nil {
		return &InvalidError{"subscription", err.Error()}
	}
	ep.transport = t
	return nil
}

// Subscribe makes an endpoint. Its error is an *[InvalidError] or wraps [ErrFull].
func (e *Engine) Subscribe(ctx context.Context, s Subscription) (Endpoint, error) {
	ep, err := s.parse(e.cfg.Concurrency)
	if err != nil {
		return Endpoint{}, err
	}
	if err := e.await(ctx); err != nil {
		return Endpoint{}, err
	}
	if err := e.connect(ep); err != nil {
		return Endpoint{}, err
	}
	e.mu.Lock()
	if known := e.endpoints[s.ID]; known != nil {
		e.adopt(known, ep)
		ep = known
	} else {
		if len(e.ordered) >= e.cfg.MaxEndpoints {
			e.mu.Unlock()
			ep.transport.Close()
			return Endpoint{}, fmt.Errorf("subscribe: %w: %d endpoints are the most", ErrFull, e.cfg.MaxEndpoints)
		}
		if ep.id == "" {
			e.counters.LastEndpoint++
			ep.id = fmt.Sprintf("we_%06d", e.counters.LastEndpoint)
		}
		ep.created = e.cfg.Clock.Now().UTC()
		e.add(ep)
	}
	e.changed(ep)
	view, durable := ep.view(), e.unsaved.promise()
	e.rouse()
	e.mu.Unlock()
	return view, e.settled(ctx, durable)
}

// adopt gives a known endpoint what a subscription says.
func (e *Engine) adopt(known, as *endpoint) {
	known.transport.Close()
	if string(as.keys.Current) != string(known.keys.Current) {
		as.keys.Previous = known.keys.Current
	} else {
		as.keys.Previous = known.keys.Previous
	}
	known.url, known.types, known.concurrency, known.header = as.url, as.types, as.concurrency, as.header
	known.keys, known.transport, known.disabled = as.keys, as.transport, ""
	e.arrange(known)
}

func (e *Engine) add(ep *endpoint) {
	e.endpoints[ep.id] = ep
	e.ordered = append(e.ordered, ep)
}

// Unsubscribe deletes an endpoint. What is pending for it is canceled.
func (e *Engine) Unsubscribe(ctx context.Context, id string) error {
	if err := e.await(ctx); err != nil {
		return err
	}
	e.mu.Lock()
	ep := e.endpoints[id]
	if ep == nil {
		e.mu.Unlock()
		return fmt.Errorf("endpoint %s: %w", id, ErrUnknown)
	}
	ep.deleted = true
	delete(e.endpoints, id)
	e.ordered = slices.DeleteFunc(e.ordered, func(o *endpoint) bool { return o == ep })
	left := ep.queue
	ep.queue, ep.held, ep.behind, ep.gathered = nil, map[*item]*hold{}, nil, nil
	e.arrange(ep)
	for _, it := range left {
		it.at = none
		e.finish(it, canceled)
	}
	ep.transport.Close()
	if e.cfg.Journal != nil {
		e.unsaved.removed = append(e.unsaved.removed, id)
	}
	e.tell(Update{Deleted: id})
	durable := e.unsaved.promise()
	e.mu.Unlock()
	return e.settled(ctx, durable)
}

// Rotate gives an endpoint another key; the old one becomes the previous one.
// Attempts that begin afterwards are signed with the new key.
func (e *Engine) Rotate(ctx context.Context, id string, key []byte) (Endpoint, error) {
	if len(key) == 0 {
		return Endpoint{}, &InvalidError{"key", "missing"}
	}
	return e.alter(ctx, id, func(ep *endpoint) error {
		if string(key) == string(ep.keys.Current) {
			return &InvalidError{"key", "it is the present key"}
		}
		next := *ep
		next.keys = mockclaude.Keys{Current: slices.Clone(key), Previous: ep.keys.Current}
		if err := e.connect(&next); err != nil {
			return err
		}
		e.retire(ep.transport)
		ep.keys, ep.transport = next.keys, next.transport
		return nil
	})
}

// retire closes a transport as soon as what it sends at this moment has ended.
func (e *Engine) retire(t Transport) {
	type ender interface{ Finish() }
	if f, ok := t.(ender); ok {
		f.Finish()
		return
	}
	t.Close()
}

// Enable makes a disabled endpoint get its deliveries again, those first that
// have waited longest.
func (e *Engine) Enable(ctx context.Context, id string) (Endpoint, error) {
	return e.alter(ctx, id, func(ep *endpoint) error {
		ep.disabled, ep.failures = "", 0
		e.arrange(ep)
		return nil
	})
}

// alter changes an endpoint.
func (e *Engine) alter(ctx context.Context, id string, change func(*endpoint) error) (Endpoint, error) {
	if err := e.await(ctx); err != nil {
		return Endpoint{}, err
	}
	e.mu.Lock()
	ep := e.endpoints[id]
	if ep == nil {
		e.mu.Unlock()
		return Endpoint{}, fmt.Errorf("endpoint %s: %w", id, ErrUnknown)
	}
	if err := change(ep); err != nil {
		e.mu.Unlock()
		return Endpoint{}, err
	}
	e.changed(ep)
	e.rouse()
	view, durable := ep.view(), e.unsaved.promise()
	e.mu.Unlock()
	return view, e.settled(ctx, durable)
}

// Endpoints lists the endpoints in order of their creation.
func (e *Engine) Endpoints() []Endpoint {
	e.mu.Lock()
	defer e.mu.Unlock()
	out := make([]Endpoint, 0, len(e.ordered))
	for _, ep := range e.ordered {
		out = append(out, ep.view())
	}
	return out
}

// Endpoint is one endpoint; the error wraps [ErrUnknown].
func (e *Engine) Endpoint(id string) (Endpoint, error) {
	e.mu.Lock()
	defer e.mu.Unlock()
	ep := e.endpoints[id]
	if ep == nil {
		return Endpoint{}, fmt.Errorf("endpoint %s: %w", id, ErrUnknown)
	}
	return ep.view(), nil
}
