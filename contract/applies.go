package contract

import (
	"cmp"
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"fmt"
	"slices"
	"strings"
)

// The sources of freshness.
const (
	FreshBody   = "body"
	FreshHeader = "header"
	FreshNone   = "none"
)

// The directions of freshness.
const (
	FreshBoth = "both"
	FreshPast = "past"
)

// The derivations of a key.
const (
	KeyWhole  = "whole"
	KeyBase64 = "base64"
	KeyHex    = "hex"
)

// SignedParts is signature.signed, split. The contract must be a valid one.
func (c *Contract) SignedParts() []Part {
	parts, err := Line(c.Signature.template(), HoldBody, HoldID, HoldTimestamp)
	if err != nil {
		return []Part{{Name: HoldBody}}
	}
	return parts
}

// template is signed without the word that stands for {body}.
func (s Signature) template() string {
	if s.Signed == HoldBody {
		return "{" + HoldBody + "}"
	}
	return s.Signed
}

// FormatParts is signature.format, split.
func (c *Contract) FormatParts() []Part {
	return lineOr(cmp.Or(c.Signature.Format, "{"+HoldMAC+"}"), HoldMAC, HoldTimestamp, HoldID)
}

// SeveralParts is signature.several, split; none for a sender that never sends more than one.
func (c *Contract) SeveralParts() []Part { return lineOr(c.Signature.Several, HoldMAC) }

// HeaderParts is the value of one of request.headers, split.
func (h Header) HeaderParts() []Part { return lineOr(h.Value, headerHolds()...) }

func headerHolds() []string {
	return []string{HoldID, HoldTimestamp, HoldType, HoldSubject, HoldDelivery, HoldEvent}
}

func lineOr(text string, allowed ...string) []Part {
	parts, err := Line(text, allowed...)
	if err != nil {
		return []Part{{Text: text}}
	}
	return parts
}

// SignsTimestamp is true when the moment of sending is under the signature beside the body.
func (c *Contract) SignsTimestamp() bool { return holds(c.SignedParts(), HoldTimestamp) }

// SignsID is true when the id is under the signature beside the body.
func (c *Contract) SignsID() bool { return holds(c.SignedParts(), HoldID) }

// IDInHeader is true when the id is in a header of its own, whatever the body says.
func (c *Contract) IDInHeader() bool { return c.ID.Header != "" }

// HasID is true when the source states by which id a delivery is recognised.
func (c *Contract) HasID() bool { return c.IDInHeader() || c.Body.ID != "" }

// HasFreshness is true when a receiver must refuse what is too old.
func (c *Contract) HasFreshness() bool { return c.Freshness.Source != FreshNone }

// TimestampHeader is the name of the header that is {timestamp}, and its format; "" when
// there is none, or when it stands within the signature's header.
func (c *Contract) TimestampHeader() (name, format string) {
	for _, h := range c.Request.Headers {
		for _, p := range h.HeaderParts() {
			if p.Name == HoldTimestamp {
				return h.Name, p.Arg
			}
		}
	}
	return "", ""
}

// AuthHeaders lists the headers by which a delivery is verified: the signature's, and
// those whose values are under it.
func (c *Contract) AuthHeaders() []string {
	names := []string{c.Signature.Header}
	signed := c.SignedParts()
	for _, h := range c.Request.Headers {
		if slices.ContainsFunc(h.HeaderParts(), func(p Part) bool {
			return (p.Name == HoldID || p.Name == HoldTimestamp) && holds(signed, p.Name)
		}) {
			names = append(names, h.Name)
		}
	}
	return names
}

// Length is how many characters a signature has as the contract writes it.
func (s Signature) Length() int {
	if s.Encoding == "base64" {
		return base64.StdEncoding.EncodedLen(sha256.Size)
	}
	return hex.EncodedLen(sha256.Size)
}

// IDForm is how the ids of events look.
func (c *Contract) IDForm() Form {
	if f, err := ParseForm(c.ID.Form, LeastID); err == nil {
		return f
	}
	return Form{c.Body.IDPrefix, FillRandomID, usualRandom}
}

// SubjectForm is how the ids of what an event of the type is about look.
func (t Type) SubjectForm() Form {
	if f, err := ParseForm(t.Subject, LeastSubject); err == nil {
		return f
	}
	if slices.ContainsFunc(t.Data, func(f DataField) bool { return f.Kind == kindTask }) {
		return Form{"task_", FillRandomID, usualRandom}
	}
	return Form{"obj_", FillRandomID, usualRandom}
}

