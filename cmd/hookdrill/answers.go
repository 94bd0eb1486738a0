package main

import (
	"context"
	"crypto/tls"
	"net/http"
	"net/url"
	"time"
)

const (
	// askEvery is the pause between two questions whether a receiver is ready, askLimit the
	// time for an answer.
	askEvery = 50 * time.Millisecond
	askLimit = 2 * time.Second
)

// answers waits until a receiver that listens no longer answers 502, 503 or 504, as one does that is
// still warming up. It is false when it does so to the end: then that is how it answers a GET.
func answers(ctx context.Context, target *url.URL, limit time.Duration) bool {
	ctx, cancel := context.WithTimeout(ctx, limit)
	defer cancel()
	transport := &http.Transport{
		DisableKeepAlives: true, Proxy: nil,
		TLSClientConfig: &tls.Config{InsecureSkipVerify: true, MinVersion: tls.VersionTLS10}, //nolint:gosec // judged by TLS-02 and TLS-03
	}
	client := &http.Client{Transport: transport, Timeout: askLimit, CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}
	tick := time.NewTicker(askEvery)
	defer tick.Stop()
	for {
		req, err := http.NewRequestWithContext(ctx, http.MethodGet, target.String(), http.NoBody)
		if err != nil {
			return true
		}
		res, err := client.Do(req)
		if err != nil {
			return ctx.Err() == nil // whatever it is, the first event will say it better
		}
		_ = res.Body.Close()
		switch res.StatusCode {
		case http.StatusBadGateway, http.StatusServiceUnavailable, http.StatusGatewayTimeout:
		default:
			return true
		}
		select {
		case <-tick.C:
		case <-ctx.Done():
			return false
		}
	}
}
