//go:build !unix

package main

import "io"

// columns is the width of a terminal; 0 for what does not say.
func columns(io.Writer) int { return 0 }
