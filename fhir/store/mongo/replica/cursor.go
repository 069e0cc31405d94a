package replica

import (
	"fmt"
	"math/rand/v2"

	"go.mongodb.org/mongo-driver/v2/bson"
)

// firstBatch is how many documents come with the answer to a query that does not say; the rest has to be fetched with getMore.
const firstBatch = 101

// open is a cursor that has more to give.
type open struct {
	ns      string
	session string
	number  int64 // of the transaction; 0 = it is of none
	rest    bson.A
}

// found is the answer to a query: the first batch, and a cursor where there is more.
func (r *request) found(batch bson.A, more ...bson.E) bson.D {
	ns := r.db + "." + fmt.Sprint(r.body[0].Value)
	size := firstBatch
	of := r.body
	if d, is := get(r.body, "cursor").(bson.D); is {
		of = d
	}
	if has(of, "batchSize") {
		size = int(number(get(of, "batchSize")))
	}
	if r.server.Backend != nil || len(batch) <= size {
		return cursor(ns, batch, more...)
	}
	c := &open{ns: ns, session: r.session, rest: batch[size:]}
	if r.inTxn {
		c.number = r.number
	}
	id := rand.Int64()
	r.server.cursors[id] = c
	answer := cursor(ns, batch[:size], more...)
	answer[0].Value.(bson.D)[0].Value = id
	return answer
}

// getMore gives the rest, as far as it fits into a message, to the session and the transaction that have begun.
func (r *request) getMore() (bson.D, error) {
	id, _ := r.body[0].Value.(int64)
	c := r.server.cursors[id]
	switch {
	case c == nil || c.ns != r.db+"."+fmt.Sprint(get(r.body, "collection")):
		return nil, refuse(codeCursorNotFound, "cursor id %d not found", id)
	case c.session != r.session || r.inTxn && c.number != r.number || !r.inTxn && c.number != 0:
		return nil, refuse(codeSessionOfAnother, "Cannot run getMore on cursor %d, which was created in another session or transaction", id)
	}
	most := len(c.rest)
	if has(r.body, "batchSize") {
		most = min(most, int(number(get(r.body, "batchSize"))))
	}
	n, size := 0, 0
	for n < most {
		b, err := bson.Marshal(c.rest[n])
		if err != nil {
			return nil, err
		}
		if size += len(b); size > maxDocument && n > 0 {
			break
		}
		n++
	}
	batch := c.rest[:n]
	if c.rest = c.rest[n:]; len(c.rest) == 0 {
		delete(r.server.cursors, id)
		id = 0
	}
	return ok(bson.E{Key: "cursor", Value: bson.D{{Key: "id", Value: id}, {Key: "ns", Value: c.ns}, {Key: "nextBatch", Value: batch}}}), nil
}

func (r *request) killCursors() bson.D {
	list, _ := get(r.body, "cursors").(bson.A)
	for _, id := range list {
		if n, is := id.(int64); is {
			delete(r.server.cursors, n)
		}
	}
	return ok(bson.E{Key: "cursorsKilled", Value: list})
}

// closeCursors closes those of a transaction that has ended.
func (s *Server) closeCursors(t *txn) {
	for id, c := range s.cursors {
		if c.session == t.id && c.number == t.number {
			delete(s.cursors, id)
		}
	}
}
