package plan

import (
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"hookdrill/contract"
	"hookdrill/scenarios"
)

// plans are those that under has drawn: drawing takes seconds under the race detector.
var plans sync.Map

// under is the plan of a contract. It is shared: nobody changes it.
func under(t *testing.T, name string) *Plan {
	t.Helper()
	drawn, _ := plans.LoadOrStore(name, sync.OnceValue(func() *Plan {
		in := input(t)
		c, err := contract.Load(name)
		if err != nil {
			t.Fatal(err)
		}
		in.Contract, in.WhsecKey = c, c.Key.Derivation == contract.KeyWhole
		return build(t, in)
	}))
	draw, ok := drawn.(func() *Plan)
	if !ok {
		t.Fatalf("%T", drawn)
	}
	return draw()
}

// mutated is the one delivery of a case that is no twin.
func mutated(t *testing.T, p *Plan, id string) Delivery {
	t.Helper()
	c := p.Case(id)
	if c == nil {
		t.Fatalf("there is no case %s", id)
	}
	all := c.Deliveries()
	at := slices.IndexFunc(all, func(d Delivery) bool { return d.Role == RoleCase })
	if at < 0 {
		t.Fatalf("%s has no delivery of its own", id)
	}
	return all[at]
}

func TestTimestampsInHeaders(t *testing.T) {
	t.Parallel()
	p := under(t, "standard-webhooks")
	if d := mutated(t, p, "RPL-04/missing"); !slices.Contains(d.Drop, "webhook-timestamp") || !strings.Contains(d.Body, "timestamp") {
		t.Errorf("the header is not left out, or the body's timestamp is: %+v", d.Delivery)
	}
	for id, want := range map[string]string{
		"RPL-04/empty": "", "RPL-05/words": "just now", "RPL-05/negative": "-1", "RPL-05/NaN": "NaN", "RPL-05/30 digits": strings.Repeat("9", 30),
	} {
		d := mutated(t, p, id)
		if d.HeaderStamp == nil || d.HeaderStamp.Text == nil || *d.HeaderStamp.Text != want {
			t.Errorf("%s: the header's timestamp is %+v, want %q", id, d.HeaderStamp, want)
		}
	}
	if d := mutated(t, p, "RPL-05/milliseconds"); d.HeaderStamp == nil || d.HeaderStamp.Format != "unix_ms" || d.Stamp.Format != "" {
		t.Errorf("milliseconds: %+v, body %+v", d.HeaderStamp, d.Stamp)
	}
	if d := mutated(t, under(t, "stripe"), "RPL-04/missing"); d.Sign.Format != "v1={mac}" {
		t.Errorf("stripe: the signature is written as %q", d.Sign.Format)
	}
}

// TestOtherSpellingsAreNoForgeries: base64 without its padding, or with something behind it,
// decodes to the right signature.
func TestOtherSpellingsAreNoForgeries(t *testing.T) {
	t.Parallel()
	p := under(t, "standard-webhooks")
	if d := mutated(t, p, "SIG-06/the last character missing"); d.Sign.Cut != -2 {
		t.Errorf("cut %d, want the padding and a character that counts", d.Sign.Cut)
	}
	if d := mutated(t, p, "SIG-06/one character added"); d.Sign.Add != "" || d.Sign.Format != "v1,0{mac}" {
		t.Errorf("added %q, format %q", d.Sign.Add, d.Sign.Format)
	}
	if d := mutated(t, under(t, "claude"), "SIG-06/the last character missing"); d.Sign.Cut != -1 {
		t.Errorf("claude: cut %d, want -1", d.Sign.Cut)
	}
	for _, d := range []Delivery{mutated(t, p, "SIG-03/random"), mutated(t, p, "SIG-03/all zeros")} {
		if len(d.Sign.Value) != 44 || !strings.HasSuffix(d.Sign.Value, "=") {
			t.Errorf("signature %q is not of the right shape", d.Sign.Value)
		}
	}
}

