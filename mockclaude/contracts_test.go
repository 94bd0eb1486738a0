package mockclaude

import (
	"encoding/json"
	"io"
	"math/rand/v2"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"hookdrill/contract"
)

// whsecKey suits every contract.
const whsecKey = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"

func load(t testing.TB, name string) *contract.Contract {
	t.Helper()
	c, err := contract.Load(name)
	if err != nil {
		t.Fatal(err)
	}
	return c
}

// eachContract runs a test for every built-in contract.
func eachContract(t *testing.T, test func(t *testing.T, c *contract.Contract)) {
	t.Helper()
	for _, name := range contract.Names() {
		t.Run(name, func(t *testing.T) { test(t, load(t, name)) })
	}
}

// TestEventsOfEveryContract: every type has a body that is JSON, holds its id, type and
// subject where the contract says, and comes out the same from the same seed.
func TestEventsOfEveryContract(t *testing.T) {
	t.Parallel()
	eachContract(t, func(t *testing.T, c *contract.Contract) {
		types := make([]string, 0, len(c.Types)+2)
		for _, typ := range c.Types {
			types = append(types, typ.Name)
		}
		types = append(types, "nobody.documents.this")
		if c.Handshake != nil {
			types = append(types, c.Handshake.Type)
		}
		for _, typ := range types {
			e, err := NewEvent(c, typ, rand.New(rand.NewPCG(1, 2)))
			if err != nil {
				t.Fatal(err)
			}
			again, err := NewEvent(c, typ, rand.New(rand.NewPCG(1, 2)))
			if err != nil || again.Template(c) != e.Template(c) {
				t.Errorf("%s: the same seed gave other bytes, %v", typ, err)
			}
			body, err := Expand(e.Template(c), noon(), Stamp{})
			if err != nil {
				t.Fatal(err)
			}
			var value map[string]any
			if err := json.Unmarshal(body, &value); err != nil {
				t.Fatalf("%s: %v in %s", typ, err, body)
			}
			if h := c.Handshake; h != nil && h.Type == typ {
				continue
			}
			for path, want := range map[string]string{c.Body.ID: e.ID, c.Body.Type: e.Type} {
				if got := at(value, path); path != "" && got != want {
					t.Errorf("%s: %s is %v, want %s", typ, path, got, want)
				}
			}
			if c.HasSubject() && !strings.Contains(string(body), e.TaskID) {
				t.Errorf("%s: %s is not in %s", typ, e.TaskID, body)
			}
		}
	})
}

// at is the value at a dotted path.
func at(value any, path string) any {
	for name := range strings.SplitSeq(path, ".") {
		object, ok := value.(map[string]any)
		if !ok {
			return nil
		}
		value = object[name]
	}
	return value
}

// TestMintOfEveryContract compares what a mint makes with what a sender sends of the same
// event, without allocating, and its ids with those of its space.
func TestMintOfEveryContract(t *testing.T) {
	eachContract(t, func(t *testing.T, c *contract.Contract) {
		keys := Keys{Current: []byte(whsecKey)}
		space := NewSpace(c, rand.New(rand.NewPCG(3, 3)))
		m, err := NewMint(c, keys, space, 4)
		if err != nil {
			t.Fatal(err)
		}
		at := time.Date(2026, 3, 4, 5, 6, 7, 0, time.UTC)
		s := testSender(t, "http://127.0.0.1:1", func(cfg *SenderConfig) { cfg.Contract, cfg.Keys = c, keys })
		ids := map[string]bool{}
		for _, n := range []uint64{0, 1, 2, 3, 4, 5, 99, 100, 1 << 30, 9_999_999_999} {
			body, fields := m.Make(n, at, false)
			e := m.Event(n)
			p, err := s.prepare(Delivery{EventID: e.ID, Type: e.Type, TaskID: e.TaskID, Body: e.Template(c)}, at)
			if err != nil {
				t.Fatal(err)
			}
			if string(body) != string(p.body) || !json.Valid(body) {
				t.Fatalf("%d: the mint makes\n%s\nand the sender\n%s", n, body, p.body)
			}
			sent := map[string]string{}
			for _, f := range p.fields {
				sent[f.Name] = f.Value
			}
			for _, f := range fields {
				fresh := f.Name == "Request-ID" // another one with each attempt
				if sent[f.Name] != string(f.Value) && !fresh || len(f.Value) == 0 {
					t.Errorf("%d: %s is %q, want %q", n, f.Name, f.Value, sent[f.Name])
				}
			}
			if e.ID != space.ID(n) || ids[e.ID] {
				t.Errorf("%d: %s is not the unique %s", n, e.ID, space.ID(n))
			}
			ids[e.ID] = true
			right := sent[c.Signature.Header]
			if _, fields := m.Make(n, at, true); string(fields[len(fields)-1].Value) == right {
				t.Errorf("%d: a forgery is rightly signed", n)
			}
		}
		n := uint64(0)
		if got := testing.AllocsPerRun(200, func() {
			n++
			m.Make(n, at.Add(time.Duration(n)*time.Second), n%2 == 0)
		}); got > 0 {
			t.Errorf("%v allocations an event, want none", got)
		}
	})
}

