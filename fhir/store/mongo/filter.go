package mongo

import (
	"slices"
	"unicode/utf8"

	"andiron.dev/search"
	"go.mongodb.org/mongo-driver/v2/bson"
)

// every, none and the functions below make filters.

func field(name string, value any) bson.E { return bson.E{Key: name, Value: value} }

func every() bson.D { return bson.D{} }

// none finds nothing.
func none() bson.D { return bson.D{field("_id", bson.D{field("$in", bson.A{})})} }

// value finds resources with an index value that satisfies all conditions.
func value(conditions ...bson.E) bson.D {
	return bson.D{field("idx", bson.D{field("$elemMatch", bson.D(conditions))})}
}

func all(parts []bson.D) bson.D { return combined("$and", parts, every()) }

func anyOf(parts []bson.D) bson.D { return combined("$or", parts, none()) }

func combined(operator string, parts []bson.D, empty bson.D) bson.D {
	switch len(parts) {
	case 0:
		return empty
	case 1:
		return parts[0]
	}
	list := make(bson.A, len(parts))
	for i, p := range parts {
		list[i] = p
	}
	return bson.D{field(operator, list)}
}

func not(part bson.D) bson.D { return bson.D{field("$nor", bson.A{part})} }

// oneOf is equality with one of some values.
func oneOf[T any](values []T) any {
	if len(values) == 1 {
		return values[0]
	}
	return bson.D{field("$in", values)}
}

// beginning is the condition on a text that begins with a prefix.
func beginning(prefix string) bson.D {
	bounds := bson.D{field("$gte", prefix)}
	if next := successor(prefix); next != "" {
		return append(bounds, field("$lt", next))
	}
	return append(bounds, field("$type", "string"))
}

// successor is the first text after all that begin with prefix; "" = there is none.
func successor(prefix string) string {
	for prefix != "" {
		r, n := utf8.DecodeLastRuneInString(prefix)
		prefix = prefix[:len(prefix)-n]
		switch {
		case r >= utf8.MaxRune:
			continue
		case r == 0xd7ff:
			r = 0xdfff // surrogates are no characters
		}
		return prefix + string(r+1)
	}
	return ""
}

// interval is the condition on a value that begins at k and ends at v.
type interval = []bson.E

// intervalTests are the conditions of search.Prefix on the fields low and high, of which one has to hold. Every interval begins before
// it ends, so what lies within can be bounded on both sides, which makes a range of the index.
func intervalTests(p search.Prefix, fieldLow, fieldHigh string, low, high string) []interval {
	is := func(name string, bounds ...bson.E) bson.E { return field(name, bson.D(bounds)) }
	within := interval{is(fieldLow, field("$gte", low), field("$lt", high)), is(fieldHigh, field("$lte", high))}
	before := interval{is(fieldLow, field("$lt", low))}
	after := interval{is(fieldHigh, field("$gt", high))}
	switch p {
	case search.NotEqual:
		return []interval{before, after}
	case search.Greater:
		return []interval{after}
	case search.Less:
		return []interval{before}
	case search.GreaterEqual:
		return []interval{after, within}
	case search.LessEqual:
		return []interval{before, within}
	case search.StartsAfter:
		return []interval{{is(fieldLow, field("$gte", high))}}
	case search.EndsBefore:
		return []interval{{is(fieldLow, field("$lt", low)), is(fieldHigh, field("$lte", low))}}
	case search.Approximately:
		return []interval{{is(fieldLow, field("$lt", high)), is(fieldHigh, field("$gt", low))}}
	}
	return []interval{within}
}

func dateTests(t search.DateTest, low, high string) []interval {
	return intervalTests(t.Prefix, low, high, instant(t.Low), instant(t.High))
}

func numberTests(t search.NumberTest, low, high string) []interval {
	return intervalTests(t.Prefix, low, high, hexBound(t.Low), hexBound(t.High))
}

// conditionsOn puts a slot before conditions.
func conditionsOn(slot string, rest []bson.E) bson.D {
	return value(slices.Concat([]bson.E{field("s", slot)}, rest)...)
}
