package replica

import (
	"fmt"
	"regexp"
	"slices"
	"strings"

	"go.mongodb.org/mongo-driver/v2/bson"
)

// Limits of a server: https://www.mongodb.com/docs/manual/reference/limits. A command may have some bytes more than a document.
const (
	maxCommand = 16<<20 + 16<<10
	maxBatch   = 100_000
	maxNested  = 100 // of documents and of conditions
	maxPattern = 32_764
	maxName    = 255 // bytes of a database and a collection together
)

// Codes of what is refused.
const (
	codeBadValue           = 2
	codeFailedToParse      = 9
	codeOverflow           = 15
	codeInvalidLength      = 16
	codeNamespaceNotFound  = 26
	codeCursorNotFound     = 43
	codeDollarPrefixed     = 52
	codeImmutable          = 66
	codeInvalidOptions     = 72
	codeInvalidNamespace   = 73
	codeSnapshotUnavail    = 246
	codeParallelArrays     = 171
	codeUnknownField       = 40415
	codeRegex              = 51091
	codeSessionOfAnother   = 50738
	codeNotMadeBeforehand  = 9_000_001 // of ours: MongoDB would make the collection, in passing
	codeSnapshotNotAllowed = codeInvalidOptions
)

// refusal is an error with a code.
type refusal struct {
	code int32
	text string
}

func (r *refusal) Error() string { return r.text }

func refuse(code int32, format string, args ...any) error {
	return &refusal{code, fmt.Sprintf(format, args...)}
}

// fields are those that a command may have beside the ones that all may have; nil = it is not looked at.
func fields(command string) []string {
	switch command {
	case "find":
		return []string{"filter", "sort", "projection", "limit", "skip", "batchSize", "singleBatch", "allowDiskUse", "hint", "collation", "let", "noCursorTimeout"}
	case "aggregate":
		return []string{"pipeline", "cursor", "allowDiskUse", "hint", "collation", "let", "bypassDocumentValidation"}
	case "insert":
		return []string{"documents", "ordered", "bypassDocumentValidation"}
	case "update":
		return []string{"updates", "ordered", "bypassDocumentValidation", "let"}
	case "delete":
		return []string{"deletes", "ordered", "let"}
	case "findAndModify":
		return []string{"query", "update", "new", "upsert", "fields", "sort", "remove", "hint", "collation", "let"}
	case "getMore":
		return []string{"collection", "batchSize"}
	case "create":
		return []string{"validator", "collation", "capped", "size", "max"}
	case "createIndexes":
		return []string{"indexes", "commitQuorum"}
	}
	return nil
}

// check refuses what a server refuses before it carries a command out.
func (r *request) check() error {
	if r.size > maxCommand {
		return refuse(codeTooLarge, "BSONObj size: %d is invalid", r.size)
	}
	known := fields(r.name)
	general := []string{"lsid", "$db", "$clusterTime", "$readPreference", "txnNumber", "startTransaction", "autocommit", "readConcern", "writeConcern", "maxTimeMS", "comment"}
	for i, e := range r.body {
		if i > 0 && known != nil && !slices.Contains(known, e.Key) && !slices.Contains(general, e.Key) {
			return refuse(codeUnknownField, "BSON field '%s.%s' is an unknown field", r.name, e.Key)
		}
	}
	if err := r.checkConcerns(); err != nil {
		return err
	}
	if name, is := r.body[0].Value.(string); is && r.db != "admin" && known != nil {
		if err := checkName(r.db, name); err != nil {
			return err
		}
	}
	return r.checkContent()
}

// checkConcerns holds a command to what is allowed within transactions and on snapshots:
// https://www.mongodb.com/docs/manual/core/transactions-operations and https://www.mongodb.com/docs/manual/reference/read-concern-snapshot.
func (r *request) checkConcerns() error {
	concern, has := get(r.body, "readConcern").(bson.D)
	level := get(concern, "level")
	if !r.inTxn {
		if level == "snapshot" && r.name != "find" && r.name != "aggregate" && r.name != "distinct" && r.name != "getMore" {
			return refuse(codeSnapshotNotAllowed, "read concern snapshot is not allowed for %s outside of a transaction", r.name)
		}
		if get(concern, "atClusterTime") != nil && level != "snapshot" {
			return refuse(codeInvalidOptions, "atClusterTime goes with snapshot only")
		}
		return nil
	}
	ends := r.name == "commitTransaction" || r.name == "abortTransaction"
	switch r.name {
	case "find", "aggregate", "insert", "update", "delete", "findAndModify", "getMore", "killCursors", "commitTransaction", "abortTransaction":
	default:
		return refuse(codeTransaction, "Cannot run '%s' in a multi-document transaction.", r.name)
	}
	starts := get(r.body, "startTransaction") == true
	preference, _ := get(r.body, "$readPreference").(bson.D)
	mode, chosen := get(preference, "mode").(string)
	switch {
	case r.number == 0 || r.session == "":
		return refuse(codeInvalidOptions, "a transaction needs a session and a number")
	case has && !starts:
		return refuse(codeInvalidOptions, "Only the first command in a transaction may specify a readConcern")
	case get(r.body, "writeConcern") != nil && !ends:
		return refuse(codeInvalidOptions, "%s within a transaction may have no writeConcern", r.name)
	case ends && r.db != "admin":
		return refuse(13, "%s may only be run against the admin database.", r.name)
	case starts && (ends || r.name == "getMore" || r.name == "killCursors"):
		return refuse(codeTransaction, "Cannot run '%s' as the first operation in a transaction", r.name)
	case chosen && mode != "primary":
		return refuse(codeInvalidOptions, "Read preference in a transaction must be primary, not: %s", mode)
	}
	return nil
}

