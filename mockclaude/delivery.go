package mockclaude

import "time"

// Delivery describes one request before it is made: everything about it but
// the moment, and what follows from the moment (timestamp and signature).
// A plan is a list of deliveries, so a Delivery is plain data.
type Delivery struct {
	// EventID, Type and TaskID name the event for those who observe effects.
	// They repeat what Body says (or, for a body that says nothing, what it
	// should have said).
	EventID string `json:"event_id"`
	Type    string `json:"type,omitempty"`
	TaskID  string `json:"task_id,omitempty"`

	// To is which of the sender's targets it goes to: 0 is the first.
	To int `json:"to,omitempty"`

	// Method is the HTTP method, "" for POST.
	Method string `json:"method,omitempty"`
	// Query is appended to the target's URL, without the question mark. It may
	// hold the placeholder {{signature}}.
	Query string `json:"query,omitempty"`
	// Header is added to, or replaces, what the contract sends. A value may hold
	// the placeholders {{signature}}, {{now}} (the moment of sending as an HTTP
	// date), {{now_rfc3339}} and {{now_unix}} (in Unix seconds).
	Header []Field `json:"header,omitempty"`
	// Drop names headers that the contract would send and this delivery does not.
	Drop []string `json:"drop,omitempty"`
	// HeaderCase is "", lower, upper or mixed: how header names are spelt.
	HeaderCase string `json:"header_case,omitempty"`
	// HeaderOrder is "" or reversed.
	HeaderOrder string `json:"header_order,omitempty"`

	// Body is a template: see [Expand].
	Body string `json:"body"`
	// Stamp says what {{stamp}} in Body becomes, and what the contract's {timestamp} is in
	// headers and under the signature.
	Stamp Stamp `json:"stamp,omitzero"`
	// HeaderStamp is the contract's {timestamp} where it is another than Stamp, nil when it
	// is the same. Its Format replaces the contract's.
	HeaderStamp *Stamp `json:"header_stamp,omitempty"`
	// Sign says how the signature is made.
	Sign Sign `json:"sign,omitzero"`
	// After changes the body once it has been signed.
	After []Change `json:"after,omitempty"`
	// Timeout bounds this attempt from dialling to the last byte of the answer;
	// 0 is the sender's own.
	Timeout time.Duration `json:"timeout,omitempty"`
	// Shape says how the bytes travel.
	Shape Shape `json:"shape,omitzero"`
}

// Field is one header field; the name is sent as it is spelt.
type Field struct {
	Name  string `json:"name"`
	Value string `json:"value"`
}

// Stamp says what the time in a body is: the moment of sending plus an offset,
// in a format.
type Stamp struct {
	// Offset is added to the moment of sending.
	Offset time.Duration `json:"offset,omitempty"`
	// At replaces the moment of sending when it is not zero, so that a copy is
	// the same byte for byte. It is set while sending, never in a plan.
	At time.Time `json:"-"`
	// Format is "" (RFC 3339 with Z and seconds) or one of the names that
	// [FormatStamp] knows.
	Format string `json:"format,omitempty"`
	// Text replaces the time altogether when it is not nil, in a header alone: a
	// timestamp that is none. It is signed where the contract signs the timestamp.
	Text *string `json:"text,omitempty"`
}

// Sign says how a signature is made. The zero value is the contract's own way.
type Sign struct {
	// Mode is one of the Sign… constants, "" for SignRight.
	Mode string `json:"mode,omitempty"`
	// Key is a literal key to sign with in place of the real one, for SignKey.
	Key string `json:"key,omitempty"`
	// Algorithm is for SignAlgorithm.
	Algorithm string `json:"algorithm,omitempty"`
	// Value is a literal value, for SignLiteral and SignMAC: a template, see [Expand].
	Value string `json:"value,omitempty"`
	// Body is a template that is signed in place of Body, for SignOther.
	Body string `json:"body,omitempty"`
	// EventID is the id that is signed with that other body where the contract signs the
	// id, "" for the delivery's own.
	EventID string `json:"event_id,omitempty"`
	// Stamp is the stamp of that other body, and the timestamp that is signed with it.
	Stamp Stamp `json:"stamp,omitzero"`
	// Cut keeps that many characters of the signature when CutSet is true; a
	// negative number takes that many off its end.
	Cut    int  `json:"cut,omitempty"`
	CutSet bool `json:"cut_set,omitempty"`
	// Add is appended to the signature.
	Add string `json:"add,omitempty"`
	// List gives the header's value several signatures, as during a rotation: each is
	// right, previous or wrong, which is with a key that nobody has. It needs a contract
	// that says how several are joined, and goes with neither Cut nor Add.
	List []string `json:"list,omitempty"`
	// Signed and Format replace the contract's signature.signed and signature.format
	// when they are not "".
	Signed string `json:"signed,omitempty"`
	Format string `json:"format,omitempty"`
}

// The ways to make a signature.
const (
	SignRight     = ""          // as the contract says, with the right key
	SignNone      = "none"      // no signature header at all
	SignKey       = "key"       // as the contract says, with Sign.Key
	SignPrevious  = "previous"  // as the contract says, with the previous key
	SignAlgorithm = "algorithm" // the right key, another algorithm: see Algorithm
	SignLiteral   = "literal"   // Sign.Value is the header's value, whatever it is
	SignMAC       = "mac"       // Sign.Value where the contract's format has the signature
	SignOther     = "other"     // the right signature of another body
)

// Change is one change of a body after it was signed.
type Change struct {
	// Op is flip (a byte), append (Text, as a template: see [Expand]) or replace (the first
	// occurrence).
	Op   string `json:"op"`
	At   int    `json:"at,omitempty"` // flip: index modulo the body's length
	Old  string `json:"old,omitempty"`
	Text string `json:"text,omitempty"`
}

// Shape says how the bytes of a delivery travel. The zero value is an ordinary
// request with a Content-Length.
type Shape struct {
	// Kind is one of the Shape… constants.
	Kind string `json:"kind,omitempty"`
	// Pieces is the number of writes for ShapePieces, and Pause the time between.
	Pieces int           `json:"pieces,omitempty"`
	Pause  time.Duration `json:"pause,omitempty"`
	// CutAt is the part of the body, in percent, after which ShapeCut closes the
	// connection.
	CutAt int `json:"cut_at,omitempty"`
	// GiveUp is how long ShapeAbandon waits before it closes the connection
	// without having read an answer.
	GiveUp time.Duration `json:"give_up,omitempty"`
}

// The ways for bytes to travel.
const (
	ShapeOrdinary = ""        // net/http's client
	ShapeRaw      = "raw"     // HTTP/1.1 written by hand: exact names, order and bytes
	ShapeChunked  = "chunked" // chunked transfer, no Content-Length
	ShapePieces   = "pieces"  // the body in many small writes
	ShapeExpect   = "expect"  // Expect: 100-continue
	ShapeHTTP2    = "http2"   // HTTP/2 over TLS
	ShapeCut      = "cut"     // closed in the middle of the body
	ShapeAbandon  = "abandon" // whole request sent, closed before the answer is read
)
