package page_test

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/chromedp/cdproto/cdp"
	"github.com/chromedp/cdproto/emulation"
	"github.com/chromedp/chromedp"
	"github.com/chromedp/chromedp/kb"

	"hookdrill/contract"
	"hookdrill/internal/browsertest"
	"hookdrill/mockclaude"
	"hookdrill/mockclaude/engine"
	"hookdrill/mockclaude/faults"
	"hookdrill/mockclaude/manage"
	"hookdrill/mockclaude/manage/page"
)

// browser starts a browser for a test, which fails when the page asks another host for something. That
// the management API refuses something, or is away, is part of what is tested.
func browser(t *testing.T) context.Context {
	t.Helper()
	return browsertest.Start(t, browsertest.Options{
		Own: func(u string) bool {
			return strings.HasPrefix(u, "http://127.0.0.1:") || strings.HasPrefix(u, "data:") || strings.HasPrefix(u, "about:")
		},
		Expected: func(text, url string) bool {
			return strings.Contains(text, "net::ERR") || strings.Contains(url, "/api/")
		},
	})
}

// picture saves a picture of the page to the folder that
// HOOKDRILL_SCREENSHOTS names.
func picture(t *testing.T, ctx context.Context, name string) { //nolint:revive // t first, as everywhere
	t.Helper()
	dir := os.Getenv("HOOKDRILL_SCREENSHOTS")
	if dir == "" {
		return
	}
	png, err := chromedp.Run(ctx, chromedp.CaptureScreenshot())
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(dir, name+".png"), png, 0o600); err != nil {
		t.Fatal(err)
	}
}

// hostile is what a target may send.
const hostile = "HTTP/1.1 200 OK\n\n<img src=x onerror=\"document.title='broken in'\"></pre></script><script>document.title='broken in'</script>\u202eRTL"

// target answers as the test says.
type target struct {
	mu     sync.Mutex
	status int
}

func (g *target) set(status int) {
	g.mu.Lock()
	defer g.mu.Unlock()
	g.status = status
}

func (g *target) Send(_ context.Context, d mockclaude.Delivery) mockclaude.Exchange {
	g.mu.Lock()
	defer g.mu.Unlock()
	return mockclaude.Exchange{
		EventID: d.EventID, Start: time.Now(), Duration: 1234 * time.Microsecond, Status: g.status,
		Request: "POST /hook HTTP/1.1\n\n" + d.Body, Response: hostile + strings.Repeat("x", 4000),
	}
}

func (g *target) Together(ctx context.Context, ds []mockclaude.Delivery) (out []mockclaude.Exchange) {
	for _, d := range ds {
		out = append(out, g.Send(ctx, d))
	}
	return out
}

func (*target) Close() {}

type rig struct {
	*engine.Engine
	t   *testing.T
	g   *target
	url string
	srv *httptest.Server
}

// serve runs an engine and its management listener.
func serve(t *testing.T, speed float64) *rig {
	t.Helper()
	c, err := contract.Load("claude")
	if err != nil {
		t.Fatal(err)
	}
	clock, err := engine.ScaledClock(speed)
	if err != nil {
		t.Fatal(err)
	}
	g := &target{status: 200}
	j := faults.NewInjector(nil)
	e, err := engine.New(engine.Config{
		Contract: c, Seed: 1, Clock: clock, Faults: j,
		Transport: func(mockclaude.SenderConfig) (engine.Transport, error) { return g, nil },
	})
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	ended := make(chan error, 1)
	go func() { ended <- e.Run(ctx) }()
	if _, err := e.Subscribe(ctx, engine.Subscription{URL: "http://127.0.0.1:8080/webhooks/claude", Key: []byte("whsec_test")}); err != nil {
		t.Fatal(err)
	}
	srv := httptest.NewServer(manage.New(manage.Config{
		Engine: e, Faults: j, Page: page.Handler(), Seed: 1, Speed: speed, Started: time.Now(), Done: ctx.Done(),
	}))
	t.Cleanup(func() {
		cancel()
		<-ended
		srv.CloseClientConnections()
		srv.Close()
	})
	return &rig{e, t, g, srv.URL + "/", srv}
}

func (r *rig) publish(id string) {
	r.t.Helper()
	ev, err := r.Draw("agent.task.completed")
	if err != nil {
		r.t.Fatal(err)
	}
	if id != "" {
		ev.ID = id
	}
	if _, err := r.Publish(context.Background(), ev, engine.Options{}); err != nil {
		r.t.Fatal(err)
	}
}

