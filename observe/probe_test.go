package observe

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"maps"
	"net/http"
	"net/http/httptest"
	"net/url"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"
)

// newTestProbe serves a handler and returns a probe of it.
func newTestProbe(t *testing.T, handler http.HandlerFunc, change func(*ProbeConfig)) *Probe {
	t.Helper()
	server := httptest.NewServer(handler)
	t.Cleanup(server.Close)
	address, err := url.Parse(server.URL + "/observe")
	if err != nil {
		t.Fatal(err)
	}
	c := ProbeConfig{URL: address}
	if change != nil {
		change(&c)
	}
	p, err := NewProbe(c)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(p.Close)
	return p
}

// answerOnce answers that each id took effect once.
func answerOnce(w http.ResponseWriter, r *http.Request) {
	events := map[string]Effect{"never-asked": {Processed: 3}}
	for _, id := range r.URL.Query()["id"] {
		events[id] = Effect{Processed: 1}
	}
	_ = json.NewEncoder(w).Encode(map[string]any{"events": events})
}

func TestProbeAsks(t *testing.T) {
	t.Parallel()
	var got *http.Request
	p := newTestProbe(t, func(w http.ResponseWriter, r *http.Request) {
		got = r
		answerOnce(w, r)
	}, func(c *ProbeConfig) {
		c.URL.RawQuery = "tenant=a%20b"
		c.URL.User = url.UserPassword("me", "hunter22")
		c.Header = []Header{{"X-Trace", "1"}, {"X-Trace", "2"}, {"Host", "probe.example"}}
	})
	effects, err := p.Effects(t.Context(), []string{"evt_1", "a&b=c #?/é'", "evt_1", "", "nul\x00"})
	if err != nil {
		t.Fatal(err)
	}
	want := map[string]Effect{"evt_1": {Processed: 1}, "a&b=c #?/é'": {Processed: 1}}
	if !maps.Equal(effects, want) {
		t.Errorf("effects %v, want %v", effects, want)
	}
	if got.Method != http.MethodGet || got.URL.Path != "/observe" || got.Host != "probe.example" {
		t.Errorf("asked by %s %s of host %s", got.Method, got.URL.Path, got.Host)
	}
	if want := "tenant=a%20b&id=evt_1&id=a%26b%3Dc+%23%3F%2F%C3%A9%27"; got.URL.RawQuery != want {
		t.Errorf("query %s, want %s", got.URL.RawQuery, want)
	}
	user, password, _ := got.BasicAuth()
	if user != "me" || password != "hunter22" || !slices.Equal(got.Header["X-Trace"], []string{"1", "2"}) {
		t.Errorf("header %v", got.Header)
	}
}

func TestProbeAsksNothingForNothing(t *testing.T) {
	t.Parallel()
	p := newTestProbe(t, func(http.ResponseWriter, *http.Request) { t.Error("a request was made") }, nil)
	effects, err := p.Effects(t.Context(), []string{""})
	if err != nil || len(effects) != 0 {
		t.Errorf("got %v, %v", effects, err)
	}
}

func TestProbeBatches(t *testing.T) {
	t.Parallel()
	numbered := func(n, length int) []string {
		ids := make([]string, n)
		for i := range ids {
			ids[i] = fmt.Sprintf("%0*d", length, i)
		}
		return ids
	}
	tests := []struct {
		name  string
		ids   []string
		sizes []int
	}{
		{"one", numbered(1, 8), []int{1}},
		{"exactly full", numbered(100, 8), []int{100}},
		{"one more", numbered(101, 8), []int{100, 1}},
		{"many", numbered(250, 8), []int{100, 100, 50}},
		{"long ids", numbered(8, 550), []int{3, 3, 2}},
		{"one id longer than a URL", []string{strings.Repeat("x", 7000), "a", "b"}, []int{1, 2}},
		{"encoding counts", []string{strings.Repeat("é", 350), strings.Repeat("ö", 350)}, []int{1, 1}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			var mu sync.Mutex
			var sizes []int
			p := newTestProbe(t, func(w http.ResponseWriter, r *http.Request) {
				mu.Lock()
				defer mu.Unlock()
				n := len(r.URL.Query()["id"])
				sizes = append(sizes, n)
				if n > 1 && len("http://"+r.Host+r.RequestURI) > maxProbeURL {
					t.Errorf("a URL of %d bytes for %d ids", len(r.RequestURI), n)
				}
				answerOnce(w, r)
			}, func(c *ProbeConfig) { c.URL.RawQuery = "k=v" })
			effects, err := p.Effects(t.Context(), tt.ids)
			if err != nil {
				t.Fatal(err)
			}
			if !slices.Equal(sizes, tt.sizes) {
				t.Errorf("requests for %v ids, want %v", sizes, tt.sizes)
			}
			if len(effects) != len(tt.ids) {
				t.Errorf("%d effects of %d ids", len(effects), len(tt.ids))
			}
		})
	}
}

