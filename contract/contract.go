// Package contract holds, as data, what each sender promises and what a
// receiver owes it: the contracts, and the catalogue of requirements.
//
// The package knows how to read and check that data. It must not know how an
// event is sent, or how a receiver is judged.
package contract

import "time"

// Contract is what one sender promises. Where its source is silent, the value
// is an assumption and Assumptions says so.
type Contract struct {
	Name   string `yaml:"name"`
	Title  string `yaml:"title"`
	Source string `yaml:"source"`

	Request   Request   `yaml:"request"`
	Signature Signature `yaml:"signature"`
	Key       Key       `yaml:"key"`
	ID        ID        `yaml:"id,omitempty"`
	Body      Body      `yaml:"body"`
	Freshness Freshness `yaml:"freshness"`
	Answers   Answers   `yaml:"answers"`
	Retries   Retries   `yaml:"retries"`
	Disable   Disable   `yaml:"disable"`
	Timeout   Duration  `yaml:"timeout"` // per attempt
	Levels    Service   `yaml:"service_levels"`
	// Handshake is what an endpoint must answer before it gets events, nil for nothing.
	Handshake *Handshake `yaml:"handshake,omitempty"`
	// Fetch says where a receiver fetches what an event is about, nil for events that say
	// it themselves.
	Fetch *Fetch `yaml:"fetch,omitempty"`
	// Payload is the whole body of every event whose type has none of its own: JSON with
	// placeholders in double braces, see [Fills]. Without one the body is an envelope of
	// the fields that Body names, with the fields of Type.Data in it.
	Payload string `yaml:"payload,omitempty"`
	// Payloads is a folder of sample bodies, relative to the contract's file: TYPE.json,
	// or several as TYPE.1.json, TYPE.2.json.
	Payloads string `yaml:"payloads,omitempty"`
	Types    []Type `yaml:"types"`

	// Assumptions names, in sentences, every value that the source leaves open.
	Assumptions []string `yaml:"assumptions"`
}

// Request says where and how a delivery arrives.
type Request struct {
	Method      string `yaml:"method"`
	Path        string `yaml:"path"`
	ContentType string `yaml:"content_type"`
	// Headers are those that the sender adds, but for the signature's own.
	Headers []Header `yaml:"headers,omitempty"`
}

// Header is a header field of a delivery. Its value may hold {id}, {timestamp}, {type},
// {subject}, {delivery} and {event}.
type Header struct {
	Name  string `yaml:"name"`
	Value string `yaml:"value"`
}

// Signature says where the signature is and how it is made.
type Signature struct {
	Header    string `yaml:"header"`
	Algorithm string `yaml:"algorithm"` // hmac-sha256
	Encoding  string `yaml:"encoding"`  // hex, in lower case, or base64, with padding
	// Signed is a template of what is signed: {body}, {id}, {timestamp} and text. The
	// word body alone is {body}.
	Signed string `yaml:"signed"`
	// Format is a template of the header's value, with {mac}, {timestamp} and {id}; "" is {mac}.
	Format string `yaml:"format,omitempty"`
	// Several is what is appended for each further signature of the same event, such as
	// ",v1={mac}"; "" for a sender that never sends more than one.
	Several string `yaml:"several,omitempty"`
}

// Key says where a user keeps the key and how it becomes bytes.
type Key struct {
	Env string `yaml:"env"`
	// Derivation is whole (the secret string as UTF-8, nothing stripped or decoded),
	// base64 or hex (what is behind Prefix is decoded).
	Derivation string `yaml:"derivation"`
	// Prefix is what a secret begins with that is no part of the base64 or hex. A secret
	// without it is decoded whole.
	Prefix string `yaml:"prefix,omitempty"`
}

// ID says where the id is by which a receiver recognises a delivery that it has seen.
type ID struct {
	// Header is the name of the header with the id; "" when it is in the body, at Body.ID.
	Header string `yaml:"header,omitempty"`
	// Form is how ids look, see [ParseForm]; "" is Body.IDPrefix and 24 letters and digits.
	Form string `yaml:"form,omitempty"`
}

// Body says where in the body things are, as dotted paths. A path is "" when there is no
// such thing.
type Body struct {
	ID        string `yaml:"id,omitempty"`
	Type      string `yaml:"type,omitempty"`
	Timestamp string `yaml:"timestamp,omitempty"`
	// TimestampFormat is rfc3339, unix or unix_ms; "" is rfc3339.
	TimestampFormat string `yaml:"timestamp_format,omitempty"`
	Data            string `yaml:"data,omitempty"`
	// Subject is where the id of what the event is about stands; "" is that of the
	// field of kind task_id.
	Subject  string `yaml:"subject,omitempty"`
	IDPrefix string `yaml:"id_prefix,omitempty"` // evt_
}

// Freshness says how old an event may be.
type Freshness struct {
	// Source is body (the timestamp at Body.Timestamp), header (the {timestamp} that is
	// signed) or none.
	Source    string   `yaml:"source"`
	Tolerance Duration `yaml:"tolerance,omitempty"`
	// Direction is both, or past for a sender whose receivers accept events from the
	// future; "" is both.
	Direction string `yaml:"direction,omitempty"`
}