func checkName(db, name string) error {
	if name == "" || strings.ContainsAny(name, "$\x00") || name[0] == '.' || strings.HasPrefix(name, "system.") || len(db)+1+len(name) > maxName || len(db) > 63 || strings.ContainsAny(db, "/\\. \"$") {
		return refuse(codeInvalidNamespace, "Invalid namespace specified '%s.%s'", db, name)
	}
	return nil
}

func (r *request) checkContent() error {
	switch r.name {
	case "find":
		filter, _ := get(r.body, "filter").(bson.D)
		sort, _ := get(r.body, "sort").(bson.D)
		projection, _ := get(r.body, "projection").(bson.D)
		if number(get(r.body, "limit")) < 0 {
			return refuse(codeBadValue, "limit must be at least 0")
		}
		return firstError(checkFilter(filter, 1), checkSort(sort), checkProjection(projection))
	case "aggregate":
		stages, is := get(r.body, "pipeline").(bson.A)
		if _, cursor := get(r.body, "cursor").(bson.D); !is || !cursor {
			return refuse(codeFailedToParse, "The 'cursor' option is required")
		}
		for _, stage := range stages {
			if d, is := stage.(bson.D); !is || len(d) != 1 {
				return refuse(40323, "A pipeline stage specification object must contain exactly one field.")
			}
			if err := checkStage(stage.(bson.D)[0]); err != nil {
				return err
			}
		}
	case "insert", "update", "delete":
		list := r.documents(map[string]string{"insert": "documents", "update": "updates", "delete": "deletes"}[r.name])
		if len(list) == 0 || len(list) > maxBatch {
			return refuse(codeInvalidLength, "Write batch sizes must be between 1 and %d. Got %d operations.", maxBatch, len(list))
		}
		for _, d := range list {
			if err := checkWrite(r.name, d); err != nil {
				return err
			}
		}
	case "findAndModify":
		change, _ := get(r.body, "update").(bson.D)
		query, _ := get(r.body, "query").(bson.D)
		return firstError(checkFilter(query, 1), checkUpdate(change))
	}
	return nil
}

func firstError(errs ...error) error {
	for _, err := range errs {
		if err != nil {
			return err
		}
	}
	return nil
}

func checkStage(e bson.E) error {
	switch e.Key {
	case "$match":
		return checkFilter(e.Value.(bson.D), 1)
	case "$sort":
		if len(e.Value.(bson.D)) == 0 {
			return refuse(15976, "$sort stage must have at least one sort key")
		}
		return checkSort(e.Value.(bson.D))
	case "$limit":
		if number(e.Value) < 1 {
			return refuse(15958, "the limit must be positive")
		}
	case "$project":
		if len(e.Value.(bson.D)) == 0 {
			return refuse(51272, "Invalid $project :: caused by :: projection specification must have at least one field")
		}
	}
	return nil
}

func checkSort(sort bson.D) error {
	if len(sort) > 32 {
		return refuse(codeBadValue, "too many sort keys")
	}
	for _, e := range sort {
		if n := number(e.Value); n != 1 && n != -1 {
			return refuse(15975, "$sort key ordering must be 1 (for ascending) or -1 (for descending)")
		}
	}
	return nil
}

// checkProjection: fields are either kept or left out, but for _id.
func checkProjection(projection bson.D) error {
	kept, left := 0, 0
	for _, e := range projection {
		switch {
		case e.Key == "_id":
		case number(e.Value) == 1:
			kept++
		default:
			left++
		}
	}
	if kept > 0 && left > 0 {
		return refuse(31254, "Cannot do exclusion in inclusion projection")
	}
	return nil
}

// checkFilter refuses filters that MongoDB cannot parse.
func checkFilter(filter bson.D, depth int) error {
	if depth > maxNested {
		return refuse(codeBadValue, "exceeded maximum query tree depth of %d", maxNested)
	}
	for _, e := range filter {
		switch e.Key {
		case "$and", "$or", "$nor":
			list, is := e.Value.(bson.A)
			if !is || len(list) == 0 {
				return refuse(codeBadValue, "%s must be a nonempty array", e.Key)
			}
			for _, part := range list {
				d, is := part.(bson.D)
				if !is {
					return refuse(codeBadValue, "%s entries need to be full objects", e.Key)
				}
				if err := checkFilter(d, depth+1); err != nil {
					return err
				}
			}
			continue
		}
		if strings.HasPrefix(e.Key, "$") {
			return refuse(codeBadValue, "unknown top level operator: %s", e.Key)
		}
		if operators, is := isOperators(e.Value); is {
			if err := checkOperators(operators, depth+1); err != nil {
				return err
			}
		}
	}
	return nil
}

