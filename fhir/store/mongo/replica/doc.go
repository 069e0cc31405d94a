// Package replica is a MongoDB replica set of one server, in memory and for tests: it speaks the wire protocol (OP_MSG, and OP_QUERY
// for the handshake) on 127.0.0.1, and knows of commands, filters, updates and expressions what package mongo uses. What matters
// about it is how transactions behave: each reads a snapshot and keeps its writes to itself; a write to what somebody else
// writes, or has written since the snapshot, fails with WriteConflict and the label TransientTransactionError; writes outside of
// transactions wait for those that hold the document. Faults can be scripted.
//
// It differs from MongoDB in that it has no disk and no indexes, one batch for each cursor, and ends the transactions of a connection
// that is closed, where MongoDB waits for their lifetime to pass.
package replica
