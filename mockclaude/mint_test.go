package mockclaude

import (
	"encoding/json"
	"math/rand/v2"
	"strings"
	"testing"
	"time"

	"hookdrill/contract"
)

func testMint(t testing.TB, seed uint64) (*Mint, Space, *contract.Contract) {
	t.Helper()
	c, err := contract.Load("claude")
	if err != nil {
		t.Fatal(err)
	}
	space := NewSpace(c, rand.New(rand.NewPCG(seed, 1)))
	m, err := NewMint(c, Keys{Current: []byte("whsec_mint")}, space, seed)
	if err != nil {
		t.Fatal(err)
	}
	return m, space, c
}

// TestMintMakesWhatTheSenderMakes compares a mint's events with the contract's,
// and its signatures with the sender's.
func TestMintMakesWhatTheSenderMakes(t *testing.T) {
	t.Parallel()
	m, space, c := testMint(t, 7)
	signer := testSigner(t, "claude", Keys{Current: []byte("whsec_mint")})
	at := time.Date(2026, 3, 4, 5, 6, 7, 8, time.FixedZone("", 3600))
	ids := map[string]bool{}
	types := map[string]bool{}
	for _, n := range []uint64{0, 1, 2, 3, 61, 62, 1 << 20, 1<<32 - 1, 62*62*62 - 1} {
		body, fields := m.Make(n, at, false)
		var e struct {
			ID, Type, Timestamp string
			Data                struct {
				TaskID string `json:"task_id"`
			}
		}
		if err := json.Unmarshal(body, &e); err != nil {
			t.Fatalf("%v: %s", err, body)
		}
		if e.ID != space.ID(n) || ids[e.ID] || len(e.ID) != len("evt_")+24 {
			t.Errorf("%d: the id is %s, want the unique %s", n, e.ID, space.ID(n))
		}
		if want := "task_" + strings.TrimPrefix(e.ID, "evt_"); e.Data.TaskID != want {
			t.Errorf("%d: the task is %s, want %s", n, e.Data.TaskID, want)
		}
		if e.Timestamp != "2026-03-04T04:06:07Z" || e.Type != m.Type(n) {
			t.Errorf("%d: %+v", n, e)
		}
		ids[e.ID], types[e.Type] = true, true
		if again, err := Expand(m.Event(n).Template(c), at, Stamp{}); err != nil || string(again) != string(body) {
			t.Errorf("%d: Event makes %s, %v, want %s", n, again, err, body)
		}
		right, err := signer.Header(e.ID, at, body)
		if err != nil || len(fields) != 1 || fields[0].Name != "X-Claude-Signature" || string(fields[0].Value) != right {
			t.Errorf("%d: signed %s, want %s, %v", n, fields, right, err)
		}
		if _, fields := m.Make(n, at, true); string(fields[0].Value) == right || len(fields[0].Value) != 64 {
			t.Errorf("%d: the forgery has the right signature, or none: %s", n, fields)
		}
	}
	if len(types) != len(c.Types) {
		t.Errorf("types %v, want all", types)
	}
	again, _, _ := testMint(t, 7)
	a, _ := m.Make(5, at, false)
	if b, _ := again.Make(5, at, false); string(a) != string(b) {
		t.Errorf("the same seed made %s and %s", a, b)
	}
	if _, other, _ := testMint(t, 8); other.ID(5) == space.ID(5) {
		t.Error("two spaces have an id in common")
	}
}

func TestMintRefuses(t *testing.T) {
	t.Parallel()
	_, space, c := testMint(t, 1)
	if _, err := NewMint(c, Keys{}, space, 1); err == nil {
		t.Error("a mint without a key")
	}
	odd := *c
	odd.Signature.Algorithm = "rot13"
	if _, err := NewMint(&odd, Keys{Current: []byte("k")}, space, 1); err == nil || !strings.Contains(err.Error(), "rot13") {
		t.Errorf("an algorithm that is none: %v", err)
	}
	odd = *c
	odd.Types = nil
	if _, err := NewMint(&odd, Keys{Current: []byte("k")}, space, 1); err == nil {
		t.Error("a mint without types")
	}
}

func TestMintDoesNotAllocate(t *testing.T) {
	m, _, _ := testMint(t, 1)
	at := time.Now()
	n := uint64(0)
	if got := testing.AllocsPerRun(1000, func() {
		n++
		m.Make(n, at.Add(time.Duration(n)*time.Second), n%2 == 0)
	}); got > 0 {
		t.Errorf("%v allocations an event, want none", got)
	}
}

func BenchmarkMint(b *testing.B) {
	m, _, _ := testMint(b, 1)
	at := time.Now()
	b.ReportAllocs()
	for n := range uint64(b.N) {
		m.Make(n, at, false)
	}
}
