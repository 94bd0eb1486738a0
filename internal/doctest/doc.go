// Package doctest reads the code on the pages of the documentation: its
// blocks, the commands in them, and what a page says a command prints. The
// package's tests carry all of it out, page by page, as a reader would.
//
// It must not know how hookdrill works.
package doctest
