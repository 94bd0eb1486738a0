package preflight

import (
	"cmp"
	"context"
	"encoding/json"
	"fmt"
	"strings"
	"unicode/utf16"
	"unicode/utf8"

	"hookdrill/contract"
	"hookdrill/internal/record"
	"hookdrill/mockclaude"
)

// attempt is one other way in which a receiver may verify.
type attempt struct {
	sign        mockclaude.Sign
	header      []mockclaude.Field
	cause, mend string
}

// keyMend says how the contract makes a key of its secret.
func keyMend(k contract.Key) string {
	from := ""
	if k.Prefix != "" {
		from = " what is behind " + k.Prefix
	}
	switch k.Derivation {
	case contract.KeyBase64:
		return "Decode" + cmp.Or(from, " the secret") + " from base64, and use those bytes as the key."
	case contract.KeyHex:
		return "Decode" + cmp.Or(from, " the secret") + " from hexadecimal, and use those bytes as the key."
	}
	return "Use the whole secret string as the key, as UTF-8, without stripping or decoding anything."
}

// bare is the format of a signature with nothing around it.
const bare = "{" + contract.HoldMAC + "}"

// formatted are the ways in which the signature may be wrapped otherwise, and what it may be made over.
func (f *flight) formatted() []attempt {
	s := f.Contract.Signature
	var all []attempt
	if s.Format == "" || s.Format == bare {
		all = append(all, attempt{
			sign:  mockclaude.Sign{Format: "sha256=" + bare},
			cause: "The receiver expects sha256= in front of the signature (as GitHub does).", mend: "Compare with the bare signature.",
		})
	} else {
		all = append(all, attempt{
			sign:  mockclaude.Sign{Format: bare},
			cause: "The receiver expects the bare signature.", mend: "Take the header's value apart as the contract writes it: " + s.Format + ".",
		})
	}
	if f.Contract.SignsTimestamp() || f.Contract.SignsID() {
		all = append(all, attempt{
			sign:  mockclaude.Sign{Signed: "{" + contract.HoldBody + "}"},
			cause: "The receiver makes the signature over the body alone.", mend: "Make it over " + s.Signed + ", with the values of the headers.",
		})
	}
	return all
}

// headers are other headers that a receiver may look at.
func (f *flight) headers() []mockclaude.Field {
	var out []mockclaude.Field
	for _, h := range []mockclaude.Field{
		{Name: "X-Hub-Signature-256", Value: "sha256={{signature}}"},
		{Name: "X-Signature", Value: "{{signature}}"},
		{Name: "X-Webhook-Signature", Value: "{{signature}}"},
		{Name: "Claude-Signature", Value: "{{signature}}"},
		{Name: "Webhook-Signature", Value: "{{signature}}"},
	} {
		if !strings.EqualFold(h.Name, f.Contract.Signature.Header) {
			out = append(out, h)
		}
	}
	return out
}

