package mockclaude

import (
	"bufio"
	"context"
	"io"
	"math/rand/v2"
	"net"
	"net/http"
	"net/url"
	"strings"
	"sync"
	"testing"
	"time"

	"go.uber.org/goleak"

	"hookdrill/contract"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

const testKey = "whsec_dGVzdCBrZXkgZm9yIGhvb2tkcmlsbA=="

// testContract is the default contract, in the parts that the sender reads.
func testContract() *contract.Contract {
	return &contract.Contract{
		Name:      "claude",
		Request:   contract.Request{Method: "POST", ContentType: "application/json"},
		Signature: contract.Signature{Header: "X-Claude-Signature", Algorithm: "hmac-sha256", Encoding: "hex", Signed: "body"},
		Key:       contract.Key{Derivation: "whole"},
		Body:      contract.Body{ID: "id", Type: "type", Timestamp: "timestamp", Data: "data", IDPrefix: "evt_"},
		Timeout:   contract.Duration(10 * time.Second),
		Types: []contract.Type{
			{Name: "agent.task.completed", Data: []contract.DataField{{Name: "task_id", Kind: "task_id"}, {Name: "result", Kind: "result"}}},
			{Name: "agent.task.failed", Data: []contract.DataField{{Name: "task_id", Kind: "task_id"}, {Name: "error", Kind: "error"}}},
			{Name: "agent.task.timeout", Data: []contract.DataField{{Name: "task_id", Kind: "task_id"}}},
		},
	}
}

// testSender makes a sender to a target; with may change its configuration.
func testSender(t *testing.T, target string, with ...func(*SenderConfig)) *Sender {
	t.Helper()
	u, err := url.Parse(target)
	if err != nil {
		t.Fatal(err)
	}
	cfg := SenderConfig{Target: u, Contract: testContract(), Keys: Keys{Current: []byte(testKey)}}
	for _, change := range with {
		change(&cfg)
	}
	s, err := NewSender(cfg)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(s.Close)
	return s
}

func within(d time.Duration) func(*SenderConfig) {
	return func(c *SenderConfig) { c.Timeout = d }
}

// testDelivery is a valid event of the first type.
func testDelivery(t *testing.T) Delivery {
	t.Helper()
	e, err := NewEvent(testContract(), "agent.task.completed", rand.New(rand.NewPCG(1, 2)))
	if err != nil {
		t.Fatal(err)
	}
	return Delivery{EventID: e.ID, Type: e.Type, TaskID: e.TaskID, Body: e.Template(testContract())}
}

// rawTarget listens, and gives every connection to handle, which need not close
// it. It returns an http URL.
func rawTarget(t *testing.T, handle func(net.Conn)) string {
	t.Helper()
	l, err := new(net.ListenConfig).Listen(t.Context(), "tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	var (
		wg    sync.WaitGroup
		mu    sync.Mutex
		conns []net.Conn
	)
	wg.Go(func() {
		for {
			c, err := l.Accept()
			if err != nil {
				return
			}
			mu.Lock()
			conns = append(conns, c)
			mu.Unlock()
			wg.Go(func() {
				defer c.Close()
				handle(c)
			})
		}
	})
	t.Cleanup(func() {
		l.Close()
		mu.Lock()
		for _, c := range conns {
			c.Close()
		}
		mu.Unlock()
		wg.Wait()
	})
	return "http://" + l.Addr().String() + "/hook"
}

// readRequest reads one whole request.
func readRequest(c net.Conn) (*http.Request, []byte, error) {
	r, err := http.ReadRequest(bufio.NewReader(c))
	if err != nil {
		return nil, nil, err
	}
	body, err := io.ReadAll(r.Body)
	return r, body, err
}

// answering reads a request and answers with a text, and then waits until the
// client has gone.
func answering(text string) func(net.Conn) {
	return func(c net.Conn) {
		if _, _, err := readRequest(c); err != nil {
			return
		}
		io.WriteString(c, text)
		io.Copy(io.Discard, c)
	}
}

// flooding reads a request, writes before once and then text without an end.
func flooding(before, text string) func(net.Conn) {
	return func(c net.Conn) {
		if _, _, err := readRequest(c); err != nil {
			return
		}
		if _, err := io.WriteString(c, before); err != nil {
			return
		}
		for {
			if _, err := io.WriteString(c, text); err != nil {
				return
			}
		}
	}
}

// both runs a test for the two ways that a request travels.
func both(t *testing.T, test func(t *testing.T, shape Shape)) {
	t.Helper()
	for name, shape := range map[string]Shape{"net-http": {}, "by-hand": {Kind: ShapeRaw}} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			test(t, shape)
		})
	}
}

func send(t *testing.T, s *Sender, d Delivery) Exchange {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	return s.Send(ctx, d)
}

func wantErr(t *testing.T, e Exchange, want ErrKind) {
	t.Helper()
	if e.Err != want {
		t.Fatalf("error kind %q (%s), want %q\nresponse: %.300s", e.Err, e.ErrText, want, e.Response)
	}
}

func wantIn(t *testing.T, text, part string) {
	t.Helper()
	if !strings.Contains(text, part) {
		t.Fatalf("%q is not in\n%s", part, text)
	}
}

func wantNotIn(t *testing.T, text, part string) {
	t.Helper()
	if strings.Contains(text, part) {
		t.Fatalf("%q is in\n%s", part, text)
	}
}
