package reports_test

import (
	"bytes"
	"cmp"
	"image"
	"image/color"
	"image/png"
	"os"
	"path/filepath"
	"slices"
	"testing"

	"github.com/chromedp/chromedp"

	"hookdrill/reports"
)

// TestPictures takes the pictures of docs: of the report that HOOKDRILL_REPORT names, into the folder that
// HOOKDRILL_SCREENSHOTS names.
func TestPictures(t *testing.T) {
	t.Parallel()
	dir, of := os.Getenv("HOOKDRILL_SCREENSHOTS"), os.Getenv("HOOKDRILL_REPORT")
	if dir == "" || of == "" {
		t.Skip("nobody asked for pictures")
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
		do(t, ctx, chromedp.EmulateViewport(p.width, p.height), medium("screen", p.scheme))
		_ = value[any](t, ctx, `(document.querySelector("`+cmp.Or(p.top, "header")+`").scrollIntoView(), 0)`)
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

// smaller writes a picture with the 256 colours that occur most.
func smaller(t *testing.T, data []byte) []byte {
	t.Helper()
	full, err := png.Decode(bytes.NewReader(data))
	if err != nil {
		t.Fatal(err)
	}
	often := map[color.RGBA]int{}
	at := func(x, y int) color.RGBA {
		c, _ := color.RGBAModel.Convert(full.At(x, y)).(color.RGBA)
		return color.RGBA{c.R, c.G, c.B, 255}
	}
	b := full.Bounds()
	for y := b.Min.Y; y < b.Max.Y; y++ {
		for x := b.Min.X; x < b.Max.X; x++ {
			often[at(x, y)]++
		}
	}
	var colours []color.RGBA
	for c := range often {
		colours = append(colours, c)
	}
	slices.SortFunc(colours, func(a, b color.RGBA) int {
		return cmp.Or(cmp.Compare(often[b], often[a]), cmp.Compare(a.R, b.R), cmp.Compare(a.G, b.G), cmp.Compare(a.B, b.B))
	})
	var palette color.Palette
	for _, c := range colours[:min(len(colours), 256)] {
		palette = append(palette, c)
	}
	index := map[color.RGBA]uint8{}
	for _, c := range colours {
		index[c] = uint8(palette.Index(c))
	}
	out := image.NewPaletted(b, palette)
	for y := b.Min.Y; y < b.Max.Y; y++ {
		for x := b.Min.X; x < b.Max.X; x++ {
			out.SetColorIndex(x, y, index[at(x, y)])
		}
	}
	var buf bytes.Buffer
	if err := (&png.Encoder{CompressionLevel: png.BestCompression}).Encode(&buf, out); err != nil {
		t.Fatal(err)
	}
	return buf.Bytes()
}
