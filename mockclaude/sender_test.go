package mockclaude

import (
	"crypto/sha256"
	"encoding/hex"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"
	"time"
)

// seen is what a target saw of one request.
type seen struct {
	method, uri, proto, host string
	header                   http.Header
	encoding                 []string
	length                   int64
	body                     string
	err                      error
}

// seeing serves 200, tells ch what it saw, and answers with what it saw.
func seeing(ch chan<- seen) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		body, err := io.ReadAll(r.Body)
		ch <- seen{
			r.Method, r.RequestURI, r.Proto, r.Host, r.Header, r.TransferEncoding, r.ContentLength, string(body), err,
		}
		w.Header().Set("Server", "seer")
		w.WriteHeader(http.StatusAccepted)
		io.WriteString(w, "thanks")
	}
}

func rightHex(body string) string {
	return hex.EncodeToString(sum(sha256.New, []byte(testKey), []byte(body)))
}

func TestEveryShapeArrives(t *testing.T) {
	t.Parallel()
	for name, tt := range map[string]struct {
		shape   Shape
		chunked bool
	}{
		"ordinary": {Shape{}, false}, "raw": {Shape{Kind: ShapeRaw}, false}, "chunked": {Shape{Kind: ShapeChunked}, true},
		"pieces": {Shape{Kind: ShapePieces, Pieces: 7, Pause: time.Millisecond}, false},
		"expect": {Shape{Kind: ShapeExpect}, false}, "default pieces": {Shape{Kind: ShapePieces}, false},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			ch := make(chan seen, 1)
			server := httptest.NewServer(seeing(ch))
			defer server.Close()
			s := testSender(t, server.URL+"/hook?a=1", func(c *SenderConfig) {
				c.Header = []Field{{"X-Token", "very-secret-token"}}
			})
			d := testDelivery(t)
			d.Shape = tt.shape
			e := send(t, s, d)
			got := <-ch
			if got.err != nil || e.Err != "" || e.Status != http.StatusAccepted || !e.Sent || !e.Complete || e.ErrText != "" {
				t.Fatalf("%v, %+v", got.err, e)
			}
			if e.EventID != d.EventID || e.Conn != 1 || e.Reused || e.Closes || e.Proto != "HTTP/1.1" || e.Server != "seer" ||
				e.Date == "" || e.ResponseBytes != 6 || e.Duration <= 0 || e.Start.IsZero() || e.Leaks != nil {
				t.Errorf("%+v", e)
			}
			if got.method != "POST" || got.uri != "/hook?a=1" || "http://"+got.host != server.URL {
				t.Errorf("%+v", got)
			}
			if h := got.header; h.Get("X-Claude-Signature") != rightHex(got.body) || h.Get("User-Agent") != "hookdrill" ||
				h.Get("Accept") != "*/*" || h.Get("Content-Type") != "application/json" || h.Get("Connection") != "" ||
				h.Get("X-Token") != "very-secret-token" || h.Get("Accept-Encoding") != "" {
				t.Errorf("header %v", h)
			}
			if (len(got.encoding) > 0) != tt.chunked || !tt.chunked && got.length != int64(len(got.body)) {
				t.Errorf("transfer %v, length %d of %d", got.encoding, got.length, len(got.body))
			}
			wantIn(t, e.Request, "POST /hook?a=1 HTTP/1.1\nHost: ")
			wantIn(t, e.Request, "X-Claude-Signature: [signature by "+Keys{Current: []byte(testKey)}.ID()+"]\n")
			wantIn(t, e.Request, "X-Token: [secret header X-Token]\n")
			wantIn(t, e.Request, "\n\n"+got.body)
			wantIn(t, e.Response, "HTTP/1.1 202 Accepted\n")
			wantIn(t, e.Response, "\n\nthanks")
		})
	}
}

