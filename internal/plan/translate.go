package plan

import (
	"cmp"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"math"
	"math/rand/v2"
	"regexp"
	"slices"
	"strings"
	"time"

	"hookdrill/contract"
	"hookdrill/internal/jsontext"
	"hookdrill/mockclaude"
	"hookdrill/scenarios"
)

// errNoPlace says that a contract has no place for what a case changes: the case is left out.
var errNoPlace = errors.New("the contract has no place for what the case changes")

// applicable says why a requirement cannot apply to this contract or target, "" if it does.
func applicable(requirement, when string, in Input) string {
	if why := in.Contract.NotApplicable(requirement); why != "" {
		return why
	}
	return unmet(when, in)
}

// unmet says why a scenario's condition does not hold, "" if it does.
func unmet(when string, in Input) string {
	switch {
	case when == scenarios.WhenHTTPS && !in.HTTPS:
		return "the target is plain http"
	case when == scenarios.WhenPreviousKey && !in.PreviousKey:
		return "no previous key is configured (--previous-key-env)"
	case when == scenarios.WhenSeveralSignatures && in.Contract.Signature.Several == "":
		return fmt.Sprintf("the contract %s never sends several signatures of one event", in.Contract.Name)
	case when == scenarios.WhenHandshake && in.Contract.Handshake == nil:
		return fmt.Sprintf("the contract %s has no handshake", in.Contract.Name)
	}
	return ""
}

// carried reports whether the condition of a case alone holds.
func carried(when string, in Input) bool {
	switch when {
	case scenarios.WhenWhsecKey:
		return in.WhsecKey
	case scenarios.WhenDecodedKey:
		return in.Contract.Key.Derivation != contract.KeyWhole
	case scenarios.WhenSeveralHeaders:
		return len(in.Contract.AuthHeaders()) > 1
	case scenarios.WhenSeveralSignatures:
		return in.Contract.Signature.Several != ""
	case scenarios.WhenFutureRefused:
		return in.Contract.Freshness.Direction != contract.FreshPast
	case scenarios.WhenEventTime:
		return in.Contract.Freshness.Source == contract.FreshHeader && in.Contract.Body.Timestamp != ""
	case scenarios.WhenFutureTaken:
		return in.Contract.Freshness.Direction == contract.FreshPast
	}
	return true
}

// typeOf is the event type that a scenario names: {{type:N}} is the N-th documented one,
// counted round.
func (d *drawing) typeOf(text string) (string, error) {
	text = strings.ReplaceAll(text, "{{each}}", d.v.each)
	switch {
	case text == "":
		return d.con.Types[0].Name, nil
	case text == "{{handshake}}":
		return d.con.Handshake.Type, nil
	case strings.HasPrefix(text, "{{type:"):
		var n int
		if _, err := fmt.Sscanf(text, "{{type:%d}}", &n); err != nil || n < 1 {
			return "", fmt.Errorf("event type %q: want {{type:N}} with N from 1", text)
		}
		return d.con.Types[(n-1)%len(d.con.Types)].Name, nil
	}
	return text, nil
}

// ids refuses ids that events of the contract cannot have: nothing is proved by a receiver
// that takes a UUID for one, or by what no header can carry.
func (d *drawing) ids(spec scenarios.Event, id string) error {
	nearly := spec.ID != "" && spec.IDOf != ""
	if nearly && d.con.IDForm().Kind != contract.FillRandomID {
		return errNoPlace
	}
	if d.con.IDInHeader() && (strings.ContainsFunc(id, func(r rune) bool { return r < ' ' || r > '~' }) || strings.TrimSpace(id) != id) {
		return errNoPlace
	}
	return nil
}

// fields changes the fields of a delivery that a step edits: those of the body in o, and
// those whose place is a header in out.
func (d *drawing) fields(raw scenarios.Step, o *object, out *Delivery, vars map[string]string) error {
	if raw.StampFormat != "" && d.con.Freshness.Source == contract.FreshHeader {
		out.Stamp.Format = ""
		out.HeaderStamp = &mockclaude.Stamp{Offset: d.offset(raw), Format: raw.StampFormat}
	}
	if d.con.HasFreshness() && raw.StampFormat == d.stampFormat() && raw.StampFormat != "" && len(raw.Edit) > 0 {
		return errNoPlace // the mistaken format is this contract's own
	}
	for _, e := range raw.Edit {
		path := e.Set + e.Remove // one of them
		switch {
		case path == contract.RoleTimestamp && d.con.Freshness.Source == contract.FreshHeader:
			if err := d.stampHeader(e, out, vars); err != nil {
				return err
			}
			continue
		case slices.Contains(roles(), path) && d.con.Role(path) == "":
			return errNoPlace
		case e.Remove != "" && !o.has(e.Remove):
			return errNoPlace
		}
		o.edit(e)
	}
	return nil
}

