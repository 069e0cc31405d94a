package mongo

import (
	"math"

	"andiron.dev/fhir"
	"andiron.dev/search"
	"go.mongodb.org/mongo-driver/v2/bson"
)

// meter keeps count of what a search looks at. MongoDB tells that only afterwards and has no bound for it, so what is counted is what
// each walk of an index cannot do without: the resources within the bounds of the criterion that has the fewest of them, counted
// on the index up to what is left of the limit; and where a walk has no such bounds but an end, its window is bounded by what is left.
type meter struct {
	limit int64 // 0 = none
	rows  int64
	trace *trace // nil = the search is not explained
}

// left is what may still be looked at.
func (m *meter) left() int64 {
	if m.limit == 0 {
		return math.MaxInt64
	}
	return m.limit - m.rows
}

func (m *meter) tooWide(why string) error {
	return fhir.Errorf(fhir.TooCostly, "the search would cost too much: at most %d resources and index rows are looked at for one, and %s; narrow it with a parameter that few resources satisfy", m.limit, why)
}

const (
	sparesNothing = "no parameter of this one spares it from looking at every resource of the type, to count them or to sort them"
	looksAtMore   = "it has looked at more of them and is not done"
)

// add counts.
func (m *meter) add(rows int64) error {
	if m.limit == 0 {
		return nil
	}
	if m.rows += rows; m.rows > m.limit {
		return m.tooWide(looksAtMore)
	}
	return nil
}

// criterion is one of those that all have to hold.
type criterion struct {
	of     search.Expr
	filter bson.D // nil as long as it is being compiled
}

// criteriaOf takes an expression apart.
func criteriaOf(e search.Expr) []search.Expr {
	and, ok := e.(search.And)
	if !ok {
		return []search.Expr{e}
	}
	var list []search.Expr
	for _, each := range and {
		list = append(list, criteriaOf(each)...)
	}
	return list
}

// conjuncts takes a filter apart.
func conjuncts(filter bson.D) (list []bson.D) {
	for _, e := range filter {
		if parts, ok := e.Value.(bson.A); ok && e.Key == "$and" {
			for _, part := range parts {
				list = append(list, conjuncts(part.(bson.D))...)
			}
			continue
		}
		list = append(list, bson.D{e})
	}
	return list
}

// walked is the filter on all that a walk of one index comes by which finds what satisfies a filter; false where no index leads to it. It is
// made of the conditions that bound the walk: on the slot, on the key, and, where the key is given, on what narrows it.
func walked(filter bson.D) (bson.D, bool) {
	for _, e := range filter {
		switch e.Key {
		case "$and":
			for _, part := range e.Value.(bson.A) {
				if f, ok := walked(part.(bson.D)); ok {
					return f, true
				}
			}
		case "$or":
			var parts []bson.D
			for _, part := range e.Value.(bson.A) {
				f, ok := walked(part.(bson.D))
				if !ok {
					return nil, false
				}
				parts = append(parts, f)
			}
			return anyOf(parts), true
		case "_id", "words", "lastUpdated":
			return bson.D{e}, true
		case "idx":
			if f, ok := walkedValues(e); ok {
				return f, true
			}
		}
	}
	return nil, false
}

func walkedValues(e bson.E) (bson.D, bool) {
	operators, _ := e.Value.(bson.D)
	if len(operators) == 0 || operators[0].Key != "$elemMatch" {
		return nil, false
	}
	var s, k, v []bson.E
	for _, c := range operators[0].Value.(bson.D) {
		switch {
		case !bounds(c.Value):
		case c.Key == "s":
			s = append(s, c)
		case c.Key == "k":
			k = append(k, c)
		case c.Key == "v":
			v = append(v, c)
		}
	}
	if len(s) == 0 {
		return nil, false
	}
	kept := append(s, k...)
	if len(k) > 0 && !spans(k[0].Value) {
		kept = append(kept, v...)
	}
	return value(kept...), true
}

// bounds reports whether a condition bounds a walk: a value, some of them, or an interval.
func bounds(condition any) bool {
	operators, ok := condition.(bson.D)
	for _, op := range operators {
		switch op.Key {
		case "$eq", "$in", "$gt", "$gte", "$lt", "$lte", "$type":
		default:
			return false
		}
	}
	return !ok || len(operators) > 0
}

// spans reports whether a condition is an interval, within which what comes next in the index bounds nothing.
func spans(condition any) bool {
	operators, ok := condition.(bson.D)
	return ok && operators[0].Key != "$eq" && operators[0].Key != "$in"
}

// ordered reports whether a walk comes by resources in the order of their creation: slot, key and what narrows it are given.
func ordered(filter bson.D) bool {
	if len(filter) != 1 || filter[0].Key != "idx" {
		return false
	}
	given := 0
	for _, c := range filter[0].Value.(bson.D)[0].Value.(bson.D) {
		if _, ok := c.Value.(string); ok {
			given++
		}
	}
	return given == 3
}

