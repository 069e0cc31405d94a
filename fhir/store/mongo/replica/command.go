package replica

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"go.mongodb.org/mongo-driver/v2/bson"
)

// Codes of the errors that it gives by itself.
const (
	codeNamespaceExists   = 48
	codeCommandNotFound   = 59
	codeWriteConflict     = 112
	codeNoSuchTransaction = 251
	codeTooLarge          = 10334
	codeDuplicateKey      = 11000
)

const labelTransient = "TransientTransactionError"

// request is a command in the works.
type request struct {
	server *Server
	*message
	name     string
	db       string
	session  string
	number   int64
	inTxn    bool
	mine     map[string]bool // sessions of this connection
	app      string          // what the client calls itself
	txn      *txn
	deadline time.Time
}

// read finds out what the command belongs to.
func (r *request) read() {
	r.db, _ = get(r.body, "$db").(string)
	if lsid, ok := get(r.body, "lsid").(bson.D); ok {
		r.session = key(lsid)
	}
	r.number, _ = get(r.body, "txnNumber").(int64)
	r.inTxn = get(r.body, "autocommit") == false
	if ms := number(get(r.body, "maxTimeMS")); ms > 0 {
		r.deadline = time.Now().Add(time.Duration(ms) * time.Millisecond)
	}
}

func (r *request) coll(name any) *collection {
	return r.server.collection(r.db + "." + fmt.Sprint(name))
}