func TestProbeMistakes(t *testing.T) {
	t.Parallel()
	write := func(status int, body string) http.HandlerFunc {
		return func(w http.ResponseWriter, _ *http.Request) {
			w.WriteHeader(status)
			_, _ = io.WriteString(w, body)
		}
	}
	tests := []struct {
		name      string
		handler   http.HandlerFunc
		want      []string // in the error
		temporary bool
	}{
		{
			"redirect", func(w http.ResponseWriter, r *http.Request) { http.Redirect(w, r, "/elsewhere", http.StatusFound) },
			[]string{"redirects (302) to /elsewhere", "give the final URL"},
			false,
		},
		{"wrong path", write(404, "404 page not found"), []string{`answered 404 with "404 page not found"`, "check the path"}, false},
		{"wrong method", write(405, ""), []string{"answered 405 with an empty body"}, false},
		{"token missing", write(401, "who?"), []string{`answered 401 with "who?"`, "the header that it asks for"}, false},
		{"created", write(201, `{"events":{}}`), []string{"answered 201", "a probe answers 200"}, false},
		{"server error", write(500, "Traceback\n\x1b[1mboom"), []string{`answered 500 with "Traceback �[1mboom"`, "target's log"}, true},
		{"too many requests", write(429, ""), []string{"answered 429"}, true},
		{"html", write(200, "<!doctype html>"), []string{`is no JSON, in "<!doctype html>"`, `answer {"events"`}, false},
		{
			"wrong shape", write(200, `{"events":{"a":{"processed":"1"}}}`),
			[]string{`the entry "a" has "processed": "1"`, "whole number from 0 up, without quotes"},
			false,
		},
		{
			"too long", write(200, `{"events":{"a":{"processed":1,"x":"`+strings.Repeat("x", 1<<20)+`"}}}`),
			[]string{"longer than 1 MiB", "only for the ids in the query"},
			false,
		},
		{"cut off", func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Content-Length", "100")
			_, _ = io.WriteString(w, `{"events"`)
		}, []string{"cannot be asked", "unexpected EOF"}, true},
		{"token repeated", func(w http.ResponseWriter, r *http.Request) {
			w.WriteHeader(http.StatusTeapot)
			_, _ = io.WriteString(w, r.Header.Get("Authorization")+" "+r.RequestURI+" "+r.URL.Query().Get("key"))
		}, []string{`answered 418 with "*** /observe?key=***&id=a ***"`}, false},
		{"token in a redirect", func(w http.ResponseWriter, r *http.Request) {
			http.Redirect(w, r, "/login?next="+url.QueryEscape(r.RequestURI), http.StatusSeeOther)
		}, []string{"redirects (303)"}, false},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			p := newTestProbe(t, tt.handler, func(c *ProbeConfig) {
				c.URL.RawQuery = "key=tok%2Fen-9"
				c.Header = []Header{{"Authorization", "Bearer s3cr3t"}}
			})
			_, err := p.Effects(t.Context(), []string{"a"})
			var seen *Error
			if !errors.As(err, &seen) {
				t.Fatalf("got %v, want an Error", err)
			}
			for _, want := range tt.want {
				if !strings.Contains(err.Error(), want) {
					t.Errorf("got  %v\nwant %s", err, want)
				}
			}
			for _, secret := range []string{"s3cr3t", "tok/en-9", "tok%2Fen-9"} {
				if strings.Contains(err.Error(), secret) {
					t.Errorf("the error holds %s: %v", secret, err)
				}
			}
			if seen.Temporary != tt.temporary {
				t.Errorf("temporary %t, want %t", seen.Temporary, tt.temporary)
			}
		})
	}
}

