package replica

import (
	"time"

	"go.mongodb.org/mongo-driver/v2/bson"
)

// lifetime is how long a transaction goes on of whose client nothing is left: MongoDB's transactionLifetimeLimitSeconds, and shorter.
func (s *Server) lifetime() time.Duration {
	if s.Lifetime > 0 {
		return s.Lifetime
	}
	return time.Second
}

// abandon leaves a transaction whose connection is closed to its fate: MongoDB does not notice.
func (s *Server) abandon(id string) {
	t := s.txns[id]
	if t == nil {
		return
	}
	time.AfterFunc(s.lifetime(), func() {
		s.mu.Lock()
		defer s.mu.Unlock()
		if s.txns[id] == t {
			s.abort(id)
		}
	})
}

// currentOp lists transactions that wait for their clients: https://www.mongodb.com/docs/manual/reference/operator/aggregation/currentOp.
func (r *request) currentOp() (bson.D, error) {
	stages := get(r.body, "pipeline").(bson.A)
	first := stages[0].(bson.D)[0]
	spec, _ := first.Value.(bson.D)
	concern, _ := get(r.body, "readConcern").(bson.D)
	switch {
	case first.Key != "$currentOp" || r.db != "admin" || r.body[0].Value != int32(1):
		return nil, refuse(codeInvalidNamespace, "%s must be run against the 'admin' database with {aggregate: 1}", first.Key)
	case has(concern, "level") && get(concern, "level") != "local":
		return nil, refuse(codeInvalidOptions, "$currentOp only supports the read concern local")
	case r.inTxn:
		return nil, refuse(codeTransaction, "Stage not supported inside of a multi-document transaction: $currentOp")
	}
	var list []bson.D
	for _, t := range r.server.txns {
		if get(spec, "idleSessions") == true {
			list = append(list, bson.D{{Key: "type", Value: "idleSession"}, {Key: "appName", Value: t.app}, {Key: "active", Value: false}, {Key: "lsid", Value: t.lsid},
				{Key: "transaction", Value: bson.D{{Key: "timeInactiveMicros", Value: time.Since(t.last).Microseconds()}}}})
		}
	}
	for _, stage := range stages[1:] {
		list = r.stage(list, stage.(bson.D)[0])
	}
	batch := make(bson.A, len(list))
	for i := range list {
		batch[i] = list[i]
	}
	return cursor("admin.$cmd.aggregate", batch), nil
}

// killSessions ends the transactions of sessions.
func (r *request) killSessions() bson.D {
	list, _ := r.body[0].Value.(bson.A)
	for _, item := range list {
		wanted, _ := item.(bson.D)
		for id, t := range r.server.txns {
			if key(get(t.lsid, "id")) == key(get(wanted, "id")) {
				r.server.abort(id)
			}
		}
	}
	return ok()
}