// run carries the command out.
func (r *request) run() (answer bson.D) {
	s := r.server
	if s.Backend != nil && !slices.Contains(own(), r.name) {
		return r.forward()
	}
	if s.Backend != nil && (r.name == "commitTransaction" || r.name == "abortTransaction") {
		return ok() // everything has happened
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	defer func() {
		if p := recover(); p != nil {
			answer = failure(2, fmt.Sprint(p))
		}
	}()
	if s.Backend == nil {
		if err := r.check(); err != nil {
			if r.inTxn {
				s.abort(r.session)
			}
			return failure(err.(*refusal).code, err.Error()) //nolint:errorlint // it is not wrapped
		}
	}
	switch r.name {
	case "hello", "isMaster", "ismaster":
		return s.hello()
	case "commitTransaction":
		t := s.txns[r.session]
		if number, known := s.done[r.session]; t == nil && known && number == r.number {
			return ok() // it is asked for once more
		}
		if t == nil || t.number != r.number {
			return failure(codeNoSuchTransaction, "no such transaction", labelTransient)
		}
		s.commit(t)
		return ok()
	case "abortTransaction":
		s.abort(r.session)
		return ok()
	}
	if r.inTxn && s.Backend == nil {
		if bad := r.enter(); bad != nil {
			return bad
		}
	}
	answer, err := r.carryOut()
	switch err := err.(type) {
	case nil:
	case *refusal:
		answer = failure(err.code, err.text)
	case conflict:
		answer = failure(codeWriteConflict, "WriteConflict")
		if r.inTxn {
			answer = failure(codeWriteConflict, "WriteConflict", labelTransient)
		}
	default:
		answer = failure(8, err.Error())
	}
	if r.inTxn && (get(answer, "ok") != 1.0 || has(answer, "writeErrors")) {
		s.abort(r.session)
	}
	return answer
}

// enter finds or begins the transaction.
func (r *request) enter() bson.D {
	s := r.server
	if get(r.body, "startTransaction") == true {
		s.abort(r.session)
		s.txns[r.session] = &txn{id: r.session, number: r.number, at: s.clock, writes: make(map[*chain]bson.D), app: r.app}
		s.txns[r.session].lsid, _ = get(r.body, "lsid").(bson.D)
		r.mine[r.session] = true
	}
	if r.txn = s.txns[r.session]; r.txn == nil || r.txn.number != r.number {
		return failure(codeNoSuchTransaction, "the transaction has been aborted", labelTransient)
	}
	r.txn.last = time.Now()
	return nil
}

func (r *request) carryOut() (bson.D, error) {
	s, target := r.server, r.body[0].Value
	if s.Backend == nil {
		if err := r.there(); err != nil {
			return nil, err
		}
		if answer := r.behind(); answer != nil {
			return answer, nil
		}
	}
	switch r.name {
	case "ping", "endSessions":
		return ok(), nil
	case "buildInfo":
		return ok(bson.E{Key: "version", Value: "7.0.0"}), nil
	case "connectionStatus":
		return ok(bson.E{Key: "authInfo", Value: bson.D{{Key: "authenticatedUsers", Value: bson.A{}}}}), nil
	case "getParameter":
		return ok(bson.E{Key: "transactionLifetimeLimitSeconds", Value: int32(60)}), nil
	case "create":
		name := r.db + "." + fmt.Sprint(target)
		if s.data[name] != nil {
			return failure(codeNamespaceExists, "collection already exists"), nil
		}
		s.make(name)
		return ok(), nil
	case "createIndexes":
		return r.createIndexes()
	case "listIndexes":
		return r.listIndexes()
	case "getMore":
		return r.getMore()
	case "killCursors":
		return r.killCursors(), nil
	case "killSessions":
		return r.killSessions(), nil
	case "explain":
		return r.explain()
	case "count":
		return r.count()
	case "listCollections":
		return r.listCollections(), nil
	case "listDatabases":
		return r.listDatabases(), nil
	case "drop":
		delete(s.data, r.db+"."+fmt.Sprint(target))
		return ok(), nil
	case "dropDatabase":
		for name := range s.data {
			if strings.HasPrefix(name, r.db+".") {
				delete(s.data, name)
			}
		}
		return ok(), nil
	case "find":
		return r.find()
	case "aggregate":
		if r.db == "admin" {
			return r.currentOp()
		}
		return r.aggregate()
	case "insert":
		return r.insert()
	case "update":
		return r.update()
	case "delete":
		return r.remove()
	case "findAndModify":
		return r.findAndModify()
	}
	return failure(codeCommandNotFound, "no such command: "+r.name), nil
}

func cursor(ns string, batch bson.A, more ...bson.E) bson.D {
	if batch == nil {
		batch = bson.A{}
	}
	return ok(bson.E{Key: "cursor", Value: append(bson.D{{Key: "id", Value: int64(0)}, {Key: "ns", Value: ns}, {Key: "firstBatch", Value: batch}}, more...)})
}

func (r *request) listCollections() bson.D {
	names := bson.A{}
	for name := range r.server.data {
		if db, rest, _ := strings.Cut(name, "."); db == r.db {
			names = append(names, bson.D{{Key: "name", Value: rest}, {Key: "type", Value: "collection"}})
		}
	}
	return cursor(r.db+".$cmd.listCollections", names)
}

// snapshot is the time that a read sees, and what the answer says of it.
func (r *request) snapshot() (at uint32, said []bson.E) {
	if r.txn != nil {
		return r.txn.at, nil
	}
	concern, _ := get(r.body, "readConcern").(bson.D)
	if get(concern, "level") != "snapshot" {
		return r.server.clock, nil
	}
	t, chosen := get(concern, "atClusterTime").(bson.Timestamp)
	if !chosen {
		t = bson.Timestamp{T: r.server.clock}
	}
	return t.T, []bson.E{{Key: "atClusterTime", Value: t}}
}

// ids are the _ids that a filter asks for, nil where it does not.
func ids(filter bson.D) []any {
	for _, e := range filter {
		switch {
		case e.Key == "$and":
			for _, part := range e.Value.(bson.A) {
				if list := ids(part.(bson.D)); list != nil {
					return list
				}
			}
		case e.Key == "_id":
			operators, is := isOperators(e.Value)
			if !is {
				return []any{e.Value}
			}
			if list, ok := get(operators, "$in").(bson.A); ok {
				return append([]any{}, list...)
			}
		}
	}
	return nil
}

// matching gives the documents of a collection that pass a filter, in a snapshot.
func (r *request) matching(name any, filter bson.D, at uint32) (list []bson.D) {
	ready, _ := prepared(filter).(bson.D)
	for _, doc := range r.coll(name).scan(at, r.txn, ids(filter)) {
		if match(doc, ready) {
			list = append(list, doc)
		}
	}
	return list
}

func (r *request) find() (bson.D, error) {
	at, said := r.snapshot()
	filter, _ := get(r.body, "filter").(bson.D)
	list := r.matching(r.body[0].Value, filter, at)
	if order, sorted := get(r.body, "sort").(bson.D); sorted {
		sortBy(list, order)
	}
	if limit := int(number(get(r.body, "limit"))); limit > 0 && len(list) > limit {
		list = list[:limit]
	}
	projection, _ := get(r.body, "projection").(bson.D)
	batch := make(bson.A, len(list))
	for i, doc := range list {
		batch[i] = project(doc, projection)
	}
	return r.found(batch, said...), nil
}

func sortBy(list []bson.D, order bson.D) {
	slices.SortStableFunc(list, func(a, b bson.D) int {
		for _, e := range order {
			x, y := first(lookUp(a, e.Key, nil)), first(lookUp(b, e.Key, nil))
			if rank(x) == rankArray || rank(y) == rankArray {
				panic("sorted by an array: " + e.Key)
			}
			c := compare(x, y)
			if number(e.Value) < 0 {
				c = -c
			}
			if c != 0 {
				return c
			}
		}
		return 0
	})
}

func project(doc, projection bson.D) bson.D {
	if len(projection) == 0 {
		return doc
	}
	keep := slices.ContainsFunc(projection, func(e bson.E) bool { return number(e.Value) == 1 })
	var out bson.D
	for _, e := range doc {
		if listed := has(projection, e.Key); keep && (listed || e.Key == "_id") || !keep && !listed {
			out = append(out, e)
		}
	}
	return out
}

func (r *request) aggregate() (bson.D, error) {
	at, said := r.snapshot()
	stages := get(r.body, "pipeline").(bson.A)
	var list []bson.D
	for i, stage := range stages {
		e := stage.(bson.D)[0]
		switch {
		case i == 0 && e.Key == "$sample":
			list = sample(r.matching(r.body[0].Value, bson.D{}, at), int(number(get(e.Value.(bson.D), "size"))))
		case i == 0:
			list = r.matching(r.body[0].Value, e.Value.(bson.D), at)
		default:
			list = r.stage(list, e)
		}
	}
	batch := make(bson.A, len(list))
	for i := range list {
		batch[i] = list[i]
	}
	return r.found(batch, said...), nil
}

func (r *request) stage(list []bson.D, e bson.E) (out []bson.D) {
	switch e.Key {
	case "$match":
		ready := prepared(e.Value).(bson.D)
		return slices.DeleteFunc(list, func(d bson.D) bool { return !match(d, ready) })
	case "$group":
		if len(list) == 0 {
			return nil
		}
		return []bson.D{{{Key: "_id", Value: nil}, {Key: "count", Value: int32(len(list))}}} //nolint:gosec // a test's
	case "$sort":
		sortBy(list, e.Value.(bson.D))
		return list
	case "$limit":
		return list[:min(len(list), int(number(e.Value)))]
	case "$project", "$addFields":
		for _, doc := range list {
			made := bson.D{{Key: "_id", Value: get(doc, "_id")}}
			if e.Key == "$addFields" {
				made = slices.Clone(doc)
			}
			for _, f := range e.Value.(bson.D) {
				if number(f.Value) == 1 {
					made = append(made, bson.E{Key: f.Key, Value: get(doc, f.Key)})
				} else {
					made = append(made, bson.E{Key: f.Key, Value: eval(f.Value, doc, nil)})
				}
			}
			out = append(out, made)
		}
		return out
	}
	panic("unknown stage " + e.Key)
}