// attempts lists the ways, likeliest first.
func (f *flight) attempts() []attempt {
	header, wholeKey := f.Contract.Signature.Header, keyMend(f.Contract.Key)
	encoding := map[string]string{"hex": "lower-case hexadecimal", "base64": "base64"}[f.Contract.Signature.Encoding]
	all := []attempt{
		{
			sign:  mockclaude.Sign{Mode: mockclaude.SignAlgorithm, Algorithm: mockclaude.AlgWhole},
			cause: "The receiver takes the whole secret string as the key.", mend: wholeKey,
		},
		{
			sign:  mockclaude.Sign{Mode: mockclaude.SignAlgorithm, Algorithm: mockclaude.AlgWhsecBase64},
			cause: "The receiver takes the part of the secret behind whsec_, decoded from base64, as the key (as Standard Webhooks does).", mend: wholeKey,
		},
		{
			sign:  mockclaude.Sign{Mode: mockclaude.SignAlgorithm, Algorithm: mockclaude.AlgNoPrefix},
			cause: "The receiver strips whsec_ from the secret.", mend: wholeKey,
		},
		{
			sign:  mockclaude.Sign{Mode: mockclaude.SignAlgorithm, Algorithm: mockclaude.AlgTrimmed},
			cause: "The secret given to hookdrill has white space around it that the receiver's does not have.", mend: "Take the white space out of the secret given to hookdrill.",
		},
		{
			sign:  mockclaude.Sign{Mode: mockclaude.SignAlgorithm, Algorithm: mockclaude.AlgNewline},
			cause: "The receiver's secret ends in a newline (read from a file, most likely).", mend: "Trim the newline where the receiver reads its secret.",
		},
		{
			sign:  mockclaude.Sign{Mode: mockclaude.SignAlgorithm, Algorithm: mockclaude.AlgHexKey},
			cause: "The receiver decodes the secret from hexadecimal.", mend: wholeKey,
		},
		{
			sign:  mockclaude.Sign{Mode: mockclaude.SignAlgorithm, Algorithm: mockclaude.AlgBase64Key},
			cause: "The receiver decodes the secret from base64.", mend: wholeKey,
		},
		{
			sign:  mockclaude.Sign{Mode: mockclaude.SignAlgorithm, Algorithm: mockclaude.AlgBase64},
			cause: "The receiver expects the signature in base64.", mend: "Compare with the signature in " + encoding + ".",
		},
		{
			sign:  mockclaude.Sign{Mode: mockclaude.SignAlgorithm, Algorithm: mockclaude.AlgHex},
			cause: "The receiver expects the signature in hexadecimal.", mend: "Compare with the signature in " + encoding + ".",
		},
	}
	all = append(all, f.formatted()...)
	return append(all, []attempt{
		{
			sign:   mockclaude.Sign{Mode: mockclaude.SignNone},
			header: f.headers(),
			cause:  "The receiver looks for the signature in another header.", mend: "Read the signature from " + header + ".",
		},
		{
			sign:  mockclaude.Sign{Mode: mockclaude.SignOther, Body: "spaced"},
			cause: "The receiver does not verify the bytes that it got: it parses the body and writes it again, with spaces behind commas and colons, before it verifies.",
			mend:  "Verify the raw body, before anything parses it.",
		},
		{
			sign:  mockclaude.Sign{Mode: mockclaude.SignKey},
			cause: "The receiver's key is empty: the variable or setting that it reads its secret from is not set, or misspelt.",
			mend:  "Set the receiver's secret, and let it refuse to start without one: at present anybody can sign for it.",
		},
		{
			sign:  mockclaude.Sign{Mode: mockclaude.SignOther, Body: "empty"},
			cause: "The receiver verifies an empty body: something had read the body before it.",
			mend:  "Read the raw body once, verify it, and parse that copy.",
		},
		{
			sign:  mockclaude.Sign{Mode: mockclaude.SignOther, Body: "sorted"},
			cause: "The receiver does not verify the bytes that it got: it parses the body and writes it again, with its fields sorted, before it verifies.",
			mend:  "Verify the raw body, before anything parses it.",
		},
	}...)
}

// derivations sends one event for each other way of signing and names the one
// that the receiver accepts, "" if it accepts none.
func (f *flight) derivations(ctx context.Context) (cause, mend string) {
	for _, a := range f.attempts() {
		event, more := f.next()
		if !more || ctx.Err() != nil {
			return "", ""
		}
		d := mockclaude.Delivery{
			EventID: event.ID, Type: event.Type, TaskID: event.TaskID,
			Body: event.Template(f.Contract), Sign: a.sign, Header: a.header, To: f.to,
		}
		switch a.sign.Body {
		case "spaced":
			d.Sign.Body = spaced(d.Body)
		case "empty":
			d.Sign.Body = ""
		case "sorted":
			d.Sign.Body = sorted(d.Body)
		}
		if f.Sender.Signer().CanSign(d.Sign) != nil {
			continue
		}
		e := f.Sender.Send(ctx, d)
		f.out.Record.Attempts = append(f.out.Record.Attempts, record.Attempt{Delivery: -1, Exchange: e})
		if e.Status >= 200 && e.Status < 300 {
			return a.cause, a.mend
		}
	}
	return "", ""
}

// spaced writes compact JSON with a space behind each comma and colon that
// stands outside a string, and everything beyond ASCII escaped, as Python's
// json.dumps does.
func spaced(compact string) string {
	var b strings.Builder
	inside, escaped := false, false
	for _, r := range compact {
		writeASCII(&b, r)
		switch {
		case escaped:
			escaped = false
		case inside && r == '\\':
			escaped = true
		case r == '"':
			inside = !inside
		case !inside && (r == ',' || r == ':'):
			b.WriteByte(' ')
		}
	}
	return b.String()
}

// sorted writes JSON with the fields of every object in order, as encoders of
// maps do.
func sorted(compact string) string {
	var value any
	if json.Unmarshal([]byte(compact), &value) != nil {
		return compact
	}
	out, err := json.Marshal(value)
	if err != nil {
		return compact
	}
	return string(out)
}

func writeASCII(b *strings.Builder, r rune) {
	if r < utf8.RuneSelf {
		b.WriteRune(r)
		return
	}
	for _, unit := range utf16.AppendRune(nil, r) {
		fmt.Fprintf(b, `\u%04x`, unit)
	}
}