// TestNoKeyOfAnyContractIsShown: an answer that repeats everything it got, and every form of
// the key, leaves neither in the record.
func TestNoKeyOfAnyContractIsShown(t *testing.T) {
	t.Parallel()
	eachContract(t, func(t *testing.T, c *contract.Contract) {
		raw, err := DeriveKey(contract.Key{Derivation: contract.KeyBase64, Prefix: "whsec_"}, []byte(whsecKey))
		if err != nil {
			t.Fatal(err)
		}
		secrets := []string{whsecKey, strings.TrimPrefix(whsecKey, "whsec_"), encodeAs(encodingHex, raw), strings.ToUpper(encodeAs(encodingHex, raw))}
		server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			io.WriteString(w, strings.Join(secrets, "\n")+"\n"+r.Header.Get(c.Signature.Header))
		}))
		defer server.Close()
		s := testSender(t, server.URL, func(cfg *SenderConfig) { cfg.Contract, cfg.Keys = c, Keys{Current: []byte(whsecKey)} })
		e, err := NewEvent(c, c.Types[0].Name, rand.New(rand.NewPCG(1, 2)))
		if err != nil {
			t.Fatal(err)
		}
		x := send(t, s, Delivery{EventID: e.ID, Type: e.Type, TaskID: e.TaskID, Body: e.Template(c)})
		for _, secret := range secrets {
			wantNotIn(t, x.Request+x.Response, secret)
		}
		if strings.Count(x.Request+x.Response, "[signature by key:") != 2 {
			t.Errorf("the signature is not described in the request and the answer:\n%s\n%s", x.Request, x.Response)
		}
		wantIn(t, strings.Join(x.Leaks, ","), LeakKey)
	})
}

func sentHeader(t *testing.T, name string, keys Keys, change func(d *Delivery)) (value string, err error) {
	t.Helper()
	c := load(t, name)
	s := testSender(t, "http://127.0.0.1:1", func(cfg *SenderConfig) { cfg.Contract, cfg.Keys = c, keys })
	d := Delivery{EventID: "id_1", Body: "{}"}
	change(&d)
	p, err := s.prepare(d, time.Unix(1_700_000_000, 0))
	if err != nil {
		return "", err
	}
	for _, f := range p.fields {
		if f.Name == c.Signature.Header {
			return f.Value, nil
		}
	}
	return "", nil
}