func TestMethods(t *testing.T) {
	t.Parallel()
	for _, method := range []string{"GET", "HEAD", "PUT", "PATCH", "DELETE"} {
		both(t, func(t *testing.T, shape Shape) {
			ch := make(chan seen, 1)
			server := httptest.NewServer(seeing(ch))
			defer server.Close()
			d := testDelivery(t)
			d.Method, d.Shape = method, shape
			e := send(t, testSender(t, server.URL), d)
			got := <-ch
			if got.method != method || got.length <= 0 || got.header.Get("X-Claude-Signature") != rightHex(got.body) {
				t.Errorf("%s: %+v", method, got)
			}
			if e.Err != "" || e.Status != http.StatusAccepted || !e.Complete || !e.Sent || method == "HEAD" && e.ResponseBytes != 0 {
				t.Errorf("%s: %+v", method, e)
			}
		})
	}
}

// TestExactBytes looks at what is on the wire.
func TestExactBytes(t *testing.T) {
	t.Parallel()
	for name, tt := range map[string]struct {
		d    Delivery
		want string
	}{
		"lower, reversed": {
			Delivery{Body: "{}", HeaderCase: "lower", HeaderOrder: "reversed", Sign: Sign{Mode: SignNone}, Drop: []string{"accept"}},
			"POST /hook HTTP/1.1\r\ncontent-length: 2\r\ncontent-type: application/json\r\nuser-agent: hookdrill\r\nhost: HOST\r\n\r\n{}",
		},
		"upper": {
			Delivery{Body: "{}", HeaderCase: "upper", Sign: Sign{Mode: SignLiteral, Value: "x"}},
			"POST /hook HTTP/1.1\r\nHOST: HOST\r\nUSER-AGENT: hookdrill\r\nACCEPT: */*\r\nCONTENT-TYPE: application/json\r\n" +
				"X-CLAUDE-SIGNATURE: x\r\nCONTENT-LENGTH: 2\r\n\r\n{}",
		},
		"mixed, replaced, added, spelt": {
			Delivery{
				Body: "{}", HeaderCase: "mixed", Sign: Sign{Mode: SignNone}, Drop: []string{"Accept", "User-Agent"},
				Header: []Field{{"content-TYPE", "a/b"}, {"X-A", "1"}, {"x-a", "2"}},
			},
			"POST /hook HTTP/1.1\r\nhOsT: HOST\r\ncOnTeNt-tYpE: a/b\r\ncOnTeNt-lEnGtH: 2\r\nx-a: 1\r\nx-a: 2\r\n\r\n{}",
		},
		"as it is spelt": {
			Delivery{Body: "", Shape: Shape{Kind: ShapeRaw}, Sign: Sign{Mode: SignNone}, Drop: []string{"Accept", "User-Agent"}, Header: []Field{{"x-AbC", " y "}}},
			"POST /hook HTTP/1.1\r\nHost: HOST\r\nContent-Type: application/json\r\nContent-Length: 0\r\nx-AbC:  y \r\n\r\n",
		},
		"spaces by hand": {
			Delivery{Body: "", Sign: Sign{Mode: SignLiteral, Value: "{{repeat:3: }}"}},
			"POST /hook HTTP/1.1\r\nHost: HOST\r\nUser-Agent: hookdrill\r\nAccept: */*\r\nContent-Type: application/json\r\n" +
				"X-Claude-Signature:    \r\nContent-Length: 0\r\n\r\n",
		},
		"chunked": {
			Delivery{Body: "1234567", Shape: Shape{Kind: ShapeChunked}, Sign: Sign{Mode: SignNone}},
			"POST /hook HTTP/1.1\r\nHost: HOST\r\nUser-Agent: hookdrill\r\nAccept: */*\r\nContent-Type: application/json\r\n" +
				"Transfer-Encoding: chunked\r\n\r\n3\r\n123\r\n3\r\n456\r\n1\r\n7\r\n0\r\n\r\n",
		},
		"net/http": {
			Delivery{Body: "{}", Sign: Sign{Mode: SignLiteral, Value: "é{{hex:FF}}"}, Header: []Field{{"x-small", "1"}}},
			"POST /hook HTTP/1.1\r\nHost: HOST\r\nUser-Agent: hookdrill\r\nContent-Length: 2\r\nAccept: */*\r\n" +
				"Content-Type: application/json\r\nX-Claude-Signature: é\xff\r\nx-small: 1\r\n\r\n{}",
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			got := make(chan string, 1)
			target := rawTarget(t, func(c net.Conn) {
				buf := make([]byte, 0, 4096)
				for !strings.HasSuffix(string(buf), tt.want[len(tt.want)-6:]) {
					n, err := c.Read(buf[len(buf):cap(buf)])
					if err != nil {
						break
					}
					buf = buf[:len(buf)+n]
				}
				got <- string(buf)
				io.WriteString(c, "HTTP/1.1 204 No Content\r\n\r\n")
			})
			s := testSender(t, target)
			e := send(t, s, tt.d)
			if text := strings.ReplaceAll(<-got, s.cfg.Target.Host, "HOST"); text != tt.want {
				t.Errorf("got\n%q, want\n%q", text, tt.want)
			}
			if e.Err != "" || e.Status != 204 || !e.Sent {
				t.Errorf("%+v", e)
			}
		})
	}
}

