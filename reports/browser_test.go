package reports_test

import (
	"bytes"
	"context"
	"fmt"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/chromedp/cdproto/cdp"
	"github.com/chromedp/cdproto/emulation"
	"github.com/chromedp/cdproto/input"
	"github.com/chromedp/chromedp"
	"github.com/chromedp/chromedp/kb"

	"hookdrill/internal/browsertest"
	"hookdrill/reports"
)

// browser starts a browser for a test, which fails when a report asks for anything but itself.
func browser(t *testing.T) context.Context {
	t.Helper()
	return browsertest.Start(t, browsertest.Options{Own: func(u string) bool {
		return strings.HasPrefix(u, "file:///") || strings.HasPrefix(u, "about:")
	}})
}

// medium sets what the page is shown on: screen or print, light or dark.
func medium(media, scheme string) chromedp.Action[chromedp.Void] {
	return chromedp.Func(func(ctx context.Context, tab *chromedp.Target) error {
		_, err := cdp.Call(ctx, tab, emulation.SetEmulatedMedia, emulation.SetEmulatedMediaParams{
			Media: media, Features: []*emulation.MediaFeature{{Name: "prefers-color-scheme", Value: scheme}},
		})
		return err
	})
}

// open writes a report to a file and opens it, as somebody does who was sent one.
func open(t *testing.T, ctx context.Context, r *reports.Report) { //nolint:revive // t first, as everywhere
	t.Helper()
	file := filepath.Join(t.TempDir(), "report.html")
	if err := os.WriteFile(file, []byte(writeHTML(t, r)), 0o600); err != nil {
		t.Fatal(err)
	}
	browsertest.Do(t, ctx, chromedp.Navigate((&url.URL{Scheme: "file", Path: file}).String()))
}

// TestInABrowser shares one browser, which takes longer to start than most of the tests take.
func TestInABrowser(t *testing.T) {
	t.Parallel()
	ctx := browser(t)
	for _, tt := range []struct {
		name string
		run  func(*testing.T, context.Context)
	}{
		{"width", everyWidth},
		{"accessible", accessible},
		{"filters", filtersByKeyboard},
		{"copy", copyByKeyboard},
		{"matrix", matrixInABrowser},
		{"hostile", hostileRunsNothing},
		{"print", printed},
		{"without scripts", withoutScripts},
	} {
		t.Run(tt.name, func(t *testing.T) {
			browsertest.Do(t, ctx, chromedp.EmulateViewport(1280, 900), medium("screen", "light"))
			tt.run(t, ctx)
		})
	}
}

const unfold = `document.querySelectorAll("details").forEach((d) => { d.open = true; })`

// tooWide names the innermost elements that are wider than the screen.
const tooWide = `[...document.querySelectorAll("body *")].filter((e) => e.getBoundingClientRect().right > 1 + document.documentElement.clientWidth && !e.childElementCount).slice(0, 5).map((e) => e.parentElement.outerHTML.slice(0, 200)).join("\n")`

// everyWidth: nothing is wider than the screen, folded or not, in light and dark.
func everyWidth(t *testing.T, ctx context.Context) { //nolint:revive // t first, as everywhere
	t.Helper()
	for name, r := range map[string]*reports.Report{"failed": sample(), "drilled": drilled(), "unreachable": unreachable(), "loaded": loaded()} {
		open(t, ctx, r)
		for _, width := range []int64{360, 768, 1280} {
			for _, scheme := range []string{"light", "dark"} {
				browsertest.Do(t, ctx, chromedp.EmulateViewport(width, 800), medium("screen", scheme))
				for _, state := range []string{"", unfold} {
					_ = browsertest.Value[any](t, ctx, "("+cmpOr(state, "0")+", 0)")
					if wide := browsertest.Value[int](t, ctx, "document.documentElement.scrollWidth"); wide > int(width) {
						t.Errorf("%s, %s: %d pixels wide on a screen of %d; %s", name, scheme, wide, width, browsertest.Value[string](t, ctx, tooWide))
					}
				}
			}
		}
		if got := browsertest.Value[string](t, ctx, "getComputedStyle(document.body).backgroundColor"); got == "rgb(245, 246, 248)" {
			t.Errorf("%s: the dark page is light", name)
		}
	}
}