func TestProbeUnreachable(t *testing.T) {
	t.Parallel()
	server := httptest.NewServer(http.NotFoundHandler())
	address, err := url.Parse(server.URL + "/?token=s3cr3t")
	server.Close() // nobody listens there any more
	if err != nil {
		t.Fatal(err)
	}
	p, err := NewProbe(ProbeConfig{URL: address})
	if err != nil {
		t.Fatal(err)
	}
	_, err = p.Effects(t.Context(), []string{"a"})
	var seen *Error
	if !errors.As(err, &seen) || !seen.Temporary || !strings.Contains(err.Error(), "connection refused") {
		t.Errorf("got %v, want a temporary Error about a refused connection", err)
	}
	if err != nil && (strings.Contains(err.Error(), "s3cr3t") || strings.Contains(err.Error(), "id=a")) {
		t.Errorf("the error holds the whole URL: %v", err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := p.Effects(ctx, []string{"a"}); !errors.Is(err, context.Canceled) || errors.As(err, &seen) {
		t.Errorf("a cancelled context gives %v, want no mistake of the probe", err)
	}
}

// stalled answers with a body that never comes.
type stalled struct{}

func (stalled) RoundTrip(r *http.Request) (*http.Response, error) {
	body, writer := io.Pipe()
	context.AfterFunc(r.Context(), func() { _ = writer.CloseWithError(r.Context().Err()) })
	return &http.Response{StatusCode: http.StatusOK, Body: body, Request: r}, nil
}

func TestProbeDeadlineCoversBody(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		p, err := NewProbe(ProbeConfig{
			URL: &url.URL{Scheme: "http", Host: "probe.example"}, Timeout: 3 * time.Second, Transport: stalled{},
		})
		if err != nil {
			t.Fatal(err)
		}
		start := time.Now()
		_, err = p.Effects(t.Context(), []string{"a"})
		var seen *Error
		if !errors.As(err, &seen) || !seen.Temporary || !strings.Contains(err.Error(), "no whole answer within 3s") {
			t.Errorf("got %v", err)
		}
		if took := time.Since(start); took != 3*time.Second {
			t.Errorf("took %s, want 3s", took)
		}
	})
}

func TestNewProbeValidates(t *testing.T) {
	t.Parallel()
	tests := []struct {
		name, url string
		header    []Header
		timeout   time.Duration
		want      []string
	}{
		{"no URL", "", nil, 0, []string{"probe url"}},
		{"no host", "http:///x", nil, 0, []string{"probe url"}},
		{"other scheme", "ftp://u:passw0rd@h/?token=s3cr3t", nil, 0, []string{"ftp://***@h/?token=***"}},
		{"all at once", "h/x", []Header{{"A b", ""}, {"C", "x\r\nD: y"}}, -1, []string{"probe url", `"A b"`, `"C"`, "probe timeout"}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			c := ProbeConfig{Header: tt.header, Timeout: tt.timeout}
			if tt.url != "" {
				c.URL, _ = url.Parse(tt.url)
			}
			_, err := NewProbe(c)
			if err == nil {
				t.Fatal("no error")
			}
			for _, want := range tt.want {
				if !strings.Contains(err.Error(), want) {
					t.Errorf("got %v, want %s", err, want)
				}
			}
			if strings.Contains(err.Error(), "passw0rd") || strings.Contains(err.Error(), "s3cr3t") {
				t.Errorf("the error holds a secret: %v", err)
			}
		})
	}
}

func TestProbeSource(t *testing.T) {
	t.Parallel()
	tests := []struct{ url, want string }{
		{"http://localhost:8080/observe", "http://localhost:8080/observe"},
		{"https://me:passw0rd@h.example/o?token=s3cr3t&a=1#f", "https://***@h.example/o?a=***&token=***"},
		{"https://ghp_token@h.example/", "https://***@h.example/"},
	}
	for _, tt := range tests {
		t.Run(tt.url, func(t *testing.T) {
			t.Parallel()
			address, err := url.Parse(tt.url)
			if err != nil {
				t.Fatal(err)
			}
			p, err := NewProbe(ProbeConfig{URL: address})
			if err != nil {
				t.Fatal(err)
			}
			if got := p.Source(); got != tt.want || p.Kind() != "probe" {
				t.Errorf("%s %s, want %s", p.Kind(), got, tt.want)
			}
		})
	}
}
