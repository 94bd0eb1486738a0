package reports_test

import (
	"bytes"
	"crypto/sha256"
	"encoding/base64"
	"fmt"
	"math"
	"os"
	"slices"
	"strconv"
	"strings"
	"testing"

	"golang.org/x/net/html"

	"hookdrill/reports"
)

func writeHTML(t *testing.T, r *reports.Report) string {
	t.Helper()
	var b bytes.Buffer
	if err := reports.WriteHTML(&b, r); err != nil {
		t.Fatal(err)
	}
	return b.String()
}

// elements gives every element of a page, as a browser would build it.
func elements(t *testing.T, page string) []*html.Node {
	t.Helper()
	doc, err := html.Parse(strings.NewReader(page))
	if err != nil {
		t.Fatal(err)
	}
	var all []*html.Node
	for n := range doc.Descendants() {
		if n.Type == html.ElementNode {
			all = append(all, n)
		}
	}
	return all
}

func attr(n *html.Node, name string) string {
	for _, a := range n.Attr {
		if a.Key == name {
			return a.Val
		}
	}
	return ""
}

// TestHTMLIsHarmless lets a target say what it likes, and looks at what a
// browser makes of it: only the elements and attributes of the template.
// A selection that kept everything has not seen everything.
func TestHTMLOfASelectionIsNotComplete(t *testing.T) {
	t.Parallel()
	r := allPassed()
	r.LeftOut = []string{"SIG-01", "SIG-02"}
	text := writeHTML(t, r)
	if !strings.Contains(text, "2 requirements of the catalogue were left out of this run") || strings.Contains(text, "Nothing: every check") {
		t.Error("what was left out is not said on the first screen")
	}
}

func TestHTMLIsHarmless(t *testing.T) {
	t.Parallel()
	elementsAllowed := strings.Fields(`html head body meta title style header main footer section article div p span strong b
		h1 h2 h3 h4 dl dt dd ul ol li a code pre details summary table caption thead tbody tr th td
		nav form label select option input button output figure figcaption mark del svg line rect script`)
	attrsAllowed := strings.Fields(`lang charset http-equiv content name class id style href tabindex open scope
		aria-hidden aria-labelledby aria-label role hidden data-status data-family data-level type value autocomplete spellcheck
		viewbox preserveaspectratio x y x1 x2 y1 y2 width height`)
	for name, r := range map[string]*reports.Report{"hostile": hostile(), "sample": sample(), "empty": {}} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			page := writeHTML(t, r)
			wantPrintable(t, strings.ReplaceAll(page, "\t", " "))
			if len(page) > 24<<20 {
				t.Errorf("the page has %d MiB", len(page)>>20)
			}
			for _, n := range elements(t, page) {
				if !slices.Contains(elementsAllowed, n.Data) {
					t.Fatalf("a <%s> is on the page", n.Data)
				}
				for _, a := range n.Attr {
					if !slices.Contains(attrsAllowed, strings.ToLower(a.Key)) {
						t.Errorf("a <%s> has the attribute %s", n.Data, a.Key)
					}
				}
				if href := attr(n, "href"); href != "" && !strings.HasPrefix(href, "#") {
					t.Errorf("a link leads to %.200q", href)
				}
				if style := attr(n, "style"); style != "" {
					t.Errorf("a style says %.200q, and the policy allows none", style)
				}
				if n.Data == "style" && strings.ContainsAny(n.FirstChild.Data, "<@\\") &&
					(strings.Contains(n.FirstChild.Data, "url(") || strings.Contains(n.FirstChild.Data, "@import")) {
					t.Error("the style sheet loads something")
				}
			}
		})
	}
}

