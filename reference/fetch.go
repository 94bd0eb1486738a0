package reference

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"math/rand/v2"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"sync"
	"time"
)

const (
	// fetchers bounds the resources that are fetched at once.
	fetchers = 8
	// fetchTimeout bounds one attempt.
	fetchTimeout = 10 * time.Second
	// fetchLease is how long an attempt is this instance's: longer than it can
	// take, so that no other tries at the same time.
	fetchLease = 30 * time.Second
	// fetchPoll is how often to look for what nobody told of: what is due again,
	// and what another instance left behind.
	fetchPoll = time.Second
	// fetchAttempts is how often a resource is tried before it is given up, over
	// some 50 minutes.
	fetchAttempts = 20
	firstWait     = 500 * time.Millisecond
	longestWait   = 5 * time.Minute
	// maxResource bounds a resource, in bytes.
	maxResource = 1 << 20
)

// API is the sender's API, where the resources of thin events are fetched.
type API struct {
	// URL is what paths such as /v1/sessions/sesn_1 are appended to.
	URL *url.URL
	// Key is sent in x-api-key, to that URL's host and nowhere else.
	Key string
}

// wrong names what cannot be right.
func (a API) wrong() error {
	switch {
	case a.URL == nil || a.URL.Scheme != "http" && a.URL.Scheme != "https" || a.URL.Hostname() == "":
		return errors.New("want an http or https URL with a host")
	case a.URL.User != nil, a.URL.RawQuery != "", a.URL.Fragment != "":
		return errors.New("want a URL without user, query and fragment")
	case a.Key == "":
		return errors.New("lacks its key")
	case strings.TrimFunc(a.Key, func(r rune) bool { return r > ' ' && r < 0x7f }) != "":
		return errors.New("has a key that holds white space, or what is no ASCII")
	}
	return nil
}

// fetcher fetches the resources that events are about. It works beside the
// deliveries and never in them: a sender does not wait for its own API.
type fetcher struct {
	api     API
	store   FetchStore
	client  *http.Client
	log     *slog.Logger
	now     func() time.Time
	metrics *Metrics // nil for none
	woken   chan struct{}
	free    chan struct{} // a token for each fetch that may begin
}

func newFetcher(cfg Config, store FetchStore, log *slog.Logger) *fetcher {
	f := &fetcher{
		api: *cfg.API, store: store, log: log, now: cfg.Now, metrics: cfg.Metrics,
		client: &http.Client{
			Transport: &http.Transport{MaxIdleConnsPerHost: fetchers, IdleConnTimeout: time.Minute, ResponseHeaderTimeout: fetchTimeout},
			Timeout:   fetchTimeout,
			// Wherever a redirect leads, the key is not for there.
			CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
		},
		woken: make(chan struct{}, 1), free: make(chan struct{}, fetchers),
	}
	for range fetchers {
		f.free <- struct{}{}
	}
	return f
}

// wake says that there is something to fetch. It never waits.
func (f *fetcher) wake() {
	select {
	case f.woken <- struct{}{}:
	default: // it will look anyway
	}
}

// run fetches what is due until ctx ends. What is cut off then is due again
// after its lease, here or at another instance.
func (f *fetcher) run(ctx context.Context) {
	var under sync.WaitGroup
	defer f.client.CloseIdleConnections()
	defer under.Wait()
	poll := time.NewTicker(fetchPoll)
	defer poll.Stop()
	for {
		if !f.takeAll(ctx, &under) {
			return
		}
		select {
		case <-poll.C:
			continue
		case <-ctx.Done():
			return
		case <-f.woken:
		}
		timer := time.NewTimer(FetchDelay) // what woke it is due only then
		select {
		case <-timer.C:
		case <-ctx.Done():
			timer.Stop()
			return
		}
	}
}

