// Package pgstore keeps a receiver's events in PostgreSQL, for several
// instances on one database.
//
// An event is one row whose key is the event's id; the database itself refuses
// a second one, whichever instance it reaches. In transaction mode the effect
// is written by the statement that writes that row. In queue mode the row and a
// job for the effect are written together, the delivery is acknowledged, and a
// worker applies the effect in the transaction that completes the job.
//
// Deliveries that arrive while the database is busy with others share the next
// transaction: one sync serves them all.
//
// The package knows [reference.Store] and nothing of HTTP or signatures.
package pgstore
