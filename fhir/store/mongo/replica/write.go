package replica

import (
	"slices"
	"strings"

	"go.mongodb.org/mongo-driver/v2/bson"
)

const maxDocument = 16 << 20

// documents are those that a command brings along, wherever it has them.
func (r *request) documents(name string) (list []bson.D) {
	for _, raw := range r.sequences[name] {
		var d bson.D
		if err := bson.Unmarshal(raw, &d); err != nil {
			panic(err)
		}
		list = append(list, d)
	}
	if inline, ok := get(r.body, name).(bson.A); ok {
		for _, d := range inline {
			list = append(list, d.(bson.D))
		}
	}
	return list
}

// outcome is the answer to a write.
func outcome(n, modified int, upserted bson.A, failed bson.A) bson.D {
	d := bson.D{{Key: "n", Value: int32(n)}, {Key: "nModified", Value: int32(modified)}} //nolint:gosec // a test's
	if len(upserted) > 0 {
		d = append(d, bson.E{Key: "upserted", Value: upserted})
	}
	if len(failed) > 0 {
		d = append(d, bson.E{Key: "writeErrors", Value: failed})
	}
	return ok(d...)
}

// writeError is one of the errors of a bulk; false for one that ends the command.
func writeError(at int, err error) (bson.D, bool) {
	if _, ok := err.(duplicate); ok { //nolint:errorlint // it is not wrapped
		return bson.D{{Key: "index", Value: int32(at)}, {Key: "code", Value: int32(codeDuplicateKey)}, {Key: "errmsg", Value: err.Error()}}, true //nolint:gosec // a test's
	}
	return nil, false
}

func tooLarge(d bson.D) bool {
	b, err := bson.Marshal(d)
	return err != nil || len(b) > maxDocument
}

func (r *request) insert() (bson.D, error) {
	c := r.coll(r.body[0].Value)
	n := 0
	for i, d := range r.documents("documents") {
		if tooLarge(d) {
			return failure(codeTooLarge, "BSONObjectTooLarge"), nil
		}
		err := r.server.write(c, get(d, "_id"), r.txn, r.deadline, func(old bson.D) (bson.D, error) {
			if old != nil {
				return nil, duplicate{}
			}
			return d, nil
		})
		if failed, ok := writeError(i, err); ok {
			return outcome(n, 0, nil, bson.A{failed}), nil
		}
		if err != nil {
			return nil, err
		}
		n++
	}
	return outcome(n, 0, nil, nil), nil
}

func (r *request) update() (bson.D, error) {
	n, modified := 0, 0
	var upserted bson.A
	for i, u := range r.documents("updates") {
		filter := get(u, "q").(bson.D)
		doc, found, err := r.modify(filter, get(u, "u").(bson.D), get(u, "upsert") == true)
		if err != nil {
			return nil, err
		}
		switch {
		case found:
			n, modified = n+1, modified+1
		case doc != nil:
			n++
			upserted = append(upserted, bson.D{{Key: "index", Value: int32(i)}, {Key: "_id", Value: get(doc, "_id")}}) //nolint:gosec // a test's
		}
	}
	return outcome(n, modified, upserted, nil), nil
}

// modify changes the first document that passes a filter; doc is what becomes of it, nil where there is nothing to change.
func (r *request) modify(filter, change bson.D, upsert bool) (doc bson.D, found bool, err error) {
	at := r.server.clock
	if r.txn != nil {
		at = r.txn.at
	}
	list := r.matching(r.body[0].Value, filter, at)
	id := get(filter, "_id")
	switch {
	case len(list) > 0:
		id = get(list[0], "_id")
	case !upsert:
		// A document that was changed since the snapshot, so that it does not match, is a conflict all the same.
		return nil, false, nil
	}
	if len(list) > 0 && key(changed(list[0], change, id)) == key(list[0]) {
		return list[0], true, nil // nothing to change is no write, and waits for nobody
	}
	err = r.server.write(r.coll(r.body[0].Value), id, r.txn, r.deadline, func(old bson.D) (bson.D, error) {
		if found = old != nil; !found && !upsert {
			return nil, nil
		}
		doc = changed(old, change, id)
		return doc, nil
	})
	return doc, found, err
}

// changed applies an update.
func changed(old, change bson.D, id any) bson.D {
	if len(change) == 0 || !strings.HasPrefix(change[0].Key, "$") {
		return append(bson.D{{Key: "_id", Value: id}}, slices.DeleteFunc(slices.Clone(change), func(e bson.E) bool { return e.Key == "_id" })...)
	}
	doc := slices.Clone(old)
	if old == nil {
		doc = bson.D{{Key: "_id", Value: id}}
	}
	for _, op := range change {
		for _, f := range op.Value.(bson.D) {
			at := slices.IndexFunc(doc, func(e bson.E) bool { return e.Key == f.Key })
			value := f.Value
			switch op.Key {
			case "$setOnInsert":
				if old != nil {
					continue
				}
			case "$inc":
				if at >= 0 {
					value = int64(number(doc[at].Value)) + int64(number(f.Value))
				}
			case "$set":
			default:
				panic("unknown update " + op.Key)
			}
			if at >= 0 {
				doc[at].Value = value
			} else {
				doc = append(doc, bson.E{Key: f.Key, Value: value})
			}
		}
	}
	return doc
}

func (r *request) remove() (bson.D, error) {
	n := 0
	for _, d := range r.documents("deletes") {
		at := r.server.clock
		if r.txn != nil {
			at = r.txn.at
		}
		list := r.matching(r.body[0].Value, get(d, "q").(bson.D), at)
		if number(get(d, "limit")) == 1 && len(list) > 1 {
			list = list[:1]
		}
		for _, doc := range list {
			if err := r.server.write(r.coll(r.body[0].Value), get(doc, "_id"), r.txn, r.deadline, func(bson.D) (bson.D, error) { return nil, nil }); err != nil {
				return nil, err
			}
			n++
		}
	}
	return outcome(n, 0, nil, nil), nil
}

func (r *request) findAndModify() (bson.D, error) {
	doc, found, err := r.modify(get(r.body, "query").(bson.D), get(r.body, "update").(bson.D), get(r.body, "upsert") == true)
	if err != nil {
		return nil, err
	}
	var shown any
	if doc != nil {
		shown = doc
	}
	return ok(bson.E{Key: "lastErrorObject", Value: bson.D{{Key: "n", Value: int32(1)}, {Key: "updatedExisting", Value: found}}}, bson.E{Key: "value", Value: shown}), nil
}