func TestPlaceholderForTheSignature(t *testing.T) {
	t.Parallel()
	ch := make(chan seen, 1)
	server := httptest.NewServer(seeing(ch))
	defer server.Close()
	s := testSender(t, server.URL+"/?a=1")
	e := send(t, s, Delivery{
		Body: `{"sig":"{{signature}}"}`, Query: "sig={{signature}}", Header: []Field{{"X-Other", "v1={{signature}}"}},
		Sign: Sign{Mode: SignNone},
	})
	got := <-ch
	if want := `{"sig":"` + rightHex(`{"sig":""}`) + `"}`; got.body != want {
		t.Errorf("body %s, want %s", got.body, want)
	}
	if want := rightHex(got.body); got.uri != "/?a=1&sig="+want || got.header.Get("X-Other") != "v1="+want {
		t.Errorf("%s, %v", got.uri, got.header)
	}
	if got.header.Get("X-Claude-Signature") != "" {
		t.Error("there is a signature header")
	}
	id := "[signature by " + s.cfg.Keys.ID() + "]"
	for _, part := range []string{"sig=" + id + " HTTP/1.1", "X-Other: v1=" + id, `{"sig":"` + id + `"}`} {
		wantIn(t, e.Request, part)
	}
}

func TestChangesComeAfterSigning(t *testing.T) {
	t.Parallel()
	for name, tt := range map[string]struct {
		change Change
		want   string
	}{
		"flip":      {Change{Op: "flip", At: 7}, `{"b":1}`},
		"append":    {Change{Op: "append", Text: "\n"}, "{\"a\":1}\n"},
		"replace":   {Change{Op: "replace", Old: "1", Text: "2"}, `{"a":2}`},
		"flip last": {Change{Op: "flip", At: -1}, `{"a":1|`},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			ch := make(chan seen, 1)
			server := httptest.NewServer(seeing(ch))
			defer server.Close()
			if name == "flip" {
				tt.change.At = 7*1000 + 2 // modulo the length
				tt.want = `{"` + string(rune('a'^1)) + `":1}`
			}
			e := send(t, testSender(t, server.URL), Delivery{Body: `{"a":1}`, After: []Change{tt.change}})
			got := <-ch
			if got.body != tt.want && e.Err == "" {
				t.Errorf("body %q, want %q", got.body, tt.want)
			}
			if got.header.Get("X-Claude-Signature") != rightHex(`{"a":1}`) {
				t.Error("signed after the change")
			}
		})
	}
}

func TestHarnessErrors(t *testing.T) {
	t.Parallel()
	target := rawTarget(t, func(net.Conn) {})
	s := testSender(t, target)
	for name, d := range map[string]Delivery{
		"template":  {Body: "{{nonsense}}"},
		"shape":     {Shape: Shape{Kind: "round"}},
		"case":      {HeaderCase: "title"},
		"order":     {HeaderOrder: "random"},
		"mode":      {Sign: Sign{Mode: "magic"}},
		"algorithm": {Sign: Sign{Mode: SignAlgorithm, Algorithm: "rot13"}},
		"previous":  {Sign: Sign{Mode: SignPrevious}},
		"change":    {Body: "x", After: []Change{{Op: "shuffle"}}},
		"replace":   {Body: "x", After: []Change{{Op: "replace", Old: "y"}}},
		"flip":      {After: []Change{{Op: "flip"}}},
		"cut":       {Shape: Shape{Kind: ShapeCut, CutAt: 101}},
		"pause":     {Shape: Shape{Kind: ShapePieces, Pause: -1}},
	} {
		d.EventID = name
		if e := send(t, s, d); e.Err != ErrHarness || e.ErrText == "" || e.EventID != name || e.Sent {
			t.Errorf("%s: %+v", name, e)
		}
	}
}