func cmpOr(a, b string) string {
	if a != "" {
		return a
	}
	return b
}

// accessible asks the browser what axe-core asks of a page: names of controls, labels, unique ids, landmarks,
// headings in order, tables with headers, regions that scroll and can be reached, and a focus that can be seen.
func accessible(t *testing.T, ctx context.Context) { //nolint:revive // t first, as everywhere
	t.Helper()
	for name, r := range map[string]*reports.Report{"failed": sample(), "passed": allPassed(), "drilled": drilled(), "loaded": loaded()} {
		open(t, ctx, r)
		_ = browsertest.Value[any](t, ctx, "("+unfold+", 0)")
		for _, rule := range []struct{ name, wrong string }{
			{"document-title", `document.title ? [] : [document.head]`},
			{"html-has-lang", `document.documentElement.lang === "en" ? [] : [document.documentElement]`},
			{"duplicate-id", `all("[id]").filter((e) => all("#" + CSS.escape(e.id)).length > 1)`},
			{"button-name", `all("button, summary, a[href]").filter((e) => !e.textContent.trim() && !e.ariaLabel)`},
			{"label", `all("input, select").filter((e) => !e.labels.length || !e.labels[0].textContent.trim())`},
			{"aria-valid", `all("[aria-labelledby]").filter((e) => !document.getElementById(e.getAttribute("aria-labelledby"))?.textContent.trim())`},
			{"landmark-one-main", `all("main").length === 1 ? [] : all("body")`},
			{"landmark-banner", `all("body > header").length === 1 && all("body > footer").length === 1 ? [] : all("body")`},
			{"landmark-unique", `all("nav, form").filter((e) => !e.ariaLabel && !e.getAttribute("aria-labelledby"))`},
			{"page-has-heading-one", `all("h1").length === 1 ? [] : all("body")`},
			{"heading-order", `all("h1, h2, h3, h4, h5, h6").filter((h, i, hs) => i > 0 && +h.localName[1] > +hs[i - 1].localName[1] + 1)`},
			{"empty-heading", `all("h1, h2, h3, h4").filter((h) => !h.textContent.trim())`},
			{"list", `all("ul, ol").filter((l) => [...l.children].some((c) => c.localName !== "li"))`},
			{"definition-list", `all("dl > div").filter((d) => !d.querySelector("dt") || !d.querySelector("dd"))`},
			{"td-has-header", `all("table").filter((t) => [...t.querySelectorAll("thead th")].some((h) => h.scope !== "col") || [...t.querySelectorAll("tbody tr")].some((r) => r.firstElementChild.scope !== "row"))`},
			{"scrollable-region-focusable", `all("pre").filter((p) => p.scrollHeight > p.clientHeight + 1 && p.tabIndex < 0)`},
			{"svg-img-alt", `all("svg").filter((s) => s.getAttribute("aria-hidden") !== "true" && !(s.getAttribute("role") === "img" && s.ariaLabel))`},
			{"target-size", `all("button, select, input").filter((e) => e.checkVisibility() && e.getBoundingClientRect().height < 24)`},
			{"skip-link", `all("a.skip").length === 1 && document.querySelector(all("a.skip")[0].getAttribute("href")) ? [] : all("body")`},
			{"use-of-colour", `all(".pill, .badge, .tally li, .rows li").filter((e) => !/[a-zA-Z]/.test(e.textContent))`},
			{"tabindex", `all("[tabindex]").filter((e) => e.tabIndex > 0)`},
		} {
			wrong := browsertest.Value[[]string](t, ctx, "((all) => "+rule.wrong+`.slice(0, 4).map((e) => e.outerHTML.slice(0, 160)))((q) => [...document.querySelectorAll(q)])`)
			if len(wrong) > 0 {
				t.Errorf("%s: %s: %s", name, rule.name, strings.Join(wrong, "\n"))
			}
		}
		seen := map[string]bool{}
		for range 25 {
			browsertest.Do(t, ctx, chromedp.KeyEvent(kb.Tab))
			at := browsertest.Value[[]string](t, ctx, `(({localName, tagName}, {outlineStyle, outlineWidth}) => [localName, outlineStyle, outlineWidth])(document.activeElement, getComputedStyle(document.activeElement))`)
			if at[1] != "solid" || at[2] != "2px" {
				t.Errorf("%s: the focus on a <%s> cannot be seen: %v", name, at[0], at[1:])
			}
			seen[at[0]] = true
		}
		if !seen["a"] || !seen["summary"] && !seen["select"] {
			t.Errorf("%s: the tabulator reaches only %v", name, seen)
		}
	}
}

