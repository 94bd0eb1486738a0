package mockclaude

import (
	"encoding/hex"
	"io"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"testing"
	"unicode/utf8"
)

// TestNoRecordShowsASecret has a target that repeats all it was sent, and adds
// what it should keep to itself.
func TestNoRecordShowsASecret(t *testing.T) {
	t.Parallel()
	const token = "tok-0123456789abcdef"
	for name, sign := range map[string]Sign{
		"right": {}, "none": {Mode: SignNone}, "other": {Mode: SignOther, Body: "x"},
		"8": {CutSet: true, Cut: 8}, "half": {CutSet: true, Cut: 32}, "all but one": {CutSet: true, Cut: -1}, "one more": {Add: "0"},
		"sha1": {Mode: SignAlgorithm, Algorithm: AlgSHA1}, "sha512 cut": {Mode: SignAlgorithm, Algorithm: AlgSHA512Cut},
		"base64": {Mode: SignAlgorithm, Algorithm: AlgBase64}, "newline": {Mode: SignAlgorithm, Algorithm: AlgNewline},
		"upper": {},
	} {
		both(t, func(t *testing.T, shape Shape) {
			var sent string
			server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
				body, _ := io.ReadAll(r.Body)
				sent = r.Header.Get("X-Claude-Signature")
				w.Header().Set("X-Echo", sent)
				w.WriteHeader(http.StatusUnauthorized)
				io.WriteString(w, "got "+sent+" expected "+rightHex(string(body))+" "+strings.ToUpper(rightHex(string(body)))+
					" with "+testKey+" "+r.Header.Get("Authorization")+"\nTraceback (most recent call last)\n")
			}))
			defer server.Close()
			s := testSender(t, server.URL, func(c *SenderConfig) { c.Header = []Field{{"Authorization", "Bearer " + token}} })
			d := testDelivery(t)
			d.Sign, d.Shape = sign, shape
			if name == "upper" {
				d.HeaderCase = "upper"
			}
			e := send(t, s, d)
			all := e.Request + e.Response + e.ErrText
			wantNotIn(t, all, testKey)
			wantNotIn(t, all, token)
			if sent != "" {
				wantNotIn(t, all, sent)
			}
			p, err := s.prepare(d, e.Start)
			if err != nil {
				t.Fatal(err)
			}
			if mac, _, err := s.right(d, p.body, e.Start); err != nil || holdsWindow(all, mac) {
				t.Errorf("the signature %s is in\n%s", hex.EncodeToString(mac), all)
			}
			want := s.cfg.Keys.ID()
			switch name {
			case "8":
				wantIn(t, e.Request, "X-Claude-Signature: [signature by "+want+", cut to 8 characters]")
			case "one more":
				wantIn(t, e.Request, "X-Claude-Signature: [signature by "+want+`, with "0" added]`)
			case "other":
				wantIn(t, e.Request, "X-Claude-Signature: [signature by "+want+" of another body]")
			case "sha1":
				wantIn(t, e.Request, "X-Claude-Signature: [signature by "+want+", hmac-sha1]")
			}
			leaks := []string{LeakKey, LeakSignature, LeakTrace}
			if slices.Contains([]string{"right", "upper", "one more", "base64"}, name) {
				leaks = []string{LeakKey, LeakTrace} // it sent that signature itself
			}
			if !slices.Equal(e.Leaks, leaks) {
				t.Errorf("%s: leaks %v, want %v", name, e.Leaks, leaks)
			}
		})
	}
}

// TestSignaturesOfOthersAreShown proves that evidence keeps what is no secret.
func TestSignaturesOfOthersAreShown(t *testing.T) {
	t.Parallel()
	ch := make(chan seen, 1)
	server := httptest.NewServer(seeing(ch))
	defer server.Close()
	s := testSender(t, server.URL)
	for _, sign := range []Sign{
		{Mode: SignKey, Key: "changeme"},
		{Mode: SignLiteral, Value: strings.Repeat("ab", 32)},
		{Mode: SignAlgorithm, Algorithm: AlgBodyHash},
	} {
		e := send(t, s, Delivery{Body: "{}", Sign: sign})
		wantIn(t, e.Request, "X-Claude-Signature: "+(<-ch).header.Get("X-Claude-Signature"))
	}
}

func TestRecordsAreBoundedAndValid(t *testing.T) {
	t.Parallel()
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Server", strings.Repeat("s", 5000))
		io.WriteString(w, "\xff\x00é"+strings.Repeat("é", 20_000))
	}))
	defer server.Close()
	e := send(t, testSender(t, server.URL), Delivery{Body: `{{hex:FE}}{{repeat:9000:é}}`})
	for _, text := range []string{e.Request, e.Response} {
		if !utf8.ValidString(text) || len(text) > keepText+100 {
			t.Errorf("%d bytes, valid %v", len(text), utf8.ValidString(text))
		}
	}
	wantIn(t, e.Request, `\xFEéé`)
	wantIn(t, e.Request, "é… [14")
	wantIn(t, e.Response, "bytes more]")
	if len(e.Server) > keepValue+10 {
		t.Errorf("server of %d bytes", len(e.Server))
	}
	if e.ResponseBytes != 40_004 {
		t.Errorf("%d bytes", e.ResponseBytes)
	}
}
