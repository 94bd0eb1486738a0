// Package scenarios says, as data, what is sent to a target for each
// requirement and which answer is right.
//
// The package reads and checks that data. It must not draw anything at random
// (package plan does), send anything, or judge an answer.
package scenarios

import "time"

// File is one YAML file: the scenarios of one family.
type File struct {
	// Family is the family of every requirement in the file.
	Family    string     `yaml:"family"`
	Scenarios []Scenario `yaml:"scenarios"`
}

// Scenario says how one requirement is exercised.
type Scenario struct {
	// Requirement is an id of the catalogue.
	Requirement string `yaml:"requirement"`
	// Reads names requirements whose exchanges this one is judged by, besides
	// those of its own cases; "*" stands for the whole run.
	Reads []string `yaml:"reads,omitempty"`
	// Judge names how the cases are judged: one of the Judge… constants.
	Judge string `yaml:"judge,omitempty"`
	// Limit is the bound for JudgeLatency, and the time in which events sent
	// meanwhile must be answered.
	Limit time.Duration `yaml:"limit,omitempty"`
	// When names a condition without which the requirement is not applicable: https,
	// previous_key, several_signatures or handshake.
	When string `yaml:"when,omitempty"`
	// Slow scenarios are left out by a quick run.
	Slow bool `yaml:"slow,omitempty"`
	// Status is the status for JudgeStatus; 0 is the contract's for a missing or
	// wrong signature.
	Status int `yaml:"status,omitempty"`
	// Control says that every case travels between two twins that must be
	// accepted.
	Control bool   `yaml:"control,omitempty"`
	Cases   []Case `yaml:"cases,omitempty"`
}

// The ways to judge a case.
const (
	JudgeAnswers    = ""                // each answer against its step's expectation, then the effects
	JudgeLatency    = "latency"         // the 99th percentile of the answers' times against Limit
	JudgeSameStatus = "same_status"     // every answer has the same status
	JudgeLeakSecret = "leak_secret"     // no refusal holds the key or an expected signature
	JudgeLeakTrace  = "leak_trace"      // no refusal holds a stack trace
	JudgeNoEffect   = "refused_effects" // nothing refused had an effect
	JudgeSize       = "answer_size"     // every answer complete and under 64 KiB
	JudgeAcked      = "ledger_acked"    // everything acknowledged has one effect
	JudgeRest       = "ledger_rest"     // nothing else has one
	JudgeStatus     = "exact_status"    // the refusals read have the contract's status
	JudgeAll2xx     = "all_accepted"    // every answer read is 2xx
	JudgeState      = "state"           // the state that an observer reports for an event
	JudgeTLS        = "tls"             // decided by the suite that looks at the connection
	JudgeLog        = "log"             // decided by the suite that reads the log
	JudgeCalls      = "calls"           // decided by what the receiver calls: see Call
)

// Case is one trial. Its steps run one after another.
type Case struct {
	Name string `yaml:"name"`
	// Each repeats the case for every documented type ("type"), or for every header
	// beside the signature's that it is verified by ("auth_header"); the name of either
	// replaces {{each}} in the case.
	Each string `yaml:"each,omitempty"`
	// When is a condition for this case alone: whsec_key, decoded_key, several_headers,
	// several_signatures, future_refused, future_taken or event_time.
	When string `yaml:"when,omitempty"`
	// Events describes the events that steps name by their labels. An event
	// that is not described is of the first documented type.
	Events map[string]Event `yaml:"events,omitempty"`
	Steps  []Step           `yaml:"steps"`
	// OneMoment stamps every delivery of the case with the same moment, so that
	// a signature of one is that of another.
	OneMoment bool `yaml:"one_moment,omitempty"`
	// State maps an event's label to the label of the event whose state its
	// task must be in at the end, for JudgeState.
	State map[string]string `yaml:"state,omitempty"`
	// Call is the trial, for JudgeCalls; such a case has no steps.
	Call *Call `yaml:"call,omitempty"`
}

// Event describes an event.
type Event struct {
	// Type is an event type, documented or not. {{type:N}} is the N-th documented one,
	// counted round, and {{handshake}} that of the handshake.
	Type string `yaml:"type,omitempty"`
	// TaskOf is the label of an event with the same task.
	TaskOf string `yaml:"task_of,omitempty"`
	// IDOf is the label of an event with the same id.
	IDOf string `yaml:"id_of,omitempty"`
	// ID is the id, in which {{id}} stands for a drawn one, and {{id_of}} for
	// that of IDOf. {{swapcase}} stands for IDOf's with letter case swapped,
	// {{last}} for IDOf's with another last character.
	ID string `yaml:"id,omitempty"`
}

