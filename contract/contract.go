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
	Body      Body      `yaml:"body"`
	Freshness Freshness `yaml:"freshness"`
	Answers   Answers   `yaml:"answers"`
	Retries   Retries   `yaml:"retries"`
	Disable   Disable   `yaml:"disable"`
	Timeout   Duration  `yaml:"timeout"` // per attempt
	Levels    Service   `yaml:"service_levels"`
	Types     []Type    `yaml:"types"`

	// Assumptions names, in sentences, every value that the source leaves open.
	Assumptions []string `yaml:"assumptions"`
}

// Request says where and how a delivery arrives.
type Request struct {
	Method      string `yaml:"method"`
	Path        string `yaml:"path"`
	ContentType string `yaml:"content_type"`
}

// Signature says where the signature is and how it is made.
type Signature struct {
	Header    string `yaml:"header"`
	Algorithm string `yaml:"algorithm"` // hmac-sha256
	Encoding  string `yaml:"encoding"`  // hex
	Signed    string `yaml:"signed"`    // body
}

// Key says where a user keeps the key and how it becomes bytes.
type Key struct {
	Env        string `yaml:"env"`
	Derivation string `yaml:"derivation"` // whole: the secret string as UTF-8, nothing stripped or decoded
}

// Body names the fields of the envelope.
type Body struct {
	ID        string `yaml:"id"`
	Type      string `yaml:"type"`
	Timestamp string `yaml:"timestamp"`
	Data      string `yaml:"data"`
	IDPrefix  string `yaml:"id_prefix"` // evt_
}

// Freshness says how old an event may be.
type Freshness struct {
	Source    string   `yaml:"source"` // body
	Tolerance Duration `yaml:"tolerance"`
}

// Answers says what the sender makes of a status.
type Answers struct {
	Unauthorized int `yaml:"unauthorized"`
	Malformed    int `yaml:"malformed"`
	Duplicate    int `yaml:"duplicate"`
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
	State string `yaml:"state"`
	// Data lists the fields of data, in order.
	Data []DataField `yaml:"data"`
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