// filtersByKeyboard uses nothing but keys.
func filtersByKeyboard(t *testing.T, ctx context.Context) { //nolint:revive // t first, as everywhere
	t.Helper()
	r := sample()
	open(t, ctx, r)
	shown := func(filter string) string {
		return fmt.Sprintf(`[...document.querySelectorAll("[data-status]")].filter((c) => !c.hidden && c.checkVisibility()).every((c) => %s)`, filter)
	}
	says := func(text string) string {
		return fmt.Sprintf(`document.querySelector(".filters output").textContent === %q`, text)
	}
	total := len(r.Checks)
	browsertest.Do(t, ctx, chromedp.Focus("select[name=status]"), chromedp.KeyEvent("Pass"))
	browsertest.Holds(t, ctx, says(fmt.Sprintf("11 of %d checks", total)))
	browsertest.Holds(t, ctx, shown(`c.dataset.status === "pass"`))
	browsertest.Holds(t, ctx, `document.querySelector("#s-pass > details").open && document.querySelector("#s-fail").hidden`)
	browsertest.Do(t, ctx, chromedp.KeyEvent(kb.Tab), chromedp.KeyEvent("RAW"))
	browsertest.Holds(t, ctx, says(fmt.Sprintf("4 of %d checks", total)))
	browsertest.Do(t, ctx, chromedp.KeyEvent(kb.Tab), chromedp.KeyEvent(kb.Tab), chromedp.KeyEvent("chunked"))
	browsertest.Holds(t, ctx, says(fmt.Sprintf("1 of %d checks", total)))
	browsertest.Do(t, ctx, chromedp.KeyEvent(kb.Tab), chromedp.KeyEvent(kb.Enter))
	browsertest.Holds(t, ctx, says(""))
	browsertest.Holds(t, ctx, `!document.querySelector("#s-pass > details").open && !document.querySelector("[data-status][hidden]")`)
	browsertest.Do(t, ctx, chromedp.Focus("select[name=level]"), chromedp.KeyEvent("SHOULD"))
	browsertest.Holds(t, ctx, shown(`c.dataset.level === "should"`))
	browsertest.Do(t, ctx, chromedp.Focus(`.findings a`), chromedp.KeyEvent(kb.Enter)) // a link to what is filtered out shows it
	browsertest.Holds(t, ctx, `location.hash === "#SIG-03" && document.getElementById("SIG-03").checkVisibility()`)
}

// copyByKeyboard copies a command, and pastes it into the search field.
func copyByKeyboard(t *testing.T, ctx context.Context) { //nolint:revive // t first, as everywhere
	t.Helper()
	r := sample()
	open(t, ctx, r)
	browsertest.Do(t, ctx, chromedp.Focus("#SIG-03 button.copy"), chromedp.KeyEvent(kb.Enter))
	browsertest.Holds(t, ctx, `document.querySelector("#SIG-03 button.copy").textContent.startsWith("Copied") && document.getElementById("said").textContent === "Copied."`)
	browsertest.Do(t, ctx, chromedp.Focus("input[type=search]"), chromedp.Func(func(ctx context.Context, tab *chromedp.Target) error {
		_, err := cdp.Call(ctx, tab, input.DispatchKeyEvent, input.DispatchKeyEventParams{
			Type: input.DispatchKeyEventTypeRawKeyDown, Modifiers: 2, Key: "v", Code: "KeyV", WindowsVirtualKeyCode: 86, Commands: []string{"paste"},
		})
		return err
	}))
	browsertest.Holds(t, ctx, fmt.Sprintf(`document.querySelector("input[type=search]").value === %q`, r.Checks[0].Cases[0].Repeat))
}

