// Command onpostgres is the receiver of package pgreceiver.
package main

import "hookdrill/zoo/drills/pgreceiver"

func main() { pgreceiver.Main() }
