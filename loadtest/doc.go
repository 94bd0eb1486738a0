// Package loadtest sends events at a rate, whatever the target answers, and
// says how the target bore it: an open loop over the vegeta library, whose
// latencies count from the moment at which an event was due.
//
// The package sends and measures. It must not know service levels, nor how a
// report looks.
package loadtest