// TestWhatHasNoPlaceIsLeftOut: nothing is asked of a receiver that its contract knows nothing of.
func TestWhatHasNoPlaceIsLeftOut(t *testing.T) {
	t.Parallel()
	github := under(t, "github")
	for _, id := range []string{"RPL-01", "RPL-04", "PAY-03", "PAY-04", "IDEM-06", "ORD-01", "SIG-20"} {
		if c := github.Check(id); c.NotApplicable == "" {
			t.Errorf("github: %s applies", id)
		}
	}
	for _, id := range []string{"SIG-05/the id changed", "SIG-11/in X-Hub-Signature-256", "PAY-09/line breaks"} {
		if github.Case(id) != nil {
			t.Errorf("github: %s is sent", id)
		}
	}
	for id, where := range map[string]*Plan{"SIG-05/one byte flipped": github, "SIG-02/no webhook-id header": under(t, "svix"), "HTTP-06/the handshake": github} {
		if id == "SIG-02/no webhook-id header" {
			id = "SIG-02/no svix-id header"
		}
		if where.Case(id) == nil {
			t.Errorf("%s is not sent", id)
		}
	}
	if c := under(t, "claude").Check("HTTP-06"); c.NotApplicable == "" {
		t.Error("claude has no handshake")
	}
}

// TestHeaderIDs: the id that is signed in a header is changed there, after signing.
func TestHeaderIDs(t *testing.T) {
	t.Parallel()
	d := mutated(t, under(t, "svix"), "SIG-05/the id changed")
	if len(d.Header) != 1 || d.Header[0].Name != "svix-id" || d.Header[0].Value == d.EventID || len(d.After) != 0 {
		t.Errorf("headers %v, changes %v, event %s", d.Header, d.After, d.EventID)
	}
	d = mutated(t, under(t, "claude"), "SIG-05/the id changed")
	if len(d.After) != 1 || !strings.Contains(d.After[0].Text, d.EventID) {
		t.Errorf("claude: changes %v, event %s", d.After, d.EventID)
	}
}

// TestUnstatedRefusalsAreNotAskedFor: only a contract that states what a malformed event gets
// makes a receiver refuse the sender's own mistakes.
func TestUnstatedRefusalsAreNotAskedFor(t *testing.T) {
	t.Parallel()
	for name, want := range map[string]string{"claude": scenarios.ExpectRefused, "slack": scenarios.ExpectNotServer} {
		if d := mutated(t, under(t, name), "PAY-03/id missing"); d.Expect != want {
			t.Errorf("%s: %s, want %s", name, d.Expect, want)
		}
	}
}

func TestHandshakeWantsItsChallenge(t *testing.T) {
	t.Parallel()
	d := mutated(t, under(t, "slack"), "HTTP-06/the handshake")
	if d.Echo == "" || !strings.Contains(d.Body, d.Echo) || !strings.Contains(d.Body, "url_verification") {
		t.Errorf("echo %q of %s", d.Echo, d.Body)
	}
}

// TestForgedHandshakes: they are handshakes but for the signature.
func TestForgedHandshakes(t *testing.T) {
	t.Parallel()
	for name, words := range map[string]string{"slack": "url_verification", "github": "zen", "sentry": "installation"} {
		for _, id := range []string{"SIG-22/an unsigned handshake", "SIG-22/a handshake with a random signature"} {
			d := mutated(t, under(t, name), id)
			if !strings.Contains(d.Body, words) || d.Expect != scenarios.ExpectRefused || d.Sign.Mode == "" {
				t.Errorf("%s: %s: %+v", name, id, d)
			}
		}
	}
	if c := under(t, "stripe").Check("SIG-22"); c.NotApplicable == "" {
		t.Error("stripe has no handshake")
	}
}

