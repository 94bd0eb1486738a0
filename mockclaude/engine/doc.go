// Package engine is the delivery engine of mock Claude: it holds events for the
// endpoints that subscribed to them, sends each at its time, repeats what was
// not acknowledged after the contract's waits, and gives up at their end.
//
// The engine decides when something is sent; a [mockclaude.Sender] decides how.
// It must not know HTTP servers, files or the faults that there are: those come
// in through [Journal] and [Injector].
package engine
