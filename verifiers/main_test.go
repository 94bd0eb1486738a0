package verifiers

import (
	"bytes"
	"io"
	"math/rand/v2"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"

	"hookdrill/contract"
	"hookdrill/mockclaude"
)

// The keys suit every contract: 24 bytes in base64 behind whsec_, or the whole string.
const (
	key      = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"
	previous = "whsec_b2xkIGtleSBvbGQga2V5IG9sZCBrZXkhIQ=="
	wrong    = "whsec_d3Jvbmcga2V5IHdyb25nIGtleSB3cm9uZyE="
)

// request is what arrived of a delivery.
type request struct {
	header http.Header
	body   []byte
}

// wire sends deliveries of one contract to a server that keeps what arrives.
type wire struct {
	c      *contract.Contract
	sender *mockclaude.Sender
	got    chan request
}

func newWire(t *testing.T, c *contract.Contract) *wire {
	t.Helper()
	w := &wire{c: c, got: make(chan request, 1)}
	server := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		body, err := io.ReadAll(r.Body)
		if err != nil {
			t.Error(err)
		}
		w.got <- request{r.Header, body}
	}))
	t.Cleanup(server.Close)
	target, err := url.Parse(server.URL + c.Request.Path)
	if err != nil {
		t.Fatal(err)
	}
	w.sender, err = mockclaude.NewSender(mockclaude.SenderConfig{
		Target: target, Contract: c, Keys: mockclaude.Keys{Current: []byte(key), Previous: []byte(previous)},
	})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(w.sender.Close)
	return w
}

// delivery is an event of a type, ready to be sent.
func (w *wire) delivery(t *testing.T, typ string, seed uint64) mockclaude.Delivery {
	t.Helper()
	e, err := mockclaude.NewEvent(w.c, typ, rand.New(rand.NewPCG(seed, seed)))
	if err != nil {
		t.Fatal(err)
	}
	return mockclaude.Delivery{EventID: e.ID, Type: e.Type, TaskID: e.TaskID, Body: e.Template(w.c)}
}

// send sends a delivery, and returns what arrived.
func (w *wire) send(t *testing.T, d mockclaude.Delivery) request {
	t.Helper()
	if x := w.sender.Send(t.Context(), d); x.Err != "" || x.Status != http.StatusOK {
		t.Fatalf("%s %s", x.Err, x.ErrText)
	}
	return <-w.got
}

// types lists the documented types of a contract, and its handshake's.
func types(c *contract.Contract) []string {
	var names []string
	for _, t := range c.Types {
		names = append(names, t.Name)
	}
	if c.Handshake != nil {
		names = append(names, c.Handshake.Type)
	}
	return names
}

// eachContract runs a test for every built-in contract.
func eachContract(t *testing.T, test func(t *testing.T, c *contract.Contract)) {
	t.Helper()
	for _, name := range contract.Names() {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			test(t, load(t, name))
		})
	}
}

func load(t *testing.T, name string) *contract.Contract {
	t.Helper()
	c, err := contract.Load(name)
	if err != nil {
		t.Fatal(err)
	}
	return c
}

// httpRequest is what arrived, as a handler gets it.
func (r request) httpRequest(t *testing.T) *http.Request {
	t.Helper()
	out := httptest.NewRequestWithContext(t.Context(), http.MethodPost, "/", bytes.NewReader(r.body))
	out.Header = r.header
	return out
}

// withoutPrefix is the base64 of a key.
func withoutPrefix(secret string) string { return strings.TrimPrefix(secret, "whsec_") }
