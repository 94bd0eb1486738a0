package mockclaude

import (
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"html"
	"net/url"
	"strings"
	"testing"
)

const awkwardKey = "whsec_a/b+c=d\"e\\f&g<h>é 0123456789"

func testRedactor() (*Redactor, [][]byte) {
	r := newRedactor(Keys{Current: []byte(awkwardKey), Previous: []byte("old key, which is long enough")})
	var macs [][]byte
	for i := range 50 {
		m := sha256.Sum256([]byte{byte(i)})
		macs = append(macs, m[:])
		r.addSignature(m[:], "key:00000000")
	}
	return r, macs
}

func TestRedactorHidesTheKey(t *testing.T) {
	t.Parallel()
	r, _ := testRedactor()
	label := "[" + Keys{Current: []byte(awkwardKey)}.ID() + "]"
	quoted, _ := json.Marshal(awkwardKey)
	for name, spelling := range map[string]string{
		"raw": awkwardKey, "query": url.QueryEscape(awkwardKey), "path": url.PathEscape(awkwardKey),
		"json": string(quoted[1 : len(quoted)-1]), "go": strings.Trim(fmt.Sprintf("%q", awkwardKey), `"`),
		"ascii": strings.Trim(fmt.Sprintf("%+q", awkwardKey), `"`), "html": html.EscapeString(awkwardKey),
		"hex": hex.EncodeToString([]byte(awkwardKey)), "HEX": fmt.Sprintf("%X", awkwardKey),
		"base64":         base64.RawStdEncoding.EncodeToString([]byte(awkwardKey)),
		"slash":          strings.ReplaceAll(string(quoted[1:len(quoted)-1]), "/", `\/`),
		"lower percents": strings.ReplaceAll(strings.ReplaceAll(awkwardKey, "/", "%2f"), "+", "%2b"),
	} {
		if got := r.Text("before " + spelling + " after"); got != "before "+label+" after" {
			t.Errorf("%s: %s", name, got)
		}
	}
	if got := r.Text("begins " + awkwardKey[:20] + "…"); got != "begins "+label+"…" {
		t.Errorf("a part: %s", got)
	}
	if got := r.Text("begins " + awkwardKey[:10] + " and so on"); !strings.Contains(got, awkwardKey[:10]) {
		t.Errorf("ten characters are not a key: %s", got)
	}
}

func TestRedactorHidesSignatures(t *testing.T) {
	t.Parallel()
	r, macs := testRedactor()
	const label = "[signature by key:00000000]"
	digits := hex.EncodeToString(macs[3])
	in64 := base64.StdEncoding.EncodeToString(macs[3])
	for text, want := range map[string]string{
		"sha256=" + digits + ";":                      "sha256=" + label + ";",
		strings.ToUpper(digits):                       label,
		"x" + digits[5:21] + "y":                      "x" + label + "y",
		"x " + digits[5:20] + " y":                    "x " + digits[5:20] + " y",
		digits + "0":                                  label,
		"v1," + in64 + " v1":                          "v1," + label + " v1",
		"a=" + url.QueryEscape(in64) + "&b":           "a=" + label + "&b",
		strings.ReplaceAll(in64, "/", `\/`):           label,
		base64.RawURLEncoding.EncodeToString(macs[3]): label,
		digits + " " + hex.EncodeToString(macs[4]):    label + " " + label,
		"":                       "",
		"nothing":                "nothing",
		strings.Repeat("a", 300): strings.Repeat("a", 300),
	} {
		if got := r.Text(text); got != want {
			t.Errorf("%s\n became %s\n want   %s", text, got, want)
		}
	}
}

func TestRedactorForgetsTheOldest(t *testing.T) {
	t.Parallel()
	x := newMACIndex(4)
	mac := func(i int) []byte { m := sha256.Sum256([]byte{byte(i)}); return m[:] }
	for i := range 100 {
		x.add(mac(i), "l")
		x.add(mac(i), "l")
	}
	if len(x.macs) != 4 || len(x.known) != 4 || len(x.blocks) > 4*(8+5) || len(x.clash) != 0 {
		t.Errorf("%d MACs, %d known, %d blocks, %d clashes", len(x.macs), len(x.known), len(x.blocks), len(x.clash))
	}
	for i, want := range map[int]int{95: 0, 96: 1, 99: 1} {
		if got := len(x.find([]byte(hex.EncodeToString(mac(i))), nil)); got != want {
			t.Errorf("MAC %d: %d spans, want %d", i, got, want)
		}
	}
}

