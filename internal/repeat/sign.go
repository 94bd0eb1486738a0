package repeat

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
	"time"

	"hookdrill/contract"
	"hookdrill/internal/plan"
	"hookdrill/mockclaude"
)

// mark stands for a time in a body until it is written for the shell.
type mark struct{ mark, command string }

// marks lists the placeholders of a body that are times, and the commands that print them.
func marks() map[string]mark {
	return map[string]mark{
		"{{stamp}}":         {"\ue000stamp\ue000", "date -u +%Y-%m-%dT%H:%M:%SZ"},
		"{{stamp_unix}}":    {"\ue000unix\ue000", "date +%s"},
		"{{stamp_unix_ms}}": {"\ue000ms\ue000", "date +%s000"},
	}
}

// signature is the shell text that makes the signature header's value.
func (r Run) signature(d plan.Delivery) (string, bool) {
	s := d.Sign
	own := "-hmac \"$KEY\""
	if k := r.Contract.Key; k.Derivation != contract.KeyWhole {
		own = "-mac HMAC -macopt \"hexkey:$(" + keyHex(k) + ")\""
	}
	if len(s.List) > 0 || s.Signed != "" || s.Format != "" {
		return "", false
	}
	switch {
	case s.Mode == mockclaude.SignNone && len(d.Header) == 0, s.Mode == mockclaude.SignNone && !holdsPlaceholder(d):
		return "", true
	case s.Mode == mockclaude.SignLiteral && !strings.Contains(s.Value, "{{") && printable(s.Value):
		return s.Value, true
	case s.Mode == mockclaude.SignMAC && !strings.Contains(s.Value, "{{") && printable(s.Value):
		return r.format(s.Value), true
	case s.Mode == mockclaude.SignRight && !s.CutSet:
		return r.format(r.digest(own, "") + s.Add), true
	case s.Mode == mockclaude.SignRight && s.Cut > 0:
		return r.format(r.digest(own, fmt.Sprintf(" | cut -c1-%d", s.Cut))), true
	case s.Mode == mockclaude.SignKey && s.Key != "" && !strings.ContainsAny(s.Key, "$`\\\"") && string(mockclaude.LiteralKey(r.Contract.Key, s.Key)) == s.Key:
		return r.format(r.digest("-hmac \""+s.Key+"\"", "")), true
	}
	return "", false
}

// keyHex is the command that prints the derived key in hex.
func keyHex(k contract.Key) string {
	// The key's own text stands where $KEY does; a prefix is taken off its beginning.
	text := `printf %s "$KEY"`
	if k.Prefix != "" {
		text += " | sed 's/^" + k.Prefix + "//'"
	}
	if k.Derivation == contract.KeyBase64 {
		text += " | base64 -d | od -An -vtx1 | tr -d ' \\n'"
	}
	return text
}

// digest is the shell text that makes the MAC, with a filter behind it.
func (r Run) digest(key, filter string) string {
	signed := inQuotes(r.Contract.SignedParts(), "")
	if signed == "${signed}" {
		signed = "$signed"
	}
	if r.Contract.Signature.Encoding == "base64" {
		return `$(printf %s "` + signed + `" | openssl dgst -sha256 ` + key + ` -binary | openssl base64 -A` + filter + ")"
	}
	return `$(printf %s "` + signed + `" | openssl dgst -sha256 ` + key + ` -r | cut -d' ' -f1` + filter + ")"
}

// format puts a MAC where the contract's format has it.
func (r Run) format(mac string) string { return inQuotes(r.Contract.FormatParts(), mac) }

// inQuotes writes parts for a shell's double quotes, with a MAC, itself shell text.
func inQuotes(parts []contract.Part, mac string) string {
	var b strings.Builder
	for _, p := range parts {
		switch p.Name {
		case "":
			b.WriteString(escaped(p.Text))
		case contract.HoldMAC:
			b.WriteString(mac)
		case contract.HoldBody:
			b.WriteString("${signed}")
		case contract.HoldTimestamp:
			b.WriteString("${" + stampName(p.Arg) + "}")
		default:
			b.WriteString("${" + p.Name + "}")
		}
	}
	return b.String()
}

// escaped writes a text for a shell's double quotes.
func escaped(text string) string {
	return strings.NewReplacer(`\`, `\\`, `"`, `\"`, "$", `\$`, "`", "\\`").Replace(text)
}

// stampName is the variable with the timestamp in a format.
func stampName(format string) string {
	switch format {
	case contract.StampUnixMS:
		return "timestamp_ms"
	case contract.StampRFC3339:
		return "timestamp_text"
	}
	return "timestamp"
}

// variables sets the shell's variables that the contract's headers and signature need, and
// lists those headers.
func (r Run) variables(d plan.Delivery, at time.Time) (set string, headers []string, ok bool) {
	parts := slices.Concat(r.Contract.SignedParts(), r.Contract.FormatParts())
	for _, h := range r.Contract.Request.Headers {
		same := func(name string) bool { return strings.EqualFold(name, h.Name) }
		if slices.ContainsFunc(d.Drop, same) || slices.ContainsFunc(d.Header, func(f mockclaude.Field) bool { return same(f.Name) }) {
			continue
		}
		parts = append(parts, h.HeaderParts()...)
		headers = append(headers, h.Name+": "+inQuotes(h.HeaderParts(), ""))
	}
	var b strings.Builder
	done := map[string]bool{}
	for _, p := range parts {
		name, value := p.Name, ""
		switch p.Name {
		case contract.HoldTimestamp:
			name = stampName(p.Arg)
			if value, ok = stampValue(d, at, p.Arg); !ok {
				return "", nil, false
			}
		case contract.HoldID:
			value = Quote(d.EventID)
		case contract.HoldType:
			value = Quote(d.Type)
		case contract.HoldSubject:
			value = Quote(d.TaskID)
		case contract.HoldEvent:
			value = mockclaude.EventUUID(d.EventID)
		case contract.HoldDelivery:
			value = mockclaude.EventUUID("delivery " + d.EventID)
		default:
			continue
		}
		if !done[name] {
			fmt.Fprintf(&b, "%s=%s\n", name, value)
		}
		done[name] = true
	}
	return b.String(), headers, true
}

// stampValue is the shell text of the timestamp: the moment at which the command runs,
// unless the delivery's was another than that of sending.
func stampValue(d plan.Delivery, at time.Time, format string) (string, bool) {
	s := d.Stamp
	if d.HeaderStamp != nil {
		s = *d.HeaderStamp
	}
	if s.Offset != 0 || s.Text != nil || d.HeaderStamp != nil && s.Format != "" {
		text, err := mockclaude.HeaderStampText(at, d.Delivery, format)
		return Quote(text), err == nil && !strings.Contains(text, "\x00")
	}
	fill := map[string]string{contract.StampRFC3339: "{{stamp}}", contract.StampUnixMS: "{{stamp_unix_ms}}"}[format]
	return "$(" + marks()[cmp.Or(fill, "{{stamp_unix}}")].command + ")", true
}