// TestSeveralSignatures: during a rotation one header holds several, in the contract's way.
func TestSeveralSignatures(t *testing.T) {
	t.Parallel()
	keys := Keys{Current: []byte(whsecKey), Previous: []byte("whsec_b2xkIGtleSwgb2xkIGtleSwgb2xkIGtleQ==")}
	for name, want := range map[string]string{
		"stripe":            "t=1700000000,v1=A,v1=B,v1=C",
		"standard-webhooks": "v1,A v1,B v1,C",
	} {
		var macs []string
		for _, mode := range []Sign{{Mode: SignKey, Key: wrongKey}, {}, {Mode: SignPrevious}} {
			mode.Format = "{mac}"
			mac, err := sentHeader(t, name, keys, func(d *Delivery) { d.Sign = mode })
			if err != nil {
				t.Fatal(err)
			}
			macs = append(macs, mac)
		}
		got, err := sentHeader(t, name, keys, func(d *Delivery) { d.Sign.List = []string{ListWrong, ListRight, ListPrevious} })
		want = strings.NewReplacer("A", macs[0], "B", macs[1], "C", macs[2]).Replace(want)
		if err != nil || got != want {
			t.Errorf("%s: %s, %v, want %s", name, got, err, want)
		}
	}
	if _, err := sentHeader(t, "github", keys, func(d *Delivery) { d.Sign.List = []string{ListWrong, ListRight} }); err == nil {
		t.Error("a contract that knows one signature sent two")
	}
}

// TestHeaderStamp: the timestamp of the headers goes its own way, and is signed.
func TestHeaderStamp(t *testing.T) {
	t.Parallel()
	keys := Keys{Current: []byte("k")}
	words := "just now"
	for name, tt := range map[string]struct {
		change func(d *Delivery)
		want   string
	}{
		"as it is":     {func(*Delivery) {}, "t=1700000000,"},
		"both":         {func(d *Delivery) { d.Stamp.Offset = -time.Minute }, "t=1699999940,"},
		"the header's": {func(d *Delivery) { d.HeaderStamp = &Stamp{Offset: -time.Minute} }, "t=1699999940,"},
		"the body's":   {func(d *Delivery) { d.Stamp.Offset = -time.Minute; d.HeaderStamp = &Stamp{} }, "t=1700000000,"},
		"its format":   {func(d *Delivery) { d.HeaderStamp = &Stamp{Format: "unix_ms"} }, "t=1700000000000,"},
		"words":        {func(d *Delivery) { d.HeaderStamp = &Stamp{Text: &words} }, "t=just now,"},
	} {
		got, err := sentHeader(t, "stripe", keys, tt.change)
		if err != nil || !strings.HasPrefix(got, tt.want) {
			t.Errorf("%s: %s, %v, want %s", name, got, err, tt.want)
		}
	}
}

func TestHandshakes(t *testing.T) {
	t.Parallel()
	rng := rand.New(rand.NewPCG(1, 1))
	slack := load(t, "slack")
	e, echo, err := NewHandshake(slack, rng)
	if err != nil || len(echo) != 52 || !strings.Contains(e.Template(slack), `"challenge":"`+echo+`","type":"url_verification"`) {
		t.Errorf("%s wants %q, %v", e.Template(slack), echo, err)
	}
	if e, echo, err := NewHandshake(load(t, "github"), rng); err != nil || e.Type != "ping" || echo != "" {
		t.Errorf("%+v wants %q, %v", e, echo, err)
	}
	if _, _, err := NewHandshake(load(t, "stripe"), rng); err == nil {
		t.Error("a handshake that no contract has")
	}
}

func TestSetData(t *testing.T) {
	t.Parallel()
	rng := rand.New(rand.NewPCG(1, 1))
	for name, want := range map[string]string{"claude": `"data":{"a":1}`, "stripe": `"data":{"object":{"a":1}}`, "openai": `"data":{"a":1}`} {
		c := load(t, name)
		e, err := NewEvent(c, c.Types[0].Name, rng)
		if err != nil {
			t.Fatal(err)
		}
		if err := e.SetData(c, json.RawMessage(`{"a":1}`)); err != nil || !strings.Contains(e.Template(c), want) {
			t.Errorf("%s: %v, %s", name, err, e.Template(c))
		}
		if err := e.SetData(c, json.RawMessage(`{`)); err == nil {
			t.Errorf("%s: data that is no JSON", name)
		}
	}
	github := load(t, "github")
	e, err := NewEvent(github, "push", rng)
	if err != nil || e.SetData(github, json.RawMessage(`{}`)) == nil {
		t.Errorf("a body that is data itself took data, %v", err)
	}
}
