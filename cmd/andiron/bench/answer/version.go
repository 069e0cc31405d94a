package answer

import (
	"bytes"
	"strconv"
)

// ETag gives the version in an ETag field, W/"3" or "3"; nil when there is none.
func ETag(field []byte) []byte {
	field = bytes.TrimPrefix(field, []byte("W/"))
	if len(field) < 2 || field[0] != '"' || field[len(field)-1] != '"' {
		return nil
	}
	return field[1 : len(field)-1]
}

// Later reports whether a version may follow another. Version ids are opaque (http://hl7.org/fhir/R4/resource.html#Meta):
// where both are whole numbers the later one is greater, elsewhere it is another one.
func Later(before, after []byte) bool {
	a, errA := strconv.ParseUint(string(before), 10, 64)
	b, errB := strconv.ParseUint(string(after), 10, 64)
	if errA == nil && errB == nil {
		return b > a
	}
	return len(after) > 0 && !bytes.Equal(before, after)
}