const states = `[...document.querySelectorAll("#rows .state")].map(e => e.textContent).join()`

func TestLivePage(t *testing.T) {
	t.Parallel()
	ctx := browser(t)
	r := serve(t, 2)
	r.g.set(503)
	browsertest.Do(t, ctx, chromedp.Navigate(r.url))
	browsertest.Holds(t, ctx, `document.getElementById("connection").textContent === "live"`)
	browsertest.Holds(t, ctx, `!document.getElementById("empty").hidden`)
	r.publish("")
	browsertest.Holds(t, ctx, states+` === "pending"`)
	browsertest.Holds(t, ctx, `document.querySelector("#rows td:nth-child(5)").textContent === "503"`)
	picture(t, ctx, "pending")
	r.g.set(200)
	browsertest.Holds(t, ctx, states+` === "delivered"`)
	browsertest.Holds(t, ctx, `document.querySelector("#counters").textContent.includes("delivered1")`)
	browsertest.Do(t, ctx, chromedp.Click("#send"))
	browsertest.Holds(t, ctx, states+` === "delivered,delivered"`)
	browsertest.Do(t, ctx, chromedp.Click("#pause"))
	browsertest.Holds(t, ctx, `document.getElementById("pause").textContent === "Resume"`)
	browsertest.Do(t, ctx, chromedp.Click("#send"))
	browsertest.Holds(t, ctx, states+` === "pending,delivered,delivered"`)
	browsertest.Do(t, ctx, chromedp.Click("#pause"))
	browsertest.Holds(t, ctx, states+` === "delivered,delivered,delivered"`)
}

func TestKeyboard(t *testing.T) {
	t.Parallel()
	ctx := browser(t)
	r := serve(t, 1)
	for _, id := range []string{"evt_one", "evt_two", "evt_three"} {
		r.publish(id)
	}
	browsertest.Do(t, ctx, chromedp.Navigate(r.url))
	browsertest.Holds(t, ctx, states+` === "delivered,delivered,delivered"`)
	chosen := func(what string) {
		t.Helper()
		browsertest.Holds(t, ctx, fmt.Sprintf(`(document.activeElement.textContent || "").includes(%q)`, what))
	}
	browsertest.Do(t, ctx, chromedp.KeyEvent("/"))
	browsertest.Holds(t, ctx, `document.activeElement.id === "filter-text"`)
	// The driver types the slash although the page has taken it; a keyboard does not.
	browsertest.Do(t, ctx, chromedp.Evaluate[chromedp.Void](`document.getElementById("filter-text").value = ""`), chromedp.KeyEvent("evt_t"))
	browsertest.Holds(t, ctx, `document.querySelectorAll("#rows tr").length === 2`)
	browsertest.Do(t, ctx, chromedp.KeyEvent(kb.ArrowDown))
	chosen("evt_three")
	browsertest.Do(t, ctx, chromedp.KeyEvent(kb.ArrowDown))
	chosen("evt_two")
	browsertest.Do(t, ctx, chromedp.KeyEvent(kb.ArrowDown)) // the last one
	chosen("evt_two")
	browsertest.Do(t, ctx, chromedp.KeyEvent(kb.Home))
	chosen("evt_three")
	browsertest.Do(t, ctx, chromedp.KeyEvent(kb.End), chromedp.KeyEvent(kb.Enter))
	browsertest.Holds(t, ctx, `document.activeElement.id === "detail" && document.querySelector("#detail").textContent.includes("Attempt 1")`)
	browsertest.Holds(t, ctx, `document.querySelector("#rows tr[aria-current]").textContent.includes("evt_two")`)
	browsertest.Do(t, ctx, chromedp.KeyEvent(kb.Tab))
	browsertest.Holds(t, ctx, `document.activeElement.id === "redeliver"`)
	browsertest.Do(t, ctx, chromedp.KeyEvent(kb.Enter))
	browsertest.Holds(t, ctx, `document.querySelectorAll("#rows tr").length === 3`) // the redelivery has the same event id
	browsertest.Do(t, ctx, chromedp.KeyEvent(kb.Escape))
	chosen("evt_two")
	browsertest.Holds(t, ctx, `document.getElementById("detail").hidden`)
}

