// Package mockclaude is the sender: it makes events, signs them, puts them on
// the wire in every shape that a plan asks for, on a good day and on a bad one,
// and records each exchange as evidence from which keys and signatures have
// been taken out.
//
// The package knows contracts. It must not know requirements, nor judge an
// answer: what a target does wrong is data in an [Exchange], not an error.
package mockclaude