func TestNewSenderNamesEveryWrongField(t *testing.T) {
	t.Parallel()
	u, err := url.Parse("ftp://user@/x")
	if err != nil {
		t.Fatal(err)
	}
	c := testContract()
	c.Signature.Encoding, c.Key.Derivation = "octal", "half"
	_, err = NewSender(SenderConfig{
		Target: u, Contract: c, Header: []Field{{"X Y", "v"}, {"X", "a\nb"}}, Timeout: -1, MaxAnswer: -1, MaxHeader: -1,
	})
	if err == nil {
		t.Fatal("no error")
	}
	for _, part := range []string{
		"scheme", "no host", "user information", "encoding", "derivation", "keys.current", `"X Y"`, `"X"`,
		"timeout", "max_answer", "max_header",
	} {
		wantIn(t, err.Error(), part)
	}
	if _, err := NewSender(SenderConfig{}); err == nil {
		t.Error("the empty configuration is no error")
	}
}

func TestHTTP2(t *testing.T) {
	t.Parallel()
	ch := make(chan seen, 1)
	server := httptest.NewUnstartedServer(seeing(ch))
	server.EnableHTTP2 = true
	server.StartTLS()
	defer server.Close()
	trust := func(c *SenderConfig) { c.TLS = server.Client().Transport.(*http.Transport).TLSClientConfig }
	d := testDelivery(t)
	d.Shape.Kind = ShapeHTTP2
	e := send(t, testSender(t, server.URL, trust), d)
	got := <-ch
	if e.Err != "" || e.Proto != "HTTP/2.0" || got.proto != "HTTP/2.0" || !e.Sent || !e.Complete || e.Status != 202 {
		t.Fatalf("%+v", e)
	}
	if got.header.Get("X-Claude-Signature") != rightHex(got.body) {
		t.Error("wrong signature")
	}
	wantIn(t, e.Request, "POST / HTTP/2.0\n")
	wantIn(t, e.Response, "HTTP/2.0 202 Accepted\n")
	wantIn(t, e.Response, "thanks")

	d.Shape = Shape{}
	if e := send(t, testSender(t, server.URL, trust), d); e.Err != "" || e.Proto != "HTTP/1.1" {
		t.Errorf("ordinary over TLS: %+v", e)
	}
	<-ch
	d.Shape.Kind = ShapeHTTP2
	wantErr(t, send(t, testSender(t, rawTarget(t, func(net.Conn) {})), d), ErrHTTP2)

	old := httptest.NewUnstartedServer(seeing(ch))
	old.Config.ErrorLog = quiet()
	old.StartTLS()
	defer old.Close()
	trustOld := func(c *SenderConfig) { c.TLS = old.Client().Transport.(*http.Transport).TLSClientConfig }
	wantErr(t, send(t, testSender(t, old.URL, trustOld), d), ErrHTTP2)
}

func TestTLS(t *testing.T) {
	t.Parallel()
	server := httptest.NewUnstartedServer(seeing(make(chan seen, 1)))
	server.Config.ErrorLog = quiet()
	server.StartTLS()
	defer server.Close()
	e := send(t, testSender(t, server.URL), testDelivery(t))
	wantErr(t, e, ErrTLS)
	wantIn(t, e.ErrText, "certificate")
	plain := rawTarget(t, answering("HTTP/1.1 200 OK\r\n\r\n"))
	wantErr(t, send(t, testSender(t, strings.Replace(plain, "http:", "https:", 1)), testDelivery(t)), ErrTLS)
	mute := rawTarget(t, func(c net.Conn) { io.Copy(io.Discard, c) })
	mute = strings.Replace(mute, "http:", "https:", 1)
	wantErr(t, send(t, testSender(t, mute, within(100*time.Millisecond)), testDelivery(t)), ErrTimeout)
}
