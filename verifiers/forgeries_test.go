package verifiers

import (
	"bytes"
	"encoding/base64"
	"encoding/hex"
	"math/rand/v2"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"hookdrill/contract"
	"hookdrill/mockclaude"
)

// forgery is a delivery that a receiver must refuse.
type forgery struct {
	name string
	make func(d *mockclaude.Delivery)
}

// forgeries lists what must be refused under a contract.
func forgeries(c *contract.Contract, signer *mockclaude.Signer) []forgery {
	all := []forgery{
		{"no signature", func(d *mockclaude.Delivery) { d.Sign.Mode = mockclaude.SignNone }},
		{"an empty signature", func(d *mockclaude.Delivery) { d.Sign.Mode = mockclaude.SignLiteral }},
		{"a signature that is empty behind its label", func(d *mockclaude.Delivery) { d.Sign.Mode = mockclaude.SignMAC }},
		{"a random signature", func(d *mockclaude.Delivery) {
			d.Sign.Mode, d.Sign.Value = mockclaude.SignMAC, randomMAC(c)
		}},
		{"a wrong key", func(d *mockclaude.Delivery) { d.Sign.Mode, d.Sign.Key = mockclaude.SignKey, wrong }},
		{"the key before", func(d *mockclaude.Delivery) { d.Sign.Mode = mockclaude.SignPrevious }},
		{"an empty key", func(d *mockclaude.Delivery) { d.Sign.Mode = mockclaude.SignKey }},
		{"a signature cut by one", func(d *mockclaude.Delivery) { d.Sign.Cut, d.Sign.CutSet = -1, true }},
		{"a signature cut to half", func(d *mockclaude.Delivery) { d.Sign.Cut, d.Sign.CutSet = c.Signature.Length()/2, true }},
		{"a signature with more behind it", func(d *mockclaude.Delivery) { d.Sign.Add = "00" }},
		{"the signature of another body", func(d *mockclaude.Delivery) {
			d.Sign.Mode, d.Sign.Body = mockclaude.SignOther, `{"id":"another"}`
		}},
		{"a body with a byte flipped", func(d *mockclaude.Delivery) { d.After = []mockclaude.Change{{Op: "flip", At: 5}} }},
		{"a body with a newline behind it", func(d *mockclaude.Delivery) {
			d.After = []mockclaude.Change{{Op: "append", Text: "\n"}}
		}},
	}
	for _, name := range mockclaude.SignAlgorithms() { // wrong algorithms, and the right one with the key derived in another way
		sign := mockclaude.Sign{Mode: mockclaude.SignAlgorithm, Algorithm: name}
		if signer.CanSign(sign) == nil {
			all = append(all, forgery{name, func(d *mockclaude.Delivery) { d.Sign = sign }})
		}
	}
	for _, list := range [][]string{{mockclaude.ListWrong, mockclaude.ListWrong}, {mockclaude.ListWrong, mockclaude.ListPrevious}} {
		if c.Signature.Several != "" {
			all = append(all, forgery{strings.Join(list, " and "), func(d *mockclaude.Delivery) { d.Sign.List = list }})
		}
	}
	for _, format := range wrongLabels(c) {
		all = append(all, forgery{format, func(d *mockclaude.Delivery) { d.Sign.Format = format }})
	}
	for _, name := range c.AuthHeaders() {
		all = append(all, forgery{"no " + name, func(d *mockclaude.Delivery) { d.Drop = []string{name} }})
	}
	return append(all, outOfTime(c)...)
}

// wrongLabels are formats of the header's value in which the right signature is none.
func wrongLabels(c *contract.Contract) []string {
	switch c.Signature.Format {
	case "v1,{mac}":
		return []string{"v2,{mac}", "v1a,{mac}", "v0,{mac}", "v1={mac}", "V1,{mac}"}
	case "t={timestamp},v1={mac}":
		return []string{"t={timestamp},v0={mac}", "t={timestamp},v2={mac}", "v1={mac}", "t=,v1={mac}", "{mac}"}
	case "sha256={mac}":
		return []string{"sha1={mac}", "sha512={mac}", "v0={mac}", "{mac}"}
	case "v0={mac}":
		return []string{"v1={mac}", "sha256={mac}", "{mac}"}
	}
	return []string{"sha256={mac}", "v1,{mac}"}
}