// offset is how far a step moves the timestamp. What is called too old or fresh enough is so by the
// contract's own limit.
func (d *drawing) offset(raw scenarios.Step) time.Duration {
	if raw.StampTolerances == 0 {
		return raw.StampOffset
	}
	limit := cmp.Or(time.Duration(d.con.Freshness.Tolerance), usualTolerance)
	return time.Duration(math.Round(raw.StampTolerances*limit.Seconds())) * time.Second
}

// usualTolerance stands for the limit of a contract that states none.
const usualTolerance = 300 * time.Second

func roles() []string {
	return []string{contract.RoleID, contract.RoleType, contract.RoleTimestamp, contract.RoleData, contract.RoleSubject}
}

// stampFormat is the word of the contract's own timestamps, as a step's stamp_format has it.
func (d *drawing) stampFormat() string {
	format := d.con.Body.TimestampFormat
	if d.con.Freshness.Source == contract.FreshHeader {
		_, format = d.con.TimestampHeader()
	}
	if format == contract.StampRFC3339 {
		return "z"
	}
	return format // the others are called the same
}

// stampHeader changes the timestamp of a contract that has it in a header, and under the
// signature, as the field of a body is changed: what is text in JSON is the bare text.
func (d *drawing) stampHeader(e scenarios.Edit, out *Delivery, vars map[string]string) error {
	if e.Remove != "" {
		return d.dropStamp(out)
	}
	var bare string
	if err := json.Unmarshal([]byte(e.To), &bare); err != nil {
		bare = e.To
	}
	if strings.Contains(bare, "{{stamp}}") {
		if bare != "{{stamp}}" {
			bare = strings.ReplaceAll(bare, "{{stamp}}", "1767225600") // whatever: it is no number with what is around it
		} else {
			return nil // only its format is another
		}
	}
	text, err := fill(bare, vars, d.rng)
	if err != nil {
		return err
	}
	whole, err := mockclaude.Expand(text, time.Time{}, mockclaude.Stamp{})
	if err != nil {
		return fmt.Errorf("timestamp in a header: %w", err)
	}
	text = string(whole)
	out.HeaderStamp = &mockclaude.Stamp{Text: &text}
	return nil
}

// dropStamp leaves the timestamp out: its header, or the part of the signature's header that
// it is in.
func (d *drawing) dropStamp(out *Delivery) error {
	if name, _ := d.con.TimestampHeader(); name != "" {
		out.Drop = append(slices.Clone(out.Drop), name)
		return nil
	}
	parts := strings.Split(d.con.Signature.Format, ",")
	kept := slices.DeleteFunc(slices.Clone(parts), func(part string) bool { return strings.Contains(part, "{"+contract.HoldTimestamp) })
	if len(kept) == 0 || len(kept) == len(parts) {
		return errNoPlace
	}
	out.Sign.Format = strings.Join(kept, ",")
	return nil
}

// mac is a value where the right MAC would stand.
func (d *drawing) mac(kind string) string {
	if d.con.Signature.Encoding != "base64" {
		if kind == scenarios.MACZeros {
			return strings.Repeat("0", d.con.Signature.Length())
		}
		return draw(d.rng, hexDigits, d.con.Signature.Length())
	}
	raw := make([]byte, base64.StdEncoding.DecodedLen(d.con.Signature.Length())-1) // one character pads
	if kind == scenarios.MACRandom {
		randomBytes(d.rng, raw)
	}
	return base64.StdEncoding.EncodeToString(raw)
}

// version is the label in front of a signature that says by which scheme it was made.
var version = regexp.MustCompile(`v[0-9]+([^{}]*\{mac\})`)

