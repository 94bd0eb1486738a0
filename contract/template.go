package contract

import (
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"
)

// Part is a piece of a template: a text, or a placeholder with its argument.
type Part struct {
	Text string
	// Name is "" for a text.
	Name, Arg string
}

// The placeholders of signature.signed, signature.format, signature.several and the
// values of request.headers.
const (
	HoldBody      = "body"      // the raw bytes that are sent
	HoldID        = "id"        // the event's id
	HoldTimestamp = "timestamp" // the moment of the attempt: {timestamp:unix}, which is the default, :unix_ms or :rfc3339
	HoldMAC       = "mac"       // the signature itself, encoded
	HoldType      = "type"      // the event's type
	HoldSubject   = "subject"   // the id of what the event is about
	HoldDelivery  = "delivery"  // a UUID, another one with every attempt
	HoldEvent     = "event"     // a UUID that follows from the event's id, the same with every attempt
)

// The formats of a timestamp.
const (
	StampRFC3339 = "rfc3339"
	StampUnix    = "unix"    // whole seconds
	StampUnixMS  = "unix_ms" // milliseconds
)

// Line splits a template with placeholders in single braces, such as
// {id}.{timestamp}.{body}, of which only those in allowed may stand in it.
func Line(text string, allowed ...string) ([]Part, error) {
	var parts []Part
	for rest := text; rest != ""; {
		open := strings.IndexAny(rest, "{}")
		switch {
		case open < 0:
			return append(parts, Part{Text: rest}), nil
		case rest[open] == '}':
			return nil, errors.New("a } without its {")
		case open > 0:
			parts = append(parts, Part{Text: rest[:open]})
		}
		inner, after, closed := strings.Cut(rest[open+1:], "}")
		if !closed {
			return nil, errors.New("a { without its }")
		}
		name, arg, _ := strings.Cut(inner, ":")
		if !slices.Contains(allowed, name) {
			return nil, fmt.Errorf("unknown placeholder {%s}; there are {%s}", inner, strings.Join(allowed, "}, {"))
		}
		if right := arg == "" || name == HoldTimestamp && slices.Contains(stampFormats(), arg); !right {
			return nil, fmt.Errorf("{%s}: only {timestamp} has a format: {timestamp:%s}", inner, strings.Join(stampFormats(), "}, {timestamp:"))
		}
		if name == HoldTimestamp && arg == "" {
			arg = StampUnix
		}
		parts = append(parts, Part{Name: name, Arg: arg})
		rest = after
	}
	return parts, nil
}

func stampFormats() []string { return []string{StampRFC3339, StampUnix, StampUnixMS} }

// holds is true when a placeholder is among the parts.
func holds(parts []Part, name string) bool {
	return slices.ContainsFunc(parts, func(p Part) bool { return p.Name == name })
}

// The placeholders of a payload. Those that begin with stamp are left for the moment of
// sending, and so are id, type and subject, until an event has them.
const (
	FillID           = "id"
	FillType         = "type"
	FillSubject      = "subject"
	FillStamp        = "stamp"
	FillStampUnix    = "stamp_unix"
	FillStampUnixMS  = "stamp_unix_ms"
	FillUUID         = "uuid"
	FillRandomID     = "random_id"     // {{random_id:24}}: letters and digits
	FillRandomHex    = "random_hex"    // {{random_hex:40}}: lower-case hex digits
	FillRandomDigits = "random_digits" // {{random_digits:10}}: a number of that many digits
	FillOneOf        = "one_of"        // {{one_of:a|b|c}}: one of these
)

// Fills splits a payload into its parts. A placeholder that does not exist is an error.
func Fills(text string) ([]Part, error) {
	var parts []Part
	for {
		open := strings.Index(text, "{{")
		if open < 0 {
			return append(parts, Part{Text: text}), nil
		}
		inner, after, closed := strings.Cut(text[open+2:], "}}")
		if !closed {
			return nil, errors.New("{{ without }}")
		}
		name, arg, has := strings.Cut(inner, ":")
		if err := checkFill(name, arg, has); err != nil {
			return nil, fmt.Errorf("{{%s}}: %w", inner, err)
		}
		parts = append(parts, Part{Text: text[:open]}, Part{Name: name, Arg: arg})
		text = after
	}
}

func checkFill(name, arg string, has bool) error {
	switch name {
	case FillID, FillType, FillSubject, FillStamp, FillStampUnix, FillStampUnixMS, FillUUID:
		if has {
			return errors.New("takes nothing behind a colon")
		}
	case FillRandomID, FillRandomHex, FillRandomDigits:
		if n, err := strconv.Atoi(arg); err != nil || n < 1 || n > maxRandom {
			return fmt.Errorf("want how many behind a colon, 1 to %d, as in {{%s:24}}", maxRandom, name)
		}
	case FillOneOf:
		if !strings.Contains(arg, "|") {
			return errors.New("want a choice behind a colon, as in {{one_of:red|green}}")
		}
	default:
		return errors.New("unknown placeholder; there are id, type, subject, stamp, stamp_unix, stamp_unix_ms, uuid, random_id:N, random_hex:N, random_digits:N and one_of:A|B")
	}
	return nil
}

// maxRandom bounds the length of something random in a payload.
const maxRandom = 4096

// Form is how ids look: a prefix, and behind it something random.
type Form struct {
	Prefix string
	// Kind is random_id, random_hex, random_digits or uuid.
	Kind string
	// Size is how many characters are random; a UUID has 36.
	Size int
}

// String writes a form as [ParseForm] reads it.
func (f Form) String() string {
	if f.Kind == FillUUID {
		return f.Prefix + "{{" + FillUUID + "}}"
	}
	return f.Prefix + "{{" + f.Kind + ":" + strconv.Itoa(f.Size) + "}}"
}

// uuidSize is the length of a UUID as a text.
const uuidSize = 36

// ParseForm reads a form such as msg_{{random_id:24}} or {{uuid}}, of which at least so
// many characters are random.
func ParseForm(text string, least int) (Form, error) {
	parts, err := Fills(text)
	if err != nil {
		return Form{}, err
	}
	right := len(parts) == 3 && parts[2].Text == ""
	if right {
		switch p := parts[1]; p.Name {
		case FillUUID:
			return Form{parts[0].Text, p.Name, uuidSize}, nil
		case FillRandomID, FillRandomHex, FillRandomDigits:
			n, err := strconv.Atoi(p.Arg)
			if err == nil && n >= least && n <= mostRandom {
				return Form{parts[0].Text, p.Name, n}, nil
			}
		}
	}
	return Form{}, fmt.Errorf("%q is not right; write a prefix and, at the end, {{random_id:N}}, {{random_hex:N}} or {{random_digits:N}} with N from %d to %d, or {{uuid}}",
		text, least, mostRandom)
}

// How many characters of an event's id, and of the id of what it is about, are random at
// least.
const (
	LeastID      = 16
	LeastSubject = 6
)

const mostRandom = 64