// outOfTime lists what is stamped wrongly, and what was stamped anew after it was signed.
func outOfTime(c *contract.Contract) []forgery {
	var all []forgery
	offsets := map[string]time.Duration{"311 s old": -311 * time.Second, "a day old": -24 * time.Hour}
	if c.Freshness.Direction != contract.FreshPast {
		offsets["a day ahead"] = 24 * time.Hour
		offsets["far ahead"] = 330 * time.Second
	}
	for name, offset := range offsets {
		if !c.HasFreshness() {
			break
		}
		all = append(all, forgery{name, func(d *mockclaude.Delivery) {
			if c.Freshness.Source == contract.FreshBody {
				d.Stamp.Offset = offset
				return
			}
			d.HeaderStamp = &mockclaude.Stamp{Offset: offset}
		}})
	}
	if !c.SignsTimestamp() {
		return all
	}
	for text, what := range map[string]string{"": "an empty timestamp", "soon": "a timestamp in words", "1.7e9": "a timestamp with an exponent"} {
		all = append(all, forgery{what, func(d *mockclaude.Delivery) { d.HeaderStamp = &mockclaude.Stamp{Text: &text} }})
	}
	all = append(all, forgery{"a timestamp changed after it was signed", func(d *mockclaude.Delivery) {
		fresher := strconv.FormatInt(time.Now().Add(-time.Minute).Unix(), 10)
		if name, _ := c.TimestampHeader(); name != "" {
			d.Header = append(d.Header, mockclaude.Field{Name: name, Value: fresher})
			return
		}
		d.Sign.Format = strings.Replace(c.Signature.Format, "{timestamp}", fresher, 1)
	}})
	if c.SignsID() {
		all = append(all, forgery{"an id changed after it was signed", func(d *mockclaude.Delivery) {
			d.Header = append(d.Header, mockclaude.Field{Name: c.ID.Header, Value: "msg_another"})
		}})
	}
	return all
}

// randomMAC is a signature of the right shape, made with no key.
func randomMAC(c *contract.Contract) string {
	rng := rand.New(rand.NewPCG(7, 7))
	raw := make([]byte, 32)
	for i := range raw {
		raw[i] = byte(rng.UintN(256))
	}
	if c.Signature.Encoding == "base64" {
		return base64.StdEncoding.EncodeToString(raw)
	}
	return hex.EncodeToString(raw)
}

// TestEveryForgeryIsRefused by every verifier of the provider.
func TestEveryForgeryIsRefused(t *testing.T) {
	t.Parallel()
	eachContract(t, func(t *testing.T, c *contract.Contract) {
		w := newWire(t, c)
		for i, typ := range types(c) {
			for _, f := range forgeries(c, w.sender.Signer()) {
				if i > 2 && !slices.Contains([]string{"no signature", "a wrong key", "a body with a byte flipped"}, f.name) {
					continue // the first types show what a signature is; the others that theirs are no exception
				}
				d := w.delivery(t, typ, uint64(i))
				f.make(&d)
				got := w.send(t, d)
				for name, verify := range verifiers()[c.Name] {
					if verify(key, got.header, got.body) == nil {
						t.Errorf("%s accepts %s, %s\n%v\n%s", name, typ, f.name, got.header, got.body)
					}
				}
			}
		}
	})
}

// TestForgeriesAreForgeries: none of them is the right request by mistake.
func TestForgeriesAreForgeries(t *testing.T) {
	t.Parallel()
	eachContract(t, func(t *testing.T, c *contract.Contract) {
		w := newWire(t, c)
		all := forgeries(c, w.sender.Signer())
		if len(all) < 18 {
			t.Errorf("only %d forgeries", len(all))
		}
		for _, f := range all {
			d := w.delivery(t, c.Types[0].Name, 3)
			f.make(&d)
			got := w.send(t, d)
			again := w.send(t, w.delivery(t, c.Types[0].Name, 3))
			same := bytes.Equal(got.body, again.body)
			for _, name := range c.AuthHeaders() {
				same = same && slices.Equal(got.header.Values(name), again.header.Values(name))
			}
			if same {
				t.Errorf("%s is the right request", f.name)
			}
		}
	})
}