func TestHTMLPolicyAndStructure(t *testing.T) {
	t.Parallel()
	for name, r := range map[string]*reports.Report{
		"failed": sample(), "unreachable": unreachable(), "passed": allPassed(), "strict": strictRun(), "empty": {},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			policy, last, ids, digests := "", 0, map[string]bool{}, map[string]string{}
			var links []string
			for _, n := range elements(t, writeHTML(t, r)) {
				if attr(n, "http-equiv") == "Content-Security-Policy" {
					policy = attr(n, "content")
				}
				if n.Data == "style" || n.Data == "script" {
					sum := sha256.Sum256([]byte(n.FirstChild.Data))
					digests[n.Data] = "'sha256-" + base64.StdEncoding.EncodeToString(sum[:]) + "'"
				}
				if id := attr(n, "id"); id != "" {
					if ids[id] {
						t.Errorf("two elements have the id %s", id)
					}
					ids[id] = true
				}
				links = append(links, attr(n, "aria-labelledby"), strings.TrimPrefix(attr(n, "href"), "#"))
				if len(n.Data) == 2 && n.Data[0] == 'h' && n.Data[1] >= '1' && n.Data[1] <= '6' {
					level := int(n.Data[1] - '0')
					if level > last+1 {
						t.Errorf("a heading of level %d follows one of level %d", level, last)
					}
					last = level
				}
			}
			if want := fmt.Sprintf("default-src 'none'; style-src %s; script-src %s; base-uri 'none'; form-action 'none'; require-trusted-types-for 'script'",
				digests["style"], digests["script"]); policy != want {
				t.Errorf("policy %q, want %q", policy, want)
			}
			for _, to := range links {
				if to != "" && !ids[to] {
					t.Errorf("something points to %q, which is not there", to)
				}
			}
		})
	}
}

// TestHTMLSaysWhatItMust looks for what a reader needs of a failure.
func TestHTMLSaysWhatItMust(t *testing.T) {
	t.Parallel()
	r := sample()
	var b strings.Builder
	doc, err := html.Parse(strings.NewReader(writeHTML(t, r)))
	if err != nil {
		t.Fatal(err)
	}
	for n := range doc.Descendants() {
		if n.Type == html.TextNode {
			b.WriteString(n.Data)
		}
	}
	text := b.String()
	for _, c := range r.Checks {
		wanted := []string{c.ID, c.Title}
		if c.Status != reports.Pass {
			wanted = append(wanted, c.Why, c.Requirement, c.Matters)
			for i, bad := range c.Cases {
				wanted = append(wanted, bad.Name, bad.Expected, bad.Actual)
				if i < 3 {
					wanted = append(wanted, bad.Repeat, bad.Curl)
				}
			}
		}
		if c.Status == reports.NotApplicable {
			wanted = []string{c.ID, c.Title, c.Why}
		}
		for _, w := range wanted {
			if !strings.Contains(text, w) {
				t.Errorf("%s: the page does not say %q", c.ID, w)
			}
		}
	}
	if first, passed := strings.Index(text, "SIG-03"), strings.Index(text, "SIG-20"); first > passed {
		t.Error("a passed check stands before a failed one")
	}
}

// TestHTMLClaimsNothingUnseen: the page may say that everything was seen only
// where it was.
func TestHTMLClaimsNothingUnseen(t *testing.T) {
	t.Parallel()
	const claim = "Nothing: every check"
	for name, spoil := range map[string]func(r *reports.Report){
		"":                           func(*reports.Report) {},
		"a check not observed":       func(r *reports.Report) { r.Checks[0].Status = reports.NotObserved },
		"a check not exercised":      func(r *reports.Report) { r.Checks[0].Status = reports.NotExercised },
		"an error":                   func(r *reports.Report) { r.Checks[0].Status = reports.Error },
		"no status":                  func(r *reports.Report) { r.Checks[0].Status = "" },
		"something to unlock":        func(r *reports.Report) { r.Unlock = []reports.Unlock{{What: "x"}} },
		"an observer not trusted":    func(r *reports.Report) { r.Observers[0].Trusted = false },
		"interrupted":                func(r *reports.Report) { r.Interrupted = true },
		"no checks":                  func(r *reports.Report) { r.Checks = nil },
		"ended before its checks":    func(r *reports.Report) { r.Preflight = &reports.Preflight{Kind: "dns"} },
		"the harness failed somehow": func(r *reports.Report) { r.Verdict = reports.Failed },
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			r := allPassed()
			r.Observers = r.Observers[:1]
			spoil(r)
			if got := strings.Contains(writeHTML(t, r), claim); got != (name == "") {
				t.Errorf("claims that everything was seen: %v", got)
			}
		})
	}
}

