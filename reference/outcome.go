package reference

import "net/http"

// result is what came of a delivery, in the word that metrics, traces and logs
// use for it. The set is closed, so that a sender cannot make a label.
type result int

// The zero value is what a delivery comes to that ends in no other way.
const (
	resultPanic result = iota
	resultProcessed
	resultDuplicate
	resultIgnored
	resultAccepted
	resultGreeting
	resultUnauthorized
	resultMalformed
	resultStale
	resultTooLarge
	resultIncomplete
	resultOverloaded
	resultUnavailable
	resultMethodNotAllowed
	resultNotFound
	results // how many there are
)

func (r result) String() string {
	switch r {
	case resultProcessed:
		return "processed"
	case resultDuplicate:
		return "duplicate"
	case resultIgnored:
		return StatusIgnored
	case resultAccepted:
		return "accepted"
	case resultGreeting:
		return "greeting"
	case resultUnauthorized:
		return "unauthorized"
	case resultMalformed:
		return "malformed"
	case resultStale:
		return "stale"
	case resultTooLarge:
		return "too_large"
	case resultIncomplete:
		return "incomplete"
	case resultOverloaded:
		return "overloaded"
	case resultUnavailable:
		return "unavailable"
	case resultMethodNotAllowed:
		return "method_not_allowed"
	case resultNotFound:
		return "not_found"
	default:
		return "panic"
	}
}

// status is the code that the delivery is answered with.
func (r result) status() int {
	switch r {
	case resultProcessed, resultDuplicate, resultIgnored, resultAccepted, resultGreeting:
		return http.StatusOK
	case resultUnauthorized:
		return http.StatusUnauthorized
	case resultMalformed, resultStale:
		return http.StatusBadRequest
	case resultTooLarge:
		return http.StatusRequestEntityTooLarge
	case resultIncomplete:
		return http.StatusRequestTimeout
	case resultOverloaded, resultUnavailable:
		return http.StatusServiceUnavailable
	case resultMethodNotAllowed:
		return http.StatusMethodNotAllowed
	case resultNotFound:
		return http.StatusNotFound
	default:
		return http.StatusInternalServerError
	}
}

// resultOf is the result of an event that the store has taken.
func resultOf(outcome Outcome, event Event) result {
	switch {
	case outcome == OutcomeDuplicate:
		return resultDuplicate
	case outcome == OutcomeAccepted:
		return resultAccepted
	case event.Status == "":
		return resultIgnored
	}
	return resultProcessed
}

// refusal is an answer that is no 2xx, and what the log says about it.
type refusal struct {
	result result
	body   string
	reason string
	err    error // the receiver's own fault, if it was one
}

func unauthorized(reason string) *refusal {
	return &refusal{result: resultUnauthorized, body: `{"error":"unauthorized"}`, reason: reason}
}

func badRequest(result result, reason string) *refusal {
	return &refusal{result: result, body: `{"error":"malformed","reason":"` + reason + `"}`, reason: reason}
}

func overloaded(reason string) *refusal {
	return &refusal{result: resultOverloaded, body: `{"error":"overloaded"}`, reason: reason}
}

func unavailable(err error) *refusal {
	return &refusal{result: resultUnavailable, body: `{"error":"unavailable"}`, reason: "store_failed", err: err}
}
