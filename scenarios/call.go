package scenarios

import (
	"errors"
	"fmt"
	"slices"
	"time"
)

// Call is a trial of a receiver that fetches what an event is about: what is odd about
// the event, and how the API, played by the witness, answers about the resource. It is
// for [JudgeCalls]; the requirement says what is done with it.
type Call struct {
	// Types are the event types of the trial, in the order of sending; none is whichever
	// the receiver was seen to fetch the resource of. The trial does not apply to a
	// receiver that fetches nothing for one of them.
	Types []string `yaml:"types,omitempty" json:"types,omitempty"`
	// ID is the id that the event gives the resource, "" for an ordinary one. {{marker}}
	// stands for text that is found again in every call that the id leads to, {{prefix}}
	// for what ordinary ids of the kind begin with, {{trap}} for the host and port of a
	// server that nobody has any business with.
	ID string `yaml:"id,omitempty" json:"id,omitempty"`
	// Forge is how the event is forged, one of the Forge… constants.
	Forge string `yaml:"forge,omitempty" json:"forge,omitempty"`
	// Status and Drop are what the API answers: an error, or a closed connection. First
	// limits that to the first calls, so many; 0 is all of them.
	Status int  `yaml:"status,omitempty" json:"status,omitempty"`
	Drop   bool `yaml:"drop,omitempty" json:"drop,omitempty"`
	First  int  `yaml:"first,omitempty" json:"first,omitempty"`
	// RetryAfter goes with Status, in whole seconds.
	RetryAfter time.Duration `yaml:"retry_after,omitempty" json:"retry_after,omitempty"`
	// Delay passes before the API answers.
	Delay time.Duration `yaml:"delay,omitempty" json:"delay,omitempty"`
}

// The ways to forge an event.
const (
	ForgeNone     = ""
	ForgeUnsigned = "unsigned" // no signature
	ForgeKey      = "key"      // signed with another key
	ForgeSwapped  = "swapped"  // the resource's id changed after signing
)

// validate names what is wrong with a call.
func (c Call) validate() error {
	var errs []error
	if !slices.Contains([]string{ForgeNone, ForgeUnsigned, ForgeKey, ForgeSwapped}, c.Forge) {
		errs = append(errs, fmt.Errorf("call.forge %q is not one of %s, %s, %s", c.Forge, ForgeUnsigned, ForgeKey, ForgeSwapped))
	}
	if c.Status != 0 && (c.Status < 400 || c.Status > 599) {
		errs = append(errs, fmt.Errorf("call.status %d is not from 400 to 599", c.Status))
	}
	if c.First < 0 || c.First > 0 && c.Status == 0 && !c.Drop {
		errs = append(errs, errors.New("call.first limits status or drop, and is not negative"))
	}
	if c.Drop && c.Status != 0 {
		errs = append(errs, errors.New("call.drop excludes call.status"))
	}
	if c.RetryAfter < 0 || c.Delay < 0 {
		errs = append(errs, errors.New("call.retry_after and call.delay are not negative"))
	}
	return errors.Join(errs...)
}
