package reference

import (
	"net/http"
	"slices"
	"strings"
	"time"
)

// DefaultContract is the contract of a configuration that names none.
const DefaultContract = "claude"

// Contract is what one sender promises, as far as a receiver has to know it:
// how a delivery proves where it comes from, and how its event is read. Each
// has a file of its own, sender_NAME.go.
type Contract struct {
	// Name is what Config.Contract takes, such as stripe.
	Name string
	// Path is where deliveries arrive unless Config.Path says otherwise.
	Path string
	// KeyEnv is the environment variable that usually holds the signing key.
	KeyEnv string
	// Assumptions says what the receiver does where the sender's documentation
	// is silent.
	Assumptions []string

	// derive turns a secret, as the sender hands it out, into the key.
	derive func(secret string) ([]byte, error)
	// claims reads what the headers claim; false if there is no signature. It
	// runs before the body is read.
	claims func(http.Header) (claim, bool)
	// encode is how the sender writes a MAC.
	encode func(mac []byte) []byte
	// read reads the event of a verified delivery. Every error is a malformed.
	read func(claim, http.Header, []byte) (letter, error)
	// stamp is where the time of sending is, and ahead whether it may lie as far
	// in the future as it likes.
	stamp stampPlace
	ahead bool
	// thin says that events only name a resource, which is fetched.
	thin bool
	// types are the documented types, where the list is closed.
	types []string
}

// stampPlace is where the time that freshness goes by is written.
type stampPlace int

const (
	stampNowhere  stampPlace = iota // the sender signs none: nothing can be too old
	stampInHeader                   // Unix seconds in a header that is signed, or in the signature's
	stampInBody                     // the event's own timestamp
)

// letter is what a verified delivery says.
type letter struct {
	// event lacks Received; its Timestamp is zero if the sender states none.
	event Event
	// reply is JSON to answer with at once: the delivery is a greeting, and no
	// event. "" for an event.
	reply string
}

// contracts are all of them, the default first.
func contracts() []Contract {
	return []Contract{
		claude(), managedAgents(), standardWebhooksContract(), openAI(), stripe(), gitHub(), slack(), shopify(), svix(), sentry(),
	}
}

// Contracts names the contracts that the receiver speaks, the default first.
func Contracts() []string {
	var names []string
	for _, c := range contracts() {
		names = append(names, c.Name)
	}
	return names
}

// FindContract returns a contract by its name, and whether there is one; "" is
// the default's.
func FindContract(name string) (Contract, bool) {
	if name == "" {
		name = DefaultContract
	}
	for _, c := range contracts() {
		if c.Name == name {
			return c, true
		}
	}
	return Contract{}, false
}

// CheckKey says what is wrong with a secret as this contract's key, without
// showing any of it.
func (c Contract) CheckKey(secret string) error {
	_, err := c.derive(secret)
	return err
}

// Thin reports whether events only name a resource, which is to be fetched from
// the sender's API.
func (c Contract) Thin() bool { return c.thin }

// otherType stands for every type that is not documented.
const otherType = "other"

// typeLabel is a documented type as it is, and "other" for any other: types
// come off the wire, and the labels of metrics and traces have to be few.
func (c Contract) typeLabel(eventType string) string {
	if slices.Contains(c.types, eventType) {
		return eventType
	}
	return otherType
}

// sent returns when a delivery was sent, as far as freshness is concerned.
func (c Contract) sent(claimed claim, event Event) (time.Time, error) {
	if c.stamp == stampInBody {
		return event.Timestamp, nil
	}
	return unixSeconds(claimed.stamp)
}

// about is an event about a subject that has reached a state. Without both it is
// recorded, and changes nothing's state.
func about(event Event, subject, state string) letter {
	if subject != "" && isState(state) {
		event.TaskID, event.Status = subject, state
	}
	return letter{event: event}
}

// isState reports whether a text may stand in the column of states. It comes off
// the wire, and the column is for a few words that people compare with.
func isState(text string) bool {
	const maxState = 64
	return text != "" && len(text) <= maxState && strings.TrimFunc(text, func(r rune) bool {
		return 'a' <= r && r <= 'z' || 'A' <= r && r <= 'Z' || '0' <= r && r <= '9' || r == '_' || r == '-'
	}) == ""
}

// lastPart is what follows the last dot of a type: completed, of
// agent.task.completed. By custom it names the state that was reached.
func lastPart(eventType string) string {
	return eventType[strings.LastIndexByte(eventType, '.')+1:]
}
