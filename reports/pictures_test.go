//go:build pictures

package reports_test

import (
	"cmp"
	"os"
	"path/filepath"
	"testing"

	"github.com/chromedp/chromedp"

	"hookdrill/internal/browsertest"
	"hookdrill/reports"
)

// TestPictures takes the pictures of docs, and is asked for by the tag pictures: of the report that HOOKDRILL_REPORT names, into the folder that
// HOOKDRILL_SCREENSHOTS names.
func TestPictures(t *testing.T) {
	t.Parallel()
	dir, of := os.Getenv("HOOKDRILL_SCREENSHOTS"), os.Getenv("HOOKDRILL_REPORT")
	if dir == "" || of == "" {
		t.Fatal("HOOKDRILL_REPORT names the report, and HOOKDRILL_SCREENSHOTS the folder for its pictures")
	}
	r, err := reports.Open(of)
	if err != nil {
		t.Fatal(err)
	}
	ctx := browser(t)
	open(t, ctx, r)
	pictures := []struct {
		name, scheme  string
		width, height int64
		top           string // an element that the picture begins with
	}{
		{"report.png", "light", 1200, 1500, ""},
		{"report-dark.png", "dark", 1200, 1000, ".group"},
		{"report-mobile.png", "light", 400, 1300, ""},
		{"report-launch.png", "light", 1200, 1200, ".launch"},
	}
	if r.Load != nil {
		pictures = pictures[:1]
		pictures[0].name = "load.png"
	}
	for _, p := range pictures {
		browsertest.Do(t, ctx, chromedp.EmulateViewport(p.width, p.height), medium("screen", p.scheme))
		_ = browsertest.Value[any](t, ctx, `(document.querySelector("`+cmp.Or(p.top, "header")+`").scrollIntoView(), 0)`)
		data, err := chromedp.Run(ctx, chromedp.CaptureScreenshot())
		if err != nil {
			t.Fatal(err)
		}
		data = smaller(t, data)
		if len(data) > 200<<10 {
			t.Errorf("%s has %d KB", p.name, len(data)>>10)
		}
		if err := os.WriteFile(filepath.Join(dir, p.name), data, 0o644); err != nil {
			t.Fatal(err)
		}
	}
}
