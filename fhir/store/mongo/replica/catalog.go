package replica

import (
	"fmt"
	"slices"

	"go.mongodb.org/mongo-driver/v2/bson"
)

// maxIndexes is how many a collection may have, that by _id included.
const maxIndexes = 64

// Codes of createIndexes.
const (
	codeCannotCreateIndex   = 67
	codeIndexOptions        = 85
	codeIndexKeySpecs       = 86
	codeCannotBuildKeys     = 201
	maxKeys                 = 100_000 // of a document in one index
	errParallel             = constError("cannot index parallel arrays")
	errTooManyKeys          = constError("Index key generation exceeded the maximum")
	codeNamespaceNotCreated = codeNotMadeBeforehand
)

// collection is the one of a name; one that is not there is made, but for nobody else.
func (s *Server) collection(name string) *collection {
	if c := s.data[name]; c != nil {
		return c
	}
	return &collection{chains: make(map[string]*chain)}
}

// make makes a collection.
func (s *Server) make(name string) *collection {
	c := s.data[name]
	if c == nil {
		c = s.collection(name)
		s.data[name] = c
		s.clock++
		c.changed = s.clock
	}
	return c
}

// there refuses writes to a collection that has not been made: MongoDB makes it in passing, within a transaction too, where that conflicts with
// everybody else's first write.
func (r *request) there() error {
	switch r.name {
	case "insert", "update", "findAndModify":
		if name := r.db + "." + fmt.Sprint(r.body[0].Value); r.server.data[name] == nil {
			return refuse(codeNamespaceNotCreated, "the collection %s is written before it is made", name)
		}
	}
	return nil
}

// behind reports that a collection was made or got an index after the snapshot that is read: MongoDB before 7.0 does not look behind that.
func (r *request) behind() bson.D {
	switch r.name {
	case "find", "aggregate", "insert", "update", "delete", "findAndModify":
	default:
		return nil
	}
	c := r.server.data[r.db+"."+fmt.Sprint(r.body[0].Value)]
	concern, _ := get(r.body, "readConcern").(bson.D)
	if c == nil || r.txn == nil && get(concern, "level") != "snapshot" {
		return nil
	}
	if at, _ := r.snapshot(); at >= c.changed {
		return nil
	}
	const text = "Unable to read from a snapshot due to pending collection catalog changes; please retry the operation."
	if r.inTxn {
		return failure(codeSnapshotUnavail, text, labelTransient)
	}
	return failure(codeSnapshotUnavail, text)
}

func (r *request) createIndexes() (bson.D, error) {
	specs, _ := get(r.body, "indexes").(bson.A)
	if len(specs) == 0 {
		return nil, refuse(codeBadValue, "Must specify at least one index to create")
	}
	c := r.server.make(r.db + "." + fmt.Sprint(r.body[0].Value))
	before := len(c.indexes)
	for _, spec := range specs {
		d, _ := spec.(bson.D)
		name, named := get(d, "name").(string)
		keys, is := get(d, "key").(bson.D)
		if !named || !is || len(keys) == 0 || len(keys) > 32 {
			return nil, refuse(codeFailedToParse, "an index needs a name and a key")
		}
		same := slices.IndexFunc(c.indexes, func(v any) bool { return key(get(v.(bson.D), "key")) == key(keys) })
		called := slices.IndexFunc(c.indexes, func(v any) bool { return get(v.(bson.D), "name") == name })
		switch {
		case called >= 0 && called == same:
			continue
		case called >= 0:
			return nil, refuse(codeIndexKeySpecs, "An existing index has the same name as the requested index, and other keys: %s", name)
		case same >= 0:
			return nil, refuse(codeIndexOptions, "Index already exists with a different name: %v", get(c.indexes[same].(bson.D), "name"))
		case len(c.indexes)+1 >= maxIndexes:
			return nil, refuse(codeCannotCreateIndex, "too many indexes")
		}
		c.indexes = append(c.indexes, d)
	}
	if len(c.indexes) > before {
		r.server.clock++
		c.changed = r.server.clock
	}
	return ok(), nil
}

func (r *request) listIndexes() (bson.D, error) {
	name := r.db + "." + fmt.Sprint(r.body[0].Value)
	c := r.server.data[name]
	if c == nil {
		return nil, refuse(codeNamespaceNotFound, "ns does not exist: %s", name)
	}
	byID := bson.D{{Key: "v", Value: int32(2)}, {Key: "key", Value: bson.D{{Key: "_id", Value: int32(1)}}}, {Key: "name", Value: "_id_"}}
	return cursor(name, append(bson.A{byID}, c.indexes...)), nil
}

// indexable refuses a document that the indexes of a collection cannot have: of the fields of one index only one may be within an array,
// and the keys of one document are bounded.
func (c *collection) indexable(doc bson.D) error {
	for _, spec := range c.indexes {
		keys, _ := get(spec.(bson.D), "key").(bson.D)
		arrays := make(map[string]int)
		for _, k := range keys {
			if path, n := arrayOn(doc, k.Key); path != "" {
				arrays[path] = n
			}
		}
		if len(arrays) > 1 {
			return refuse(codeParallelArrays, "%s", errParallel)
		}
		for _, n := range arrays {
			if n > maxKeys {
				return refuse(codeCannotBuildKeys, "%s", errTooManyKeys)
			}
		}
	}
	return nil
}

// arrayOn is the array on the way of a path, and how many items it has.
func arrayOn(doc bson.D, path string) (name string, items int) {
	for at := 0; at <= len(path); at++ {
		if at < len(path) && path[at] != '.' {
			continue
		}
		for _, v := range lookUp(doc, path[:at], nil) {
			if a, is := v.(bson.A); is {
				return path[:at], len(a)
			}
		}
	}
	return "", 0
}
