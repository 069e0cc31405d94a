package replica

import (
	"errors"
	"fmt"
	"strings"

	"go.mongodb.org/mongo-driver/v2/bson"
)

// own are the commands that the server answers even where it has a backend.
func own() []string {
	return []string{"hello", "isMaster", "ismaster", "commitTransaction", "abortTransaction", "endSessions", "getParameter", "connectionStatus", "ping", "createIndexes", "listIndexes"}
}

// forward has the backend carry out the command, without what it says of sessions, transactions and concerns. What is found is sifted
// once more here: few servers know all operators.
func (r *request) forward() (answer bson.D) {
	defer func() {
		if p := recover(); p != nil {
			answer = failure(2, fmt.Sprint(p))
		}
	}()
	if r.name == "find" || r.name == "aggregate" {
		return r.sift()
	}
	var command bson.D
	for _, e := range r.body {
		switch e.Key {
		case "lsid", "txnNumber", "startTransaction", "autocommit", "readConcern", "writeConcern", "$db", "$clusterTime", "$readPreference", "maxTimeMS":
		default:
			command = append(command, e)
		}
	}
	for name := range r.sequences {
		documents := bson.A{}
		for _, d := range r.documents(name) {
			documents = append(documents, d)
		}
		command = append(command, bson.E{Key: name, Value: documents})
	}
	answer, err := r.server.Backend(r.db, command)
	if err != nil {
		return failure(codeOf(err), err.Error()) // without a label: nothing was undone, so nothing may be done again
	}
	return answer
}

// sift finds what the backend takes for the documents that a filter finds at least, and does the rest here.
func (r *request) sift() bson.D {
	filter, _ := get(r.body, "filter").(bson.D)
	var stages bson.A
	if r.name == "aggregate" {
		stages = get(r.body, "pipeline").(bson.A)
		filter, stages = stages[0].(bson.D)[0].Value.(bson.D), stages[1:]
	}
	found, err := r.server.Backend(r.db, bson.D{{Key: "find", Value: r.body[0].Value}, {Key: "filter", Value: loosened(filter)}})
	if err != nil {
		return failure(codeOf(err), err.Error())
	}
	var list []bson.D
	ready, _ := prepared(filter).(bson.D)
	for _, d := range get(get(found, "cursor").(bson.D), "firstBatch").(bson.A) {
		if match(d.(bson.D), ready) {
			list = append(list, d.(bson.D))
		}
	}
	for _, stage := range stages {
		list = r.stage(list, stage.(bson.D)[0])
	}
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
	return cursor(r.db+"."+fmt.Sprint(r.body[0].Value), batch, bson.E{Key: "atClusterTime", Value: bson.Timestamp{T: 1}})
}

// loosened is a filter that finds no less, without what the backend may not know: conditions on one element of an array become conditions on
// any, and what is negated is left out.
func loosened(filter bson.D) bson.D {
	out := bson.D{}
	and := bson.A{}
	for _, e := range filter {
		switch {
		case e.Key == "$nor":
		case e.Key == "$and" || e.Key == "$or":
			list := bson.A{}
			for _, part := range e.Value.(bson.A) {
				list = append(list, loosened(part.(bson.D)))
			}
			and = append(and, bson.D{{Key: e.Key, Value: list}})
		default:
			operators, is := isOperators(e.Value)
			if conditions, elem := get(operators, "$elemMatch").(bson.D); is && elem {
				and = append(and, spread(e.Key, conditions)...)
				continue
			}
			out = append(out, e)
		}
	}
	if len(and) > 0 {
		out = append(out, bson.E{Key: "$and", Value: and})
	}
	return out
}

// spread makes of conditions on one element conditions on the array.
func spread(array string, conditions bson.D) (list bson.A) {
	if operators, is := isOperators(conditions); is && !strings.HasPrefix(operators[0].Key, "$and") && operators[0].Key != "$or" && operators[0].Key != "$nor" {
		for _, op := range operators {
			list = append(list, bson.D{{Key: array, Value: bson.D{op}}})
		}
		return list
	}
	for _, e := range conditions {
		if strings.HasPrefix(e.Key, "$") {
			continue
		}
		list = append(list, bson.D{{Key: array + "." + e.Key, Value: e.Value}})
	}
	return list
}

// codeOf is the code of a backend's error.
func codeOf(err error) int32 {
	var coded interface{ ErrorCodes() []int }
	if errors.As(err, &coded) && len(coded.ErrorCodes()) > 0 {
		return int32(coded.ErrorCodes()[0]) //nolint:gosec // codes are small
	}
	return 8
}
