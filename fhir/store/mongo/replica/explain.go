package replica

import (
	"fmt"
	"math/rand/v2"
	"slices"

	"go.mongodb.org/mongo-driver/v2/bson"
)

// codeTransaction is that of a command which is not allowed within a transaction.
const codeTransaction = 263

// walk is how a query finds its candidates.
type walk struct {
	index   string // "" = all of the collection
	bounds  bson.D
	ordered bool // in the order that is asked for
	rows    []bson.D
}

// explain says how a query would be carried out with the indexes that the collection has, and carries it out. As with MongoDB that is
// about what is committed now, and nothing within a transaction.
func (r *request) explain() (bson.D, error) {
	command, _ := r.body[0].Value.(bson.D)
	switch {
	case r.inTxn:
		return failure(codeTransaction, "Cannot run 'explain' in a multi-document transaction."), nil
	case has(command, "readConcern") || has(r.body, "readConcern"):
		return failure(72, "explain does not support a read concern"), nil
	}
	q := query{filter: bson.D{}, limit: int(number(get(command, "limit")))}
	q.filter, _ = get(command, "filter").(bson.D)
	q.sort, _ = get(command, "sort").(bson.D)
	var rest bson.A
	if command[0].Key == "aggregate" {
		q, rest = pushedDown(get(command, "pipeline").(bson.A))
	}
	looked, found, w, sorts := r.lookFor(command[0].Value, q)
	leaf := bson.D{{Key: "stage", Value: "COLLSCAN"}}
	keys := 0
	if w.index != "" {
		leaf = bson.D{{Key: "stage", Value: "FETCH"}, {Key: "inputStage", Value: bson.D{{Key: "stage", Value: "IXSCAN"}, {Key: "indexName", Value: w.index}, {Key: "indexBounds", Value: w.bounds}}}}
		keys = looked
	}
	if sorts {
		leaf = bson.D{{Key: "stage", Value: "SORT"}, {Key: "inputStage", Value: leaf}}
	}
	planned := bson.D{{Key: "queryPlanner", Value: bson.D{{Key: "namespace", Value: r.db + "." + fmt.Sprint(command[0].Value)}, {Key: "winningPlan", Value: leaf}, {Key: "rejectedPlans", Value: bson.A{}}}},
		{Key: "executionStats", Value: bson.D{{Key: "nReturned", Value: int32(found)}, {Key: "totalKeysExamined", Value: int32(keys)}, {Key: "totalDocsExamined", Value: int32(looked)}}}} //nolint:gosec // a test's
	if len(rest) == 0 {
		return ok(planned...), nil
	}
	return ok(bson.E{Key: "stages", Value: append(bson.A{bson.D{{Key: "$cursor", Value: planned}}}, rest...)}), nil
}

// query is what the indexes are asked for.
type query struct {
	filter, sort bson.D
	limit        int
}

// pushedDown is the beginning of a pipeline that the indexes are asked for, and what is left of it.
func pushedDown(pipeline bson.A) (q query, rest bson.A) {
	for i, stage := range pipeline {
		e := stage.(bson.D)[0]
		switch {
		case e.Key == "$match" && i == 0:
			q.filter = e.Value.(bson.D)
		case e.Key == "$sort" && q.limit == 0:
			q.sort = e.Value.(bson.D)
		case e.Key == "$limit" && q.limit == 0:
			q.limit = int(number(e.Value))
		default:
			return q, pipeline[i:]
		}
	}
	return q, nil
}

