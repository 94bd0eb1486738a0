// Package repeat writes the commands that bring about an exchange again: the
// hookdrill command of a case, and a curl command for its decisive delivery.
//
// Keys and signatures are in neither: both take the key from where the run did.
// Nor are secrets of the target's query: *** stands for them.
package repeat

import (
	"bytes"
	"fmt"
	"net/url"
	"strings"
	"time"
	"unicode/utf8"

	"hookdrill/contract"
	"hookdrill/internal/plan"
	"hookdrill/mockclaude"
)

// Run is what the commands of one run have in common.
type Run struct {
	Target *url.URL
	// TargetText is the target as it was given, where that is not its URL; - for a target
	// that was not given.
	TargetText string
	// Further are the target's other instances.
	Further  []*url.URL
	Contract *contract.Contract
	// KeyEnv is the environment variable with the key, KeyFile the file, one of
	// them set, or neither for the contract's own variable.
	KeyEnv, KeyFile string
	// Observe and Extra are further flags to pass on, quoted already.
	Extra []string
	Seed  uint64
	// Observed is true when somebody says what the target did: a target that has
	// seen a seed's events must not be judged by them again.
	Observed bool
	// Bundled is true when the target was the receiver that comes with hookdrill.
	Bundled bool
}

// Command is the hookdrill command that runs one case again. A case that looks
// at effects gets fresh ids: the receiver has seen the old ones.
func (r Run) Command(check plan.Check, c *plan.Case) string {
	only := check.ID
	if c != nil && len(c.Steps) > 0 {
		only = c.ID
	}
	args := r.common()
	args = append(args, "--only "+Quote(only))
	if check.Need == contract.NeedWire && len(check.Reads) == 0 && !r.Bundled {
		args = append(args, fmt.Sprintf("--seed %d", r.Seed))
	}
	return strings.Join(args, " ")
}

// Whole is the command that runs everything again: with the same seed, unless
// effects are observed at a target that has seen its events.
func (r Run) Whole(selection []string) string {
	args := append(r.common(), selection...)
	if r.Observed && !r.Bundled {
		return strings.Join(args, " ")
	}
	return strings.Join(append(args, fmt.Sprintf("--seed %d", r.Seed)), " ")
}

// targets lists the target's instances as they are shown: a run that is repeated
// deals its deliveries out to all of them as before.
func (r Run) targets() []string {
	out := []string{mockclaude.ShowURL(r.Target.String())}
	for _, u := range r.Further {
		out = append(out, mockclaude.ShowURL(u.String()))
	}
	return out
}

func (r Run) common() []string {
	args := []string{"hookdrill conformance"}
	if !r.Bundled {
		switch r.TargetText {
		case "":
			args = append(args, "--target "+Quote(strings.Join(r.targets(), ",")))
		case "-":
		default:
			args = append(args, "--target "+Quote(r.TargetText))
		}
		switch {
		case r.KeyFile != "":
			args = append(args, "--key-file "+Quote(r.KeyFile))
		case r.KeyEnv != "":
			args = append(args, "--key-env "+Quote(r.KeyEnv))
		}
	}
	return append(args, r.Extra...)
}

// maxCurl bounds the body of a curl command, in bytes.
const maxCurl = 8 << 10

