// Package sqlitestore keeps a receiver's events in one SQLite file: no server
// to run, and durable (a write-ahead log, synced before anything is
// acknowledged).
//
// One connection writes. Events that arrive while it waits for the disk are
// committed together with the next sync, so that a burst costs a handful of
// syncs instead of one an event. Reads have connections of their own and never
// wait for a write.
//
// The package knows [reference.Store] and nothing of HTTP or signatures.
package sqlitestore