func TestSignedOtherwise(t *testing.T) {
	t.Parallel()
	for name, want := range map[string]string{
		"stripe": "t={timestamp},v0={mac}", "standard-webhooks": "v0,{mac}", "claude": "", "slack": "", "github": "",
	} {
		p := under(t, name)
		got := ""
		if p.Case("SIG-21/the right one as that of another version") != nil {
			got = mutated(t, p, "SIG-21/the right one as that of another version").Sign.Format
		}
		if got != want {
			t.Errorf("%s: another version is written as %q, want %q", name, got, want)
		}
	}
	for name, want := range map[string]string{"slack": "{body}", "standard-webhooks": "{body}", "claude": ""} {
		p := under(t, name)
		got := ""
		if p.Case("RPL-08/the body signed without the timestamp") != nil {
			got = mutated(t, p, "RPL-08/the body signed without the timestamp").Sign.Signed
		}
		if got != want {
			t.Errorf("%s: signed is %q, want %q", name, got, want)
		}
	}
}

// TestTimeOfTheEvent: a retry comes long after what it tells of, and is stamped when it is sent.
func TestTimeOfTheEvent(t *testing.T) {
	t.Parallel()
	const id = "RPL-03/happened an hour ago and sent now"
	for _, name := range []string{"stripe", "standard-webhooks", "slack", "openai", "claude-managed-agents"} {
		d := mutated(t, under(t, name), id)
		if d.Expect != scenarios.ExpectAccepted || d.Stamp.Offset != -time.Hour || d.HeaderStamp == nil || d.HeaderStamp.Offset != 0 {
			t.Errorf("%s: expected is %q, the body's stamp %+v, the header's %+v", name, d.Expect, d.Stamp, d.HeaderStamp)
		}
	}
	for _, name := range []string{"claude", "svix", "github"} {
		if under(t, name).Case(id) != nil {
			t.Errorf("%s: there is no time of the event beside that of the delivery", name)
		}
	}
}

// TestDistantFutures: where nothing limits how far ahead an event may be stamped, a large number
// is a date like any other, and a receiver that takes it is not accused.
func TestDistantFutures(t *testing.T) {
	t.Parallel()
	for _, name := range []string{"stripe", "standard-webhooks", "slack"} {
		p := under(t, name)
		taken := name == "stripe"
		for id, there := range map[string]bool{
			"RPL-05/milliseconds": !taken, "RPL-05/30 digits as text": !taken,
			"RPL-05/milliseconds that are a distant future": taken, "RPL-05/30 digits that are a distant future": taken,
			"RPL-05/words": true, "RPL-05/negative": true,
		} {
			if c := p.Case(id); (c != nil) != there {
				t.Errorf("%s: %s is there: %t, want %t", name, id, c != nil, there)
			}
		}
		if taken {
			if d := mutated(t, p, "RPL-05/30 digits that are a distant future"); d.Expect != scenarios.ExpectNotServer {
				t.Errorf("expected is %q", d.Expect)
			}
		}
	}
}

// TestAgesFollowTheTolerance: what is too old for one contract is fresh for another.
func TestAgesFollowTheTolerance(t *testing.T) {
	t.Parallel()
	for _, tolerance := range []time.Duration{time.Minute, 5 * time.Minute, time.Hour, 7 * 24 * time.Hour} {
		in := input(t)
		c := *in.Contract
		c.Freshness.Tolerance = contract.Duration(tolerance)
		in.Contract = &c
		p := build(t, in)
		moved := 0
		for _, one := range p.Cases {
			if !strings.HasPrefix(one.ID, "RPL-0") || one.ID > "RPL-04" && !strings.HasPrefix(one.ID, "RPL-06") {
				continue
			}
			for _, s := range one.Steps {
				for _, d := range s.Deliveries {
					if d.Stamp.Offset == 0 {
						continue
					}
					moved++
					if old := d.Stamp.Offset.Abs() > tolerance; old != (d.Expect == scenarios.ExpectRefused) {
						t.Errorf("tolerance %s: %s is stamped %s away and expected to be %s", tolerance, one.ID, d.Stamp.Offset, d.Expect)
					}
				}
			}
		}
		if moved < 8 {
			t.Errorf("tolerance %s: only %d deliveries are stamped otherwise", tolerance, moved)
		}
	}
}