const (
	usualRandom = 24
	kindTask    = "task_id"
)

// SubjectPath is where in the body the id of what an event is about stands; "" when
// there is no such thing.
func (c *Contract) SubjectPath() string {
	if c.Body.Subject != "" || c.Body.Data == "" {
		return c.Body.Subject
	}
	for _, t := range c.Types {
		for _, f := range t.Data {
			if f.Kind == kindTask {
				return c.Body.Data + "." + f.Name
			}
		}
	}
	return ""
}

// HasSubject is true when the bodies of events name what they are about.
func (c *Contract) HasSubject() bool {
	inside := func(text string) bool { return strings.Contains(text, "{{"+FillSubject+"}}") }
	return c.SubjectPath() != "" || inside(c.Payload) ||
		slices.ContainsFunc(c.Types, func(t Type) bool { return inside(t.Payload) || slices.ContainsFunc(t.Samples, inside) })
}

// The roles that fields of a body have.
const (
	RoleID        = "id"
	RoleType      = "type"
	RoleTimestamp = "timestamp"
	RoleData      = "data"
	RoleSubject   = "subject"
)

// Role is the path of the field with a role; "" when the body has none.
func (c *Contract) Role(role string) string {
	switch role {
	case RoleID:
		return c.Body.ID
	case RoleType:
		return c.Body.Type
	case RoleTimestamp:
		return c.Body.Timestamp
	case RoleData:
		return c.Body.Data
	case RoleSubject:
		return c.SubjectPath()
	}
	return ""
}

// TypeHeader is the name of the header with the event's type, "" for none.
func (c *Contract) TypeHeader() string {
	for _, h := range c.Request.Headers {
		if holds(h.HeaderParts(), HoldType) {
			return h.Name
		}
	}
	return ""
}

// stampFormat is the format of the timestamp that freshness goes by.
func (c *Contract) stampFormat() string {
	if c.Freshness.Source == FreshBody {
		return cmp.Or(c.Body.TimestampFormat, StampRFC3339)
	}
	if _, format := c.TimestampHeader(); format != "" {
		return format
	}
	return StampUnix
}

// NotApplicable says, in a sentence, why a requirement or a whole family has no meaning
// under this contract; "" when it has one. A requirement is meant by its id, such as
// RPL-06.
func (c *Contract) NotApplicable(requirement string) string {
	family, _, _ := strings.Cut(requirement, "-")
	if family == "RPL" {
		return c.withoutFreshness(requirement)
	}
	if family == "API" && c.Fetch == nil {
		return fmt.Sprintf("the events of the contract %s say what happened: there is nothing that a receiver would fetch", c.Name)
	}
	if !c.HasID() {
		switch {
		case slices.Contains([]string{"IDEM", "ORD", "RTY", "LED", "DUR"}, family),
			slices.Contains([]string{"SIG-14", "PAY-03", "PAY-09", "PAY-12", "LOAD-05"}, requirement):
			return fmt.Sprintf("the contract %s states no id by which a delivery is recognised", c.Name)
		}
	}
	switch requirement {
	case "SIG-15":
		if c.Answers.Unauthorized == 0 {
			return fmt.Sprintf("the contract %s does not state the status for a missing or wrong signature", c.Name)
		}
	case "PAY-04":
		if c.Body.Type == "" && c.TypeHeader() == "" {
			return fmt.Sprintf("the contract %s gives events no type", c.Name)
		}
	case "PAY-07":
		if c.Body.Data == "" {
			return fmt.Sprintf("the contract %s has no field for data: the body itself is the data", c.Name)
		}
	case "IDEM-08":
		if !c.HasSubject() {
			return fmt.Sprintf("the contract %s does not say what an event is about", c.Name)
		}
	case "ORD-01":
		if !slices.ContainsFunc(c.Types, func(t Type) bool { return t.State != "" }) {
			return fmt.Sprintf("the contract %s names no states that an event brings about", c.Name)
		}
	}
	return ""
}

func (c *Contract) withoutFreshness(requirement string) string {
	switch {
	case !c.HasFreshness():
		return fmt.Sprintf("the contract %s has no limit of age: its deliveries carry no timestamp that is signed and compared", c.Name)
	case requirement == "RPL-02" && c.Freshness.Direction == FreshPast:
		return fmt.Sprintf("the contract %s limits how old an event may be, and not how far ahead", c.Name)
	case requirement == "RPL-06" && c.stampFormat() != StampRFC3339:
		return fmt.Sprintf("the timestamp of the contract %s is a Unix time, which has one spelling", c.Name)
	}
	return ""
}