// rows counts what a walk comes by, up to most and one more.
func (c *compiler) rows(typ string, walk bson.D, most int64) (n int64, err error) {
	if n, ok := idsIn(walk); ok {
		return n, nil
	}
	pipeline := bson.A{bson.D{field("$match", walk)}, bson.D{field("$limit", most+1)}, counting()}
	err = c.reader.aggregate(c.ctx, typ, pipeline, func(raw bson.Raw) error {
		n, _ = raw.Lookup("count").AsInt64OK()
		return nil
	})
	return n, err
}

func counting() bson.D {
	return bson.D{field("$group", bson.D{field("_id", nil), field("count", bson.D{field("$sum", 1)})})}
}

// idsIn is how many _ids a filter names, if it does nothing else.
func idsIn(filter bson.D) (n int64, ok bool) {
	if len(filter) != 1 || filter[0].Key != "_id" {
		return 0, false
	}
	switch condition := filter[0].Value.(type) {
	case string:
		return 1, true
	case bson.D:
		switch list := condition[0].Value.(type) {
		case []string:
			return int64(len(list)), condition[0].Key == "$in"
		case bson.A:
			return int64(len(list)), condition[0].Key == "$in"
		}
	}
	return 0, false
}

// least is how many resources the criterion has that has the fewest of them, and which it is: -1 where no index leads to any of them, and all of
// the type have to be walked. It counts no further than most and one more.
func (c *compiler) least(typ string, filters []bson.D, most int64) (n int64, which int, err error) {
	n, which = most+1, -1
	for i, f := range filters {
		walk, ok := walked(f)
		if !ok {
			continue
		}
		rows, err := c.rows(typ, walk, min(most, n-1))
		if err != nil {
			return 0, 0, err
		}
		if rows < n || which < 0 {
			n, which = rows, i
		}
		if n == 0 {
			return n, which, nil
		}
	}
	if which < 0 {
		n, err = c.rows(typ, every(), most)
	}
	return n, which, err
}

// gather counts what is looked at to find all of a type that satisfies a filter, before it is.
func (c *compiler) gather(typ string, filter bson.D) error {
	if c.meter.limit == 0 {
		return nil
	}
	n, _, err := c.least(typ, conjuncts(filter), c.meter.left())
	if err != nil {
		return err
	}
	return c.meter.add(n)
}

// afford counts what the matches of a part cost, once, and fails where that is known to be more than is left: where all of them are needed, to
// count or to sort them. Where they are not, and no criterion is affordable, it leaves the part a window to walk.
func (p *part) afford(total bool) error {
	m := p.meter
	if m.limit == 0 || p.afforded {
		return nil
	}
	filters := conjuncts(p.filter)
	n, which, err := p.least(p.typ, filters, m.left())
	if err != nil {
		return err
	}
	if p.afforded = true; n <= m.left() {
		return m.add(n)
	}
	name, _, plain := p.plainOrder()
	switch {
	case (total || !plain) && which < 0:
		return m.tooWide(sparesNothing)
	case total || !plain:
		return m.tooWide(looksAtMore)
	}
	p.window = every()
	for _, f := range filters {
		if walk, ok := walked(f); ok && name == "n" && ordered(walk) {
			p.window = walk
			break
		}
	}
	return nil
}

// windowed walks a window: the server lets nothing pass that is beyond it. Where the page is not full then, there may be matches
// that were not looked at.
func (p *part) windowed(name string, order int, after bson.D, wanted int) (list []found, err error) {
	left := p.meter.left()
	if left < 1 {
		return nil, p.meter.tooWide(looksAtMore)
	}
	walk := all(append(conjuncts(p.window), conjuncts(after)...))
	pipeline := bson.A{bson.D{field("$match", walk)}, bson.D{field("$sort", bson.D{field(name, order)})}, bson.D{field("$limit", left)}, bson.D{field("$match", p.filter)},
		bson.D{field("$limit", wanted)}, bson.D{field("$project", bson.D{field("n", 1), field("seq", 1)})}}
	p.meter.trace.aggregated(p, nil, p.typ, pipeline)
	if err := p.reader.aggregate(p.ctx, p.typ, pipeline, func(raw bson.Raw) error {
		list = append(list, foundBy(name, p.typ, raw))
		return nil
	}); err != nil {
		return nil, err
	}
	if len(list) == wanted {
		walk = all(append(conjuncts(walk), bson.D{upTo(name, order, &list[wanted-1])}))
	}
	n, err := p.rows(p.typ, walk, left)
	if err != nil {
		return nil, err
	}
	return list, p.meter.add(n)
}

// upTo is the condition on what comes no later than a match.
func upTo(name string, order int, last *found) bson.E {
	operator := "$lte"
	if order < 0 {
		operator = "$gte"
	}
	switch name {
	case "_id":
		return field(name, bson.D{field(operator, last.id)})
	case "seq":
		return field(name, bson.D{field(operator, last.keys[0].Int)})
	}
	return field(name, bson.D{field(operator, last.n)})
}