// withoutScripts: filters and buttons that do nothing are not there, and the rest is.
func withoutScripts(t *testing.T, ctx context.Context) { //nolint:revive // t first, as everywhere
	t.Helper()
	browsertest.Do(t, ctx, chromedp.Func(func(ctx context.Context, tab *chromedp.Target) error {
		_, err := cdp.Call(ctx, tab, emulation.SetScriptExecutionDisabled, emulation.SetScriptExecutionDisabledParams{Value: true})
		return err
	}))
	open(t, ctx, sample())
	if browsertest.Value[bool](t, ctx, `[...document.querySelectorAll("form, button")].some((e) => e.checkVisibility())`) {
		t.Error("a control is shown that does nothing")
	}
	if !browsertest.Value[bool](t, ctx, `document.getElementById("SIG-03").checkVisibility() && document.querySelector("#SIG-03 .command pre").checkVisibility()`) {
		t.Error("a failure is not shown")
	}
	browsertest.Do(t, ctx, chromedp.Focus("#s-pass > details > summary"), chromedp.KeyEvent(kb.Enter))
	if !browsertest.Value[bool](t, ctx, `document.querySelector("#s-pass li").checkVisibility()`) {
		t.Error("what passed cannot be unfolded")
	}
}

// printed: on paper there are no controls, and no box that scrolls.
func printed(t *testing.T, ctx context.Context) { //nolint:revive // t first, as everywhere
	t.Helper()
	open(t, ctx, sample())
	browsertest.Do(t, ctx, medium("print", "dark"))
	if browsertest.Value[bool](t, ctx, `[...document.querySelectorAll(".filters, button, .skip")].some((e) => e.checkVisibility())`) {
		t.Error("a control is printed")
	}
	if got := browsertest.Value[string](t, ctx, "getComputedStyle(document.body).backgroundColor + getComputedStyle(document.body).color"); got != "rgb(255, 255, 255)rgb(0, 0, 0)" {
		t.Errorf("printed in %s", got)
	}
	if browsertest.Value[bool](t, ctx, `[...document.querySelectorAll("pre")].some((p) => p.scrollHeight > p.clientHeight + 1)`) {
		t.Error("a text is cut on paper")
	}
}

// hostileRunsNothing: whatever a target writes into a report is text, also when everything is unfolded, filtered and clicked.
func hostileRunsNothing(t *testing.T, ctx context.Context) { //nolint:revive // t first, as everywhere
	t.Helper()
	r := hostile()
	for i, text := range []string{
		`"><img src=x onerror=trap(1)>`, `<script>trap(2)</script>`, `</style><script>trap(3)</script>`, `</script><script>trap(4)</script>`,
		`javascript:trap(5)`, `' onfocus='trap(6)' autofocus x='`, `<svg onload=trap(7)>`, `<a href="javascript:trap(8)">x</a>`,
		`<iframe srcdoc="<script>parent.trap(9)</script>">`, "${trap(10)}{{trap(10)}}`${trap(10)}`", "\u202e<b onmouseover=trap(11)>\x1b[31m", `</pre></details></svg><object data="javascript:trap(12)">`,
		`<meta http-equiv=refresh content="0;url=javascript:trap(13)">`, `<base href="https://evil.example/">`, `--><img src=x onerror=trap(14)><!--`, `X-01" onclick="trap(15)`,
	} {
		c := &r.Checks[i]
		c.ID, c.Family, c.Level, c.Title, c.Why, c.Need = text, text, reports.Level(text), text, text, text
		c.Cases[0] = reports.Case{
			Name: text, Status: c.Status, Expected: text, Actual: text, Why: text, Repeat: text, Curl: text,
			Exchanges: []reports.Exchange{
				{Role: "control", Status: 200, Request: text, EventID: text, Response: text, Error: text, Target: text, At: time.Unix(1, 0)},
				{Role: "case", Status: 200, Request: "POST " + text + " HTTP/1.1\r\n" + text + ": " + text + "\r\n\r\n{\"" + text + "\":\"" + text, Response: text, At: time.Unix(2, 0)},
			},
		}
		c.Cases = append(c.Cases, reports.Case{Name: text, Status: c.Status, Actual: "of another kind", Timeline: []string{text, "1.0 s " + text}})
	}
	open(t, ctx, r)
	_ = browsertest.Value[any](t, ctx, `(`+unfold+`, document.querySelectorAll("summary, a, pre, button, li").forEach((e) => {
		for (const kind of ["mouseover", "focus", "mousedown"]) e.dispatchEvent(new MouseEvent(kind, {bubbles: true}));
		if (e.localName === "a" || e.type === "reset") e.click();
	}), 0)`)
	for _, name := range []string{"family", "level"} {
		_ = browsertest.Value[any](t, ctx, fmt.Sprintf(`(() => { const s = document.querySelector("select[name=%s]"); for (const o of s.options) { s.value = o.value; s.dispatchEvent(new Event("input", {bubbles: true})); } s.form.reset(); })(), 0`, name))
	}
	browsertest.Holds(t, ctx, `document.querySelector("button.copy").checkVisibility()`)
	browsertest.Do(t, ctx, chromedp.Focus("button.copy"), chromedp.KeyEvent(kb.Enter))
	browsertest.Holds(t, ctx, `document.getElementById("said").textContent !== ""`)
	if sprung := browsertest.Value[[]string](t, ctx, "window.sprung"); len(sprung) > 0 {
		t.Errorf("texts of the target's were executed: %v", sprung)
	}
	if n := browsertest.Value[int](t, ctx, `document.querySelectorAll("img, iframe, object, embed, base, script:not(body > script), meta[http-equiv=refresh], a:not([href^='#'])").length`); n != 0 {
		t.Errorf("%d elements come from texts of the target's", n)
	}
	if !browsertest.Value[bool](t, ctx, `document.body.textContent.includes("<script>trap(2)</script>") && document.body.textContent.includes("\\u202e<b")`) {
		t.Error("the texts are not shown as texts")
	}
	browsertest.Do(t, ctx, chromedp.EmulateViewport(360, 800))
	if wide := browsertest.Value[int](t, ctx, "document.documentElement.scrollWidth"); wide > 360 {
		t.Errorf("%d pixels wide on a screen of 360: %s", wide, browsertest.Value[string](t, ctx, tooWide))
	}
}

