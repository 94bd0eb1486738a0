package mockclaude

import "time"

// Exchange is the record of one attempt: what was sent, what came back. Its
// texts are already redacted: no key, and no signature made with one, is in
// them.
type Exchange struct {
	EventID string `json:"event_id,omitempty"`
	// Target is the URL of the target that it went to, "" where the sender has
	// only one.
	Target string `json:"target,omitempty"`
	// Conn numbers the connection within the run; Reused is true when it had
	// carried an exchange before.
	Conn   int64 `json:"conn,omitempty"`
	Reused bool  `json:"reused,omitempty"`
	// Start is the moment just before the first byte was sent (after dialling);
	// Duration ends when the answer was read whole, or failed.
	Start    time.Time     `json:"start"`
	Duration time.Duration `json:"duration"`
	// Request is the request as it went out, redacted and cut to a bound.
	Request string `json:"request"`
	// Sent is true when every byte of the request left.
	Sent bool `json:"sent"`
	// Status is 0 when no answer came.
	Status int `json:"status,omitempty"`
	// Proto is the protocol of the answer, such as HTTP/1.1.
	Proto string `json:"proto,omitempty"`
	// Response is the head and body of the answer, redacted and cut to a bound.
	Response string `json:"response,omitempty"`
	// ResponseBytes counts the body bytes read (never more than the bound).
	ResponseBytes int64 `json:"response_bytes,omitempty"`
	// Complete is true when the answer was read to its proper end.
	Complete bool `json:"complete,omitempty"`
	// Closes is true when the target said that it closes the connection.
	Closes bool `json:"closes,omitempty"`
	// Location, Date and Server are those headers of the answer (cut to 1 KiB).
	Location string `json:"location,omitempty"`
	Date     string `json:"date,omitempty"`
	Server   string `json:"server,omitempty"`
	// Allow and RetryAfter are those headers of the answer.
	Allow      string `json:"allow,omitempty"`
	RetryAfter string `json:"retry_after,omitempty"`
	// Err is one of the Err… kinds, "" for a complete answer; ErrText is the
	// detail.
	Err     ErrKind `json:"err,omitempty"`
	ErrText string  `json:"err_text,omitempty"`
	// Leaks names what the answer gave away: LeakKey, LeakSignature, LeakTrace.
	Leaks []string `json:"leaks,omitempty"`
}

// ErrKind is how an exchange went wrong.
type ErrKind string

// What can go wrong in an exchange, seen from the sender.
const (
	ErrDNS       ErrKind = "dns"       // the name does not resolve
	ErrRefused   ErrKind = "refused"   // nothing listens there
	ErrDial      ErrKind = "dial"      // no connection for another reason
	ErrTLS       ErrKind = "tls"       // the handshake or the certificate
	ErrTimeout   ErrKind = "timeout"   // no complete answer in time
	ErrClosed    ErrKind = "closed"    // closed or reset before an answer
	ErrTruncated ErrKind = "truncated" // the answer broke off
	ErrTooLarge  ErrKind = "too_large" // the answer went past the bound
	ErrProtocol  ErrKind = "protocol"  // what came back is not HTTP
	ErrAbandoned ErrKind = "abandoned" // the sender gave up on purpose
	ErrCanceled  ErrKind = "canceled"  // the run was stopped
	ErrHTTP2     ErrKind = "no_http2"  // HTTP/2 was asked for and not negotiated
	ErrHarness   ErrKind = "harness"   // the sender itself failed
)

// What an answer can give away.
const (
	LeakKey       = "key"
	LeakSignature = "signature"
	LeakTrace     = "stack trace"
)