func TestRedactorTellsClashingBlocksApart(t *testing.T) {
	t.Parallel()
	x := newMACIndex(2)
	one := append([]byte{1, 2, 3, 4}, make([]byte, 28)...)
	two := append([]byte{1, 2, 3, 4}, []byte(strings.Repeat("z", 28))...)
	x.add(one, "one")
	x.add(two, "two")
	for i := range 2 {
		spans := x.find([]byte(hex.EncodeToString(two)), nil)
		if len(spans) != 1 || spans[0].label != "two" {
			t.Errorf("%d: %v", i, spans)
		}
		x.add([]byte(strings.Repeat("q", 32)), "three") // takes the place of one
	}
}

func TestAddSecret(t *testing.T) {
	t.Parallel()
	r, _ := testRedactor()
	r.AddSecret("", "[nothing]")
	r.AddSecret("s3cret", "[token]")
	if got := r.Text("Bearer s3cret, s3cret"); got != "Bearer [token], [token]" {
		t.Error(got)
	}
}

// TestRedactCutsNoSecretInHalf proves that the end of a text that was cut shows
// no part of a secret that went on.
func TestRedactCutsNoSecretInHalf(t *testing.T) {
	t.Parallel()
	r, macs := testRedactor()
	digits := hex.EncodeToString(macs[0])
	for kept := range len(digits) {
		raw := strings.Repeat(".", 1000) + digits[:kept]
		out, _ := r.redact([]byte(raw), true, 1<<20)
		if strings.Contains(string(out), digits[:1]) {
			t.Fatalf("%d characters: %s", kept, out)
		}
	}
}

// holdsWindow is true when 16 characters in a row of a signature are in a text.
func holdsWindow(text string, mac []byte) bool {
	lower := strings.ToLower(text)
	digits := hex.EncodeToString(mac)
	for i := 0; i+window <= len(digits); i++ {
		if strings.Contains(lower, digits[i:i+window]) {
			return true
		}
	}
	for _, in64 := range []string{base64.RawStdEncoding.EncodeToString(mac), base64.RawURLEncoding.EncodeToString(mac)} {
		for i := 0; i+window <= len(in64); i++ {
			if strings.Contains(text, in64[i:i+window]) {
				return true
			}
		}
	}
	return false
}

func FuzzRedactor(f *testing.F) {
	f.Add("before ", " after", uint8(1), uint8(0), uint8(64), uint8(0))
	f.Add("%", "=", uint8(2), uint8(3), uint8(40), uint8(2))
	f.Add(`\x`, `\u00`, uint8(2), uint8(3), uint8(40), uint8(1))
	f.Add("&#", "dead", uint8(2), uint8(3), uint8(40), uint8(3))
	r, macs := testRedactor()
	f.Fuzz(func(t *testing.T, before, after string, which, from, size, form uint8) {
		mac := macs[int(which)%len(macs)]
		text := []string{
			hex.EncodeToString(mac), strings.ToUpper(hex.EncodeToString(mac)),
			base64.StdEncoding.EncodeToString(mac), base64.URLEncoding.EncodeToString(mac),
		}[form%4]
		start := int(from) % len(text)
		end := min(len(text), start+int(size))
		got := r.Text(before + text[start:end] + after)
		if holdsWindow(got, mac) {
			t.Errorf("%q still shows a signature", got)
		}
		if got = r.Text(before + awkwardKey + after); strings.Contains(got, awkwardKey[:window]) {
			t.Errorf("%q still shows the key", got)
		}
	})
}

func BenchmarkRedactor(b *testing.B) {
	r, _ := testRedactor()
	for i := range 5000 {
		m := sha256.Sum256([]byte(fmt.Sprint("mac", i)))
		r.addSignature(m[:], "key:00000000")
	}
	m := sha256.Sum256([]byte("mac42"))
	texts := map[string]string{
		"json": strings.Repeat(`{"id":"evt_0123","note":"plain words \"quoted\" here"} `, 150) + hex.EncodeToString(m[:]),
		"hex":  strings.Repeat("0123456789abcdef", 512),
	}
	for name, text := range texts {
		b.Run(name, func(b *testing.B) {
			for b.Loop() {
				r.Text(text)
			}
		})
	}
}