// matrixInABrowser: the page of several receivers fits, and is filtered by keyboard.
func matrixInABrowser(t *testing.T, ctx context.Context) { //nolint:revive // t first, as everywhere
	t.Helper()
	var b bytes.Buffer
	m := matrix(t, reports.MatrixColumn{Name: "one", Report: sample()}, reports.MatrixColumn{Name: "two", Report: allPassed()}, reports.MatrixColumn{Name: "three", Report: drilled()})
	if err := reports.WriteMatrixHTML(&b, m); err != nil {
		t.Fatal(err)
	}
	file := filepath.Join(t.TempDir(), "matrix.html")
	if err := os.WriteFile(file, b.Bytes(), 0o600); err != nil {
		t.Fatal(err)
	}
	browsertest.Do(t, ctx, chromedp.Navigate((&url.URL{Scheme: "file", Path: file}).String()))
	for _, width := range []int64{360, 768, 1280} {
		browsertest.Do(t, ctx, chromedp.EmulateViewport(width, 800))
		if wide := browsertest.Value[int](t, ctx, "document.documentElement.scrollWidth"); wide > int(width) {
			t.Errorf("%d pixels wide on a screen of %d: %s", wide, width, browsertest.Value[string](t, ctx, tooWide))
		}
	}
	browsertest.Do(t, ctx, chromedp.Focus("select[name=status]"), chromedp.KeyEvent("the same"))
	browsertest.Holds(t, ctx, `[...document.querySelectorAll("tbody tr")].every((r) => r.hidden === (r.dataset.status === "differ"))`)
	browsertest.Do(t, ctx, chromedp.Focus("input[type=search]"), chromedp.KeyEvent("chunked"))
	browsertest.Holds(t, ctx, `document.querySelector("output").textContent.startsWith("1 of ")`)
	if dir := os.Getenv("HOOKDRILL_SCREENSHOTS"); dir != "" {
		browsertest.Do(t, ctx, chromedp.Focus("button[type=reset]"), chromedp.KeyEvent(kb.Enter))
		data, err := chromedp.Run(ctx, chromedp.CaptureScreenshot())
		if err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(filepath.Join(dir, "matrix.png"), smaller(t, data), 0o600); err != nil {
			t.Fatal(err)
		}
	}
}