// takeAll begins to fetch what is due, as much at once as is allowed, and
// reports whether to go on.
func (f *fetcher) takeAll(ctx context.Context, under *sync.WaitGroup) bool {
	for {
		n := 0
		select {
		case <-f.free:
			n++
		case <-ctx.Done():
			return false
		}
		for more := true; more && n < fetchers; {
			select {
			case <-f.free:
				n++
			default:
				more = false
			}
		}
		now := f.now()
		taken, err := f.store.TakeFetches(ctx, now, now.Add(fetchLease), n)
		if err != nil && ctx.Err() == nil {
			f.log.LogAttrs(ctx, slog.LevelError, "fetches not read", slog.Any("error", err))
		}
		for range n - len(taken) {
			f.free <- struct{}{}
		}
		for _, one := range taken {
			under.Go(func() {
				defer func() { f.free <- struct{}{} }()
				f.try(ctx, one)
			})
		}
		if len(taken) < n {
			return ctx.Err() == nil
		}
	}
}

// try makes one attempt and notes what came of it.
func (f *fetcher) try(ctx context.Context, one Fetch) {
	result, why := f.get(ctx, one)
	if ctx.Err() != nil {
		return
	}
	if result.State == FetchWaiting && one.Attempt >= fetchAttempts {
		result.State = FetchFailed
	}
	level := slog.LevelDebug
	switch result.State {
	case FetchWaiting:
		level = slog.LevelWarn
	case FetchFailed: // nobody tries again
		level = slog.LevelError
	case FetchGone, FetchDone:
	}
	f.log.LogAttrs(ctx, level, "resource asked for", slog.String("event_id", one.EventID), slog.String("path", one.Path),
		slog.Int("attempt", one.Attempt), slog.String("outcome", string(result.State)), slog.String("reason", why))
	if f.metrics != nil {
		f.metrics.fetched(result.State)
	}
	if err := f.store.SettleFetch(ctx, one.EventID, result); err != nil && ctx.Err() == nil {
		f.log.LogAttrs(ctx, slog.LevelError, "fetch not settled, and will be repeated", slog.String("event_id", one.EventID), slog.Any("error", err))
	}
}

// get asks for a resource once, and says in a few words why it has none.
func (f *fetcher) get(ctx context.Context, one Fetch) (result FetchResult, why string) {
	again := func(why string, wait time.Duration) (FetchResult, string) {
		return FetchResult{State: FetchWaiting, Due: f.now().Add(max(wait, backoff(one.Attempt)))}, why
	}
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, f.api.URL.JoinPath(one.Path).String(), http.NoBody)
	if err != nil {
		return FetchResult{State: FetchFailed}, "no URL"
	}
	req.Header.Set("X-Api-Key", f.api.Key)
	req.Header.Set("Anthropic-Version", "2023-06-01")
	req.Header.Set("Anthropic-Beta", "managed-agents-2026-04-01")
	req.Header.Set("Accept", "application/json")
	resp, err := f.client.Do(req)
	if err != nil {
		return again("no answer", 0) // the error quotes the URL and nothing else of use
	}
	defer func() { _ = resp.Body.Close() }()
	text, err := io.ReadAll(io.LimitReader(resp.Body, maxResource+1))
	switch status := resp.StatusCode; {
	case status == http.StatusNotFound, status == http.StatusGone:
		return FetchResult{State: FetchGone}, strconv.Itoa(status)
	case status != http.StatusOK:
		// Whatever it is, a wrong key included, may be put right before the
		// attempts are used up.
		return again(strconv.Itoa(status), retryAfterOf(resp.Header))
	case err != nil:
		return again("answer cut off", 0)
	case len(text) > maxResource:
		return FetchResult{State: FetchFailed}, fmt.Sprintf("larger than %d bytes", maxResource)
	case !json.Valid(text):
		return again("no JSON", 0)
	}
	return FetchResult{State: FetchDone, Resource: text}, ""
}

// backoff is the wait after an attempt: half a second, doubled each time up to
// five minutes, and a part of it at random, so that what failed together does
// not come back together.
func backoff(attempt int) time.Duration {
	wait := longestWait
	if shift := attempt - 1; shift < 10 {
		wait = min(firstWait<<shift, longestWait)
	}
	return wait*4/5 + rand.N(wait/5+1) //nolint:gosec // it spreads load and keeps no secret
}

// retryAfterOf is what a Retry-After in seconds asks for, within bounds.
func retryAfterOf(header http.Header) time.Duration {
	n, err := strconv.Atoi(header.Get("Retry-After"))
	if err != nil || n < 0 {
		return 0
	}
	return min(time.Duration(min(n, 3600))*time.Second, longestWait)
}