// TestHTMLFoldsManyCases: cases that failed in the same way are one, with the first few whole.
func TestHTMLFoldsManyCases(t *testing.T) {
	t.Parallel()
	c := reports.Check{ID: "SIG-06", Level: reports.Must, Status: reports.Fail}
	for i := range 1000 {
		c.Cases = append(c.Cases, reports.Case{
			Name: fmt.Sprintf("case %04d", i), Status: reports.Fail, Expected: "4xx", Why: "w", Repeat: fmt.Sprintf("repeat %04d", i),
			Actual: fmt.Sprintf("%d effect(s) of evt_%012d after %d ms", i, i, i+1),
		})
	}
	c.Cases[500].Actual = "the connection was closed"
	page := writeHTML(t, &reports.Report{Verdict: reports.Nonconformant, Checks: []reports.Check{c}})
	for _, want := range []string{"998 more cases came out in the same way", "case 0000", "repeat 0002", "case 0202", "796 more cases</", "repeat 0500", "1000 cases: expected"} {
		if !strings.Contains(page, strings.TrimSuffix(want, "</")) {
			t.Errorf("the page does not say %q", want)
		}
	}
	for _, not := range []string{"repeat 0003", "case 0300"} {
		if strings.Contains(page, not) {
			t.Errorf("the page says %q", not)
		}
	}
	if n := strings.Count(page, `class="versus"`); n != 4 {
		t.Errorf("%d cases are shown whole", n)
	}
}

// TestHTMLStaysSmall: much evidence makes a page that a browser still opens, and failures come first.
func TestHTMLStaysSmall(t *testing.T) {
	t.Parallel()
	r := &reports.Report{Verdict: reports.Nonconformant}
	for i := range 1000 {
		big := strings.Repeat(fmt.Sprintf("<%d>", i), 10<<10/5)
		r.Checks = append(r.Checks, reports.Check{ID: fmt.Sprintf("X-%04d", i), Level: reports.Must, Status: reports.Fail, Cases: []reports.Case{{
			Name: "n", Status: reports.Fail, Exchanges: []reports.Exchange{{Role: "case", Request: big, Response: big}},
		}}})
	}
	page := writeHTML(t, r)
	if len(page) > 24<<20 {
		t.Errorf("the page has %d MiB", len(page)>>20)
	}
	for i := range r.Checks {
		at := strings.Index(page, fmt.Sprintf("&lt;%d&gt;", i))
		if at < 0 {
			t.Fatalf("the evidence of %s is missing", r.Checks[i].ID)
		}
		page = page[at:] // they stand in their order
	}
}

// TestContrast holds every pair of text and ground to the 4.5:1 of WCAG AA.
func TestContrast(t *testing.T) {
	t.Parallel()
	css, err := os.ReadFile("report.css")
	if err != nil {
		t.Fatal(err)
	}
	light, rest, _ := strings.Cut(string(css), "@media (prefers-color-scheme: dark)")
	dark, rest, _ := strings.Cut(rest, ".k-fail")
	_, paper, _ := strings.Cut(rest, "@media print")
	for scheme, text := range map[string]string{"light": light, "dark": dark, "print": paper} {
		pairs := [][2]string{{"ink", "bg"}, {"ink", "card"}, {"ink", "code"}, {"soft", "bg"}, {"soft", "card"}}
		for _, k := range []string{"fail", "error", "warn", "unseen", "pass", "none"} {
			pairs = append(pairs, [2]string{k, "card"}, [2]string{k, "bg"}, [2]string{k, k + "-tint"},
				[2]string{"ink", k + "-tint"}, [2]string{"soft", k + "-tint"}, [2]string{"card", k})
		}
		pairs = append(pairs, [2]string{"soft", "code"}, [2]string{"mark-ink", "mark"})
		for _, p := range pairs {
			a, b := luminance(t, text, p[0]), luminance(t, text, p[1])
			if ratio := (max(a, b) + 0.05) / (min(a, b) + 0.05); ratio < 4.5 {
				t.Errorf("%s: %s on %s has a contrast of %.2f", scheme, p[0], p[1], ratio)
			}
		}
		for _, ground := range []string{"card", "bg"} { // the edges of controls
			a, b := luminance(t, text, "edge"), luminance(t, text, ground)
			if ratio := (max(a, b) + 0.05) / (min(a, b) + 0.05); ratio < 3 {
				t.Errorf("%s: a control's edge on %s has a contrast of %.2f", scheme, ground, ratio)
			}
		}
	}
}

func luminance(t *testing.T, css, name string) float64 {
	t.Helper()
	_, after, ok := strings.Cut(css, "--"+name+": #")
	if !ok {
		t.Fatalf("no colour --%s", name)
	}
	n, err := strconv.ParseUint(after[:6], 16, 32)
	if err != nil {
		t.Fatal(err)
	}
	sum := 0.0
	for i, weight := range []float64{0.2126, 0.7152, 0.0722} {
		v := float64(n>>(16-8*i)&0xff) / 255
		if v <= 0.04045 {
			v /= 12.92
		} else {
			v = math.Pow((v+0.055)/1.055, 2.4)
		}
		sum += weight * v
	}
	return sum
}