// otherwise puts another label in front of the signature, or signs something else; a case
// that would leave it the right signature has no place.
func (d *drawing) otherwise(s *scenarios.Sign, out *mockclaude.Sign) error {
	if s.Label != "" {
		format := d.con.Signature.Format
		out.Format = version.ReplaceAllString(format, s.Label+"$1")
		if out.Format == format {
			return errNoPlace
		}
	}
	if s.Signed != "" {
		parts, err := contract.Line(s.Signed, contract.HoldBody, contract.HoldID, contract.HoldTimestamp)
		if err != nil {
			return fmt.Errorf("signed: %w", err)
		}
		if slices.Equal(parts, d.con.SignedParts()) {
			return errNoPlace
		}
		out.Signed = s.Signed
	}
	return nil
}

func randomBytes(rng *rand.Rand, into []byte) {
	for i := range into {
		into[i] = byte(rng.Uint32() & 0xff)
	}
}

// shorten cuts the right signature, or makes it longer, so that it is another signature and
// not another spelling of the same: base64 with its padding cut off, or with something behind
// the padding, decodes to the right bytes all the same.
func (d *drawing) shorten(s *scenarios.Sign, out *mockclaude.Sign) {
	in64 := d.con.Signature.Encoding == "base64"
	if s.Cut != nil {
		out.Cut, out.CutSet = *s.Cut, true
		if in64 && *s.Cut < 0 {
			out.Cut--
		}
	}
	if s.Half {
		out.Cut, out.CutSet = d.con.Signature.Length()/2, true
	}
	out.Add = s.Add
	if in64 && s.Add != "" {
		format := d.con.Signature.Format
		if format == "" {
			format = "{" + contract.HoldMAC + "}"
		}
		out.Add, out.Format = "", strings.Replace(format, "{"+contract.HoldMAC+"}", s.Add+"{"+contract.HoldMAC+"}", 1)
	}
}

// renamed changes the id of an event after it was signed, wherever it is under the signature.
func (d *drawing) renamed(e mockclaude.Event, out *Delivery) (mockclaude.Change, error) {
	other, err := mockclaude.NewEvent(d.con, e.Type, d.rng)
	if err != nil {
		return mockclaude.Change{}, err
	}
	if strings.Contains(out.Body, quote(e.ID)) {
		if !d.con.IDInHeader() {
			out.EventID = other.ID
		}
		return mockclaude.Change{Op: "replace", Old: quote(e.ID), Text: quote(other.ID)}, nil
	}
	if !d.con.IDInHeader() || !d.con.SignsID() {
		return mockclaude.Change{}, errNoPlace
	}
	out.Header = append(out.Header, mockclaude.Field{Name: d.con.ID.Header, Value: other.ID})
	return mockclaude.Change{}, nil
}

// retyped changes the type of an event after it was signed.
func (d *drawing) retyped(e mockclaude.Event, out *Delivery) (mockclaude.Change, error) {
	if !strings.Contains(out.Body, quote(e.Type)) {
		return mockclaude.Change{}, errNoPlace
	}
	typ := d.con.Types[len(d.con.Types)-1].Name
	if typ == e.Type {
		typ += ".changed"
	}
	return mockclaude.Change{Op: "replace", Old: quote(e.Type), Text: quote(typ)}, nil
}

// elsewhere refuses a header that is the very place where the contract has its signature.
func (d *drawing) elsewhere(raw scenarios.Step, name string) error {
	if raw.Sign != nil && raw.Sign.None && strings.EqualFold(name, d.con.Signature.Header) {
		return errNoPlace
	}
	return nil
}

// echo is what the answer to the handshake must hold, "" when any will do.
func (d *drawing) echo(e mockclaude.Event) (string, error) {
	path := d.con.Handshake.Echo
	if path == "" {
		return "", nil
	}
	body, err := jsontext.Parse(e.Template(d.con))
	if err != nil {
		return "", fmt.Errorf("read handshake: %w", err)
	}
	value := body.Get(path)
	var text string
	if value == nil || json.Unmarshal([]byte(value.String()), &text) != nil {
		return "", fmt.Errorf("the handshake has no text at %s", path)
	}
	return text, nil
}

// lenient lists the requirements whose refusal only a contract asks for that states what a
// malformed event is answered with: such an event is the sender's own mistake.
func lenient(requirement string, c *contract.Contract) bool {
	return c.Answers.Malformed == 0 && (requirement == "PAY-03" || requirement == "PAY-04")
}
