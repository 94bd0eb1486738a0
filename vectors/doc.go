// Package vectors makes test vectors of webhook signatures: requests with the answer that a
// verifier must give, for the unit tests of receivers in any language. The files beside it are
// what it makes; a test holds the two together.
//
// The keys in them are public. They must never be used for anything but these tests.
//
// The package knows contracts and the signer. It sends nothing.
package vectors
