// Package replica is a MongoDB replica set of one server, in memory and for tests: it speaks the wire protocol (OP_MSG, and OP_QUERY
// for the handshake) on 127.0.0.1, and knows of commands, filters, updates and expressions what package mongo uses. What matters
// about it is how transactions behave: each reads a snapshot and keeps its writes to itself; a write to what somebody else
// writes, or has written since the snapshot, fails with WriteConflict and the label TransientTransactionError; writes outside of
// transactions wait for those that hold the document. Faults can be scripted.
//
// It refuses what a server of MongoDB 5.0 or later refuses (see check), and some things that one takes: collections that are not made before they are
// written, names with "$" or dots. As MongoDB before 7.0 it cannot look behind the making of a collection or an index.
//
// It differs from MongoDB in that it has no disk, that indexes serve nothing, and that a transaction whose connection is closed lives a second, not
// a minute.
package replica
