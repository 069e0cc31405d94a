package replica

import (
	"slices"
	"strings"

	"go.mongodb.org/mongo-driver/v2/bson"
)

// listDatabases answers with the names of the databases that hold a collection.
func (r *request) listDatabases() bson.D {
	var names []string
	for name := range r.server.data {
		database, _, _ := strings.Cut(name, ".")
		names = append(names, database)
	}
	slices.Sort(names)
	list := bson.A{}
	for _, name := range slices.Compact(names) {
		list = append(list, bson.D{{Key: "name", Value: name}, {Key: "sizeOnDisk", Value: int64(1)}, {Key: "empty", Value: false}})
	}
	return append(bson.D{{Key: "databases", Value: list}}, ok()...)
}
