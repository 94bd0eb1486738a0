// Package datadir keeps what mock Claude's delivery engine must not forget in a
// directory, in an SQLite database: its journal.
//
// It must not know how deliveries are made, or what a state means beyond its
// name.
package datadir
