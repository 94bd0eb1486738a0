// Package browsertest shows tests what a browser makes of a page. It needs
// Chromium, which testtool asks for.
package browsertest

import (
	"context"
	"errors"
	"testing"
	"time"

	"github.com/chromedp/cdproto/cdp"
	"github.com/chromedp/cdproto/log"
	"github.com/chromedp/cdproto/network"
	"github.com/chromedp/cdproto/page"
	"github.com/chromedp/cdproto/runtime"
	"github.com/chromedp/chromedp"

	"hookdrill/internal/testtool"
)

// Options say what a page may do. Everything else fails the test.
type Options struct {
	// Own says of a URL that the page may ask for it.
	Own func(url string) bool
	// Expected says of an error in the browser's log that it may be there; nil is none.
	Expected func(text, url string) bool
}

// patience bounds a test's whole use of its browser, and appear the wait for one thing.
const (
	patience = 3 * time.Minute
	appear   = 30 * time.Second
)

// Start starts a browser for a test, which fails when a page throws, logs an error, opens a
// dialog, or asks for what is not its own. In its pages alert, confirm, prompt and trap are
// functions that note their calls in the list sprung.
func Start(t *testing.T, o Options) context.Context {
	t.Helper()
	program := testtool.Need(t, "chromium")
	options := append(chromedp.DefaultExecAllocatorOptions[:], chromedp.ExecPath(program), chromedp.NoSandbox, chromedp.DisableGPU,
		chromedp.UserDataDir(t.TempDir()), chromedp.WindowSize(1280, 900), chromedp.Flag("disable-quic", true),
		chromedp.Flag("disable-component-update", true))
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	t.Cleanup(cancel)
	ctx, cancel = chromedp.NewExecAllocator(ctx, options...)
	t.Cleanup(cancel)
	ctx, cancel = chromedp.NewContext(ctx)
	t.Cleanup(func() {
		if err := chromedp.Cancel(ctx); err != nil {
			t.Logf("close the browser: %v", err)
		}
		cancel()
	})
	if err := chromedp.Listen(ctx, func(ev any) { o.watch(t, ev) }); err != nil {
		t.Fatal(err)
	}
	Do(t, ctx, chromedp.Func(func(ctx context.Context, tab *chromedp.Target) error {
		_, err := cdp.Call(ctx, tab, network.Enable, network.EnableParams{})
		_, also := cdp.Call(ctx, tab, log.Enable, cdp.Empty{})
		_, trap := cdp.Call(ctx, tab, page.AddScriptToEvaluateOnNewDocument, page.AddScriptToEvaluateOnNewDocumentParams{
			Source: `window.sprung = []; for (const name of ["alert", "confirm", "prompt", "trap"]) window[name] = (...a) => window.sprung.push(name + a)`,
		})
		return errors.Join(err, also, trap)
	}))
	return ctx
}

func (o Options) watch(t *testing.T, ev any) {
	t.Helper()
	switch e := ev.(type) {
	case *runtime.EventExceptionThrown:
		t.Errorf("the page threw: %+v", e.ExceptionDetails)
	case *page.EventJavascriptDialogOpening:
		t.Errorf("the page opened a dialog: %s", e.Message)
	case *log.EventEntryAdded:
		if e.Entry.Level == log.EntryLevelError && (o.Expected == nil || !o.Expected(e.Entry.Text, e.Entry.URL)) {
			t.Errorf("the browser logged: %s (%s)", e.Entry.Text, e.Entry.URL)
		}
	case *network.EventRequestWillBeSent:
		if u := e.Request.URL; !o.Own(u) {
			t.Errorf("the page asks for %s", u)
		}
	}
}

// Do carries out actions in the browser.
func Do(t *testing.T, ctx context.Context, actions ...chromedp.Action[chromedp.Void]) { //nolint:revive // t first, as everywhere
	t.Helper()
	if err := chromedp.Do(ctx, actions...); err != nil {
		t.Fatal(err)
	}
}

// Holds waits until an expression is true in the page, 30 s at most.
func Holds(t *testing.T, ctx context.Context, expression string) { //nolint:revive // t first, as everywhere
	t.Helper()
	if _, err := chromedp.Run(ctx, chromedp.Poll[bool](expression, chromedp.WithPollingTimeout(appear))); err != nil {
		text, _ := chromedp.Run(ctx, chromedp.Evaluate[string]("document.body.innerText"))
		t.Fatalf("%s: %v\nthe page says:\n%.3000s", expression, err, text)
	}
}

// Value is what an expression gives in the page.
func Value[T any](t *testing.T, ctx context.Context, expression string) T { //nolint:revive // t first, as everywhere
	t.Helper()
	v, err := chromedp.Run(ctx, chromedp.Evaluate[T](expression))
	if err != nil {
		t.Fatal(err)
	}
	return v
}