// Step is one thing that is done: usually one delivery.
type Step struct {
	// Mode is one of the Mode… constants.
	Mode string `yaml:"mode,omitempty"`
	// Copies is the number of deliveries: identical ones for ModeTogether,
	// different events for ModeSpread, ModeConnection, ModeTrickle and ModeOne.
	Copies int `yaml:"copies,omitempty"`
	// Wait is a pause before the step.
	Wait time.Duration `yaml:"wait,omitempty"`
	// Event is the label of the event that is sent, "a" unless given.
	Event string `yaml:"event,omitempty"`
	// Expect is one of the Expect… constants.
	Expect string `yaml:"expect"`
	// Status is the exact status for ExpectStatus.
	Status int `yaml:"status,omitempty"`
	// Premise makes the step a premise: unless it is answered as expected, the
	// case proves nothing.
	Premise bool `yaml:"premise,omitempty"`
	// Effect overrides what the step may do to the event's effects: once, maybe
	// or never. Unless given it follows from Expect.
	Effect string `yaml:"effect,omitempty"`

	Method      string   `yaml:"method,omitempty"`
	Query       string   `yaml:"query,omitempty"`
	Header      []Field  `yaml:"header,omitempty"`
	Drop        []string `yaml:"drop,omitempty"`
	HeaderCase  string   `yaml:"header_case,omitempty"`
	HeaderOrder string   `yaml:"header_order,omitempty"`

	// Body is a whole body: a template with {{id}}, {{type}}, {{task}},
	// {{data}}, {{stamp}}, {{repeat:N:TEXT}} and {{hex:FF}}.
	Body *string `yaml:"body,omitempty"`
	// Edit changes fields of the ordinary body before it is signed. A field is named by its
	// role, which may be that of a header: id, type, timestamp, data, subject. A case that
	// changes what the contract has no place for is left out.
	Edit []Edit `yaml:"edit,omitempty"`
	// Style is how the ordinary body is written: one of Styles.
	Style  string `yaml:"style,omitempty"`
	Before string `yaml:"before,omitempty"` // put before the body
	Behind string `yaml:"behind,omitempty"` // put behind the body
	// Pad makes the body at least that many bytes long.
	Pad int `yaml:"pad,omitempty"`

	// StampOffset moves the timestamp, StampTolerances by so many times as much as the contract
	// tolerates (300 s where it states no limit), to a second; not both. StampFormat writes it otherwise.
	StampOffset     time.Duration `yaml:"stamp_offset,omitempty"`
	StampTolerances float64       `yaml:"stamp_tolerances,omitempty"`
	StampFormat     string        `yaml:"stamp_format,omitempty"`
	// FreshHeader leaves the timestamp in a header at the moment of sending, whatever
	// StampOffset does to the one in the body.
	FreshHeader bool `yaml:"fresh_header,omitempty"`

	Sign  *Sign    `yaml:"sign,omitempty"`
	After []Change `yaml:"after,omitempty"`
	Shape *Shape   `yaml:"shape,omitempty"`

	// Mix makes every n-th delivery of ModeConnection a forged one, wrongly signed
	// and unsigned in turn.
	Mix int `yaml:"mix,omitempty"`
	// Echo wants the answer to hold what the handshake's event asks to be echoed.
	Echo bool `yaml:"echo,omitempty"`
	// Big is the size in bytes of the event sent in the background of
	// ModeMeanwhile.
	Big int `yaml:"big,omitempty"`
	// Every is the pause between two bytes of a trickling client.
	Every time.Duration `yaml:"every,omitempty"`
	// Clients is the number of trickling clients.
	Clients int `yaml:"clients,omitempty"`
}

// The modes of a step.
const (
	ModeOne        = ""           // one delivery, or Copies different ones, each on its own connection
	ModeTogether   = "together"   // Copies of one delivery, released together on as many connections
	ModeSpread     = "spread"     // Copies different events, a few at a time
	ModeConnection = "connection" // Copies different events on one connection
	ModeTrickle    = "trickle"    // Copies valid events while Clients send a byte now and then
	ModeAgain      = "again"      // Copies of one delivery, byte for byte, one after another
	ModeMeanwhile  = "meanwhile"  // Copies valid events while a Big one is on its way
)

// The right answers.
const (
	ExpectAccepted  = "accepted"          // 2xx
	ExpectRefused   = "refused"           // 4xx
	ExpectNotServer = "not_5xx"           // 2xx or 4xx
	ExpectNotOK     = "not_2xx"           // an answer, but no 2xx
	ExpectNotMoved  = "not_3xx"           // an answer, but no 3xx
	ExpectClosed    = "refused_or_closed" // 4xx, or the connection closed
	ExpectStatus    = "status"            // exactly Status
	ExpectAny       = "any"               // whatever comes, nothing included
)

