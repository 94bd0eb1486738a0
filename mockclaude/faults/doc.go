// Package faults is what goes wrong with mock Claude's deliveries on purpose:
// each fault is a small plug-in that changes what the engine is about to do, and
// a programme says which attempts get which.
//
// Faults are scripted and counted. The package draws nothing at random but from
// the generator that it is given for an attempt, and it never sends anything.
package faults