func checkOperators(operators bson.D, depth int) error {
	for _, op := range operators {
		switch op.Key {
		case "$eq", "$ne", "$gt", "$gte", "$lt", "$lte", "$exists", "$type":
		case "$in":
			if _, is := op.Value.(bson.A); !is {
				return refuse(codeBadValue, "$in needs an array")
			}
		case "$regex":
			re, is := op.Value.(bson.Regex)
			if !is {
				return refuse(codeBadValue, "$regex has to be a string")
			}
			if len(re.Pattern) > maxPattern || strings.ContainsRune(re.Pattern, 0) || strings.Trim(re.Options, "imsxu") != "" {
				return refuse(codeRegex, "Regular expression is invalid")
			}
			if _, err := regexp.Compile(re.Pattern); err != nil {
				return refuse(codeRegex, "Regular expression is invalid: %v", err)
			}
		case "$elemMatch":
			conditions, is := op.Value.(bson.D)
			if !is {
				return refuse(codeBadValue, "$elemMatch needs an Object")
			}
			if list, ofValues := isOperators(conditions); ofValues && list[0].Key != "$and" && list[0].Key != "$or" && list[0].Key != "$nor" {
				return checkOperators(list, depth+1)
			}
			return checkFilter(conditions, depth+1)
		default:
			return refuse(codeBadValue, "unknown operator: %s", op.Key)
		}
	}
	return nil
}

// checkWrite looks at an item of a bulk.
func checkWrite(command string, d bson.D) error {
	switch command {
	case "insert":
		return checkDocument(d)
	case "update":
		change, is := get(d, "u").(bson.D)
		q, _ := get(d, "q").(bson.D)
		if !is {
			return refuse(codeFailedToParse, "an update has to be a document here")
		}
		return firstError(checkFilter(q, 1), checkUpdate(change))
	}
	q, _ := get(d, "q").(bson.D)
	if limit := number(get(d, "limit")); limit != 0 && limit != 1 {
		return refuse(codeFailedToParse, "The limit field in delete objects must be 0 or 1")
	}
	return checkFilter(q, 1)
}

func checkUpdate(change bson.D) error {
	if len(change) == 0 || !strings.HasPrefix(change[0].Key, "$") {
		return checkDocument(change)
	}
	seen := make(map[string]bool)
	for _, op := range change {
		fields, is := op.Value.(bson.D)
		if !strings.HasPrefix(op.Key, "$") || !is || len(fields) == 0 {
			return refuse(codeFailedToParse, "Modifiers operate on fields but we found %v for %s", op.Value, op.Key)
		}
		for _, f := range fields {
			switch {
			case seen[f.Key]:
				return refuse(40, "Updating the path '%s' would create a conflict at '%s'", f.Key, f.Key)
			case f.Key == "" || strings.HasPrefix(f.Key, "$") || strings.Contains(f.Key, "."):
				return refuse(codeDollarPrefixed, "The path '%s' is not one that is used here", f.Key)
			case f.Key == "_id":
				return refuse(codeImmutable, "Mod on _id not allowed")
			}
			seen[f.Key] = true
			if err := checkNames(f.Value, 2); err != nil {
				return err
			}
		}
	}
	return nil
}

// checkDocument looks at a document to be stored.
func checkDocument(d bson.D) error {
	switch get(d, "_id").(type) {
	case bson.A, bson.Regex, bson.Undefined:
		return refuse(codeBadValue, "The '_id' value cannot be of this type")
	}
	return checkNames(d, 1)
}

// checkNames refuses names with "$" before them, with dots, without anything and given twice, and what is nested too deeply. Some of that MongoDB
// takes in some places and versions; nothing that has to be read by all of them should have it.
func checkNames(v any, depth int) error {
	if depth > maxNested {
		return refuse(codeOverflow, "the document is nested deeper than %d levels", maxNested)
	}
	switch v := v.(type) {
	case bson.D:
		seen := make(map[string]bool, len(v))
		for _, e := range v {
			if e.Key == "" || e.Key[0] == '$' || strings.ContainsAny(e.Key, ".\x00") || seen[e.Key] {
				return refuse(codeDollarPrefixed, "the name '%s' is not one that may be stored, or stands twice", e.Key)
			}
			seen[e.Key] = true
			if err := checkNames(e.Value, depth+1); err != nil {
				return err
			}
		}
	case bson.A:
		for _, item := range v {
			if err := checkNames(item, depth+1); err != nil {
				return err
			}
		}
	}
	return nil
}
