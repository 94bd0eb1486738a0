// Package witness plays the API that a receiver of thin events calls back: it
// serves the resources that such events name, and keeps account of every call.
//
// A receiver that is started with ANTHROPIC_BASE_URL pointing here is watched
// without a line of instrumentation: which resource it fetched, when, with which
// key, and what it was told. What the witness answers can be set for each
// resource. Beside the API it owns a second listener, the trap, at which nobody
// has any business: a call there was led away by an id.
//
// The package must not know events, requirements or judgement. It says what was
// called, and nothing about what that means.
package witness