// Curl is a command that sends a delivery as it was sent at a moment, with the
// timestamp made anew where it was that of sending. It is "" for a delivery
// that curl or the shell cannot make faithfully.
func (r Run) Curl(d plan.Delivery, at time.Time) string {
	signature, ok := r.signature(d)
	if !ok || holdsPlaceholder(d) || d.Stamp.Format != "" || strings.Contains(d.Body, "{{hex") || strings.Contains(d.Body, "{{signature}}") ||
		strings.Contains(d.Query, "{{") || d.HeaderCase != "" || d.HeaderOrder != "" {
		return ""
	}
	template := d.Body
	if d.Stamp.Offset == 0 {
		for fill, m := range marks() {
			template = strings.ReplaceAll(template, fill, m.mark)
		}
	}
	body, err := mockclaude.Expand(template, at, d.Stamp)
	if err != nil || len(body) > maxCurl || !utf8.Valid(body) || bytes.IndexByte(body, 0) >= 0 {
		return ""
	}
	signed := string(body)
	sent := change(signed, d.After)
	if !utf8.ValidString(sent) || strings.Contains(sent, "\x00") {
		return ""
	}
	shell := func(s string) string {
		s = Quote(s)
		for _, m := range marks() {
			s = strings.ReplaceAll(s, m.mark, `'"$(`+m.command+`)"'`)
		}
		return s
	}
	var b strings.Builder
	set, own, ok := r.variables(d, at)
	if !ok {
		return ""
	}
	b.WriteString(set)
	fmt.Fprintf(&b, "signed=%s\n", shell(signed))
	if sent != signed {
		fmt.Fprintf(&b, "body=%s\n", shell(sent))
	} else {
		b.WriteString("body=$signed\n")
	}
	method := d.Method
	if method == "" {
		method = "POST"
	}
	// -g: brackets and braces in a URL are meant as they stand.
	fmt.Fprintf(&b, "curl -sS -i -g -X %s %s", method, Quote(r.address(d)))
	fmt.Fprintf(&b, " \\\n  -H %s", Quote("Content-Type: "+r.contentType(d)))
	switch {
	case d.Sign.Mode == mockclaude.SignNone:
	case signature == "": // curl's way to write an empty header
		fmt.Fprintf(&b, " \\\n  -H '%s;'", r.Contract.Signature.Header)
	default:
		fmt.Fprintf(&b, " \\\n  -H \"%s: %s\"", r.Contract.Signature.Header, strings.ReplaceAll(signature, "$KEY", r.key()))
	}
	for _, h := range own {
		fmt.Fprintf(&b, " \\\n  -H \"%s\"", h)
	}
	for _, h := range d.Header {
		if strings.EqualFold(h.Name, "Content-Type") {
			continue
		}
		fmt.Fprintf(&b, " \\\n  -H %s", Quote(h.Name+": "+h.Value))
	}
	b.WriteString(" \\\n  --data-raw \"$body\"") // raw: a body may begin with @
	return b.String()
}

// key is the shell text that gives the key, for use in double quotes.
func (r Run) key() string {
	switch {
	case r.KeyFile != "":
		return "$(cat " + Quote(r.KeyFile) + ")" // which drops the newline at its end
	case r.KeyEnv != "":
		return "$" + r.KeyEnv
	}
	return "$" + r.Contract.Key.Env
}

// address is the URL of the instance that the delivery went to.
func (r Run) address(d plan.Delivery) string {
	u := *r.Target
	if d.To > 0 && d.To <= len(r.Further) {
		u = *r.Further[d.To-1]
	}
	u.RawQuery = strings.TrimPrefix(mockclaude.ShowURL("?"+u.RawQuery), "?")
	if d.Query != "" {
		if u.RawQuery != "" {
			u.RawQuery += "&"
		}
		u.RawQuery += d.Query
	}
	return u.String()
}

func (r Run) contentType(d plan.Delivery) string {
	for _, h := range d.Header {
		if strings.EqualFold(h.Name, "Content-Type") {
			return h.Value
		}
	}
	for _, name := range d.Drop {
		if strings.EqualFold(name, "Content-Type") {
			return ""
		}
	}
	return r.Contract.Request.ContentType
}

func holdsPlaceholder(d plan.Delivery) bool {
	for _, h := range d.Header {
		if strings.Contains(h.Value, "{{") {
			return true
		}
	}
	return false
}

func change(body string, after []mockclaude.Change) string {
	for _, c := range after {
		switch c.Op {
		case "append":
			body += c.Text
		case "replace":
			body = strings.Replace(body, c.Old, c.Text, 1)
		}
	}
	return body
}

func printable(s string) bool {
	for _, r := range s {
		if r < ' ' || r > '~' || strings.ContainsRune("\"$`\\", r) {
			return false
		}
	}
	return true
}

// Quote puts a word in single quotes for a POSIX shell, unless it needs none.
func Quote(s string) string {
	safe := s != ""
	for _, r := range s {
		if !strings.ContainsRune("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-_./:=@%+", r) {
			safe = false
		}
	}
	if safe {
		return s
	}
	return "'" + strings.ReplaceAll(s, "'", `'\''`) + "'"
}
