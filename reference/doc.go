// Package reference is a webhook receiver that keeps every promise the contract
// asks for. It is what the harness runs against when nobody names a target,
// what the suites must always pass, and an example to copy from.
//
// It speaks the contracts of several senders ([Contracts]). What they differ in
// is small and stands in one [Contract] each: how a secret becomes a key, what is
// signed and how the signature is written, where id, type and times are. All the
// rest is the same for all of them.
//
// A delivery goes through three gates, in this order: the signature over the
// raw bytes, the strict envelope, the freshness of its timestamp. What passes
// is given to a [Store], which checks the event id and applies the effect in
// one transaction; only then is the delivery acknowledged.
//
// Whatever is waited for has a deadline, and whatever piles up has a limit:
// connections, large bodies, deliveries at the store. Above a limit the answer
// is 503 with Retry-After, at once. Nobody takes a place at the store whose
// signature is not right. Metrics, traces and profiles are off unless asked
// for, and are served at an address of their own. /readyz says whether to send
// deliveries here, /healthz whether the process is alive.
//
// The package stands alone. It must not know the harness: no suite, no mock
// sender, no contract data, no report. Whoever tests it does so by URL.
package reference