// The effects a step may have on its event.
const (
	EffectOnce  = "once"  // acknowledged, it must have one effect
	EffectMaybe = "maybe" // one effect at most
	EffectNever = "never" // none
)

// Field is a header field.
type Field struct {
	Name  string `yaml:"name"`
	Value string `yaml:"value"`
}

// Edit changes one field of a body.
type Edit struct {
	// Set, Remove: a path such as id, data or data.task_id. Set adds the field
	// when it is not there.
	Set    string `yaml:"set,omitempty"`
	Remove string `yaml:"remove,omitempty"`
	// To is the JSON text of the new value, for Set; {{id}} and the like may
	// stand in it.
	To string `yaml:"to,omitempty"`
}

// Sign says how the signature differs from the right one.
type Sign struct {
	None      bool    `yaml:"none,omitempty"`
	Key       *string `yaml:"key,omitempty"`
	Previous  bool    `yaml:"previous,omitempty"`
	Algorithm string  `yaml:"algorithm,omitempty"`
	Literal   *string `yaml:"literal,omitempty"`
	// MAC stands where the right MAC would stand: random or zeros, of the right length.
	MAC string `yaml:"mac,omitempty"`
	// List gives several signatures: each right, previous or wrong.
	List []string `yaml:"list,omitempty"`
	// OtherEvent signs the body of another event.
	OtherEvent bool `yaml:"other_event,omitempty"`
	// OfEvent signs the body of the event with this label.
	OfEvent string `yaml:"of_event,omitempty"`
	// StaleBody signs the same body stamped that long ago.
	StaleBody time.Duration `yaml:"stale_body,omitempty"`
	Cut       *int          `yaml:"cut,omitempty"`
	Half      bool          `yaml:"half,omitempty"`
	Add       string        `yaml:"add,omitempty"`
	// Format replaces the contract's template of the header's value, such as v2,{mac}.
	Format string `yaml:"format,omitempty"`
	// Label replaces the version in front of the signature, as v0 does v1.
	Label string `yaml:"label,omitempty"`
	// Signed replaces the contract's template of what is signed, such as {body}.
	Signed string `yaml:"signed,omitempty"`
}

// Change changes the body after it was signed.
type Change struct {
	Flip    bool   `yaml:"flip,omitempty"`     // one byte of the data
	Append  string `yaml:"append,omitempty"`   // text at the end, with {{hex:FF}} for bytes
	NewID   bool   `yaml:"new_id,omitempty"`   // the id
	NewType bool   `yaml:"new_type,omitempty"` // the type
}

// Shape says how the bytes travel; see mockclaude.Shape.
type Shape struct {
	Kind   string        `yaml:"kind"`
	Pieces int           `yaml:"pieces,omitempty"`
	Pause  time.Duration `yaml:"pause,omitempty"`
	CutAt  int           `yaml:"cut_at,omitempty"`
	GiveUp time.Duration `yaml:"give_up,omitempty"`
}

// The conditions of a scenario.
const (
	WhenHTTPS       = "https"        // the target's URL is https
	WhenPreviousKey = "previous_key" // a previous key is configured
	WhenWhsecKey    = "whsec_key"    // the key is whsec_ and base64, and used whole
	// WhenDecodedKey: the contract decodes the secret string.
	WhenDecodedKey = "decoded_key"
	// WhenSeveralHeaders: a delivery is verified by more headers than the signature's.
	WhenSeveralHeaders = "several_headers"
	// WhenSeveralSignatures: the contract may send several signatures of one event.
	WhenSeveralSignatures = "several_signatures"
	// WhenFutureRefused: the contract limits how far ahead an event may be stamped.
	WhenFutureRefused = "future_refused"
	// WhenFutureTaken: it limits how old an event may be, and not how far ahead.
	WhenFutureTaken = "future_taken"
	// WhenEventTime: freshness is a header's, and the body says beside it when the event happened.
	WhenEventTime = "event_time"
	// WhenHandshake: the contract has a handshake.
	WhenHandshake = "handshake"
)

// What a case is repeated for.
const (
	EachType       = "type"        // every documented type
	EachAuthHeader = "auth_header" // every header that it is verified by, but the signature's
)

// The values of Sign.MAC.
const (
	MACRandom = "random"
	MACZeros  = "zeros"
)

// Styles lists how an ordinary body can be written.
func Styles() []string {
	return []string{"compact", "pretty", "tabs", "crlf", "spaces", "reversed", "escaped", "cut_off", "trailing_comma", "doubled_key"}
}
