// Package verifiers holds tests alone: whatever mock Claude sends under a contract is given
// to the verifier that the provider itself publishes, which must accept every event and
// refuse every forgery, and to the provider's own types, into which every event must decode.
//
// It is a module of its own, so that neither the command nor a project that imports drilltest
// gets the providers' libraries, or their versions, from hookdrill's go.mod.
package verifiers