// Answers says what the sender makes of a status. 2xx acknowledges. Of the others 0 or
// "" stands for what the source does not state.
type Answers struct {
	Unauthorized int `yaml:"unauthorized,omitempty"`
	Malformed    int `yaml:"malformed,omitempty"`
	Duplicate    int `yaml:"duplicate,omitempty"`
	// Redirect is what a 3xx is: failure (not followed, and retried as any other),
	// disables (see Disable.Redirect), or follows.
	Redirect string `yaml:"redirect,omitempty"`
	// Throttle lists the statuses that make the sender send more slowly.
	Throttle []int `yaml:"throttle,omitempty"`
}

// Retries is the schedule after a failed attempt.
type Retries struct {
	Waits  []Duration `yaml:"waits"`
	Jitter float64    `yaml:"jitter"` // 0.1 is ±10 %
	// Resend is anew (each attempt is stamped and signed again) or identical.
	Resend string `yaml:"resend"`
	// RetryAfter is the longest Retry-After of a 429 or 503 that is heeded: the next
	// attempt then comes no sooner. 0 is for a sender that heeds none.
	RetryAfter Duration `yaml:"retry_after"`
}

// Disable says when a sender stops sending to an endpoint until somebody
// enables it again. Its zero value says never.
type Disable struct {
	// Redirect is true for a sender that a 3xx makes disable the endpoint at once.
	Redirect bool `yaml:"redirect"`
	// Gone is true for a sender that a 410 makes disable the endpoint at once.
	Gone bool `yaml:"gone"`
	// Abandoned is how many deliveries in a row are abandoned before the endpoint
	// is disabled; a delivery that succeeds begins the count anew. 0 is never.
	Abandoned int `yaml:"abandoned"`
}

// Handshake is an event that asks whether an endpoint is there.
type Handshake struct {
	Type    string `yaml:"type"`
	Payload string `yaml:"payload"`
	// Echo is the path of the value in the payload that the body of the answer must hold;
	// "" when any 2xx will do.
	Echo string `yaml:"echo,omitempty"`
}

// Fetch says how a receiver that is given only an id finds the sender's API.
type Fetch struct {
	// BaseURLEnv and KeyEnv name the variables from which the sender's SDKs take the API's
	// address and the key for it.
	BaseURLEnv string `yaml:"base_url_env"`
	KeyEnv     string `yaml:"key_env"`
}

// Service is what the sender calls a good receiver.
type Service struct {
	P99           Duration `yaml:"p99"`
	ProcessingP99 Duration `yaml:"processing_p99"`
	Delivered     float64  `yaml:"delivered"`
	Errors        float64  `yaml:"errors"`
	Retried       float64  `yaml:"retried"`
	Rate          int      `yaml:"rate"`
}

// Type is one documented event type.
type Type struct {
	Name string `yaml:"name"`
	// State is what a task of such an event becomes, as an observer may report
	// it; "" when the source names none.
	State string `yaml:"state,omitempty"`
	// Subject is how the ids of what such an event is about look, see [ParseForm]; ""
	// is obj_ and 24 letters and digits.
	Subject string `yaml:"subject,omitempty"`
	// Payload is the whole body of such an event; "" is the contract's.
	Payload string `yaml:"payload,omitempty"`
	// Data lists the fields of data, in order, of an event without a payload.
	Data []DataField `yaml:"data,omitempty"`

	// Samples are the bodies from the folder that Contract.Payloads names, in the order
	// of their names.
	Samples []string `yaml:"-"`
}

// DataField is one field of an event's data.
type DataField struct {
	Name string `yaml:"name"`
	// Kind is task_id, result (an object) or error (an object).
	Kind string `yaml:"kind"`
}

// Duration is a time.Duration written as in Go: 300s, 10s, 500ms.
type Duration time.Duration

// Need says what it takes to see whether a requirement is met.
type Need string

// The needs of requirements, weakest first; log stands outside the ladder.
const (
	NeedWire     Need = "wire"
	NeedObserved Need = "observed"
	NeedManaged  Need = "managed"
	NeedLog      Need = "log"
)

// Requirement is one row of the catalogue.
type Requirement struct {
	ID     string `yaml:"id"`
	Family string `yaml:"family"`
	Level  string `yaml:"level"` // must, should or info
	Need   Need   `yaml:"need"`
	// Title is a few words for a list.
	Title string `yaml:"title"`
	// Sent says what is sent, Right what the right answer is.
	Sent  string `yaml:"sent"`
	Right string `yaml:"right"`
	// Matters says what goes wrong in production without it.
	Matters string `yaml:"matters"`
	// Source is where the rule comes from.
	Source string `yaml:"source"`
	// Unchecked says why no check exists for the row; "" for a checked row.
	Unchecked string `yaml:"unchecked,omitempty"`
}
