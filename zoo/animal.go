// Package zoo keeps webhook receivers, most of them for the contract claude: each
// correct but for one named defect, and some that are correct in different styles. They are
// what hookdrill's own suites are tested against: every requirement has to catch
// the receivers that break it, and only those.
//
// A receiver is a pipeline of small steps (pipeline.go) over a store in memory
// (store.go); a defect replaces a step, so that it is a few lines and can be read
// beside the requirement that it breaks. All of them start in one process, on
// loopback.
//
// The package must not import the rest of hookdrill: a receiver that shared code
// with the harness could share its mistakes.
package zoo

import (
	"fmt"
	"slices"
)

// Animal is one receiver: what is wrong with it, and who has to notice.
type Animal struct {
	// Name is stable and in kebab case, such as signature-not-checked.
	Name string
	// Defect is what is wrong, in one sentence; "" for a correct receiver.
	Defect string
	// Style is what is unusual about a correct receiver; "" for a defective one.
	Style string
	// Catches lists the requirements that must fail: those that name the defect.
	Catches []string
	// Also lists further MUST requirements that may fail as a direct consequence.
	Also []string
	// Advice lists further SHOULD requirements that may fail as a consequence.
	Advice []string
	// PreviousKey asks the runner to configure a previous key, and to pass it to
	// [Start].
	PreviousKey bool
	// Contract is the contract that the receiver is for; "" for claude.
	Contract string
	// Log is true when the receiver writes a log file: see [Server.LogFile].
	Log bool

	breed func(*receiver) // turns a correct receiver into this one; nil for none
	front front           // how it is served; nil for net/http
	// anyHost gives it a URL with the host 0.0.0.0, which leads to this machine
	// and is no loopback address.
	anyHost bool
}

// Correct says whether the receiver has no defect.
func (a Animal) Correct() bool { return a.Defect == "" }

// Fetches says whether the receiver's events name resources that it fetches from an API:
// see [StartWith].
func (a Animal) Fetches() bool { return a.Contract == contractManaged }

// All lists the zoo of the contract claude, defects first, in an order that only grows.
func All() []Animal {
	return slices.Concat(
		noVerification(),
		weakComparison(),
		wrongKeyOrAlgorithm(),
		wrongPlaceForSignature(),
		badSignatureUpsets(),
		talkativeRefusals(),
		verificationOrder(),
		rawDefects(),
		transferDefects(),
		envelopeDefects(),
		payloadDefects(),
		sizeDefects(),
		effectDefects(),
		httpDefects(),
		dedupeDefects(),
		duplicateAnswerDefects(),
		freshnessDefects(),
		timestampDefects(),
		slowDefects(),
		retryDefects(),
		ledgerDefects(),
		tlsDefects(),
		logDefects(),
		correctAnswers(),
		correctServers(),
		correctWork(),
		correctUnderPressure(),
	)
}

// find looks an animal up by its name.
func find(name string) (Animal, error) {
	for _, a := range slices.Concat(All(), Foreign()) {
		if a.Name == name {
			return a, nil
		}
	}
	return Animal{}, fmt.Errorf("find receiver %q: not in the zoo", name)
}

// ids is a list of requirement ids.
func ids(list ...string) []string { return list }

// span lists the ids of a family from one number to another, both included.
func span(family string, from, to int) []string {
	var list []string
	for n := from; n <= to; n++ {
		list = append(list, fmt.Sprintf("%s-%02d", family, n))
	}
	return list
}