func TestHostileTexts(t *testing.T) {
	t.Parallel()
	ctx := browser(t)
	r := serve(t, 1)
	r.publish(`evt_<img src=x onerror="document.title='broken in'">` + strings.Repeat("w", 150))
	browsertest.Do(t, ctx, chromedp.Navigate(r.url))
	browsertest.Holds(t, ctx, states+` === "delivered"`)
	browsertest.Do(t, ctx, chromedp.Click("#rows tr"))
	browsertest.Holds(t, ctx, `document.querySelectorAll("#detail details").length === 2`)
	browsertest.Do(t, ctx, chromedp.Evaluate[chromedp.Void](`document.querySelectorAll("#detail details").forEach(d => d.open = true)`))
	picture(t, ctx, "detail")
	for _, width := range []int64{1280, 360} {
		for _, scheme := range []string{"light", "dark"} {
			browsertest.Do(t, ctx, chromedp.EmulateViewport(width, 800), chromedp.Func(func(ctx context.Context, tab *chromedp.Target) error {
				_, err := cdp.Call(ctx, tab, emulation.SetEmulatedMedia, emulation.SetEmulatedMediaParams{
					Features: []*emulation.MediaFeature{{Name: "prefers-color-scheme", Value: scheme}},
				})
				return err
			}))
			picture(t, ctx, fmt.Sprintf("hostile-%d-%s", width, scheme))
			if wide := browsertest.Value[int](t, ctx, "document.documentElement.scrollWidth"); wide > int(width) {
				t.Errorf("%d pixels wide on a screen of %d", wide, width)
			}
		}
	}
	if title := browsertest.Value[string](t, ctx, "document.title"); strings.Contains(title, "broken in") {
		t.Error("a text of the target's was executed")
	}
	if n := browsertest.Value[int](t, ctx, `document.querySelectorAll("img, main script").length`); n != 0 {
		t.Errorf("%d elements come from texts of the target's", n)
	}
	if !browsertest.Value[bool](t, ctx, `document.querySelector("#detail").textContent.includes("<img src=x onerror")`) {
		t.Error("the answer is not shown as text")
	}
}

func TestManyAtOnce(t *testing.T) {
	t.Parallel()
	ctx := browser(t)
	r := serve(t, 1)
	browsertest.Do(t, ctx, chromedp.Navigate(r.url))
	browsertest.Holds(t, ctx, `document.getElementById("connection").textContent === "live"`)
	for range 2000 {
		r.publish("")
	}
	browsertest.Holds(t, ctx, `document.querySelector("#rows tr td").textContent === "2000"`)
	browsertest.Holds(t, ctx, `document.querySelector("#counters").textContent.includes("delivered2000")`)
	if n := browsertest.Value[int](t, ctx, `document.querySelectorAll("#rows tr").length`); n > 500 || n < 100 {
		t.Errorf("%d rows", n)
	}
	picture(t, ctx, "many")
}

// TestReconnect breaks the stream; in the meantime something happens.
func TestReconnect(t *testing.T) {
	t.Parallel()
	ctx := browser(t)
	r := serve(t, 1)
	browsertest.Do(t, ctx, chromedp.Navigate(r.url))
	browsertest.Holds(t, ctx, `document.getElementById("connection").textContent === "live"`)
	r.publish("")
	browsertest.Holds(t, ctx, states+` === "delivered"`)
	r.srv.CloseClientConnections()
	browsertest.Holds(t, ctx, `document.getElementById("connection").dataset.state === "lost"`)
	r.publish("")
	browsertest.Holds(t, ctx, `document.getElementById("connection").textContent === "live"`)
	browsertest.Holds(t, ctx, states+` === "delivered,delivered"`)
}

func TestHandler(t *testing.T) {
	t.Parallel()
	h := page.Handler()
	for path, media := range map[string]string{"/": "text/html", "/assets/app.js": "text/javascript", "/assets/app.css": "text/css", "/none": "", "/assets/": ""} {
		w := httptest.NewRecorder()
		h.ServeHTTP(w, httptest.NewRequest(http.MethodGet, path, nil))
		if media == "" {
			if w.Code != 404 || !json.Valid(w.Body.Bytes()) {
				t.Errorf("%s: %d %s", path, w.Code, w.Body)
			}
			continue
		}
		if w.Code != 200 || !strings.HasPrefix(w.Header().Get("Content-Type"), media) || !strings.Contains(w.Header().Get("Content-Security-Policy"), "default-src 'none'") {
			t.Errorf("%s: %d %v", path, w.Code, w.Header())
		}
	}
}