// lookFor carries a query out by the walk that has the fewest candidates, and counts how many of them it looks at.
func (r *request) lookFor(name any, q query) (looked, found int, w walk, sorts bool) {
	at := r.server.clock
	best := walk{rows: r.matching(name, bson.D{}, at), ordered: len(q.sort) == 0}
	if len(q.sort) == 1 && (q.sort[0].Key == "n" || q.sort[0].Key == "seq" || q.sort[0].Key == "_id") {
		best.index, best.ordered = map[string]string{"n": "created", "seq": "updated", "_id": "_id_"}[q.sort[0].Key], true
	}
	for _, part := range flattened(q.filter) {
		candidate := walk{index: indexOf(part)}
		if candidate.index == "" {
			continue
		}
		candidate.rows = r.matching(name, bson.D{part}, at)
		if len(candidate.rows) < len(best.rows) || best.index == "" {
			candidate.ordered = len(q.sort) == 0 || len(q.sort) == 1 && q.sort[0].Key == "n" && given(part)
			if candidate.index == "value" {
				candidate.bounds = bson.D{{Key: "idx.s", Value: slotsIn(part)}}
			}
			best = candidate
		}
	}
	if sorts = !best.ordered; best.index != "" && best.ordered && len(q.sort) > 0 {
		sortBy(best.rows, q.sort)
	}
	ready, _ := prepared(q.filter).(bson.D)
	for _, doc := range best.rows {
		looked++
		if match(doc, ready) {
			if found++; best.ordered && found == q.limit {
				break
			}
		}
	}
	return looked, found, best, sorts
}

// flattened are the conditions of a filter that all have to hold.
func flattened(filter bson.D) (list bson.D) {
	for _, e := range filter {
		if e.Key != "$and" {
			list = append(list, e)
			continue
		}
		for _, part := range e.Value.(bson.A) {
			list = append(list, flattened(part.(bson.D))...)
		}
	}
	return list
}

// indexOf is the index that a condition can use, "" where it can use none.
func indexOf(e bson.E) string {
	switch e.Key {
	case "_id":
		return "_id_"
	case "lastUpdated":
		return "time"
	case "words":
		return "word"
	case "idx":
		if len(slotsIn(e)) > 0 {
			return "value"
		}
	case "$or":
		index := ""
		for i, part := range e.Value.(bson.A) {
			list := flattened(part.(bson.D))
			each := slices.IndexFunc(list, func(e bson.E) bool { return indexOf(e) != "" })
			if each < 0 || i > 0 && indexOf(list[each]) != index {
				return ""
			}
			index = indexOf(list[each])
		}
		return index
	}
	return ""
}

// given reports whether a condition gives the fields of the index "value" before n, so that a walk of it is in the order of n.
func given(e bson.E) bool {
	v, _ := e.Value.(bson.D)
	conditions, _ := get(v, "$elemMatch").(bson.D)
	return !slices.ContainsFunc([]string{"s", "k", "v"}, func(name string) bool { _, is := get(conditions, name).(string); return !is })
}

// slotsIn are the bounds of the slot that a condition on idx has, as MongoDB writes them.
func slotsIn(e bson.E) (list bson.A) {
	switch v := e.Value.(type) {
	case bson.A:
		for _, part := range v {
			for _, each := range part.(bson.D) {
				list = append(list, slotsIn(each)...)
			}
		}
	case bson.D:
		conditions, _ := get(v, "$elemMatch").(bson.D)
		if slot, is := get(conditions, "s").(string); is {
			list = append(list, fmt.Sprintf("[%q, %q]", slot, slot))
		}
	}
	return list
}

// count is the command that gives the number of documents from what is known of the collection.
func (r *request) count() (bson.D, error) {
	if r.inTxn {
		return failure(codeTransaction, "Cannot run 'count' in a multi-document transaction."), nil
	}
	return ok(bson.E{Key: "n", Value: int32(len(r.matching(r.body[0].Value, bson.D{}, r.server.clock)))}), nil //nolint:gosec // a test's
}

// sample picks documents by chance.
func sample(list []bson.D, size int) []bson.D {
	list = slices.Clone(list)
	rand.Shuffle(len(list), func(i, j int) { list[i], list[j] = list[j], list[i] })
	return list[:min(size, len(list))]
}
